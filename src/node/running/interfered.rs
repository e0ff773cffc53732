//! What a test does to a node.
//!
//! Owns how it vanishes, and a timer that falls when it is told to.

use std::time::Duration;

use super::Node;
use crate::clock;
use crate::node::interference::Interference;
use crate::script::Invocation;

impl Node {
    pub(super) fn interfered(&mut self, told: Interference) {
        match told {
            Interference::Vanish => {
                for socket in &mut self.sockets {
                    socket.drop_unsent();
                }
                self.timers.clear();
                self.life.close();
            }
            Interference::Slow(pace) => self.pace = pace,
            Interference::Tick { timer, done } => drop(done.send(self.tick(timer))),
        }
    }

    /// Calls the handler of a timer, as if it had fallen.
    fn tick(&mut self, timer: Option<String>) -> Result<(), String> {
        let spec = &self.blueprint.spec;
        let invocation = match timer {
            Some(name) if spec.timers.contains_key(&name) => {
                Invocation::Timer(name.as_str().into())
            }
            Some(name) => return Err(format!("{} has no timer {name}", spec.name)),
            None if spec.every.is_some() => Invocation::Tick,
            None => match spec.timers.keys().next().filter(|_| spec.timers.len() == 1) {
                Some(name) => Invocation::Timer(name.as_str().into()),
                None => return Err(format!("{} has no timer that could be meant", spec.name)),
            },
        };
        if !self.life.works() {
            return Err(format!("{} does not run now", spec.name));
        }
        self.call(invocation);
        Ok(())
    }

    /// Is as slow as a test wants it, after a call.
    pub(super) fn take_its_time(&mut self) {
        if self.pace > Duration::ZERO {
            self.outbox.be_busy(clock::now() + self.pace);
        }
    }
}
