//! Time that passes only when everybody waits.
//!
//! Owns the thread of a simulation: its runtime, its clock, and the network's turn between those of
//! the nodes. Knows nothing of what runs there.

use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::task::LocalSet;

use crate::clock;
use crate::simulation::{Network, Next};

/// How many turns of the network take a millisecond: what never comes to rest gets older by that.
const TURNS: u32 = 1000;
/// When simulations begin, since 1970.
const MORNING: Duration = Duration::from_secs(1_767_258_000);

/// Does some work on this thread, in a time that begins now and passes when everybody waits.
///
/// # Errors
///
/// When the system gives no runtime.
pub(super) fn in_virtual_time<T>(
    network: &Network,
    work: impl Future<Output = T>,
) -> io::Result<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build()?;
    let nodes = LocalSet::new();
    Ok(nodes.block_on(&runtime, async {
        let _simulated = Simulated::begin();
        tokio::task::spawn_local(drive(network.clone()));
        work.await
    }))
}

/// The time of day at which simulations begin.
pub(super) fn morning() -> SystemTime {
    SystemTime::UNIX_EPOCH + MORNING
}

/// This thread, while work on it takes no time.
struct Simulated;

impl Simulated {
    fn begin() -> Self {
        clock::simulate(Some(morning()));
        Self
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        clock::simulate(None);
    }
}

/// Lets happen in the network what may, in turn with the nodes.
async fn drive(network: Network) {
    let begun = clock::now();
    let mut turns = 0;
    loop {
        match network.advance(clock::since(begun)) {
            Next::Now => {
                turns += 1;
                if turns == TURNS {
                    turns = 0;
                    tokio::time::advance(Duration::from_millis(1)).await;
                }
                tokio::task::yield_now().await;
            }
            Next::At(at) => {
                turns = 0;
                let left = at.saturating_sub(clock::since(begun));
                tokio::select! {
                    biased;
                    () = work(&network) => {}
                    () = clock::sleep(left) => {}
                }
            }
            Next::Idle => {
                turns = 0;
                work(&network).await;
            }
        }
    }
}

/// Waits until something is to happen that was not before.
async fn work(network: &Network) {
    poll_fn(|task| if network.work().has_rung(task) { Poll::Ready(()) } else { Poll::Pending })
        .await;
}
