//! Cases in which simulated sockets once did not do what libzmq's do.

use super::case::{Call, Case, Options, Transport};
use super::compare;
use crate::zeromq::Role;

#[test]
fn what_a_subscriber_has_unsubscribed_from_makes_room_as_it_does_in_libzmq() {
    for binds in [Role::Pub, Role::Xpub] {
        let calls = vec![
            Call::Subscribe(1, true, 0),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Receive(1, 2),
            Call::SendTo(2, 0),
            Call::Send(2, 1),
            Call::Subscribe(1, true, 1),
            Call::Subscribe(1, false, 0),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Send(0, 1),
            Call::Receive(1, 4),
        ];
        let (connects, marks, transport) = (Role::Sub, [1, 1, 1, 4], Transport::Inproc);
        let options = Options::default();
        compare(&Case { binds, connects, transport, count: 1, marks, options, calls }).unwrap();
    }
}

#[test]
fn a_pair_that_connects_again_hears_its_peer_though_nobody_has_read_what_it_said_before() {
    let calls = [
        Call::Send(1, 2),
        Call::Disconnect(1),
        Call::Connect(1),
        Call::Send(1, 1),
        Call::Send(0, 1),
        Call::Receive(1, 5),
    ];
    for transport in [Transport::Inproc, Transport::Tcp] {
        all(&[(Role::Pair, Role::Pair)], transport, [5, 3, 2, 9], &calls).unwrap();
    }
}

#[test]
fn whose_turn_it_is_after_peers_were_replaced_is_the_same() {
    let mut calls = vec![
        Call::Send(0, 1),
        Call::Send(0, 1),
        Call::Renew(2),
        Call::Send(0, 1),
        Call::Send(0, 1),
        Call::SendTo(0, 1),
        Call::Receive(3, 4),
        Call::Send(0, 2),
        Call::Send(0, 1),
        Call::Renew(1),
        Call::Send(0, 1),
    ];
    calls.extend([1, 2, 3].map(|socket| Call::Receive(socket, 9)));
    let (binds, connects) = (Role::Dealer, Role::Router);
    let (marks, transport, options) = ([2, 1, 1, 1], Transport::Inproc, Options::default());
    compare(&Case { binds, connects, transport, count: 3, marks, options, calls }).unwrap();
}

#[test]
fn a_relaxed_req_asks_the_next_of_its_peers_and_keeps_those_it_had() {
    for relaxed in [vec![], vec![Call::Renew(0), Call::Renew(1), Call::Renew(3)]] {
        let mut calls = relaxed;
        for asked in 0..4 {
            calls.extend([Call::Send(0, 1 + asked % 2)]);
            calls.extend([1, 2, 3].map(|socket| Call::Receive(socket, 9)));
            calls.extend([1, 2, 3].map(|socket| Call::Send(socket, 1)));
        }
        let (binds, connects, transport) = (Role::Req, Role::Rep, Transport::Inproc);
        let options = Options { relaxed: true, ..Options::default() };
        let marks = [7, 4, 8, 6];
        compare(&Case { binds, connects, transport, count: 3, marks, options, calls }).unwrap();
    }
}

#[test]
fn who_dies_behind_a_line_that_is_cut_is_missed_when_it_heals() {
    let calls = vec![
        Call::SendTo(0, 1),
        Call::Cut(0),
        Call::Kill(1),
        Call::SendTo(0, 1),
        Call::Heal(0),
        Call::SendTo(0, 1),
    ];
    let (binds, connects, transport) = (Role::Router, Role::Dealer, Transport::Relay);
    let (marks, options) = ([10, 10, 10, 10], Options::default());
    compare(&Case { binds, connects, transport, count: 1, marks, options, calls }).unwrap();
}

#[test]
fn what_was_sent_before_a_death_comes_when_there_is_room_for_it() {
    let calls = vec![Call::Flood(1, 6), Call::Kill(1), Call::Receive(0, 1)];
    let (binds, connects, transport) = (Role::Pull, Role::Push, Transport::Tcp);
    let (marks, options) = ([1, 1, 1, 1], Options::default());
    compare(&Case { binds, connects, transport, count: 1, marks, options, calls }).unwrap();
}

#[test]
fn what_came_before_what_breaks_a_protocol_is_read_yet() {
    let mut calls = vec![Call::Send(1, 1), Call::Receive(0, 1)];
    // The last of them is no answer.
    calls.extend([Call::SendTo(0, 1), Call::SendTo(0, 1), Call::SendTo(0, 1)]);
    calls.extend([Call::Receive(1, 1), Call::Send(1, 1)]);
    let (binds, connects, transport) = (Role::Router, Role::Req, Transport::Tcp);
    let (marks, options) = ([10, 10, 10, 10], Options::default());
    compare(&Case { binds, connects, transport, count: 1, marks, options, calls }).unwrap();
}

/// The same calls of all of these, with marks to send and to receive of who binds and who connects.
fn all(
    pairs: &[(Role, Role)],
    transport: Transport,
    marks: [i32; 4],
    calls: &[Call],
) -> Result<(), String> {
    pairs.iter().try_for_each(|(binds, connects)| {
        let (binds, connects, calls) = (*binds, *connects, calls.to_vec());
        let options = Options::default();
        compare(&Case { binds, connects, transport, count: 1, marks, options, calls })
    })
}

#[test]
fn a_router_knows_again_whose_connection_broke() {
    let calls = [Call::Break(0), Call::Send(1, 1), Call::Receive(0, 1), Call::SendTo(0, 1)];
    all(&[(Role::Router, Role::Dealer)], Transport::Relay, [5, 6, 7, 10], &calls).unwrap();
}

#[test]
fn inside_a_process_who_is_let_go_of_has_its_place_until_all_that_it_said_is_read() {
    let calls = [
        Call::Send(1, 1),
        Call::Flood(0, 30),
        Call::Disconnect(0),
        Call::SendTo(0, 1),
        Call::Connect(0),
        Call::Send(1, 1),
        Call::Receive(0, 9),
        Call::SendTo(0, 1),
        Call::Disconnect(0),
        Call::Connect(0),
        Call::Send(1, 1),
    ];
    let pairs = [(Role::Pair, Role::Pair), (Role::Router, Role::Dealer)];
    all(&pairs, Transport::Inproc, [3, 5, 5, 3], &calls).unwrap();
}

#[test]
fn who_connects_too_early_and_gives_up_leaves_only_what_it_said() {
    for says in [vec![], vec![Call::Send(1, 1), Call::Send(1, 2)]] {
        let mut calls = vec![Call::Unbind, Call::Disconnect(0), Call::Connect(0)];
        calls.extend(says);
        calls.extend([Call::Disconnect(0), Call::Bind, Call::Send(0, 1), Call::Connect(0)]);
        calls.extend([Call::Send(0, 1), Call::Receive(0, 9), Call::Receive(1, 9)]);
        let pairs = [(Role::Pair, Role::Pair), (Role::Dealer, Role::Dealer)];
        all(&pairs, Transport::Inproc, [3, 5, 5, 3], &calls).unwrap();
    }
}

#[test]
fn a_connection_of_an_endpoint_that_is_unbound_is_there_until_all_that_came_is_read() {
    let calls = [
        Call::Send(1, 1),
        Call::Unbind,
        Call::Flood(1, 4),
        Call::Receive(0, 9),
        Call::Flood(1, 4),
        Call::Bind,
        Call::Receive(0, 9),
    ];
    let pairs = [(Role::Router, Role::Dealer), (Role::Pull, Role::Push)];
    all(&pairs, Transport::Tcp, [3, 1, 1, 3], &calls).unwrap();
}

#[test]
fn who_has_no_room_does_not_notice_that_its_connection_is_over_and_the_other_one_does() {
    let pairs = [(Role::Dealer, Role::Dealer)];
    for at in [0, 1] {
        let calls = [
            Call::Flood(1 - at, 9),
            Call::Break(0),
            Call::Send(1 - at, 1),
            Call::Receive(at, 2),
            Call::Receive(at, 20),
        ];
        all(&pairs, Transport::Relay, [20, 4, 20, 4], &calls).unwrap();
    }
}

#[test]
fn who_gives_up_a_peer_that_breaks_the_protocol_can_be_let_go_of_and_be_linked_anew() {
    let mut calls = vec![Call::Send(1, 1), Call::Receive(0, 1)];
    // The last of them is no answer.
    calls.extend([Call::SendTo(0, 1), Call::SendTo(0, 1), Call::SendTo(0, 1)]);
    calls.extend([Call::Receive(1, 1), Call::Disconnect(0), Call::Connect(0)]);
    calls.extend([Call::Send(1, 1), Call::Receive(0, 1)]);
    all(&[(Role::Router, Role::Req)], Transport::Tcp, [10, 10, 10, 10], &calls).unwrap();
}

#[test]
fn what_was_there_before_a_line_was_cut_comes_when_there_is_room_for_it() {
    let mut calls = vec![Call::Flood(0, 5), Call::Cut(0), Call::Flood(0, 2)];
    calls.extend(std::iter::repeat_n(Call::Receive(1, 1), 6));
    calls.extend([Call::Heal(0), Call::Receive(1, 9)]);
    all(&[(Role::Push, Role::Pull)], Transport::Relay, [9, 9, 9, 1], &calls).unwrap();
}

#[test]
fn what_a_req_had_asked_is_read_by_who_answers_in_a_form_that_ends_the_connection() {
    let calls = vec![
        Call::Start(0, [10, 5]),
        Call::Disconnect(3),
        Call::Flood(0, 23),
        Call::Start(3, [8, 7]),
        Call::Flood(2, 20),
    ];
    let (binds, connects, transport) = (Role::Req, Role::Router, Transport::Tcp);
    let options = Options { drops: true, waits: false, relaxed: true };
    let marks = [5, 6, 3, 1];
    compare(&Case { binds, connects, transport, count: 3, marks, options, calls }).unwrap();
}

#[test]
fn what_is_said_while_a_line_is_cut_waits_whatever_else_ends_there() {
    let calls = [
        Call::Cut(1),
        Call::Break(1),
        Call::Send(1, 2),
        Call::Break(1),
        Call::Send(1, 1),
        Call::Heal(1),
    ];
    all(&[(Role::Xpub, Role::Xsub)], Transport::Relay, [2, 7, 7, 6], &calls).unwrap();
}

#[test]
fn inside_a_process_all_that_a_subscriber_wants_is_told_at_once_whatever_its_own_mark() {
    let calls = [
        Call::Subscribe(1, true, 0),
        Call::Subscribe(1, true, 2),
        Call::Kill(0),
        Call::Start(0, [5, 8]),
        Call::Connect(1),
    ];
    all(&[(Role::Xpub, Role::Sub)], Transport::Inproc, [8, 4, 1, 10], &calls).unwrap();
}
