//! Owns the build of libzmq: `zeromq-src` brings the sources and the list of files,
//! `libsodium-sys-stable` the cryptography, this file the settings.
//!
//! It never fetches anything and never looks for a system library. `zeromq-src` has no way to pass
//! it a define, so they go through the environment that the `cc` crate below it documents.

mod linux;

use std::env;
use std::path::PathBuf;

use zeromq_src::{Build, LibLocation};

fn main() {
    println!("cargo:rerun-if-changed=build");

    // Optimised and without debug information in every profile: an unoptimised libzmq costs tests
    // more time than it saves, and nobody steps through it.
    set("OPT_LEVEL", "2");
    set("DEBUG", "false");

    // `-w`: what the compiler thinks of libzmq is no concern of who builds this crate.
    let mut flags = vec!["-w".to_owned()];
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        flags.extend(
            linux::DEFINES
                .iter()
                .map(|(name, value)| format!("-D{name}={value}")),
        );
    }
    let flags_of_target = format!("CXXFLAGS_{}", wanted("TARGET"));
    let given = env::var(&flags_of_target).unwrap_or_default();
    set(
        &flags_of_target,
        format!("{} {given}", flags.join(" ")).trim_end(),
    );

    mend_pipes();

    // Draft: `zmq_socket_monitor_pipes_stats`, the only way to see how full a connection's queues
    // are.
    Build::new()
        .enable_draft(true)
        .with_libsodium(Some(libsodium()))
        .build();
}

/// Lets libzmq be compiled through `cxx.sh`, which mends a fault on the way.
fn mend_pipes() {
    // Found before the wrapper takes its place.
    let compiler = cc::Build::new().cpp(true).get_compiler();
    set("ZRIG_CXX", &compiler.path().to_string_lossy());
    let script = PathBuf::from(wanted("CARGO_MANIFEST_DIR")).join("build/cxx.sh");
    set(&format!("CXX_{}", wanted("TARGET")), &script.to_string_lossy());
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
