//! `zrig send` and `zrig call`: a message for a running node, and perhaps its answer.
//!
//! Owns the arguments of both and what they print. What a node makes of it is `control`'s.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::message;
use super::output::fail;
use crate::control::{Failed, Reply, Request, Spoken, find};
use crate::duration::parse_duration;
use crate::message::integer_past_64_bits;
use crate::script::Offered;
use crate::visible::visible;

/// How much longer than asked a run may take to say that the time is over.
const ANSWER: Duration = Duration::from_secs(4);

/// Let a running node send a message, or take it as received where its socket only receives
#[derive(Args, Debug)]
pub(super) struct SendArguments {
    #[command(flatten)]
    value: ValueArguments,
    /// The routing id of the peer, on router and stream; 0x… is hex
    #[arg(long, value_name = "ROUTING-ID")]
    to: Option<String>,
    /// Let the node take it as received, where its socket could also send it
    #[arg(long, conflicts_with = "to")]
    receive: bool,
}

/// Ask a running node (rep or router) and print its answer
#[derive(Args, Debug)]
pub(super) struct CallArguments {
    #[command(flatten)]
    value: ValueArguments,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Args, Debug)]
struct ValueArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// The node; NODE.SOCKET where it has several that fit
    #[arg(value_name = "NODE[.SOCKET]")]
    target: String,
    /// The message: a text, or with --json a JSON value
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// VALUE is JSON; of a plain format, an array is one frame an element
    #[arg(long)]
    json: bool,
    /// Another message id than the socket's own, in format msgid
    #[arg(long, value_name = "ID", conflicts_with = "topic", allow_hyphen_values = true)]
    msgid: Option<i64>,
    /// The topic, in format envelope
    #[arg(long)]
    topic: Option<String>,
    /// How long it may take
    #[arg(long, default_value = "5s", value_parser = parse_duration)]
    timeout: Duration,
}

/// How an answer is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// Its body
    Text,
    /// All about it, as one JSON object
    Json,
}

impl SendArguments {
    /// Hands the message over.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let asked = self.value.spoken(self.to.clone(), self.receive).map(Request::Send);
        match asked.and_then(|request| self.value.ask(&request)) {
            Ok(Reply::Done(done)) => {
                writeln!(io::stdout(), "{}", visible(&done))?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(other) => strange(&other),
            Err(failed) => Ok(fail(&failed)),
        }
    }
}

impl CallArguments {
    /// Asks, and prints the answer.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let asked = self.value.spoken(None, false).map(Request::Call);
        match asked.and_then(|request| self.value.ask(&request)) {
            Ok(Reply::Answer(answer)) => {
                let text = match self.format {
                    Format::Text => visible(&message::body(&answer)).into_owned(),
                    Format::Json => serde_json::to_string(&answer)?,
                };
                writeln!(io::stdout(), "{text}")?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(other) => strange(&other),
            Err(failed) => Ok(fail(&failed)),
        }
    }
}

impl ValueArguments {
    fn spoken(&self, to: Option<String>, receive: bool) -> Result<Spoken, Failed> {
        let value = if self.json {
            if let Some(digits) = integer_past_64_bits(&self.value) {
                let error = format!("{digits} needs more than 64 bits; send it as text instead");
                return Err(Failed { error, invalid: true });
            }
            let value = serde_json::from_str(&self.value);
            Offered::Json(value.map_err(|error| Failed {
                error: format!("VALUE is no JSON: {error}"),
                invalid: true,
            })?)
        } else {
            Offered::Text(self.value.clone())
        };
        Ok(Spoken {
            target: self.target.clone(),
            value,
            tag: self.msgid.map(|id| id.to_string()).or_else(|| self.topic.clone()),
            to,
            receive,
            milliseconds: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn ask(&self, request: &Request) -> Result<Reply, Failed> {
        let mut client = find(&self.run)?;
        client.ask(request)?;
        match client.next(Some(self.timeout.saturating_add(ANSWER)))? {
            Some(Reply::Failed(failed)) => Err(failed),
            Some(reply) => Ok(reply),
            None => Err(Failed { error: "the run ended meanwhile".to_owned(), invalid: false }),
        }
    }
}

fn strange(reply: &Reply) -> io::Result<ExitCode> {
    Err(io::Error::other(format!("the run said something strange: {reply:?}")))
}
