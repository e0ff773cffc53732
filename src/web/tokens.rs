//! Who may look from elsewhere: whoever had a link, once.
//!
//! Owns the links and the cookies that they are exchanged for. A link works once, and then another one
//! is told; who has a cookie keeps it as long as the server lives. Never logs either.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::lock::locked;
use crate::security::{Secret, fresh_token};

/// How many cookies hold; the oldest one goes for one more.
const COOKIES: usize = 256;

/// Tells whoever started the server something, once.
#[derive(Clone)]
pub struct Tell(Arc<dyn Fn(&str) + Send + Sync>);

impl Tell {
    /// By a function.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn tell(&self, text: &str) {
        (self.0)(text);
    }
}

impl std::fmt::Debug for Tell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tell")
    }
}

/// What lets somebody in.
pub(super) struct Tokens {
    /// Where the page is, as others reach it.
    address: String,
    /// The name of the cookie: those of one host are shared by all its ports.
    name: String,
    tell: Tell,
    kept: Mutex<Kept>,
}

struct Kept {
    /// What is in the link that works now.
    link: Secret,
    cookies: VecDeque<Secret>,
}

impl Tokens {
    /// Tells the first link.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub(super) fn new(address: String, port: u16, tell: Tell) -> io::Result<Self> {
        let link = fresh_token().ok_or_else(no_chance)?;
        let kept = Mutex::new(Kept { link, cookies: VecDeque::new() });
        let tokens = Self { address, name: format!("zrig-{port}"), tell, kept };
        tokens.tell_link(&locked(&tokens.kept).link);
        Ok(tokens)
    }

    /// The link that works now.
    pub(super) fn link(&self) -> String {
        self.written(&locked(&self.kept).link)
    }

    /// The cookie for what was in a link, if it is the one that works; then another one does.
    pub(super) fn exchange(&self, given: &str) -> Option<String> {
        let mut kept = locked(&self.kept);
        if kept.link != Secret::new(given) {
            return None;
        }
        let cookie = fresh_token()?;
        kept.link = fresh_token()?;
        self.tell_link(&kept.link);
        let set = cookie
            .expose_text()
            .map(|value| format!("{}={value}; HttpOnly; SameSite=Strict; Path=/", self.name));
        kept.cookies.push_back(cookie);
        if kept.cookies.len() > COOKIES {
            kept.cookies.pop_front();
        }
        set
    }

    /// Whether a request brings a cookie that holds.
    pub(super) fn know(&self, headers: &HeaderMap) -> bool {
        let kept = locked(&self.kept);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs =
            lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let given =
            pairs.filter(|(name, _)| *name == self.name).map(|(_, value)| Secret::new(value));
        // As long for any of them.
        given.fold(false, |known, given| {
            kept.cookies.iter().fold(known, |known, cookie| known | (*cookie == given))
        })
    }

    fn tell_link(&self, link: &Secret) {
        self.tell.tell(&format!("for one browser: {}", self.written(link)));
    }

    fn written(&self, link: &Secret) -> String {
        let token = link.expose_text().unwrap_or_default();
        format!("http://{}/?token={token}", self.address)
    }
}

fn no_chance() -> io::Error {
    io::Error::other("the system gives no random bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = Arc<Mutex<Vec<String>>>;

    fn tokens() -> (Tokens, Told) {
        let told = Told::default();
        let hears = Arc::clone(&told);
        let tell = Tell::new(move |text| locked(&hears).push(text.to_owned()));
        (Tokens::new("hall:80".to_owned(), 80, tell).unwrap(), told)
    }

    fn last(told: &Told) -> String {
        let told = locked(told);
        told.last().unwrap().split("http://hall:80/?token=").nth(1).unwrap().to_owned()
    }

    fn with(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        headers
    }

    #[test]
    fn a_link_lets_one_in_and_then_another_link_does() {
        let (tokens, told) = tokens();
        let link = last(&told);
        assert_eq!(tokens.exchange("x"), None);
        assert_eq!(tokens.exchange(""), None);
        let set = tokens.exchange(&link).unwrap();
        assert!(
            set.starts_with("zrig-80=") && set.ends_with("; HttpOnly; SameSite=Strict; Path=/")
        );
        assert_eq!(tokens.exchange(&link), None, "it was used");
        let cookie = set.split(';').next().unwrap();
        assert!(tokens.know(&with(cookie)));
        assert!(tokens.know(&with(&format!("a=b; {cookie}; c"))));
        assert!(!tokens.know(&with("zrig-80=")));
        assert!(!tokens.know(&with(&cookie.replace("zrig-80", "zrig-81"))));
        assert!(!tokens.know(&with(&format!("zrig-80={link}"))), "what was in a link is no cookie");
        assert!(!tokens.know(&HeaderMap::new()));
        let other = tokens.exchange(&last(&told)).unwrap();
        assert_ne!(other, set);
        assert_eq!(locked(&told).len(), 3);
    }

    #[test]
    fn old_cookies_hold_no_longer() {
        let (tokens, told) = tokens();
        let first = tokens.exchange(&last(&told)).unwrap();
        for _ in 0..COOKIES {
            assert!(tokens.know(&with(first.split(';').next().unwrap())));
            tokens.exchange(&last(&told)).unwrap();
        }
        assert!(!tokens.know(&with(first.split(';').next().unwrap())));
    }
}
