//! What the examples of `zrig check` have outside of their files: keys and passwords that are nobody's.
//!
//! Owns their values, and who may read their files. Never checks anything.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Once;

/// What the examples read from the environment.
pub(crate) const VARIABLES: [(&str, &str); 3] = [
    ("PASSWORD", "hunter2"),
    ("SECRET_KEY", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"),
    ("SERVER_SECRET_KEY", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"),
];

/// A checkout gives every file to all; what is no secret of anybody stays so.
pub(crate) fn lock() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let files = [
            "keys/worker",
            "keys/station",
            "keys/odd",
            "keys/old",
            "lonely/worker",
            "guests/station",
        ];
        let files = files.map(|name| format!("{name}.key_secret"));
        let users = ["users.txt", "users_faulty.txt", "users_empty.txt"].map(str::to_owned);
        for (mode, files) in [
            (0o600, [&files[..], &users[..]].concat()),
            (0o644, vec!["keys/open.key_secret".to_owned(), "users_open.txt".to_owned()]),
        ] {
            for file in files {
                let mode = fs::Permissions::from_mode(mode);
                fs::set_permissions(format!("tests/check/{file}"), mode).unwrap();
            }
        }
    });
}
