//! What is left when a run is killed: nothing, whatever the programs have started.

use super::marked;
use crate::support::{Zrig, eventually, free_port, soaking};

/// A program with children that try to get away: by a session, by a second fork, by both.
const CLINGS: &str = "
trap '' TERM HUP INT
setsid sleep 1000 &
(setsid sh -c 'sleep 1001 & sleep 1002' &) &
sh -c 'sleep 1003 & setsid sleep 1004 &'
echo begun
sleep 1005
";

fn clinging(mark: u16, more: &str) -> Zrig {
    Zrig::of(&format!(
        "
nodes:
  clings:
    role: pull
    bind: tcp://127.0.0.1:*
    replicas: 2
    process: {{command: [sh, clings.sh], environment: {{MARK: {mark}}}, stop: {{within: 200ms}}{more}}}
"
    ))
    .with("clings.sh", CLINGS)
}

#[test]
fn a_run_that_is_killed_leaves_no_program_and_no_child_of_one() {
    let times = if soaking() { 50 } else { 5 };
    for _ in 0..times {
        let port = free_port();
        let mark = format!("MARK={port}");
        let run = clinging(port, "").start();
        run.says_times("  begun", 2);
        // The guard, the shell and six sleepers with a shell between, of each of the two.
        eventually("all have begun", || marked(&mark).len() >= 16);
        run.signal("KILL");
        let ending = run.ends();
        assert_eq!(ending.status, None);
        eventually("nothing is left", || marked(&mark).is_empty());
    }
}

#[test]
fn a_program_that_makes_itself_a_daemon_is_ended_with_all_it_has_left() {
    let port = free_port();
    let mark = format!("MARK={port}");
    let run = clinging(port, ", on_exit: leave").start();
    run.says_times("  begun", 2);
    eventually("all have begun", || marked(&mark).len() >= 16);
    // The shells themselves end, as a daemon's first process does.
    for line in run.log().iter().filter(|line| line.contains("runs as process")) {
        let pid = line.rsplit(' ').next().unwrap();
        assert!(
            std::process::Command::new("kill").args(["-KILL", pid]).status().unwrap().success()
        );
    }
    run.says_times("ended with SIGKILL", 2);
    eventually("nothing is left", || marked(&mark).is_empty());
    run.stop();
}

#[test]
fn a_guard_that_is_killed_takes_its_program_with_it_and_the_program_begins_anew() {
    let port = free_port();
    let run = clinging(port, "").start();
    run.says_times("  begun", 2);
    let mark = format!("MARK={port}");
    eventually("all have begun", || marked(&mark).len() >= 16);
    let all = marked(&mark);
    // All before the first is killed: a program goes with its guard.
    let is_guard = |pid: &&u32| {
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
        // Some of the program's shells last for a moment only.
        command.is_ok_and(|command| command.contains("guard"))
    };
    let guards: Vec<&u32> = all.iter().filter(is_guard).collect();
    assert_eq!(guards.len(), 2, "{all:?}");
    for guard in guards {
        let killed =
            std::process::Command::new("kill").args(["-KILL", &guard.to_string()]).status();
        assert!(killed.unwrap().success());
    }
    run.says_times("ended with its guard was killed", 2);
    run.says_times("its program runs as process", 4);
    // Those too that have a session of their own, or another parent.
    eventually("the first are gone", || marked(&mark).is_disjoint(&all));
    run.stop();
    eventually("nothing is left", || marked(&mark).is_empty());
}
