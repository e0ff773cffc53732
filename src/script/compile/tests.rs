use std::collections::VecDeque;
use std::path::Path;

use proptest::prelude::*;

use crate::script::trial::{Trial, compiled, faults, script};
use crate::script::{Engine, HandlerText, Handlers, Invocation, ScriptText};
use crate::source::Position;
use crate::zeromq::Role::{Pair, Pull, Push};

/// Inline handlers whose bodies begin at the given lines, four columns in.
fn inline(handlers: &[(&str, usize, &str)]) -> ScriptText {
    let handlers = handlers
        .iter()
        .map(|(name, first, body)| HandlerText {
            name: (*name).to_owned(),
            body: (*body).into(),
            lines: (0..body.lines().count().max(1))
                .map(|line| Position { line: first + line, column: 5 })
                .collect(),
        })
        .collect();
    ScriptText {
        path: "topology.yaml".into(),
        handlers: Handlers::Inline(handlers),
        modules: Default::default(),
    }
}

fn told(text: &ScriptText) -> Vec<String> {
    faults(text).iter().map(ToString::to_string).collect()
}

#[test]
fn a_fault_in_a_script_has_its_place() {
    for (text, want) in [
        ("fn on_message(msg) {\n  let x = ;\n}", "scripts/test.rhai:2:11: "),
        ("fn on_message(msg) {", "scripts/test.rhai:1:"),
        ("let x = 1;", "scripts/test.rhai:1:1: only fn, const and import may stand at top level"),
        (
            "fn f() {}\nprint(1);",
            "scripts/test.rhai:2:1: only fn, const and import may stand at top level",
        ),
        ("fn on_message() {}", "scripts/test.rhai:1:17: on_message takes one argument"),
        ("fn on_tick(x) {}", "scripts/test.rhai:1:15: on_tick takes no argument"),
        (
            "fn int.on_tick() {}",
            "scripts/test.rhai:1:18: on_tick is a handler and belongs to no type",
        ),
        (
            "fn on_tick() { eval(\"1\") }",
            "scripts/test.rhai:1:16: eval is not available: what runs is checked before it runs",
        ),
        (
            "const X = nope();",
            "scripts/test.rhai:1:11: a constant cannot be computed: there is no function nope()",
        ),
        (
            "const X = param(\"x\");",
            "scripts/test.rhai:1:11: a constant cannot be computed: this can be called inside a handler only, not at top level",
        ),
        ("const X = { let n = 0; loop { n += 1 } };", "scripts/test.rhai:1:"),
        ("import \"x\" as x;", "scripts/test.rhai:1:1: the module \"x\" was not found"),
    ] {
        let told = told(&script(text));
        assert!(told.len() == 1 && told[0].starts_with(want), "{text}\n{told:#?}");
    }
}

#[test]
fn all_faults_of_the_top_level_are_told_at_once() {
    let told = told(&script("let a = 1;\nlet b = 2;\nfn on_message() {}\nimport \"x\" as x;"));
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn a_fault_in_an_inline_handler_has_its_place_in_the_yaml_file() {
    for (handlers, want) in [
        (vec![("on_message", 10, "let x = ;")], vec!["topology.yaml:10:13: "]),
        (vec![("on_message", 10, "let x = 1;\n\nlet = 3")], vec!["topology.yaml:12:9: "]),
        (vec![("on_message", 10, "if true {")], vec!["topology.yaml:10:"]),
        (
            vec![("on_start", 3, "1 +"), ("on_tick", 5, "ok()"), ("on_message", 7, "msg.")],
            vec!["topology.yaml:3:", "topology.yaml:7:"],
        ),
        (vec![("on_message", 10, "} fn f() {")], vec!["topology.yaml:10:"]),
        (vec![("on_message", 10, "let s = \"a")], vec!["topology.yaml:10:13: "]),
    ] {
        let told = told(&inline(&handlers));
        assert_eq!(told.len(), want.len(), "{handlers:?} {told:#?}");
        for (told, want) in told.iter().zip(want) {
            assert!(told.starts_with(want), "{handlers:?} {told}");
        }
    }
}

#[test]
fn what_goes_wrong_in_an_inline_handler_has_its_place_in_the_yaml_file() {
    let text = inline(&[("on_start", 3, "1"), ("on_message", 10, "let x = 1;\n  msg.nope")]);
    let mut trial = Trial::with(crate::script::trial::view(vec![]), &text);
    trial.handler.swap(
        compiled(&trial.engine, &text),
        crate::script::trial::view(vec![crate::script::trial::socket_view("p", Pair)]),
    );
    let Err(error) = trial.invoke(Invocation::Message(crate::script::Inbound {
        socket: 0,
        payload: Default::default(),
        route: None,
    })) else {
        panic!()
    };
    assert_eq!(
        (error.path.as_path(), error.position),
        (Path::new("topology.yaml"), Some(Position { line: 11, column: 11 }))
    );
}

#[test]
fn inline_handlers_see_their_argument() {
    let text = inline(&[
        ("on_message", 1, "msg.text"),
        ("on_timer", 2, "name"),
        ("on_line", 3, "line"),
        ("on_peer", 4, "peer.event"),
        ("on_left", 5, "msg.socket"),
        ("on_start", 6, ""),
    ]);
    assert!(told(&text).is_empty(), "{:?}", told(&text));
    let program = compiled(&Engine::new(), &text);
    assert_eq!(program.handlers().count(), 6);
    assert!(program.handles("on_left"));
}

#[test]
fn constants_are_known_in_functions_and_closures() {
    let mut trial = Trial::new(
        &[("in", Pull), ("out", Push)],
        r#"
        const LIMIT = 3;
        fn hides(LIMIT) { LIMIT }
        const NAMES = #{ a: "A", b: [1, 2] };
        const DOUBLE = LIMIT * 2;
        fn twice(x) { x * 2 }
        fn deep() { LIMIT + 1 }
        fn on_message(msg) {
            let f = |x| x + LIMIT;
            let y = 10;
            let g = |x| x + y;
            send(`${LIMIT} ${global::LIMIT} ${DOUBLE} ${NAMES.a} ${NAMES.b[1]} ${deep()} ${f.call(1)} ${g.call(1)} ${hides(7)}`);
            send([1, 2].map(twice));
            send([1, 2].map(|x| x + LIMIT));
        }
    "#,
    );
    assert_eq!(trial.sent(0, &["x"]), ["1: 3 3 6 A 2 4 4 11 7", "1: 2 | 4", "1: 4 | 5"]);
}

fn with_modules(main: &str, modules: &[(&str, &str)]) -> ScriptText {
    let mut text = script(main);
    for (path, module) in modules {
        text.modules.insert(path.into(), (*module).into());
    }
    text
}

#[test]
fn modules_are_imported_once_for_all_functions() {
    let text = with_modules(
        r#"
        import "lib/maths" as maths;
        const FOUR = maths::double(2);
        fn helper(x) { maths::double(x) }
        fn on_message(msg) {
            send([helper(1), maths::double(3), maths::nine(), FOUR, maths::NINE, maths::inner::one()]);
            print(maths::say());
        }
        "#,
        &[
            (
                "scripts/lib/maths.rhai",
                r#"
                import "../one" as inner;
                export const NINE = 9;
                fn double(x) { x * 2 }
                fn nine() { NINE * inner::one() }
                fn say() { count("said"); node() }
            "#,
            ),
            ("scripts/one.rhai", "fn one() { 1 }"),
        ],
    );
    let sockets = vec![
        crate::script::trial::socket_view("in", Pull),
        crate::script::trial::socket_view("out", Push),
    ];
    let mut trial = Trial::with(crate::script::trial::view(sockets), &text);
    let want = ["1: 2 | 6 | 9 | 4 | 9 | 1", "count said: 1", "log Info: worker"];
    assert_eq!(trial.sent(0, &["x"]), want);
    assert_eq!(trial.sent(0, &["x"]), want);
}

#[test]
fn inline_handlers_import_in_their_body() {
    let mut text = inline(&[("on_message", 1, "import \"lib\" as lib;\nlib::twice(msg.text)")]);
    text.modules.insert("lib.rhai".into(), "fn twice(x) { x + x }".into());
    let sockets = vec![
        crate::script::trial::socket_view("in", Pull),
        crate::script::trial::socket_view("out", Push),
    ];
    let mut trial = Trial::with(crate::script::trial::view(sockets), &text);
    assert_eq!(trial.sent(0, &["x"]), ["1: xx"]);
    assert_eq!(trial.sent(0, &["y"]), ["1: yy"]);
}

#[test]
fn a_fault_in_a_module_names_the_module() {
    for (module, want) in [
        ("fn f( {", "scripts/lib.rhai:1:7: "),
        ("let x = 1;", "scripts/lib.rhai:1:1: only fn"),
        ("\nconst X = nope();", "scripts/lib.rhai:2:11: a constant cannot"),
        ("import \"lib\" as me;", "scripts/lib.rhai:1:1: \"lib\" imports itself in the end"),
    ] {
        let told = told(&with_modules("import \"lib\" as lib;", &[("scripts/lib.rhai", module)]));
        assert!(told.len() == 1 && told[0].starts_with(want), "{module}\n{told:#?}");
    }
}

#[test]
fn what_goes_wrong_in_a_module_names_the_module_and_the_way_there() {
    let text = with_modules(
        "import \"lib\" as lib;\nfn on_message(msg) {\n  lib::f(1)\n}",
        &[("scripts/lib.rhai", "fn g(x) {\n  x.nope()\n}\nfn f(x) { g(x) }")],
    );
    let mut trial = Trial::with(
        crate::script::trial::view(vec![crate::script::trial::socket_view("in", Pull)]),
        &text,
    );
    let error = trial.message(0, &[b"x"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "scripts/lib.rhai:2:5: on_message: there is no function nope(integer); \
         in g called at scripts/lib.rhai:4:11; in f called at scripts/test.rhai:3:8"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_compiling_panic(text in "\\PC{0,80}") {
        let _ = Engine::new().compile(&script(&text));
        let _ = Engine::new().compile(&inline(&[("on_message", 1, &text)]));
    }

    #[test]
    fn no_heap_of_words_makes_compiling_or_calling_panic(words in prop::collection::vec(prop::sample::select(WORDS), 0..30)) {
        let body = words.join(" ");
        for text in [script(&body), script(&format!("fn on_message(msg) {{ {body} }}")), inline(&[("on_message", 1, &body)])] {
            let engine = std::rc::Rc::new(Engine::new());
            if let Ok(program) = engine.compile(&text) {
                let view = crate::script::trial::view(vec![crate::script::trial::socket_view("p", Pair)]);
                let mut handler = crate::script::Handler::new(&engine, program, view);
                let event = Invocation::Message(crate::script::Inbound { socket: 0, payload: Default::default(), route: None });
                let _ = handler.call_into(event, &mut VecDeque::new());
            }
        }
    }
}

const WORDS: &[&str] = &[
    "fn",
    "on_message",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "#{",
    "a:",
    ",",
    ";",
    "let",
    "const",
    "x",
    "y",
    "=",
    "+",
    "+=",
    "==",
    "1",
    "2.5",
    "\"t\"",
    "`${x}`",
    "'c'",
    "|x|",
    "||",
    "if",
    "else",
    "for",
    "in",
    "0..3",
    "switch",
    "=>",
    "_",
    "return",
    "throw",
    "try",
    "catch",
    "break",
    "this",
    "this.a",
    "msg",
    "msg.text",
    "msg.frames",
    "msg.body",
    "send",
    "send_to",
    "publish",
    "reply",
    ".",
    "::",
    "import",
    "as",
    "export",
    "print",
    "param",
    "after",
    "count",
    "stop",
    "()",
    "true",
    "!",
    "-",
    ".map",
    ".call",
    "Fn",
    "curry",
    "x = [x]",
    "this.a = [this.a]",
    "is_shared",
    "global::x",
    "while",
    "x.y",
    "x[0]",
    "x?.y",
    "??",
    "type_of",
    "blob()",
    "range",
    "eval",
    "sleep",
    "exit",
    "#",
    "//",
    "/*",
];
