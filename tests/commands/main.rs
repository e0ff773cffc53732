//! Commands that run no topology: what they write, print and refuse, by the built program.
//!
//! Owns what a user relies on of them. What they do inside is tested beside the code.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod formatting;
mod generated;
mod learning;
mod new;
mod version;

use std::path::Path;
use std::process::{Command, Output};

/// What a command printed, and how it ended.
struct Done {
    status: Option<i32>,
    out: String,
    said: String,
}

/// Carries out a command in a folder.
fn zrig_in<S: AsRef<std::ffi::OsStr>>(folder: &Path, arguments: &[S]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zrig"));
    command.current_dir(folder).args(arguments);
    done(command.output().unwrap())
}

/// Carries out a command.
fn zrig<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Done {
    zrig_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

fn done(output: Output) -> Done {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code(), out: text(output.stdout), said: text(output.stderr) }
}

impl Done {
    /// What it printed, where it did what it should and said nothing beside.
    #[track_caller]
    fn well(self) -> String {
        assert_eq!((self.status, &*self.said), (Some(0), ""), "{}", self.out);
        self.out
    }
}
