//! The works of `benches/works.py` by hand in Rust, on omq-tokio, for `benches/compare.py` to measure.
//!
//! `omq-middle WORK IN OUT`. What only passes on is omq's own proxy; what handles a message is a loop that takes as many
//! as have come, up to 64, as a node of zrig does.

use std::env;

use omq_tokio::blocking::Socket;
use omq_tokio::{Context, Message, Options, Result, SocketType};

/// How many messages are taken at once.
const BURST: usize = 64;

fn main() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [work, source, target] = [&words[0], &words[1], &words[2]];
    let context = Context::new();
    let open = |kind: SocketType, endpoint: &str| -> Result<Socket> {
        let socket = context.blocking_socket(kind, Options::default());
        socket.bind(endpoint)?;
        Ok(socket)
    };
    match work.as_str() {
        "forward" => pass_on(open(SocketType::Pull, source)?, open(SocketType::Push, target)?),
        "broker" => pass_on(open(SocketType::Router, source)?, open(SocketType::Dealer, target)?),
        "append" => handle(&open(SocketType::Pull, source)?, &open(SocketType::Push, target)?, append),
        "json" => handle(&open(SocketType::Pull, source)?, &open(SocketType::Push, target)?, edit),
        "filter" => handle(&open(SocketType::Pull, source)?, &open(SocketType::Push, target)?, sieve),
        "rep" => {
            // A REP answers one request before it takes the next.
            let socket = open(SocketType::Rep, source)?;
            loop {
                let request = socket.recv()?;
                let mut answer = request.part_slice(0).unwrap_or_default().to_vec();
                answer.push(b'!');
                socket.send(Message::single(answer))?;
            }
        }
        other => panic!("no work {other}"),
    }
}

fn pass_on(source: Socket, target: Socket) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(omq_tokio::proxy::Proxy::new(source.into_async(), target.into_async()).run())?;
    Ok(())
}

fn handle(source: &Socket, target: &Socket, handler: fn(&[u8]) -> Option<Vec<u8>>) -> Result<()> {
    let mut burst = Vec::with_capacity(BURST);
    loop {
        source.recv_many_into(BURST, &mut burst)?;
        for message in burst.drain(..) {
            if let Some(answer) = handler(message.part_slice(0).unwrap_or_default()) {
                target.send(Message::single(answer))?;
            }
        }
    }
}

/// The number that a message begins with, and what is behind its second space.
fn msgid(data: &[u8]) -> Option<(u64, &[u8])> {
    let mut parts = data.splitn(3, |byte| *byte == b' ');
    let id = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    parts.next()?;
    Some((id, parts.next()?))
}

fn append(data: &[u8]) -> Option<Vec<u8>> {
    let (id, body) = msgid(data)?;
    (id == 1000).then(|| [b"1000 text ", body, b"!"].concat())
}

fn sieve(data: &[u8]) -> Option<Vec<u8>> {
    (msgid(data)?.0 == 1000).then(|| data.to_vec())
}

fn edit(data: &[u8]) -> Option<Vec<u8>> {
    let mut value: serde_json::Value = serde_json::from_slice(data).ok()?;
    let celsius = value["celsius"].as_i64()? + 1;
    value["celsius"] = celsius.into();
    serde_json::to_vec(&value).ok()
}
