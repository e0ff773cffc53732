//! Replacing a socket, or an endpoint of one, without losing what it had received.
//!
//! Owns for how long a socket that goes is listened to. Never decides which one goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::blueprint::Blueprint;
use super::raw::Readiness;
use super::socket::{NodeSocket, SocketError};
use crate::clock;
use crate::counters::SocketCounters;
use crate::plan::Fate;
use crate::topology::SocketSpec;

/// How many messages a held node takes before others have their turn.
pub(super) const STASH_BURST: usize = 1000;
/// How long a socket that goes is listened to after its endpoints are gone.
const LAST_WORDS: Duration = Duration::from_millis(2);
/// The same where a peer never ceases to send.
const LAST_WORDS_MOST: Duration = Duration::from_millis(20);

/// Lets go of bound endpoints that the spec does not declare, and of connections to those that it
/// is to bind itself.
pub(super) fn make_way(socket: &mut NodeSocket) -> Result<(), SocketError> {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    // What the file declares now is no handler's any more.
    socket.bound_by_handlers.retain(|known| !wanted.contains(known));
    let stays = |known: &String| wanted.contains(known) || socket.bound_by_handlers.contains(known);
    let gone: Vec<String> = socket.bound.keys().filter(|known| !stays(known)).cloned().collect();
    gone.iter().try_for_each(|endpoint| socket.unbind(endpoint))?;
    // libzmq tells endpoints apart by their text: letting go of one later would end both.
    for endpoint in &wanted {
        while socket.connected.contains(endpoint) {
            socket.disconnect(endpoint)?;
        }
        socket.declared.retain(|known| known != endpoint);
    }
    Ok(())
}

/// Binds what the spec declares and no socket of the node has. What another node has yet comes free
/// while it changes too, and is bound after.
pub(super) async fn bind_ahead(socket: &mut NodeSocket, has: &BTreeSet<String>) {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    for endpoint in wanted.iter().filter(|endpoint| !has.contains(*endpoint)) {
        // A connection of its own to where it is to be bound has to end first.
        if !socket.connected.contains(endpoint) {
            let _ = socket.try_bind(endpoint).await;
        }
    }
}

/// Binds what the spec declares and the socket is not bound to.
pub(super) async fn bind_declared(socket: &mut NodeSocket) -> Result<(), SocketError> {
    let wanted: Vec<String> = socket.spec.binds().map(ToString::to_string).collect();
    for endpoint in wanted {
        if !socket.bound.contains_key(&endpoint) {
            socket.bind_again(&endpoint).await?;
        }
    }
    Ok(())
}

/// Binds what handlers had bound on the socket before; what cannot be had again is told, and forgotten.
pub(super) async fn bind_as_handlers_did(socket: &mut NodeSocket) -> Vec<SocketError> {
    let mut failed = Vec::new();
    for endpoint in socket.bound_by_handlers.clone() {
        if !socket.bound.contains_key(&endpoint)
            && let Err(error) = socket.bind_again(&endpoint).await
        {
            socket.bound_by_handlers.remove(&endpoint);
            failed.push(error);
        }
    }
    failed
}

/// Takes everything that has arrived on a socket that is about to be closed.
pub(super) fn take_last_words(socket: &mut NodeSocket) {
    // Over inproc nothing is on its way but what libzmq has already.
    let from_afar = socket.bound.keys().any(|endpoint| !endpoint.starts_with("inproc:"));
    // `zmq_unbind` ends connections with all that waits to go out on them.
    if from_afar && socket.spec.role.sends() {
        take_what_has_come(socket);
        return;
    }
    socket.unbind_all(|_| true);
    take_for(socket, if from_afar { LAST_WORDS } else { Duration::ZERO });
}

/// Stashes what has arrived.
pub(super) fn take_what_has_come(socket: &mut NodeSocket) {
    take_for(socket, Duration::ZERO);
}

/// Stashes what has arrived and what still comes in that time; a peer that never ceases to send
/// does not make it longer than [`LAST_WORDS_MOST`].
pub(super) fn take_for(socket: &mut NodeSocket, patience: Duration) {
    if !socket.spec.role.receives() {
        return;
    }
    let begun = clock::now();
    loop {
        for _ in 0..STASH_BURST {
            if !socket.stash_one() {
                break;
            }
        }
        let more = socket.raw.events().is_ok_and(Readiness::readable);
        let waited = clock::since(begun);
        let is_over = waited >= patience || clock::is_simulated();
        if waited >= LAST_WORDS_MOST || !more && is_over {
            return;
        }
        std::hint::spin_loop();
    }
}

/// The socket that a spec wants: the known one, changed, or a new one in its place.
///
/// What it is to bind and no socket of the node `has` is bound before anything is let go of.
pub(super) async fn next_socket(
    blueprint: &Blueprint,
    known: Option<NodeSocket>,
    becomes: Fate,
    fresh: Option<NodeSocket>,
    spec: &SocketSpec,
    has: &BTreeSet<String>,
) -> Result<NodeSocket, (Option<Box<NodeSocket>>, SocketError)> {
    let open = |counters| match fresh {
        Some(fresh) => Ok(fresh),
        None => NodeSocket::open(&blueprint.context, &blueprint.instance, spec, counters),
    };
    let Some(mut known) = known else {
        let mut fresh = open(Arc::<SocketCounters>::default()).map_err(|error| (None, error))?;
        bind_ahead(&mut fresh, has).await;
        return Ok(fresh);
    };
    if becomes != Fate::Rebuilt {
        return match known.adopt(spec) {
            Ok(()) => {
                bind_ahead(&mut known, has).await;
                Ok(known)
            }
            Err(error) => Err((Some(Box::new(known)), error)),
        };
    }
    let mut fresh = match open(Arc::clone(&known.counters)) {
        Ok(fresh) => fresh,
        Err(error) => return Err((Some(Box::new(known)), error)),
    };
    bind_ahead(&mut fresh, has).await;
    take_last_words(&mut known);
    known.keep_unsent();
    known.detach_all();
    fresh.succeed(&mut known);
    Ok(fresh)
}
