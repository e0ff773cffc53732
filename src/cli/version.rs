//! `zrig --version`: which program this is, and on which libzmq.
//!
//! Owns what is said of it. What libzmq can do is asked of it by `node/`.

use std::sync::LazyLock;

use crate::node::library;

/// From what the program was built, where whoever packaged it said so: a variable of the build, since a
/// build that looked into git would not go in an archive, and would begin anew with each commit.
const COMMIT: Option<&str> = option_env!("ZRIG_COMMIT");

/// What stands behind `zrig`: the version, the commit where it is known, and the libzmq.
pub(super) fn long() -> &'static str {
    static SAID: LazyLock<String> = LazyLock::new(said);
    &SAID
}

fn said() -> String {
    let library = library();
    let patches = if library.is_patched { "patched" } else { "with the patches it needs alone" };
    let mut said = env!("CARGO_PKG_VERSION").to_owned();
    if let Some(commit) = COMMIT.filter(|commit| !commit.is_empty()) {
        said.push_str(&format!("\ncommit: {commit}"));
    }
    said.push_str(&format!("\nlibzmq: {}, {patches}", library.version));
    said.push_str(&format!("\nfeatures: {}", library.features.join(", ")));
    said
}
