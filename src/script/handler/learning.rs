//! A node's handlers that are recorded, or follow a recording.
//!
//! Owns that time and chance go together. What is noted of them is `learned`'s and `generator`'s.

use super::Handler;
use crate::script::learned::{CallTime, Learned};

impl Handler {
    /// Notes from now on what calls learn, beginning with what chance is made from; or no longer.
    pub fn note_learned(&self, notes: bool) {
        self.view.generator.tell_again();
        self.view.times.note(notes);
    }

    /// What calls have learned since this was last asked, where it is noted and they have asked.
    #[must_use]
    pub fn take_learned(&self) -> Option<Box<Learned>> {
        self.view.times.take_noted(self.view.generator.take_drawn())
    }

    /// Has the next call learn what an earlier one has learned. Where it asks for more than that, the time
    /// stands still.
    pub fn give_learned(&self, learned: &Learned, time: CallTime) {
        self.view.times.give(learned, time);
        if let Some(chance) = &learned.chance {
            self.view.generator.follow(chance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Invocation;
    use crate::script::trial::{Trial, shown};
    use crate::zeromq::Role::Push;

    const ALL: &str = "fn on_tick() { [now(), random(1, 1000000), elapsed(), now(), uuid()] }";

    fn tick(trial: &mut Trial) -> String {
        trial.invoke(Invocation::Tick).unwrap().iter().map(shown).collect()
    }

    #[test]
    fn who_follows_learns_the_same_time_and_chance_in_every_call() {
        let mut first = Trial::new(&[("out", Push)], ALL);
        // What was before it was noted.
        tick(&mut first);
        first.handler.note_learned(true);
        let noted: Vec<_> =
            (0..3).map(|_| (tick(&mut first), first.handler.take_learned().unwrap())).collect();
        assert_eq!(first.handler.take_learned(), None);
        assert!(noted[0].1.chance.unwrap().seed.is_some());
        assert!(noted[1].1.chance.unwrap().seed.is_none(), "it is told once");
        let mut other = Trial::new(&[("out", Push)], ALL);
        for (said, learned) in &noted {
            other.handler.give_learned(learned, CallTime::default());
            assert_eq!(tick(&mut other), *said);
        }
        // One that draws and asks more goes on with what was, and the next call is not shifted.
        let more = ALL.replace("[now()", "for n in 0..9 { random(); now(); } [now()");
        let mut other = Trial::new(&[("out", Push)], &more);
        for (said, learned) in &noted {
            other.handler.give_learned(learned, CallTime::default());
            assert_ne!(tick(&mut other), *said);
        }
    }

    #[test]
    fn what_was_not_asked_before_is_when_the_call_was() {
        let mut trial =
            Trial::new(&[("out", Push)], "fn on_tick() { `${now()} ${elapsed()} ${now()}` }");
        let time = CallTime { at: 5_000_000_000, running: 2_000_000_000 };
        trial.handler.give_learned(&Learned::default(), time);
        assert_eq!(tick(&mut trial), "0: 5.0 2.0 5.0");
    }
}
