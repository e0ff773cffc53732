//! `--metrics`: figures over HTTP, for Prometheus, orchestrators and people.
//!
//! Owns the listening socket, the paths and the thread that serves, never a node's or the app's; takes
//! nothing but a window on what runs, and changes nothing.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr, TcpListener as StandardListener, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};

use super::places::{Places, Watched};
use super::{exposition, metrics};
use crate::listing::some_of;
use crate::snapshot::{NodeStatus, Snapshot};
use crate::supervisor::View;

/// How many connections are served at once; for one more, the idlest goes.
const CONNECTIONS: usize = 64;
/// How long a client may take to ask, also between two requests.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer.
const TAKING: Duration = Duration::from_secs(5);
/// How many bytes a request may have.
const REQUEST: usize = 16 * 1024;
/// How long accepting rests after it failed, as it does without descriptors.
const REST: Duration = Duration::from_millis(100);

const INDEX: &str = "/metrics   figures for Prometheus\n\
                     /topology  the same and more as JSON\n\
                     /healthz   whether zrig is alive\n\
                     /readyz    whether the start is over and no node has failed\n";

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

impl ServeAddress {
    /// What stands before the port.
    fn host(&self) -> &str {
        host_of(&self.0)
    }
}

impl Display for ServeAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why figures cannot be served.
#[derive(Debug, Error)]
#[error("--metrics: cannot listen at {address}: {}", why(error))]
pub struct ServeError {
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
pub struct Server {
    listener: StandardListener,
    address: SocketAddr,
    given: ServeAddress,
}

impl Server {
    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// When the name means no address, or somebody else listens there.
    pub fn listen(address: &ServeAddress) -> Result<Self, ServeError> {
        let listen = || {
            let resolved: Vec<SocketAddr> = address.0.to_socket_addrs()?.collect();
            let listener = StandardListener::bind(&*resolved)?;
            listener.set_nonblocking(true)?;
            Ok(Self { address: listener.local_addr()?, listener, given: address.clone() })
        };
        listen().map_err(|error| ServeError { address: address.clone(), error })
    }

    /// Where it listens, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves on a thread of its own until the process ends: whatever clients ask for, and how often,
    /// the run hears signals and reloads.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no reactor.
    pub fn start(self, view: View, file: PathBuf) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // A new client is seen between any two answers, not after dozens.
            .event_interval(1)
            .build()?;
        let run = Arc::new(Looked { view, file, name: self.given.host().to_owned() });
        std::thread::Builder::new().name("figures".to_owned()).spawn(move || {
            // Without a reactor it would have failed above.
            let _ = runtime.block_on(self.serve(run));
        })?;
        Ok(())
    }

    async fn serve(self, run: Arc<Looked>) -> std::io::Result<Infallible> {
        let listener = TcpListener::from_std(self.listener)?;
        let places = Places::new(CONNECTIONS);
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(REST).await;
                continue;
            };
            let (run, place) = (Arc::clone(&run), places.take());
            tokio::spawn(async move {
                let conversation = converse(place.watch(stream), run);
                tokio::select! {
                    () = conversation => {}
                    () = place.given_up(TAKING) => {}
                }
            });
        }
    }
}

/// What clients look at.
struct Looked {
    view: View,
    file: PathBuf,
    /// What `--metrics` calls this machine.
    name: String,
}

impl Looked {
    async fn snapshot(&self) -> Arc<Snapshot> {
        self.view.snapshot(&self.file).await
    }
}

/// Answers a client until one of both ends it. What goes wrong with it is its own affair.
async fn converse(stream: Watched<TcpStream>, run: Arc<Looked>) {
    let service = service_fn(move |request| {
        let run = Arc::clone(&run);
        async move { Ok::<_, Infallible>(answer(&request, &run).await) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(REQUEST)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(request: &Request<Incoming>, run: &Looked) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    if !is_asked_by_name(request, &run.name) {
        // A page of a browser, whose name was made to mean this address, is no reader of figures.
        let text = "asked for by a name that is not this server's: ask by address, or name it: \
                    zrig run --metrics NAME:PORT\n";
        return response(StatusCode::MISDIRECTED_REQUEST, TEXT, text.to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = "only GET and HEAD are answered\n";
        let mut refused = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, text.to_owned());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match request.uri().path() {
        "/metrics" => {
            let text = metrics::text(&*run.snapshot().await);
            response(StatusCode::OK, exposition::CONTENT_TYPE, text)
        }
        "/topology" => match serde_json::to_string(&*run.snapshot().await) {
            Ok(text) => response(StatusCode::OK, "application/json", text),
            Err(error) => response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
        },
        "/healthz" => response(StatusCode::OK, TEXT, "alive\n".to_owned()),
        "/readyz" => match unready(&*run.snapshot().await) {
            None => response(StatusCode::OK, TEXT, "ready\n".to_owned()),
            Some(why) => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
        },
        "/" => response(StatusCode::OK, TEXT, INDEX.to_owned()),
        _ => response(StatusCode::NOT_FOUND, TEXT, format!("there are only:\n{INDEX}")),
    }
}

/// Whether a request names an address, this machine as such, or the name that it was given. One of
/// HTTP/1.0 names nobody, and no browser sends one.
fn is_asked_by_name<B>(request: &Request<B>, name: &str) -> bool {
    let given = request.headers().get(HOST).map(|host| host.to_str().unwrap_or_default());
    [given, request.uri().authority().map(|authority| authority.as_str())]
        .into_iter()
        .flatten()
        .all(|asked| is_name_of(host_of(asked), name))
}

fn is_name_of(host: &str, name: &str) -> bool {
    let bare = |host: &str| host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase();
    let host = bare(host);
    host == "localhost" || host == bare(name) || host.parse::<IpAddr>().is_ok()
}

/// What stands before a port.
fn host_of(asked: &str) -> &str {
    match asked.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => asked,
    }
}

fn response(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Why the topology is not ready, if it is not.
fn unready(snapshot: &Snapshot) -> Option<String> {
    if !snapshot.started {
        return Some("not started yet".to_owned());
    }
    let is_out =
        |status| matches!(status, NodeStatus::Failed | NodeStatus::Resting | NodeStatus::Stopping);
    let out: Vec<String> = snapshot
        .nodes
        .iter()
        .filter(|node| is_out(node.status))
        .map(|node| format!("{} is {}", node.instance, node.status.word()))
        .collect();
    (!out.is_empty()).then(|| some_of(&out))
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

    #[test]
    fn a_request_names_this_machine_or_is_refused() {
        for (host, is_ours) in [
            (None, true),
            (Some("127.0.0.1:9464"), true),
            (Some("10.1.0.7"), true),
            (Some("[::1]:9464"), true),
            (Some("[::1]"), true),
            (Some("localhost"), true),
            (Some("LOCALHOST.:9464"), true),
            (Some("hall.example:9464"), true),
            (Some("Hall.example"), true),
            (Some("evil.example:9464"), false),
            (Some("localhost.evil.example"), false),
            (Some("127.0.0.1.evil.example"), false),
            (Some("127.0.0.1@evil.example"), false),
            (Some("evil.example:127.0.0.1"), false),
            (Some(""), false),
        ] {
            let request = Request::builder().uri("/metrics");
            let request =
                host.into_iter().fold(request, |request, host| request.header(HOST, host));
            let request = request.body(()).unwrap();
            assert_eq!(is_asked_by_name(&request, "hall.example"), is_ours, "{host:?}");
        }
        let request = Request::builder().uri("http://evil.example/").header(HOST, "localhost");
        assert!(!is_asked_by_name(&request.body(()).unwrap(), "localhost"));
    }

    #[test]
    fn a_failed_node_makes_it_unready() {
        let mut snapshot = Snapshot::default();
        assert_eq!(unready(&snapshot).as_deref(), Some("not started yet"));
        snapshot.started = true;
        assert_eq!(unready(&snapshot), None);
        for (status, ready) in [
            (NodeStatus::Running, true),
            (NodeStatus::Busy, true),
            (NodeStatus::Held, true),
            (NodeStatus::Failed, false),
            (NodeStatus::Resting, false),
        ] {
            let node = crate::snapshot::NodeSnapshot { status, ..Default::default() };
            snapshot.nodes = vec![node];
            assert_eq!(unready(&snapshot).is_none(), ready, "{status:?}");
        }
    }
}
