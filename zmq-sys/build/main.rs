//! Owns the build of libzmq: `zeromq-src` brings the sources and the list of files,
//! `libsodium-sys-stable` the cryptography, `patches/` what is mended in it, this file the settings.
//!
//! It never fetches anything and never looks for a system library. `zeromq-src` has no way to pass
//! it a define or a patch, so they go through the environment that the `cc` crate below it
//! documents.

mod compiler;
mod linux;
mod patch;
mod sources;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use zeromq_src::{Build, LibLocation};

fn main() -> ExitCode {
    if let Ok(real) = env::var(compiler::REAL_COMPILER) {
        return compiler::compile(&real);
    }
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=patches");
    compiler::start();

    // Optimised and without debug information in every profile: an unoptimised libzmq costs tests
    // more time than it saves, and nobody steps through it. For a first try, where nothing is optimised,
    // half of it is enough, which is compiled in half the time.
    let level = if env::var("OPT_LEVEL").is_ok_and(|level| level == "0") { "1" } else { "3" };
    set("OPT_LEVEL", level);
    set("DEBUG", "false");

    // `-w`: what the compiler thinks of libzmq is no concern of who builds this crate.
    // Nothing stands in for a function of a static library, so all may be inlined.
    let mut flags = vec!["-w".to_owned(), "-fno-semantic-interposition".to_owned()];
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        flags.extend(linux::DEFINES.iter().map(|(name, value)| format!("-D{name}={value}")));
    }
    let target = wanted("TARGET");
    let flags_of_target = format!("CXXFLAGS_{target}");
    let given = env::var(&flags_of_target).unwrap_or_default();
    set(&flags_of_target, format!("{} {given}", flags.join(" ")).trim_end());

    let compiler_of_target = format!("CXX_{target}");
    let names = [&compiler_of_target, &format!("CXX_{}", target.replace('-', "_")), "CXX"];
    let real = names.iter().find_map(|name| env::var(name).ok());
    set(compiler::REAL_COMPILER, real.as_deref().unwrap_or("c++"));
    let this = env::current_exe().expect("the system knows what runs");
    set(&compiler_of_target, this.to_str().expect("cargo's paths are Unicode"));

    // Draft: `zmq_socket_monitor_pipes_stats`, the only way to see how full a connection's queues
    // are.
    Build::new().enable_draft(true).with_libsodium(Some(libsodium())).build();
    compiler::assert_compiled();
    ExitCode::SUCCESS
}

/// Where `libsodium-sys-stable` has put what it built.
fn libsodium() -> LibLocation {
    LibLocation::new(
        PathBuf::from(wanted("DEP_SODIUM_LIB")),
        PathBuf::from(wanted("DEP_SODIUM_INCLUDE")),
    )
}

fn wanted(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set. libsodium has to be built from the source in its crate: \
             unset SODIUM_LIB_DIR and SODIUM_USE_PKG_CONFIG."
        )
    })
}

fn set(name: &str, value: &str) {
    // SAFETY: a build script has this one thread until `Build::build`.
    unsafe { env::set_var(name, value) };
}
