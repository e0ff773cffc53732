//! CURVE certificates in the format that pyzmq's `zmq.auth` and CZMQ share: `NAME.key` with the
//! public key, `NAME.key_secret` with both.
//!
//! Owns what such a text has to hold, and writing one. Its lines are [`zpl`]'s.

mod zpl;

use std::fmt::Write;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use thiserror::Error;

use super::flaw::Flaw;
use super::pair::{KeyPair, PublicKey};
use super::secret::Secret;
use zpl::{Lines, Value};

/// A key's characters in Z85.
const CHARACTERS: usize = 40;
/// The metadata that says until when it holds.
const EXPIRES: &str = "expires";

/// What is wrong with a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum CertificateFault {
    /// Neither pyzmq nor CZMQ would find anything in it.
    #[error("there is no `public-key` in a section `curve`")]
    NoPublicKey,
    /// It is what may be given away.
    #[error(
        "there is no `secret-key`: this is a public certificate; the secret one is NAME.key_secret"
    )]
    NoSecretKey,
    /// Whoever was given it has both.
    #[error(
        "a secret key in a public certificate: it belongs into NAME.key_secret, and a new pair has to \
         be made if anybody else has seen this file"
    )]
    SecretInPublic,
    /// Cut off, or something else.
    #[error("a key has {CHARACTERS} characters of Z85, and this has {0}")]
    Length(usize),
    /// As long as a key, and none.
    #[error("this is not Z85: it holds characters or values that Z85 has not")]
    NotZ85,
    /// What CZMQ writes where it has no key.
    #[error("forty zeros stand for a key that is not there")]
    NoKey,
    /// One of them is from somewhere else.
    #[error("the secret key does not belong to the public key: they are no pair")]
    NotAPair,
    /// The format has steps of four spaces, and one level below a section.
    #[error("a line begins with no space, or with four below a section")]
    Indentation,
    /// Something else on the first level.
    #[error("a certificate has the sections `metadata` and `curve` alone")]
    Section,
    /// Something else in `curve`.
    #[error("the section `curve` has `public-key` and `secret-key` alone")]
    Key,
    /// Which of them would hold?
    #[error("this is given twice; the first is on line {0}")]
    Twice(usize),
    /// A name alone.
    #[error("a name, `=` and a value stand here")]
    NoValue,
    /// A quote that nothing ends.
    #[error("the quote that begins here has no end")]
    OpenQuote,
    /// Only a comment may follow a quoted value.
    #[error("nothing but a comment may stand behind a quoted value")]
    BehindQuote,
    /// A certificate that says until when it holds has to be understood.
    #[error("`expires` is a day such as 2027-12-31, or a time such as 2027-12-31T18:00:00Z")]
    Expiry,
}

type Flaws = Vec<Flaw<CertificateFault>>;

/// A key, and what is said of it: of a [`PublicKey`] what may be given away, of a [`KeyPair`] what may
/// not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate<K> {
    key: K,
    metadata: Vec<(String, String)>,
    expires: Option<SystemTime>,
}

/// Whether others than the owner may use a file of that mode.
#[must_use]
pub fn is_open_to_others(mode: u32) -> bool {
    mode & 0o077 != 0
}

/// The most bytes that a certificate has.
const MOST: usize = 64 << 10;

impl<K> Certificate<K> {
    /// The most bytes that are worth being read: a certificate has a few hundred.
    pub const MAX_BYTES: usize = MOST;

    /// Its key, or both.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Names and values, in the order of the file.
    #[must_use]
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// When it ceases to hold, by its metadata `expires`: a day counts to its end in UTC.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// Whether it does not hold any more.
    #[must_use]
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn read_metadata(lines: &Lines<'_>, flaws: &mut Flaws) -> Option<SystemTime> {
        let mut of = lines.metadata.iter().filter(|(name, _)| *name == EXPIRES);
        let (_, value) = of.next()?;
        let end = end_of(value.text);
        if end.is_none() {
            flaws.push(value.flaw(CertificateFault::Expiry));
        }
        end
    }

    fn write_sections(&self, public: PublicKey, text: &mut String) {
        text.push_str("\nmetadata\n");
        for (name, value) in &self.metadata {
            // Who wrote a value with both quotes wrote it bare.
            let quote = ["\"", "'"].into_iter().find(|quote| !value.contains(quote));
            let quote = quote.unwrap_or_default();
            let _ = writeln!(text, "    {name} = {quote}{value}{quote}");
        }
        let _ = writeln!(text, "curve\n    public-key = \"{public}\"");
    }
}

impl Certificate<PublicKey> {
    /// Reads what `NAME.key` holds.
    ///
    /// # Errors
    ///
    /// All that is wrong, in the order of the text.
    pub fn read(text: &str) -> Result<Self, Flaws> {
        let (lines, mut flaws) = Lines::read(text);
        if let Some(secret) = &lines.secret {
            flaws.push(secret.flaw(CertificateFault::SecretInPublic));
        }
        let expires = Self::read_metadata(&lines, &mut flaws);
        let key = read_public(&lines, &mut flaws);
        finish(key, lines, expires, flaws)
    }

    /// What is written into `NAME.key`.
    #[must_use]
    pub fn text(&self, made: SystemTime) -> String {
        let mut text = head(made);
        text.push_str(
            "# A CURVE certificate of ZeroMQ with the public key alone. Anybody may have it; who gets\n\
             # it has to be sure that it comes from you.\n",
        );
        self.write_sections(self.key, &mut text);
        text
    }
}

impl Certificate<KeyPair> {
    /// The certificate of a new pair. The name may hold neither quotes nor control characters.
    #[must_use]
    pub fn new(key: KeyPair, name: &str) -> Option<Self> {
        let is_plain = !name.contains(|c: char| c.is_control() || c == '"' || c == '\'');
        let metadata = vec![("name".to_owned(), name.to_owned())];
        is_plain.then_some(Self { key, metadata, expires: None })
    }

    /// Reads what `NAME.key_secret` holds. The text should be wiped by who read it.
    ///
    /// # Errors
    ///
    /// All that is wrong, in the order of the text.
    pub fn read(text: &str) -> Result<Self, Flaws> {
        let (lines, mut flaws) = Lines::read(text);
        let expires = Self::read_metadata(&lines, &mut flaws);
        let public = read_public(&lines, &mut flaws);
        let pair = match &lines.secret {
            Some(value) => match check_key(value) {
                Ok(()) => KeyPair::of(value.text).map(|pair| (pair, value)),
                Err(fault) => {
                    flaws.push(value.flaw(fault));
                    None
                }
            },
            // Without any key it has been told already.
            None if lines.public.is_none() => None,
            None => {
                flaws.push(Flaw::at(
                    lines.count.saturating_sub(1),
                    0,
                    CertificateFault::NoSecretKey,
                ));
                None
            }
        };
        let pair = pair.filter(|(pair, value)| {
            let belongs = public.is_none_or(|public| public == pair.public());
            if !belongs {
                flaws.push(value.flaw(CertificateFault::NotAPair));
            }
            belongs
        });
        let pair = pair.map(|(pair, _)| pair);
        finish(pair, lines, expires, flaws)
    }

    /// What of it may be given away.
    #[must_use]
    pub fn public(&self) -> Certificate<PublicKey> {
        Certificate {
            key: self.key.public(),
            metadata: self.metadata.clone(),
            expires: self.expires,
        }
    }

    /// What is written into `NAME.key_secret`, whose mode is 0600.
    #[must_use]
    pub fn text(&self, made: SystemTime) -> Secret {
        // Grown, it would leave a copy behind.
        let words: usize = self.metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
        let mut text = String::with_capacity(1024 + words + 16 * self.metadata.len());
        text.push_str(&head(made));
        text.push_str(
            "# A CURVE certificate of ZeroMQ with the SECRET key. Nobody else may have it, or read it.\n",
        );
        self.write_sections(self.key.public(), &mut text);
        text.push_str("    secret-key = \"");
        text.push_str(self.key.secret_text().expose_text().unwrap_or_default());
        text.push_str("\"\n");
        Secret::from(text)
    }
}

fn head(made: SystemTime) -> String {
    format!("# Made by zrig on {}.\n", DateTime::<Utc>::from(made).format("%Y-%m-%d"))
}

fn finish<K>(
    key: Option<K>,
    lines: Lines<'_>,
    expires: Option<SystemTime>,
    mut flaws: Flaws,
) -> Result<Certificate<K>, Flaws> {
    match key {
        Some(key) if flaws.is_empty() => {
            let pairs = lines.metadata.into_iter();
            let metadata = pairs.map(|(name, value)| (name.to_owned(), value.text.to_owned()));
            Ok(Certificate { key, metadata: metadata.collect(), expires })
        }
        Some(_) | None => {
            flaws.sort_by_key(|flaw| flaw.position);
            Err(flaws)
        }
    }
}

fn read_public(lines: &Lines<'_>, flaws: &mut Flaws) -> Option<PublicKey> {
    let Some(value) = &lines.public else {
        flaws.push(Flaw::at(lines.count.saturating_sub(1), 0, CertificateFault::NoPublicKey));
        return None;
    };
    match check_key(value) {
        Ok(()) => PublicKey::from_z85(value.text),
        Err(fault) => {
            flaws.push(value.flaw(fault));
            None
        }
    }
}

fn check_key(value: &Value<'_>) -> Result<(), CertificateFault> {
    let characters = value.text.chars().count();
    if characters != CHARACTERS {
        Err(CertificateFault::Length(characters))
    } else if PublicKey::from_z85(value.text).is_none() {
        Err(CertificateFault::NotZ85)
    } else if value.text.bytes().all(|byte| byte == b'0') {
        Err(CertificateFault::NoKey)
    } else {
        Ok(())
    }
}

/// The end of a day, or a moment.
fn end_of(text: &str) -> Option<SystemTime> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.into());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.succ_opt()?.and_time(NaiveTime::MIN).and_utc().into())
}

#[cfg(test)]
mod tests;
