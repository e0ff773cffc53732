//! Arguments written out in a script that their function refuses whenever it is called.
//!
//! Owns which argument of which function can be judged without a run; each function judges its own.
//! Never looks at the sockets of a node: `refusal.rs` does.

use super::compression::Compression;
use super::functions::level_of;
use super::survey::{Call, Literal};
use super::{binary_layout, byte_literal, moments, numbers, patterns, text_codecs};

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
            "log" => level_of(self.text(0)?).err(),
            _ => byte_literal::refusal(name, self.text(0), self.arguments.len() > 1),
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
