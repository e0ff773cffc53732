//! Where the screen's figures, events and messages come from, without it ever waiting for them.
//!
//! Owns that a run which ended is found again when it comes back. Never draws.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Figures;
use super::pane::Said;
use crate::aside::asked;
use crate::control::{Conversation, Failed, Reply, Request, find};
use crate::observe::Happened;
use crate::snapshot::Snapshot;

/// How long after a run has gone it is looked for again.
const AGAIN: Duration = Duration::from_secs(1);

const OVER: &str = "the run is over";

/// What comes from the run.
#[derive(Debug)]
pub(super) enum News {
    /// Its figures.
    Sampled(Box<Snapshot>),
    /// It does not run, or does not answer; why.
    Gone(String),
    /// Something happened in it.
    Happened(Box<Happened>),
    /// So many events found no room.
    Missed(u64),
    /// The tap of a target tells something.
    Tapped(String, Said),
}

/// Where the run is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A run by what it was called and by its file: one that comes back has another process.
    Run(Arc<(String, String)>),
    /// The address of its `--metrics`.
    Address(String),
}

impl Source {
    /// The run that these figures are of.
    pub(super) fn of(run: &str, figures: &Figures) -> Self {
        match figures {
            Figures::Run(client) => {
                Self::Run(Arc::new((run.to_owned(), client.hello.file.clone())))
            }
            Figures::Address(address) => Self::Address(address.clone()),
        }
    }

    /// A connection with the run.
    async fn connect(&self) -> Result<Conversation, Failed> {
        let Self::Run(names) = self else {
            return Err(now("an address has figures alone"));
        };
        let names = Arc::clone(names);
        let found = asked(move || {
            let (run, file) = &*names;
            match find(run) {
                Ok(client) if client.hello.file == *file => Ok(client.into_stream()),
                Ok(_) | Err(_) => find(file).map(|client| client.into_stream()),
            }
        });
        let stream = found.await.ok_or_else(|| now("the system gives no thread"))??;
        Conversation::over(stream).map_err(now)
    }

    /// Tells figures, each interval from the first on, as long as somebody listens.
    pub(super) async fn sample(self, every: Duration, news: Sender<News>) {
        sleep(every).await;
        loop {
            let gone = match &self {
                Self::Run(_) => match self.connect().await {
                    Ok(mut run) => sample_run(&mut run, every, &news).await,
                    // Until it is there again, what it was that ended is worth more than that it
                    // is not found.
                    Err(failed) => failed.error.lines().next().unwrap_or_default().to_owned(),
                },
                Self::Address(address) => sample_address(address, every, &news).await,
            };
            if news.send(News::Gone(gone)).await.is_err() {
                return;
            }
            sleep(AGAIN).await;
        }
    }

    /// Tells what happens, as long as somebody listens.
    pub(super) async fn listen(self, news: Sender<News>) {
        if matches!(self, Self::Address(_)) {
            return;
        }
        while !news.is_closed() {
            if let Ok(mut run) = self.connect().await
                && run.ask(&Request::Events { last: 0 }).await.is_ok()
            {
                while let Ok(Some(reply)) = run.next().await {
                    let told = if let Reply::Event(happened) = reply {
                        News::Happened(happened)
                    } else if let Reply::Dropped(count) = reply {
                        News::Missed(count)
                    } else {
                        continue;
                    };
                    if news.send(told).await.is_err() {
                        return;
                    }
                }
            }
            sleep(AGAIN).await;
        }
    }

    /// Tells the messages of a target until it is told to stop or the run ends.
    pub(super) async fn tap(self, target: String, news: Sender<News>) {
        let said = match self.follow(&target, &news).await {
            Ok(()) => "that was all: the run is over".to_owned(),
            Err(failed) => failed.error,
        };
        // Whoever listened has gone.
        let _ = news.send(News::Tapped(target, Said::aside(&said))).await;
    }

    async fn follow(&self, target: &str, news: &Sender<News>) -> Result<(), Failed> {
        let mut run = self.connect().await?;
        let wanted = Some(target.to_owned());
        let request = Request::Tap {
            target: wanted,
            direction: None,
            filter: None,
            all: None,
            frames: false,
        };
        run.ask(&request).await.map_err(now)?;
        while let Some(reply) = run.next().await.map_err(now)? {
            let said = if let Reply::Message(passed) = reply {
                Said::message(&passed)
            } else if let Reply::Dropped(count) = reply {
                let (s, have) = if count == 1 { ("", "has") } else { ("s", "have") };
                Said::aside(&format!("{count} more message{s} {have} passed and not been shown"))
            } else if let Reply::Note(note) = reply {
                Said::aside(&note)
            } else if let Reply::Failed(failed) = reply {
                return Err(failed);
            } else {
                continue;
            };
            if news.send(News::Tapped(target.to_owned(), said)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Tells a run's figures until it has gone; why.
async fn sample_run(run: &mut Conversation, every: Duration, news: &Sender<News>) -> String {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = run.ask(&Request::Figures).await {
            return gone(&error);
        }
        let told = match run.next().await {
            Ok(Some(Reply::Figures(snapshot))) => News::Sampled(snapshot),
            Ok(Some(Reply::Failed(failed))) => return failed.error,
            Ok(Some(_)) => return "it said something strange".to_owned(),
            Ok(None) => return OVER.to_owned(),
            Err(error) => return gone(&error),
        };
        if news.send(told).await.is_err() {
            return String::new();
        }
    }
}

/// Why a connection has broken: mostly the run has ended between two questions.
fn gone(error: &io::Error) -> String {
    if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
        OVER.to_owned()
    } else {
        error.to_string()
    }
}

/// Tells the figures of an address until they cannot be had; why.
async fn sample_address(address: &str, every: Duration, news: &Sender<News>) -> String {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut figures = Figures::Address(address.to_owned());
        let told = match asked(move || figures.take()).await {
            Some(Ok(snapshot)) => News::Sampled(Box::new(snapshot)),
            Some(Err(failed)) => return failed.error,
            None => return "the system gives no thread".to_owned(),
        };
        if news.send(told).await.is_err() {
            return String::new();
        }
    }
}

fn now(error: impl Into<Box<dyn std::error::Error>>) -> Failed {
    Failed { error: error.into().to_string(), invalid: false }
}
