use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::{prop_assert_eq, proptest};

use super::*;

const EXACT: [RecordFormat; 3] = [RecordFormat::Length, RecordFormat::Base64, RecordFormat::Json];

/// The one record of a file, without its end or its length.
fn only(format: RecordFormat, file: &[u8]) -> &[u8] {
    if format == RecordFormat::Length {
        let (length, record) = first_length(file).unwrap();
        assert_eq!(length, record.len());
        return record;
    }
    let (end, record) = file.split_last().unwrap();
    assert_eq!(*end, b'\n');
    assert!(!record.contains(&b'\n') && !record.contains(&b'\r'), "{record:?}");
    record
}

proptest! {
    #[test]
    fn what_was_written_is_read_byte_for_byte(
        frames in vec(prop_oneof![vec(any::<u8>(), 0..40), text("[ -~\n\r]{0,20}")], 1..6),
    ) {
        for format in EXACT {
            let parts: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
            let mut file = Vec::new();
            format.write(&parts, &mut file).unwrap();
            let read = format.read(only(format, &file)).unwrap();
            let read: Vec<Vec<u8>> = read.iter().map(|frame| frame.to_vec()).collect();
            prop_assert_eq!(&read, &frames, "{:?}", format);
        }
    }

    #[test]
    fn no_record_makes_reading_panic(record in vec(any::<u8>(), 0..60)) {
        for format in EXACT {
            let _ = format.read(&record);
        }
    }

    #[test]
    fn escaped_lines_are_read_as_they_were(
        line in prop_oneof![vec(any::<u8>(), 0..40), text("[\\\\nr\n\r]{0,40}")],
    ) {
        let mut file = Vec::new();
        RecordFormat::Lines { escape: true }.write(&[&line], &mut file).unwrap();
        prop_assert_eq!(unescape(&file[..file.len() - 1]), line);
    }
}

/// A text of that pattern, as bytes.
fn text(pattern: &'static str) -> impl Strategy<Value = Vec<u8>> {
    pattern.prop_map(String::into_bytes)
}

#[test]
fn each_format_has_its_bytes() {
    for (format, frames, bytes) in [
        (RecordFormat::Lines { escape: false }, &[&b"a"[..], b"b c"][..], &b"a b c\n"[..]),
        (
            RecordFormat::Length,
            &[b"ab", b"", b"\xFF"],
            b"\0\0\0\x0f\0\0\0\x02ab\0\0\0\0\0\0\0\x01\xFF",
        ),
        (RecordFormat::Base64, &[b"ab", b"", b"\xFF"], b"YWI=  /w==\n"),
        (
            RecordFormat::Json,
            &[b"ab", b"", b"\xFF"],
            b"{\"frames\":[\"ab\",\"\",{\"hex\":\"ff\"}]}\n",
        ),
        (RecordFormat::Json, &[], b"{\"frames\":[\"\"]}\n"),
        (RecordFormat::Base64, &[], b"\n"),
    ] {
        let mut file = Vec::new();
        format.write(frames, &mut file).unwrap();
        assert_eq!(file, bytes, "{format:?}");
    }
}

#[test]
fn what_is_no_record_says_why() {
    for (format, record, why) in [
        (RecordFormat::Length, &b"\0\0\0\x05ab"[..], "its frame 1 says 5 bytes, and 2 are left"),
        (RecordFormat::Length, b"\0\0\0\0\0\0", "2 of the 4 bytes of frame 2's length are there"),
        (RecordFormat::Length, b"", "it has no frame"),
        (RecordFormat::Base64, b"YWI", "it is no base64: "),
        (RecordFormat::Base64, b"YW!=", "it is no base64: invalid symbol at 2"),
        (RecordFormat::Json, b"[1]", "it is no JSON object with `frames`: "),
        (RecordFormat::Json, b"{}", "missing field `frames`"),
        (RecordFormat::Json, b"{\"frames\": []}", "it has no frame"),
        (RecordFormat::Json, b"{\"frames\": [1]}", "invalid type: integer `1`, expected a frame"),
        (RecordFormat::Json, b"{\"frames\": [{\"hex\": \"f\"}]}", "no hexadecimal"),
        (RecordFormat::Json, b"{\"frames\": [{\"hex\": \"\", \"a\": 1}]}", "nothing else"),
        (RecordFormat::Json, b"{\"frames\": [\"\xFF\"]}", "it is no JSON"),
    ] {
        let said = format.read(record).unwrap_err();
        assert!(said.contains(why), "{format:?} {record:?}: {said}");
    }
}

#[test]
fn what_is_too_large_to_be_read_again_is_not_written() {
    let large = vec![b'x'; RECORD_MAX];
    let many = vec![&b""[..]; FRAMES_MAX + 1];
    for format in EXACT {
        let mut file = b"before".to_vec();
        assert!(matches!(format.write(&[&large], &mut file), Err(Unfit::Large(_))));
        assert_eq!(format.write(&many, &mut file), Err(Unfit::Frames(FRAMES_MAX + 1)));
        assert_eq!(file, b"before");
        format.write(&many[1..], &mut file).unwrap();
    }
}

#[test]
fn what_a_sink_escaped_is_read_as_it_was() {
    for (line, plain) in [
        (&b"a\\nb"[..], &b"a\nb"[..]),
        (b"\\r\\n", b"\r\n"),
        (b"C:\\\\new", b"C:\\new"),
        (b"\\x41 \\", b"\\x41 \\"),
        (b"", b""),
    ] {
        assert_eq!(unescape(line), plain);
    }
}
