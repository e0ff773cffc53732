//! Script values on their way into a binary form, each in one pass.
//!
//! Owns which values have such a form, how deep they may be nested, and that integers keep their
//! digits. Never knows the bytes of a form.

use rhai::{Array, Blob, Dynamic, Identifier, ImmutableString, Map};

use super::digits::Digits;
use super::encode::kind_of;
use super::limits;
use super::operand::{Answer, Growing};

/// How a form writes what values are made of.
pub(super) trait Form {
    /// What it is called.
    const NAME: &'static str;

    fn unit(&mut self) -> Answer<()>;
    fn boolean(&mut self, truth: bool) -> Answer<()>;
    fn integer(&mut self, number: i64) -> Answer<()>;
    /// An integer past 64 bits.
    fn digits(&mut self, digits: &str) -> Answer<()>;
    fn float(&mut self, number: f64) -> Answer<()>;
    fn text(&mut self, text: &str) -> Answer<()>;
    fn blob(&mut self, bytes: &[u8]) -> Answer<()>;
    /// What stands before the elements of an array.
    fn array(&mut self, length: usize) -> Answer<()>;
    /// What stands before the entries of a map, each a text and its value.
    fn map(&mut self, length: usize) -> Answer<()>;
    /// What was written so far.
    fn written(&self) -> &Growing;
}

/// Writes a value.
pub(super) fn write<F: Form>(form: &mut F, value: &Dynamic) -> Answer<()> {
    Writer { form, count: 0 }.value(value, limits::JSON_DEPTH)
}

struct Writer<'f, F> {
    form: &'f mut F,
    count: usize,
}

impl<F: Form> Writer<'_, F> {
    fn value(&mut self, value: &Dynamic, depth: usize) -> Answer<()> {
        self.count += 1;
        self.form.written().guard().pace(self.count)?;
        let Some(depth) = depth.checked_sub(1) else { return Err(too_deep().into()) };
        if let Some(text) = value.read_lock::<ImmutableString>() {
            return self.form.text(&text);
        }
        if let Ok(number) = value.as_int() {
            return self.form.integer(number);
        }
        if let Ok(number) = value.as_float() {
            return self.form.float(number);
        }
        if let Ok(truth) = value.as_bool() {
            return self.form.boolean(truth);
        }
        if value.is_unit() {
            return self.form.unit();
        }
        if let Some(map) = value.read_lock::<Map>() {
            self.form.map(map.len())?;
            for (key, value) in map.iter() {
                self.form.text(key)?;
                self.value(value, depth)?;
            }
            return Ok(());
        }
        if let Some(array) = value.read_lock::<Array>() {
            self.form.array(array.len())?;
            return array.iter().try_for_each(|element| self.value(element, depth));
        }
        if let Some(blob) = value.read_lock::<Blob>() {
            return self.form.blob(&blob);
        }
        if let Ok(character) = value.as_char() {
            return self.form.text(character.encode_utf8(&mut [0; 4]));
        }
        if let Some(digits) = value.read_lock::<Digits>() {
            return self.form.digits(digits.as_str());
        }
        Err(format!("{} has no {} form", kind_of(value), F::NAME).into())
    }
}

/// What is said of values inside values.
pub(super) fn too_deep() -> String {
    format!("the value is nested more than {} deep", limits::JSON_DEPTH)
}

/// An integer as scripts have it: one past 64 bits keeps its digits.
pub(super) fn integer(number: i128) -> Dynamic {
    i64::try_from(number)
        .map_or_else(|_| Dynamic::from(Digits::new(&number.to_string())), Dynamic::from_int)
}

/// A value as the key of a map: keys are texts, and an integer is one by its digits.
pub(super) fn key_of(value: &Dynamic, name: &str) -> Result<Identifier, String> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_str().into());
    }
    if value.is_int() || value.is::<Digits>() {
        return Ok(value.to_string().into());
    }
    let kind = kind_of(value);
    Err(format!("a key of a map is a text or an integer; one in the {name} is {kind}"))
}

/// What is said of bytes that are no value of that form.
pub(super) fn cut_off(name: &str) -> String {
    format!("the blob ends in the middle of its {name}")
}

/// What is said of bytes behind a value.
pub(super) fn left_behind(name: &str, length: usize) -> String {
    format!("{length} bytes are left behind the end of the {name}")
}
