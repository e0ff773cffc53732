//! One run: load, start, observe, stop.
//!
//! Owns the wiring of loader, supervisor and observers, and the signals. Never draws a diagnostic:
//! `cli/` does.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::event::{Fact, FactReader, What, facts};
use crate::node::raise_descriptor_limit;
use crate::observe::Logger;
use crate::supervisor::{Haste, StartError, Supervisor};
use crate::topology::Topology;

/// How long the whole stop may take before what holds it is named.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What to run, and how long.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Run only these nodes; all when empty.
    pub only: Vec<String>,
    /// End after this time.
    pub duration: Option<Duration>,
}

/// Runs a topology until it ends; the result is the exit status.
///
/// # Errors
///
/// When it cannot be started.
pub fn run(topology: &Topology, options: &RunOptions, logger: &Logger) -> Result<u8, StartError> {
    let _ = raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let topology = if options.only.is_empty() {
        topology.clone()
    } else {
        topology.only(&options.only)
    };
    let (teller, mut reader) = facts();
    let mut supervisor = Supervisor::new(&topology, teller)?;
    let status = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let status = {
            let starting = supervisor.start(&topology);
            tokio::pin!(starting);
            loop {
                tokio::select! {
                    result = &mut starting => { result?; break None }
                    Some(fact) = reader.next() => logger.write(&fact),
                    () = signals.next() => break Some(0),
                }
            }
        };
        let status = match status {
            Some(status) => status,
            None => watch(&mut reader, &mut signals, options.duration, logger).await,
        };
        stop(&mut supervisor, &mut reader, &mut signals, logger).await;
        Ok::<u8, StartError>(status)
    })?;
    end(supervisor, &runtime, &mut reader, logger);
    Ok(status)
}

/// Logs until something ends the run; the result is the exit status.
async fn watch(
    reader: &mut FactReader,
    signals: &mut Signals,
    duration: Option<Duration>,
    logger: &Logger,
) -> u8 {
    let over = async {
        match duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(over);
    loop {
        tokio::select! {
            fact = reader.next() => {
                let Some(fact) = fact else { return 0 };
                logger.write(&fact);
                if let What::StopRequested { status, .. } = fact.what {
                    return status;
                }
            }
            () = signals.next() => return 0,
            () = &mut over => return 0,
        }
    }
}

/// Stops in good order; a second signal ends the process at once.
async fn stop(
    supervisor: &mut Supervisor,
    reader: &mut FactReader,
    signals: &mut Signals,
    logger: &Logger,
) {
    let stopping = supervisor.stop(Haste::Drain);
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            () = signals.next() => std::process::exit(130),
            Some(fact) = reader.next() => logger.write(&fact),
        }
    }
}

/// Ends the threads and the libzmq context, which waits for what lingers.
fn end(
    supervisor: Supervisor,
    runtime: &tokio::runtime::Runtime,
    reader: &mut FactReader,
    logger: &Logger,
) {
    let lingering = supervisor.topology().clone();
    let begun = Instant::now();
    let closing = runtime.spawn_blocking(move || drop(supervisor));
    runtime.block_on(async {
        let Ok(mut signals) = Signals::listen() else { return };
        let mut told = false;
        tokio::pin!(closing);
        loop {
            tokio::select! {
                _ = &mut closing => return,
                () = signals.next() => std::process::exit(130),
                () = tokio::time::sleep(STOP_PATIENCE), if !told => {
                    told = true;
                    logger.write(&held_by(&lingering, begun.elapsed()));
                }
            }
        }
    });
    while let Some(fact) = reader.try_next() {
        logger.write(&fact);
    }
}

/// Names the sockets that may hold the end.
fn held_by(topology: &Topology, waited: Duration) -> Fact {
    let sockets: Vec<String> = topology
        .nodes
        .iter()
        .flat_map(|node| node.sockets.iter().map(move |socket| (node, socket)))
        .filter(|(_, socket)| socket.linger.is_none_or(|linger| linger > waited))
        .map(|(node, socket)| format!("{}.{}", node.name, socket.name))
        .collect();
    Fact {
        node: "".into(),
        socket: None,
        what: What::Failed {
            error: format!(
                "unsent messages keep zrig from ending, by the linger of {}; press Ctrl-C again to \
                 drop them",
                sockets.join(", ")
            ),
        },
        repeated: 0,
    }
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
