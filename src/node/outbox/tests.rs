use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::*;
use crate::event::events;
use crate::message::Frame;
use crate::node::context::Context;
use crate::node::inject::{Injection, Way};
use crate::script::{Offered, SocketView};
use crate::topology::sound;

fn message() -> Outgoing {
    Multipart::from_buf([Frame::from("x")]).into()
}

/// Every way in which something can wait for the socket at that place.
fn ways_to_wait(place: usize) -> Vec<(&'static str, Outbox)> {
    let empty = || Outbox::new(3, Vec::new());
    let mut sending = empty();
    sending.effects.push_back(Effect::Send { socket: place, message: message() });
    let mut answering = empty();
    answering.deferred[place].push_back(message());
    let forward = Forward::holding(1, place, None, message());
    let forwarding = Outbox::new(3, vec![forward]);
    let copy = Forward::holding(1, 1, Some(place), message());
    let copying = Outbox::new(3, vec![copy]);
    vec![("sent", sending), ("answer", answering), ("forward", forwarding), ("copy", copying)]
}

fn with_sockets(test: impl FnOnce(&[NodeSocket])) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sockets: Vec<String> =
            ["a", "b", "c"].map(|it| format!("{it}: {{role: push, bind: 'inproc://{it}'}}")).into();
        let topology = sound(&format!("nodes: {{n: {{sockets: {{{}}}}}}}", sockets.join(", ")));
        let context = Context::new(8, 1, events().0).unwrap();
        let open = |spec| NodeSocket::open(&context, "n", spec, Arc::default()).unwrap();
        test(&topology.nodes[0].sockets.iter().map(open).collect::<Vec<_>>());
    });
}

fn dropped(sockets: &[NodeSocket]) -> Vec<u64> {
    let shutdown = DropReason::Shutdown as usize;
    sockets.iter().map(|socket| socket.counters.dropped[shutdown].get()).collect()
}

#[test]
fn whatever_waits_is_seen_and_is_counted_where_it_is_dropped() {
    for at in 0..ways_to_wait(0).len() {
        with_sockets(|sockets| {
            let (way, mut outbox) = ways_to_wait(0).swap_remove(at);
            assert!(!outbox.is_empty(), "{way}");
            outbox.drop_all(DropReason::Shutdown, sockets);
            assert!(outbox.is_empty(), "{way}");
            assert_eq!(dropped(sockets), [1, 0, 0], "{way}");
        });
    }
}

#[test]
fn whatever_waits_goes_along_with_its_socket_or_is_counted() {
    for at in 0..ways_to_wait(0).len() {
        with_sockets(|sockets| {
            for (place, lost, left) in [(Some(2), 0, [0, 0, 1]), (None, 1, [0, 0, 0])] {
                let (way, mut outbox) = ways_to_wait(0).swap_remove(at);
                outbox.unload_forwards();
                let now = |old| if old == 0 { place } else { Some(2 - old) };
                assert_eq!(outbox.renumber(sockets, now), lost, "{way}");
                let owed: Vec<u8> = (0..3).map(|place| outbox.owes(place).into()).collect();
                assert_eq!(owed, left, "{way}");
            }
        });
    }
}

#[test]
fn who_gave_something_from_outside_hears_that_the_node_has_ended() {
    with_sockets(|sockets| {
        let mut outbox = Outbox::new(3, Vec::new());
        let (done, mut told) = oneshot::channel();
        let spec = &sockets[0].spec;
        let view = SocketView {
            name: spec.name.as_str().into(),
            role: spec.role,
            format: spec.format,
            msgid: spec.msgid,
        };
        let injection = Injection {
            socket: spec.name.clone(),
            way: Way::Send { to: None },
            value: Offered::Text("x".to_owned()),
            tag: None,
            deadline: Instant::now() + Duration::from_secs(60),
            taken: Arc::default(),
            done,
        };
        outbox.injected().take(injection, &[view]);
        assert!(outbox.is_empty(), "it is not the node's own yet");
        assert_eq!(told.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        outbox.drop_all(DropReason::Shutdown, sockets);
        assert_eq!(told.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        assert_eq!(dropped(sockets), [0, 0, 0]);
    });
}
