//! Lines of comma-separated values, by the rules of RFC 4180.
//!
//! Owns how a field is quoted and read. Never takes a first line for names, and never a text for a
//! number.

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, ImmutableString};

use super::encode::kind_of;
use super::guard::Guard;
use super::operand::{Answer, Growing, with_array, with_text};

/// Gives an engine these functions.
pub(super) fn register(engine: &mut Engine, guard: &Rc<Guard>) {
    let here = Rc::clone(guard);
    engine.register_fn("parse_csv", move |text: Dynamic| -> Answer<Array> {
        with_text("parse_csv", &text, |text| parse(&here, text))
    });
    let here = Rc::clone(guard);
    engine.register_fn("to_csv", move |rows: Dynamic| -> Answer<ImmutableString> {
        with_array("to_csv", &rows, |rows| write(&here, rows))
    });
}

/// The lines of a text, each an array of its fields.
fn parse(guard: &Guard, text: &str) -> Answer<Array> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let (mut rows, mut count, mut record) = (Array::new(), 0, csv::StringRecord::new());
    while reader.read_record(&mut record).map_err(|error| error.to_string())? {
        // A field takes more memory than it has bytes.
        guard.ask(record.len() + rows.len(), 64)?;
        let mut row = Array::with_capacity(record.len());
        for field in &record {
            count += 1;
            guard.pace(count)?;
            row.push(field.into());
        }
        rows.push(Dynamic::from_array(row));
        guard.pace(rows.len())?;
    }
    Ok(rows)
}

/// The lines behind the first, which names the columns, each as a map of texts; otherwise the line that
/// is wrong, and why.
pub fn csv_table(text: &str) -> Result<Vec<serde_json::Value>, (usize, String)> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let told = |error: csv::Error| {
        let line = error.position().map_or(1, |at| usize::try_from(at.line()).unwrap_or(1));
        let why = if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
            format!("it has {len} fields, and the first line names {expected_len}")
        } else {
            error.to_string()
        };
        (line, why)
    };
    let names = reader.headers().map_err(told)?.clone();
    let twice = (1..names.len()).find(|&at| names.iter().take(at).any(|name| name == &names[at]));
    if let Some(at) = twice {
        return Err((1, format!("two columns are named {:?}", &names[at])));
    }
    let rows = reader.records().map(|record| {
        let record = record.map_err(told)?;
        let fields = names.iter().zip(&record);
        let fields = fields.map(|(name, field)| (name.to_owned(), field.into()));
        Ok(serde_json::Value::Object(fields.collect()))
    });
    rows.collect()
}

/// One line of an array of values; lines with an end between them of an array of arrays.
fn write(guard: &Rc<Guard>, rows: &Array) -> Answer<ImmutableString> {
    let mut text = Growing::new(guard);
    let mut count = 0;
    if !rows.first().is_some_and(Dynamic::is_array) {
        write_row(&mut text, rows, &mut count)?;
        return Ok(text.into_text());
    }
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            text.push(b'\n')?;
        }
        let Some(row) = row.read_lock::<Array>() else {
            return Err(format!(
                "to_csv takes an array of arrays, or of values; this one has both: {}",
                kind_of(row)
            )
            .into());
        };
        write_row(&mut text, &row, &mut count)?;
    }
    Ok(text.into_text())
}

fn write_row(text: &mut Growing, row: &Array, count: &mut usize) -> Answer<()> {
    for (place, value) in row.iter().enumerate() {
        *count += 1;
        text.guard().pace(*count)?;
        if place > 0 {
            text.push(b',')?;
        }
        if let Some(field) = value.read_lock::<ImmutableString>() {
            write_field(text, &field, row.len() == 1)?;
        } else if value.is_unit() {
            write_field(text, "", row.len() == 1)?;
        } else if value.is_array() || value.is_map() || value.is_blob() || value.is_fnptr() {
            return Err(format!("{} has no form in CSV", kind_of(value)).into());
        } else {
            write_field(text, &value.to_string(), row.len() == 1)?;
        }
    }
    Ok(())
}

/// A field, in quotes where it has what would end it. An empty one that stands alone is quoted too:
/// its line would be none.
fn write_field(text: &mut Growing, field: &str, alone: bool) -> Answer<()> {
    let is_special = |byte| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    let is_quoted = field.bytes().any(is_special) || (alone && field.is_empty());
    if !is_quoted {
        return text.extend(field.as_bytes());
    }
    text.push(b'"')?;
    for (number, part) in field.split('"').enumerate() {
        if number > 0 {
            text.extend(b"\"\"")?;
        }
        text.extend(part.as_bytes())?;
    }
    text.push(b'"')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::script::trial::{said_of, said_patiently, table};

    #[test]
    fn lines_are_read_and_written() {
        table(&[
            (r#"`${parse_csv("a,b\n1,\"x, y\"\n")}`"#, r#"[["a", "b"], ["1", "x, y"]]"#),
            (
                r#"`${parse_csv("a,\"say \"\"hi\"\"\"\r\n,\n")}`"#,
                r#"[["a", "say \"hi\""], ["", ""]]"#,
            ),
            (r#"`${parse_csv("\"two\nlines\",1")}`"#, r#"[["two\nlines", "1"]]"#),
            (r#"`${parse_csv("")} ${parse_csv("\n\n")}`"#, "[] []"),
            (r#"parse_csv(msg.text + "7,Oslo")[0][1]"#, "Oslo"),
            (
                r#"to_csv([1, "x, y", 2.5, true, (), "say \"hi\""])"#,
                r#"1,"x, y",2.5,true,,"say ""hi""""#,
            ),
            (r#"to_csv([["a", "b"], [1, "c\nd"]])"#, "a,b\n1,\"c\nd\""),
            (r#"to_csv([]) + to_csv([[]]) + to_csv([""])"#, "\"\""),
        ]);
    }

    #[test]
    fn what_has_no_form_is_said() {
        table(&[
            (
                "to_csv([[1], 2])",
                "failed: to_csv takes an array of arrays, or of values; this one has both: a number",
            ),
            ("to_csv([1, [2]])", "failed: an array has no form in CSV"),
            ("to_csv([blob(1)])", "failed: a blob has no form in CSV"),
            ("to_csv(#{a: 1})", "failed: to_csv takes an array; this is a map"),
            ("parse_csv(msg.bytes)", "failed: parse_csv takes a text; this is a blob"),
        ]);
    }

    #[test]
    fn what_grows_is_bounded() {
        let body = "let t = \",\"; t.pad(8000000, ','); parse_csv(t)";
        assert_eq!(
            said_patiently(body),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
        let body = "let t = \"x\"; t.pad(1000000, '\"'); let a = []; a.pad(1000, t); to_csv(a)";
        assert_eq!(
            said_patiently(body),
            "failed: a call can hold 96 MiB at most, and this is more"
        );
    }

    proptest! {
        #[test]
        fn every_table_comes_back(
            rows in prop::collection::vec(prop::collection::vec("[a-c,\"\n\r ü]{0,6}", 1..4), 0..5),
        ) {
            let json = serde_json::to_vec(&rows).unwrap();
            prop_assert_eq!(said_of("`${parse_csv(to_csv(msg.json)) == msg.json}`", &json), "true");
        }
    }
}
