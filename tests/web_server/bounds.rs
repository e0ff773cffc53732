//! What clients cannot do: too much, too long, or too many of them.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::page::{NEWS, Page};
use crate::support::http::request;
use crate::support::{PATIENCE, Zrig, eventually};

/// Bytes that the run's process has in memory.
fn memory(page: &Page) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", page.run.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Descriptors of the run's process.
fn descriptors(page: &Page) -> usize {
    fs::read_dir(format!("/proc/{}/fd", page.run.id())).unwrap().count()
}

/// Writes until it has written so much, or is cut off; how much that was.
fn pour(mut stream: &TcpStream, most: u64) -> u64 {
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let piece = [b'x'; 64 << 10];
    let mut poured = 0;
    while poured < most {
        match stream.write(&piece) {
            Ok(written) if written > 0 => poured += written as u64,
            _ => break,
        }
    }
    poured
}

#[test]
fn an_upload_of_a_gigabyte_is_cut_off_and_costs_nothing() {
    let page = Page::of(NEWS);
    assert_eq!(page.get("/api/run").status, 200);
    let before = memory(&page);
    let gigabyte: u64 = 1 << 30;
    for length in [format!("Content-Length: {gigabyte}"), "Transfer-Encoding: chunked".to_owned()] {
        let mut stream = TcpStream::connect(("127.0.0.1", page.port)).unwrap();
        let head = format!(
            "POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        if length.starts_with("Transfer") {
            stream.write_all(format!("{gigabyte:x}\r\n").as_bytes()).unwrap();
        }
        let poured = pour(&stream, gigabyte);
        // What the kernel holds on the way is not small.
        assert!(poured < 64 << 20, "{length}: {poured} bytes were taken");
    }
    assert_eq!(page.get("/api/run").status, 200);
    let grown = memory(&page).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
    page.run.stop();
}

#[test]
fn a_head_has_a_bound_and_a_body_too() {
    let page = Page::of(NEWS);
    let long = format!(
        "GET /api/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let mut stream = TcpStream::connect(("127.0.0.1", page.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may cut us off before we have said it all.
    let _ = stream.write_all(long.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let text = "x".repeat(1 << 20);
    let (status, sent) =
        page.post("/api/call", &json!({"target": "nobody", "value": {"text": text}}));
    assert_eq!(status, 422, "{sent}");
    page.run.stop();
}

#[test]
fn ten_thousand_idle_connections_push_out_nobody_who_looks() {
    let page = Page::of(NEWS);
    let mut stream = page.follow("/api/stream");
    stream.until("figures", |told| told["whole"] != true);
    let before = descriptors(&page);
    let mut idle = Vec::new();
    for at in 0..10_000 {
        let connection = TcpStream::connect(("127.0.0.1", page.port)).unwrap();
        connection.set_nonblocking(true).unwrap();
        // A few say half of something.
        if at % 10 == 0 {
            let _ = (&connection).write(b"GET /api/run HTT");
        }
        idle.push(connection);
        if idle.len() == 500 {
            // Our own descriptors are not what is asked about.
            idle.clear();
            idle.shrink_to_fit();
        }
    }
    idle.extend((0..400).map(|_| TcpStream::connect(("127.0.0.1", page.port)).unwrap()));
    eventually("no more than its places are taken", || descriptors(&page) < before + 300);
    assert_eq!(page.get("/api/run").status, 200);
    for _ in 0..3 {
        stream.until("figures", |told| !told["nodes"].as_array().unwrap().is_empty());
    }
    page.run.stop();
}

#[test]
fn a_viewer_who_stalls_costs_nothing_and_is_told_what_it_missed() {
    // Each line is told as an event, so that what waits for a viewer is soon more than the kernel takes.
    let loud = "
name: loud
nodes:
  crier:
    every: 1ms
    on_start: 'this.line = \"x\"; while this.line.len() < 8000 { this.line += this.line; }'
    on_tick: 'print(this.line)'
    role: pub
    bind: tcp://127.0.0.1:*
";
    let page = Page::with(Zrig::of(loud).arguments(["--log", "info,crier=off"]));
    let mut stalled = page.follow("/api/stream");
    stalled.until("event", |_| true);
    let mut other = page.follow("/api/stream");
    // Nobody reads what is told to the first, until it has surely been given up on.
    let begun = Instant::now();
    let mut seen = 0;
    let mut events = 0;
    while events < 6000 && begun.elapsed() < Duration::from_secs(40) {
        match other.next() {
            (kind, _) if kind == "event" => events += 1,
            (kind, told) if kind == "figures" => {
                let crier = &told["nodes"][0];
                assert!(crier["sockets"].is_array() || told["nodes"] == json!([]), "{told}");
                seen += 1;
            }
            _ => {}
        }
    }
    assert!(seen >= 3, "the other one is told of {seen} samples");
    let memory = memory(&page);
    assert!(memory < 400 << 20, "{memory} bytes");
    let missed = stalled.until("missed", |told| told["of"].is_null());
    assert!(missed["count"].as_u64().unwrap() > 0, "{missed}");
    // And then it is told all there is.
    assert_eq!(stalled.until("figures", |_| true)["whole"], true);
    page.run.stop();
}

#[test]
fn one_who_asks_byte_by_byte_keeps_nobody_waiting() {
    let page = Page::of(NEWS);
    let slow: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", page.port)).unwrap();
            stream.write_all(b"POST /api/send HTTP/1.1\r\nHost: localh").unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let asked = "GET /api/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(request(page.port, asked).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(slow);
    page.run.stop();
}
