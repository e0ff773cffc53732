//! What a run and the guard of a program tell each other: a line each.
//!
//! Owns the words of both ways. Never reads or writes.

use std::fmt;

use crate::topology::StopSignal;

/// What the run tells the guard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Give the program and its group this signal.
    Signal(StopSignal),
    /// Kill all of it.
    Kill,
}

/// What the guard tells the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Report {
    /// The program runs, as the process of this number.
    Started(u32),
    /// It could not be started.
    Failed(String),
    /// The program itself has ended; what it had started may not have.
    Exited(Exit),
    /// Nothing of it is left.
    Over,
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exit {
    /// With this exit status.
    Status(i32),
    /// By the signal of this number.
    Signal(i32),
}

const KILL: &str = "kill";

impl Order {
    pub(super) fn line(self) -> String {
        match self {
            Self::Signal(signal) => format!("{}\n", signal.word()),
            Self::Kill => format!("{KILL}\n"),
        }
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        if line == KILL {
            return Some(Self::Kill);
        }
        let signal = StopSignal::WORDS.iter().find(|(word, _)| *word == line);
        signal.map(|(_, signal)| Self::Signal(*signal))
    }
}

impl Report {
    pub(super) fn line(&self) -> String {
        match self {
            Self::Started(pid) => format!("started {pid}\n"),
            Self::Failed(why) => format!("failed {}\n", why.replace('\n', " ")),
            Self::Exited(Exit::Status(status)) => format!("exited {status}\n"),
            Self::Exited(Exit::Signal(signal)) => format!("signalled {signal}\n"),
            Self::Over => "over\n".to_owned(),
        }
    }

    pub(super) fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "started" => Self::Started(rest.parse().ok()?),
            "failed" => Self::Failed(rest.to_owned()),
            "exited" => Self::Exited(Exit::Status(rest.parse().ok()?)),
            "signalled" => Self::Exited(Exit::Signal(rest.parse().ok()?)),
            "over" => Self::Over,
            _ => return None,
        })
    }
}

/// The signals that end programs, by their numbers on Linux.
const SIGNALS: &[(i32, &str)] = &[
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGTRAP, "SIGTRAP"),
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGKILL, "SIGKILL"),
    (libc::SIGUSR1, "SIGUSR1"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGUSR2, "SIGUSR2"),
    (libc::SIGPIPE, "SIGPIPE"),
    (libc::SIGALRM, "SIGALRM"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGXCPU, "SIGXCPU"),
    (libc::SIGSYS, "SIGSYS"),
];

/// As it is told: `status 3`, `SIGKILL`.
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Signal(signal) => match SIGNALS.iter().find(|(number, _)| number == signal) {
                Some((_, word)) => f.write_str(word),
                None => write!(f, "signal {signal}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood_at_the_other_end() {
        for order in StopSignal::WORDS
            .map(|(_, signal)| Order::Signal(signal))
            .into_iter()
            .chain([Order::Kill])
        {
            assert_eq!(Order::parse(order.line().trim_end()), Some(order));
        }
        for report in [
            Report::Started(7),
            Report::Failed("No such file (os error 2)".to_owned()),
            Report::Exited(Exit::Status(3)),
            Report::Exited(Exit::Signal(9)),
            Report::Over,
        ] {
            assert_eq!(Report::parse(report.line().trim_end()), Some(report));
        }
        for nonsense in ["", "started", "started x", "exited", "what"] {
            assert_eq!(Report::parse(nonsense), None, "{nonsense}");
            assert_eq!(Order::parse(nonsense), None, "{nonsense}");
        }
        assert_eq!(Report::Failed("a\nb".to_owned()).line(), "failed a b\n");
    }

    #[test]
    fn an_end_is_told_by_its_status_or_the_name_of_its_signal() {
        for (exit, said) in [
            (Exit::Status(3), "status 3"),
            (Exit::Signal(9), "SIGKILL"),
            (Exit::Signal(40), "signal 40"),
        ] {
            assert_eq!(exit.to_string(), said);
        }
    }
}
