//! Opening a page in the user's browser.
//!
//! Owns which program is asked. Never waits for it.

use std::process::{Command, Stdio};

use super::tokens::Tell;

/// Opens an address, or tells why not.
pub(super) fn open(address: &str, tell: &Tell) {
    let chosen = std::env::var("BROWSER").ok().filter(|chosen| !chosen.is_empty());
    let program = chosen.unwrap_or_else(|| "xdg-open".to_owned());
    let started = Command::new(&program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(mut browser) => {
            // Somebody has to take note of its end, whenever that is.
            let waits = std::thread::Builder::new().name("browser".to_owned());
            let _ = waits.spawn(move || browser.wait());
        }
        Err(error) => tell.tell(&format!("--open: {program} cannot be started: {error}")),
    }
}
