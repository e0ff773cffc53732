//! Any text as a certificate, public and secret: read or refused, never a panic; what was read is
//! written and read again as the same.
#![no_main]

use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use zrig::security::{Certificate, KeyPair, PublicKey};

fuzz_target!(|text: &str| {
    if let Ok(read) = Certificate::<PublicKey>::read(text) {
        let written = read.text(SystemTime::UNIX_EPOCH);
        assert_eq!(Certificate::<PublicKey>::read(&written), Ok(read));
    }
    if let Ok(read) = Certificate::<KeyPair>::read(text) {
        let written = read.text(SystemTime::UNIX_EPOCH);
        let written = written.expose_text().expect("it is text");
        assert_eq!(Certificate::<KeyPair>::read(written), Ok(read));
    }
});
