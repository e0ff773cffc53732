//! The end of a run, and who watches over it.
//!
//! Owns how long the nodes, the threads and libzmq may take, and what is said of whoever takes longer.
//! Never decides that a run ends.

use std::time::Duration;

use super::STOP_PATIENCE;
use super::signals::Signals;
use crate::clock;
use crate::event::{Event, EventKind, Events};
use crate::listing::some_of;
use crate::node::Lingering;
use crate::observe::Logger;
use crate::recording::Recording;
use crate::script::Level;
use crate::supervisor::{Haste, Supervisor};
use crate::topology::Topology;
use crate::until::until;

/// How long nodes may take to stop before the process ends without them.
const STUCK: Duration = Duration::from_secs(10);
/// How long the threads and libzmq may take to end beyond the longest linger.
const CLOSING: Duration = Duration::from_secs(1);

/// Stops in good order; a second signal ends the process at once.
pub(super) async fn stop(
    supervisor: &mut Supervisor,
    events: &Events,
    signals: &mut Signals,
    logger: &Logger,
) {
    let ending = supervisor.ending();
    let patience = STUCK + time_of_programs(supervisor.topology());
    let stopping = supervisor.stop(Haste::Drain);
    let (named_at, over_at) = (clock::now() + STOP_PATIENCE, clock::now() + patience);
    let mut told = false;
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            () = signals.next() => end_at_once(logger),
            () = until(Some(named_at)), if !told => {
                told = true;
                events.emit(waits_for(&ending.nodes()));
            }
            () = until(Some(over_at)) => {
                let nodes = ending.nodes().join(", ");
                let error = format!("ended by force: {nodes} did not end in {patience:?}");
                events.emit(failed(error));
                logger.finish();
                std::process::exit(1);
            }
        }
    }
}

/// Waits until a recording has its end; a second signal ends the process at once.
pub(super) async fn finish(recording: Recording, signals: &mut Signals, logger: &Logger) {
    let finishing = tokio::task::spawn_blocking(|| recording.finish());
    tokio::select! {
        _ = finishing => {}
        () = signals.next() => end_at_once(logger),
    }
}

/// Ends the threads and the libzmq context, which waits for what lingers; the result is the exit
/// status. Where libzmq does not come to its end, the process ends without it.
pub(super) fn end(
    supervisor: Supervisor,
    status: u8,
    runtime: &tokio::runtime::Runtime,
    events: &Events,
    logger: &Logger,
) -> u8 {
    let lingering = supervisor.lingering();
    let linger = longest_linger(supervisor.topology());
    if let Some(linger) = linger {
        // What a reload replaced or removed was given more time than the file gives anybody.
        lingering.end_within(linger);
    }
    let closing = runtime.spawn_blocking(move || drop(supervisor));
    runtime.block_on(async {
        let Ok(mut signals) = Signals::listen() else { return status };
        let named_at = clock::now() + STOP_PATIENCE;
        let over_at = linger.map(|linger| clock::now() + patience(linger));
        let mut told = false;
        tokio::pin!(closing);
        loop {
            tokio::select! {
                _ = &mut closing => return status,
                () = signals.next() => end_at_once(logger),
                () = until(Some(named_at)), if !told => {
                    told = true;
                    events.emit(held_by(&lingering.sockets()));
                }
                () = until(over_at) => {
                    events.emit(given_up(&lingering.sockets()));
                    logger.finish();
                    std::process::exit(i32::from(status.max(1)));
                }
            }
        }
    })
}

/// How long all may take to end where no socket lingers longer than that.
fn patience(linger: Duration) -> Duration {
    linger.max(STOP_PATIENCE) + CLOSING
}

/// How long programs may take to end, one after the other.
fn time_of_programs(topology: &Topology) -> Duration {
    let programs = topology.nodes.iter().filter_map(|node| node.process.as_ref());
    programs.map(|program| program.stop.within).fold(Duration::ZERO, Duration::saturating_add)
}

/// The longest time that a socket of a topology lingers; none where one does so for ever.
fn longest_linger(topology: &Topology) -> Option<Duration> {
    let sockets = topology.nodes.iter().flat_map(|node| &node.sockets);
    sockets
        .map(|socket| socket.linger)
        .try_fold(Duration::ZERO, |most, linger| Some(most.max(linger?)))
}

/// Ends the process, as a second signal asks for.
fn end_at_once(logger: &Logger) {
    logger.finish();
    std::process::exit(130)
}

/// Names the nodes that have not come to their end.
fn waits_for(nodes: &[String]) -> Event {
    let nodes = some_of(nodes);
    let text = format!(
        "still stopping: waiting for {nodes}, whose handler computes or whose messages are not sent; \
         press Ctrl-C again to end without that"
    );
    Event::of_run(EventKind::Note { level: Level::Warn, text })
}

/// Names the sockets that hold the end.
fn held_by(sockets: &[String]) -> Event {
    failed(if sockets.is_empty() && Lingering::IS_TOLD {
        "no message is unsent, but a thread of zrig or libzmq has not ended; press Ctrl-C again to \
         end without it"
            .to_owned()
    } else if sockets.is_empty() {
        "a message is unsent, or a thread of zrig or libzmq has not ended; press Ctrl-C again to end \
         without it"
            .to_owned()
    } else {
        let sockets = some_of(sockets);
        format!(
            "unsent messages keep zrig from ending, by the linger of {sockets}; press Ctrl-C again \
             to drop them"
        )
    })
}

/// Says what the process ends without.
fn given_up(sockets: &[String]) -> Event {
    let whose = match sockets {
        [] => "a thread of zrig or libzmq has".to_owned(),
        sockets => format!("libzmq has, for {},", some_of(sockets)),
    };
    failed(format!("ended by force: {whose} not come to an end in time"))
}

fn failed(error: String) -> Event {
    Event::of_run(EventKind::Failed { error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_given_as_long_as_the_longest_linger_and_never_less_than_it_takes_to_say_so() {
        for (linger, expected) in [(0, 3), (1, 3), (2, 3), (5, 6), (60, 61)] {
            assert_eq!(patience(Duration::from_secs(linger)).as_secs(), expected, "{linger}");
        }
    }
}
