//! The `zrig` program.

use std::process::ExitCode;

// Linked in, it stands in for the system's malloc, which Rust and libzmq both call.
use mimalloc as _;

#[global_allocator]
static ALLOCATOR: zrig::memory::Counted<std::alloc::System> =
    zrig::memory::Counted(std::alloc::System);

fn main() -> ExitCode {
    zrig::node::look_up_hosts_by_itself();
    zrig::cli::main()
}
