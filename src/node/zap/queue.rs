//! What waits for its turn, from many addresses.
//!
//! Owns that nobody's crowd keeps out somebody else: each address has its turn, and where there is no more
//! room, the one that has most waiting gives way. Never knows what it is that waits.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

/// Whoever has an IPv6 address has at least so many bits of them.
const HOSTS_OF_ONE: u32 = 64;

/// What waits, at most so much of it.
pub(super) struct Queue<T> {
    most: usize,
    count: usize,
    waiting: BTreeMap<Option<IpAddr>, VecDeque<T>>,
    /// Whose turn it is, and who follows.
    turns: VecDeque<Option<IpAddr>>,
}

impl<T> Queue<T> {
    pub(super) fn of(most: usize) -> Self {
        Self { most, count: 0, waiting: BTreeMap::new(), turns: VecDeque::new() }
    }

    /// Lets something wait; what there is no more room for comes back.
    pub(super) fn push(&mut self, from: Option<IpAddr>, it: T) -> Option<T> {
        let from = from.map(neighbourhood);
        let waiting = self.waiting.entry(from).or_insert_with(|| {
            self.turns.push_back(from);
            VecDeque::new()
        });
        waiting.push_back(it);
        self.count += 1;
        if self.count <= self.most { None } else { self.push_out() }
    }

    /// The newest of whoever has most waiting.
    fn push_out(&mut self) -> Option<T> {
        let most = self.waiting.values_mut().max_by_key(|waiting| waiting.len())?;
        self.count -= 1;
        let out = most.pop_back();
        self.forget_done();
        out
    }

    fn forget_done(&mut self) {
        self.waiting.retain(|_, waiting| !waiting.is_empty());
        self.turns.retain(|from| self.waiting.contains_key(from));
    }

    /// The next one.
    pub(super) fn pop(&mut self) -> Option<T> {
        let from = self.turns.pop_front()?;
        let waiting = self.waiting.get_mut(&from)?;
        let next = waiting.pop_front();
        self.count -= usize::from(next.is_some());
        if waiting.is_empty() {
            self.waiting.remove(&from);
        } else {
            self.turns.push_back(from);
        }
        next
    }
}

/// The addresses that somebody has who has this one.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(wide) => {
            IpAddr::V6(Ipv6Addr::from_bits(wide.to_bits() >> HOSTS_OF_ONE << HOSTS_OF_ONE))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn each_address_has_its_turn_however_many_another_one_has() {
        let mut queue = Queue::of(100);
        for number in 0..50 {
            assert_eq!(queue.push(address("10.0.0.1"), number), None);
        }
        queue.push(address("10.0.0.2"), 100);
        queue.push(None, 200);
        let order: Vec<i32> = std::iter::from_fn(|| queue.pop()).take(5).collect();
        assert_eq!(order, [0, 100, 200, 1, 2]);
    }

    #[test]
    fn a_crowd_gives_way_where_there_is_no_more_room() {
        let mut queue = Queue::of(3);
        for number in 0..3 {
            assert_eq!(queue.push(address("2001:db8::1"), number), None);
        }
        // Its neighbours are the same crowd.
        assert_eq!(queue.push(address("2001:db8::2"), 3), Some(3));
        assert_eq!(queue.push(address("10.0.0.2"), 100), Some(2));
        assert_eq!(queue.push(address("10.0.0.3"), 200), Some(1));
        assert_eq!(std::iter::from_fn(|| queue.pop()).collect::<Vec<_>>(), [0, 100, 200]);
        let mut none = Queue::of(0);
        assert_eq!((none.push(None, 1), none.pop()), (Some(1), None));
        assert!(none.turns.is_empty() && none.waiting.is_empty());
    }

    proptest! {
        #[test]
        fn what_comes_in_comes_out_once(steps: Vec<Option<u8>>) {
            let (mut queue, mut put, mut out) = (Queue::of(8), 0, Vec::new());
            for step in steps {
                match step {
                    Some(from) => {
                        out.extend(queue.push(Some(IpAddr::from([10, 0, 0, from % 4])), put));
                        put += 1;
                    }
                    None => out.extend(queue.pop()),
                }
                prop_assert!(queue.count <= 8);
            }
            out.extend(std::iter::from_fn(|| queue.pop()));
            prop_assert!(queue.count == 0 && queue.waiting.is_empty() && queue.turns.is_empty());
            out.sort_unstable();
            prop_assert_eq!(out, (0..put).collect::<Vec<_>>());
        }
    }
}
