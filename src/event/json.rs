//! Events as JSON, for those who read them by machine.
//!
//! Owns what their parts look like. Never knows a sentence.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::counters::DropReason;
use crate::receipt::Receipt;
use crate::script::{HandlerError, Level};

/// A fault in a handler as JSON.
#[derive(Serialize)]
pub(crate) struct FaultJson<'l> {
    handler: &'l str,
    message: &'l str,
    file: Cow<'l, str>,
    line: Option<usize>,
    column: Option<usize>,
    calls: Vec<CallJson<'l>>,
}

/// A function on the way to a fault, the outermost first.
#[derive(Serialize)]
struct CallJson<'l> {
    function: &'l str,
    file: Cow<'l, str>,
    line: Option<usize>,
    column: Option<usize>,
}

impl<'l> FaultJson<'l> {
    pub(crate) fn of(error: &'l HandlerError) -> Self {
        let calls = error.calls.iter().map(|call| CallJson {
            function: &call.function,
            file: call.path.to_string_lossy(),
            line: call.position.map(|at| at.line),
            column: call.position.map(|at| at.column),
        });
        Self {
            handler: &error.handler,
            message: &error.message,
            file: error.path.to_string_lossy(),
            line: error.position.map(|at| at.line),
            column: error.position.map(|at| at.column),
            calls: calls.collect(),
        }
    }
}

/// A level by its word.
pub(super) fn level<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.word())
}

/// A reason by its word.
pub(super) fn reason<S: Serializer>(reason: &DropReason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.word())
}

/// A time in seconds.
pub(super) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

/// A fault with its place.
pub(super) fn fault<S: Serializer>(
    fault: &Option<Arc<HandlerError>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    fault.as_deref().map(FaultJson::of).serialize(serializer)
}

/// A receipt as in `--receipts`.
pub(super) fn receipt<S: Serializer>(
    receipt: &Arc<Receipt>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    receipt.as_ref().serialize(serializer)
}
