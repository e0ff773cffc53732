//! The `zrig` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    zrig::cli::main()
}
