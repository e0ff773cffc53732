//! The screen that lives: keys and news go in, what is drawn comes out.
//!
//! Owns in which order that happens, and when the screen is given back.

use std::io;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::Event;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{sleep, sleep_until};

use super::feeds::{News, Source};
use super::look::Theme;
use super::screen::{Screen, keys};
use super::state::{State, Wish};
use super::view::draw;
use crate::snapshot::Snapshot;

/// News that are looked at before the screen is drawn.
const TOGETHER: usize = 2_048;
/// How long after it was drawn the screen is drawn again at the earliest.
const STILL: Duration = Duration::from_millis(25);
/// How often it is drawn where nothing comes: what it says of the time passes.
const TURN: Duration = Duration::from_millis(500);

/// Shows a run until somebody leaves.
///
/// # Errors
///
/// When the terminal cannot be drawn on any more.
pub(super) fn watch(
    source: Source,
    first: Snapshot,
    every: Duration,
    colours: bool,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let watched = runtime.block_on(async {
        let leaving = Leaving::new()?;
        let screen = Screen::enter()?;
        let state = State::new(screen.size(), matches!(source, Source::Run(_)));
        let (told, news) = mpsc::channel(TOGETHER);
        let mut feeds = JoinSet::new();
        feeds.spawn(source.clone().sample(every, told.clone()));
        feeds.spawn(source.clone().listen(told.clone()));
        let mut watch = Watch {
            screen,
            state,
            theme: Theme { colours },
            every,
            begun: Instant::now(),
            source,
            told,
            feeds,
            tap: None,
        };
        watch.state.sampled(0.0, first);
        watch.run(news, keys()?, leaving).await
    });
    // A look for the run may still be under way.
    runtime.shutdown_background();
    watched
}

/// Signals that end the process, once the terminal is given back.
struct Leaving {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Leaving {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wanted(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

struct Watch {
    screen: Screen,
    state: State,
    theme: Theme,
    every: Duration,
    begun: Instant,
    source: Source,
    told: mpsc::Sender<News>,
    feeds: JoinSet<()>,
    tap: Option<AbortHandle>,
}

impl Watch {
    async fn run(
        &mut self,
        mut news: mpsc::Receiver<News>,
        mut keys: mpsc::Receiver<io::Result<Event>>,
        mut leaving: Leaving,
    ) -> io::Result<()> {
        loop {
            self.state.passed(self.now());
            let (state, theme, every) = (&self.state, self.theme, self.every.as_secs_f64());
            self.screen.draw(|frame| draw(frame, state, theme, every))?;
            let drawn = tokio::time::Instant::now();
            let is_over = tokio::select! {
                biased;
                () = leaving.wanted() => true,
                key = keys.recv() => match key {
                    Some(event) => self.came(event?)?,
                    None => true,
                },
                Some(one) = news.recv() => self.heard(one),
                Some(ended) = self.feeds.join_next() => {
                    // A panic has given the screen back already.
                    if ended.as_ref().is_err_and(JoinError::is_panic) {
                        return Err(io::Error::other("what asks the run has failed"));
                    }
                    false
                }
                () = sleep(TURN) => false,
            };
            if is_over {
                return Ok(());
            }
            // What comes close together is drawn once.
            tokio::select! {
                () = leaving.wanted() => return Ok(()),
                () = sleep_until(drawn + STILL) => {}
            }
            while let Ok(event) = keys.try_recv() {
                if self.came(event?)? {
                    return Ok(());
                }
            }
            for _ in 0..TOGETHER {
                let Ok(one) = news.try_recv() else { break };
                if self.heard(one) {
                    return Ok(());
                }
            }
        }
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Something from the terminal; whether that is the end.
    fn came(&mut self, event: Event) -> io::Result<bool> {
        self.state.passed(self.now());
        if let Event::Resize(..) = event {
            let (width, height) = self.screen.resized()?;
            self.state.resized(width, height);
        }
        let wish = event.as_key_event().map_or(Wish::Nothing, |key| self.state.pressed(key));
        Ok(self.grant(wish))
    }

    /// News of the run; whether that is the end.
    fn heard(&mut self, news: News) -> bool {
        let now = self.now();
        let wish = match news {
            News::Sampled(snapshot) => self.state.sampled(now, *snapshot),
            News::Gone(why) => {
                self.state.gone(now, &why);
                Wish::Nothing
            }
            News::Happened(happened) => {
                self.state.happened(&happened);
                Wish::Nothing
            }
            News::Missed(count) => {
                self.state.missed(count);
                Wish::Nothing
            }
            News::Tapped(target, said) => {
                self.state.tapped(&target, said);
                Wish::Nothing
            }
        };
        self.grant(wish)
    }

    fn grant(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Nothing => return false,
            Wish::Leave => return true,
            Wish::Untap => self.untap(),
            Wish::Tap(target) => {
                self.untap();
                let tap = self.source.clone().tap(target, self.told.clone());
                self.tap = Some(self.feeds.spawn(tap));
            }
        }
        false
    }

    fn untap(&mut self) {
        if let Some(tap) = self.tap.take() {
            tap.abort();
        }
    }
}
