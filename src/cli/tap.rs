//! `zrig tap`: the messages of a running node, as they pass.
//!
//! Owns the arguments of `tap` and what it prints. Looking is `control`'s.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::message::{self, moment};
use super::output::{aside, end_with_reader, fail};
use crate::control::{Client, Ended, Failed, Lacking, Reply, Request, find};
use crate::node::Direction;
use crate::observe::time_of_day;
use crate::topology;
use crate::visible::visible;

/// The line of a message on the wire, around the message itself.
const MESSAGE: &str = "{\"message\":";

/// The line that says that it was all.
const ENDED: &str = "{\"ended\":";

/// Follow the messages of a running node or of all, in and out, without holding them up
#[derive(Args, Debug)]
pub(super) struct TapArguments {
    /// A running topology: its name, its file or its process
    run: String,
    /// The node; NODE.SOCKET is one of its sockets, NODE.2 the second of its copies; without it all
    /// nodes, in the order in which messages pass
    #[arg(value_name = "NODE[.SOCKET]")]
    target: Option<String>,
    /// Show only messages of which this Rhai expression says true, such as 'msg.msgid == 1000'
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Show only messages that go this way
    #[arg(long, value_enum)]
    direction: Option<Way>,
    /// Show every message, with all its frames whole; one that finds no room is said to be missing
    #[arg(long)]
    all: bool,
    /// What becomes of a message that finds no room because the reader is slow, with --all
    #[arg(long, value_enum, requires = "all", default_value_t = WhenFull::Drop)]
    when_full: WhenFull,
    /// Show each frame on a line of its own, as it is on the wire: routing ids, delimiter, payload
    #[arg(long)]
    frames: bool,
    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// How messages are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Way {
    /// Received
    In,
    /// Sent
    Out,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum WhenFull {
    /// It is said to be missing
    Drop,
    /// Its node waits for the reader
    Wait,
}

/// How messages are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A line for a person
    Text,
    /// One JSON object a line
    Json,
}

impl TapArguments {
    /// Follows until the run is over, the count is reached, or Ctrl-C.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        if self.count == Some(0) {
            return Ok(ExitCode::SUCCESS);
        }
        match self.open() {
            Ok(client) => self.follow(client),
            Err(failed) => Ok(fail(&failed)),
        }
    }

    fn open(&self) -> Result<Client, Failed> {
        let mut client = find(&self.run)?;
        let request = Request::Tap {
            target: self.target.clone(),
            direction: self.direction.map(|way| match way {
                Way::In => Direction::In,
                Way::Out => Direction::Out,
            }),
            filter: self.filter.clone(),
            frames: self.frames,
            all: self.all.then_some(match self.when_full {
                WhenFull::Drop => topology::WhenFull::Drop,
                WhenFull::Wait => topology::WhenFull::Wait,
            }),
        };
        client.ask(&request)?;
        Ok(client)
    }

    fn follow(&self, mut client: Client) -> io::Result<ExitCode> {
        end_with_reader();
        let mut out = io::stdout().lock();
        let mut line = String::new();
        let mut seen = 0;
        let mut is_all = false;
        loop {
            match client.next_line(None, &mut line) {
                Ok(true) if line.ends_with('\n') => {}
                Ok(_) if self.all && !is_all => return Ok(fail(&cut_short())),
                Ok(_) => return Ok(ExitCode::SUCCESS),
                Err(failed) => return Ok(fail(&failed)),
            }
            let bare = line.trim_end().strip_prefix(MESSAGE).and_then(|l| l.strip_suffix('}'));
            if let (Some(message), Format::Json) = (bare, self.format) {
                writeln!(out, "{message}")?;
            } else if let Some(code) = self.say(&mut out, line.trim_end())? {
                return Ok(code);
            }
            seen += u64::from(bare.is_some());
            is_all |= line.starts_with(ENDED);
            if self.count.is_some_and(|count| seen >= count) {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }

    /// Prints what the run says; the exit status when that was the last of it.
    fn say(&self, out: &mut impl Write, line: &str) -> io::Result<Option<ExitCode>> {
        let reply: Reply = serde_json::from_str(line)?;
        match reply {
            Reply::Message(one) => writeln!(out, "{}", message::line(&one))?,
            Reply::Failed(failed) => return Ok(Some(fail(&failed))),
            Reply::Tapping(_) => {}
            Reply::Hello(_)
            | Reply::Figures(_)
            | Reply::Counts(_)
            | Reply::Texts(_)
            | Reply::Event(_)
            | Reply::Done(_)
            | Reply::Answer(_)
            | Reply::Recording(_)
            | Reply::Holding(_)
            | Reply::Stepped(_)
            | Reply::Released(_)
            | Reply::Kept { .. }
            | Reply::Reloaded(_)
            | Reply::Stopping => {
                return Err(io::Error::other(format!("the run said something strange: {line}")));
            }
            Reply::Dropped(_)
            | Reply::Unfiltered { .. }
            | Reply::Missing(_)
            | Reply::Ended(_)
            | Reply::Note(_)
                if self.format == Format::Json =>
            {
                writeln!(out, "{line}")?;
            }
            Reply::Dropped(count) => {
                let (s, have) = if count == 1 { ("", "has") } else { ("s", "have") };
                aside(&format!("… {count} more message{s} {have} passed and not been shown"));
            }
            Reply::Unfiltered { count, error } => {
                let error = visible(&error);
                aside(&format!("… not shown, as the filter failed ({count} times): {error}"));
            }
            Reply::Missing(lacking) => aside(&missing(&lacking)),
            Reply::Ended(Ended { messages, missing }) => {
                aside(&format!("… that was all: {messages} shown, {missing} missing"));
            }
            Reply::Note(note) => aside(&format!("… {}", visible(&note))),
        }
        Ok(None)
    }
}

/// Where messages are missing that found no room.
fn missing(lacking: &Lacking) -> String {
    let Lacking { node, socket, direction, messages, since, until } = lacking;
    let (s, are) = if *messages == 1 { ("", "is") } else { ("s", "are") };
    let way = match direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    let (since, until) = (time_of_day(moment(*since)), time_of_day(moment(*until)));
    format!("… {messages} message{s} {are} missing here: {node}.{socket} {way}, {since} to {until}")
}

fn cut_short() -> Failed {
    let error = "the run ended before it had said that this was all".to_owned();
    Failed { error, invalid: false }
}
