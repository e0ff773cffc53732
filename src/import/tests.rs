use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::source::SourceMap;

fn imported(name: &str, text: &str) -> Result<Imported, Vec<String>> {
    let source = Source::new(name, text);
    let id = SourceMap::default().add(source.clone());
    import(id, &source).map_err(|faults| faults.into_iter().map(|fault| fault.message).collect())
}

#[test]
fn a_file_of_fairmq_becomes_a_topology_with_a_comment_for_what_has_no_equal() {
    let text = include_str!("../../tests/import/readout.json");
    let imported = imported("readout.json", text).unwrap();
    assert_eq!((imported.system, imported.nodes), (System::FairMq, 5));
    assert_snapshot!(imported.text);
    let comments = imported.text.lines().filter(|line| line.trim_start().starts_with('#'));
    assert!(comments.count() > imported.remarks, "each remark, and what stands in");
}

#[test]
fn a_file_of_zdcf_becomes_a_topology_with_a_comment_for_what_has_no_equal() {
    let text = include_str!("../../tests/import/devices.zpl");
    let imported = imported("devices.zpl", text).unwrap();
    assert_eq!((imported.system, imported.nodes), (System::Zdcf, 4));
    assert_snapshot!(imported.text);
}

#[test]
fn json_and_zpl_of_the_same_tree_become_the_same_topology() {
    let json = r##"{"main": {"type": "zmq_queue",
        "frontend": {"type": "XREP", "option": {"hwm": 7, "identity": "a#b"}, "bind": ["tcp://*:5555", "inproc://a"]},
        "backend": {"bind": "tcp://eth0:5556"}}}"##;
    let zpl = "main\n    type = zmq_queue\n    frontend # in front\n        type = XREP\n        option\n            \
               hwm = 7 # not many\n            identity = 'a#b'\n        bind = tcp://*:5555\n        bind = \
               \"inproc://a\"\n    backend\n        bind = tcp://eth0:5556\r\n";
    let [json, zpl] =
        [("a.json", json), ("a.json", zpl)].map(|(name, text)| imported(name, text).unwrap());
    assert_eq!(json, zpl);
    assert!(
        json.text.contains("bind:\n          - tcp://*:5555\n          - inproc://a\n"),
        "{}",
        json.text
    );
    assert!(json.text.contains("identity: 'a#b'") && json.text.contains("hwm: 7"), "{}", json.text);
}

#[test]
fn what_cannot_be_read_is_told_with_all_that_is_wrong() {
    let cases: [(&str, &[&str]); 10] = [
        ("{}", &["there is no device in this file"]),
        ("", &["there is nothing in this file"]),
        (r#"{"fairMQOptions": {"device": [{"id": "a"}]}}"#, &["`fairMQOptions` has no `devices`"]),
        (r#"{"fairMQOptions": {}}"#, &["`fairMQOptions` has no `devices`"]),
        ("<zdcf/>", &["this is XML, which is not read"]),
        ("[1, 2]", &["this is neither JSON nor ZPL: `[1, 2]` is no name"]),
        (
            "a\n   b = 1\n        c = 2\n",
            &[
                "this is neither JSON nor ZPL: it is not indented by fours",
                "this is neither JSON nor ZPL: this stands further to the right than the name above",
            ],
        ),
        (
            r#"{"fairMQOptions": {"devices": [{"id": "a", "channels": [
                {"name": "x", "type": "pus", "method": "bind", "address": "tcp://*:1", "sndBufSize": "many"}, 3]}]}}"#,
            &[
                "`pus` is no socket type",
                "`sndBufSize` is a whole number, not `many`",
                "a channel is a map, not `3`",
            ],
        ),
        (
            r#"{"a": {"x": {"type": "pull", "bind": {"y": 1}}}, "b": 1}"#,
            &["an endpoint of `bind` is a text, not a map", "the device `b` is a map, not `1`"],
        ),
        (r#"{"a": {"type": "x", "type": "y"}}"#, &["the key `type` is given twice"]),
    ];
    for (text, wanted) in cases {
        let faults = imported("a", text).unwrap_err();
        assert_eq!(faults, wanted, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_much_for_it(text in "(\\PC|\n|    )*", lines in prop::collection::vec("( {4}){0,3}(context|a|type|bind|option|hwm|zmq_queue)( = (tcp://\\*:1|'x|\"#|-1|sub))?", 0..12)) {
        let _ = imported("a", &text);
        let _ = imported("a", &lines.join("\n"));
        let _ = imported("a", &format!("{{\"fairMQOptions\": {text}}}"));
    }
}
