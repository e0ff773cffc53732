//! Whether a program is ready: whether what `ready` names accepts connections.
//!
//! Owns the asking, again and again. Never decides for how long.

use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};

use crate::clock;
use crate::zeromq::{Endpoint, Side, Transport};

/// How long lies between two tries.
const AGAIN: Duration = Duration::from_millis(20);
/// How long one try may take.
const TRY: Duration = Duration::from_secs(1);

/// Waits until all of these endpoints accept connections.
pub(super) async fn all_accept(endpoints: Vec<String>) {
    for endpoint in endpoints {
        while !accepts(&endpoint).await {
            clock::sleep(AGAIN).await;
        }
    }
}

async fn accepts(endpoint: &str) -> bool {
    let Ok(endpoint) = Endpoint::parse(endpoint, Side::Connect) else { return true };
    let connected = async {
        match endpoint.transport() {
            Transport::Tcp | Transport::Ws => {
                let address = endpoint.address();
                let address = address.split('/').next().unwrap_or(address);
                TcpStream::connect(address).await.is_ok()
            }
            Transport::Ipc => match endpoint.address().strip_prefix('@') {
                Some(name) => accepts_by_name(name),
                None => UnixStream::connect(endpoint.address()).await.is_ok(),
            },
            Transport::Inproc => true,
        }
    };
    clock::before(clock::now() + TRY, connected).await.unwrap_or(false)
}

/// A name that lies in no file system: whether somebody listens there is known at once.
fn accepts_by_name(name: &str) -> bool {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let address = SocketAddr::from_abstract_name(name);
    address.and_then(|address| UnixStream::connect_addr(&address)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn what_listens_accepts_and_what_does_not_is_asked_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        runtime.block_on(async {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let tcp = format!("tcp://{}", free.local_addr().unwrap());
            let ipc = format!("ipc://{}", path.display());
            assert!(accepts(&tcp).await && !accepts(&ipc).await);
            let waits = tokio::spawn(all_accept(vec![tcp.clone(), ipc.clone()]));
            let _listener = UnixListener::bind(&path).unwrap();
            waits.await.unwrap();
            drop(free);
            assert!(!accepts(&tcp).await);
        });
    }
}
