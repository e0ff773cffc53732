//! Who may look into a run, how a run is found, and what bad clients cannot do.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use crate::client::Desk;
use crate::support::{PATIENCE, Zrig, eventually};

const ECHO: &str = "
name: echo
nodes:
  desk: {role: rep, bind: 'tcp://127.0.0.1:*', on_message: 'msg.text + \"!\"'}
";

#[test]
fn a_run_is_found_by_its_name_its_file_and_its_process() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    let link = desk.path().join("link.yaml");
    symlink(run.path("topology.yaml"), &link).unwrap();
    for name in [
        "echo".to_owned(),
        run.path("topology.yaml").display().to_string(),
        link.display().to_string(),
        run.id().to_string(),
        desk.sockets()[0].display().to_string(),
    ] {
        assert_eq!(desk.ask(["call", &name, "desk", "hi"]).well(), "hi!\n", "{name}");
    }
    run.stop();
    assert_eq!(desk.sockets(), [""; 0].map(Path::new), "a run takes its socket with it");
}

#[test]
fn a_name_that_fits_none_or_several_lists_what_runs() {
    let desk = Desk::new();
    desk.ask(["tap", "echo", "desk"]).fails(2, ["nothing runs"]);
    let first = desk.run(ECHO);
    desk.ask(["tap", "ecco", "desk"])
        .fails(2, ["no run of ecco", "echo (process ", "topology.yaml"]);
    let second = desk.run(ECHO);
    let (one, two) = (first.id().to_string(), second.id().to_string());
    desk.ask(["call", "echo", "desk", "hi"]).fails(2, ["several runs of echo", &one, &two]);
    assert_eq!(desk.ask(["call", &two, "desk", "hi"]).well(), "hi!\n");
}

#[test]
fn a_run_that_stands_still_is_listed_and_keeps_its_socket() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    run.signal("STOP");
    desk.ask(["call", "echo", "desk", "hi"]).fails(2, ["no run of echo", "silent"]);
    run.signal("CONT");
    assert_eq!(desk.ask(["call", "echo", "desk", "hi"]).well(), "hi!\n");
    run.stop();
}

#[test]
fn the_socket_of_a_run_that_was_killed_is_removed() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    run.signal("KILL");
    run.ends();
    assert_eq!(desk.sockets().len(), 1, "nobody was there to remove it");
    desk.ask(["call", "echo", "desk", "hi"]).fails(2, ["nothing runs"]);
    assert_eq!(desk.sockets().len(), 0);
}

#[test]
fn a_run_goes_on_without_its_control_socket() {
    for spoil in [
        (|folder: &Path| std::fs::write(folder, "").unwrap()) as fn(&Path),
        |folder| {
            std::fs::create_dir(folder).unwrap();
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
        },
        |folder| symlink("/tmp", folder).unwrap(),
    ] {
        let desk = Desk::new();
        // Neither its own folder, nor the other one that it would take instead.
        spoil(&desk.path().join("zrig"));
        spoil(&desk.path().join(format!("zrig-{}", user())));
        let run = Zrig::of(
            "nodes: {a: {role: pub, bind: 'inproc://a', every: 10ms, on_tick: 'print(\"tick\")'}}",
        )
        .environment("XDG_RUNTIME_DIR", desk.path().display())
        .environment("TMPDIR", desk.path().display())
        .start();
        let line = run.says("no control socket");
        assert!(line.contains("/zrig has to be") && line.contains(&format!("/zrig-{}", user())));
        run.says_times("tick", 3);
        run.stop();
    }
}

#[test]
fn the_socket_is_its_owners_alone_and_refuses_another_user() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    let socket = desk.sockets().remove(0);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    if !is_root() {
        println!("not shown: that another user is refused, which takes root to try");
        return;
    }
    let as_another = |path: &Path| {
        let code = "import socket, sys\n\
            s = socket.socket(socket.AF_UNIX)\n\
            s.settimeout(20)\n\
            try:\n    s.connect(sys.argv[1])\n\
            except PermissionError: print('no permission'); sys.exit()\n\
            try:\n    s.sendall(b'{\"zrig\":1,\"ask\":\"hello\"}\\n')\n\
            except BrokenPipeError: pass  # it may be refused before it asks\n\
            print(s.makefile().readline())\n";
        let output = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/env"])
            .args(["python3", "-c", code])
            .arg(path)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(as_another(&socket), "no permission\n");
    // Even where the file system lets it in.
    for (path, mode) in
        [(desk.path(), 0o755), (socket.parent().unwrap(), 0o755), (socket.as_path(), 0o666)]
    {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    let said = as_another(&socket);
    assert!(said.contains("belongs to another user") && !said.contains("echo"), "{said}");
    run.stop();
}

fn is_root() -> bool {
    user() == "0"
}

fn user() -> String {
    let output = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_run_whose_runtime_folder_is_of_no_use_has_its_socket_elsewhere_and_is_found() {
    let long = "a".repeat(60);
    type Spoil = fn(&Path);
    let spoils: [(&str, Spoil, &str); 5] = [
        ("missing", |_| (), "XDG_RUNTIME_DIR"),
        ("file", |at| std::fs::write(at, "").unwrap(), "it is no folder"),
        (&format!("{long}/{long}"), |at| std::fs::create_dir_all(at).unwrap(), "at most 107"),
        (
            "wide",
            |at| {
                let folder = at.join("zrig");
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
            },
            "others may use it (mode 0755)",
        ),
        (
            "foreign",
            |at| {
                std::fs::create_dir(at).unwrap();
                // Whom permissions stop is stopped by them, root by whose it is.
                match is_root() {
                    true => chown(at, Some(65534), None).unwrap(),
                    false => {
                        std::fs::set_permissions(at, PermissionsExt::from_mode(0o500)).unwrap();
                    }
                }
            },
            if is_root() { "it belongs to user 65534" } else { "cannot be made" },
        ),
    ];
    for (name, spoil, why) in spoils {
        let desk = Desk::new();
        let runtime = desk.path().join(name);
        spoil(&runtime);
        let run = Zrig::of(ECHO)
            .environment("XDG_RUNTIME_DIR", runtime.display())
            .environment("TMPDIR", desk.path().display())
            .start();
        let line = run.says("the control socket is ");
        let socket = format!("{}/zrig-{}/echo.{}.sock", desk.path().display(), user(), run.id());
        assert!(line.contains("  warn  ") && line.contains(&socket), "{line}");
        assert!(line.contains(why), "{line}");
        for given in [runtime.as_path(), desk.path()] {
            let mut command = desk.command(["call", "echo", "desk", "hi"]);
            let said = command.env("XDG_RUNTIME_DIR", given).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&said.stdout), "hi!\n", "{said:?}");
        }
        let ending = run.stop();
        assert_eq!(ending.times("control socket"), 1, "{}", ending.text());
    }
}

#[test]
fn a_folder_or_a_socket_that_may_not_be_entered_is_not_said_to_hold_nothing() {
    let desk = Desk::new();
    let folder = desk.path().join("zrig");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let folder = folder.display().to_string();
    desk.ask(["call", "echo", "desk", "hi"]).fails(
        2,
        ["no run of echo can be seen", &folder, "others may use it (mode 0755): `chmod 700` it"],
    );
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    let run = desk.run(ECHO);
    let socket = desk.sockets().remove(0).display().to_string();
    let says = |said: std::process::Output, words: &[&str]| {
        let errors = String::from_utf8_lossy(&said.stderr);
        for word in words {
            assert!(errors.contains(word), "no {word:?} in {errors:?}");
        }
        assert!(!errors.contains("nothing runs") && said.status.code() != Some(0), "{said:?}");
    };
    if is_root() {
        let as_another = |run: &str, runtime: &Path| {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(env!("CARGO_BIN_EXE_zrig"))
                .args(["call", run, "desk", "hi"])
                .env("XDG_RUNTIME_DIR", runtime)
                .env("TMPDIR", desk.path());
            command.output()
        };
        // The program may lie where another user cannot start it.
        let can = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .args([env!("CARGO_BIN_EXE_zrig"), "--version"])
            .output()
            .is_ok_and(|said| said.status.success());
        if can {
            let whose = "it belongs to user 0 (root)";
            let bar = format!("/zrig may not be entered: {whose}");
            says(as_another(&socket, desk.path()).unwrap(), &[&bar, "act as user 0"]);
            says(as_another("echo", desk.path()).unwrap(), &["no run of echo can be seen", whose]);
        } else {
            println!("not shown: what another user is told, who cannot start the program here");
        }
        // And root, of a folder of somebody else.
        chown(desk.path(), Some(65534), None).unwrap();
        desk.ask(["call", "echo", "desk", "hi"])
            .fails(2, ["no run of echo can be seen", "it belongs to user 65534"]);
        assert_eq!(desk.ask(["call", &socket, "desk", "hi"]).well(), "hi!\n");
    } else {
        let mode = |path: &str, mode| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        mode(&socket, 0o000);
        for name in ["echo", &socket] {
            let said = desk.command(["call", name, "desk", "hi"]).output().unwrap();
            says(said, &["may not be entered: it is yours, but its mode is 0000"]);
        }
        mode(&folder, 0o000);
        let said = desk.command(["call", "echo", "desk", "hi"]).output().unwrap();
        says(said, &["it is yours, but its mode is 0000"]);
        mode(&folder, 0o700);
    }
    run.stop();
}

#[test]
fn garbage_and_clients_that_neither_speak_nor_read_harm_nothing() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    let socket = desk.sockets().remove(0);
    let connect = || {
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let long = vec![b'x'; 3 << 20];
    let deep = format!("{}\n", "[".repeat(100_000));
    for (bytes, word) in [
        (&b"\xff\x00\x80\n"[..], "JSON"),
        (b"GET / HTTP/1.1\r\n\r\n", "JSON"),
        (b"{}\n", "version"),
        (b"{\"zrig\":1,\"ask\":\"tap\",\"target\":\"../..\"}\n", "form NODE"),
        (b"{\"zrig\":1,\"ask\":\"tap\",\"target\":\"desk\",\"filter\":\"((((\"}\n", "filter:1:"),
        (&long, "at most"),
        (deep.as_bytes(), "JSON"),
    ] {
        let mut stream = connect();
        // It may hang up before it has read all.
        let _ = stream.write_all(bytes);
        let mut line = String::new();
        // What it said may be lost with the connection that still had bytes to read.
        if BufReader::new(&stream).read_line(&mut line).is_ok() {
            assert!(line.contains(word) && line.contains("failed"), "{line:?}");
        }
    }
    // Half a request, and no more.
    let mut half = connect();
    half.write_all(b"{\"zrig\":1,").unwrap();
    // Questions without end, and no answer read.
    let mut deaf = connect();
    deaf.set_nonblocking(true).unwrap();
    while deaf.write(b"{\"zrig\":1,\"ask\":\"hello\"}\n").is_ok() {}
    // A thousand at a time; those that are too many are told so.
    let crowd: Vec<UnixStream> =
        (0..1000).filter_map(|_| UnixStream::connect(&socket).ok()).collect();
    let mut refused = String::new();
    let mut last = crowd.last().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    last.read_to_string(&mut refused).unwrap();
    assert!(refused.contains("clients are connected already"), "{refused}");
    drop(crowd);
    eventually("a client is served again", || {
        desk.ask(["call", "echo", "desk", "hi"]).out == "hi!\n"
    });
    drop((half, deaf));
    run.stop();
}

#[test]
fn so_many_taps_have_a_thread_and_no_more() {
    let desk = Desk::new();
    let run = desk.run(ECHO);
    let threads = || std::fs::read_dir(format!("/proc/{}/task", run.id())).unwrap().count();
    let before = threads();
    let taps: Vec<_> = (0..16).map(|_| desk.tap(["echo", "desk"])).collect();
    eventually("sixteen taps", || threads() == before + 16);
    desk.ask(["tap", "echo", "desk"]).fails(1, ["16 taps look at this run already"]);
    drop(taps);
    eventually("their threads end with their clients", || threads() == before);
    run.stop();
}
