//! That every word has a page, that every page is whole, and that every example loads clean.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::load::load;
use crate::topology::keys;
use crate::zeromq::Role;

fn names_in(folder: &str, prefix: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/explain").join(folder);
    let names = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| format!("{prefix}{}", path.file_stem().unwrap().to_str().unwrap()))
        .collect()
}

#[test]
fn every_page_of_the_folder_is_in_the_program() {
    let mut written = names_in("", "");
    written.extend(names_in("codes", "codes/"));
    let listed: BTreeSet<String> = PAGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, written);
    for (name, text) in PAGES {
        assert!(parse(text).is_some(), "{name}");
    }
}

#[test]
fn every_role_key_option_and_code_has_a_page() {
    let roles = Role::ALL.into_iter().map(|role| role.word().to_owned());
    let keys = keys::ALL.iter().flat_map(|keys| keys.iter()).map(|key| (*key).to_owned());
    let options = SocketOption::all().iter().map(|option| option.name.0.to_owned());
    let codes = Code::ALL.iter().map(|code| code.id().to_owned());
    let missing: Vec<String> = roles
        .chain(keys)
        .chain(options)
        .chain(codes)
        .filter(|word| explain(word).is_none())
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn a_codes_page_begins_with_its_title() {
    for code in Code::ALL {
        let page = pages().iter().find(|page| page.word == code.id()).unwrap();
        let title = page.meaning.trim_end_matches('.').to_lowercase();
        assert_eq!(title, code.title().to_lowercase(), "{code}");
    }
}

#[test]
fn what_a_page_points_to_is_there() {
    for page in pages() {
        let see = page.text.lines().rev().find_map(|line| line.strip_prefix("See: "));
        for word in see.unwrap_or_default().split(", ").filter(|word| !word.is_empty()) {
            assert!(explain(word).is_some(), "{}: {word}", page.word);
        }
    }
}

#[test]
fn words_are_found_as_people_write_them() {
    for word in
        ["slow joiner", "Slow-Joiner", "ZMQ_ROUTER_MANDATORY", "zr0304", "hwm", "on_tick", "linger"]
    {
        assert!(explain(word).is_some(), "{word}");
    }
    assert!(explain("conflate").unwrap().contains("ZMQ_CONFLATE"), "the term and the option");
    assert!(explain("max_sockets").unwrap().contains("context"));
    assert_eq!(explain("colour"), None);
    assert_eq!(nearest_word("ruoter"), Some("router"));
    assert_eq!(nearest_word("slow_joner"), Some("slow joiner"));
}

fn examples(text: &str) -> Vec<&str> {
    let blocks = text.split("```yaml\n").skip(1);
    blocks.filter_map(|block| block.split_once("```")).map(|(yaml, _)| yaml).collect()
}

fn findings(name: &str, yaml: &str) -> Vec<Diagnostic> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.yaml"));
    fs::write(&path, yaml).unwrap();
    load(&path, &|_| None).diagnostics
}

#[test]
fn every_example_is_clean_and_every_faulty_one_is_faulty() {
    for page in pages().iter().filter(|page| page.kind != Kind::Option) {
        let examples = examples(&page.text);
        if page.kind != Kind::Code {
            assert!(!examples.is_empty(), "{}", page.word);
            for yaml in examples {
                assert_eq!(findings(page.word, yaml), [], "{}:\n{yaml}", page.word);
            }
            continue;
        }
        let [faulty, mended] = examples[..] else { panic!("{}", page.word) };
        let codes: Vec<&str> = findings(page.word, faulty).iter().map(|f| f.code.id()).collect();
        assert_eq!(codes, [page.word], "{faulty}");
        assert_eq!(findings(page.word, mended), [], "{}:\n{mended}", page.word);
    }
}

#[test]
fn the_example_of_every_option_is_taken() {
    for option in SocketOption::all() {
        let page = pages().iter().find(|page| page.word == option.name.0).unwrap();
        let role = option.roles[0];
        let options = examples(&page.text)[0].trim_end();
        let yaml = format!("nodes:\n  a:\n    role: {role}\n    connect: 5556\n    {options}\n");
        let faults = findings(page.word, &yaml);
        let wrong = [Code::OptionNotHere, Code::WrongType, Code::OutOfRange, Code::UnknownWord];
        assert!(!faults.iter().any(|fault| wrong.contains(&fault.code)), "{yaml}{faults:?}");
    }
}
