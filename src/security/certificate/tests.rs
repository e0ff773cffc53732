use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use CertificateFault as F;

const PUBLIC: &str = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
const SECRET: &str = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

/// As pyzmq 27 writes it.
fn of_pyzmq(metadata: &str, secret: &str) -> String {
    format!(
        "#   ****  Generated on 2026-11-28 21:00:00.123456 by pyzmq  ****\n\
         #   ZeroMQ CURVE **Secret** Certificate\n\
         #   DO NOT PROVIDE THIS FILE TO OTHER USERS nor change its permissions.\n\n\
         metadata\n{metadata}curve\n    public-key = \"{PUBLIC}\"\n{secret}"
    )
}

/// As CZMQ 4 writes it.
fn of_czmq(secret: &str) -> String {
    format!(
        "#   ****  Generated on 2026-11-28 21:00:00 by CZMQ  ****\n\
         #   ZeroMQ CURVE Public Certificate\n\n\
         metadata\n    name = \"Pieter Hintjens\"\n    version = \"1\"\n\
         curve\n    public-key = \"{PUBLIC}\"\n{secret}"
    )
}

fn secret_line() -> String {
    format!("    secret-key = \"{SECRET}\"\n")
}

fn metadata(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn what_pyzmq_and_czmq_write_is_read_with_its_metadata() {
    let public = Certificate::<PublicKey>::read(&of_pyzmq("", "")).unwrap();
    assert_eq!(public.key().to_string(), PUBLIC);
    assert_eq!(public.metadata(), []);
    let text = of_pyzmq("    mail = a@b.c\n    motto = it's # one\n", &secret_line());
    let secret = Certificate::<KeyPair>::read(&text).unwrap();
    assert_eq!(secret.key(), &KeyPair::of(SECRET).unwrap());
    assert_eq!(secret.metadata(), metadata(&[("mail", "a@b.c"), ("motto", "it's")]));
    let public = Certificate::<PublicKey>::read(&of_czmq("")).unwrap();
    assert_eq!(public.metadata(), metadata(&[("name", "Pieter Hintjens"), ("version", "1")]));
    let secret = Certificate::<KeyPair>::read(&of_czmq(&secret_line())).unwrap();
    assert_eq!(secret.public(), public);
}

#[test]
fn a_file_of_windows_and_one_with_comments_are_read() {
    let text = format!("\u{feff}{}", of_czmq("").replace('\n', "\r\n"));
    assert_eq!(Certificate::<PublicKey>::read(&text).unwrap().key().to_string(), PUBLIC);
    let text = format!("curve # keys\n  # hers\n\n    public-key = '{PUBLIC}'   # of 2026\n");
    assert_eq!(Certificate::<PublicKey>::read(&text).unwrap().key().to_string(), PUBLIC);
    let bare = format!("curve\n    public-key={PUBLIC}\n");
    assert_eq!(Certificate::<PublicKey>::read(&bare).unwrap().key().to_string(), PUBLIC);
}

#[test]
fn all_that_is_wrong_in_a_public_certificate_is_told_with_its_place() {
    let sound = format!("curve\n    public-key = \"{PUBLIC}\"\n");
    let zeros = "0".repeat(40);
    for (text, flaws) in [
        (String::new(), vec![(1, 1, F::NoPublicKey)]),
        ("metadata\n    name = a\n".into(), vec![(2, 1, F::NoPublicKey)]),
        (PUBLIC.into(), vec![(1, 1, F::Section), (1, 1, F::NoPublicKey)]),
        (sound.replace("f7\"", "f\""), vec![(2, 18, F::Length(39))]),
        (sound.replace("rq:", "rq "), vec![(2, 18, F::NotZ85)]),
        (sound.replace(PUBLIC, &"#".repeat(40)), vec![(2, 18, F::NotZ85)]),
        (sound.replace(PUBLIC, &zeros), vec![(2, 18, F::NoKey)]),
        (format!("{sound}{}", secret_line()), vec![(3, 18, F::SecretInPublic)]),
        (
            sound.replace("    public", "\tpublic"),
            vec![(2, 1, F::Indentation), (2, 1, F::NoPublicKey)],
        ),
        (sound.replace("curve", "curves"), vec![(1, 1, F::Section), (2, 1, F::NoPublicKey)]),
        (format!("    a = b\n{sound}"), vec![(1, 5, F::Section)]),
        (format!("{sound}    key = x\n"), vec![(3, 5, F::Key)]),
        (format!("{sound}    public-key\n"), vec![(3, 5, F::NoValue)]),
        (format!("{sound}    public-key = x\n"), vec![(3, 5, F::Twice(2))]),
        (format!("{sound}metadata\n    = x\n"), vec![(4, 5, F::NoValue)]),
        (format!("{sound}metadata\n    ä = x\n    ä = y\n"), vec![(5, 5, F::Twice(4))]),
        (format!("{sound}metadata\n    ä = \"x\n"), vec![(4, 9, F::OpenQuote)]),
        (format!("{sound}metadata\n    ä = 'x' y\n"), vec![(4, 9, F::BehindQuote)]),
        (format!("{sound}metadata\n    expires = soon\n"), vec![(4, 15, F::Expiry)]),
        (
            "metadata\n    x\n    expires = 1\ncurve\n    public-key = 1\n".into(),
            vec![(2, 5, F::NoValue), (3, 15, F::Expiry), (5, 18, F::Length(1))],
        ),
    ] {
        let found = Certificate::<PublicKey>::read(&text).unwrap_err();
        let found: Vec<_> = found
            .into_iter()
            .map(|flaw| (flaw.position.line, flaw.position.column, flaw.fault))
            .collect();
        assert_eq!(found, flaws, "{text}");
    }
}

#[test]
fn a_secret_certificate_holds_a_pair() {
    let sound = format!("curve\n    public-key = \"{PUBLIC}\"\n{}", secret_line());
    assert!(Certificate::<KeyPair>::read(&sound).is_ok());
    let other = KeyPair::generate().unwrap().public().to_string();
    for (text, flaw) in [
        (of_czmq(""), (8, 1, F::NoSecretKey)),
        (sound.replace(PUBLIC, &other), (3, 18, F::NotAPair)),
        (sound.replace("h6\"", "h\""), (3, 18, F::Length(39))),
        (sound.replace(SECRET, &"0".repeat(40)), (3, 18, F::NoKey)),
        (format!("curve\n{}", secret_line()), (2, 1, F::NoPublicKey)),
    ] {
        let found = Certificate::<KeyPair>::read(&text).unwrap_err();
        let [found] = &found[..] else { panic!("{found:?}") };
        assert_eq!((found.position.line, found.position.column, found.fault), flaw);
        assert!(!found.to_string().contains(SECRET), "{found}");
    }
}

#[test]
fn a_certificate_ends_with_the_day_or_at_the_moment_that_it_says() {
    let read = |end: &str| {
        let text = of_pyzmq(&format!("    expires = {end}\n"), "");
        Certificate::<PublicKey>::read(&text).unwrap()
    };
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    for (text, end) in [
        ("1970-01-01", 86_400),
        ("1970-01-02T00:00:01Z", 86_401),
        ("\"1970-01-02T01:00:01+01:00\"", 86_401),
    ] {
        let certificate = read(text);
        assert_eq!(certificate.expires(), Some(at(end)));
        assert!(!certificate.has_expired(at(end - 1)));
        assert!(certificate.has_expired(at(end)));
    }
    assert!(
        !Certificate::<PublicKey>::read(&of_czmq("")).unwrap().has_expired(at(u32::MAX.into()))
    );
}

#[test]
fn what_is_written_is_read_again() {
    let pair = KeyPair::generate().unwrap();
    let made = Certificate::new(pair.clone(), "desk").unwrap();
    let secret = made.text(UNIX_EPOCH);
    let text = secret.expose_text().unwrap();
    assert!(text.starts_with("# Made by zrig on 1970-01-01.\n"), "{text}");
    assert_eq!(Certificate::<KeyPair>::read(text), Ok(made.clone()));
    let public = made.public().text(UNIX_EPOCH);
    assert_eq!(Certificate::<PublicKey>::read(&public), Ok(made.public()));
    assert!(!public.contains(pair.secret_text().expose_text().unwrap()));
    assert_eq!(made.public().metadata(), metadata(&[("name", "desk")]));
    for name in ["a\"b", "it's", "a\nb"] {
        assert_eq!(Certificate::new(pair.clone(), name), None);
    }
}

proptest! {
    #[test]
    fn no_text_is_more_than_its_reader_can_bear(text in "[\\PC\\pC]{0,300}") {
        let _ = Certificate::<PublicKey>::read(&text);
        let _ = Certificate::<KeyPair>::read(&text);
    }

    #[test]
    fn metadata_of_others_is_written_as_it_was_read(
        lines in proptest::collection::vec("    [a-z \"'#=]{0,6}= ?[a-z \"'#=]{0,8}", 0..5),
    ) {
        let text = of_pyzmq(&format!("{}\n", lines.join("\n")), &secret_line());
        if let Ok(read) = Certificate::<KeyPair>::read(&text) {
            let again = read.text(UNIX_EPOCH);
            prop_assert_eq!(Certificate::<KeyPair>::read(again.expose_text().unwrap()), Ok(read));
        }
    }
}
