//! Keys and passwords are used and never shown: the program through everything that prints.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use zrig::security::{Secret, hash_password, with_user};

use crate::client::{Desk, Follower};
use crate::support::{Zrig, eventually, free_ports, http};

/// The pair of the manual page.
const SECRET_KEY: &str = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";
const PUBLIC_KEY: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
const SERVER_KEY: &str = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

/// A password that is written, the one that an edit puts there, and one of the environment.
const WRITTEN: &str = "geheim-7301";
const EDITED: &str = "geheim-8412";
const OUTSIDE: &str = "geheim-9523";

/// Fails where a text has one of them, also as the numbers of its bytes or as hexadecimal digits.
#[track_caller]
fn assert_hushed(what: &str, text: &str) {
    for secret in [WRITTEN, EDITED, OUTSIDE, SECRET_KEY] {
        let numbers = format!("{:?}", secret.as_bytes());
        let digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let numbers = numbers.trim_matches(['[', ']']);
        for form in [secret, numbers, &digits, &secret[..secret.len() - 1]] {
            assert!(!text.contains(form), "{what} shows {form}:\n{text}");
        }
    }
}

fn yaml(ports: [u16; 3], password: &str) -> String {
    let [plain, curve, news] = ports;
    format!(
        "
name: hush
nodes:
  guard:
    role: rep
    bind: inproc://zeromq.zap.01
    on_message: |
      [\"1.0\", msg.frames[1], \"200\", \"OK\", \"ann\", \"\"]
  server: {{role: rep, bind: {plain}, options: {{plain_server: true}}, on_message: msg}}
  client:
    role: req
    connect: server
    every: 100ms
    options: {{plain_username: ann, plain_password: \"{password}\"}}
    on_tick: send(\"hello\")
    on_message: count(\"answers\")
  other:
    role: req
    connect: server
    every: 100ms
    params: {{limit: 1}}
    options:
      plain_username: ann
      plain_password: \"${{OUTSIDE}}\"
    on_tick: send(\"hello\")
    on_message: throw \"no\"
  curved:
    role: push
    connect: tcp://127.0.0.1:{curve}
    options:
      curve_serverkey: '{SERVER_KEY}'
      curve_publickey: '{PUBLIC_KEY}'
      curve_secretkey: \"${{SECRET_KEY}}\"
  news: {{role: pub, bind: {news}, every: 100ms, on_tick: 'publish(1, now())'}}
"
    )
}

/// The same by `plain`, whose passwords the run itself checks.
fn yaml_of_keys(ports: [u16; 3], password: &str) -> String {
    let [plain, other, news] = ports;
    format!(
        "
name: hush
nodes:
  server: {{role: rep, bind: {plain}, plain: {{users: users.txt}}, on_message: msg}}
  client:
    role: req
    connect: server
    every: 100ms
    plain: {{user: ann, password: \"{password}\"}}
    on_tick: send(\"hello\")
    on_message: count(\"answers\")
  other:
    role: req
    connect: server
    every: 100ms
    plain: {{user: bob, password: \"${{OUTSIDE}}\"}}
    on_tick: send(\"hello\")
    on_message: throw \"no\"
  curved: {{role: push, connect: {other}, plain: {{user: carol, password: \"${{SECRET_KEY}}\"}}}}
  news: {{role: pub, bind: {news}, every: 100ms, on_tick: 'publish(1, now())'}}
"
    )
}

#[test]
fn no_output_of_a_run_or_of_a_command_beside_it_shows_a_secret() {
    hushed(&yaml, "guard", "ZR0114", "client");
}

#[test]
fn no_output_shows_a_password_of_plain_either_while_it_is_right_or_wrong() {
    hushed(&yaml_of_keys, "server", "ZR0105", "client");
}

/// Runs a topology with a password that is written into it, and looks at all that is said of it: also of
/// an edit that is refused by this code, and of one whose plan has this word.
fn hushed(yaml: &dyn Fn([u16; 3], &str) -> String, tapped: &str, code: &str, changed: &str) {
    let desk = Desk::new();
    let [plain, curve, news, metrics] = free_ports();
    let ports = [plain, curve, news];
    let users = [("ann", WRITTEN), ("ann2", EDITED), ("bob", OUTSIDE)];
    let users = users.iter().fold(String::new(), |text, (name, password)| {
        with_user(&text, name, &hash_password(&Secret::new(*password)).unwrap())
    });
    let zrig = Zrig::of(&yaml(ports, WRITTEN))
        .with("users.txt", users)
        .environment("OUTSIDE", OUTSIDE)
        .environment("SECRET_KEY", SECRET_KEY);
    let only_ours = fs::Permissions::from_mode(0o600);
    fs::set_permissions(zrig.path("users.txt"), only_ours).unwrap();
    let receipts = zrig.path("receipts.jsonl");
    let run = desk.start(zrig.arguments([
        "--log",
        "trace",
        "--metrics",
        &metrics.to_string(),
        "--receipts",
        receipts.to_str().unwrap(),
    ]));
    let file = run.path("topology.yaml");
    let old = run.path("old.yaml");
    fs::copy(&file, &old).unwrap();
    let (path, old) = (file.to_str().unwrap(), old.to_str().unwrap());
    let follow = |arguments: &[&str]| {
        let mut command = desk.command([]);
        Follower::of(command.args(arguments))
    };
    let followers = [
        follow(&["tap", "hush"]),
        follow(&["tap", "hush", "--all", "--format", "json"]),
        follow(&["tap", "hush", tapped, "--frames"]),
        follow(&["events", "hush"]),
        follow(&["events", "hush", "--format", "json"]),
    ];
    run.says("other");
    // An edit that is refused beside a password, and one that changes it.
    let wrong = yaml(ports, WRITTEN).replacen("ann, p", "ann, wrong: 1, p", 1);
    fs::write(&file, wrong).unwrap();
    run.says(code);
    fs::write(&file, yaml(ports, EDITED)).unwrap();
    run.says(&format!("~ {changed}"));
    for follower in &followers[..3] {
        follower.shows("");
    }
    for path in ["/metrics", "/topology", "/", "/readyz", "/nowhere"] {
        let answer = http::get(metrics, path);
        assert_hushed(path, &format!("{}{}", answer.head, answer.body));
    }
    for arguments in [
        &["check", path][..],
        &["check", path, "--format", "short"],
        &["check", path, "--format", "json"],
        &["plan", old, path],
        &["plan", old, path, "--format", "json"],
        &["graph", path],
        &["graph", path, "--format", "svg"],
        &["graph", path, "--format", "dot"],
        &["graph", path, "--format", "mermaid"],
        &["graph", path, "--live", "hush"],
        &["top", "hush", "--once"],
        &["top", "hush", "--once", "--format", "json"],
        &["send", "hush", "news", "hello"],
        &["call", "hush", "server", "hello"],
    ] {
        let mut command = desk.command([]);
        command.env("OUTSIDE", OUTSIDE).env("SECRET_KEY", SECRET_KEY);
        let output = command.args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.is_empty() || arguments[0] == "send", "{arguments:?} says nothing");
        assert_hushed(&format!("{arguments:?}"), &String::from_utf8_lossy(&said));
    }
    eventually("a receipt of either edit", || {
        fs::read_to_string(&receipts).is_ok_and(|text| text.lines().count() >= 2)
    });
    assert_hushed("the receipts", &fs::read_to_string(&receipts).unwrap());
    let ending = run.stop();
    assert_hushed("the log", &ending.text());
    assert_hushed("standard output", &ending.out.join("\n"));
    for follower in followers {
        let lines = follower.out.as_ref().unwrap().all().join("\n");
        assert_hushed("a tap or events", &lines);
        assert_hushed("its errors", &follower.errors.all().join("\n"));
    }
}

/// Options of a node, each wrong in its way, with the secret at §.
const FAULTY: [&str; 24] = [
    "{plain_username: ann, plain_password: §, wrong: 1}",
    "{wrong: 1, plain_username: ann, plain_password: '§'}",
    "{plain_username: ann, plain_pasword: §}",
    "{plain_username: ann, password: §}",
    "{plain_username: ann, PLAIN_PASSWORD: §}",
    "{plain_username: ann, plain_password: [§]}",
    "{plain_username: ann, plain_password: {a: §}}",
    "{plain_username: ann, plain_password: §, plain_password: §}",
    "{plain_username: ann, plain_password: \"§§§§§§§§§§§§§§§§§§§§§§§§§§§§§§§§\"}",
    "{plain_password: §}",
    "{curve_secretkey: §}",
    "{plain_username: ann, plain_password: *§}",
    "{plain_username: ann, plain_password: @§}",
    "{plain_username: ann, plain_password: %§}",
    "{plain_username: ann, plain_password: \"§}",
    "{plain_username: ann, plain_password: \"§\\q\"}",
    "{plain_username: ann, plain_password: !odd §}",
    "{plain_username: ann, plain_password: \"a${§ b}\"}",
    "{plain_username: ann, plain_password: \"a${§\"}",
    "{plain_username: ann, plain_password: \"${P:-§}\", wrong: 1}",
    "\n      plain_username: ann\n      plain_password: §: x",
    "\n      plain_username: ann\n      plain_password: |\n        §\n      wrong: 1",
    "\n      plain_username: ann\n      plain_password:\n        §\n     wrong: 1",
    "\n      plain_username: ann\n      plain_password: \"a\n        §\" b\n      wrong: 1",
];

#[test]
fn no_fault_beside_a_secret_shows_it_in_any_form() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    for (at, options) in FAULTY.iter().enumerate() {
        let options = options.replace('§', WRITTEN);
        let yaml = format!(
            "nodes:\n  a:\n    role: pull\n    connect: 'tcp://10.0.0.1:5'\n    on_message: '()'\n    \
             options: {options}\n"
        );
        let file = folder.path().join(format!("faulty{at}.yaml"));
        fs::write(&file, yaml).unwrap();
        let path = file.to_str().unwrap();
        for arguments in [
            &["check", path][..],
            &["check", path, "--format", "short"],
            &["check", path, "--format", "json"],
            &["run", path, "--log", "trace"],
            &["run", path, "--log-format", "json"],
            &["graph", path],
            &["plan", path, path],
        ] {
            let output = desk.command([]).args(arguments).output().unwrap();
            assert_ne!(output.status.code(), Some(0), "{options} is well");
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(!said.is_empty());
            assert_hushed(&format!("{arguments:?} of {options}"), &said);
        }
    }
}

#[test]
fn a_secret_in_a_certificate_or_a_command_line_is_not_repeated() {
    let desk = Desk::new();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().to_str().unwrap();
    desk.ask(["keys", keys, "a"]).well();
    let secret = folder.path().join("a.key_secret");
    for text in [
        format!("{SECRET_KEY}\n"),
        format!("curve\n    {SECRET_KEY}\n"),
        format!("curve\n    {SECRET_KEY} = 1\n"),
        format!("curve\n    public-key = \"{SECRET_KEY}\n"),
        format!("curve\n    public-key = \"{SERVER_KEY}\"\n    secret-key = \"{SECRET_KEY}\"\n"),
    ] {
        fs::write(&secret, text).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let said = desk.ask(["keys", keys, "a"]);
        assert_eq!(said.status, Some(1), "{said:?}");
        assert_hushed("keys", &format!("{said:?}"));
    }
    let file = folder.path().join("t.yaml");
    fs::write(&file, "nodes: {a: {role: pull, bind: 'inproc://a', on_message: '()'}}").unwrap();
    let path = file.to_str().unwrap();
    for set in [OUTSIDE.to_owned(), format!("={OUTSIDE}"), format!("P={OUTSIDE}")] {
        let said = desk.ask(["check", path, "--set", &set]);
        assert_eq!(said.status, Some(2), "{said:?}");
        assert_hushed("check --set", &format!("{said:?}"));
    }
}
