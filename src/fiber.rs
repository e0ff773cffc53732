//! Long computations that let others of their thread have their turn: each runs on a stack of its
//! own, which is left and come back to in the middle of whatever it does.
//!
//! Owns the stacks, and how long a turn is. Never knows what runs on them: whoever computes long
//! asks [`due`] and calls [`pause`].
#![expect(unsafe_code, reason = "the one pointer to the stack that runs, which has no safe form")]

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::ptr::NonNull;

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};
use tokio::sync::Semaphore;

/// How long a turn is. To end one costs some microseconds.
pub(crate) const TURN: Duration = Duration::from_millis(1);
/// How many stacks are kept for the next turn; one serves all that do not compute long.
const KEPT: usize = 2;
/// How many computations of a thread may be interrupted at one time. One more is not interrupted:
/// each keeps the address space of a stack.
const INTERRUPTED_MOST: usize = 64;

type Work = Pin<Box<dyn Future<Output = ()>>>;

thread_local! {
    /// The stack that runs, if it may be left.
    static RUNNING: Cell<Option<NonNull<Yielder<Input, Output>>>> = const { Cell::new(None) };
    /// When the turn is over, once somebody has looked at the clock.
    static DUE: Cell<Option<Instant>> = const { Cell::new(None) };
}

enum Input {
    /// Look after this work.
    Poll(Work, Waker),
    /// Go on with what was interrupted.
    GoOn,
    /// There will be no more.
    End,
}

enum Output {
    /// The work has gone as far as it could.
    Polled(Work, Waker, Poll<()>),
    /// It could go on, and lets others have their turn.
    Paused,
}

/// When the turn of whatever runs here is over; none where it need not make way for anybody.
/// The first look at the clock since a turn began tells when it began.
#[must_use]
pub(crate) fn due(now: Instant) -> Option<Instant> {
    RUNNING.get()?;
    let due = DUE.get().unwrap_or(now + TURN);
    DUE.set(Some(due));
    Some(due)
}

/// Lets the others of this thread have their turn, and returns when they had it; at once where
/// there is nobody to make way for.
pub(crate) fn pause() {
    let Some(running) = RUNNING.take() else { return };
    // SAFETY: the stack that the pointer is to put it there when it began to run or to run on, and
    // it is taken away whenever that stack is left (here, and by `Leaving`), so it is the stack
    // that runs this very function, and its yielder lives as long as it does.
    let yielder = unsafe { running.as_ref() };
    yielder.suspend(Output::Paused);
    RUNNING.set(Some(running));
}

/// Takes the pointer to a stack away when what ran on it is over, or panicked.
struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        RUNNING.set(None);
    }
}

/// A stack, and what runs there.
struct Fiber {
    coroutine: Option<Coroutine<Input, Output, (), DefaultStack>>,
    /// Whether it was left in the middle of something.
    interrupted: bool,
}

impl Fiber {
    /// A stack of that size; none if the system has no room for it.
    fn new(bytes: usize) -> Option<Self> {
        let stack = DefaultStack::new(bytes).ok()?;
        let coroutine = Coroutine::with_stack(stack, |yielder, mut input| {
            while let Input::Poll(mut work, waker) = input {
                let polled = {
                    RUNNING.set(Some(NonNull::from(yielder)));
                    let _leaving = Leaving;
                    work.as_mut().poll(&mut Context::from_waker(&waker))
                };
                input = yielder.suspend(Output::Polled(work, waker, polled));
            }
        });
        Some(Self { coroutine: Some(coroutine), interrupted: false })
    }

    fn resume(&mut self, input: Input) -> Option<Output> {
        DUE.set(None);
        match self.coroutine.as_mut()?.resume(input) {
            CoroutineResult::Yield(output) => Some(output),
            CoroutineResult::Return(()) => None,
        }
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        let Some(mut coroutine) = self.coroutine.take_if(|coroutine| !coroutine.done()) else {
            return;
        };
        if self.interrupted {
            // In the middle of something it could only be unwound by a panic, so it stays behind.
            std::mem::forget(coroutine);
        } else {
            coroutine.resume(Input::End);
        }
    }
}

/// The stacks of one thread.
pub(crate) struct Fibers {
    bytes: usize,
    idle: RefCell<Vec<Fiber>>,
    interrupted: Cell<usize>,
    /// Of those that were interrupted one goes on between two turns of everybody else.
    next: Semaphore,
}

/// How far a piece of work is.
enum State {
    /// It waits for something, and was told to wake this task.
    Waits(Work, Option<Waker>),
    /// It could go on.
    Interrupted(Fiber),
    Over,
}

/// Why a step ended.
enum Step {
    Interrupted,
    Over,
}

impl Fibers {
    /// Stacks of so many bytes; only what is used of them takes memory.
    #[must_use]
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes, idle: RefCell::default(), interrupted: Cell::new(0), next: Semaphore::new(1) }
    }

    /// Does some work, and lets the other tasks of this thread have their turn whenever it calls
    /// [`pause`]. It runs as a tokio task of a current-thread runtime.
    pub(crate) async fn run(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        let mut state = State::Waits(work, None);
        let mut turn = None;
        loop {
            let step = poll_fn(|task| {
                let step = self.step(&mut state, task);
                turn.take();
                step
            });
            match step.await {
                Step::Over => return,
                Step::Interrupted => {
                    turn = self.next.acquire().await.ok();
                    // Whatever became ready meanwhile goes first, the system's events included.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn step(&self, state: &mut State, task: &mut Context<'_>) -> Poll<Step> {
        let (mut fiber, input) = match std::mem::replace(state, State::Over) {
            State::Waits(mut work, waker) => {
                let Some(fiber) = self.stack() else {
                    // Nobody is made way for until there is room for a stack again.
                    let polled = work.as_mut().poll(task);
                    *state = State::Waits(work, waker);
                    return polled.map(|()| Step::Over);
                };
                let waker = waker.filter(|waker| waker.will_wake(task.waker()));
                let waker = waker.unwrap_or_else(|| task.waker().clone());
                (fiber, Input::Poll(work, waker))
            }
            State::Interrupted(fiber) => (fiber, Input::GoOn),
            State::Over => return Poll::Ready(Step::Over),
        };
        if std::mem::take(&mut fiber.interrupted) {
            self.interrupted.update(|count| count - 1);
        }
        match fiber.resume(input) {
            Some(Output::Paused) => {
                fiber.interrupted = true;
                self.interrupted.update(|count| count + 1);
                *state = State::Interrupted(fiber);
                Poll::Ready(Step::Interrupted)
            }
            Some(Output::Polled(work, waker, polled)) => {
                self.keep(fiber);
                *state = State::Waits(work, Some(waker));
                polled.map(|()| Step::Over)
            }
            None => Poll::Ready(Step::Over),
        }
    }

    fn stack(&self) -> Option<Fiber> {
        let idle = self.idle.borrow_mut().pop();
        if idle.is_some() || self.interrupted.get() >= INTERRUPTED_MOST {
            return idle;
        }
        Fiber::new(self.bytes)
    }

    fn keep(&self, fiber: Fiber) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < KEPT {
            idle.push(fiber);
        }
    }
}

impl std::fmt::Debug for Fibers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fibers")
            .field("interrupted", &self.interrupted.get())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
