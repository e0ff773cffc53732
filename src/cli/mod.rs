//! The command line: one file a subcommand.
//!
//! Owns arguments and which subcommand is meant. Never starts a node itself.

mod check;
mod compare;
mod completions;
mod draw;
mod events;
mod explain;
mod explore;
mod export;
mod fmt;
mod graph;
mod guard;
mod import;
mod keys;
mod learn;
mod list;
mod logs;
mod lsp;
mod manual;
mod message;
mod new;
mod output;
mod picture;
mod plan;
mod record;
mod recording;
mod reload;
mod replay;
mod run;
mod saved;
mod schema;
mod send;
mod stop;
mod tap;
mod test;
mod top;
mod users;
mod variables;
mod version;
mod web;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use self::output::{FAILED, aside};
use crate::visible::visible_lines;

pub use draw::{Look, draw, summary};
pub use variables::Variables;

/// Runs declarative ZeroMQ topologies.
#[derive(Parser, Debug)]
#[command(name = "zrig", version, long_version = version::long(), about, max_term_width = 100)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    New(new::NewArguments),
    Learn(learn::LearnArguments),
    Run(run::RunArguments),
    Check(check::CheckArguments),
    Fmt(fmt::FmtArguments),
    Plan(plan::PlanArguments),
    Graph(graph::GraphArguments),
    Import(import::ImportArguments),
    Export(export::ExportArguments),
    List(list::ListArguments),
    Stop(stop::StopArguments),
    Reload(reload::ReloadArguments),
    Logs(logs::LogsArguments),
    Top(top::TopArguments),
    Tap(tap::TapArguments),
    Test(test::TestArguments),
    Explore(explore::ExploreArguments),
    Events(events::EventsArguments),
    Record(record::RecordArguments),
    Recording(recording::RecordingArguments),
    Replay(replay::ReplayArguments),
    Web(web::WebArguments),
    Send(send::SendArguments),
    Call(send::CallArguments),
    Keys(keys::KeysArguments),
    Users(users::UsersArguments),
    Explain(explain::ExplainArguments),
    Schema(schema::SchemaArguments),
    Lsp(lsp::LspArguments),
    Completions(completions::CompletionsArguments),
    Manual(manual::ManualArguments),
    #[command(hide = true)]
    Guard(guard::GuardArguments),
}

/// Does what the process's arguments say.
#[must_use]
pub fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::New(arguments) => arguments.run(),
        Command::Learn(arguments) => arguments.run(),
        Command::Run(arguments) => arguments.run(),
        Command::Check(arguments) => arguments.run(),
        Command::Fmt(arguments) => arguments.run(),
        Command::Plan(arguments) => arguments.run(),
        Command::Graph(arguments) => arguments.run(),
        Command::Import(arguments) => arguments.run(),
        Command::Export(arguments) => arguments.run(),
        Command::List(arguments) => arguments.run(),
        Command::Stop(arguments) => arguments.run(),
        Command::Reload(arguments) => arguments.run(),
        Command::Logs(arguments) => arguments.run(),
        Command::Top(arguments) => arguments.run(),
        Command::Tap(arguments) => arguments.run(),
        Command::Test(arguments) => arguments.run(),
        Command::Explore(arguments) => arguments.run(),
        Command::Events(arguments) => arguments.run(),
        Command::Record(arguments) => arguments.run(),
        Command::Recording(arguments) => arguments.run(),
        Command::Replay(arguments) => arguments.run(),
        Command::Web(arguments) => arguments.run(),
        Command::Send(arguments) => arguments.run(),
        Command::Call(arguments) => arguments.run(),
        Command::Keys(arguments) => arguments.run(),
        Command::Users(arguments) => arguments.run(),
        Command::Explain(arguments) => arguments.run(),
        Command::Schema(arguments) => arguments.run(),
        Command::Lsp(arguments) => arguments.run(),
        Command::Completions(arguments) => arguments.run(definition()),
        Command::Manual(arguments) => arguments.run(definition()),
        Command::Guard(arguments) => arguments.run(),
    };
    done.unwrap_or_else(|error| {
        // A reader that closed its end of the pipe has seen enough.
        if error.kind() != io::ErrorKind::BrokenPipe {
            aside(&format!("error: {}", visible_lines(&error.to_string())));
        }
        ExitCode::from(FAILED)
    })
}

/// The command line as others are told of it: without what only zrig itself asks for.
fn definition() -> clap::Command {
    let whole = CommandLine::command();
    let told = whole.get_subcommands().filter(|one| !one.is_hide_set()).cloned();
    let about = whole.get_about().cloned().unwrap_or_default();
    clap::Command::new("zrig").version(env!("CARGO_PKG_VERSION")).about(about).subcommands(told)
}
