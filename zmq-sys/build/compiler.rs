//! Owns the compiler that sees libzmq: this build script itself, standing in for the real one. What
//! it compiles is one file that includes all others, so that what is called for each message is
//! inlined: each class of libzmq's has a file of its own.
//!
//! It never changes what is on disk but its own copies, and never passes over an edit that does
//! not fit: the version of the sources is pinned, so each place is there exactly once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::edits::{EDITED, Edit, HEADERS};

/// The real compiler, for a build script that was started as a compiler.
pub(crate) const REAL_COMPILER: &str = "ZMQ_SYS_REAL_COMPILER";

/// The file that stands for all of them.
const WHOLE: &str = "zmq.cpp";
/// What needs GnuTLS, which is not here.
const LEFT_OUT: &[&str] = &["wss_address.cpp", "wss_engine.cpp"];

/// Calls the real compiler, with all of libzmq in the place of one of its files and nothing in the
/// place of the others.
pub(crate) fn compile(compiler: &str) -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let source = arguments.iter().position(|argument| argument.ends_with(".cpp"));
    if let Some(at) = source {
        let path = PathBuf::from(&arguments[at]);
        let folder = path.parent().unwrap_or(Path::new("."));
        if folder.join("config.hpp").exists() {
            arguments[at] = if path.ends_with(WHOLE) {
                written("whole.cpp", &whole_of(folder))
            } else {
                written("nothing.cpp", "")
            };
        }
    }
    let mut words = compiler.split_whitespace();
    let status =
        words.next().ok_or_else(|| "no compiler is named".to_owned()).and_then(|program| {
            let mut command = Command::new(program);
            command.args(words).args(&arguments);
            command.status().map_err(|error| format!("{program}: {error}"))
        });
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zmq-sys: the C++ compiler does not run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A file that includes every source file of a folder, edited where there is an edit.
fn whole_of(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    let mut sources: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder can be read to its end").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .filter(|path| !LEFT_OUT.iter().any(|name| path.ends_with(name)))
        .collect();
    sources.sort();
    let mut text = "#include \"precompiled.hpp\"\n".to_owned();
    for (name, edits) in HEADERS {
        text += &format!("#include \"{}\"\n", edited(&folder.join(name), edits));
    }
    for path in sources {
        let edits = EDITED.iter().find(|(name, _)| path.ends_with(name));
        let path = edits.map_or_else(|| path.display().to_string(), |(_, all)| edited(&path, all));
        text += &format!("#include \"{path}\"\n");
    }
    text
}

/// Writes the edited copy of a file, and returns where it is.
fn edited(path: &Path, edits: &[&[Edit]]) -> String {
    let mut text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    for (from, to) in edits.iter().copied().flatten() {
        assert_eq!(text.matches(from).count(), 1, "{}: {from:?}", path.display());
        text = text.replace(from, to);
    }
    written(&path.file_name().expect("a source file has a name").to_string_lossy(), &text)
}

/// Writes a file that is to be compiled, and returns where it is.
fn written(name: &str, text: &str) -> String {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("edited");
    // Several compilers run at once, and each has to see a whole file.
    let draft = folder.join(format!("{name}.{}", std::process::id()));
    let copy = folder.join(name);
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&draft, text))
        .and_then(|()| fs::rename(&draft, &copy))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", copy.display()));
    copy.display().to_string()
}
