//! Completions and manual pages: nothing of the command line is missing in them.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command as Process;

use clap::{Arg, Command, CommandFactory};
use zrig::cli::CommandLine;

use crate::zrig;

/// Every command that others are told of.
fn commands() -> Vec<Command> {
    let mut whole = CommandLine::command();
    whole.build();
    let told = whole.get_subcommands().filter(|one| !one.is_hide_set() && one.get_name() != "help");
    let told: Vec<Command> = told.cloned().collect();
    assert!(told.len() > 20, "{}", told.len());
    assert!(
        told.iter().all(|one| one.get_subcommands().next().is_none()),
        "one has commands itself"
    );
    told
}

/// The flags of a command that others are told of, as they are typed.
fn flags(command: &Command) -> BTreeSet<String> {
    let told: Vec<&Arg> = command.get_arguments().filter(|one| !one.is_hide_set()).collect();
    let long = told.iter().filter_map(|one| Some(format!("--{}", one.get_long()?)));
    let short = told.iter().filter_map(|one| Some(format!("-{}", one.get_short()?)));
    long.chain(short).collect()
}

/// The words that begin with a dash.
fn flags_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(|c| !is_part(c)).filter(|word| word.starts_with('-')).map(str::to_owned).collect()
}

#[track_caller]
fn same(shell: &str, command: &Command, found: &BTreeSet<String>) {
    let wanted = flags(command);
    let missing: Vec<_> = wanted.difference(found).collect();
    assert!(missing.is_empty(), "{shell}: `zrig {}` lacks {missing:?}", command.get_name());
}

#[test]
fn every_flag_of_every_command_is_in_its_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("made/man1");
    let said = zrig(&["manual", "--to", to.to_str().unwrap()]).well();
    let commands = commands();
    assert_eq!(said, format!("{} pages in {}\n", commands.len() + 1, to.display()));
    let read = |name: String| {
        let written = fs::read_to_string(to.join(name)).unwrap().replace("\\-", "-");
        // Without the marks of bold, italic and plain letters.
        ["\\fB", "\\fI", "\\fR"].into_iter().fold(written, |text, mark| text.replace(mark, ""))
    };
    let whole = read("zrig.1".to_owned());
    for command in &commands {
        let name = command.get_name();
        let page = read(format!("zrig-{name}.1"));
        same("man", command, &flags_in(&page));
        assert!(page.starts_with(".ie") || page.contains(&format!(".TH zrig-{name} 1")), "{page}");
        assert!(whole.contains(&format!("zrig-{name}(1)")), "zrig.1 lacks {name}");
        assert!(page.contains(concat!("\"zrig ", env!("CARGO_PKG_VERSION"), "\"")), "{page}");
        for argument in command.get_positionals() {
            let value = argument.get_value_names().unwrap()[0].as_str();
            assert!(page.contains(value), "zrig-{name}.1 lacks {value}");
        }
    }
    // Made again it is made anew, and nothing is beside.
    let again = zrig(&["manual", "--to", to.to_str().unwrap()]).well();
    assert_eq!(again, said);
    assert_eq!(fs::read_dir(&to).unwrap().count(), commands.len() + 1);
}

#[test]
fn a_manual_that_cannot_be_written_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let done = zrig(&["manual", "--to", file.to_str().unwrap()]);
    assert_eq!(done.status, Some(1));
    assert!(done.said.starts_with(&format!("error: {}: ", file.display())), "{}", done.said);
}

#[test]
fn every_flag_of_every_command_is_completed_by_bash() {
    let script = zrig(&["completions", "bash"]).well();
    let mut lines = script.lines();
    let mut seen = 0;
    let commands = commands();
    while let Some(line) = lines.next() {
        let label = line.trim().strip_suffix(')').unwrap_or_default();
        let Some(name) = label.strip_prefix("zrig__subcmd__").or(label.strip_prefix("zrig__"))
        else {
            continue;
        };
        let Some(command) = commands.iter().find(|one| one.get_name() == name) else { continue };
        let options = lines.next().unwrap().trim();
        let Some(options) = options.strip_prefix("opts=\"") else { continue };
        same("bash", command, &flags_in(options));
        seen += 1;
    }
    assert_eq!(seen, commands.len());
    assert!(!script.contains("guard"), "the guard is for zrig alone");
}

#[test]
fn bash_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zrig.bash");
    fs::write(&file, zrig(&["completions", "bash"]).well()).unwrap();
    let complete = |typed: &[&str]| {
        let words = typed.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let last = typed.len() - 1;
        let asked = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={last}; _zrig zrig '{}' '{}'; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display(),
            typed[last],
            typed[last - 1],
        );
        let done = Process::new("bash").args(["--norc", "-c", &asked]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    assert_eq!(complete(&["zrig", "comp"]), "completions\n");
    assert_eq!(complete(&["zrig", "run", "--fail"]), "--fail-on-error\n");
    assert_eq!(complete(&["zrig", "completions", "b"]), "bash\n");
    assert_eq!(complete(&["zrig", "graph", "--format", "sv"]), "svg\n");
}

#[test]
fn every_flag_of_every_command_is_completed_by_zsh() {
    let script = zrig(&["completions", "zsh"]).well();
    assert!(script.starts_with("#compdef zrig"), "{script}");
    for command in commands() {
        let begin = format!("({})\n_arguments", command.get_name());
        let (_, rest) = script.split_once(&begin).unwrap_or_else(|| panic!("no {begin:?}"));
        same("zsh", &command, &flags_in(rest.split("\n;;").next().unwrap()));
    }
}

#[test]
fn every_flag_of_every_command_is_completed_by_fish() {
    let script = zrig(&["completions", "fish"]).well();
    for command in commands() {
        let of = format!("__fish_zrig_using_subcommand {}\"", command.get_name());
        let mut found = BTreeSet::new();
        for line in script.lines().filter(|line| line.contains(&of)) {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                match pair[0] {
                    "-l" => drop(found.insert(format!("--{}", pair[1]))),
                    "-s" => drop(found.insert(format!("-{}", pair[1]))),
                    _ => {}
                }
            }
        }
        same("fish", &command, &found);
    }
}

#[test]
fn a_shell_that_is_not_there_is_refused_with_those_that_are() {
    let done = zrig(&["completions", "tcsh"]);
    assert_eq!(done.status, Some(2));
    assert!(done.said.contains("bash, zsh, fish"), "{}", done.said);
}
