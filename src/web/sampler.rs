//! The one who looks at the run for all who look at the page.
//!
//! Owns how often figures are asked for and how events are told together. A run that ends is waited
//! for until it comes back.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::time::{sleep, timeout_at};

use super::board::{Board, EVENTS_TOGETHER};
use super::pictures::Pictures;
use super::reach::Reach;
use crate::clock::since_epoch;
use crate::control::{Conversation, Hello, Reply, Request};

/// How often figures are asked for while somebody looks.
const OFTEN: Duration = Duration::from_millis(500);
/// How often while nobody does, for those who come later.
const SELDOM: Duration = Duration::from_secs(5);
/// For how long events are gathered that are told together.
const TOGETHER: Duration = Duration::from_millis(50);
/// How long after a run has gone it is looked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// Looks at a run, and waits for it when it has gone, for ever.
pub(super) async fn follow(reach: Reach, board: Arc<Board>, pictures: Arc<Pictures>) {
    loop {
        if let Some((hello, mut events, mut figures)) = open(&reach).await {
            // Before the page is told of a version, it can be drawn.
            draw(&mut figures, &pictures, hello.pid, hello.generation).await;
            board.here(&hello);
            tokio::select! {
                () = listen(&mut events, &board) => {}
                () = sample(&mut figures, &board, &pictures) => {}
            }
            board.gone();
        }
        sleep(AGAIN).await;
    }
}

async fn open(reach: &Reach) -> Option<(Hello, Conversation, Conversation)> {
    let mut events = reach.connect().await.ok()?;
    events.ask(&Request::Events { last: 0 }).await.ok()?;
    let Ok(Some(Reply::Hello(hello))) = events.next().await else { return None };
    let figures = reach.connect().await.ok()?;
    Some((hello, events, figures))
}

/// Asks for figures until the run has gone.
async fn sample(figures: &mut Conversation, board: &Board, pictures: &Pictures) {
    loop {
        let begun = Instant::now();
        if figures.ask(&Request::Figures).await.is_err() {
            return;
        }
        let Ok(Some(Reply::Figures(snapshot))) = figures.next().await else { return };
        draw(figures, pictures, board.run().pid, snapshot.generation).await;
        board.sampled(&snapshot, since_epoch(SystemTime::now()).as_secs_f64());
        let pause = if board.is_looked_at() { OFTEN } else { SELDOM };
        tokio::select! {
            () = sleep(pause.saturating_sub(begun.elapsed())) => {}
            // Whoever comes need not wait for the next time, nor who looks for what a reload did.
            () = board.wanted() => {}
        }
    }
}

/// Has the versions that are new to us kept, as they were.
async fn draw(figures: &mut Conversation, pictures: &Pictures, pid: u32, generation: u64) {
    for generation in pictures.unknown(pid, generation) {
        if figures.ask(&Request::Texts { generation }).await.is_err() {
            return;
        }
        match figures.next().await {
            Ok(Some(Reply::Texts(texts))) => pictures.is_of(*texts).await,
            // It is so old that the run has forgotten it.
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
        pictures.is_known(generation);
    }
}

/// Tells what happens until the run has gone.
async fn listen(events: &mut Conversation, board: &Board) {
    loop {
        let Ok(Some(reply)) = events.next().await else { return };
        let (mut told, mut more) = (Vec::new(), 0);
        let mut next = Some(reply);
        let until = tokio::time::Instant::now() + TOGETHER;
        let (mut is_over, mut has_reloaded) = (false, false);
        while let Some(reply) = next.take() {
            if let Reply::Event(happened) = reply {
                has_reloaded |= happened.kind == "reloaded";
                if told.len() < EVENTS_TOGETHER {
                    told.push(*happened);
                } else {
                    more += 1;
                }
            } else if let Reply::Dropped(count) = reply {
                more += count;
            }
            if has_reloaded {
                break;
            }
            next = match timeout_at(until, events.next()).await {
                Ok(Ok(Some(reply))) => Some(reply),
                Ok(_) => {
                    is_over = true;
                    None
                }
                Err(_) => None,
            };
        }
        board.happened(told, more);
        if has_reloaded {
            board.want();
        }
        if is_over {
            return;
        }
    }
}
