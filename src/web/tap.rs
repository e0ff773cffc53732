//! `/api/tap`: messages as they pass, for one who looks.
//!
//! Owns how the lines of a tap become events. What is shown of a message is `control`'s.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::timeout;

use super::refusal::refusal;
use super::site::Site;
use super::stream::{Teller, begun};
use crate::control::{Conversation, Request};
use crate::node::Direction;

/// How long no message may pass, before it is seen whether anybody looks: one who has gone takes the
/// place of another.
const QUIET: Duration = Duration::from_secs(2);

/// What is to be seen.
#[derive(Deserialize)]
pub(super) struct Wanted {
    target: Option<String>,
    direction: Option<Direction>,
    filter: Option<String>,
}

/// `GET /api/tap`
pub(super) async fn tap(State(site): State<Arc<Site>>, Query(wanted): Query<Wanted>) -> Response {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let request = Request::Tap {
        target: given(wanted.target),
        direction: wanted.direction,
        filter: given(wanted.filter),
        all: None,
        frames: true,
    };
    let asked = match site.reach.connect().await {
        Ok(mut conversation) => conversation
            .ask(&request)
            .await
            .map(|()| conversation)
            .map_err(|error| error.to_string()),
        Err(failed) => Err(failed.error),
    };
    let conversation = match asked {
        Ok(conversation) => conversation,
        Err(error) => return refusal(StatusCode::SERVICE_UNAVAILABLE, &error),
    };
    let (teller, answer) = begun();
    tokio::spawn(tell(conversation, teller));
    answer
}

async fn tell(mut conversation: Conversation, mut teller: Teller) {
    let mut is_there = true;
    while is_there {
        is_there = match timeout(QUIET, conversation.next_line()).await {
            Ok(Ok(Some(line))) => teller.tell(record(&line)).await,
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => teller.knock().await,
        };
    }
}

/// `{"message":{…}}` as an event of that kind.
fn record(line: &[u8]) -> Bytes {
    let line = String::from_utf8_lossy(line);
    let parts = line
        .strip_prefix("{\"")
        .and_then(|line| line.strip_suffix('}'))
        .and_then(|line| line.split_once("\":"));
    let (kind, data) = parts.unwrap_or(("note", "\"\""));
    format!("event: {kind}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_event_of_its_kind() {
        let record = record(br#"{"message":{"body":{"a":"}"}}}"#);
        assert_eq!(&record[..], b"event: message\ndata: {\"body\":{\"a\":\"}\"}}\n\n");
    }
}
