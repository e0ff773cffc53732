//! Which keys of a file hold secrets, told by their names.
//!
//! Owns what a mistyped or unknown one is taken for: rather once too often for a secret. Never looks
//! at a value.

use std::ops::Range;

use crate::nearest::nearest;
use crate::zeromq::{OptionName, SocketOption};

/// The words of the format that hold one.
const SECRETS: [&str; 4] = ["curve_secretkey", "plain_password", "socks_password", "password"];
/// What is in the name of one, wherever else it stands.
const PARTS: [&str; 4] = ["passw", "passphrase", "pasw", "secret"];

impl OptionName {
    /// Whether its value is a secret.
    #[must_use]
    pub fn is_secret(self) -> bool {
        SECRETS.contains(&self.0)
    }
}

/// Whether the value of a key may be a secret, whatever the key is and however it is spelt.
#[must_use]
pub fn holds_secret(key: &str) -> bool {
    let lower = key.to_lowercase();
    PARTS.iter().any(|part| lower.contains(part))
        || (SocketOption::find(&lower).is_none() && nearest(&lower, SECRETS).is_some())
}

/// Where a text that nobody could read as YAML may hold secrets: what follows such a key on its line,
/// and the lines below that are indented deeper.
#[must_use]
pub fn secret_places(text: &str) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        open = open.filter(|outer| content.is_empty() || indent > *outer);
        if open.is_some() {
            places.push(at + indent.min(content.len())..at + content.len());
        } else if let Some(value) = value_of_secret(content) {
            places.push(at + value..at + content.len());
            open = Some(indent);
        }
        at += line.len();
    }
    places.retain(|place| !is_variable(&text[place.clone()]));
    places
}

/// Where the value of the first such key of a line begins.
fn value_of_secret(line: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    line.match_indices(':').find_map(|(colon, _)| {
        let before = line[..colon].trim_end().trim_end_matches(['"', '\'']);
        let word = &before[before.trim_end_matches(is_word).len()..];
        holds_secret(word).then_some(colon + 1)
    })
}

/// Whether a value is a variable alone, which says nothing: `${NAME}` without a default.
#[must_use]
pub fn is_variable(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let name = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_key_and_by_one_that_looks_like_it() {
        for key in [
            "plain_password",
            "plain_pasword",
            "PLAIN_PASSWORD",
            "plain-password",
            "curve_secretkey",
            "curve_secetkey",
            "secret_key",
            "password",
            "pasword",
            "passwort",
            "db_passwd",
            "passphrase",
        ] {
            assert!(holds_secret(key), "{key}");
        }
        for key in [
            "curve_publickey",
            "curve_serverkey",
            "curve_server",
            "plain_username",
            "plain_server",
            "socks_proxy",
            "role",
            "params",
            "topics",
            "",
        ] {
            assert!(!holds_secret(key), "{key}");
        }
        for option in SocketOption::all() {
            assert_eq!(option.name.is_secret(), holds_secret(option.name.0), "{}", option.name.0);
        }
    }

    #[test]
    fn what_follows_such_a_key_is_found_in_any_text() {
        for (text, hidden) in [
            ("a: 1\nplain_password: hunter2\nb: 2\n", vec![" hunter2"]),
            (
                "  o: {plain_username: a, plain_password: \"x, y\", b: 1}\n",
                vec![" \"x, y\", b: 1}"],
            ),
            ("  'password' : *hunter2 # mine\nb: c", vec![" *hunter2 # mine"]),
            ("a:\n  password: |\n    one\n\n    two\n  b: 1\n", vec![" |", "one", "", "two"]),
            ("- password:\n    hunter2\n- b\n", vec!["", "hunter2"]),
            ("password: ${PASSWORD}\n", vec![]),
            ("password: \"${PASSWORD:-hunter2}\"\n", vec![" \"${PASSWORD:-hunter2}\""]),
            ("on_message: print(\"a:b\")\n", vec![]),
        ] {
            let found: Vec<&str> = secret_places(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(found, hidden, "{text}");
        }
    }
}
