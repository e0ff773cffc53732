//! `zrig top`: what a running topology does now, on a screen for a person or as tables.
//!
//! ```text
//! keys, feeds ──▶ state (tree, order, history, pane) ──▶ view ──▶ screen
//! ```
//!
//! Owns the arguments of `top` and where its figures come from. What a figure means is `table`'s,
//! how it looks on a terminal `view`'s.

mod columns;
mod feeds;
mod history;
mod keys;
mod layout;
mod live;
mod look;
mod order;
mod pane;
mod screen;
mod state;
mod table;
mod text;
mod tree;
mod view;

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::output::{colours_on, end_with_reader, fail};
use crate::control::{Client, Failed, Reply, Request, find};
use crate::duration::parse_duration;
use crate::snapshot::Snapshot;
pub(super) use table::{Row, SocketRow, Table, rate, time};

/// How long figures may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of figures that are read at most.
const ANSWER_MAX: u64 = 64 << 20;

/// Show what each node of a running topology does: rates, queues, drops, handler times
#[derive(Args, Debug)]
pub(super) struct TopArguments {
    /// A running topology: its name, its file, its process, or the HOST:PORT of its --metrics
    #[arg(value_name = "RUN|ADDRESS")]
    run: String,
    /// Show it once, with rates over one interval
    #[arg(long)]
    once: bool,
    /// How often it is shown anew
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How figures are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// A table
    Text,
    /// One JSON object a line
    Json,
}

impl TopArguments {
    /// Shows figures until the run is over, `q` is pressed, or once.
    ///
    /// # Errors
    ///
    /// When the result cannot be written.
    pub(super) fn run(&self) -> io::Result<ExitCode> {
        let begun = Figures::open(&self.run).and_then(|mut figures| {
            let first = figures.take()?;
            Ok((figures, first))
        });
        let (figures, first) = match begun {
            Ok(begun) => begun,
            Err(failed) => return Ok(fail(&failed)),
        };
        if screen::is_there() && !self.once && self.format == Format::Text {
            let source = feeds::Source::of(&self.run, &figures);
            let colours = colours_on(&io::stdout());
            drop(figures);
            live::watch(source, first, self.interval, colours)?;
            return Ok(ExitCode::SUCCESS);
        }
        match self.print(figures, first)? {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(failed) => Ok(fail(&failed)),
        }
    }

    /// Table after table, one below the other.
    fn print(&self, mut figures: Figures, first: Snapshot) -> io::Result<Result<(), Failed>> {
        let mut before = first;
        end_with_reader();
        let mut out = io::stdout().lock();
        loop {
            std::thread::sleep(self.interval);
            let now = match figures.take() {
                Ok(now) => now,
                // A run that ends has been seen, but one look is what was asked for.
                Err(failed) => return Ok(if self.once { Err(failed) } else { Ok(()) }),
            };
            let table = Table::between(&before, &now);
            match self.format {
                Format::Text => writeln!(out, "{}", table.lines().join("\n"))?,
                Format::Json => writeln!(out, "{}", serde_json::to_string(&table)?)?,
            }
            if self.once {
                return Ok(Ok(()));
            }
            if self.format == Format::Text {
                writeln!(out)?;
            }
            out.flush()?;
            before = now;
        }
    }
}

/// Where figures come from.
pub(super) enum Figures {
    /// A control socket.
    Run(Box<Client>),
    /// The address of `--metrics`.
    Address(String),
}

impl Figures {
    /// Finds a run.
    pub(super) fn open(run: &str) -> Result<Self, Failed> {
        let address = run.strip_prefix("http://").unwrap_or(run);
        let address = address.split('/').next().unwrap_or_default();
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_some() && !std::path::Path::new(run).exists() {
            return Ok(Self::Address(address.to_owned()));
        }
        find(run).map(|client| Self::Run(Box::new(client)))
    }

    /// The figures of this moment.
    pub(super) fn take(&mut self) -> Result<Snapshot, Failed> {
        match self {
            Self::Run(client) => {
                client.ask(&Request::Figures)?;
                match client.next(Some(PATIENCE))? {
                    Some(Reply::Figures(snapshot)) => Ok(*snapshot),
                    Some(Reply::Failed(failed)) => Err(failed),
                    Some(_) => Err(now("the run said something strange".to_owned())),
                    None => Err(now("the run is over".to_owned())),
                }
            }
            Self::Address(address) => {
                let failed = |error: io::Error| now(format!("{address}: {error}"));
                let body = fetch(address).map_err(failed)?;
                serde_json::from_slice(&body).map_err(|error| {
                    now(format!("{address} serves no figures of zrig at /topology: {error}"))
                })
            }
        }
    }
}

fn now(error: String) -> Failed {
    Failed { error, invalid: false }
}

/// The body of `/topology`.
fn fetch(address: &str) -> io::Result<Vec<u8>> {
    let found = address.to_socket_addrs()?.next();
    let found = found.ok_or_else(|| io::Error::other("no such address"))?;
    let mut stream = TcpStream::connect_timeout(&found, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In version 1.0 the end of the answer is the end of the connection.
    let request = format!("GET /topology HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer)?;
    let head = answer.windows(4).position(|part| part == b"\r\n\r\n");
    let head = head.ok_or_else(|| io::Error::other("this is no HTTP"))?;
    Ok(answer.split_off(head + 4))
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).map_err(|error| error.to_string())?;
    if interval < Duration::from_millis(50) {
        return Err("the interval is at least 50ms".to_owned());
    }
    Ok(interval)
}

#[cfg(test)]
mod tests;
