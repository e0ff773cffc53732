//! SVG as text: elements, numbers, escaping.
//!
//! Owns how markup is written and what must not get into it. Never knows what it means.

use std::fmt;

use super::colour::Colour;
use super::measure::Type;
use crate::visible::acts;

/// An SVG document in the making.
#[derive(Default)]
pub(crate) struct Markup {
    out: String,
    open: Vec<&'static str>,
}

impl Markup {
    /// Begins an element that others stand in.
    pub(crate) fn begin(&mut self, tag: &'static str, attributes: &str) {
        self.line(format_args!("<{tag} {attributes}>"));
        self.open.push(tag);
    }

    /// Ends the innermost open element.
    pub(crate) fn end(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.line(format_args!("</{tag}>"));
        }
    }

    /// Writes an element without content.
    pub(crate) fn leaf(&mut self, tag: &str, attributes: &str) {
        self.line(format_args!("<{tag} {attributes}/>"));
    }

    /// Writes an element that holds a text only. The text is escaped; the attributes are not.
    pub(crate) fn words(&mut self, tag: &str, attributes: &str, text: &str) {
        let space = if attributes.is_empty() { "" } else { " " };
        self.line(format_args!("<{tag}{space}{attributes}>{}</{tag}>", Escaped(text)));
    }

    /// Sets a line of text.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), set: Type, look: &Look, text: &str) {
        let weight = if set.bold { r#" font-weight="700""# } else { "" };
        let (x, y, size) = (Number(x), Number(y), Number(set.size));
        let attributes = format!(r#"x="{x}" y="{y}" font-size="{size}"{weight} {look}"#);
        self.words("text", &attributes, text);
    }

    /// The document.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        use fmt::Write as _;
        let indent = self.open.len() * 2;
        // Writing to a string does not fail.
        let _ = writeln!(self.out, "{:indent$}{line}", "");
    }
}

/// The classes and colours of an element.
#[derive(Clone, Default)]
pub(crate) struct Look {
    classes: Vec<&'static str>,
    filled: Option<Colour>,
    drawn: Option<(Colour, f64)>,
    is_hollow: bool,
    more: &'static str,
}

impl Look {
    /// What it is, for a style sheet.
    pub(crate) fn of(class: &'static str) -> Self {
        Self { classes: vec![class], ..Self::default() }
    }

    /// Filled, and nothing else.
    pub(crate) fn filled(colour: Colour) -> Self {
        Self::default().fill(colour)
    }

    /// Filled with that colour.
    pub(crate) fn fill(self, colour: Colour) -> Self {
        Self { filled: Some(colour), ..self }
    }

    /// Its line in that colour and width.
    pub(crate) fn stroke(self, colour: Colour, width: f64) -> Self {
        Self { drawn: Some((colour, width)), ..self }
    }

    /// Not filled.
    pub(crate) fn hollow(self) -> Self {
        Self { is_hollow: true, ..self }
    }

    /// Further attributes.
    pub(crate) fn with(self, more: &'static str) -> Self {
        Self { more, ..self }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut classes: Vec<String> = self.classes.iter().map(|&class| class.into()).collect();
        classes.extend(self.filled.map(|colour| format!("fill-{}", colour.word)));
        classes.extend(self.drawn.map(|(colour, _)| format!("stroke-{}", colour.word)));
        write!(f, r#"class="{}""#, classes.join(" "))?;
        match self.filled {
            Some(colour) => write!(f, r#" fill="{}""#, colour.value)?,
            None if self.is_hollow => f.write_str(r#" fill="none""#)?,
            None => {}
        }
        if let Some((colour, width)) = self.drawn {
            write!(f, r#" stroke="{}" stroke-width="{width}""#, colour.value)?;
        }
        if self.more.is_empty() { Ok(()) } else { write!(f, " {}", self.more) }
    }
}

/// A coordinate, with no more digits than can be seen.
pub(crate) struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0 * 10.0).round();
        if tenths % 10.0 == 0.0 {
            // Adding zero makes a negative zero a plain one.
            write!(f, "{:.0}", tenths / 10.0 + 0.0)
        } else {
            write!(f, "{:.1}", tenths / 10.0)
        }
    }
}

/// A text that cannot end an element or an attribute, or be refused by an XML parser.
pub(crate) struct Escaped<'t>(pub &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' => f.write_char('\n')?,
                // XML has no way to write these.
                '\u{FFFE}' | '\u{FFFF}' => f.write_char('\u{FFFD}')?,
                // Nor should a picture that is printed be a terminal's command.
                c if acts(c) => f.write_char('\u{FFFD}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_idle_digits() {
        for (number, want) in
            [(1.0, "1"), (-0.01, "0"), (2.25, "2.3"), (2.04, "2"), (-3.5, "-3.5"), (1e3, "1000")]
        {
            assert_eq!(Number(number).to_string(), want);
        }
    }

    #[test]
    fn no_text_is_markup() {
        assert_eq!(Escaped("a<b>&\"'\u{1}").to_string(), "a&lt;b&gt;&amp;&quot;&#39;\u{FFFD}");
    }
}
