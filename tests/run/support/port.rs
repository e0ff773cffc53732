//! Ports that nobody else uses.
//!
//! Below 32768, where the system takes none by itself: a connecting socket could connect to
//! itself there. A port is kept for a test by an abstract socket's name, which every process
//! of the machine sees and which goes when its owner does.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const FIRST: u32 = 10_000;
const COUNT: u32 = 22_000;

/// A TCP port for the rest of this process's life.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static KEPT: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());
    // Every process begins somewhere else, so that two rarely ask for the same.
    let start = std::process::id().wrapping_mul(7919);
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Relaxed);
        let port = u16::try_from(FIRST + start.wrapping_add(step) % COUNT).unwrap();
        let name = SocketAddr::from_abstract_name(format!("zrig-test-port-{port}")).unwrap();
        let Ok(keeper) = UnixListener::bind_addr(&name) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            KEPT.lock().unwrap().push(keeper);
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// Several ports.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    std::array::from_fn(|_| free_port())
}
