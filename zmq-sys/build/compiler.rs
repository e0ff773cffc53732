//! Owns the compiler that sees libzmq: this build script itself, standing in for the real one. What
//! it compiles is one file that includes all others, so that what is called for each message is
//! inlined: each class of libzmq's has a file of its own.
//!
//! It never compiles what nobody looked at: sources that are not libzmq's, a file that is named here
//! and not there, and a patch that does not fit end the build.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::sources;

/// The real compiler, for a build script that was started as a compiler.
pub(crate) const REAL_COMPILER: &str = "ZMQ_SYS_REAL_COMPILER";

/// The features of this crate that patches belong to, and whether they are asked for.
const FEATURES: &[(&str, bool)] =
    &[("needed", cfg!(feature = "needed")), ("patched", cfg!(feature = "patched"))];

/// The file that stands for all of them.
const WHOLE: &str = "zmq.cpp";

/// Calls the real compiler, with all of libzmq in the place of one of its files and nothing in the
/// place of the others.
pub(crate) fn compile(compiler: &str) -> ExitCode {
    match stand_in(compiler, env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("zmq-sys: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn stand_in(compiler: &str, mut arguments: Vec<String>) -> Result<ExitCode, String> {
    // What tries the compiler out is C, and none of libzmq.
    let source = arguments.iter().position(|argument| argument.ends_with(".cpp"));
    if let Some(at) = source {
        let path = PathBuf::from(&arguments[at]);
        let folder = path.parent().unwrap_or(Path::new("."));
        sources::look(folder)?;
        let tree = tree();
        if path.ends_with(WHOLE) {
            sources::copy(folder, &tree)?;
            let crate_folder = env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?;
            sources::patch(&tree, &PathBuf::from(crate_folder).join("patches"), FEATURES)?;
            let whole = tree.join(sources::INCLUDED).join("whole.cpp");
            sources::write(&whole, &sources::whole(&tree)?)?;
            // Includes of its own come first: the patched ones.
            arguments[at] = whole.display().to_string();
            sources::write(&tree.join("arguments"), &arguments.join("\n"))?;
        } else {
            let nothing = tree.join(format!("nothing.{}.cpp", std::process::id()));
            sources::write(&nothing, "")?;
            arguments[at] = nothing.display().to_string();
        }
    }
    let mut words = compiler.split_whitespace();
    let program = words.next().ok_or("no C++ compiler is named")?;
    let status = Command::new(program)
        .args(words)
        .args(&arguments)
        .status()
        .map_err(|error| format!("the C++ compiler does not run: {program}: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// That what was to be compiled has been: nobody may go round the stand-in.
pub(crate) fn assert_compiled() {
    let arguments = tree().join("arguments");
    assert!(arguments.is_file(), "libzmq was compiled without zmq-sys/build/compiler.rs");
}

/// Forgets what an earlier build of this folder compiled.
pub(crate) fn start() {
    let tree = tree();
    if tree.exists() {
        fs::remove_dir_all(&tree)
            .unwrap_or_else(|error| panic!("cannot remove {}: {error}", tree.display()));
    }
}

/// Where the sources that are compiled are, for whoever wants to read them.
fn tree() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("libzmq")
}
