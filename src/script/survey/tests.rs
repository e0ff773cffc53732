use super::{Literal, Survey};
use crate::script::trial::{compiled, script};
use crate::script::{Engine, HandlerText, Handlers, ScriptText};
use crate::source::Position;

fn survey(text: &str) -> Survey {
    compiled(&Engine::new(), &script(text)).survey().clone()
}

fn place(position: Option<Position>) -> String {
    position.map_or("?".to_owned(), |position| position.to_string())
}

#[test]
fn functions_are_told_with_their_arguments() {
    let survey =
        survey("fn on_message(m) {}\nfn helper(a, b) { || a }\nconst X = 1;\nfn on_mesage(msg) {}");
    let told: Vec<String> = survey
        .functions
        .iter()
        .map(|f| format!("{} {}({})", place(f.site.position), f.name, f.arguments.join(", ")))
        .collect();
    assert_eq!(told, ["1:18 on_message(m)", "2:17 helper(a, b)", "4:19 on_mesage(msg)"]);
    assert!(survey.defines("helper") && !survey.defines("on_start"));
}

#[test]
fn calls_are_told_with_what_is_written_out() {
    let survey = survey(
        "const OUT = \"out\";\nfn on_tick() {\n  send_to(\"a\", 1);\n  send_to(OUT, this.x);\n  publish(7, 1.5);\n  if param(\"y\", true) { this.list.push(count(`a${1}`)) }\n}",
    );
    let told: Vec<String> = survey
        .calls
        .iter()
        .map(|call| {
            let arguments: Vec<String> = call
                .arguments
                .iter()
                .map(|argument| match argument {
                    Some(Literal::Text(text)) => format!("{text:?}"),
                    Some(Literal::Integer(number)) => number.to_string(),
                    Some(Literal::Float(number)) => number.to_string(),
                    Some(Literal::Boolean(truth)) => truth.to_string(),
                    None => "…".to_owned(),
                })
                .collect();
            let value = if call.on_value { "." } else { "" };
            format!("{} {value}{}({})", place(call.site.position), call.name, arguments.join(", "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "3:3 send_to(\"a\", 1)",
            "4:3 send_to(\"out\", …)",
            "5:3 publish(7, 1.5)",
            "6:6 param(\"y\", true)",
            "6:35 .push(…)",
            "6:40 count(\"a1\")",
        ]
    );
    assert_eq!(survey.calls_of("send_to").count(), 2);
}

#[test]
fn what_handlers_read_of_their_message_is_told() {
    let survey = survey(
        "fn on_message(m) { let x = m.bdoy.len(); if m.msgid == 1 { m.body.city } }\nfn f(msg) { msg.nope }\nfn on_timer(name) { name.len }",
    );
    let told: Vec<String> = survey
        .properties
        .iter()
        .map(|p| format!("{} {} {}", place(p.site.position), p.handler, p.name))
        .collect();
    assert_eq!(
        told,
        [
            "1:30 on_message bdoy",
            "1:47 on_message msgid",
            "1:62 on_message body",
            "3:26 on_timer len"
        ]
    );
}

#[test]
fn a_message_whose_name_is_given_to_something_else_is_not_looked_at() {
    for body in [
        "let msg = msg.json; msg.city",
        "msg = msg.json; msg.city",
        "for msg in msg.json.list { print(msg.city) }",
        "for (x, msg) in msg.frames { print(msg.city) }",
        "if true { let msg = #{city: 1}; msg.city }",
    ] {
        let survey = survey(&format!("fn on_message(msg) {{ {body} }}"));
        assert_eq!(survey.properties, vec![], "{body}");
    }
}

#[test]
fn names_that_nothing_defines_are_told() {
    let survey = survey(
        "const X = 1;\nfn g(a) { a }\nfn on_message(msg) {\n  let y = 2;\n  let f = |z| z + y + X;\n  for i in [1, 2].map(g) { print(i + w); }\n  switch y { 1 if y > q => {} _ => {} }\n  try { y = v; } catch(e) { print(e); }\n  { let inner = 1; inner }\n  [X, global::X, inner, f.call(1)]\n}",
    );
    let told: Vec<String> = survey
        .unknown_variables
        .iter()
        .map(|u| format!("{} {}", place(u.site.position), u.name))
        .collect();
    assert_eq!(told, ["6:38 w", "7:23 q", "8:13 v", "10:18 inner"].map(str::to_owned));
}

#[test]
fn modules_are_told_with_their_own_places() {
    let mut text = script("import \"lib\" as lib;\nfn on_tick() { lib::f(\"x\") }");
    text.modules.insert("scripts/lib.rhai".into(), "\nfn f(x) { send_to(\"y\", x) }".into());
    let survey = compiled(&Engine::new(), &text).survey().clone();
    let call = survey.calls_of("send_to").next().unwrap();
    assert_eq!(
        (call.site.path.to_str(), place(call.site.position)),
        (Some("scripts/lib.rhai"), "2:11".to_owned())
    );
    let call = survey.calls.iter().find(|call| call.name == "f").unwrap();
    assert_eq!(call.module.as_deref(), Some("lib"));
    assert!(!survey.defines("f"));
}

#[test]
fn inline_handlers_are_told_with_their_places_in_the_yaml_file() {
    let handler = HandlerText {
        name: "on_tick".to_owned(),
        body: "let x = 1;\nsend_to(\"y\", x)".into(),
        lines: vec![Position { line: 7, column: 9 }, Position { line: 8, column: 9 }],
    };
    let text = ScriptText {
        path: "t.yaml".into(),
        handlers: Handlers::Inline(vec![handler]),
        modules: Default::default(),
    };
    let survey = compiled(&Engine::new(), &text).survey().clone();
    assert_eq!(place(survey.calls[0].site.position), "8:9");
}
