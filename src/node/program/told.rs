//! What a program's node is told, as every node is, and what it answers.
//!
//! Owns that nobody waits for an answer in vain where there is nothing of the program in zrig's hands. Starts
//! and ends nothing by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Program;
use crate::clock;
use crate::node::control::Control;
use crate::node::interference::Interference;
use crate::node::observation::Observation;
use crate::node::slow_motion::{SlowMotion, Step};
use crate::node::socket_control::SocketControl;
use crate::node::state::Figures;

/// Why a program is not stepped.
const NOT_STEPPED: &str = "it is a program, which runs on: zrig holds only nodes of handlers";

/// Why nothing can be given to a program.
const NOT_OURS: &str = "it is a program, which opens its sockets itself: zrig can give it nothing";

impl Program {
    pub(super) fn told(&mut self, control: Control) {
        match control {
            Control::Start
            | Control::Quiesce
            | Control::Hold { .. }
            | Control::Forget
            | Control::Release { .. } => {}
            Control::Drain { quiet, done, .. } => {
                // How far it is nobody knows: it is told to end, and shall do so in good order.
                tokio::task::spawn_local(async move {
                    clock::sleep(quiet).await;
                    let _ = done.send(true);
                });
            }
            Control::Rehearse { done, .. } => drop(done.send(Ok(Vec::new()))),
            Control::Change { fates, done } => {
                self.spec = Arc::clone(fates.to());
                self.blueprint.spec = Arc::clone(&self.spec);
                let _ = done.send(Ok(self.bound.clone()));
            }
            Control::Stop { deadline, .. } => self.end(deadline),
            Control::Observe { answer } => {
                let observation = Observation { status: self.status(), sockets: Vec::new() };
                let _ = answer.send(observation);
            }
            Control::Describe { answer } => drop(answer.send(self.describe())),
            Control::SlowMotion(told) => slow_motion(told),
            Control::Interfere(told) => self.interfered(told),
            Control::Sockets(told) => self.told_of_links(told),
        }
    }

    /// What a test does to it: it is killed; its time is its own.
    fn interfered(&mut self, told: Interference) {
        match told {
            Interference::Vanish => self.end(clock::now()),
            Interference::Slow(_) => {}
            Interference::Tick { done, .. } => drop(done.send(Err(NOT_OURS.to_owned()))),
        }
    }

    fn told_of_links(&mut self, told: SocketControl) {
        match told {
            SocketControl::Connect { endpoints, done, linked, .. } => {
                let _ = done.send(Vec::new());
                self.connect(endpoints, linked);
            }
            SocketControl::Missing { answer } => drop(answer.send(self.missing())),
            SocketControl::Figures { answer } => drop(answer.send(Figures::default())),
            SocketControl::Inject(injection) => {
                injection.taken.store(true, Relaxed);
                let _ = injection.done.send(Err(NOT_OURS.to_owned()));
            }
            SocketControl::ConnectEarly { .. } | SocketControl::Audience { .. } => {}
        }
    }
}

/// A program runs on whatever is held: nothing of it is in zrig's hands.
fn slow_motion(told: SlowMotion) {
    match told {
        SlowMotion::Hold { done } => drop(done.send(())),
        SlowMotion::Step { done, .. } => {
            let step = Step { took: None, why: Some(NOT_STEPPED), seen: Vec::new(), waiting: 0 };
            let _ = done.send(step);
        }
        SlowMotion::Release => {}
    }
}
