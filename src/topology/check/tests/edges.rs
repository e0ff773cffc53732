//! What is said at the edges of what a file may say: the last that is well, and the first that is not.

use super::*;

#[test]
fn endpoints_at_their_edges_are_checked() {
    assert_told(
        "endpoints_at_their_edges_are_checked",
        &[
            "nodes: {a: {role: pull, bind: '$5-6'}}",
            "nodes: {a: {role: pull, bind: '{{ }}'}}",
            "nodes: {a: {role: push, connect: nowhere_at:all}}",
            "nodes: {a: {role: push, connect: 'tcp://[::1:5'}}",
            "nodes: {a: {role: push, connect: 'smtp://host:25'}}",
            "nodes: {a: {role: push, connect: 'ipc:/run/a'}}",
            "nodes: {a: {role: push, connect: 'ipc:run/a'}}",
            "nodes: {a: {role: dealer, connect: 'inproc://x'}, b: {role: dealer, sockets: 5}}",
            "nodes: {a: {role: dealer, connect: 'inproc://x'}, b: {sockets: {i: {role: pull, bind: 1}, j: 5}}}",
            "nodes: {a: {role: dealer, connect: a}}",
            "nodes: {a: {connect: b}, b: {sockets: {x: {role: pull, bind: 1}, y: {role: pull, bind: 2}}}}",
        ],
    );
}

#[test]
fn names_at_their_edges_are_checked() {
    assert_told(
        "names_at_their_edges_are_checked",
        &[
            "nodes: {äæöøœüß: {role: pull, bind: 1}}",
            "nodes: {áàâãåéèêëíìîï: {role: pull, bind: 1}}",
            "nodes: {óòôõúùûñç: {role: pull, bind: 1}}",
            "nodes: {äbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: {role: pull, bind: 1}}",
            "nodes: {äbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: {role: pull, bind: 1}}",
            "places: {ed ge: {address: a}}\nnodes: {a: {role: pull, bind: 1}}",
        ],
    );
}

#[test]
fn keys_at_their_edges_are_checked() {
    assert_told(
        "keys_at_their_edges_are_checked",
        &[
            "nodes: {every: 1s}",
            "nodes: {role: pull}",
            "bind: 5\nnodes: {a: {role: pull, bind: 1}}",
            "a: {sockets: {x: {role: pull, bind: 1}}}\nnodes: {b: {role: pull, bind: 2}}",
            "zzz: {bind: 1}\nnodes: {b: {role: pull, bind: 2}}",
            "nodes: {a: {role: pull, bind: 1, hwm 5: 1}}",
            "nodes: {a: {role: pull, bind: 1, unknown word}}",
            "nodes: {a: {role: pull, bind: 1, read: {file: x, sndbuf: 1}}}",
            "nodes: {a: {role: pull, bind: 1, description: 'one', two}}",
            "nodes: {a: {role: pull, bind: 1, process: {cmd: [a]}}}",
            "nodes: {a: {role: pull, bind: 1, isolate: no}}",
            "nodes: {a: {sockets: {}}, b: {role: push, connect: a}}",
            "onMessage: f\nnodes: {a: {role: pull, bind: 1}}",
            "nodes: {a: {sockets: {x: {role: pull, bind: 1, on_msg: f}}}}",
        ],
    );
}

#[test]
fn values_at_their_edges_are_checked() {
    assert_told(
        "values_at_their_edges_are_checked",
        &[
            "nodes: {a: {role: dealer, bind: 1, identity: iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii}}",
            "nodes: {a: {role: dealer, bind: 1, identity: iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii}}",
            "nodes: {a: {role: sub, bind: 1, msgids: [3..1]}}",
            "nodes: {a: {role: sub, bind: 1, msgids: [1-4]}}",
            "nodes: {a: {role: pull, bind: 1, on_message: '', persist: a/}}",
            "nodes: {a: {role: push, bind: 1, read: {file: ''}}}",
            "nodes: {a: {role: push, bind: 1, read: {file: '-', from: end}}}",
            "nodes: {a: {sockets: {in: {role: pull, bind: 1}, out: {role: push, bind: 2}}, forward: {in: out, capture: out}}}",
            "nodes: {a: {sockets: {}, forward: {zzz: out}}}",
            "nodes: {a: {role: pull, bind: 1, plain: {usr: a}}}",
            "nodes: {a: {role: pull, bind: 1, plain: {users: ''}}}",
            "security: {curve: ''}\nnodes: {a: {role: pull, bind: 1}}",
            "nodes: {a: {role: pull, bind: 1, process: {command: {a: b}}}}",
            "nodes: {a: {role: pull, bind: 1, process: {command: ['']}}}",
            "nodes: {a: {role: pull, bind: 1, process: {command: [a], directory: ''}}}",
            "nodes: {a: {role: pull, bind: 1, process: {command: [a], ready: 0}}}",
            "nodes: {a: {role: pull, bind: 1, process: {command: [a], ready: 'inproc://a'}}}",
            "nodes: {nnnnnnnnnnnnnnnnnnnn: {role: dealer, connect: 'tcp://127.0.0.1:1', replicas: 2, identity: 'iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii${replica}'}}",
            "nodes: {nnnnnnnnnnnnnnnnnnnn: {role: dealer, connect: 'tcp://127.0.0.1:1', replicas: 2, identity: 'iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii${replica}'}}",
        ],
    );
}

#[test]
fn options_at_their_edges_are_checked() {
    assert_told(
        "options_at_their_edges_are_checked",
        &[
            "nodes: {a: {role: pull, bind: 1, options: {tcp_keepalive: -1}}}",
            "nodes: {a: {role: pull, bind: 1, options: {tcp_keepalive_idle: -1}}}",
            "nodes: {a: {role: pull, bind: 1, options: {reconnect_ivl_max: -1}}}",
            "nodes: {a: {role: pull, bind: 1, options: {maxmsgsize: -1}}}",
            "nodes: {a: {role: pull, bind: 1, options: {sndbuf: -1}}}",
            "nodes: {a: {role: pull, bind: 1, options: {metadata: 'X-:b'}}}",
            "nodes: {a: {role: pull, bind: 1, options: {reconnect_stop: 8}}}",
        ],
    );
}

#[test]
fn places_at_their_edges_are_checked() {
    assert_told(
        "places_at_their_edges_are_checked",
        &[
            "places: {e: {address: 'tcp://h'}, f: {address: g}}\nnodes: {a: {role: pull, bind: 1, on: e}}",
            "places: {far: {address: h}}\nnodes: {a: {role: pull, bind: 1, on: zzzzz}}",
            "places: {e: {address: h}, f: {address: g, replicas: 2}}\nnodes:\n  a: {role: pull, bind: [7, 5556], on: f}\n  b: {role: push, connect: ['tcp://127.0.0.1:9', a], on: e}",
            "places: {e: {address: h}, f: {address: g}}\nnodes:\n  a: {sockets: {y: {role: pull, bind: 7}, x: {role: pull, bind: 'ipc:///x'}}, on: f}\n  b: {role: push, connect: [a.y, a.x], on: e}",
        ],
    );
}

/// Options as they are written, with what they are then.
const OPTIONS: &[(&str, OptionValue)] = &[
    ("tcp_keepalive: -1", OptionValue::Int(-1)),
    ("tcp_keepalive_idle: -1", OptionValue::Int(-1)),
    ("reconnect_ivl: -1", OptionValue::Int(-1)),
    ("rcvbuf: -1", OptionValue::Int(-1)),
    ("maxmsgsize: -1", OptionValue::Long(-1)),
    ("reconnect_stop: 7", OptionValue::Int(7)),
    ("reconnect_stop: [conn_refused, handshake_failed]", OptionValue::Int(3)),
];

#[test]
fn what_is_written_of_an_option_is_its_value() {
    for (written, value) in OPTIONS {
        let text = format!("nodes: {{a: {{role: pull, bind: 1, options: {{{written}}}}}}}");
        let topology = sound(&text);
        let options = &topology.nodes[0].sockets[0].options;
        assert_eq!(options.values().collect::<Vec<_>>(), [value], "{written}");
    }
}
