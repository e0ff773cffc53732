//! The files of users that a topology names.
//!
//! Owns reading them, and pointing at what is wrong without a word of what is in them. Never decides
//! who may come.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Document, Mapping};
use crate::security::{Secret, Users};
use crate::source::Span;

use super::certificates::{Read, mode_of, sockets_of};

/// Reads every file of users that a document names.
pub(super) fn load_users(document: &Document, read: &mut Read) {
    let beside = document.source().path().parent().unwrap_or(Path::new(""));
    for (name, place) in sockets_of(document).filter_map(users_of) {
        if !name.is_empty() && !read.certificates.users.contains_key(&*name) {
            let path = read.secret_path(&beside.join(&*name));
            let users = users(&path, place, read);
            read.certificates.users.insert(name.to_string(), users);
        }
    }
}

/// The file of users that a socket names.
fn users_of(socket: &Mapping) -> Option<(Arc<str>, Span)> {
    let users = socket.get("plain")?.as_mapping()?.get("users")?;
    Some((Arc::clone(&users.as_scalar()?.text), users.span))
}

fn users(path: &Path, place: Span, read: &mut Read) -> Option<Users> {
    let text = match read.text(path, Users::MAX_BYTES) {
        // Hashes are worth guessing.
        Ok(text) => Secret::from(text),
        Err(error) => {
            let help = if error.is_missing() {
                format!("make it with `zrig users {} NAME`", path.display())
            } else {
                error.help().to_owned()
            };
            read.certificates.faults.push(
                Diagnostic::new(Code::BadUsers, format!("cannot read {}", path.display()))
                    .at(place, error.to_string())
                    .because("the path of a file of users is relative to the topology's folder")
                    .help(help),
            );
            return None;
        }
    };
    let mode = mode_of(path);
    if read.is_open_to_others(path) {
        read.certificates.faults.push(
            Diagnostic::new(Code::SecretReadable, "a file of users that others can read")
                .at(place, format!("{} has the mode {:03o}", path.display(), mode & 0o777))
                .because("whoever has the hashes can try passwords on a machine of his own")
                .help(format!(
                    "run `chmod 600 {}`; give new passwords if others use this machine",
                    path.display()
                )),
        );
        return None;
    }
    match Users::read(text.expose_text().unwrap_or_default()) {
        Ok(users) => Some(users),
        Err(flaws) => {
            read.certificates.faults.extend(flaws.into_iter().map(|flaw| {
                Diagnostic::new(Code::BadUsers, "a file of users that is not sound")
                    .at(place, format!("{}:{}", path.display(), flaw.position))
                    .because(flaw.fault.to_string())
                    .help("write the line anew with `zrig users`, or remove it")
            }));
            None
        }
    }
}
