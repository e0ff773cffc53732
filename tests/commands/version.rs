//! `zrig --version`.

use crate::zrig;

#[test]
fn the_version_says_which_libzmq_is_inside_and_what_that_can_do() {
    let said = zrig(&["--version"]).well();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], concat!("zrig ", env!("CARGO_PKG_VERSION")));
    let (major, minor, patch) = zmq::version();
    let patched = if cfg!(feature = "patched-libzmq") {
        "patched"
    } else {
        "with the patches it needs alone"
    };
    assert!(lines.contains(&&*format!("libzmq: {major}.{minor}.{patch}, {patched}")), "{said}");
    let features = lines.iter().find_map(|line| line.strip_prefix("features: ")).unwrap();
    let features: Vec<&str> = features.split(", ").collect();
    // What no topology could do without; and what is there is what libzmq says is there.
    for wanted in ["curve", "draft", "ipc", "ws"] {
        assert!(features.contains(&wanted), "{said}");
    }
    for (word, ours) in [("gssapi", "gssapi"), ("pgm", "pgm"), ("WSS", "wss"), ("tipc", "tipc")] {
        assert_eq!(zmq::has(word) == Some(true), features.contains(&ours), "{word}");
    }
}

#[test]
fn the_commit_is_said_where_the_build_was_told_it_and_nowhere_else() {
    let said = zrig(&["--version"]).well();
    let commit = said.lines().find_map(|line| line.strip_prefix("commit: "));
    assert_eq!(commit, option_env!("ZRIG_COMMIT").filter(|commit| !commit.is_empty()));
}

#[test]
fn the_short_version_is_one_line() {
    assert_eq!(zrig(&["-V"]).well(), concat!("zrig ", env!("CARGO_PKG_VERSION"), "\n"));
}
