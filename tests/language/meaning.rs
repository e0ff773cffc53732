//! Hover, definition, references and symbols.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::{Client, marked, uri};

const TOPOLOGY: &str = "\
version: 1
nodes:
  station:
    description: Publishes readings
    role: pub
    bind: 5591
    every: 1s
    on_tick: publish(1000, 1)
  desk:
    sockets:
      ask: {role: router, bind: 5592}
      news: {role: sub, connect: station, topics: all}
    params: {limit: 3}
    timers: {late: 1s}
    script: desk.rhai
  client: {role: req, connect: desk.ask, hwm: 5, options: {req_relaxed: true}, on_message: print(msg.text)}
  # zrig: allow ZR0304 because it is so
  base: &base {role: pull, bind: 5593, on_message: print(msg)}
  other: {<<: *base, bind: 5594}
";
const SCRIPT: &str = "\
import \"unit\" as unit;
// Half of a number.
fn half(n) { n / 2 }
fn on_ask(msg) {
    after(\"1s\", \"late\");
    subscribe(\"news\", \"a\");
    unit::celsius(half(param(\"limit\")) + msg.text.len())
}
fn on_timer(name) { 1 }
";

struct Desk {
    client: Client,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("desk.yaml"), TOPOLOGY).unwrap();
        fs::write(folder.path().join("desk.rhai"), SCRIPT).unwrap();
        fs::write(folder.path().join("unit.rhai"), "fn celsius(f) { f }\n").unwrap();
        let mut client = Client::start();
        client.open(&folder.path().join("desk.yaml"), "zrig", TOPOLOGY);
        client.open(&folder.path().join("desk.rhai"), "rhai", SCRIPT);
        Self { client, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Asks at the first `§` of a piece of one of the two texts.
    fn ask(&mut self, method: &str, piece: &str) -> Value {
        let (plain, byte, _) = marked(piece);
        let (name, text) = match TOPOLOGY.find(&plain) {
            Some(_) => ("desk.yaml", TOPOLOGY),
            None => ("desk.rhai", SCRIPT),
        };
        let byte = text.find(&plain).unwrap_or_else(|| panic!("{plain}")) + byte;
        let (line, column) = (
            text[..byte].matches('\n').count(),
            byte - text[..byte].rfind('\n').map_or(0, |at| at + 1),
        );
        let mut params = Client::at(&self.path(name), line, column);
        params["context"] = json!({"includeDeclaration": true});
        self.client.request(method, &params).unwrap()
    }

    /// The texts of the places that are answered, with their files and lines from 1.
    fn places(&mut self, method: &str, piece: &str) -> Vec<String> {
        let answer = self.ask(method, piece);
        let told = answer.as_array().unwrap().iter().map(|location| {
            let uri = location["uri"].as_str().unwrap();
            let file = uri.rsplit('/').next().unwrap();
            let text = fs::read_to_string(self.path(file)).unwrap();
            let start = &location["range"]["start"];
            let end = location["range"]["end"]["character"].as_u64().unwrap();
            let line = start["line"].as_u64().unwrap();
            let written = text.lines().nth(usize::try_from(line).unwrap()).unwrap();
            let from = usize::try_from(start["character"].as_u64().unwrap()).unwrap();
            format!("{file}:{} {}", line + 1, &written[from..usize::try_from(end).unwrap()])
        });
        told.collect()
    }
}

#[test]
fn a_word_is_explained_where_it_stands() {
    let mut desk = Desk::new();
    for (piece, want) in [
        ("ver§sion: 1", "# version"),
        ("    ro§le: pub", "# role"),
        ("role: pu§b", "# pub"),
        ("  stat§ion:", "**station**: Publishes readings"),
        ("connect: stat§ion", "- `pub`: pub on 5591"),
        ("connect: stat§ion", "Connected by desk"),
        ("connect: de§sk.ask", "**desk**"),
        ("connect: desk.as§k", "**desk.ask**: router on 5592"),
        ("h§wm: 5", "# high-water mark"),
        ("req_rel§axed", "# req_relaxed"),
        ("    on_§tick: pub", "`on_tick`: by `every`"),
        ("on_tick: publ§ish", "# publish()"),
        ("print(msg.te§xt)", "`msg.text`: the payload as UTF-8 text"),
        ("allow ZR03§04", "# ZR0304"),
        ("par§ams: {limit", "# params"),
        ("ha§lf(param", "Half of a number."),
        ("ha§lf(param", "fn half(n)"),
        ("unit::cels§ius", "fn celsius(f)"),
        ("para§m(\"limit\")", "# param()"),
        ("param(\"lim§it\")", "a param of `desk`"),
        ("subscribe(\"ne§ws\"", "**desk.news**: sub to station"),
        ("msg.text.le§n()", "a function of Rhai"),
        ("fn on_a§sk", "`on_ask`: for one on the socket"),
    ] {
        let answer = desk.ask("textDocument/hover", piece);
        let text = answer["contents"]["value"].as_str().unwrap_or_else(|| panic!("{piece}"));
        assert!(text.contains(want), "{piece}: {text}");
        assert!(answer["range"].is_object());
    }
    for piece in [
        "    description: Publ§ishes",
        "fn on_timer(name) { §1 }",
        "after(\"1§s\"",
        "# zrig: all§ow",
    ] {
        let answer = desk.ask("textDocument/hover", piece);
        let text = answer["contents"]["value"].as_str().unwrap_or("# description");
        assert!(text.contains("description"), "{piece}: {text}");
    }
}

#[test]
fn a_name_leads_to_where_it_is_declared() {
    let mut desk = Desk::new();
    for (piece, want) in [
        ("connect: stat§ion", "desk.yaml:3 station"),
        ("connect: de§sk.ask", "desk.yaml:9 desk"),
        ("connect: desk.as§k", "desk.yaml:11 ask"),
        ("script: de§sk.rhai", "desk.rhai:1 "),
        ("import \"un§it\"", "unit.rhai:1 "),
        ("<<: *ba§se", "desk.yaml:18 base"),
        ("ha§lf(param", "desk.rhai:3 half"),
        ("unit::cels§ius", "unit.rhai:1 celsius"),
        ("param(\"lim§it\")", "desk.yaml:13 limit"),
        ("subscribe(\"ne§ws\"", "desk.yaml:12 news"),
        ("\"la§te\"", "desk.yaml:14 late"),
    ] {
        assert_eq!(desk.places("textDocument/definition", piece), [want], "{piece}");
    }
    assert!(desk.places("textDocument/definition", "ver§sion: 1").is_empty());
}

#[test]
fn all_places_of_a_name_are_found_in_the_file_and_its_scripts() {
    let mut desk = Desk::new();
    let found = desk.places("textDocument/references", "  stat§ion:");
    assert_eq!(found, ["desk.yaml:3 station", "desk.yaml:12 station"]);
    let found = desk.places("textDocument/references", "      ne§ws: {");
    assert_eq!(found, ["desk.rhai:6 news", "desk.yaml:12 news"]);
    let found = desk.places("textDocument/references", "      as§k: {");
    assert_eq!(found, ["desk.rhai:4 ask", "desk.yaml:11 ask", "desk.yaml:16 ask"]);
    let found = desk.places("textDocument/references", "fn ha§lf");
    assert_eq!(found, ["desk.rhai:3 half", "desk.rhai:7 half"]);
    let found = desk.places("textDocument/references", "{li§mit: 3}");
    assert_eq!(found, ["desk.rhai:7 limit", "desk.yaml:13 limit"]);
}

#[test]
fn a_file_has_its_symbols_as_a_tree() {
    let mut desk = Desk::new();
    let (yaml, rhai) = (desk.path("desk.yaml"), desk.path("desk.rhai"));
    let mut names = |path: &std::path::Path| -> Vec<String> {
        let asked = json!({"textDocument": {"uri": uri(path)}});
        let answer = desk.client.request("textDocument/documentSymbol", &asked).unwrap();
        let told = answer.as_array().unwrap().iter().map(|symbol| {
            let children = symbol["children"].as_array().into_iter().flatten();
            let children: Vec<&str> = children.map(|it| it["name"].as_str().unwrap()).collect();
            format!("{} [{}]", symbol["name"].as_str().unwrap(), children.join(" "))
        });
        told.collect()
    };
    assert_eq!(
        names(&yaml),
        [
            "station [on_tick]",
            "desk [ask news]",
            "client [on_message]",
            "base [on_message]",
            "other []"
        ]
    );
    assert_eq!(names(&rhai), ["half []", "on_ask []", "on_timer []"]);
}
