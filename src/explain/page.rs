//! What a page of `zrig explain` is.
//!
//! Owns how one is read from its text. Never finds one.

use std::borrow::Cow;

/// What sort of word a page is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A socket type.
    Role,
    /// A key of the topology file.
    Key,
    /// A function that handlers call.
    Function,
    /// A notion of ZeroMQ.
    Term,
    /// An option of libzmq.
    Option,
    /// What `zrig check` may say.
    Code,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Kind; 6] =
        [Kind::Role, Kind::Key, Kind::Function, Kind::Term, Kind::Option, Kind::Code];

    /// The heading of its words in a list.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Role => "Roles",
            Self::Key => "Keys of the topology file",
            Self::Function => "Functions of handlers",
            Self::Term => "Terms",
            Self::Option => "Options of libzmq",
            Self::Code => "Codes of zrig check",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "role" => Self::Role,
            "key" => Self::Key,
            "function" => Self::Function,
            "term" => Self::Term,
            "code" => Self::Code,
            _ => return None,
        })
    }
}

/// The explanation of one word.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The word.
    pub word: &'static str,
    /// What sort of word it is.
    pub kind: Kind,
    /// Other words for it.
    pub also: Vec<&'static str>,
    /// What it means, in one line.
    pub meaning: Cow<'static, str>,
    /// The whole text, beginning with its heading.
    pub text: Cow<'static, str>,
}

impl Page {
    /// Reads a page: what stands between the first two lines of dashes is about it.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let (front, text) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
        let field = |name: &str| {
            front.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let mut paragraphs = text.trim_start().split("\n\n");
        let word = paragraphs.next()?.strip_prefix("# ")?.trim();
        let meaning = paragraphs.next()?.trim().replace('\n', " ");
        Some(Self {
            word,
            kind: Kind::parse(field("kind")?)?,
            also: field("also")?
                .split(',')
                .map(str::trim)
                .filter(|also| !also.is_empty())
                .collect(),
            meaning: meaning.into(),
            text: text.trim_start().into(),
        })
    }
}
