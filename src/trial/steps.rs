//! The steps of a test, one after the other.
//!
//! Owns what each does. What is seen meanwhile is `stage`'s.

use std::time::Duration;

use super::handler_call::call_alone;
use super::manner::{Load, Manner};
use super::outcome::{Failure, Outcome, Verdict};
use super::part::Part;
use super::sightings::Search;
use super::stage::Stage;
use super::story::story;
use crate::control::{Spoken, send};
use crate::node::{Interference, Target};
use crate::receipt;
use crate::script::{Filter, Offered};
use crate::sequence::Sequence;
use crate::simulation::{Fault, Network};
use crate::source::Span;
use crate::supervisor::{kill, revive};
use crate::test_file::{Action, Expected, Line, MessageSpec, Place, StepSpec, TestSpec, Watched};

/// How long a node may take to send what it is given, in milliseconds.
const SENDING: u64 = 5000;

/// Carries out a test.
pub(super) async fn carry_out(
    test: &TestSpec,
    topology: &crate::topology::Topology,
    part: Part,
    load: Load<'_>,
    manner: Manner,
    network: Option<Network>,
) -> Outcome {
    let mut stage = match Stage::set(test, topology, part, manner, network).await {
        Ok(stage) => stage,
        Err(failure) => return Outcome::without_a_run(Verdict::Failed(Box::new(failure))),
    };
    let mut acted_at = 0;
    let mut result = stage.wait(Duration::ZERO).await;
    for step in &test.steps {
        if result.is_err() {
            break;
        }
        if !matches!(step.action, Action::Expect(_) | Action::Never(_)) {
            stage.collect();
            acted_at = stage.sightings.count();
        }
        result = perform(&mut stage, step, acted_at, load).await;
    }
    if result.is_ok() {
        stage.collect();
        result = stage.ask_always();
    }
    let outcome = Outcome {
        verdict: match result {
            Ok(()) => Verdict::Passed,
            Err(failure) => Verdict::Failed(Box::new(failure)),
        },
        took: stage.at(),
        reached: stage.reached(),
        order: stage.sightings.order(),
        #[cfg(test)]
        seen: stage.sightings.seen(),
        symptoms: stage.symptoms(),
        states: stage.states(),
        sequence: stage.sightings.sequence(),
        story: match manner.told {
            true => story(stage.sightings.all(), &stage.topology),
            false => Sequence::default(),
        },
        last: stage.last(),
        passed: stage.passed(),
        moments: if manner.watched { stage.sightings.moments() } else { Vec::new() },
        ended: stage.has_ended(),
    };
    stage.strike().await;
    outcome
}

/// Performs a step; what has not happened before `acted_at` is what a `never` is about.
async fn perform(
    stage: &mut Stage,
    step: &StepSpec,
    acted_at: usize,
    load: Load<'_>,
) -> Result<(), Failure> {
    let span = step.span;
    match &step.action {
        Action::Send { from, message } => say(stage, span, from, message, false).await,
        Action::Receive { to, message } => say(stage, span, to, message, true).await,
        Action::Expect(watched) => expect(stage, span, watched).await,
        Action::Never(watched) => never(stage, span, watched, acted_at).await,
        Action::Wait(time) => stage.wait(*time).await,
        Action::Tick { node, timer } => tick(stage, span, node, timer.as_deref()).await,
        Action::Kill(name) => end(stage, span, name).await,
        Action::Start(name) => begin(stage, span, name).await,
        Action::Cut(one, other) => fault(stage, span, (one, other), Fault::Cut, "cut"),
        Action::Heal(one, other) => fault(stage, span, (one, other), Fault::Heal, "healed"),
        Action::Delay { between: (one, other), by } => {
            fault(stage, span, (one, other), Fault::Delay(*by), "delayed")
        }
        Action::Slow { node, by } => {
            for entry in entries(stage, span, node)? {
                let _ = entry.tell(Interference::Slow(*by));
            }
            stage.did(format!("made {node} slow"));
            Ok(())
        }
        Action::Save(saved) => save(stage, span, load(saved)).await,
        Action::Call(call) => {
            stage.called(&call.node, &call.handler);
            call_alone(stage, call).map_err(|(what, instead)| stage.failure(span, what, instead))
        }
    }
}

/// Reloads with another version, which has to be one that can run here.
async fn save(
    stage: &mut Stage,
    span: Span,
    wanted: Result<crate::topology::Topology, String>,
) -> Result<(), Failure> {
    let new = wanted.map_err(|why| stage.failure(span, why, Vec::new()))?;
    let cannot = stage.part.unsimulated(&new);
    if !cannot.is_empty() {
        let what = "the new version cannot be simulated; try --real".to_owned();
        return Err(stage.failure(span, what, cannot));
    }
    let new = stage.part.of(&new);
    let receipt = stage.reload(&new).await;
    stage.did("saved another version".to_owned());
    match receipt.verdict {
        receipt::Verdict::Applied => Ok(()),
        receipt::Verdict::Rejected | receipt::Verdict::RolledBack => {
            let what = "the new version could not be applied".to_owned();
            Err(stage.failure(span, what, receipt.errors.clone()))
        }
    }
}

/// Lets a node or a peer send a message, or a node take one as received.
async fn say(
    stage: &mut Stage,
    span: Span,
    name: &str,
    message: &MessageSpec,
    receive: bool,
) -> Result<(), Failure> {
    if let Some(peer) = stage.peers.get(name) {
        let sent = peer.send(message).await;
        let whose = std::sync::Arc::clone(peer.name());
        return match sent {
            Ok(passed) => {
                let at = stage.at();
                let seen = super::sightings::SeenMessage::of(passed);
                let sight = super::sightings::Sight::Message(Box::new(seen));
                stage.sightings.add(at, &whose, None, sight);
                Ok(())
            }
            Err(why) => Err(stage.failure(span, why, Vec::new())),
        };
    }
    let value = match &message.frames {
        Some(frames) => Offered::Frames(frames.clone()),
        None => message.value.clone(),
    };
    let spoken = Spoken {
        target: name.to_owned(),
        value,
        tag: message.tag.clone(),
        to: message.to.as_deref().map(|id| String::from_utf8_lossy(id).into_owned()),
        receive,
        milliseconds: SENDING,
    };
    let roster = stage.supervisor.roster().borrow().clone();
    match send(&roster, spoken).await {
        Ok(_) => Ok(()),
        Err(failed) => Err(stage.failure(span, failed.error, Vec::new())),
    }
}

/// Waits until something is seen.
async fn expect(stage: &mut Stage, span: Span, watched: &Watched) -> Result<(), Failure> {
    let Watched { at, what, count, time } = watched;
    let mut search = Search::new(watched, filter(stage, what)?, 0);
    let seen = stage
        .wait_until(*time, |stage| {
            let taken = stage.sightings.take(&mut search);
            taken.map_err(|why| stage.failure(span, why, Vec::new()))
        })
        .await?;
    if seen {
        return Ok(());
    }
    let instead = stage.sightings.instead(at, what);
    let time = crate::duration::format_duration(*time);
    let what = format!("{} was not seen at {at} within {time}", described(what, *count));
    Err(stage.failure(span, what, instead))
}

/// Waits, and sees to it that something is not seen since the last step that did anything.
async fn never(
    stage: &mut Stage,
    span: Span,
    watched: &Watched,
    acted_at: usize,
) -> Result<(), Failure> {
    let Watched { at, what, count, time } = watched;
    let mut search = Search::new(watched, filter(stage, what)?, acted_at);
    let seen = stage
        .wait_until(*time, |stage| {
            let taken = stage.sightings.take(&mut search);
            taken.map_err(|why| stage.failure(span, why, Vec::new()))
        })
        .await?;
    if !seen {
        return Ok(());
    }
    let instead = stage.sightings.instead(at, what);
    Err(stage.failure(span, format!("{} was seen at {at}", described(what, *count)), instead))
}

/// The condition of what is looked for, compiled.
fn filter(stage: &Stage, what: &Expected) -> Result<Option<Filter>, Failure> {
    let Expected::Message { condition: Some(condition), .. } = what else { return Ok(None) };
    Filter::compile(&stage.engine, &condition.text).map(Some).map_err(|faults| {
        let what = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        stage.failure(condition.span, what, Vec::new())
    })
}

/// What is looked for, in words.
fn described(what: &Expected, count: u32) -> String {
    let many = if count == 1 { String::new() } else { format!("{count} times ") };
    let one = match what {
        Expected::Message { sent, text, json, msgid, topic, condition } => {
            let mut said = vec![if *sent { "a message sent" } else { "a message" }.to_owned()];
            said.extend(msgid.map(|msgid| format!("with msgid {msgid}")));
            said.extend(topic.as_ref().map(|topic| format!("with topic {topic:?}")));
            said.extend(text.as_ref().map(|text| format!("{text:?}")));
            said.extend(json.as_ref().map(|json| format!("{json}")));
            said.extend(condition.as_ref().map(|it| format!("where {}", it.text.trim())));
            said.join(" ")
        }
        Expected::Log(Line(line)) => format!("a line of the log with {line:?}"),
        Expected::Fails(Line(line)) => format!("a failure with {line:?}"),
        Expected::File(Line(line)) => format!("a line with {line:?} in its file"),
    };
    format!("{many}{one}")
}

/// Lets a timer fall.
async fn tick(
    stage: &mut Stage,
    span: Span,
    node: &str,
    timer: Option<&str>,
) -> Result<(), Failure> {
    for entry in entries(stage, span, node)? {
        let (done, told) = tokio::sync::oneshot::channel();
        let timer = timer.map(str::to_owned);
        let heard = entry.tell(Interference::Tick { timer, done });
        let said = told.await.unwrap_or_else(|_| Err(format!("{node} has ended")));
        if let (true, Err(why)) | (false, Err(why)) = (heard, said) {
            return Err(stage.failure(span, why, Vec::new()));
        }
    }
    stage.did(format!("let a timer of {node} fall"));
    Ok(())
}

/// The instances that a name means.
fn entries(
    stage: &Stage,
    span: Span,
    name: &str,
) -> Result<Vec<crate::supervisor::RosterEntry>, Failure> {
    let roster = stage.supervisor.roster().borrow().clone();
    let failed = |why| stage.failure(span, why, Vec::new());
    let target: Target = name.parse().map_err(failed)?;
    let found = roster.find(&target).map_err(failed)?;
    Ok(found.into_iter().cloned().collect())
}

/// The instances of the topology that a name means, whether they run or not.
fn instances(stage: &Stage, name: &str) -> Vec<String> {
    let place = Place::find(&stage.topology, name);
    place.map_or_else(|_| Vec::new(), |place| place.instances(&stage.topology))
}

/// Lets a node or a peer vanish.
async fn end(stage: &mut Stage, span: Span, name: &str) -> Result<(), Failure> {
    stage.did(format!("killed {name}"));
    if let Some(peer) = stage.peers.get_mut(name) {
        if let Some(network) = &stage.network {
            network.kill(name);
        }
        if !peer.vanish() {
            return Err(stage.failure(span, format!("{name} is killed already"), Vec::new()));
        }
        return Ok(());
    }
    let mut any = false;
    for instance in instances(stage, name) {
        stage.keep_figures(&instance);
        if let Some(network) = &stage.network {
            network.kill(&instance);
        }
        any |= kill(&mut stage.supervisor, &instance).await;
    }
    if any {
        Ok(())
    } else {
        Err(stage.failure(span, format!("{name} is killed already"), Vec::new()))
    }
}

/// Lets one come back that vanished.
async fn begin(stage: &mut Stage, span: Span, name: &str) -> Result<(), Failure> {
    stage.did(format!("started {name}"));
    if let Some(peer) = stage.peers.get_mut(name) {
        let begun = peer.begin(&stage.context, &stage.supervisor, &stage.topology);
        return begun.map_err(|why| stage.failure(span, why, Vec::new()));
    }
    let running: Vec<String> =
        stage.supervisor.nodes().map(|handle| handle.instance.to_string()).collect();
    for instance in instances(stage, name).into_iter().filter(|it| !running.contains(it)) {
        if let Err(error) = revive(&mut stage.supervisor, &instance).await {
            return Err(stage.failure(span, error.to_string(), Vec::new()));
        }
    }
    Ok(())
}

/// Does something to the lines between two.
fn fault(
    stage: &mut Stage,
    span: Span,
    (one, other): (&str, &str),
    fault: Fault,
    word: &str,
) -> Result<(), Failure> {
    let Some(network) = stage.network.clone() else {
        let what = "a line between real sockets cannot be cut or delayed; without `--real` it can";
        return Err(stage.failure(span, what.to_owned(), Vec::new()));
    };
    let those = |name: &str| {
        let found = instances(stage, name);
        if found.is_empty() { vec![name.to_owned()] } else { found }
    };
    for near in those(one) {
        for far in those(other) {
            network.fault((&near, &far), fault);
        }
    }
    stage.did(format!("{word} the line between {one} and {other}"));
    Ok(())
}
