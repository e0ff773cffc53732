//! Which socket is meant when a script names none, or names one.
//!
//! Owns the rules of 'the node's one sending socket'. Never encodes a value.

use super::effect::Outlet;
use crate::message::Format;
use crate::zeromq::Role;

/// The socket that a script named.
pub(super) fn named(outlets: &[Outlet], name: &str) -> Result<usize, String> {
    outlets.iter().position(|outlet| &*outlet.name == name).ok_or_else(|| {
        let names = list(outlets, |_| true);
        match outlets {
            [] => format!("there is no socket {name:?}: this node has none"),
            _ => format!("there is no socket {name:?}; this node has {names}"),
        }
    })
}

/// The socket that `send(v)` and a returned value go to. `asking` is the `rep` socket whose request
/// is being handled: it can send, once.
///
/// An `xsub` sends subscriptions, so it is never meant without its name.
pub(super) fn sender(outlets: &[Outlet], asking: Option<usize>) -> Result<usize, String> {
    let can = |at: usize, outlet: &Outlet| {
        if outlet.role == Role::Rep {
            return asking == Some(at);
        }
        outlet.role.sends() && outlet.role != Role::Xsub
    };
    one(outlets, can).map_err(|several| {
        if several.is_empty() {
            "there is nothing to send on: no socket of this node can send by itself".to_owned()
        } else {
            format!("several sockets could send it, {several}: say which with send_to(socket, v)")
        }
    })
}

/// The socket that `publish(…)` goes to: a publisher, or else the one that sends messages with an
/// id or a topic.
pub(super) fn publisher(outlets: &[Outlet]) -> Result<usize, String> {
    let publishes = |_: usize, outlet: &Outlet| outlet.role.publishes();
    let tagged = |_: usize, outlet: &Outlet| {
        outlet.format != Format::Plain
            && outlet.role.sends()
            && !outlet.role.routes()
            && outlet.role != Role::Xsub
    };
    one(outlets, publishes)
        .or_else(|several| if several.is_empty() { one(outlets, tagged) } else { Err(several) })
        .map_err(|several| {
            if several.is_empty() {
                "this node has no socket to publish on".to_owned()
            } else {
                format!(
                    "several sockets could publish it, {several}: \
                     say which with publish(socket, id or topic, v)"
                )
            }
        })
}

/// The socket that `subscribe(…)` means.
pub(super) fn subscriber(outlets: &[Outlet], function: &str) -> Result<usize, String> {
    one(outlets, |_, outlet| outlet.role.filters()).map_err(|several| {
        if several.is_empty() {
            format!("this node has no socket that subscribes, so {function} has nothing to act on")
        } else {
            format!("several sockets subscribe, {several}: name one first, {function}(socket, …)")
        }
    })
}

/// The socket that `connect(…)` means.
pub(super) fn only(outlets: &[Outlet], function: &str) -> Result<usize, String> {
    one(outlets, |_, _| true).map_err(|several| {
        if several.is_empty() {
            format!("this node has no socket to {function}")
        } else {
            format!(
                "this node has several sockets, {several}: name one first, {function}(socket, …)"
            )
        }
    })
}

/// The only socket of which something holds; otherwise the names of those of which it does.
fn one(outlets: &[Outlet], holds: impl Fn(usize, &Outlet) -> bool) -> Result<usize, String> {
    let mut found = (0..outlets.len()).filter(|&at| holds(at, &outlets[at]));
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (None, _) => Err(String::new()),
        (Some(_), Some(_)) => Err(list(outlets, |at| holds(at, &outlets[at]))),
    }
}

fn list(outlets: &[Outlet], holds: impl Fn(usize) -> bool) -> String {
    let names: Vec<&str> =
        (0..outlets.len()).filter(|&at| holds(at)).map(|at| &*outlets[at].name).collect();
    match &names[..] {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}
