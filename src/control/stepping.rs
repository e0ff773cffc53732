//! Slow motion for a client: it holds the run, steps nodes, and lets it go.
//!
//! Owns what a client is told of a step. What a node takes with one is the node's own choice, and a hold
//! ends with its client.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::protocol::{Failed, Released, Reply, Stepped, Taken};
use super::reading::{Opened, shown_bytes};
use crate::clock;
use crate::event::LetGo;
use crate::node::{Direction, Interceptors, Missing, Passed, Seen, SlowMotion, Step, Target, Took};
use crate::supervisor::{Hold, Holding, Roster};
use crate::topology::WhenFull;

/// How long the handler of a step may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of messages that may pass during a step and be shown.
const ROOM: usize = 4 << 20;
/// Messages of a step that are shown.
const SHOWN: usize = 256;
/// How long what a step sent may be on its way: whoever steps its receiver next is to find it there.
const ON_ITS_WAY: Duration = Duration::from_millis(10);

/// Holds the run, for as long as the client has it.
pub(super) async fn hold(
    holding: &Holding,
    roster: &watch::Receiver<Arc<Roster>>,
    hold: &mut Option<Hold>,
) -> Reply {
    if hold.is_some() {
        return Reply::Failed(Failed::invalid("this connection holds the run already"));
    }
    match holding.hold(roster).await {
        Ok(held) => Reply::Holding(hold.insert(held).nodes().map(str::to_owned).collect()),
        Err(why) => Reply::Failed(Failed::now(why)),
    }
}

/// Lets the run go.
pub(super) fn release(hold: &mut Option<Hold>) -> Reply {
    match hold.take() {
        Some(hold) => {
            hold.release();
            Reply::Released(Released { reason: LetGo::Asked })
        }
        None => Reply::Failed(not_held()),
    }
}

/// Lets a node take one thing.
pub(super) async fn step(
    target: &str,
    roster: &Roster,
    interceptors: &Arc<Interceptors>,
    hold: &mut Option<Hold>,
) -> Reply {
    if hold.is_none() {
        return Reply::Failed(not_held());
    }
    match take_one(target, roster, interceptors).await {
        Ok(stepped) => Reply::Stepped(Box::new(stepped)),
        Err(failed) => Reply::Failed(failed),
    }
}

fn not_held() -> Failed {
    Failed::now("this connection does not hold the run: ask to hold it first")
}

async fn take_one(
    target: &str,
    roster: &Roster,
    interceptors: &Arc<Interceptors>,
) -> Result<Stepped, Failed> {
    let target: Target = target.parse().map_err(Failed::invalid)?;
    if target.socket.is_some() {
        return Err(Failed::invalid("a step is of a node, and not of one of its sockets"));
    }
    let found = roster.find(&target).map_err(Failed::invalid)?;
    let entry = found.into_iter().next();
    let entry = entry.ok_or_else(|| Failed::now(format!("{target} does not run now")))?;
    let target = Target { node: entry.spec.name.clone(), replica: entry.replica, socket: None };
    let seen = interceptors.whole_tap(target, None, ROOM, WhenFull::Drop);
    let (done, stepped) = oneshot::channel();
    let name = &entry.instance;
    if !entry.tell(SlowMotion::Step { seen, done }) {
        return Err(Failed::now(format!("{name} has ended")));
    }
    let stepped = clock::before(clock::now() + PATIENCE, stepped).await;
    let holds_up = || Failed::now(format!("{name} does not answer: a handler holds it up"));
    let step = stepped.ok_or_else(holds_up)?;
    let step = step.map_err(|_| Failed::now(format!("{name} could not finish the step")))?;
    let stepped = shown(name, step);
    if !stepped.sent.is_empty() {
        clock::sleep(ON_ITS_WAY).await;
    }
    Ok(stepped)
}

/// What is shown of a step.
fn shown(node: &str, step: Step) -> Stepped {
    let Step { took, why, seen, waiting } = step;
    let mut received = None;
    let (mut sent, mut more) = (Vec::new(), 0);
    for seen in seen {
        match seen {
            Seen::Message(passed) if passed.direction == Direction::In => {
                received = received.or(Some(passed));
            }
            Seen::Message(passed) if sent.len() < SHOWN => sent.push(read(passed)),
            Seen::Message(_) => more += 1,
            Seen::Missing(Missing { direction: Direction::Out, messages, .. }) => more += messages,
            Seen::Missing(_) | Seen::Calls { .. } => {}
        }
    }
    let took = took.map(|took| match took {
        Took::Message => Taken::Message(Box::new(received.map(read).unwrap_or_default())),
        Took::Peer(event) => Taken::Peer(event.to_owned()),
        Took::Tick => Taken::Tick("on_tick".to_owned()),
        Took::Timer(name) => Taken::Timer(name),
        Took::Idle => Taken::Idle("on_idle".to_owned()),
        Took::Line(frames) => Taken::Line(shown_bytes(&frames)),
        Took::End => Taken::End("on_end".to_owned()),
    });
    let why = why.map(str::to_owned);
    Stepped { node: node.to_owned(), took, sent, more, waiting, why }
}

fn read(passed: Passed) -> super::protocol::Message {
    Opened::of(passed).read()
}
