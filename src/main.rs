//! The `zrig` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: zrig::memory::Counted<mimalloc::MiMalloc> =
    zrig::memory::Counted(mimalloc::MiMalloc);

fn main() -> ExitCode {
    zrig::cli::main()
}
