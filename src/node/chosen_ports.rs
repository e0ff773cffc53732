//! Ports and paths that zrig chooses for programs: what a `*` of a `bind` becomes.
//!
//! Owns each for the life of the run, so that nobody else gets it while no program has it: a port is
//! bound and never listened at, which a program that binds with `SO_REUSEADDR` does not notice.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::net::TcpSocket;

use crate::lock::locked;
use crate::zeromq::{Endpoint, Transport};

/// The endpoint of a copy's socket: its name, the socket's, and the endpoint as the file gives it.
type Whose = (Arc<str>, String, String);

/// Everything that was chosen.
#[derive(Clone, Default, Debug)]
pub struct ChosenPorts(Arc<Mutex<BTreeMap<Whose, Chosen>>>);

#[derive(Debug)]
struct Chosen {
    actual: String,
    /// What keeps it.
    _kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Port(#[expect(dead_code, reason = "it holds the port as long as it is there")] TcpSocket),
    Path(PathBuf),
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Self::Path(path) = self {
            // A program that made none has left nothing.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl ChosenPorts {
    /// What a socket of a copy binds for an endpoint of the file.
    ///
    /// # Errors
    ///
    /// When the system has no port for it.
    pub(super) fn actual(
        &self,
        instance: &Arc<str>,
        socket: &str,
        endpoint: &Endpoint,
    ) -> io::Result<String> {
        if !endpoint.is_wildcard() {
            return Ok(endpoint.to_string());
        }
        let whose = (Arc::clone(instance), socket.to_owned(), endpoint.to_string());
        let mut chosen = locked(&self.0);
        if let Some(known) = chosen.get(&whose) {
            return Ok(known.actual.clone());
        }
        let made = match endpoint.transport() {
            Transport::Ipc | Transport::Inproc => path(instance, socket),
            Transport::Tcp | Transport::Ws => port(endpoint)?,
        };
        let actual = made.actual.clone();
        chosen.insert(whose, made);
        Ok(actual)
    }
}

fn path(instance: &str, socket: &str) -> Chosen {
    let name = format!("zrig-{}-{instance}-{socket}.ipc", std::process::id());
    let path = std::env::temp_dir().join(name);
    Chosen { actual: format!("ipc://{}", path.display()), _kept: Kept::Path(path) }
}

fn port(endpoint: &Endpoint) -> io::Result<Chosen> {
    let address = match endpoint.host().trim_matches(['[', ']']) {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        // The program resolves the name of an interface itself.
        host => host.parse::<IpAddr>().unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
    };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::new(address, 0))?;
    let port = socket.local_addr()?.port();
    let actual = endpoint.as_str().replacen(":*", &format!(":{port}"), 1);
    Ok(Chosen { actual, _kept: Kept::Port(socket) })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::zeromq::Side;

    #[test]
    fn a_port_stays_a_copys_and_can_be_bound_by_who_reuses_addresses_alone() {
        let ports = ChosenPorts::default();
        let endpoint = Endpoint::parse("tcp://127.0.0.1:*", Side::Bind).unwrap();
        let of = |instance: &str| ports.actual(&instance.into(), "in", &endpoint).unwrap();
        let first = of("worker.1");
        assert_eq!(of("worker.1"), first);
        assert_ne!(of("worker.2"), first);
        let address = first.strip_prefix("tcp://").unwrap();
        // Who asks for any port gets another one; who asks for this one, as libzmq does, has it.
        let listener = TcpListener::bind(address).unwrap();
        assert_eq!(listener.local_addr().unwrap().to_string(), address);
        let fixed = Endpoint::parse("tcp://127.0.0.1:5", Side::Bind).unwrap();
        assert_eq!(ports.actual(&"a".into(), "in", &fixed).unwrap(), "tcp://127.0.0.1:5");
    }

    #[test]
    fn a_path_is_made_of_who_binds_it() {
        let ports = ChosenPorts::default();
        let endpoint = Endpoint::parse("ipc://*", Side::Bind).unwrap();
        let path = ports.actual(&"worker.1".into(), "in", &endpoint).unwrap();
        assert!(path.ends_with("-worker.1-in.ipc"), "{path}");
    }
}
