//! `format` of `read` and `write`: messages of several frames in a file and back, byte for byte.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::http::get;
use crate::support::{Zrig, eventually, free_port};

/// The formats that keep every frame.
const FORMATS: [&str; 3] = ["length", "base64", "json"];

/// Messages of one frame and of several, of text and of any bytes, in hex.
fn messages() -> Value {
    let every_byte: String = (0..=255).map(|byte| format!("{byte:02x}")).collect();
    json!([
        ["6f6e65"],
        ["61", "", "0a0d0a", "20"],
        [every_byte, "c3a9", "fffe"],
        [""],
        ["", ""],
        ["5c6e", "00000005", "59576c7a"],
    ])
}

/// What `tests/python/records.py` prints.
fn python(way: &str, format: &str, file: &Path, input: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/records.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(python)
        .arg(script)
        .args([way, format])
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{way} {format}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// From `in` to `out`, in these formats.
fn through(read: &str, write: &str) -> Zrig {
    Zrig::of(&format!(
        "
nodes:
  source: {{role: push, bind: 'inproc://records', read: {{file: in, format: {read}}}}}
  sink: {{role: pull, connect: source, write: {{file: out, format: {write}}}}}
"
    ))
}

#[test]
fn what_python_writes_is_written_again_byte_for_byte_in_every_format() {
    let messages = messages();
    for read in FORMATS {
        for write in FORMATS {
            let zrig = through(read, write);
            python("write", read, &zrig.path("in"), &messages.to_string());
            let expected = zrig.path("expected");
            python("write", write, &expected, &messages.to_string());
            let expected = std::fs::read(expected).unwrap();
            let run = zrig.start();
            let out = run.path("out");
            let is_written = || {
                let found = std::fs::read(&out).unwrap_or_default();
                // Python writes other escapes in JSON; what they mean is the same.
                found == expected
                    || write == "json"
                        && found.iter().filter(|&&byte| byte == b'\n').count()
                            == messages.as_array().unwrap().len()
            };
            eventually("all is written", is_written);
            let again: Value = serde_json::from_str(&python("read", write, &out, "")).unwrap();
            assert_eq!(again, messages, "{read} {write}");
            run.stop().expect(0, []);
        }
    }
}

#[test]
fn a_handler_of_lines_gets_the_frames_of_a_record_and_a_sink_those_that_it_returns() {
    let run = Zrig::of(
        r#"
nodes:
  source:
    role: push
    bind: inproc://records
    read: {file: in, format: json}
    on_line: |
      print(`${line.len()} ${type_of(line[0])} ${line[1].as_string()}`);
      send(line)
  sink:
    role: pull
    connect: source
    write: {file: out, format: base64}
    on_message: '[msg.frames[1], "and", b"\xFF"]'
"#,
    )
    .with("in", "{\"node\": \"a\", \"frames\": [{\"hex\": \"fF\"}, \"two\\n\"]}\r\n")
    .start();
    run.says("2 blob two");
    let out = run.path("out");
    eventually("it is written", || {
        std::fs::read(&out).is_ok_and(|found| found == b"dHdvCg== YW5k /w==\n")
    });
    run.stop();
}

#[test]
fn a_record_that_has_the_format_of_the_socket_goes_as_it_is_and_one_frame_as_a_line() {
    let run = Zrig::of(
        "
nodes:
  source: {role: pub, bind: 'inproc://records', read: {file: in, format: json}}
  sink:
    role: sub
    connect: source
    topics: all
    on_message: 'print(`${msg.msgid} ${msg.body}`)'
",
    )
    .with(
        "in",
        "{\"frames\": [\"7 text seven\"]}\n{\"frames\": [\"plain\"]}\n{\"frames\": [\"a\", \"b\"]}\n",
    )
    .start();
    run.says("7 seven");
    run.says("1000 plain");
    run.says("a message that was read was left out: it has 2 frames where the format has 1 frame");
    run.stop();
}

#[test]
fn what_is_no_record_is_told_with_its_place_counted_and_left_out() {
    let record = |bytes: &[u8]| {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        let frame = [length(bytes), bytes.to_vec()].concat();
        [length(&frame), frame].concat()
    };
    let lengths =
        [&record(b"one")[..], b"\0\0\0\x05\0\0\0\x09x", &record(b"two"), b"\0\0\0\x08\0\0"]
            .concat();
    let cases: [(&str, &[u8], &[&str]); 3] = [
        (
            "length",
            &lengths,
            &[
                "the record at byte 11 was left out: its frame 1 says 9 bytes, and 1 are left",
                "the record at byte 31 is cut off: it says 8 bytes, and 2 are there",
            ],
        ),
        (
            "base64",
            b"b25l\nb2!l\ndHdv\nd",
            &["line 2 was left out: it is no base64", "line 4 was left out: it is no base64"],
        ),
        (
            "json",
            b"{\"frames\": [\"one\"]}\n\n{\"frames\": [\"two\"]}\n{\"frames\": [1]}",
            &["line 2 was left out: it is no JSON", "line 4 was left out: it is no JSON"],
        ),
    ];
    for (format, input, told) in cases {
        let port = free_port();
        let zrig = through(format, "lines").with("in", input);
        let run = zrig.arguments(["--metrics", &port.to_string()]).start();
        let out = run.path("out");
        for told in told {
            let line = run.says(told);
            assert!(line.contains("reading ") && line.contains("/in: "), "{line}");
        }
        eventually("the sound ones are through", || {
            std::fs::read(&out).is_ok_and(|found| found == b"one\ntwo\n")
        });
        let figures = get(port, "/metrics").body;
        let count = "zrig_node_lines_refused_total{node=\"source\"} 2";
        assert!(figures.contains(count), "{format}: {figures}");
        run.stop();
    }
}

#[test]
fn standard_input_and_output_take_every_format() {
    let messages = messages();
    let zrig = Zrig::of(
        "
nodes:
  source:
    role: push
    bind: inproc://records
    read: {file: '-', format: '${IN}'}
    on_line: send(line)
    on_end: stop()
  sink: {role: pull, connect: source, write: {file: '-', format: '${OUT}'}}
",
    );
    for (read, write) in [("length", "base64"), ("base64", "json"), ("json", "length")] {
        python("write", read, &zrig.path("in"), &messages.to_string());
        let output = Command::new(env!("CARGO_BIN_EXE_zrig"))
            .args(["run", "--no-watch"])
            .arg(zrig.path("topology.yaml"))
            .env("IN", read)
            .env("OUT", write)
            .stdin(std::fs::File::open(zrig.path("in")).unwrap())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        std::fs::write(zrig.path("out"), &output.stdout).unwrap();
        let again = python("read", write, &zrig.path("out"), "");
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), messages, "{read} {write}");
    }
}
