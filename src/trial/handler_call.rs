//! A handler that is called alone: what it sends, and what it changes.
//!
//! Owns the comparison with what a test says. No socket has any part in it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use super::stage::Stage;
use crate::clock::RunClock;
use crate::control::Opened;
use crate::message::{Frame, Multipart, share_all};
use crate::node::{Direction, Passed, Place, open_envelope};
use crate::script::{Effect, Handler, Invocation, NodeView, SocketView, encode_offered};
use crate::test_file::CallSpec;
use crate::topology::{NodeSpec, SocketSpec};

/// What is wrong, and what was seen instead.
type Wrong = (String, Vec<String>);

/// Calls a handler, and compares what it does with what is wanted.
pub(super) fn call_alone(stage: &Stage, call: &CallSpec) -> Result<(), Wrong> {
    let plain = |what: String| (what, Vec::new());
    let found = stage.topology.node(&call.node);
    let spec = found.ok_or_else(|| plain(format!("there is no node {}", call.node)))?;
    let script = spec.script.as_ref();
    let script = script.ok_or_else(|| plain(format!("{} has no handlers", call.node)))?;
    let program =
        stage.engine.compile_counting(script, Some(&stage.branches)).map_err(|faults| {
            plain(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
    let mut handler = Handler::new(&stage.engine, program, view(spec));
    if let Some(state) = &call.state {
        let restored = handler.state_mut().restore_text(state.to_string().as_bytes());
        restored.map_err(|why| plain(format!("`state` is no state: {why}")))?;
    }
    let mut effects = VecDeque::new();
    let invocation = invocation(spec, call).map_err(plain)?;
    handler.call_into(invocation, &mut effects).map_err(|error| plain(error.to_string()))?;
    let sent: Vec<Value> = effects.iter().filter_map(|effect| body(spec, effect)).collect();
    let wanted = call.sends.clone().or_else(|| call.returns.clone().map(|value| vec![value]));
    if let Some(wanted) = wanted
        && wanted != sent
    {
        let shown = |values: &[Value]| Value::from(values.to_vec()).to_string();
        let what = format!("{} did not send {}", call.handler, shown(&wanted));
        return Err((what, vec![format!("it sent {}", shown(&sent))]));
    }
    match &call.this {
        Some(this) => compare_state(&handler, this),
        None => Ok(()),
    }
}

/// Whether the state has these keys with these values.
fn compare_state(handler: &Handler, wanted: &Value) -> Result<(), Wrong> {
    let text = handler.state().text().map_err(|why| (why, Vec::new()))?;
    let state: Value = serde_json::from_slice(&text.text).unwrap_or_default();
    let Value::Object(wanted) = wanted else { return Ok(()) };
    for (key, value) in wanted {
        let found = state.get(key).unwrap_or(&Value::Null);
        if found != value {
            let what = format!("`this.{key}` is not {value}");
            return Err((what, vec![format!("it is {found}")]));
        }
    }
    Ok(())
}

/// The node as its handler sees it.
fn view(spec: &NodeSpec) -> NodeView {
    NodeView {
        node: spec.name.as_str().into(),
        replica: spec.name.as_str().into(),
        replica_index: 1,
        seed: Some(0),
        params: spec.params.clone(),
        sockets: spec.sockets.iter().map(socket_view).collect(),
        clock: RunClock::begun(),
        writes: spec.write.is_some(),
        state_limit: usize::try_from(spec.state_limit).unwrap_or(usize::MAX),
    }
}

fn socket_view(socket: &SocketSpec) -> SocketView {
    SocketView {
        name: socket.name.as_str().into(),
        role: socket.role,
        format: socket.format,
        msgid: socket.msgid,
    }
}

/// What the handler is called for.
fn invocation(spec: &NodeSpec, call: &CallSpec) -> Result<Invocation, String> {
    Ok(match call.handler.as_str() {
        "on_start" => Invocation::Start,
        "on_tick" => Invocation::Tick,
        "on_idle" => Invocation::Idle,
        "on_end" => Invocation::End,
        "on_reload" => Invocation::Reload,
        "on_stop" => Invocation::Stop,
        _ => Invocation::Message(inbound(spec, call)?),
    })
}

fn inbound(spec: &NodeSpec, call: &CallSpec) -> Result<crate::script::Inbound, String> {
    let is_meant = |socket: &SocketSpec| match &call.socket {
        Some(name) => socket.name == *name,
        None => socket.role.receives(),
    };
    let place = spec.sockets.iter().position(is_meant);
    let place = place.ok_or_else(|| format!("{} has no socket that receives", spec.name))?;
    let socket = &spec.sockets[place];
    let payload: Multipart = match &call.message.frames {
        Some(frames) => frames.iter().map(|frame| Frame::copy(frame)).collect(),
        None => {
            let (value, tag) = (call.message.value.clone(), call.message.tag.as_deref());
            encode_offered(value, tag, &socket_view(socket))?
        }
    };
    let mut whole = Multipart::new();
    if socket.role.routes() {
        whole.push(Frame::copy(b"peer"));
        whole.push(Frame::empty());
    }
    whole.extend(payload);
    open_envelope(place, socket.role, whole).map_err(|(why, _)| why.to_string())
}

/// The body of a message that a call wants sent.
fn body(spec: &NodeSpec, effect: &Effect) -> Option<Value> {
    let Effect::Send { socket, message } = effect else { return None };
    let socket = spec.sockets.get(*socket)?;
    let place = Place {
        instance: spec.name.as_str().into(),
        socket: socket.name.as_str().into(),
        role: socket.role,
        format: socket.format,
        numbered: false,
    };
    let passed = Passed {
        at: SystemTime::UNIX_EPOCH,
        direction: Direction::Out,
        place: Arc::new(place),
        number: 0,
        frames: share_all(&message.frames),
    };
    let read = Opened::of(passed).read();
    Some(read.body.or_else(|| read.frames.map(Value::from)).unwrap_or_default())
}
