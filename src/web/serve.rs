//! A server of HTTP for one purpose: where it listens, its thread, and what its clients may take.
//!
//! Owns the listening socket and every bound on connections. What is answered is its routes' affair.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::{SocketAddr, TcpListener as StandardListener, ToSocketAddrs, UdpSocket};
use std::str::FromStr;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};

use super::names::host_of;
use super::places::{Place, Places, Watched};

/// How long accepting rests after it failed, as it does without descriptors.
const REST: Duration = Duration::from_millis(100);

/// What clients may take of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many connections are served at once; for one more, the idlest goes.
    pub(super) connections: usize,
    /// How long a client may take to ask, also between two requests.
    pub(super) patience: Duration,
    /// How long a client may take nothing of an answer.
    pub(super) taking: Duration,
    /// How many bytes the head of a request may have.
    pub(super) head: usize,
}

/// Where to serve: `HOST:PORT`, or a port alone, which is one of 127.0.0.1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServeAddress(String);

impl FromStr for ServeAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
        let well = !host.is_empty() && (!host.contains(':') || host.starts_with('['));
        if !well || port.parse::<u16>().is_err() {
            return Err("an address is HOST:PORT, such as 0.0.0.0:9464 or [::1]:9464, or a port \
                        alone, which is one of 127.0.0.1"
                .to_owned());
        }
        Ok(Self(format!("{host}:{port}")))
    }
}

impl Display for ServeAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why nothing can be served at an address.
#[derive(Debug, Error)]
#[error("{option}: cannot listen at {address}: {}", why(error))]
pub struct ServeError {
    option: &'static str,
    address: ServeAddress,
    error: std::io::Error,
}

fn why(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};

    let known = [
        (AddrInUse, "another program listens there already"),
        (AddrNotAvailable, "this machine has no such address"),
        (PermissionDenied, "not permitted (ports below 1024 need a privilege)"),
    ];
    let known = known.into_iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| error.to_string(), |(_, why)| why.to_owned())
}

/// A listening socket that nobody serves yet.
#[derive(Debug)]
pub struct Listening {
    listener: StandardListener,
    address: SocketAddr,
    given: ServeAddress,
}

impl Listening {
    /// Listens at an address, which an option of the command line gave.
    ///
    /// # Errors
    ///
    /// When the name means no address, or somebody else listens there.
    pub fn at(address: &ServeAddress, option: &'static str) -> Result<Self, ServeError> {
        let listen = || {
            let resolved: Vec<SocketAddr> = address.0.to_socket_addrs()?.collect();
            let listener = StandardListener::bind(&*resolved)?;
            listener.set_nonblocking(true)?;
            Ok(Self { address: listener.local_addr()?, listener, given: address.clone() })
        };
        listen().map_err(|error| ServeError { option, address: address.clone(), error })
    }

    /// Where it listens, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is reached from elsewhere: by the name that it was given, or by the address that this
    /// machine uses, where it listens at all of them.
    pub(super) fn reached(&self) -> String {
        let port = self.address.port();
        if !self.address.ip().is_unspecified() {
            return format!("{}:{port}", self.name());
        }
        // Nothing is sent by this; the system says which way it would be.
        let way = UdpSocket::bind((self.address.ip(), 0)).and_then(|socket| {
            let far = if self.address.is_ipv4() { "192.0.2.1:9" } else { "[2001:db8::1]:9" };
            socket.connect(far)?;
            socket.local_addr()
        });
        way.map_or_else(
            |_| self.address.to_string(),
            |way| SocketAddr::new(way.ip(), port).to_string(),
        )
    }

    /// What the option calls this machine.
    pub(super) fn name(&self) -> &str {
        host_of(&self.given.0)
    }

    /// Serves routes on a thread of its own until the process ends: whatever clients ask for, and how
    /// often, the run hears signals and reloads. The routes are made inside its reactor.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no reactor.
    pub(super) fn start(
        self,
        thread: &str,
        bounds: Bounds,
        routes: impl FnOnce() -> Router + Send + 'static,
    ) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // A new client is seen between any two answers, not after dozens.
            .event_interval(1)
            .build()?;
        std::thread::Builder::new().name(thread.to_owned()).spawn(move || {
            // Without a reactor it would have failed above.
            let _ = runtime.block_on(async { self.serve(bounds, routes()).await });
        })?;
        Ok(())
    }

    async fn serve(self, bounds: Bounds, routes: Router) -> std::io::Result<Infallible> {
        let listener = TcpListener::from_std(self.listener)?;
        let places = Places::new(bounds.connections);
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let (routes, place) = (routes.clone(), places.take());
            tokio::spawn(async move {
                let conversation = converse(place.watch(stream), bounds, routes, &place);
                tokio::select! {
                    () = conversation => {}
                    () = place.given_up(bounds.taking) => {}
                }
            });
        }
    }
}

/// Answers a client until one of both ends it. What goes wrong with it is its own affair.
async fn converse(stream: Watched<TcpStream>, bounds: Bounds, routes: Router, place: &Place) {
    let (routes, standing) = (TowerToHyperService::new(routes), place.standing());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(standing.clone());
        routes.call(request)
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.patience)
        .max_buf_size(bounds.head)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_the_loopback_address() {
        for (text, address) in [
            ("9464", Some("127.0.0.1:9464")),
            ("0.0.0.0:0", Some("0.0.0.0:0")),
            ("localhost:80", Some("localhost:80")),
            ("[::1]:80", Some("[::1]:80")),
            ("::1:80", None),
            (":80", None),
            ("host", None),
            ("host:", None),
            ("70000", None),
            ("", None),
        ] {
            let parsed = text.parse::<ServeAddress>().ok().map(|address| address.to_string());
            assert_eq!(parsed.as_deref(), address, "{text}");
        }
    }
}
