//! Edits at random: the server answers, and in the end it says what a fresh check says.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zrig::language::{Encoding, Lines};
use zrig::load::{Kept, Unsaved, load_unsaved};

use super::client::{Client, topologies, uri};
use super::secrets;

/// A generator that says the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % most.max(1)
    }

    fn boundary(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap()
    }
}

const PIECES: &[&str] = &[
    "\n",
    "  ",
    "    ",
    "nodes:\n",
    "a",
    "role: ",
    "pub",
    ": ",
    ", ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "`",
    "${",
    "|\n      ",
    "# ",
    "&x ",
    "*x",
    "<<: ",
    "- ",
    "ä",
    "𝄞",
    "\t",
    "on_message: ",
    "msg.",
    "this.",
    "send_to(\"",
    "fn f(",
    "import \"",
    "::",
    "//",
    "/*",
    "\\",
    "connect: ",
    "\r\n",
    "!",
    "bind: 5",
];

/// A place of a text as the protocol has it.
fn place(text: &str, byte: usize) -> Value {
    let (line, character) = Lines::new(text).position(text, byte, Encoding::Utf16);
    json!({"line": line, "character": character})
}

struct Edited {
    path: std::path::PathBuf,
    text: String,
    version: i64,
}

fn edit(client: &mut Client, file: &mut Edited, random: &mut Random, others: &[String]) {
    let start = random.boundary(&file.text);
    let longest = if random.below(20) == 0 { 400 } else { 6 };
    let mut end = (start + random.below(longest)).min(file.text.len());
    while !file.text.is_char_boundary(end) {
        end += 1;
    }
    let end = if random.below(2) == 0 { start } else { end };
    let new = match random.below(30) {
        0 => {
            let other = &others[random.below(others.len())];
            let (a, b) = (random.boundary(other), random.boundary(other));
            other[a.min(b)..a.max(b)].chars().take(300).collect()
        }
        1..=9 => String::new(),
        _ => PIECES[random.below(PIECES.len())].to_owned(),
    };
    // A `\r\n` may be cut in two, of which an editor knows nothing.
    let (from, to) = (place(&file.text, start), place(&file.text, end));
    let lines = Lines::new(&file.text);
    let byte = |at: &Value| {
        let number = |name: &str| u32::try_from(at[name].as_u64().unwrap()).unwrap();
        lines.byte(&file.text, number("line"), number("character"), Encoding::Utf16)
    };
    let (start, end) = (byte(&from), byte(&to));
    file.text.replace_range(start..end.max(start), &new);
    let range = json!({"start": from, "end": to});
    file.version = client.change(&file.path, &json!([{"range": range, "text": new}]));
}

fn ask(client: &mut Client, file: &Edited, random: &mut Random) {
    let byte = random.boundary(&file.text);
    let at = place(&file.text, byte);
    let mut params = json!({
        "textDocument": {"uri": uri(&file.path)},
        "position": at,
        "context": {"includeDeclaration": true, "diagnostics": []},
        "range": {"start": at, "end": at},
        "newName": "renamed",
        "options": {"tabSize": 2, "insertSpaces": true},
    });
    let methods = [
        "completion",
        "hover",
        "definition",
        "references",
        "prepareRename",
        "rename",
        "documentSymbol",
        "formatting",
        "codeAction",
    ];
    let method = format!("textDocument/{}", methods[random.below(methods.len())]);
    if method.ends_with("completion") {
        params.as_object_mut().unwrap().remove("context");
    }
    if let Err(error) = client.request(&method, &params) {
        // Only a rename may be impossible.
        assert!(
            method.ends_with("rename") && error["code"] == -32803,
            "{method}: {error}\n{}",
            file.text
        );
    }
}

/// What a check of the same texts says that was never asked before.
fn fresh(files: &[Edited]) -> Vec<String> {
    let mut unsaved = Unsaved::default();
    for file in files {
        unsaved.insert(file.path.clone(), file.text.as_str().into());
    }
    let loaded = load_unsaved(&files[0].path, &unsaved, &mut Kept::default(), &|name| {
        let mut known = secrets::VARIABLES.iter();
        let found = known.find(|(known, _)| *known == name).map(|(_, value)| value.into());
        found.or_else(|| std::env::var_os(name))
    });
    let absent = loaded.absent_files();
    let mut said: Vec<String> = loaded
        .diagnostics
        .iter()
        .chain(&absent)
        .map(|it| {
            let at = it.span().map(|span| {
                let source = loaded.sources.get(span.source);
                let name = source.path().file_name().unwrap().to_str().unwrap().to_owned();
                format!("{name}:{}", source.position(span.start).line)
            });
            format!(
                "{} {} {}",
                at.unwrap_or("a.yaml:1".to_owned()),
                it.code.id(),
                it.message.replace('\n', " ")
            )
        })
        .collect();
    said.sort();
    said.dedup();
    said
}

fn told(client: &Client) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for (uri, (_, diagnostics)) in &client.told {
        let name = uri.rsplit('/').next().unwrap();
        for it in diagnostics {
            let line = it["range"]["start"]["line"].as_u64().unwrap() + 1;
            let code = it["code"].as_str().unwrap();
            said.push(format!("{name}:{line} {code} {}", it["message"].as_str().unwrap()));
        }
    }
    said.sort();
    said
}

#[test]
fn edits_at_random_are_answered_and_checked_as_if_they_were_fresh() {
    let length = match std::env::var_os("ZRIG_SOAK") {
        Some(_) => Duration::from_secs(600),
        None => Duration::from_secs(5),
    };
    let seed = std::env::var("ZRIG_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(0x5EED_u64);
    let mut random = Random(seed | 1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let mut texts: Vec<String> = topologies("topologies").iter().map(|path| read(path)).collect();
    texts.extend(topologies("tests/sound").iter().map(|path| read(path)));
    let scripts: Vec<String> = ["station", "balancer", "worker", "jupyter"]
        .iter()
        .map(|it| read(&root.join(format!("scripts/{it}.rhai"))))
        .collect();
    let others: Vec<String> = texts.iter().chain(&scripts).cloned().collect();
    let folder = tempfile::tempdir().unwrap();
    let mut client = Client::start();
    let until = Instant::now() + length;
    let (mut edits, mut rounds) = (0, 0);
    while Instant::now() < until {
        rounds += 1;
        client.told.clear();
        let script = scripts[random.below(scripts.len())].clone();
        let topology = texts[random.below(texts.len())].replace("../scripts/", "./");
        let topology = match random.below(2) {
            0 => format!("{topology}  scripted: {{role: pull, bind: 1234, script: a.rhai}}\n"),
            _ => topology,
        };
        let named =
            |name: &str, text: String| Edited { path: folder.path().join(name), text, version: 1 };
        let mut files = [named("a.yaml", topology), named("a.rhai", script)];
        client.open(&files[0].path, "zrig", &files[0].text);
        client.open(&files[1].path, "rhai", &files[1].text);
        for _ in 0..40 {
            let file = &mut files[usize::from(random.below(3) == 0)];
            edit(&mut client, file, &mut random, &others);
            edits += 1;
            if random.below(3) == 0 {
                ask(&mut client, file, &mut random);
            }
        }
        // One more version of both, of which the newest check then is.
        for file in &mut files {
            file.version = client.change(&file.path, &json!([]));
        }
        client.diagnostics(&files[0].path, files[0].version);
        let asked = json!({"textDocument": {"uri": uri(&files[0].path)}});
        client.request("textDocument/documentSymbol", &asked).unwrap();
        let want = fresh(&files);
        let found: Vec<String> = told(&client);
        assert_eq!(
            found.len(),
            want.len(),
            "seed {seed}, round {rounds}\n{found:#?}\n{want:#?}\n{}",
            files[0].text
        );
        for (found, want) in found.iter().zip(&want) {
            let found = found.lines().next().unwrap();
            assert!(want.starts_with(found), "seed {seed}, round {rounds}: {found} / {want}");
        }
        assert_eq!(client.logged, [""; 0], "seed {seed}, round {rounds}");
        client.close(&files[1].path);
        client.close(&files[0].path);
    }
    println!("{edits} edits in {rounds} rounds, seed {seed}");
    assert!(edits >= 40);
    assert_eq!(client.end(), Some(0));
}
