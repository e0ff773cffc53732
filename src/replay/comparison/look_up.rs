//! What the recording has of the messages that a report shows.
//!
//! Owns where they are looked for: after their call, and not for ever. Never compares anything.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use super::{Difference, Report};
use crate::clock::{nanos, since_epoch};
use crate::message::fingerprint;
use crate::node::Direction;
use crate::recording::{Entry, Reader, RecordingError};

/// How long after its call a message is looked for: one that waits for its peer is sent late.
const LATEST: Duration = Duration::from_secs(60);
/// How much earlier than its call a message may have been noted, since clocks are set.
const EARLIEST: Duration = Duration::from_secs(1);

/// Fills in the frames that were sent then, as far as the recording has them: what was dropped before it was
/// sent is not in it.
///
/// # Errors
///
/// When a part of the recording cannot be read.
pub fn look_up(report: &mut Report, reader: &mut Reader) -> Result<(), RecordingError> {
    for group in &mut report.groups {
        same_as_now(&mut group.first);
        look_up_one(&mut group.first, reader)?;
    }
    Ok(())
}

/// What has not changed is known.
fn same_as_now(first: &mut Difference) {
    for then in first.then.iter_mut().filter(|then| then.frames.is_none()) {
        let same = first.now.iter().find(|now| now.fingerprint == then.fingerprint);
        then.frames = same.and_then(|now| now.frames.clone());
    }
}

fn look_up_one(first: &mut Difference, reader: &mut Reader) -> Result<(), RecordingError> {
    let mut wanted: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, sent) in first.then.iter().enumerate() {
        if sent.frames.is_none() && sent.socket.is_some() {
            wanted.entry(sent.fingerprint).or_default().push(at);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let at = since_epoch(first.at);
    let times = nanos(at.saturating_sub(EARLIEST))..=nanos(at + LATEST);
    let instance = first.instance.clone();
    let then = &mut first.then;
    reader.read(Some(times), |entry| {
        let Entry::Message { mut passed, .. } = entry else { return ControlFlow::Continue(()) };
        if passed.direction == Direction::Out && passed.place.instance == instance {
            // The handler wanted it sent without that.
            passed.take_sequence();
            let found = fingerprint(&passed.frames);
            let is_here = |at: &usize| then[*at].socket.as_deref() == Some(&*passed.place.socket);
            if wanted.get(&found).is_some_and(|all| all.iter().any(is_here)) {
                for at in wanted.remove(&found).unwrap_or_default() {
                    then[at].frames =
                        Some(passed.frames.iter().map(|frame| frame.to_vec()).collect());
                }
            }
        }
        if wanted.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(())
}
