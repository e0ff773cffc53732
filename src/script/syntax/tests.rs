use crate::script::trial::{faults, script};
use crate::script::{HandlerText, Handlers, ScriptText};
use crate::source::Position;

/// What is said of a handler's body, and the body as the offered text mends it.
fn told(body: &str) -> (String, String, Option<String>) {
    let script = format!("fn on_message(msg) {{\n{body}\n}}\n");
    let faults = faults(&crate::script::trial::script(&script));
    assert_eq!(faults.len(), 1, "{body}\n{faults:#?}");
    let fault = &faults[0];
    let mended = fault.fix.as_ref().map(|fix| {
        let source = crate::source::Source::new("a", script.as_str());
        let start = source.byte(fix.at);
        assert!(script[start..].starts_with(&fix.written), "{body}\n{fix:?}");
        let mut mended = script.clone();
        mended.replace_range(start..start + fix.written.len(), &fix.replacement);
        mended.lines().nth(1).unwrap().to_owned()
    });
    (fault.message.clone(), fault.help.clone().unwrap(), mended)
}

/// Each habit with a word of its message or its help, and its first line as it is mended.
#[test]
fn habits_of_other_languages_are_told_as_they_are_written_here() {
    let mut wrong = Vec::new();
    for (body, says, mended) in [
        ("'hello there'", "double quotation marks", Some("\"hello there\"")),
        ("'say \"hi\" now'", "double quotation marks", Some("`say \"hi\" now`")),
        ("f\"hello {msg.text}\"", "backquotes", Some("`hello ${msg.text}`")),
        ("b`abc`", "write bytes as", None),
        ("let x = {\"a\": 1};", "#{", Some("let x = #{\"a\": 1};")),
        ("let x = {a: 1};", "#{", Some("let x = #{a: 1};")),
        ("#{a: 1; b: 2}", "`,`", Some("#{a: 1, b: 2}")),
        ("#{a = 1}", "name: value", Some("#{a : 1}")),
        ("if msg.text == \"x\":\n  1", "write `if msg.text == \"x\" {`", None),
        ("if true { 1 } else:\n  2", "braces", None),
        ("for i in 0..3:\n  print(i)", "write `for i in 0..3 {`", None),
        ("while true:\n  break", "braces", None),
        ("if \"a\" not in this.seen { 1 }", "!in", Some("if \"a\" !in this.seen { 1 }")),
        ("if not msg.text.is_empty() { 1 }", "`!`", Some("if !msg.text.is_empty() { 1 }")),
        ("if true and true { 1 }", "&&", Some("if true && true { 1 }")),
        ("if true or true { 1 }", "||", Some("if true || true { 1 }")),
        ("if this.x is not () { 1 }", "!=", Some("if this.x != () { 1 }")),
        ("if this.x is () { 1 }", "==", Some("if this.x == () { 1 }")),
        ("if this.x == null { 1 }", "()", Some("if this.x == () { 1 }")),
        ("if true { 1 } elif false { 2 }", "else if", Some("if true { 1 } else if false { 2 }")),
        ("this.try += 1", "[\"try\"]", Some("this[\"try\"] += 1")),
        ("let try = 1;", "`try` cannot be a name", None),
        (
            "match msg.text { \"a\" => 1, _ => 2 }",
            "switch",
            Some("switch msg.text { \"a\" => 1, _ => 2 }"),
        ),
        ("if msg.text = \"a\" { 1 }", "==", Some("if msg.text == \"a\" { 1 }")),
        ("if msg.text === \"a\" { 1 }", "==", Some("if msg.text == \"a\" { 1 }")),
        ("if msg.text <> \"a\" { 1 }", "!=", Some("if msg.text != \"a\" { 1 }")),
        ("this.n++;", "+= 1", Some("this.n += 1;")),
        ("this.n--;", "-= 1", Some("this.n -= 1;")),
        ("let a = 1\nlet b = 2;", "`;` is missing", Some("let a = 1;")),
        ("# a comment", "//", Some("// a comment")),
        ("let a = 1; # one", "//", Some("let a = 1; // one")),
        ("let f = lambda x: x + 1;", "|x| x + 1", None),
        ("let f = (x) => x + 1;", "|x| x + 1", None),
        ("let f = function(x) { x + 1 };", "|x| x + 1", None),
        (
            "let x = msg.text == \"a\" ? 1 : 2;",
            "write `if msg.text == \"a\" { 1 } else { 2 }`",
            None,
        ),
        (
            "let x = 1 if msg.text == \"a\" else 2;",
            "write `if msg.text == \"a\" { 1 } else { 2 }`",
            None,
        ),
        ("int x = 3;", "let", Some("let x = 3;")),
        ("var x = 3;", "let", Some("let x = 3;")),
        ("let mut x = 3;", "mut", Some("let x = 3;")),
        ("import json\nprint(1)", "msg.json", None),
        ("from math import sqrt", "x.sqrt()", None),
        ("msg.text[0:3]", "sub_string", None),
        ("[x * 2 for x in [1, 2]]", "list.map(|x| x * 2)", None),
        ("raise \"x\"", "throw", Some("throw \"x\"")),
        ("try { 1 } except { 2 }", "catch", Some("try { 1 } catch { 2 }")),
        ("print \"x\"", "print(\"x\")", Some("print(\"x\")")),
        ("if true { 1 }; else { 2 }", "`;` ends the `if`", Some("if true { 1 } else { 2 }")),
        ("let x = $name;", "has no `$`", None),
        ("\"C:\\dir\"", "backslash", None),
        ("send(\"x)", "not closed on its line", None),
        ("print(\"a\"))", "closes nothing", Some("print(\"a\")")),
        ("const A = 1; switch 1 { A => 2, _ => 3 }", "written out", None),
        ("let x = await msg;", "nothing to await", None),
        ("for k, v in msg.json.items() { 1 }", "for k in map.keys()", None),
        ("for i, x in enumerate(l) { 1 }", "for (x, i) in list", None),
        ("for k, v in msg.json { 1 }", "an item, and its position", None),
        ("let a, b = 1, 2;", "one variable", None),
        ("let (a, b) = [1, 2];", "let a = list[0]; let b = list[1];", None),
        ("let {a, b} = msg.json;", "let a = map.a; let b = map.b;", None),
        ("let a = 1; let b = 2; a, b = b, a;", "let old = a;", None),
        ("[...msg.frames, 1]", "`+`", None),
        ("f(*msg.frames)", "f(list[0], list[1])", None),
        ("send(\"x\", flags=1)", "no names", Some("send(\"x\", 1)")),
        ("msg.text in (\"a\", \"b\")", "[\"a\", \"b\"]", Some("msg.text in [\"a\", \"b\"]")),
        ("let f = (a, b) => a + b;", "|x| x + 1", None),
        ("throw new Error(\"bad\");", "throw \"bad\"", Some("throw \"bad\";")),
        ("raise ValueError(\"bad\")", "throw \"bad\"", Some("throw \"bad\"")),
        ("let m = new Map();", "#{a: 1}", None),
        ("assert msg.text != \"\"", "if !(msg.text != \"\") { throw", None),
        ("try { 1 } catch (e) { 2 } finally { 3 }", "no `finally`", None),
        ("for (let i = 0; i < 3; i++) { 1 }", "for i in 0..3 {", None),
        ("for (const x of msg.frames) { 1 }", "for x in msg.frames {", None),
        ("for x of msg.frames { 1 }", "`in`", Some("for x in msg.frames { 1 }")),
        ("switch msg.text { case \"a\": 1 }", "`\"a\" => { … }`", None),
        ("if (msg.text == \"a\") return 1;", "`if (msg.text == \"a\") { return 1; }`", None),
        ("if true then 1 else 2", "`if true { 1 } else { 2 }`", None),
        ("if (n := 3) > 2 { n }", "let n = …;", None),
        ("/a+/.test(msg.text)", "text.matches", None),
        ("msg.text[::-1]", "reverse", None),
        ("msg.text[:-1]", "len() - 1", None),
        ("msg.text[3:]", "sub_string(3)", None),
        ("let x = msg.json.a || \"b\";", "a ?? b", None),
        ("let a = 7 // 2\nlet b = 1;", "write `7 / 2;`", None),
        ("\"\"\"What it does.\"\"\"\n1", "`//`", Some("// What it does.")),
        ("fn twice(x) { x * 2 }", "let f = |x|", None),
    ] {
        let (message, help, offered) = told(body);
        let all = format!("{message}; {help}");
        let is_plain = ["a bracket, a comma or", "reserved symbol", "statement block"]
            .iter()
            .all(|own| !all.contains(own));
        if !all.contains(says) || offered.as_deref() != mended || !is_plain {
            wrong.push(format!("{body}\n  {all}\n  {offered:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bracket_that_is_never_closed_is_told_where_it_opens() {
    for (text, line, column) in [
        ("fn on_start() {\n    this.n = 0;\n\nfn on_message(msg) {\n    1\n}\n", 1, 15),
        (
            "fn on_start() {\n    this.n = 0;\n}\nfn on_message(msg) {\n    if true {\n        1\n    2\n}\n\n\n",
            5,
            13,
        ),
        ("fn on_message(msg) {\n    send(\"x\";\n}\n", 2, 9),
        ("fn on_message(msg) {\n    let a = [1, 2;\n}\n", 2, 13),
        ("fn on_message(msg) {\n    send(#{a: 1);\n}\n", 2, 10),
        ("fn on_message(msg) {\n    1\n}\n}\n", 4, 1),
    ] {
        let faults = faults(&script(text));
        assert_eq!(faults.len(), 1, "{text}\n{faults:#?}");
        assert_eq!(faults[0].position, Some(Position { line, column }), "{text}\n{faults:#?}");
    }
}

#[test]
fn an_inline_handler_has_its_brackets_for_itself() {
    for (body, column) in
        [("if true {", 13), ("if true { 1 } }", 19), ("send(1", 9), ("let a = [1", 13)]
    {
        let handler = |name: &str, body: &str, line| HandlerText {
            name: name.to_owned(),
            body: body.into(),
            lines: vec![Position { line, column: 5 }],
        };
        for others in [vec![], vec![handler("on_start", "this.n = 0;", 3)]] {
            let mut handlers = others;
            handlers.push(handler("on_message", body, 10));
            let text = ScriptText {
                path: "topology.yaml".into(),
                handlers: Handlers::Inline(handlers),
                modules: Default::default(),
            };
            let faults = faults(&text);
            assert_eq!(faults.len(), 1, "{body}\n{faults:#?}");
            assert_eq!(
                faults[0].position,
                Some(Position { line: 10, column }),
                "{body}\n{faults:#?}"
            );
        }
    }
}

#[test]
fn a_script_of_every_habit_cut_anywhere_is_told_and_never_a_panic() {
    let all = "fn on_message(msg) {\n  if not x: f\"a\" 'b' #{a = 1; [x for x in y] lambda x: {\"ä\": 1}\n}\n";
    for end in (0..=all.len()).filter(|&end| all.is_char_boundary(end)) {
        for fault in faults(&script(&all[..end])) {
            assert!(!fault.message.is_empty() && fault.help.is_some(), "{fault:?}");
        }
    }
}
