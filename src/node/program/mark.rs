//! A mark that all processes of a program bear, by which those are found whose guard was killed.
//!
//! Owns the variable, and killing who has it. Whoever gives its children an empty environment gets away.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};

use rustix::process::{Pid, Signal, kill_process};

/// The variable that is the mark.
const VARIABLE: &str = "ZRIG_GUARD";
/// How often it is looked for processes that were made meanwhile.
const LOOKS: usize = 100;

/// What no processes of another program bear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mark(String);

impl Mark {
    /// A new one.
    pub(super) fn new() -> Self {
        // By chance twice, of two programs started by one process, is as good as never.
        let [one, other] = [(); 2].map(|()| RandomState::new().hash_one(std::process::id()));
        Self(format!("{one:016x}{other:016x}"))
    }

    /// The environment with it.
    pub(super) fn added_to(
        &self,
        environment: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut marked = environment.clone();
        marked.insert(VARIABLE.to_owned(), self.0.clone());
        marked
    }

    /// Kills all who bear it, until there are none: it reads all processes, and so takes its time.
    pub(super) fn kill_all(&self) {
        let mark = format!("{VARIABLE}={}", self.0);
        for _ in 0..LOOKS {
            let bearing = bearing(mark.as_bytes());
            if bearing.is_empty() {
                return;
            }
            for pid in bearing {
                // One that has ended since is as good.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// The processes that have a variable, those apart that have ended and were not taken in.
fn bearing(variable: &[u8]) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has_it = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == variable)
    };
    numbers.filter(has_it).filter_map(Pid::from_raw).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn who_bears_a_mark_is_killed_and_nobody_else() {
        let (mark, other) = (Mark::new(), Mark::new());
        assert_ne!(mark, other);
        let start = |mark: &Mark| {
            let environment = mark.added_to(&BTreeMap::new());
            Command::new("sleep").arg("1000").envs(environment).spawn().unwrap()
        };
        let (mut first, mut second) = (start(&mark), start(&other));
        mark.kill_all();
        assert!(!first.wait().unwrap().success());
        assert!(second.try_wait().unwrap().is_none());
        other.kill_all();
        assert!(!second.wait().unwrap().success());
    }
}
