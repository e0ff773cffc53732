//! What happens in a run, as lines of JSON for a client.
//!
//! Owns how an event is written. A client that is slow loses events, which are counted and told, and
//! holds nobody up.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::protocol::Reply;
use crate::backlog::Room;
use crate::event::{EventReader, Events, Heard, Stamped};
use crate::observe::Happened;

/// How much may wait for a client.
const ROOM: Room = Room { entries: 4_096, bytes: 4 << 20 };
/// How long a client may take to take what was before.
const PATIENCE: Duration = Duration::from_secs(10);
/// About how many bytes are written together.
const TOGETHER: usize = 16 << 10;

/// The last of what happened, so many things at most.
pub(super) struct Past {
    kept: Vec<Arc<Stamped>>,
    before: u64,
}

/// A reader for a client, and what was before.
pub(super) fn reader(events: &Events, last: u64) -> (Past, EventReader) {
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    let (kept, before, reader) = events.subscribe_after(ROOM, last);
    (Past { kept, before }, reader)
}

/// Tells a client what was before; whether it took that.
pub(super) async fn tell_past(stream: &mut BufReader<UnixStream>, past: Past) -> bool {
    let events = past.kept.len() as u64;
    let mut lines = Reply::Kept { events, older: past.before }.line();
    for told in past.kept {
        lines.extend(reply(Heard::Event(told)).line());
        if lines.len() >= TOGETHER {
            if !taken(stream, &lines).await {
                return false;
            }
            lines.clear();
        }
    }
    taken(stream, &lines).await
}

/// Whether a client takes some lines in its time.
async fn taken(stream: &mut BufReader<UnixStream>, lines: &[u8]) -> bool {
    timeout(PATIENCE, stream.write_all(lines)).await.is_ok_and(|written| written.is_ok())
}

/// Tells a client what happens until it or the run ends.
pub(super) async fn tell(stream: &mut BufReader<UnixStream>, mut reader: EventReader) {
    loop {
        tokio::select! {
            heard = reader.next() => {
                let Some(heard) = heard else { return };
                let mut lines = reply(heard).line();
                while lines.len() < TOGETHER
                    && let Some(heard) = reader.try_next()
                {
                    lines.extend(reply(heard).line());
                }
                if stream.write_all(&lines).await.is_err() {
                    return;
                }
            }
            // What a client says meanwhile means nothing, but its end does.
            said = stream.fill_buf() => {
                let length = said.map_or(0, <[u8]>::len);
                if length == 0 {
                    return;
                }
                stream.consume(length);
            }
        }
    }
}

fn reply(heard: Heard) -> Reply {
    match heard {
        Heard::Event(told) => Reply::Event(Box::new(Happened::of(&told))),
        Heard::Lost(count) => Reply::Dropped(count),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::{Value, json};

    use super::*;
    use crate::counters::DropReason;
    use crate::event::{Event, EventKind, Stamped};
    use crate::receipt::Receipt;
    use crate::script::{HandlerError, HandlerErrorKind};

    fn line(kind: EventKind) -> Value {
        let event = Event { node: "a.1".into(), socket: Some("in".into()), kind, repeated: 2 };
        let told = Stamped { at: UNIX_EPOCH + Duration::from_millis(1500), event };
        let line = reply(Heard::Event(Arc::new(told))).line();
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn an_event_is_written_with_its_kind_and_all_it_knows() {
        let dropped = line(EventKind::Dropped { reason: DropReason::Full, count: 3 });
        assert_eq!(
            dropped,
            json!({"event": {
                "time": 1.5,
                "level": "warn",
                "node": "a.1",
                "socket": "in",
                "kind": "dropped",
                "details": {"reason": "full", "count": 3},
                "message": "dropped 3 messages: the peer's queue is at its high-water mark",
                "repeated": 2,
            }})
        );
        let unreached = line(EventKind::Unreached {
            endpoint: "tcp://h:1".to_owned(),
            place: None,
            waited: Duration::from_millis(5500),
            why: None,
        });
        assert_eq!(
            unreached["event"]["details"],
            json!({"endpoint": "tcp://h:1", "waited_seconds": 5.5, "why": null})
        );
        let receipt = Arc::new(Receipt::rejected(7, Duration::ZERO, vec!["no".to_owned()]));
        let reloaded = line(EventKind::Reloaded { receipt });
        assert_eq!(reloaded["event"]["details"]["receipt"]["verdict"], "rejected");
        assert_eq!(reloaded["event"]["details"]["receipt"]["errors"], json!(["no"]));
    }

    #[test]
    fn a_fault_in_a_handler_keeps_its_place() {
        let fault = HandlerError {
            kind: HandlerErrorKind::Script,
            handler: "on_message".to_owned(),
            message: "no".to_owned(),
            path: PathBuf::from("a.rhai"),
            position: None,
            calls: Vec::new(),
        };
        let error = fault.to_string();
        let failed = line(EventKind::HandlerFailed { error, fault: Some(Arc::new(fault)) });
        let fault = &failed["event"]["details"]["fault"];
        assert_eq!((&fault["file"], &fault["handler"]), (&json!("a.rhai"), &json!("on_message")));
    }

    #[test]
    fn what_found_no_room_is_told_as_a_number() {
        assert_eq!(reply(Heard::Lost(5)).line(), b"{\"dropped\":5}\n");
    }
}
