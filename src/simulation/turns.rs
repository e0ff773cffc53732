//! Whose turn it is: the ends of a socket that can go on, in libzmq's order (`lb.cpp`, `fq.cpp`).
//!
//! Owns the order, which decides whom a message goes to and from whom the next is taken. Never looks
//! into a queue.

use super::end::EndId;

/// Ends that take turns.
#[derive(Default, Debug)]
pub(super) struct Turns {
    /// Those that can go on stand first.
    ends: Vec<EndId>,
    active: usize,
    current: usize,
}

impl Turns {
    /// An end is there, and can go on.
    pub(super) fn attach(&mut self, end: EndId) {
        self.ends.push(end);
        self.swap_in(self.ends.len() - 1);
    }

    /// An end can go on again.
    pub(super) fn activate(&mut self, end: EndId) {
        if let Some(at) = self.place(end).filter(|at| *at >= self.active) {
            self.swap_in(at);
        }
    }

    /// The end whose turn it is.
    pub(super) fn current(&self) -> Option<EndId> {
        (self.active > 0).then(|| self.ends[self.current])
    }

    /// The current one cannot go on: the turn is the next one's.
    pub(super) fn skip(&mut self) {
        self.active -= 1;
        if self.current < self.active {
            self.ends.swap(self.current, self.active);
        } else {
            self.current = 0;
        }
    }

    /// The current one has had its turn.
    pub(super) fn next(&mut self) {
        self.current += 1;
        if self.current >= self.active {
            self.current = 0;
        }
    }

    /// An end is gone.
    pub(super) fn remove(&mut self, end: EndId) {
        let Some(mut at) = self.place(end) else { return };
        if at < self.active {
            self.active -= 1;
            self.ends.swap(at, self.active);
            at = self.active;
            if self.current == self.active {
                self.current = 0;
            }
        }
        self.ends.swap_remove(at);
    }

    /// All ends, whether they can go on or not.
    pub(super) fn all(&self) -> &[EndId] {
        &self.ends
    }

    pub(super) fn has(&self, end: EndId) -> bool {
        self.ends.contains(&end)
    }

    fn place(&self, end: EndId) -> Option<usize> {
        self.ends.iter().position(|known| *known == end)
    }

    fn swap_in(&mut self, at: usize) {
        self.ends.swap(at, self.active);
        self.active += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(count: u32) -> Turns {
        let mut turns = Turns::default();
        (0..count).for_each(|number| turns.attach(EndId(number)));
        turns
    }

    fn order(turns: &mut Turns, count: usize) -> Vec<u32> {
        let next = |_| {
            let end = turns.current().map_or(u32::MAX, |end| end.0);
            turns.next();
            end
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn each_has_its_turn_and_who_cannot_go_on_is_passed_over_until_it_can() {
        let mut turns = turns(3);
        assert_eq!(order(&mut turns, 4), [0, 1, 2, 0]);
        turns.skip();
        assert_eq!(order(&mut turns, 3), [2, 0, 2]);
        turns.activate(EndId(1));
        turns.activate(EndId(1));
        assert_eq!(order(&mut turns, 4), [0, 2, 1, 0]);
        turns.remove(EndId(2));
        assert_eq!(order(&mut turns, 3), [1, 0, 1]);
        turns.skip();
        turns.skip();
        assert_eq!(turns.current(), None);
        turns.remove(EndId(0));
        assert_eq!(turns.all(), [EndId(1)]);
        turns.activate(EndId(1));
        assert_eq!(order(&mut turns, 2), [1, 1]);
    }
}
