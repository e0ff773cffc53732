use std::time::Instant;

use proptest::prelude::*;

use super::*;

/// One that is checked at once.
fn cheap(password: &str, memory: u32) -> String {
    use argon2::{Argon2, Params, PasswordHasher};

    let params = Params::new(memory, 1, 1, None).unwrap();
    Argon2::from(params).hash_password(password.as_bytes()).unwrap().to_string()
}

fn flaws(text: &str) -> Vec<(usize, usize, UsersFault)> {
    let flaws = Users::read(text).unwrap_err();
    flaws.into_iter().map(|f| (f.position.line, f.position.column, f.fault)).collect()
}

#[test]
fn a_password_is_its_users_alone() {
    let text = format!(
        "# who may come\n\nalice:{}\n  bob doe : {}  \r\n",
        cheap("open sesame", 8),
        cheap("geheim", 16)
    );
    let users = Users::read(&text).unwrap();
    assert_eq!(users.names().collect::<Vec<_>>(), ["alice", "bob doe"]);
    for (name, password, is_right) in [
        ("alice", "open sesame", true),
        ("bob doe", "geheim", true),
        ("alice", "geheim", false),
        ("alice", "", false),
        ("bob", "geheim", false),
        ("", "geheim", false),
        ("carol", "open sesame", false),
    ] {
        let password = Secret::new(password);
        assert_eq!(users.verify(name.as_bytes(), &password), is_right, "{name} {password}");
    }
    assert!(!users.verify(b"\xff", &Secret::new("geheim")));
    assert_eq!(users.memory(), 16 << 10);
    assert_eq!(format!("{users:?}"), r#"{"alice", "bob doe"}"#);
}

#[test]
fn a_hash_of_the_reference_implementation_is_understood() {
    // `echo -n password | argon2 somesalt -t 2 -m 16 -p 4 -l 24`, from its README.
    let line = "u:$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";
    let users = Users::read(line).unwrap();
    assert!(users.verify(b"u", &Secret::new("password")));
    assert!(!users.verify(b"u", &Secret::new("passwort")));
    assert_eq!(users.memory(), 64 << 20);
}

#[test]
fn nobody_is_let_in_where_there_is_nobody() {
    let users = Users::read("# nobody yet\n").unwrap();
    assert!(!users.verify(b"alice", &Secret::new("")));
    assert_eq!(users.memory(), 19 << 20);
}

#[test]
fn whose_password_it_is_not_is_told_as_late_for_a_name_that_nobody_has() {
    let users = Users::read(&format!("alice:{}\n", cheap("open sesame", 8192))).unwrap();
    let wrong = Secret::new("wrong");
    let quickest = |name: &[u8]| {
        let times = (0..8).map(|_| {
            let begun = Instant::now();
            assert!(!users.verify(name, &wrong));
            begun.elapsed()
        });
        times.min().unwrap()
    };
    // Other programs may have the processor meanwhile; who is told at once is told so each time.
    let are_alike = (0..20).any(|_| {
        let (known, unknown) = (quickest(b"alice"), quickest(b"nobody"));
        unknown * 2 > known && known * 2 > unknown
    });
    assert!(are_alike);
}

#[test]
fn a_name_that_nobody_has_stands_for_one_of_those_that_are_there() {
    let lines = (2..34).map(|lane| format!("u{lane}:{}\n", cheap("x", 4 * lane)));
    let users = Users::read(&lines.collect::<String>()).unwrap();
    let mut costs = std::collections::BTreeSet::new();
    for name in 0..200_u32 {
        let name = name.to_string();
        let one = users.stand_in(name.as_bytes()).unwrap();
        let again = users.clone();
        assert_eq!(one.line, again.stand_in(name.as_bytes()).unwrap().line);
        costs.insert(one.hash.memory());
    }
    assert!(costs.len() > 16, "{costs:?}");
}

#[test]
fn all_that_is_wrong_is_told_with_its_place_and_without_what_it_is() {
    let good = cheap("x", 8);
    for (text, expected) in [
        ("alice".to_owned(), vec![(1, 1, UsersFault::NoColon)]),
        ("\n :x".into(), vec![(2, 2, UsersFault::Name(NameFault::Empty))]),
        (format!("a:{good}\n ä:{good}\n a:{good}"), vec![(3, 2, UsersFault::Twice(1))]),
        ("ä: hunter2".into(), vec![(1, 4, UsersFault::NoHash)]),
        ("a:".into(), vec![(1, 3, UsersFault::NoHash)]),
        ("a:$2b$12$abcdefghijklmnopqrstuv".into(), vec![(1, 3, UsersFault::OtherHash)]),
        ("a:$scrypt$ln=4$c29tZXNhbHQ$RdescudvJCsgt3ub".into(), vec![(1, 3, UsersFault::OtherHash)]),
        ("a:$argon2id$v=19$m=8,t=1,p=1".into(), vec![(1, 3, UsersFault::NoHash)]),
        (
            good.replace("$argon2id", "a:$argon2id").replace("m=8", "m=4000000"),
            vec![(1, 3, UsersFault::Costly)],
        ),
        (
            good.replace("$argon2id", "a:$argon2id").replace("t=1", "t=400"),
            vec![(1, 3, UsersFault::Costly)],
        ),
        (
            good.replace("$argon2id", "a:$argon2id").replace("m=8,t=1", "m=65536,t=30"),
            vec![(1, 3, UsersFault::Costly)],
        ),
        ("a\nb:pass\n".into(), vec![(1, 1, UsersFault::NoColon), (2, 3, UsersFault::NoHash)]),
    ] {
        assert_eq!(flaws(&text), expected, "{text}");
    }
    let told = Users::read("ä: hunter2").unwrap_err()[0].to_string();
    assert!(told.starts_with("1:4: ") && !told.contains("hunter2"), "{told}");
}

#[test]
fn a_name_that_no_file_could_hold_is_refused() {
    for (name, fault) in [
        ("", NameFault::Empty),
        ("a:b", NameFault::Colon),
        ("#a", NameFault::Comment),
        ("a\nb", NameFault::Control),
        (" a", NameFault::Space),
        (&"a".repeat(256), NameFault::Long(256)),
    ] {
        assert_eq!(user_name(name), Err(fault));
    }
    assert_eq!(user_name("Zoë O'Neil <z@o.org>"), Ok("Zoë O'Neil <z@o.org>"));
}

#[test]
fn one_user_is_changed_and_all_else_stays() {
    let text = "# mine\nalice:1\n\n bob : 2 # \nalice:3";
    assert_eq!(with_user(text, "alice", "9"), "# mine\nalice:9\n\n bob : 2 # \n");
    assert_eq!(with_user(text, "bob", "9"), "# mine\nalice:1\n\nbob:9\nalice:3");
    assert_eq!(with_user(text, "carol", "9"), format!("{text}\ncarol:9\n"));
    assert_eq!(with_user("", "carol", "9"), "carol:9\n");
    assert_eq!(without_user(text, "alice").unwrap(), "# mine\n\n bob : 2 # \n");
    assert_eq!(without_user(text, "carol"), None);
}

#[test]
fn a_password_that_was_hashed_is_known_again() {
    let hash = hash_password(&Secret::new("open sesame")).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let users = Users::read(&with_user("", "alice", &hash)).unwrap();
    assert!(users.verify(b"alice", &Secret::new("open sesame")));
    let other = Users::read(&with_user("", "alice", &cheap("open sesame", 8))).unwrap();
    assert!(!users.is_same(&other, "alice") && users.is_same(&other, "bob"));
    assert_ne!(users, other);
    assert_eq!(users, users.clone());
}

proptest! {
    #[test]
    fn no_text_is_more_than_its_reader_can_bear(text in "[\\PC\\pC]{0,300}") {
        let _ = Users::read(&text);
        let _ = without_user(&text, "a");
    }

    #[test]
    fn who_is_added_is_there_and_who_is_removed_is_not(text in "([ab#: \n]|\\$){0,40}") {
        let with = with_user(&text, "a", "hash");
        let of_a = with.lines().filter(|line| *line == "a:hash");
        prop_assert_eq!(of_a.count(), 1);
        let without = without_user(&with, "a").unwrap();
        prop_assert_eq!(without_user(&without, "a"), None);
    }
}
