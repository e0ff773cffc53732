//! The same over WebSocket, which pyzmq's libzmq does not have: the other end is libzmq as this program
//! links it.
//!
//! Owns what its sockets do. Which links there are, the tests beside it say.

use std::fs;
use std::thread;

use zmq::{Context, CurveKeyPair, DONTWAIT, POLLIN, Socket, SocketType};
use zrig::security::{Certificate, KeyPair, PublicKey};

use super::{By, all_nodes, begin, count, house};
use crate::support::{Runner, free_ports};

const PATIENCE: i64 = 30_000;

/// Answers about whoever has the right password, or any key.
fn admit(context: &Context) {
    let guard = context.socket(SocketType::REP).unwrap();
    guard.bind("inproc://zeromq.zap.01").unwrap();
    thread::spawn(move || {
        // The context ends with the test.
        while let Ok(asked) = guard.recv_multipart(0) {
            let is_right = asked[5] != b"PLAIN" || asked[6..] == [&b"run"[..], b"geheim-run"];
            let status: &[u8] = if is_right { b"200" } else { b"400" };
            let answer: [&[u8]; 6] = [b"1.0", &asked[1], status, b"", b"run", b""];
            if guard.send_multipart(answer, 0).is_err() {
                return;
            }
        }
    });
}

struct Others<'r> {
    context: Context,
    run: &'r Runner,
    by: By,
}

impl Others<'_> {
    fn pair(&self, name: &str) -> (PublicKey, Vec<u8>) {
        let path = self.run.path(&format!("keys/{name}.key_secret"));
        let text = fs::read_to_string(path).unwrap();
        let pair = Certificate::<KeyPair>::read(&text).unwrap();
        (pair.key().public(), pair.key().secret().expose().to_vec())
    }

    fn socket(&self, role: &str, side: &str) -> Socket {
        let kind = match role {
            "pub" | "xpub" => SocketType::SUB,
            "sub" | "xsub" => SocketType::XPUB,
            "push" => SocketType::PULL,
            "pull" => SocketType::PUSH,
            "dealer" => SocketType::ROUTER,
            "router" | "rep" => SocketType::DEALER,
            "req" => SocketType::REP,
            _ => SocketType::PAIR,
        };
        let socket = self.context.socket(kind).unwrap();
        socket.set_linger(0).unwrap();
        match (self.by, side) {
            (By::Plain, "bind") => {
                socket.set_plain_username(Some("guest")).unwrap();
                socket.set_plain_password(Some("geheim-guest")).unwrap();
            }
            (By::Plain, _) => socket.set_plain_server(true).unwrap(),
            (By::Curve { .. }, side) => {
                let (public, secret) = self.pair("guest");
                socket.set_curve_publickey(public.bytes()).unwrap();
                socket.set_curve_secretkey(&secret).unwrap();
                if side == "bind" {
                    let (server, _) = self.pair(&format!("{role}-bind"));
                    socket.set_curve_serverkey(server.bytes()).unwrap();
                } else {
                    socket.set_curve_server(true).unwrap();
                }
            }
        }
        if kind == SocketType::SUB {
            socket.set_subscribe(b"").unwrap();
        }
        socket
    }
}

fn frames(socket: &Socket) -> Vec<Vec<u8>> {
    assert_eq!(socket.poll(POLLIN, PATIENCE), Ok(1), "nothing came");
    socket.recv_multipart(DONTWAIT).unwrap()
}

fn number(frames: &[Vec<u8>]) -> usize {
    String::from_utf8_lossy(frames.last().unwrap()).parse().unwrap()
}

fn meet(role: &str, socket: &Socket) {
    let count = count();
    match role {
        "pub" | "xpub" | "push" => {
            let first = number(&frames(socket));
            (1..count).for_each(|more| assert_eq!(number(&frames(socket)), first + more));
        }
        "sub" | "xsub" | "pull" => {
            if role != "pull" {
                assert_eq!(frames(socket)[0][0], 1);
            }
            socket.set_sndhwm(0).unwrap();
            (1..=count).for_each(|it| socket.send(&*it.to_string(), 0).unwrap());
        }
        "req" => (1..=count).for_each(|it| {
            let asked = frames(socket);
            assert_eq!(number(&asked), it);
            socket.send_multipart(asked, 0).unwrap();
        }),
        _ => {
            let mut head = if role == "rep" { vec![Vec::new()] } else { Vec::new() };
            if role == "dealer" {
                head = frames(socket);
                head.pop();
            }
            for it in 1..=count {
                let asked = [&head[..], &[it.to_string().into_bytes()]].concat();
                socket.send_multipart(asked, 0).unwrap();
                assert_eq!(number(&frames(socket)), it);
            }
        }
    }
}

/// Everybody meets; then come those who must not.
fn all_meet(by: By) {
    let ports: [u16; 22] = free_ports();
    let (yaml, links) = house(by, &|at| format!("ws://127.0.0.1:{}", ports[at]));
    let run = begin(by, &yaml);
    let others = Others { context: Context::new(), run: &run, by };
    admit(&others.context);
    let parts = |link: &str| {
        let (node, endpoint) = link.split_once('=').unwrap();
        let (role, side) = node.split_once('@').unwrap();
        (role.to_owned(), side.to_owned(), endpoint.to_owned())
    };
    let mut sockets = Vec::new();
    for (role, side, endpoint) in links.iter().map(|link| parts(link)) {
        let socket = others.socket(&role, &side);
        if side == "bind" { socket.connect(&endpoint) } else { socket.bind(&endpoint) }.unwrap();
        sockets.push((role, socket));
    }
    for (role, socket) in &sockets {
        meet(role, socket);
    }
    all_nodes(&run);
    let strangers = Context::new();
    let mut knocking = Vec::new();
    for (role, _, endpoint) in links.iter().map(|link| parts(link)).filter(|it| it.1 == "bind") {
        for kind in ["null", "key", "password"] {
            let socket = strangers.socket(SocketType::DEALER).unwrap();
            socket.set_linger(0).unwrap();
            let own = CurveKeyPair::new().unwrap();
            match kind {
                "key" => {
                    let server = others_key(&others, &role);
                    socket.set_curve_serverkey(&server).unwrap();
                    socket.set_curve_publickey(&own.public_key).unwrap();
                    socket.set_curve_secretkey(&own.secret_key).unwrap();
                }
                "password" => {
                    socket.set_plain_username(Some("guest")).unwrap();
                    socket.set_plain_password(Some("wrong")).unwrap();
                }
                _ => {}
            }
            socket.connect(&endpoint).unwrap();
            socket.send_multipart([&b""[..], b"STRANGER"], DONTWAIT).unwrap();
            knocking.push(socket);
        }
        run.says_what(&role, |line| {
            line.contains(&format!("{role}-bind.")) && line.contains("refused")
        });
    }
    assert!(knocking.iter().all(|socket| socket.poll(POLLIN, 0) == Ok(0)));
    let log = run.stop().log;
    let bad = log.iter().find(|line| line.contains("GAP") || line.contains("STRANGER"));
    assert_eq!(bad, None);
}

fn others_key(others: &Others<'_>, role: &str) -> [u8; 32] {
    match others.by {
        By::Plain => CurveKeyPair::new().unwrap().public_key,
        By::Curve { .. } => *others.pair(&format!("{role}-bind")).0.bytes(),
    }
}

#[test]
fn programs_with_certificates_meet_every_role_over_websocket() {
    all_meet(By::Curve { keys_of_zrig: true });
}

#[test]
fn programs_with_passwords_meet_every_role_over_websocket() {
    all_meet(By::Plain);
}
