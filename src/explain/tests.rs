//! That every word has a page, that every page is whole, and that every example loads clean.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::load::{load, load_tests};
use crate::security::{Certificate, KeyPair, Secret, hash_password, with_user};
use crate::test_file::{is_test_file, known};
use crate::topology::keys;
use crate::zeromq::Role;

fn names_in(folder: &str, prefix: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain").join(folder);
    let names = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| format!("{prefix}{}", path.file_stem().unwrap().to_str().unwrap()))
        .collect()
}

#[test]
fn every_page_of_the_folder_is_in_the_program() {
    let mut written = names_in("", "");
    written.extend(names_in("codes", "codes/"));
    written.extend(names_in("functions", "functions/"));
    let listed: BTreeSet<String> = PAGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, written);
    for (name, text) in PAGES {
        assert!(Page::parse(text).is_some(), "{name}");
    }
}

#[test]
fn every_role_key_option_and_code_has_a_page() {
    let roles = Role::ALL.into_iter().map(|role| role.word().to_owned());
    let keys = keys::ALL.iter().flat_map(|keys| keys.iter()).map(|key| (*key).to_owned());
    let options = SocketOption::all().iter().map(|option| option.name.0.to_owned());
    let codes = Code::ALL.iter().map(|code| code.id().to_owned());
    let steps = known::STEPS.iter().map(|step| step.name.to_owned());
    let missing: Vec<String> = roles
        .chain(keys)
        .chain(options)
        .chain(codes)
        .chain(steps)
        .filter(|word| explain(word).is_none())
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_codes_page_begins_with_its_title() {
    for code in Code::ALL {
        let page = pages().iter().find(|page| page.word == code.id()).unwrap();
        let title = page.meaning.trim_end_matches('.').to_lowercase();
        assert_eq!(title, code.title().to_lowercase(), "{code}");
    }
}

#[test]
fn every_figure_of_always_has_its_line() {
    let text = explain("always").unwrap();
    for figure in known::FIGURES {
        let line = text.lines().find(|line| line.trim_start().starts_with(figure.name));
        let line = line.unwrap_or_else(|| panic!("{}", figure.name));
        assert!(line.ends_with(figure.meaning), "{line}");
        assert_eq!(line.contains(" nodes, sockets "), figure.of_sockets, "{line}");
    }
}

#[test]
fn what_a_page_points_to_is_there() {
    for page in pages() {
        let see = page.text.lines().rev().find_map(|line| line.strip_prefix("See: "));
        for word in see.unwrap_or_default().split(", ").filter(|word| !word.is_empty()) {
            assert!(explain(word).is_some(), "{}: {word}", page.word);
        }
    }
}

#[test]
fn words_are_found_as_people_write_them() {
    for word in [
        "slow joiner",
        "Slow-Joiner",
        "send_to",
        "send_to()",
        "send_to(socket, v)",
        "unpack",
        "ZMQ_ROUTER_MANDATORY",
        "zr0304",
        "hwm",
        "on_tick",
        "linger",
    ] {
        assert!(explain(word).is_some(), "{word}");
    }
    assert!(explain("conflate").unwrap().contains("ZMQ_CONFLATE"), "the term and the option");
    assert!(explain("max_sockets").unwrap().contains("context"));
    assert_eq!(explain("colour"), None);
    assert_eq!(nearest_word("ruoter"), Some("router"));
    assert_eq!(nearest_word("sha265"), Some("sha256"));
    assert_eq!(nearest_word("slow_joner"), Some("slow joiner"));
}

fn examples(text: &str) -> Vec<&str> {
    let blocks = text.split("```yaml\n").skip(1);
    blocks.filter_map(|block| block.split_once("```")).map(|(yaml, _)| yaml).collect()
}

/// What the examples take from the environment.
fn secrets(name: &str) -> Option<std::ffi::OsString> {
    let value = match name {
        "PASSWORD" => "hunter2",
        "SECRET_KEY" => "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
        "SERVER_SECRET_KEY" => "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
        _ => return None,
    };
    Some(value.into())
}

fn findings(name: &str, yaml: &str) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.yaml"));
    fs::write(&path, yaml).unwrap();
    let page = pages().iter().find(|page| page.word == name);
    for block in page.iter().flat_map(|page| page.text.split("```rhai ").skip(1)) {
        let (script, rest) = block.split_once('\n').unwrap();
        fs::write(folder.path().join(script), rest.split("```").next().unwrap()).unwrap();
    }
    if yaml.contains("security:") {
        make_certificates(folder.path());
    }
    if yaml.contains("users: ") {
        make_users(&folder.path().join("users.txt"));
    }
    if !is_test_file(&path, yaml) {
        return load(&path, &secrets).diagnostics;
    }
    for block in page.iter().flat_map(|page| page.text.split("```yaml ").skip(1)) {
        let (topology, rest) = block.split_once('\n').unwrap();
        fs::write(folder.path().join(topology), rest.split("```").next().unwrap()).unwrap();
    }
    load_tests(&path, &secrets).diagnostics
}

/// The file of users that examples speak of.
fn make_users(path: &Path) {
    let hash = hash_password(&Secret::new("hunter2")).unwrap();
    fs::write(path, with_user("", "front", &hash)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The folders of certificates that examples speak of.
fn make_certificates(folder: &Path) {
    for (name, mode, has_guests) in [
        ("keys", 0o600, true),
        ("shared", 0o644, true),
        ("lonely", 0o600, false),
        ("guests", 0o600, true),
    ] {
        let keys = folder.join(name);
        fs::create_dir_all(keys.join("allow")).unwrap();
        let names = [
            "desk",
            "front",
            "sink",
            "station",
            "display",
            "worker",
            "feed",
            "edge-counts",
            "hall-counts",
        ];
        for (name, into) in names.into_iter().map(|name| (name, &*keys)).chain([("alice", folder)])
        {
            let pair = Certificate::new(KeyPair::generate().unwrap(), name).unwrap();
            let now = SystemTime::now();
            let secret = into.join(format!("{name}.key_secret"));
            fs::write(&secret, pair.text(now).expose()).unwrap();
            fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
            let public = pair.public().text(now);
            fs::write(into.join(format!("{name}.key")), &public).unwrap();
            if has_guests {
                fs::write(keys.join(format!("allow/{name}.key")), public).unwrap();
            }
        }
    }
    let expired = folder.join("guests/allow/alice.key");
    let public = fs::read_to_string(folder.join("alice.key")).unwrap();
    let over = public.replace("\nmetadata\n", "\nmetadata\n    expires = \"2001-01-01\"\n");
    assert_ne!(over, public);
    fs::write(expired, over).unwrap();
}

#[test]
fn every_example_is_clean_and_every_faulty_one_is_faulty() {
    let is_run = |kind| kind == Kind::Option || kind == Kind::Function;
    for page in pages().iter().filter(|page| !is_run(page.kind)) {
        let examples = examples(&page.text);
        if page.kind != Kind::Code {
            assert!(!examples.is_empty(), "{}", page.word);
            for yaml in examples {
                assert_eq!(findings(page.word, yaml), [], "{}:\n{yaml}", page.word);
            }
            continue;
        }
        let [faulty, mended] = examples[..] else { panic!("{}", page.word) };
        let codes: Vec<&str> = findings(page.word, faulty).iter().map(|f| f.code.id()).collect();
        assert_eq!(codes, [page.word], "{faulty}");
        assert_eq!(findings(page.word, mended), [], "{}:\n{mended}", page.word);
    }
}

#[test]
fn the_example_of_every_option_is_taken() {
    for option in SocketOption::all() {
        let page = pages().iter().find(|page| page.word == option.name.0).unwrap();
        let role = option.roles[0];
        let options = examples(&page.text)[0].trim_end();
        let yaml = format!("nodes:\n  a:\n    role: {role}\n    connect: 5556\n    {options}\n");
        let faults = findings(page.word, &yaml);
        let wrong = [Code::OptionNotHere, Code::WrongType, Code::OutOfRange, Code::UnknownWord];
        assert!(!faults.iter().any(|fault| wrong.contains(&fault.code)), "{yaml}{faults:?}");
    }
}

/// What handlers may call, by the contract, with the functions of the engine that it speaks of.
const FUNCTIONS: &[&str] = &[
    "send",
    "send_to",
    "publish",
    "reply",
    "later",
    "subscribe",
    "unsubscribe",
    "connect",
    "disconnect",
    "bind",
    "unbind",
    "last_endpoint",
    "after",
    "cancel",
    "reset",
    "busy",
    "pause",
    "resume",
    "blob",
    "to_blob",
    "as_string",
    "extract",
    "to_array",
    "param",
    "node",
    "replica",
    "replica_index",
    "now",
    "elapsed",
    "print",
    "debug",
    "log",
    "count",
    "stop",
    "import",
    "call",
    "random",
    "pick",
    "shuffle",
    "uuid",
    "sha1",
    "sha256",
    "sha512",
    "md5",
    "hmac_sha256",
    "crc32",
    "to_hex",
    "from_hex",
    "to_base64",
    "from_base64",
    "to_z85",
    "from_z85",
    "compress",
    "decompress",
    "to_msgpack",
    "from_msgpack",
    "to_cbor",
    "from_cbor",
    "to_json",
    "parse_json",
    "pack",
    "unpack",
    "matches",
    "find",
    "captures",
    "replace_all",
    "time_text",
    "parse_time",
    "format",
    "parse_csv",
    "to_csv",
];

#[test]
fn every_function_has_a_page_with_an_example_that_calls_it() {
    for name in FUNCTIONS {
        let word = normal(name);
        let page = pages().iter().filter(|page| page.kind == Kind::Function).find(|page| {
            std::iter::once(&page.word).chain(&page.also).any(|word_of| normal(word_of) == word)
        });
        let Some(page) = page else { panic!("{name} has no page") };
        let is_called = function_examples(&page.text).iter().any(|(code, _)| code.contains(name));
        assert!(is_called, "no example of {} calls {name}", page.word);
        assert!(explain(name).unwrap().contains(&*page.text), "{name}");
    }
}

#[test]
fn what_an_example_of_a_function_says_comes_of_it() {
    for page in pages().iter().filter(|page| page.kind == Kind::Function) {
        let source = PAGES.iter().find(|(_, text)| text.contains(&*page.text)).unwrap().1;
        let sockets = source.lines().find_map(|line| line.strip_prefix("sockets: "));
        let examples = function_examples(&page.text);
        assert!(!examples.is_empty(), "{}", page.word);
        for (code, want) in examples {
            let got = example::outcome(&code, sockets.unwrap_or("in pull, out push"));
            assert_eq!(got, want, "{}:\n{code}", page.word);
        }
    }
}

/// The examples of a page: the code, and what it says comes of it.
fn function_examples(text: &str) -> Vec<(String, Vec<String>)> {
    let blocks = text.split("```rhai\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("```")).map(|(code, _)| code);
    blocks
        .map(|block| {
            let (said, code): (Vec<&str>, Vec<&str>) =
                block.lines().partition(|line| line.starts_with("// "));
            let said = said.iter().map(|line| line.trim_start_matches("// ").to_owned());
            (code.join("\n"), said.collect())
        })
        .collect()
}

/// Running the code of an example.
mod example {
    use crate::clock::RunClock;
    use std::collections::VecDeque;
    use std::rc::Rc;

    use crate::message::Frame;
    use crate::script::{
        Effect, Engine, Handler, Handlers, Inbound, Invocation, Level, NodeView, Route, ScriptText,
        SocketView,
    };
    use crate::zeromq::Role;

    /// What comes of a message with the text "Oslo 4.5" that the first socket received from "me".
    pub(super) fn outcome(code: &str, sockets: &str) -> Vec<String> {
        let whole = code.starts_with("import");
        let script = match whole {
            true => code.to_owned(),
            false => format!("fn on_timer(name) {{}} fn on_message(msg) {{ {code} }}"),
        };
        let sockets: Vec<SocketView> = sockets
            .split(", ")
            .map(|socket| {
                let (name, role) = socket.split_once(' ').unwrap();
                let role = Role::ALL.into_iter().find(|one| one.word() == role).unwrap();
                SocketView { name: name.into(), role, format: role.default_format(), msgid: 1000 }
            })
            .collect();
        let engine = Rc::new(Engine::new());
        let text = ScriptText {
            path: "example.rhai".into(),
            handlers: Handlers::File(script.into()),
            modules: [("tools.rhai".into(), "fn double(x) { x * 2 }".into())].into(),
        };
        let program = engine.compile(&text).unwrap_or_else(|faults| panic!("{code}: {faults:?}"));
        let view = NodeView {
            node: "worker".into(),
            replica: "worker.2".into(),
            replica_index: 2,
            seed: Some(1),
            params: serde_json::from_str(r#"{"rate": 5}"#).unwrap(),
            sockets: sockets.clone(),
            clock: RunClock::begun(),
            writes: false,
            state_limit: usize::MAX,
        };
        let mut handler = Handler::new(&engine, program, view);
        let envelope: &[&str] = if sockets[0].role == Role::Router {
            &["me"]
        } else if sockets[0].role == Role::Rep {
            &["me", ""]
        } else {
            &[]
        };
        let inbound = Inbound {
            socket: 0,
            payload: [Frame::from(payload(sockets[0].role))].into_iter().collect(),
            route: (!envelope.is_empty()).then(|| {
                let envelope = envelope.iter().map(|frame| Frame::from(*frame)).collect();
                Rc::new(Route { envelope })
            }),
        };
        let mut effects = VecDeque::new();
        handler
            .call_into(Invocation::Message(inbound), &mut effects)
            .unwrap_or_else(|error| panic!("{code}: {}", error.message));
        effects.iter().map(|effect| shown(effect, &sockets)).collect()
    }

    fn payload(role: Role) -> &'static str {
        if role == Role::Sub || role == Role::Pub { "1000 text Oslo 4.5" } else { "Oslo 4.5" }
    }

    fn shown(effect: &Effect, sockets: &[SocketView]) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let name = |socket: &usize| sockets[*socket].name.to_string();
        match effect {
            Effect::Send { socket, message } => {
                let frames: Vec<String> = message.frames.iter().map(|frame| text(frame)).collect();
                format!("{}: {}", name(socket), frames.join(" | "))
            }
            Effect::Write(frames) => frames.iter().map(|frame| text(frame)).collect(),
            Effect::Subscribe { socket, prefix } => {
                format!("{}: subscribe {:?}", name(socket), text(prefix))
            }
            Effect::Unsubscribe { socket, prefix } => {
                format!("{}: unsubscribe {:?}", name(socket), text(prefix))
            }
            Effect::Connect { socket, endpoint } => format!("{}: connect {endpoint}", name(socket)),
            Effect::Disconnect { socket, endpoint } => {
                format!("{}: disconnect {endpoint}", name(socket))
            }
            Effect::Bind { socket, wanted } => {
                format!("{}: bind {}", name(socket), wanted.endpoint)
            }
            Effect::Unbind { socket, wanted } => {
                format!("{}: unbind {}", name(socket), wanted.endpoint)
            }
            Effect::After { delay, name, .. } => format!("after {delay:?}: on_timer({name:?})"),
            Effect::Cancel { .. } => "cancels the timer".to_owned(),
            Effect::Busy { time } => format!("busy for {time:?}"),
            Effect::Owe { socket, within, .. } => {
                format!("{}: owes an answer for {within:?}", name(socket))
            }
            Effect::Pause { socket } => format!("takes nothing from socket {socket}"),
            Effect::Resume { socket } => format!("takes from socket {socket} again"),
            Effect::Log { level: Level::Info, text } => text.clone(),
            Effect::Log { level, text } => {
                format!("{}: {text}", format!("{level:?}").to_lowercase())
            }
            Effect::Count { name, by } => format!("count {name}: {by}"),
            Effect::Stop { status } => format!("stop {status}"),
        }
    }
}

#[test]
fn the_page_of_blobs_names_functions_that_there_are() {
    let vocabulary = crate::script::Engine::new().vocabulary();
    let page = PAGES.iter().find(|(name, _)| *name == "functions/blob").unwrap().1;
    let listed: String = page.lines().filter(|line| line.starts_with("    ")).collect();
    let mut names: Vec<&str> = listed
        .split('(')
        .filter_map(|before| before.rsplit(['.', ' ', ',', ';']).next())
        .filter(|name| !name.is_empty())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .collect();
    names.dedup();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        assert!(vocabulary.arguments_of(name).next().is_some(), "{name}");
    }
}
