//! Arguments written out in a script that their function refuses whenever it is called.
//!
//! Owns which argument of which function can be judged without a run; each function judges its own.
//! Never looks at the sockets of a node: `refusal.rs` does.

use super::compression::Compression;
use super::effect::Level;
use super::functions::{SLEEP, level_of, local};
use super::survey::{Call, Literal};
use super::{binary_layout, byte_literal, moments, numbers, patterns, text_codecs};
use crate::zeromq::{Endpoint, Side};

/// The words that an argument of a function may be, counted with what the function is called on;
/// none where it may be anything.
#[must_use]
pub fn words_of(function: &str, place: usize) -> Vec<&'static str> {
    match (function, place) {
        ("compress" | "decompress", 1) => Compression::ALL.map(|(word, _)| word).to_vec(),
        ("log", 0) => Level::ALL.map(Level::word).to_vec(),
        _ => Vec::new(),
    }
}

impl Call {
    /// Why the call fails because of an argument that is written out, in every node; nothing where
    /// it may go well.
    #[must_use]
    pub fn refused_argument(&self) -> Option<String> {
        let name = self.name.as_str();
        match name {
            "compress" | "decompress" => Compression::parse(self.text(1)?).err(),
            "matches" | "find" | "captures" | "replace_all" => patterns::refusal(self.text(1)?),
            "pack" | "unpack" => binary_layout::refusal(self.text(0)?),
            "format" => numbers::refusal(self.text(1)?),
            "parse_time" => moments::parse(self.text(0)?).err(),
            "from_hex" | "from_base64" | "from_z85" => text_codecs::refusal(name, self.text(0)?),
            "sleep" => Some(SLEEP.to_owned()),
            "log" => level_of(self.text(0)?).err(),
            "connect" | "disconnect" => self.refused_endpoint(Side::Connect),
            "bind" | "unbind" => self.refused_endpoint(Side::Bind),
            _ => byte_literal::refusal(name, self.text(0), self.arguments.len() > 1),
        }
    }

    /// What is wrong with an endpoint that is written out: the last argument.
    fn refused_endpoint(&self, side: Side) -> Option<String> {
        match self.arguments.last()? {
            Some(Literal::Text(text)) => {
                Endpoint::parse(text, side).err().map(|error| format!("{text:?}: {error}"))
            }
            Some(Literal::Integer(port)) => local(*port).err(),
            Some(Literal::Float(_) | Literal::Boolean(_)) => {
                Some("an endpoint is a port or a text".to_owned())
            }
            None => None,
        }
    }

    /// The text that is written out for an argument, counted with what the function is called on.
    fn text(&self, place: usize) -> Option<&str> {
        let place = place.checked_sub(usize::from(self.on_value))?;
        match self.arguments.get(place)? {
            Some(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }
}
