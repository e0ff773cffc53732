//! A node on the bench: what tests need to call handlers and look at what comes out.
//!
//! Owns no rule of its own; compiled for tests only.

use std::collections::VecDeque;
use std::rc::Rc;

use rhai::{ASTNode, Expr};

use super::{
    Effect, Engine, Handler, HandlerError, Handlers, Inbound, Invocation, NodeView, Program, Route,
    ScriptFault, ScriptText, SocketView,
};
use crate::clock::RunClock;
use crate::message::{Format, Frame};
use crate::zeromq::Role;

/// A handler with sockets, and everything it wanted done.
pub(super) struct Trial {
    pub(super) handler: Handler,
    pub(super) engine: Rc<Engine>,
    sockets: Vec<SocketView>,
}

/// A script file as the loader hands it over.
pub(super) fn script(text: &str) -> ScriptText {
    ScriptText {
        path: "scripts/test.rhai".into(),
        handlers: Handlers::File(text.into()),
        modules: std::collections::BTreeMap::new(),
    }
}

/// A socket with its role's own format.
pub(super) fn socket_view(name: &str, role: Role) -> SocketView {
    SocketView { name: name.into(), role, format: role.default_format(), msgid: 1000 }
}

/// What a node with these sockets sees.
pub(super) fn view(sockets: Vec<SocketView>) -> NodeView {
    NodeView {
        node: "worker".into(),
        replica: "worker.2".into(),
        replica_index: 2,
        seed: None,
        params: serde_json::Map::new(),
        sockets,
        clock: RunClock::begun(),
        writes: false,
        state_limit: usize::MAX,
    }
}

/// What is wrong with a script.
pub(super) fn faults(text: &ScriptText) -> Vec<ScriptFault> {
    match Engine::new().compile(text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults,
    }
}

impl Trial {
    /// A node with these sockets and this script.
    pub(super) fn new(sockets: &[(&str, Role)], text: &str) -> Self {
        let sockets = sockets.iter().map(|(name, role)| socket_view(name, *role)).collect();
        Self::with(view(sockets), &script(text))
    }

    /// A node with one handler of messages: its body.
    pub(super) fn on_message(sockets: &[(&str, Role)], body: &str) -> Self {
        Self::new(sockets, &format!("fn on_message(msg) {{ {body} }}"))
    }

    /// A node of that view and script.
    pub(super) fn with(view: NodeView, text: &ScriptText) -> Self {
        let engine = Rc::new(Engine::new());
        let program = compiled(&engine, text);
        let sockets = view.sockets.clone();
        Self { handler: Handler::new(&engine, program, view), engine, sockets }
    }

    /// Calls the handler that an invocation is for.
    pub(super) fn invoke(
        &mut self,
        invocation: Invocation,
    ) -> Result<VecDeque<Effect>, Box<HandlerError>> {
        let mut effects = VecDeque::new();
        self.handler.call_into(invocation, &mut effects).map(|()| effects)
    }

    /// Calls the handler of a message that came by the socket of that place.
    pub(super) fn message(
        &mut self,
        socket: usize,
        frames: &[&[u8]],
    ) -> Result<VecDeque<Effect>, Box<HandlerError>> {
        let invocation = self.inbound(socket, frames);
        self.invoke(invocation)
    }

    /// The same, with what was sent as text only.
    pub(super) fn sent(&mut self, socket: usize, frames: &[&str]) -> Vec<String> {
        let frames: Vec<&[u8]> = frames.iter().map(|frame| frame.as_bytes()).collect();
        match self.message(socket, &frames) {
            Ok(effects) => effects.iter().map(shown).collect(),
            Err(error) => vec![format!("failed: {}", error.message)],
        }
    }

    /// A message; on sockets that route, from the sender "me" over an empty delimiter on `rep`.
    pub(super) fn inbound(&self, socket: usize, frames: &[&[u8]]) -> Invocation {
        inbound_by(self.sockets[socket].role, socket, frames)
    }
}

/// A message by a socket of that role.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other roles have no envelope")]
pub(super) fn inbound_by(role: Role, socket: usize, frames: &[&[u8]]) -> Invocation {
    let envelope: &[&[u8]] = match role {
        Role::Rep => &[b"me", b""],
        Role::Router | Role::Stream => &[b"me"],
        _ => &[],
    };
    let route = (!envelope.is_empty()).then(|| {
        Rc::new(Route { envelope: envelope.iter().map(|frame| Frame::copy(frame)).collect() })
    });
    let payload = frames.iter().map(|frame| Frame::copy(frame)).collect();
    Invocation::Message(Inbound { socket, payload, route })
}

/// A script that has to compile.
pub(super) fn compiled(engine: &Engine, text: &ScriptText) -> Program {
    match engine.compile(text) {
        Ok(program) => program,
        Err(faults) => panic!("{faults:#?}"),
    }
}

/// The same sockets with another format.
pub(super) fn formatted(mut sockets: Vec<SocketView>, format: Format) -> Vec<SocketView> {
    for socket_view in &mut sockets {
        socket_view.format = format;
    }
    sockets
}

/// How many pieces of that name were put into a script's handlers.
pub(super) fn rewritten(text: &str, name: &str) -> usize {
    let program = compiled(&Engine::new(), &script(text));
    let mut count = 0;
    for entry in program.0.entries.values() {
        entry.body.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
            if let Some(ASTNode::Expr(Expr::Custom(custom, _))) = path.last() {
                count += usize::from(custom.tokens[0] == name);
            }
            true
        });
    }
    count
}

/// An effect in one line: `1: frame | frame`, `log info: text`, ….
pub(super) fn shown(effect: &Effect) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match effect {
        Effect::Send { socket, message } => {
            let frames: Vec<String> = message.frames.iter().map(|frame| text(frame)).collect();
            format!("{socket}: {}", frames.join(" | "))
        }
        Effect::Write(frames) => {
            let frames: Vec<String> = frames.iter().map(|frame| text(frame)).collect();
            format!("write: {}", frames.join(" "))
        }
        Effect::Subscribe { socket, prefix } => format!("{socket}: subscribe {:?}", text(prefix)),
        Effect::Unsubscribe { socket, prefix } => {
            format!("{socket}: unsubscribe {:?}", text(prefix))
        }
        Effect::Connect { socket, endpoint } => format!("{socket}: connect {endpoint}"),
        Effect::Disconnect { socket, endpoint } => format!("{socket}: disconnect {endpoint}"),
        Effect::Bind { socket, wanted } => format!("{socket}: bind {}", wanted.endpoint),
        Effect::Unbind { socket, wanted } => format!("{socket}: unbind {}", wanted.endpoint),
        Effect::After { delay, name, .. } => format!("after {delay:?}: {name}"),
        Effect::Cancel { .. } => "cancel".to_owned(),
        Effect::Busy { time } => format!("busy {time:?}"),
        Effect::Owe { socket, within, .. } => format!("{socket}: owes for {within:?}"),
        Effect::Pause { socket } => format!("{socket}: pause"),
        Effect::Resume { socket } => format!("{socket}: resume"),
        Effect::Log { level, text } => format!("log {level:?}: {text}"),
        Effect::Count { name, by } => format!("count {name}: {by}"),
        Effect::Stop { status } => format!("stop {status}"),
    }
}

/// What a body gives for the bytes of a message, as text, or what it fails with.
pub(super) fn said_of(body: &str, bytes: &[u8]) -> String {
    answer_of(body, bytes, |handler| handler)
}

/// What a body gives as text, or what it fails with.
pub(super) fn said(body: &str) -> String {
    said_of(body, b"")
}

/// The same, of a handler that has a thread of its own: its other limits come before its time is over,
/// however busy the machine.
pub(super) fn said_patiently(body: &str) -> String {
    answer_of(body, b"", Handler::with_patience)
}

fn answer_of(body: &str, bytes: &[u8], settle: impl FnOnce(Handler) -> Handler) -> String {
    thread_local! {
        static ENGINE: Rc<Engine> = Rc::new(Engine::new());
    }
    let sockets = vec![socket_view("in", Role::Pull), socket_view("out", Role::Push)];
    let engine = ENGINE.with(Rc::clone);
    let program = compiled(&engine, &script(&format!("fn on_message(msg) {{ {body} }}")));
    let mut handler = settle(Handler::new(&engine, program, view(sockets)));
    let mut effects = VecDeque::new();
    match handler.call_into(inbound_by(Role::Pull, 0, &[bytes]), &mut effects) {
        Ok(()) => {
            let shown: Vec<String> = effects.iter().map(shown).collect();
            let said = shown.join("; ");
            said.strip_prefix("1: ").map_or(said.clone(), str::to_owned)
        }
        Err(error) => format!("failed: {}", error.message),
    }
}

/// Bodies with what each gives.
pub(super) fn table(rows: &[(&str, &str)]) {
    for (body, want) in rows {
        assert_eq!(said(body), *want, "{body}");
    }
}
