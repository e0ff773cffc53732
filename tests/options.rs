//! Whether the table of options tells the truth about the libzmq underneath: what it says a role
//! has can be set, up to its bounds, and what it says is the default is the default.

#![allow(unsafe_code, reason = "sets options that the zmq crate has no setter for")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::c_int;

use zmq::{Context, Socket, SocketType};
use zrig::zeromq::{OptionKind, OptionValue, Role, SocketOption};

fn socket_type(role: Role) -> SocketType {
    match role {
        Role::Pair => SocketType::PAIR,
        Role::Pub => SocketType::PUB,
        Role::Sub => SocketType::SUB,
        Role::Req => SocketType::REQ,
        Role::Rep => SocketType::REP,
        Role::Dealer => SocketType::DEALER,
        Role::Router => SocketType::ROUTER,
        Role::Push => SocketType::PUSH,
        Role::Pull => SocketType::PULL,
        Role::Xpub => SocketType::XPUB,
        Role::Xsub => SocketType::XSUB,
        Role::Stream => SocketType::STREAM,
    }
}

fn set(socket: &mut Socket, option: &SocketOption, value: &OptionValue) -> bool {
    let bytes = match value {
        OptionValue::Int(value) => value.to_ne_bytes().to_vec(),
        OptionValue::Long(value) => value.to_ne_bytes().to_vec(),
        OptionValue::Bytes(bytes) => bytes.clone(),
        OptionValue::Secret(secret) => secret.expose().to_vec(),
    };
    // SAFETY: the bytes are there for the call, and as many as it is told.
    let status = unsafe {
        zmq_sys::zmq_setsockopt(
            socket.as_mut_ptr(),
            option.id as c_int,
            bytes.as_ptr().cast(),
            bytes.len(),
        )
    };
    status == 0
}

fn get(socket: &mut Socket, option: &SocketOption) -> Option<i64> {
    let mut bytes = [0_u8; 8];
    let is_long = matches!(option.kind, OptionKind::LongSize | OptionKind::Mask);
    let mut length = if is_long { 8 } else { 4 };
    // SAFETY: there is room for the longer of both lengths.
    let status = unsafe {
        zmq_sys::zmq_getsockopt(
            socket.as_mut_ptr(),
            option.id as c_int,
            bytes.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let value = i64::from_ne_bytes(bytes);
    let narrow = i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    (status == 0).then_some(if length == 8 { value } else { i64::from(narrow) })
}

/// Values that the checker lets pass, at both bounds.
fn values(option: &SocketOption) -> Vec<OptionValue> {
    let text = |length: usize| OptionValue::Bytes(vec![b'x'; length]);
    match option.kind {
        OptionKind::Boolean => vec![OptionValue::Int(0), OptionValue::Int(1)],
        OptionKind::Tristate => [-1, 0, 1].map(OptionValue::Int).to_vec(),
        OptionKind::Integer { min, max } | OptionKind::Milliseconds { min, max, .. } => {
            [min, max].map(OptionValue::Int).to_vec()
        }
        OptionKind::Buffer => [8, 65_536].map(OptionValue::Int).to_vec(),
        OptionKind::Seconds | OptionKind::Size => [-1, 1, 32_767].map(OptionValue::Int).to_vec(),
        OptionKind::LongSize => [-1, 1 << 40].map(OptionValue::Long).to_vec(),
        OptionKind::Mask => [0, 3].map(OptionValue::Long).to_vec(),
        OptionKind::Flags(words) => words.iter().map(|word| OptionValue::Int(word.1)).collect(),
        OptionKind::Text { .. } if option.name.0 == "tcp_accept_filter" => {
            vec![OptionValue::Bytes(b"127.0.0.1/8".to_vec())]
        }
        OptionKind::Text { min, max } => vec![text(min), text(max)],
        OptionKind::Key => vec![text(32)],
        OptionKind::Property => vec![OptionValue::Bytes(b"X-Lab:3".to_vec())],
    }
}

#[test]
fn what_a_role_has_can_be_set() {
    let context = Context::new();
    for option in SocketOption::all() {
        for &role in option.roles {
            for value in values(option) {
                let mut socket = context.socket(socket_type(role)).unwrap();
                assert!(set(&mut socket, option, &value), "{} {role} {value:?}", option.name);
            }
        }
    }
}

#[test]
fn a_default_is_what_an_untouched_socket_has() {
    let context = Context::new();
    let mut compared = 0;
    for option in SocketOption::all() {
        let Some(default) = option.default else { continue };
        let mut socket = context.socket(socket_type(option.roles[0])).unwrap();
        // Some options can be set but not read.
        if let Some(value) = get(&mut socket, option) {
            if SocketOption::RAISED.contains(&option.name) {
                assert!(value < default, "{}", option.name);
            } else {
                assert_eq!(value, default, "{}", option.name);
            }
            compared += 1;
        }
    }
    assert!(compared > 25, "{compared}");
}
