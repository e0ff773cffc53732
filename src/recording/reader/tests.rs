use super::super::cut::{Wants, cut};
use super::super::writer::Writer;
use super::*;
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
    let some = Wants::Some(&mut some);
    assert_eq!(cut(&mut reader, Some(5_000..=u64::MAX), some, &part).unwrap(), 1);
    let mut reader = Reader::open(&part).unwrap();
    assert_eq!(read(&mut reader, None).unwrap(), ["text 11", "-7", "\"note\""]);
    assert_eq!(reader.versions(), [version]);
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
