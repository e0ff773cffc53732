//! The `zrig` program.
fn main() {}
