//! `zrig keys` and `zrig users`: what they make, what they leave alone, and who else reads it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use zrig::security::{Certificate, KeyPair, PublicKey, Secret, Users};

use crate::support::Peer;

fn zrig(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have refused without having read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Standard output of what has to succeed.
#[track_caller]
fn done(arguments: &[&str], input: &str) -> String {
    let output = zrig(arguments, input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "zrig {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of what has to fail.
#[track_caller]
fn refused(arguments: &[&str], input: &str, status: i32) -> String {
    let output = zrig(arguments, input);
    assert_eq!(output.status.code(), Some(status), "zrig {arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn public(path: &Path) -> Certificate<PublicKey> {
    Certificate::<PublicKey>::read(&fs::read_to_string(path).unwrap()).unwrap()
}

fn secret(path: &Path) -> Certificate<KeyPair> {
    Certificate::<KeyPair>::read(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn keys_makes_what_is_missing_and_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("a/keys");
    let dir = keys.to_str().unwrap();
    let said = done(&["keys", dir, "alice", "bob", "alice"], "");
    assert_eq!(
        said,
        format!(
            "made   {dir}/alice.key and {dir}/alice.key_secret\n\
             made   {dir}/bob.key and {dir}/bob.key_secret\n"
        )
    );
    assert_eq!(mode(&keys), 0o700);
    for name in ["alice", "bob"] {
        let path = keys.join(format!("{name}.key_secret"));
        assert_eq!(mode(&path), 0o600);
        let own = secret(&path);
        assert_eq!(own.public(), public(&keys.join(format!("{name}.key"))));
        assert_eq!(own.metadata(), [("name".to_owned(), name.to_owned())]);
    }
    let alice = fs::read(keys.join("alice.key_secret")).unwrap();
    fs::remove_file(keys.join("bob.key")).unwrap();
    let bob = secret(&keys.join("bob.key_secret"));
    let said = done(&["keys", dir, "alice", "bob"], "");
    assert_eq!(
        said,
        format!(
            "there  {dir}/alice.key and {dir}/alice.key_secret\n\
             made   {dir}/bob.key, of {dir}/bob.key_secret\n"
        )
    );
    assert_eq!(fs::read(keys.join("alice.key_secret")).unwrap(), alice);
    assert_eq!(public(&keys.join("bob.key")), bob.public());
    // Nothing else lies there, such as a half written file.
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 4);
}

#[test]
fn keys_says_what_is_wrong_with_what_is_there_and_makes_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let at = |name: &str| folder.path().join(name);
    done(&["keys", dir, "open", "lone", "odd", "cut"], "");
    fs::set_permissions(at("open.key_secret"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(at("lone.key_secret")).unwrap();
    fs::copy(at("open.key"), at("odd.key")).unwrap();
    let text = fs::read_to_string(at("cut.key_secret")).unwrap();
    let key = secret(&at("cut.key_secret"));
    fs::write(at("cut.key_secret"), text.replace("secret-key = \"", "secret-key = \"x")).unwrap();
    let said = refused(&["keys", dir, "open", "lone", "odd", "cut", "new"], "", 1);
    for words in [
        format!("{dir}/open.key_secret can be read by others (mode 0640): `chmod 600 {dir}/open"),
        format!("{dir}/lone.key is there without its secret key"),
        format!("{dir}/odd.key does not belong to {dir}/odd.key_secret"),
        format!("{dir}/cut.key_secret:8:18: a key has 40 characters of Z85, and this has 41"),
    ] {
        assert!(said.contains(&words), "no {words:?} in {said}");
    }
    assert_eq!(said.lines().count(), 4);
    assert!(at("new.key").exists() && at("new.key_secret").exists());
    assert!(text.contains(&key.key().public().to_string()));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(refused(&["keys", dir, "x"], "", 1).contains("`chmod go-w` it first"));
    assert!(!at("x.key").exists());
    for name in ["../x", ".x", "a b", "a\u{1b}[2J", ""] {
        let said = refused(&["keys", dir, name], "", 2);
        assert!(said.contains("cannot name a certificate") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn keys_for_nobody_says_both_ways_to_name_somebody_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let said = refused(&["keys", keys.to_str().unwrap()], "", 2);
    assert!(said.contains("Give names") && said.contains("`--for FILE`"), "{said}");
    assert!(!keys.exists());
}

#[test]
fn keys_makes_one_for_each_node_of_a_file_also_of_one_with_faults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.yaml");
    let yaml = "nodes:\n  desk: {role: router, bind: 5555, on_message: '()'}\n  odd: {rol: x}\n";
    fs::write(&file, yaml).unwrap();
    let keys = folder.path().join("keys");
    let (dir, file) = (keys.to_str().unwrap(), file.to_str().unwrap());
    let said = done(&["keys", dir, "--for", file, "guest"], "");
    assert_eq!(said.lines().count(), 3);
    for name in ["desk", "odd", "guest"] {
        secret(&keys.join(format!("{name}.key_secret")));
    }
    let none = folder.path().join("none.yaml");
    assert!(refused(&["keys", dir, "--for", none.to_str().unwrap()], "", 2).contains("ZR0101"));
}

#[test]
fn pyzmq_reads_what_keys_writes_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    done(&["keys", dir, "ours"], "");
    Peer::certificates(dir).well();
    let theirs = secret(&folder.path().join("theirs.key_secret"));
    assert_eq!(public(&folder.path().join("theirs.key")).key(), theirs.public().key());
    let mail = ("mail".to_owned(), "a@b.c".to_owned());
    assert_eq!(theirs.metadata(), [mail]);
    // Its file is readable by all, as pyzmq leaves it.
    let secret = folder.path().join("theirs.key_secret");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(done(&["keys", dir, "theirs"], "").starts_with("there "));
}

#[test]
fn users_adds_changes_and_removes_one_and_keeps_the_other_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.txt");
    let path = file.to_str().unwrap();
    let users = || Users::read(&fs::read_to_string(&file).unwrap()).unwrap();
    let said = done(&["users", path, "alice"], "open sesame\nmore\n");
    assert_eq!(said, format!("added alice in {path}\n"));
    assert_eq!(mode(&file), 0o600);
    assert!(users().verify(b"alice", &Secret::new("open sesame")));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("alice:$argon2id$v=19$") && !text.contains("sesame"), "{text}");
    fs::write(&file, format!("# mine\n{text}")).unwrap();
    assert_eq!(done(&["users", path, "bob"], "geheim\r\n"), format!("added bob in {path}\n"));
    assert_eq!(done(&["users", path, "alice"], "other"), format!("changed alice in {path}\n"));
    let now = users();
    assert!(now.verify(b"alice", &Secret::new("other")));
    assert!(now.verify(b"bob", &Secret::new("geheim")));
    let said = done(&["users", path, "--remove", "alice"], "");
    assert_eq!(said, format!("removed alice in {path}\n"));
    assert_eq!(users().names().collect::<Vec<_>>(), ["bob"]);
    assert!(fs::read_to_string(&file).unwrap().starts_with("# mine\nbob:"));
    assert!(refused(&["users", path, "--remove", "alice"], "", 1).contains("no user `alice`"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn users_writes_nothing_where_it_refuses_and_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.txt");
    let path = file.to_str().unwrap();
    for (name, input, status, told) in [
        ("alice", "", 1, "an empty password"),
        ("alice", "\n", 1, "an empty password"),
        ("alice", &*"x".repeat(256), 1, "at most 255 bytes, and this has 256"),
        ("a:b", "geheim", 2, "holds no `:`"),
        ("a\u{1b}b", "geheim", 2, "no control characters"),
    ] {
        let said = refused(&["users", path, name], input, status);
        assert!(said.contains(told) && !said.contains("geheim"), "{said}");
    }
    assert!(!file.exists());
    fs::write(&file, "alice:geheim\n").unwrap();
    let said = refused(&["users", path, "bob"], "geheim\n", 1);
    assert!(said.contains("users.txt:1:7: this is no hash") && !said.contains("geheim"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "alice:geheim\n");
    refused(&["users", path], "", 2);
}

#[test]
fn a_terminal_is_asked_twice_and_shows_nothing_of_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.txt");
    let path = file.to_str().unwrap();
    let zrig = env!("CARGO_BIN_EXE_zrig");
    let told = Peer::typing("geheim7 geheim7", &[zrig, "users", path, "alice"]).well();
    assert_eq!(told["status"], 0, "{told}");
    let shown = told["shown"].as_str().unwrap();
    assert!(shown.contains("Password of alice: ") && !shown.contains("geheim7"), "{shown}");
    let users = Users::read(&fs::read_to_string(&file).unwrap()).unwrap();
    assert!(users.verify(b"alice", &Secret::new("geheim7")));
    let told = Peer::typing("geheim7 geheim8", &[zrig, "users", path, "bob"]).well();
    assert_eq!(told["status"], 1, "{told}");
    assert!(told["shown"].as_str().unwrap().contains("the two passwords differ"), "{told}");
    assert!(!users.has(b"bob"));
}
