//! The endpoints of a socket: bound, connected, and let go of.
//!
//! Owns what libzmq forgets to tell of connections that we end ourselves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{NodeSocket, SocketError};
use crate::clock;
use crate::node::ipc::{IpcFile, Taken, make_room};
use crate::node::monitor::Monitor;
use crate::node::port_holder::with_holder;
use crate::node::raw::Errno;
use crate::zeromq::Side;

/// How long a bind tries again while an earlier owner of the endpoint is still closing.
pub(in crate::node) const REBIND_TIMEOUT: Duration = Duration::from_millis(500);
/// How long it waits between two tries.
pub(in crate::node) const REBIND_PAUSE: Duration = Duration::from_millis(1);
/// The same where each try asks who has an ipc endpoint.
pub(in crate::node) const PROBE_PAUSE: Duration = Duration::from_millis(10);

impl NodeSocket {
    /// Binds, and returns the endpoint with what the system chose.
    fn bind(&mut self, endpoint: &str) -> Result<String, SocketError> {
        self.watch_connections(endpoint)?;
        self.use_ipv6(endpoint)?;
        self.secure(endpoint, Side::Bind)?;
        self.readable = true;
        self.raw.bind(endpoint).map_err(|errno| self.refused(endpoint, errno))?;
        let failed = |errno: Errno| self.bind_error(endpoint, errno.to_string());
        let actual = self.raw.last_endpoint().map_err(failed)?;
        let file = IpcFile::of(endpoint).filter(|_| !self.raw.is_simulated());
        self.files.extend(file.map(|file| (endpoint.to_owned(), file)));
        self.bound.insert(endpoint.to_owned(), actual.clone());
        self.last_endpoint = Some(actual.clone());
        self.tell_key(&actual, true);
        Ok(actual)
    }

    /// Binds if that goes at once.
    pub(in crate::node) async fn try_bind(&mut self, endpoint: &str) -> Result<(), SocketError> {
        match self.room_for(endpoint).await {
            Ok(()) => self.bind(endpoint).map(drop),
            Err(Taken::Perhaps(why) | Taken::ForGood(why)) => Err(self.bind_error(endpoint, why)),
        }
    }

    /// Makes room for the file of an ipc endpoint, which a simulation has none of.
    async fn room_for(&self, endpoint: &str) -> Result<(), Taken> {
        if self.raw.is_simulated() { Ok(()) } else { make_room(endpoint).await }
    }

    /// Binds an endpoint that another socket of this process may just have closed.
    pub(in crate::node) async fn bind_again(
        &mut self,
        endpoint: &str,
    ) -> Result<String, SocketError> {
        let deadline = clock::now() + REBIND_TIMEOUT;
        loop {
            let (result, pause) = match self.room_for(endpoint).await {
                Ok(()) => (self.bind(endpoint), REBIND_PAUSE),
                Err(Taken::Perhaps(why)) => (Err(self.bind_error(endpoint, why)), PROBE_PAUSE),
                Err(Taken::ForGood(why)) => return Err(self.bind_error(endpoint, why)),
            };
            match result {
                Err(SocketError::Bind { .. }) if clock::now() < deadline => {
                    clock::sleep(pause).await;
                }
                Err(SocketError::Bind { why, is_taken: true, .. }) => {
                    return Err(self.bind_error(endpoint, with_holder(why, endpoint)));
                }
                result => return result,
            }
        }
    }

    pub(in crate::node) fn bind_error(&self, endpoint: &str, why: String) -> SocketError {
        let (socket, endpoint) = (self.spec.name.clone(), endpoint.to_owned());
        SocketError::Bind { socket, endpoint, why, is_taken: false }
    }

    /// Binds what a handler wants, at once or not at all; the endpoint with what the system chose. It is
    /// known by that, since it may be wanted several times.
    pub(in crate::node) fn bind_for_handler(
        &mut self,
        endpoint: &str,
    ) -> Result<String, SocketError> {
        let is_chosen = endpoint.ends_with(":*") || endpoint == "ipc://*";
        if !is_chosen && self.key_of(endpoint).is_some() {
            return Err(self.bind_error(endpoint, "it is bound to that already".to_owned()));
        }
        if let Some(why) = self.would_let_in_anybody(endpoint) {
            return Err(self.bind_error(endpoint, why));
        }
        let declared = self.bound.get(endpoint).cloned();
        let actual = self.bind(endpoint)?;
        let key = if is_chosen {
            self.bound.remove(endpoint);
            self.bound.extend(declared.map(|declared| (endpoint.to_owned(), declared)));
            self.bound.insert(actual.clone(), actual.clone());
            actual.clone()
        } else {
            endpoint.to_owned()
        };
        self.bound_by_handlers.insert(key);
        Ok(actual)
    }

    /// Lets go of a bound endpoint, as it was given or as libzmq calls it.
    pub(in crate::node) fn unbind_for_handler(
        &mut self,
        endpoint: &str,
    ) -> Result<(), SocketError> {
        let Some(key) = self.key_of(endpoint) else {
            let has = self.bound.values().cloned().collect::<Vec<_>>().join(", ");
            let (socket, endpoint) = (self.spec.name.clone(), endpoint.to_owned());
            return Err(SocketError::NotBound { socket, endpoint, has });
        };
        self.unbind(&key)?;
        self.bound_by_handlers.remove(&key);
        Ok(())
    }

    /// By which text it knows an endpoint that it is bound to.
    fn key_of(&self, endpoint: &str) -> Option<String> {
        let is_meant = |(key, actual): &(&String, &String)| *key == endpoint || *actual == endpoint;
        self.bound.iter().find(is_meant).map(|(key, _)| key.clone())
    }

    /// What libzmq says of an endpoint that it does not bind.
    fn refused(&self, endpoint: &str, errno: Errno) -> SocketError {
        let (socket, why) = (self.spec.name.clone(), bind_failure(errno.0, endpoint));
        let (endpoint, is_taken) = (endpoint.to_owned(), errno.0 == libc::EADDRINUSE);
        SocketError::Bind { socket, endpoint, why, is_taken }
    }

    /// Connects.
    pub(in crate::node) fn connect(&mut self, endpoint: &str) -> Result<(), SocketError> {
        self.watch_connections(endpoint)?;
        self.use_ipv6(endpoint)?;
        self.secure(endpoint, Side::Connect)?;
        self.readable = true;
        self.raw.connect(endpoint).map_err(|errno| SocketError::Connect {
            socket: self.spec.name.clone(),
            endpoint: endpoint.to_owned(),
            errno,
        })?;
        self.connected.push(endpoint.to_owned());
        if !endpoint.starts_with("inproc:") {
            self.unreached.begin(endpoint, clock::now());
        }
        Ok(())
    }

    /// libzmq looks at its option `ipv6` when an endpoint is bound or connected; where that is an
    /// IPv6 address, the option goes without saying.
    pub(in crate::node) fn use_ipv6(&self, endpoint: &str) -> Result<(), SocketError> {
        let is_wanted =
            self.spec.is_on("ipv6") || ["://[", ";["].iter().any(|start| endpoint.contains(start));
        self.set_int("ipv6", zmq_sys::ZMQ_IPV6, i32::from(is_wanted))
    }

    /// Takes a connection away; what waits in it inbound is lost, but for a message that libzmq has begun to
    /// read, as it does where it is asked whether there is one: it would find the rest of it gone, and aborts
    /// (`fq.cpp`).
    pub(in crate::node) fn disconnect(&mut self, endpoint: &str) -> Result<(), SocketError> {
        self.stash_one();
        self.let_go_of(endpoint)
    }

    /// Takes a connection away from a socket that nothing is read from any more, or was just read from.
    fn let_go_of(&mut self, endpoint: &str) -> Result<(), SocketError> {
        self.readable = true;
        match self.raw.disconnect(endpoint) {
            // The other end of an inproc link may have ended it already.
            Ok(()) | Err(Errno::NOT_FOUND) => {}
            Err(errno) => return Err(self.detach_error(endpoint, errno)),
        }
        self.forget_peers(|_, remote| remote == endpoint);
        self.unreached.end(endpoint);
        if let Some(at) = self.connected.iter().position(|known| known == endpoint) {
            self.connected.remove(at);
        }
        Ok(())
    }

    /// Takes a bound endpoint away.
    pub(in crate::node) fn unbind(&mut self, endpoint: &str) -> Result<(), SocketError> {
        let actual = self.bound.get(endpoint).map_or(endpoint, String::as_str).to_owned();
        self.readable = true;
        self.raw.unbind(&actual).map_err(|errno| self.detach_error(endpoint, errno))?;
        self.forget_bound(endpoint);
        Ok(())
    }

    /// Takes every such bound endpoint away; one that cannot be let go of goes with the socket.
    pub(in crate::node) fn unbind_all(&mut self, wanted: impl Fn(&str) -> bool) {
        for endpoint in self.bound.keys().filter(|it| wanted(it)).cloned().collect::<Vec<_>>() {
            let _ = self.unbind(&endpoint);
        }
    }

    /// Forgets a bound endpoint, and those who came in by it.
    fn forget_bound(&mut self, endpoint: &str) {
        let Some(actual) = self.bound.remove(endpoint) else { return };
        self.forget_peers(|local, _| came_in_by(local, &actual));
        self.tell_key(&actual, false);
        self.files.remove(endpoint);
    }

    /// libzmq tells no end of connections that we end ourselves.
    pub(super) fn forget_peers(&mut self, gone: impl Fn(&str, &str) -> bool) {
        if let Some(monitor) = &self.monitor {
            monitor.forget(&gone);
        }
        let count = self.peers.forget(clock::now(), gone);
        self.counters.peers.subtract(count.into());
    }

    /// Lets go of every endpoint, because the socket closes next. Inproc peers know it at once, others
    /// when the connection ends.
    ///
    /// `zmq_unbind` ends accepted connections with all that waits to go out on them, whatever the
    /// linger; where the socket is closed instead, that goes first.
    pub(in crate::node) fn detach_all(&mut self) {
        self.note_unwanted();
        self.unconnected.note(&self.unreached);
        self.undeclared = self.connected.clone();
        self.undeclared.retain(|endpoint| !self.declared.contains(endpoint));
        for endpoint in self.connected.clone() {
            // What cannot be let go of goes with the socket.
            let _ = self.let_go_of(&endpoint);
        }
        for endpoint in self.bound.keys().cloned().collect::<Vec<_>>() {
            if endpoint.starts_with("inproc:") {
                let _ = self.unbind(&endpoint);
            } else {
                self.forget_bound(&endpoint);
            }
        }
    }

    pub(super) fn detach_error(&self, endpoint: &str, errno: Errno) -> SocketError {
        SocketError::Detach { socket: self.spec.name.clone(), endpoint: endpoint.to_owned(), errno }
    }

    /// Starts the monitor before the first endpoint that has events to tell: inproc has none.
    pub(super) fn watch_connections(&mut self, endpoint: &str) -> Result<(), SocketError> {
        if self.monitor.is_none() && !endpoint.starts_with("inproc:") {
            let watched = self.watched();
            let monitor = Monitor::start(&mut self.raw, watched)
                .map_err(|errno| SocketError::Open { socket: self.spec.name.clone(), errno })?;
            self.monitor = Some(monitor);
            self.open_door();
            if let Some(lingering) = &self.lingering {
                let owner = self.owner.as_str().into();
                self.raw.at_its_end(lingering.listener(
                    owner,
                    Arc::clone(&self.name),
                    self.unconnected.clone(),
                ));
            }
        }
        Ok(())
    }
}

/// Whether a connection whose end here is `local` was accepted at a bound endpoint.
pub(in crate::node) fn came_in_by(local: &str, bound: &str) -> bool {
    // Behind an address such as 0.0.0.0 connections tell the address they came in by.
    let port = bound.rsplit_once(':').map(|(_, port)| format!(":{port}"));
    local == bound || port.is_some_and(|port| local.ends_with(&port))
}

/// Why a bind failed, in words.
pub(in crate::node) fn bind_failure(errno: i32, endpoint: &str) -> String {
    match errno {
        libc::EADDRINUSE => "another socket or program has it already".to_owned(),
        libc::EACCES | libc::EPERM | libc::EROFS if let Some(path) = ipc_path(endpoint) => {
            format!(
                "not permitted: this user may make no file in {}; use a folder of your own, such as \
                 ipc:///tmp/name",
                folder_of(path).display()
            )
        }
        libc::ENOENT if let Some(path) = ipc_path(endpoint) => {
            format!("there is no folder {}: make it first", folder_of(path).display())
        }
        libc::ENOTDIR if let Some(path) = ipc_path(endpoint) => {
            format!("{} is in no folder: a part of its path is a file", path.display())
        }
        libc::EACCES => "not permitted (ports below 1024 need a privilege)".to_owned(),
        libc::EADDRNOTAVAIL => "this machine has no such address".to_owned(),
        libc::ENODEV => "this machine has no such interface".to_owned(),
        _ => Errno(errno).to_string(),
    }
}

fn ipc_path(endpoint: &str) -> Option<&Path> {
    endpoint.strip_prefix("ipc://").map(Path::new)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::bind_failure;

    #[test]
    fn an_ipc_endpoint_that_cannot_be_made_names_what_is_wrong_with_its_folder() {
        for (errno, words) in [
            (libc::EACCES, "this user may make no file in /var/lib/x; use a folder of your own"),
            (libc::EPERM, "this user may make no file in /var/lib/x; use a folder of your own"),
            (libc::EROFS, "this user may make no file in /var/lib/x; use a folder of your own"),
            (libc::ENOENT, "there is no folder /var/lib/x: make it first"),
            (libc::ENOTDIR, "/var/lib/x/desk is in no folder: a part of its path is a file"),
            (libc::EADDRINUSE, "another socket or program has it already"),
        ] {
            let told = bind_failure(errno, "ipc:///var/lib/x/desk");
            assert!(told.contains(words), "{told}");
            assert!(!told.contains("1024"), "{told}");
        }
        assert!(bind_failure(libc::EACCES, "tcp://127.0.0.1:80").contains("ports below 1024"));
    }
}
