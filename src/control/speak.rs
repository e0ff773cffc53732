//! Giving a value to a node: which socket is meant, and what became of it.
//!
//! Owns the rules by which a socket is found and what each role makes of a value. Never touches a
//! socket: the node does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::protocol::{Failed, Message, Spoken};
use super::reading::{read_answer, routing_id};
use crate::clock;
use crate::node::{Injection, Place, SocketControl, Target, Way};
use crate::supervisor::{Roster, RosterEntry};
use crate::topology::SocketSpec;
use crate::zeromq::Role;

/// The longest time that anything may take.
const LONGEST: Duration = Duration::from_secs(3600);
/// How much longer a node that has a message may take to say why it is not done.
const ANSWER: Duration = Duration::from_millis(300);

/// Lets a node send a value, or take it as received; the result says which.
pub(crate) async fn send(roster: &Roster, spoken: Spoken) -> Result<String, Failed> {
    let target: Target = spoken.target.parse().map_err(Failed::invalid)?;
    let sends = |socket: &SocketSpec| way("", socket, &spoken).is_ok();
    let (entry, socket) = choose(roster, &target, sends, "send on")?;
    let way = way(&entry.instance, socket, &spoken).map_err(Failed::invalid)?;
    let word = if way == Way::Receive { "taken by" } else { "sent on" };
    let name = format!("{}.{}", entry.instance, socket.name);
    inject(entry, socket, way, spoken).await?;
    Ok(format!("{word} {name}"))
}

/// Asks a node, and waits for its answer.
pub(super) async fn call(roster: &Roster, spoken: Spoken) -> Result<Message, Failed> {
    let target: Target = spoken.target.parse().map_err(Failed::invalid)?;
    if spoken.to.is_some() || spoken.receive {
        return Err(Failed::invalid("a call has no peer and is always received"));
    }
    let answers = |socket: &SocketSpec| matches!(socket.role, Role::Rep | Role::Router);
    let (entry, socket) = choose(roster, &target, answers, "call")?;
    if !answers(socket) {
        let (node, role) = (&entry.instance, socket.role);
        return Err(Failed::invalid(format!(
            "{node}.{} is a {role}, and only rep and router answer; \
             `zrig send` gives it a message",
            socket.name
        )));
    }
    let place = Place {
        instance: Arc::clone(&entry.instance),
        socket: socket.name.as_str().into(),
        role: socket.role,
        format: socket.format,
        numbered: false,
    };
    let payload = inject(entry, socket, Way::Call, spoken).await?;
    Ok(read_answer(&place, &payload))
}

/// Why nothing can be given to a program or seen of it, and what to do instead.
pub(super) fn not_ours(whose: &str) -> String {
    format!(
        "{whose} is a program, which opens its sockets itself, so that zrig sees none of its messages; \
         send to, call or tap the node at the other end of its link, or connect to its endpoint"
    )
}

/// The socket that a target means: the one it names, or the only one that fits.
fn choose<'a>(
    roster: &'a Roster,
    target: &Target,
    fits: impl Fn(&SocketSpec) -> bool,
    what: &str,
) -> Result<(&'a RosterEntry, &'a SocketSpec), Failed> {
    let found = roster.find(target).map_err(Failed::invalid)?;
    // Copies are alike, so the first one stands for all.
    let entry = found.into_iter().next();
    let entry = entry.ok_or_else(|| Failed::now(format!("{target} does not run now")))?;
    if entry.spec.is_program() {
        return Err(Failed::invalid(not_ours(&target.node)));
    }
    let sockets = &entry.spec.sockets;
    if let Some(name) = &target.socket {
        let socket = sockets.iter().find(|socket| socket.name == *name);
        return socket
            .map(|socket| (entry, socket))
            .ok_or_else(|| Failed::now(format!("{target} does not run now")));
    }
    let fitting: Vec<&SocketSpec> = sockets.iter().filter(|socket| fits(socket)).collect();
    match (&fitting[..], &sockets[..]) {
        ([socket], _) => Ok((entry, socket)),
        // What is wrong with it is said by whoever knows its role.
        ([], [socket]) => Ok((entry, socket)),
        (_, []) => Err(Failed::invalid(format!("{target} has no socket to {what}"))),
        ([], all) => Err(Failed::invalid(format!(
            "{target} has no socket to {what}; it has {}",
            names(all.iter())
        ))),
        (several, _) => Err(Failed::invalid(format!(
            "{target} has several sockets to {what}; name one: {}",
            names(several.iter().copied())
        ))),
    }
}

fn names<'a>(sockets: impl Iterator<Item = &'a SocketSpec>) -> String {
    sockets.map(|socket| socket.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What a socket makes of a value: what it sends where it can, and else what it receives.
fn way(node: &str, socket: &SocketSpec, spoken: &Spoken) -> Result<Way, String> {
    let (name, role) = (format!("{node}.{}", socket.name), socket.role);
    let to = spoken.to.as_deref().map(routing_id).transpose()?;
    if to.is_some() && (spoken.receive || !matches!(role, Role::Router | Role::Stream)) {
        return Err(format!("{name} is a {role}; only router and stream send to one peer"));
    }
    let is_received = spoken.receive || !role.sends();
    match role {
        Role::Rep if !is_received => {
            Err(format!("{name} is a rep, which only answers; `zrig call` asks it"))
        }
        Role::Router | Role::Stream if !is_received && to.is_none() => {
            Err(format!("{name} is a {role}; say to which peer with --to ROUTING-ID"))
        }
        Role::Rep | Role::Router if is_received => {
            Err(format!("{name} is a {role}; `zrig call` asks it and shows the answer"))
        }
        Role::Stream if is_received => {
            Err(format!("{name} is a stream, which receives from a peer only"))
        }
        Role::Pub | Role::Push if is_received => {
            Err(format!("{name} is a {role} and receives nothing"))
        }
        Role::Pair
        | Role::Pub
        | Role::Sub
        | Role::Req
        | Role::Rep
        | Role::Dealer
        | Role::Router
        | Role::Push
        | Role::Pull
        | Role::Xpub
        | Role::Xsub
        | Role::Stream => Ok(if is_received { Way::Receive } else { Way::Send { to } }),
    }
}

async fn inject(
    entry: &RosterEntry,
    socket: &SocketSpec,
    way: Way,
    spoken: Spoken,
) -> Result<crate::message::Multipart, Failed> {
    let patience = Duration::from_millis(spoken.milliseconds).min(LONGEST);
    let (done, mut result) = oneshot::channel();
    let taken = Arc::new(AtomicBool::new(false));
    let told = entry.tell(SocketControl::Inject(Injection {
        socket: socket.name.clone(),
        way,
        value: spoken.value,
        tag: spoken.tag,
        deadline: clock::now() + patience,
        taken: Arc::clone(&taken),
        done,
    }));
    let name = &entry.instance;
    if !told {
        return Err(Failed::now(format!("{name} has ended")));
    }
    let mut told = tokio::time::timeout(patience, &mut result).await;
    if told.is_err() && taken.load(Ordering::Relaxed) {
        told = tokio::time::timeout(ANSWER, result).await;
    }
    match told {
        Ok(Ok(Ok(payload))) => Ok(payload),
        Ok(Ok(Err(why))) => Err(Failed::now(format!("{name}.{}: {why}", socket.name))),
        Ok(Err(_)) => Err(Failed::now(format!("{name} ended meanwhile"))),
        Err(_) => Err(Failed::now(format!("{name} does not answer: a handler holds it up"))),
    }
}
