//! What a client may have done that only the run itself can do: look at its files again.
//!
//! Owns the way from who asks to who does it, and back. Never does it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::protocol::Failed;
use crate::receipt::Receipt;

/// How many may ask at a time: as many as there are clients.
const ASKERS: usize = 64;

/// The end of who asks; clones ask the same run.
#[derive(Clone, Debug)]
pub struct Asking(mpsc::Sender<oneshot::Sender<Arc<Receipt>>>);

/// The end of who does it.
#[derive(Debug)]
pub struct Asked {
    next: mpsc::Receiver<oneshot::Sender<Arc<Receipt>>>,
    /// Those who wait for the receipt of what is being done.
    waiting: Vec<oneshot::Sender<Arc<Receipt>>>,
}

/// Both ends.
#[must_use]
pub fn asked() -> (Asking, Asked) {
    let (asking, next) = mpsc::channel(ASKERS);
    (Asking(asking), Asked { next, waiting: Vec::new() })
}

impl Asking {
    /// Has the files looked at, and waits for what becomes of it.
    pub(super) async fn reload(&self) -> Result<Arc<Receipt>, Failed> {
        let (done, receipt) = oneshot::channel();
        let gone = || Failed::now("the run ended meanwhile");
        self.0.send(done).await.map_err(|_| gone())?;
        receipt.await.map_err(|_| gone())
    }
}

impl Asked {
    /// Returns when somebody asks for a reload, who then waits for its receipt.
    pub async fn next(&mut self) {
        match self.next.recv().await {
            Some(done) => self.waiting.push(done),
            // Nobody is left who could ask.
            None => std::future::pending().await,
        }
    }

    /// Whether anybody waits for a receipt.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Tells all who wait what became of it.
    pub fn answer(&mut self, receipt: &Arc<Receipt>) {
        for waiting in self.waiting.drain(..) {
            // It may have gone meanwhile.
            let _ = waiting.send(Arc::clone(receipt));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn all_who_wait_hear_of_the_same_receipt_and_a_run_that_ended_is_said() {
        let (asking, mut asked) = asked();
        let both = async { tokio::join!(asking.reload(), asking.reload()) };
        let run = async {
            asked.next().await;
            asked.next().await;
            assert!(asked.is_waited_for());
            asked.answer(&Arc::new(Receipt::unchanged(7, Duration::ZERO)));
            assert!(!asked.is_waited_for());
        };
        let ((one, two), ()) = tokio::join!(both, run);
        assert_eq!((one.unwrap().generation, two.unwrap().generation), (7, 7));
        drop(asked);
        assert!(asking.reload().await.unwrap_err().error.contains("ended"));
    }
}
