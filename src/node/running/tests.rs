//! What becomes of a node whose own code panics.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::event::{EventKind, events};
use crate::supervisor::{Haste, Supervisor};
use crate::topology::{Topology, sound};

/// How often the round of a node called so began.
static ROUNDS: AtomicU64 = AtomicU64::new(0);

/// Panics in a round of a node that is called so.
pub(super) fn panic_if_wanted(node: &str) {
    if node == "panics" {
        ROUNDS.fetch_add(1, SeqCst);
        panic!("planted in {node}");
    }
    assert!(node != "stops", "planted in {node}");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_node_that_panics_in_every_round_pauses_longer_and_longer_and_can_be_stopped() {
    block_on(async {
        let topology = sound(
            "
nodes:
  panics: {role: pull, bind: 'inproc://panics'}
  other: {role: pull, bind: 'inproc://other', isolate: true}
",
        );
        let (emitter, mut reader) = events();
        let mut supervisor = Supervisor::new(&Topology::empty(), emitter).unwrap();
        let begun = Instant::now();
        supervisor.start(&topology).await.unwrap();
        while ROUNDS.load(SeqCst) < 4 {
            assert!(begun.elapsed() < Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // 100, 200 and 400 ms lie between the first four.
        assert!(begun.elapsed() >= Duration::from_millis(700), "{:?}", begun.elapsed());
        let told = async {
            while !matches!(
                reader.next_event().await.unwrap().event.kind,
                EventKind::Panicked { .. }
            ) {}
        };
        tokio::time::timeout(Duration::from_secs(60), told).await.unwrap();
        let stopping = Instant::now();
        supervisor.stop(Haste::Now).await;
        assert!(stopping.elapsed() < Duration::from_secs(30), "{:?}", stopping.elapsed());
    });
}

#[test]
fn a_panic_is_a_failure_that_on_error_decides_about() {
    block_on(async {
        let text = "nodes: {stops: {role: pull, bind: 'inproc://stops', on_error: stop}}";
        let (emitter, mut reader) = events();
        let mut supervisor = Supervisor::new(&Topology::empty(), emitter).unwrap();
        supervisor.start(&sound(text)).await.unwrap();
        let asked = async {
            loop {
                let heard = reader.next_event().await.unwrap();
                if let EventKind::StopRequested { status, why } = &heard.event.kind {
                    return (*status, why.clone());
                }
            }
        };
        let asked = tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap();
        assert_eq!(asked, (1, "stops panicked".to_owned()));
        supervisor.stop(Haste::Now).await;
    });
}
