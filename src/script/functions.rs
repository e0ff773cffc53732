//! The functions and properties of the contract, as the engine calls them.
//!
//! Owns their names and arguments. Never performs anything: the call context collects effects.

use std::rc::Rc;

use rhai::{Dynamic, EvalAltResult, ImmutableString, NativeCallContext, Position};

use super::call_context::{CallContext, Refusal};
use super::effect::{Effect, EndpointCall, Level};
use super::encode::{self, kind_of};
use super::limits;
use super::msg::{Msg, PROPERTIES};
use super::socket_lookup;
use super::timer::delay_of;
use crate::zeromq::{Endpoint, Side};

type Answer<T> = Result<T, Box<EvalAltResult>>;

/// Gives an engine everything that handlers may call.
pub(super) fn register(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    register_message(engine);
    register_sending(engine, context);
    register_sockets(engine, context);
    register_endpoints(engine, context);
    register_node(engine, context);
    register_log(engine, context);
    register_refused(engine);
}

fn register_message(engine: &mut rhai::Engine) {
    engine
        .register_type_with_name::<Msg>("message")
        .register_get("socket", |msg: &mut Msg| msg.0.name.clone())
        .register_get("msgid", |msg: &mut Msg| said(msg.0.msgid()))
        .register_get("msgtype", |msg: &mut Msg| said(msg.0.msgtype().map(ImmutableString::from)))
        .register_get("topic", |msg: &mut Msg| said(msg.0.topic()))
        .register_get("body", |msg: &mut Msg| said(msg.0.body()))
        .register_get("text", |msg: &mut Msg| said(msg.0.text()))
        .register_get("bytes", |msg: &mut Msg| msg.0.bytes().to_vec())
        .register_get("json", |msg: &mut Msg| said(msg.0.json()))
        .register_get("frames", |msg: &mut Msg| msg.0.frames())
        .register_get("sender", |msg: &mut Msg| said(msg.0.sender()))
        .register_get("user", |msg: &mut Msg| msg.0.user())
        .register_fn("to_string", |msg: &mut Msg| msg.to_string())
        .register_fn("to_debug", |msg: &mut Msg| msg.to_string());
    for name in PROPERTIES {
        // The engine also sets what a method was called on, as in `msg.body.len()`, changed or not.
        engine.register_set(name, move |msg: &mut Msg, value: Dynamic| -> Answer<()> {
            if msg.0.has(name, &value) {
                return Ok(());
            }
            said(Err(format!(
                "a message cannot be changed; copy it first: let {name} = msg.{name}"
            )))
        });
    }
}

fn register_sending(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    let at = Rc::clone(context);
    engine.register_fn("send", move |value: Dynamic| said(at.send(value)));
    let at = Rc::clone(context);
    engine.register_fn("send_to", move |socket: &str, value: Dynamic| {
        said(at.send_to(socket, value))
    });
    let at = Rc::clone(context);
    engine.register_fn("publish", move |tag: Dynamic, value: Dynamic| {
        said(at.publish(None, &tag, value))
    });
    let at = Rc::clone(context);
    engine.register_fn("publish", move |socket: &str, tag: Dynamic, value: Dynamic| {
        said(at.publish(Some(socket), &tag, value))
    });
    let at = Rc::clone(context);
    engine.register_fn("reply", move |msg: Msg, value: Dynamic| said(at.reply(&msg, value)));
    engine.register_fn("reply", |other: Dynamic, _: Dynamic| -> Answer<()> {
        said(Err(format!(
            "reply(msg, v) answers a message; its first argument is {}",
            kind_of(&other)
        )))
    });
    let at = Rc::clone(context);
    engine.register_fn("later", move |msg: Msg| said(at.later(&msg, limits::LATER)));
    let at = Rc::clone(context);
    engine.register_fn("later", move |msg: Msg, within: Dynamic| {
        said(delay_of(&within).and_then(|within| at.later(&msg, within)))
    });
    engine.register_fn("later", |other: Dynamic| -> Answer<()> {
        said(Err(format!("later(msg) is for a request; its argument is {}", kind_of(&other))))
    });
}

fn register_sockets(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    for (function, on) in [("subscribe", true), ("unsubscribe", false)] {
        let at = Rc::clone(context);
        engine.register_fn(function, move |topic: Dynamic| {
            said(subscribe(&at, function, None, &topic, on))
        });
        let at = Rc::clone(context);
        engine.register_fn(function, move |socket: &str, topic: Dynamic| {
            said(subscribe(&at, function, Some(socket), &topic, on))
        });
    }
    for (function, on) in [("pause", true), ("resume", false)] {
        let at = Rc::clone(context);
        engine.register_fn(function, move || said(pause(&at, function, None, on)));
        let at = Rc::clone(context);
        engine.register_fn(function, move |socket: &str| {
            said(pause(&at, function, Some(socket), on))
        });
    }
    for (function, on) in [("connect", true), ("disconnect", false)] {
        let at = Rc::clone(context);
        engine.register_fn(function, move |endpoint: Dynamic| {
            said(connect(&at, function, None, &endpoint, on))
        });
        let at = Rc::clone(context);
        engine.register_fn(function, move |socket: &str, endpoint: Dynamic| {
            said(connect(&at, function, Some(socket), &endpoint, on))
        });
    }
}

fn register_endpoints(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    for (function, on) in [("bind", true), ("unbind", false)] {
        let at = Rc::clone(context);
        engine.register_fn(function, move |call: NativeCallContext<'_>, endpoint: Dynamic| {
            said(bind(&at, (&call, function), None, &endpoint, on))
        });
        let at = Rc::clone(context);
        engine.register_fn(
            function,
            move |call: NativeCallContext<'_>, socket: &str, endpoint: Dynamic| {
                said(bind(&at, (&call, function), Some(socket), &endpoint, on))
            },
        );
    }
    let at = Rc::clone(context);
    engine.register_fn("last_endpoint", move || said(last_endpoint(&at, None)));
    let at = Rc::clone(context);
    engine.register_fn("last_endpoint", move |socket: &str| said(last_endpoint(&at, Some(socket))));
}

fn register_node(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    let at = Rc::clone(context);
    engine.register_fn("param", move |name: &str| {
        said(at.view().and_then(|view| {
            view.params.get(name).cloned().ok_or_else(|| {
                format!("there is no param {name:?}; param({name:?}, default) gives one")
            })
        }))
    });
    let at = Rc::clone(context);
    engine.register_fn("param", move |name: &str, default: Dynamic| {
        said(at.view().map(|view| view.params.get(name).cloned().unwrap_or(default)))
    });
    let at = Rc::clone(context);
    engine.register_fn("node", move || said(at.view().map(|view| view.node.clone())));
    let at = Rc::clone(context);
    engine.register_fn("replica", move || said(at.view().map(|view| view.replica.clone())));
    let at = Rc::clone(context);
    engine.register_fn("replica_index", move || said(at.view().map(|view| view.replica_index)));
    let at = Rc::clone(context);
    engine.register_fn("now", move || {
        said(at.view().map(|view| view.times.time_of_day().as_secs_f64()))
    });
    let at = Rc::clone(context);
    engine.register_fn("elapsed", move || {
        said(at.view().map(|view| view.times.running().as_secs_f64()))
    });
    let at = Rc::clone(context);
    engine.register_fn("stop", move || said(stop(&at, 0)));
    let at = Rc::clone(context);
    engine.register_fn("stop", move |status: i64| said(stop(&at, status)));
    #[cfg(test)]
    engine.register_fn("panic_in_a_test", || -> bool { panic!("planted") });
}

fn register_log(engine: &mut rhai::Engine, context: &Rc<CallContext>) {
    let at = Rc::clone(context);
    engine.register_fn("log", move |level: &str, text: Dynamic| {
        said(level_of(level).and_then(|level| at.log(level, &text.to_string())))
    });
    let at = Rc::clone(context);
    engine.register_fn("count", move |name: &str| said(count(&at, name, 1)));
    let at = Rc::clone(context);
    engine.register_fn("count", move |name: &str, by: i64| said(count(&at, name, by)));
    // A hook of the engine cannot fail, so what no longer fits in the call context is not printed;
    // the next effect says why.
    let at = Rc::clone(context);
    engine.on_print(move |text| drop(at.log(Level::Info, text)));
    let at = Rc::clone(context);
    engine.on_debug(move |text, _source, _position: Position| drop(at.log(Level::Debug, text)));
}

/// Why no handler sleeps; behind the `;` what there is instead.
pub(super) const SLEEP: &str = "sleep would hold up every node of this thread; busy(duration) keeps \
                                this node from taking anything for so long, and what is sent after \
                                it goes out then; after(duration, name) calls on_timer(name) later";

/// What would stall the node or run text as a script says what to use instead.
fn register_refused(engine: &mut rhai::Engine) {
    // The engine's own take a number, so these have to take one as well to come first.
    engine
        .register_fn("sleep", |_: i64| -> Answer<()> { said(Err(SLEEP.to_owned())) })
        .register_fn("sleep", |_: f64| -> Answer<()> { said(Err(SLEEP.to_owned())) })
        .register_fn("sleep", |_: Dynamic| -> Answer<()> { said(Err(SLEEP.to_owned())) });
}

fn subscribe(
    context: &CallContext,
    function: &str,
    socket: Option<&str>,
    topic: &Dynamic,
    on: bool,
) -> Result<(), Refusal> {
    let view = context.view()?;
    let socket = match socket {
        Some(name) => socket_lookup::named(&view.sockets, name)?,
        None => socket_lookup::subscriber(&view.sockets, function)?,
    };
    socket_lookup::can_subscribe(&view.sockets[socket])?;
    let prefix = encode::prefix_of(topic)?;
    context.push(if on {
        Effect::Subscribe { socket, prefix }
    } else {
        Effect::Unsubscribe { socket, prefix }
    })
}

fn connect(
    context: &CallContext,
    function: &str,
    socket: Option<&str>,
    endpoint: &Dynamic,
    on: bool,
) -> Result<(), Refusal> {
    let (socket, endpoint) = attachment(context, function, socket, endpoint, Side::Connect)?;
    context.push(if on {
        Effect::Connect { socket, endpoint }
    } else {
        Effect::Disconnect { socket, endpoint }
    })
}

/// The socket that is meant, and the endpoint, found usable on that side.
fn attachment(
    context: &CallContext,
    function: &str,
    socket: Option<&str>,
    endpoint: &Dynamic,
    side: Side,
) -> Result<(usize, Endpoint), Refusal> {
    let view = context.view()?;
    let socket = socket_lookup::meant(&view.sockets, socket, function)?;
    Ok((socket, endpoint_of(endpoint, side)?))
}

fn bind(
    context: &CallContext,
    (call, function): (&NativeCallContext<'_>, &'static str),
    socket: Option<&str>,
    endpoint: &Dynamic,
    on: bool,
) -> Result<(), Refusal> {
    let (socket, endpoint) = attachment(context, function, socket, endpoint, Side::Bind)?;
    let source = call.call_source().unwrap_or_default().to_owned();
    let position = call.call_position();
    let wanted = Box::new(EndpointCall { endpoint, function, source, position });
    context.push(if on {
        Effect::Bind { socket, wanted }
    } else {
        Effect::Unbind { socket, wanted }
    })
}

/// What a socket was bound to last, with the port that the system chose.
fn last_endpoint(context: &CallContext, socket: Option<&str>) -> Result<Dynamic, Refusal> {
    let view = context.view()?;
    let socket = socket_lookup::meant(&view.sockets, socket, "last_endpoint")?;
    let endpoints = view.endpoints.borrow();
    let last = endpoints.get(socket).and_then(Option::as_ref);
    Ok(last.map_or(Dynamic::UNIT, |endpoint| endpoint.clone().into()))
}

fn pause(
    context: &CallContext,
    function: &str,
    socket: Option<&str>,
    on: bool,
) -> Result<(), Refusal> {
    let view = context.view()?;
    let socket = match socket {
        Some(name) => socket_lookup::named(&view.sockets, name)?,
        None => socket_lookup::receiver(&view.sockets, function)?,
    };
    socket_lookup::can_receive(&view.sockets[socket])?;
    context.push(if on { Effect::Pause { socket } } else { Effect::Resume { socket } })
}

fn endpoint_of(value: &Dynamic, side: Side) -> Result<Endpoint, Refusal> {
    if let Ok(port) = value.as_int() {
        return local(port);
    }
    let Some(text) = value.read_lock::<ImmutableString>() else {
        return Err(format!("an endpoint is a port or a text; this is {}", kind_of(value)));
    };
    Endpoint::parse(&text, side).map_err(|error| format!("{:?}: {error}", &**text))
}

/// A port of this machine.
pub(super) fn local(port: i64) -> Result<Endpoint, Refusal> {
    let port_of_tcp = u16::try_from(port).ok().filter(|&port| port > 0);
    port_of_tcp.map(Endpoint::local).ok_or_else(|| format!("the port {port} is outside 1 to 65535"))
}

fn stop(context: &CallContext, status: i64) -> Result<(), Refusal> {
    context.view()?;
    let status = u8::try_from(status)
        .map_err(|_| format!("the exit status {status} is outside 0 to 255"))?;
    context.push(Effect::Stop { status })
}

fn count(context: &CallContext, name: &str, by: i64) -> Result<(), Refusal> {
    context.view()?;
    if name.is_empty() {
        return Err("a counter needs a name".to_owned());
    }
    if by < 0 {
        return Err(format!("a counter only grows, so count({name:?}, {by}) is refused"));
    }
    context.push(Effect::Count { name: name.to_owned(), by })
}

/// The level of that name, or what is said of another one.
pub(super) fn level_of(word: &str) -> Result<Level, Refusal> {
    Ok(match word {
        "error" => Level::Error,
        "warn" | "warning" => Level::Warn,
        "info" => Level::Info,
        "debug" => Level::Debug,
        "trace" => Level::Trace,
        _ => {
            return Err(format!(
                "there is no level {word:?}; use error, warn, info, debug or trace"
            ));
        }
    })
}

fn said<T>(answer: Result<T, Refusal>) -> Answer<T> {
    answer.map_err(Into::into)
}

#[cfg(test)]
mod tests;
