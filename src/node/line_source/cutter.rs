//! Whole records out of what was read: where one ends, and what is left out.
//!
//! Owns the beginning of a record that has not ended yet, never longer than any may be, and the place
//! of each in the file. Never reads a file and never looks into a record.

use crate::message::{LENGTH, RECORD_MAX, RecordFormat, first_length};
use crate::topology::ReadFrom;

/// What some editors put at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What was cut out.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// Whole records, and where the first of them is.
    Records(Vec<u8>, Place),
    /// Why something was left out, and where.
    LeftOut(String),
}

/// Where in a file a record is: the number of its line, counted from where reading began, or how many
/// bytes are before it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) at: u64,
    /// How many bytes are before the first line that counts.
    after: u64,
}

impl Place {
    /// For people.
    pub(super) fn text(self, format: RecordFormat) -> String {
        match format {
            RecordFormat::Length | RecordFormat::Bytes => format!("the record at byte {}", self.at),
            RecordFormat::Lines { .. } | RecordFormat::Base64 | RecordFormat::Json => {
                let after = match self.after {
                    0 => String::new(),
                    after => format!(" behind byte {after}"),
                };
                format!("line {}{after}", self.at)
            }
        }
    }
}

/// Cuts what is read of a file.
#[derive(Debug)]
pub(super) struct Cutter {
    format: RecordFormat,
    pieces: Vec<Piece>,
    /// Whole records that are no piece yet, and where the first of them is.
    block: Vec<u8>,
    first: Place,
    /// The beginning of a record.
    carry: Vec<u8>,
    /// Where that is.
    next: Place,
    /// Where reading began.
    start: Place,
    /// How many bytes of a record are still to be left out; of a line it is not known.
    skips: Option<u64>,
    /// How many lines come before the first that is wanted.
    before: u64,
}

impl Cutter {
    pub(super) fn new(format: RecordFormat) -> Self {
        let start = Place { at: u64::from(format.is_of_lines()), after: 0 };
        Self {
            format,
            pieces: Vec::new(),
            block: Vec::new(),
            first: start,
            carry: Vec::new(),
            next: start,
            start,
            skips: None,
            before: 0,
        }
    }

    /// Takes in what was read.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        match self.format {
            RecordFormat::Bytes => {
                self.add_whole(bytes);
                self.next.at += bytes.len() as u64;
                self.cut();
            }
            RecordFormat::Length => self.add_lengths(bytes),
            RecordFormat::Lines { .. } | RecordFormat::Base64 | RecordFormat::Json => {
                self.add_lines(bytes);
            }
        }
    }

    /// Ends what has no end of its own: nothing follows.
    pub(super) fn end(&mut self) {
        match self.format {
            RecordFormat::Bytes => {}
            RecordFormat::Length => self.end_lengths(),
            RecordFormat::Lines { .. } | RecordFormat::Base64 | RecordFormat::Json => {
                self.end_line();
            }
        }
        self.carry.clear();
    }

    /// What follows is read from there on, so many bytes after the beginning.
    pub(super) fn begin(&mut self, from: ReadFrom, byte: u64) {
        if !matches!(self.format, RecordFormat::Lines { .. }) {
            self.cut();
        }
        self.start = if self.format.is_of_lines() {
            Place { at: 1, after: byte }
        } else {
            Place { at: byte, after: 0 }
        };
        self.next = self.start;
        self.before = if let ReadFrom::Line(line) = from { line.saturating_sub(1) } else { 0 };
    }

    /// Whether the next record is the first one of the file.
    fn is_at_beginning(&self) -> bool {
        self.next == Place { at: 1, after: 0 }
    }

    /// Whether nothing was read since the beginning.
    pub(super) fn is_at_start(&self) -> bool {
        self.next == self.start && self.skips.is_none()
    }

    /// How many bytes of whole records are no piece yet.
    pub(super) fn waiting(&self) -> usize {
        self.block.len()
    }

    /// Makes a piece of the whole records that there are.
    pub(super) fn cut(&mut self) {
        if !self.block.is_empty() {
            self.pieces.push(Piece::Records(std::mem::take(&mut self.block), self.first));
        }
    }

    /// The pieces that there are.
    pub(super) fn take(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }

    fn leave_out(&mut self, place: Place, why: &str) {
        self.cut();
        self.pieces.push(Piece::LeftOut(format!("{} {why}", place.text(self.format))));
    }

    /// Takes in whole records, the first of which was begun before.
    fn add_whole(&mut self, records: &[u8]) {
        if self.block.is_empty() {
            self.first = self.next;
        }
        self.block.append(&mut self.carry);
        self.block.extend_from_slice(records);
    }

    fn add_lines(&mut self, mut bytes: &[u8]) {
        while self.before > 0 {
            let Some(end) = first_end(bytes) else { return };
            bytes = &bytes[end + 1..];
            self.before -= 1;
            self.next.at += 1;
            self.start = self.next;
        }
        if self.skips.is_some() {
            let Some(end) = first_end(bytes) else { return };
            bytes = &bytes[end + 1..];
            self.skips = None;
            self.next.at += 1;
        }
        if self.carry.len() + first_end(bytes).unwrap_or(bytes.len()) > RECORD_MAX {
            self.carry = Vec::new();
            let why = format!("is longer than {} MiB, so it was left out", RECORD_MAX >> 20);
            self.leave_out(self.next, &why);
            self.skips = Some(0);
            return self.add_lines(bytes);
        }
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        if whole > 0 {
            self.add_whole_lines(&bytes[..whole]);
        }
        self.carry.extend_from_slice(&bytes[whole..]);
    }

    fn add_whole_lines(&mut self, lines: &[u8]) {
        let start = self.block.len();
        self.add_whole(lines);
        if self.is_at_beginning() && self.block[start..].starts_with(BYTE_ORDER_MARK) {
            self.block.drain(start..start + BYTE_ORDER_MARK.len());
        }
        self.next.at += lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
    }

    fn end_line(&mut self) {
        self.skips = None;
        let is_mark_alone = self.is_at_beginning() && self.carry == BYTE_ORDER_MARK;
        if !self.carry.is_empty() && !is_mark_alone {
            self.add_whole_lines(b"\n");
        }
    }

    fn add_lengths(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if let Some(left) = self.skips {
            let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            bytes = &bytes[skipped..];
            self.next.at += skipped as u64;
            self.skips = Some(left - skipped as u64).filter(|left| *left > 0);
        }
        self.carry.extend_from_slice(bytes);
        let mut whole = 0;
        while let Some((length, rest)) = first_length(&self.carry[whole..]) {
            if length > RECORD_MAX {
                return self.skip_record(whole, length);
            }
            if length > rest.len() {
                break;
            }
            whole += LENGTH + length;
        }
        self.add_whole_records(whole);
    }

    /// The first so many bytes of what was begun are whole records.
    fn add_whole_records(&mut self, whole: usize) {
        let rest = self.carry.split_off(whole);
        if whole > 0 {
            self.add_whole(&[]);
        }
        self.carry = rest;
        self.next.at += whole as u64;
    }

    /// Leaves out the record behind so many whole ones: the next one may be sound.
    fn skip_record(&mut self, whole: usize, length: usize) {
        self.add_whole_records(whole);
        let why = format!(
            "says that it has {length} bytes, more than {} MiB, so it was left out",
            RECORD_MAX >> 20
        );
        self.leave_out(self.next, &why);
        let rest = std::mem::take(&mut self.carry);
        self.skips = Some((LENGTH + length) as u64);
        self.add_lengths(&rest);
    }

    fn end_lengths(&mut self) {
        let there = self.carry.len();
        match first_length(&self.carry) {
            Some((length, rest)) => {
                let there = rest.len();
                let why = format!("is cut off: it says {length} bytes, and {there} are there");
                self.leave_out(self.next, &why);
            }
            None if there > 0 => {
                let why =
                    format!("is cut off: {there} of the {LENGTH} bytes of its length are there");
                self.leave_out(self.next, &why);
            }
            // One that was left out is cut off too, which was no use to say.
            None => {}
        }
        self.skips = None;
        self.next.at += there as u64;
    }
}

fn first_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    /// What is cut out of bytes that are read so many at a time.
    fn cut(format: RecordFormat, file: &[u8], at_once: usize) -> Vec<Piece> {
        let mut cutter = Cutter::new(format);
        file.chunks(at_once).for_each(|bytes| cutter.add(bytes));
        cutter.end();
        cutter.cut();
        cutter.take()
    }

    fn record(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn records(bytes: &[u8], first: u64) -> Piece {
        Piece::Records(bytes.to_vec(), Place { at: first, after: 0 })
    }

    fn left_out(why: &str) -> Piece {
        Piece::LeftOut(why.to_owned())
    }

    proptest! {
        #[test]
        fn records_are_whole_however_they_are_read(
            bodies in vec(vec(any::<u8>(), 0..30), 0..9),
            at_once in 1usize..50,
        ) {
            let file: Vec<u8> = bodies.iter().flat_map(|body| record(body)).collect();
            let whole: Vec<Piece> =
                if file.is_empty() { Vec::new() } else { vec![records(&file, 0)] };
            prop_assert_eq!(cut(RecordFormat::Length, &file, at_once), whole);
        }

        #[test]
        fn no_file_makes_it_panic(file in vec(any::<u8>(), 0..90), at_once in 1usize..50) {
            cut(RecordFormat::Length, &file, at_once);
            cut(RecordFormat::Json, &file, at_once);
        }
    }

    #[test]
    fn a_record_that_is_cut_off_is_told_with_its_place() {
        let one = record(b"one");
        for (rest, why) in [
            (&b"\0\0\0\x05ab"[..], "is cut off: it says 5 bytes, and 2 are there"),
            (b"\0\0", "is cut off: 2 of the 4 bytes of its length are there"),
        ] {
            let file = [&one, rest].concat();
            let why = format!("the record at byte 7 {why}");
            for at_once in 1..9 {
                let pieces = cut(RecordFormat::Length, &file, at_once);
                assert_eq!(pieces, [records(&one, 0), left_out(&why)]);
            }
        }
    }

    #[test]
    fn behind_a_record_that_is_too_long_it_goes_on() {
        let (one, two) = (record(b"one"), record(b"two"));
        let long = record(&vec![b'x'; RECORD_MAX + 1]);
        let file = [&one[..], &long, &two].concat();
        let why = "the record at byte 7 says that it has 16777217 bytes, more than 16 MiB, so it was \
                   left out";
        let after = (one.len() + long.len()) as u64;
        for at_once in [7, 64 << 10, file.len()] {
            let pieces = cut(RecordFormat::Length, &file, at_once);
            assert_eq!(pieces, [records(&one, 0), left_out(why), records(&two, after)]);
        }
    }

    #[test]
    fn an_absurd_length_takes_no_memory() {
        let mut cutter = Cutter::new(RecordFormat::Length);
        cutter.add(&[0xFF; 100]);
        cutter.add(&[0xFF; 10_000]);
        assert!(cutter.carry.capacity() < 1000, "{}", cutter.carry.capacity());
        cutter.end();
        let why = "the record at byte 0 says that it has 4294967295 bytes, more than 16 MiB, so it \
                   was left out";
        assert_eq!(cutter.take(), [left_out(why)]);
    }
}
