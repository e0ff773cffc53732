//! Any text as a file of users: read or refused, never a panic; a user who is added is there, and all
//! others stay. Any text as an address and as a network.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zrig::security::{Network, Users, peer_address, user_name, with_user, without_user};

/// Of `password`, by the reference implementation.
const HASH: &str = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";

fuzz_target!(|text: &str| {
    let before = Users::read(text);
    for name in text.lines().take(4).filter_map(|line| user_name(line).ok()).chain(["alice"]) {
        let with = with_user(text, name, HASH);
        if let Ok(before) = &before {
            let after = Users::read(&with).expect("one line more");
            assert!(after.has(name.as_bytes()));
            assert!(before.names().all(|other| other == name || before.is_same(&after, other)));
        }
        let without = without_user(&with, name).expect("it was there");
        assert_eq!(without_user(&without, name), None);
    }
    if let Ok(network) = text.parse::<Network>() {
        assert_eq!(network.to_string().parse(), Ok(network));
    }
    let _ = peer_address(text);
});
