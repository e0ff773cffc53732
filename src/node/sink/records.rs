//! What waits to be written, and where each record of it ends.
//!
//! Owns the ends, so that nobody has to find them in the bytes. Never looks into a record.

/// Whole records behind one another.
#[derive(Default, Debug)]
pub(super) struct Records {
    bytes: Vec<u8>,
    /// How many bytes each record has.
    lengths: Vec<usize>,
}

/// A record among others, and where it starts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    record: usize,
    pub(super) start: usize,
}

impl Records {
    /// Adds what a function adds to the bytes, as one record.
    pub(super) fn add<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        self.lengths.push(self.bytes.len() - start);
        Ok(())
    }

    /// Adds all records of others, and leaves their room in its place.
    pub(super) fn append(&mut self, others: &mut Self) {
        if self.bytes.is_empty() {
            std::mem::swap(self, others);
        } else {
            self.bytes.append(&mut others.bytes);
            self.lengths.append(&mut others.lengths);
        }
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn count(&self) -> usize {
        self.lengths.len()
    }

    /// How many records there are from a mark on.
    pub(super) fn count_from(&self, mark: Mark) -> usize {
        self.lengths.len() - mark.record
    }

    /// The last record that starts no later than at a byte, looked for from one before it.
    pub(super) fn mark(&self, byte: usize, from: Mark) -> Mark {
        let mut mark = from;
        while let Some(length) = self.lengths.get(mark.record)
            && mark.start + length <= byte
        {
            mark = Mark { record: mark.record + 1, start: mark.start + length };
        }
        mark
    }

    /// Forgets all records; the room stays, unless it has become more than `most`.
    pub(super) fn clear(mut self, most: usize) -> Self {
        if self.bytes.capacity() > most {
            return Self::default();
        }
        self.bytes.clear();
        self.lengths.clear();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_start_of_the_record_that_a_byte_is_part_of() {
        let mut records = Records::default();
        for record in [&b"one\n"[..], b"", b"three\n"] {
            records
                .add(|bytes| {
                    bytes.extend_from_slice(record);
                    Ok::<(), ()>(())
                })
                .unwrap();
        }
        let mut mark = Mark::default();
        for (byte, start, left) in [(0, 0, 3), (3, 0, 3), (4, 4, 1), (9, 4, 1), (10, 10, 0)] {
            mark = records.mark(byte, mark);
            assert_eq!((mark.start, records.count_from(mark)), (start, left), "{byte}");
        }
    }
}
