use std::time::Instant;

use super::*;
use crate::message::{Format, Frame, Multipart};
use crate::script::{Engine, Handlers, Outlet, Route, ScriptText};

fn outlet(name: &str, role: Role) -> Outlet {
    Outlet { name: name.into(), role, format: role.default_format(), msgid: 1000 }
}

fn handler(script: &str, outlets: Vec<Outlet>) -> Handler {
    let engine = Rc::new(Engine::new());
    let text = ScriptText {
        path: "t.rhai".into(),
        handlers: Handlers::File(script.into()),
        modules: Default::default(),
    };
    let program = engine.compile(&text).unwrap();
    let view = NodeView {
        node: "n".into(),
        replica: "n.1".into(),
        params: Default::default(),
        outlets,
        started: Instant::now(),
        writes: false,
    };
    Handler::new(&engine, program, view)
}

fn plain(frames: &[&str]) -> Event {
    Event::Message(Inbound {
        socket: 0,
        payload: frames.iter().map(|f| Frame::from(*f)).collect(),
        route: None,
    })
}

#[test]
fn a_returned_text_goes_out() {
    let mut handler = handler(
        "const X = 3; fn on_message(msg) { this.n = (this.n ?? 0) + X; msg.text + this.n }",
        vec![outlet("in", Role::Pull), outlet("out", Role::Push)],
    );
    let mut effects = Vec::new();
    handler.call_into(plain(&["hi"]), &mut effects).unwrap();
    handler.call_into(plain(&["hi"]), &mut effects).unwrap();
    println!("{effects:?}");
}
