//! `zrig learn`: every lesson is solved as a learner would, and no wrong answer is taken for a right one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use zrig::document::with_values;
use zrig::learn::{Finding, LESSONS, Lesson, judge, path_of};
use zrig::load::load_text;
use zrig::test_file::Saved;
use zrig::topology::Topology;

use crate::zrig_in;

/// A part of a text, and what stands there instead.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    old: String,
    new: String,
}

/// What `answers.yaml` of a lesson says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    solution: Vec<Change>,
    wrong: Vec<Vec<Change>>,
}

fn answers(lesson: &Lesson) -> Answers {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("lessons")
        .join(lesson.name)
        .join("answers.yaml");
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[track_caller]
fn changed(lesson: &Lesson, text: &str, changes: &[Change]) -> String {
    // Not in the comment at its head, which may name what is wrong.
    let (head, body) = text.split_at(text.find("nodes:\n").unwrap());
    let mut body = body.to_owned();
    for change in changes {
        assert!(body.contains(&change.old), "{}: no {:?}", lesson.name, change.old);
        body = body.replacen(&change.old, &change.new, 1);
    }
    format!("{head}{body}")
}

fn saved(path: &Path, saved: &Saved) -> Result<Topology, String> {
    let Saved::Set(values) = saved else { return Err("no file is saved in a lesson".to_owned()) };
    let text = with_values(&fs::read_to_string(path).unwrap(), values)?;
    let loaded = load_text(path, &text, &|_| None);
    let faults: Vec<&str> = loaded.diagnostics.iter().map(|fault| &*fault.message).collect();
    loaded.topology.ok_or_else(|| faults.join("; "))
}

fn found(path: &Path, lesson: &Lesson, text: &str) -> Finding {
    fs::write(path, text).unwrap();
    judge(lesson, path, &saved).unwrap().finding
}

#[test]
fn every_solution_is_right_and_neither_the_lesson_nor_any_of_five_wrong_answers_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for lesson in LESSONS {
        let path = path_of(folder.path(), lesson);
        let answers = answers(lesson);
        let solution = changed(lesson, lesson.text, &answers.solution);
        assert!(answers.wrong.len() >= 5, "{}", lesson.name);
        let solved = found(&path, lesson, &solution);
        if !matches!(solved, Finding::Done) {
            wrong.push(format!("{}: the solution: {solved:?}", lesson.name));
        }
        if matches!(found(&path, lesson, lesson.text), Finding::Done) {
            wrong.push(format!("{}: it is done as it is given", lesson.name));
        }
        let silenced = format!("{solution}# zrig: allow ZR0301 because it is a lesson\n");
        if !matches!(found(&path, lesson, &silenced), Finding::Silenced(_) | Finding::Faulty(_)) {
            wrong.push(format!("{}: a comment hides faults", lesson.name));
        }
        for (number, changes) in answers.wrong.iter().enumerate() {
            let text = changed(lesson, &solution, changes);
            if matches!(found(&path, lesson, &text), Finding::Done) {
                wrong.push(format!(
                    "{}: wrong answer {} is taken for right",
                    lesson.name,
                    number + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The folder of a learner.
struct Learner {
    folder: tempfile::TempDir,
}

impl Learner {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn learn(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut all = vec!["learn", "lessons"];
        all.extend(arguments);
        let done = zrig_in(self.folder.path(), &all);
        (done.status, format!("{}{}", done.out, done.said))
    }

    fn path(&self, lesson: &Lesson) -> PathBuf {
        path_of(&self.folder.path().join("lessons"), lesson)
    }

    fn solve(&self, lesson: &Lesson) {
        let solution = changed(lesson, lesson.text, &answers(lesson).solution);
        fs::write(self.path(lesson), solution).unwrap();
    }
}

#[test]
fn a_learner_goes_from_the_first_lesson_to_the_last() {
    let learner = Learner::new();
    for (at, lesson) in LESSONS.iter().enumerate() {
        // Without being told which: then all before it are judged too, so not each time.
        let number = (at + 1).to_string();
        let which = ["--once", "--lesson", number.as_str()];
        let (status, said) = learner.learn(&which[..if at % 9 == 0 { 1 } else { 3 }]);
        assert_eq!(status, Some(1), "{said}");
        let head = format!("Lesson {} of {}: {}\n", at + 1, LESSONS.len(), lesson.title());
        assert!(said.contains(&head), "{said}");
        assert!(said.contains(&format!("`zrig explain {}`", lesson.teaches)), "{said}");
        assert_eq!(at == 0, said.starts_with(&format!("{} lessons written", LESSONS.len())));
        learner.solve(lesson);
        let (status, said) = learner.learn(&which);
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains(&format!("done: {}. {}\n", at + 1, lesson.title())), "{said}");
    }
    let all = format!("all {} lessons are done\n", LESSONS.len());
    assert_eq!(learner.learn(&["--once"]), (Some(0), all.clone()));
    assert_eq!(learner.learn(&[]), (Some(0), all.clone()));
    assert_eq!(learner.learn(&["--hint"]), (Some(0), all));
    let (_, list) = learner.learn(&["--list"]);
    assert_eq!(list.matches("done  ").count(), LESSONS.len(), "{list}");
}

#[test]
fn what_is_wrong_is_said_in_the_words_of_check_and_of_tests() {
    let learner = Learner::new();
    let (_, said) = learner.learn(&["--once"]);
    let lacks = "it checks clean, but is not what is wanted:\n  `desk` binds nothing\n";
    assert!(said.contains(lacks) && !said.contains("help:"), "{said}");
    let (_, said) = learner.learn(&["--once", "--lesson", "3"]);
    assert!(said.contains("error[ZR0305]: a sub cannot talk to a push"), "{said}");
    assert!(said.contains("see `zrig explain ZR0305` and `zrig explain role`"), "{said}");
    let (status, said) = learner.learn(&["--once", "--lesson", "10"]);
    assert_eq!(status, Some(1));
    assert!(
        said.contains("it checks clean, but this does not hold:\n  FAIL  the counter"),
        "{said}"
    );
    assert!(said.contains("what was seen there:"), "{said}");
    // Of the learner's file that it is, wherever the tests are.
    fs::remove_file(learner.path(&LESSONS[2])).unwrap();
    fs::write(learner.path(&LESSONS[0]), "nodes: [").unwrap();
    let (_, said) = learner.learn(&["--once"]);
    assert!(said.contains("lessons/01-bind-and-connect.yaml:1:"), "{said}");
}

#[test]
fn a_save_is_judged_at_once_and_the_next_lesson_comes_when_it_holds() {
    let learner = Learner::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_zrig"))
        .current_dir(learner.folder.path())
        .args(["learn", "lessons"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |text: &str| {
        let mut seen = Vec::new();
        for line in lines.by_ref() {
            seen.push(line.unwrap());
            if seen.last().unwrap().contains(text) {
                return seen;
            }
        }
        panic!("it ended without {text:?}: {seen:?}")
    };
    until("waits for a save");
    let first = &LESSONS[0];
    fs::write(learner.path(first), first.text.replacen("connect: 5550", "bind: 5551", 1)).unwrap();
    // The middle of the save may be judged before its end.
    while !until("waits for a save").iter().any(|line| line.contains("FAIL  the guest is greeted"))
    {
    }
    learner.solve(first);
    let said = until("Lesson 2 of ");
    assert!(said.iter().any(|line| line.starts_with("done: 1. ")), "{said:?}");
    let said = until("waits for a save");
    let judged = said.iter().filter(|line| line.contains("FAIL")).count();
    assert_eq!(judged, 1, "once: {said:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn lists_hints_and_resets_write_over_nothing() {
    let learner = Learner::new();
    let (status, list) = learner.learn(&["--list"]);
    assert_eq!(status, Some(0));
    assert!(list.starts_with("next   1  Bind and connect\n"), "{list}");
    assert!(list.ends_with(&format!("0 of {} are done\n", LESSONS.len())), "{list}");
    assert!(!learner.folder.path().join("lessons").exists(), "a list writes nothing");
    let (_, hint) = learner.learn(&["--hint", "--lesson", "02-a-name-is-an-endpoint"]);
    assert!(hint.starts_with("2. ") && hint.contains(LESSONS[1].hint.trim()), "{hint}");

    learner.learn(&["--once"]);
    fs::write(learner.path(&LESSONS[0]), "mine").unwrap();
    learner.learn(&["--once"]);
    assert_eq!(fs::read_to_string(learner.path(&LESSONS[0])).unwrap(), "mine");
    let (status, said) = learner.learn(&["--reset", "1"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("yours is lessons/01-bind-and-connect.yaml.1"), "{said}");
    assert_eq!(fs::read_to_string(learner.path(&LESSONS[0])).unwrap(), LESSONS[0].text);
    let kept = learner.path(&LESSONS[0]).with_extension("yaml.1");
    assert_eq!(fs::read_to_string(kept).unwrap(), "mine");

    let (status, said) = learner.learn(&["--lesson", "99"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("there is no such lesson"), "{said}");
}
