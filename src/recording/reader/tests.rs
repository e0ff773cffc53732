use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::super::around::Around;
use super::super::contents::{Entry, moment};
use super::super::cut::{Wants, cut};
use super::super::glance::glance;
use super::super::overview::{Mark, MarkKind, Overview};
use super::super::writer::Writer;
use super::*;
use crate::message::Frame;
use crate::node::{Calls, Passed, Target};
use crate::source::Source;

fn place(role: Role) -> Arc<Place> {
    let place = Place {
        instance: "a".into(),
        socket: "in".into(),
        role,
        format: Format::Plain,
        numbered: false,
    };
    Arc::new(place)
}

fn passed(place: &Arc<Place>, at: u64, texts: &[&str]) -> Passed {
    Passed {
        at: moment(at),
        direction: Direction::In,
        place: Arc::clone(place),
        number: 1,
        frames: texts.iter().map(|text| Frame::from(*text)).collect(),
    }
}

/// A recording of two chunks with everything that one can have.
fn written(folder: &Path) -> PathBuf {
    let path = folder.join("a.mcap");
    let mut writer = Writer::create(&path).unwrap();
    let place = place(Role::Router);
    let source = Source::new("a.yaml", "nodes: {}");
    let texts = [("a.yaml".to_owned(), Arc::clone(source.text()))];
    writer.texts(1, moment(1_000), &texts).unwrap();
    for at in 1..=20 {
        let message = passed(&place, 1_000 * at, &["id", "", &format!("text {at}")]);
        writer.message(&message, Some("127.0.0.1")).unwrap();
        if at == 10 {
            writer.flush().unwrap();
        }
    }
    writer.gap(&place, Direction::In, 7, (moment(21_000), moment(22_000))).unwrap();
    writer.event(moment(23_000), &serde_json::json!({"kind": "note"})).unwrap();
    writer.finish().unwrap();
    path
}

/// What a recording has: texts of messages, and words for the rest.
fn read(
    reader: &mut Reader,
    times: Option<RangeInclusive<u64>>,
) -> Result<Vec<String>, RecordingError> {
    let mut found = Vec::new();
    reader.read(times, |entry| {
        found.push(match entry {
            Entry::Message { passed, .. } => {
                String::from_utf8_lossy(passed.frames.last().unwrap()).into_owned()
            }
            Entry::Calls { calls, .. } => format!("{} calls", calls.calls.len()),
            Entry::Gap { gap, .. } => format!("-{}", gap["messages"]),
            Entry::Event { happened, .. } => happened["kind"].to_string(),
        });
        ControlFlow::<()>::Continue(())
    })?;
    Ok(found)
}

/// All of them where there is time.
fn step(otherwise: usize) -> usize {
    if std::env::var_os("ZRIG_SOAK").is_some() { 1 } else { otherwise }
}

#[test]
fn what_was_written_is_read_and_a_part_of_it_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    Reader::check(&path).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let channel = reader.channels().values().next().unwrap().clone();
    assert_eq!((channel.messages, channel.missing, channel.place.role), (20, 7, Role::Router));
    assert_eq!((reader.events(), reader.broken_off()), (1, None));
    assert_eq!(reader.times(), Some(1_000..=23_000));
    let version = reader.versions()[0].clone();
    assert_eq!(reader.texts(&version).unwrap()["a.yaml"], "nodes: {}");
    let all = read(&mut reader, None).unwrap();
    assert_eq!((all.len(), &*all[0], &*all[20], &*all[21]), (22, "text 1", "-7", "\"note\""));
    assert_eq!(read(&mut reader, Some(9_000..=11_000)).unwrap(), ["text 9", "text 10", "text 11"]);

    let part = folder.path().join("b.mcap");
    let mut some = |passed: &Passed| passed.frames[2].ends_with(b"1");
    let some = Wants::Some { messages: &mut some, gaps: &|_| true };
    assert_eq!(cut(&mut reader, Some(5_000..=u64::MAX), some, &part).unwrap(), 1);
    let mut reader = Reader::open(&part).unwrap();
    assert_eq!(read(&mut reader, None).unwrap(), ["text 11", "-7", "\"note\""]);
    assert_eq!(reader.channels().values().map(|it| it.missing).collect::<Vec<_>>(), [7]);
    assert_eq!(reader.versions(), [version]);
    let least = folder.path().join("c.mcap");
    let nobody = Wants::Some { messages: &mut |_| false, gaps: &|gap| gap["node"] != "a" };
    assert_eq!(cut(&mut reader, None, nobody, &least).unwrap(), 0);
    assert_eq!(read(&mut Reader::open(&least).unwrap(), None).unwrap(), ["\"note\""]);
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for path in [pipe.as_path(), folder.path()] {
        for error in [Reader::open(path).unwrap_err(), Reader::check(path).unwrap_err()] {
            assert!(error.to_string().ends_with("is no recording: it is no file"), "{error}");
        }
    }
}

#[test]
fn a_file_that_was_broken_off_anywhere_is_read_to_its_last_whole_chunk() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(written(folder.path())).unwrap();
    let path = folder.path().join("broken.mcap");
    let (mut before, mut halves) = (0, 0);
    for length in (mcap::MAGIC.len()..bytes.len()).step_by(step(5)) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        assert!(reader.broken_off().is_some() && Reader::check(&path).is_err(), "{length}");
        let found = read(&mut reader, None).unwrap().len();
        assert!(found >= before && [0, 10, 22].contains(&found), "{found} of {length} bytes");
        halves += usize::from(found == 10);
        before = found;
    }
    assert!(halves > 0 && before == 22);
}

#[test]
fn a_file_that_was_broken_off_says_what_is_missing_as_a_whole_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mcap");
    let mut writer = Writer::create(&path).unwrap();
    let place = place(Role::Pull);
    writer.message(&passed(&place, 1_000, &["text"]), None).unwrap();
    for at in [2_000, 3_000] {
        writer.gap(&place, Direction::In, 7, (moment(at), moment(at))).unwrap();
        let calls = Calls { instance: "a".into(), at: moment(at), stand: None, calls: Vec::new() };
        writer.calls(&calls, 5).unwrap();
    }
    writer.gap(&place, Direction::Out, 2, (moment(4_000), moment(4_000))).unwrap();
    writer.finish().unwrap();
    let whole = Reader::open(&path).unwrap();
    let missing = |reader: &Reader| -> Vec<u64> {
        let channels = reader.channels().values().map(|it| it.missing);
        channels.chain(reader.calls().map(|it| it.missing)).collect()
    };
    assert_eq!(missing(&whole), [14, 2, 10]);

    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let broken = Reader::open(&path).unwrap();
    assert!(broken.broken_off().is_some());
    assert_eq!(missing(&broken), missing(&whole));
    assert_eq!(broken.channels(), whole.channels());
    assert!(broken.calls().eq(whole.calls()));
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_an_error_or_says_less_and_never_more() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(written(folder.path())).unwrap();
    let path = folder.path().join("damaged.mcap");
    for at in (0..bytes.len()).step_by(step(11)) {
        for value in [0, 0xff, bytes[at] ^ 1] {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            std::fs::write(&path, &damaged).unwrap();
            let Ok(mut reader) = Reader::open(&path) else { continue };
            let _ = read(&mut reader, None).map(|found| assert!(found.len() <= 22));
            for version in reader.versions().to_vec() {
                let _ = reader.texts(&version);
            }
            let _ = Reader::check(&path);
        }
    }
}

#[test]
fn a_recording_is_known_by_its_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let whole = glance(&path).unwrap().unwrap();
    assert_eq!(whole.length, bytes.len() as u64);
    assert!(whole.index.is_some_and(|index| index > 100 && index < whole.length), "{whole:?}");
    let other = folder.path().join("other.mcap");
    let seen = |bytes: &[u8]| {
        std::fs::write(&other, bytes).unwrap();
        glance(&other).unwrap().map(|seen| seen.index)
    };
    assert_eq!(seen(&bytes[..bytes.len() - 1]), Some(None));
    for length in [0, 8, 20, 25] {
        assert_eq!(seen(&bytes[..length]).is_some(), length == 25, "{length}");
    }
    let mut foreign = bytes;
    foreign[21] ^= 1;
    assert_eq!(seen(&foreign), None, "it has another profile");
    assert_eq!(glance(folder.path()).unwrap(), None);
}

#[test]
fn how_much_a_chunk_has_is_known_without_reading_it_and_of_a_broken_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let counts = |path: &Path| {
        let reader = Reader::open(path).unwrap();
        let pieces = reader.pieces().map(|it| (it.times, it.messages.into_values().collect()));
        pieces.collect::<Vec<(RangeInclusive<u64>, Vec<u64>)>>()
    };
    let all = counts(&path);
    // In the last one a gap and an event too.
    assert_eq!(all, [(1_000..=10_000, vec![10]), (11_000..=23_000, vec![1, 1, 10])]);
    let broken = folder.path().join("broken.mcap");
    std::fs::write(&broken, &bytes[..bytes.len() - 20]).unwrap();
    assert_eq!(counts(&broken), all);
    // As far as it is read.
    let some = |most: usize| {
        let part = Reader::open_within(&broken, most as u64).unwrap();
        let rest = (bytes.len() - 20).saturating_sub(most) as u64;
        assert!(part.broken_off().is_some_and(|left| left >= rest), "{most}");
        part.pieces().count()
    };
    let mut pieces: Vec<usize> = (100..bytes.len()).step_by(40).map(some).collect();
    assert!(pieces.is_sorted(), "{pieces:?}");
    pieces.dedup();
    assert_eq!(pieces, [0, 1, 2]);
}

#[test]
fn a_line_of_time_counts_all_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&written(folder.path())).unwrap();
    let line = Overview::of(&mut reader).unwrap().unwrap();
    assert_eq!((line.first, line.step, line.columns.iter().sum::<u64>()), (1_000, 92, 20));
    assert_eq!((line.columns[0], line.is_exact, line.missing), (1, true, 7));
    let gap = Mark {
        at: 21_000,
        kind: MarkKind::Gap,
        count: 7,
        node: "a.in".to_owned(),
        text: "in".to_owned(),
    };
    assert_eq!((line.marks, line.marked_until), (vec![gap], None));
}

#[test]
fn a_moment_has_what_passed_before_it_and_the_last_messages_of_who_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&written(folder.path())).unwrap();
    let texts = |around: &Around| {
        let last = |passed: &Passed| String::from_utf8_lossy(&passed.frames[2]).into_owned();
        around.messages.iter().map(|(passed, _)| last(passed)).collect::<Vec<_>>()
    };
    let around = Around::of(&mut reader, 12_500, &[]).unwrap();
    assert_eq!((around.sockets[0].messages, around.sockets.len()), (12, 1));
    assert_eq!(around.messages[0].1.as_deref(), Some("127.0.0.1"));
    assert_eq!(texts(&around)[..2], ["text 12", "text 11"]);
    assert_eq!(texts(&around).len(), 12);
    let others: Target = "b".parse().unwrap();
    let around = Around::of(&mut reader, 12_500, &[others]).unwrap();
    assert_eq!((around.sockets.len(), around.messages.len()), (1, 0));
    // Long after it nothing passes, and the last messages are what they were.
    let around = Around::of(&mut reader, 9_000_000_000, &[]).unwrap();
    assert_eq!((around.sockets.len(), &*texts(&around)[0]), (0, "text 20"));
    assert_eq!(around.window, Duration::from_secs(1));
}

#[test]
fn the_version_of_a_time_is_the_last_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mcap");
    let mut writer = Writer::create(&path).unwrap();
    let second = 1_000_000_000;
    for (generation, at) in [(1, 10 * second), (2, 10 * second + 5), (3, 20 * second)] {
        let source = Source::new("a.yaml", "nodes: {}");
        let texts = [("a.yaml".to_owned(), Arc::clone(source.text()))];
        writer.texts(generation, moment(at), &texts).unwrap();
    }
    writer.finish().unwrap();
    let reader = Reader::open(&path).unwrap();
    // What a recording begins with is written a moment after its first message.
    for (at, want) in [(9 * second, 1), (11 * second, 1), (20 * second, 2), (99 * second, 2)] {
        assert_eq!(reader.version_at(at), Some(want), "{at}");
    }
}
