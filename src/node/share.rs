//! How much of the processor the reader of a whole tap takes where nodes want it too.
//!
//! Owns what such a reader may still take, and whether the other threads of this process wait for a processor.
//! Never keeps a reader from going on: it says what would be too much, and the nodes then give it nothing more.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::{Duration, Instant};

use crate::clock;
use crate::script::computed_by_this_thread;

/// How far the thread stands back, in the steps of nice(1): of a processor that a node wants too it gets a third, so
/// that it goes on all the time.
const NICE: i32 = 5;
/// How often it is looked whether others wait.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Others wait where they do it for a tenth of the time that passes, all of them together.
const WAITS_FOR: u32 = 10;
/// How long after somebody waited it is taken that others would again: where only the reader is in their way,
/// nobody waits while it stands back.
const REMEMBERS: Duration = Duration::from_secs(10);
/// Meanwhile the reader takes no more than such a part of one processor.
const PART: u32 = 32;
/// What it may take at once that has taken less for a while. When that is spent it goes on as soon as half of it is
/// there again.
const AT_ONCE: Duration = Duration::from_millis(100);

/// What a reader's thread may take of the processor.
#[derive(Debug)]
pub struct Share {
    /// Nothing where the reader takes what it gets, since nodes wait for it.
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    allowance: Allowance,
    own: OsString,
    /// How long the thread had been at work when this was last looked at.
    worked: Duration,
    /// When it was last looked whether others wait.
    looked: Instant,
    waits: Waits,
}

impl Share {
    /// As much as there is.
    #[must_use]
    pub fn whole() -> Self {
        Self { kept: None }
    }

    /// That of the thread that calls it, which stands back where nodes want its processor too.
    pub(super) fn standing_back() -> Self {
        // A system that refuses lets it go on as the others do.
        let _ = rustix::process::setpriority_process(None, NICE);
        let own = own_name();
        let looked = clock::at_work();
        let waits = Waits::now(&own);
        let allowance = Allowance::full(looked);
        let worked = computed_by_this_thread();
        Self { kept: Some(Kept { allowance, own, worked, looked, waits }) }
    }

    /// Whether more would be too much for now: its thread has taken what it may, and others wait for a processor.
    pub fn is_spent(&mut self) -> bool {
        self.kept.as_mut().is_some_and(Kept::look)
    }
}

impl Kept {
    fn look(&mut self) -> bool {
        let (now, worked) = (clock::at_work(), computed_by_this_thread());
        let passed = now.saturating_duration_since(self.looked);
        if passed >= LOOK_EVERY {
            self.looked = now;
            let waits = Waits::now(&self.own);
            if waits.since(&self.waits) >= passed / WAITS_FOR {
                self.allowance.others_wait(now);
            }
            self.waits = waits;
        }
        let took = worked.saturating_sub(std::mem::replace(&mut self.worked, worked));
        self.allowance.take(now, took)
    }
}

/// What the system calls this thread.
fn own_name() -> OsString {
    let path = fs::read_link("/proc/thread-self").unwrap_or_default();
    path.file_name().map(ToOwned::to_owned).unwrap_or_default()
}

/// What may be taken, by the times that it is told.
#[derive(Debug)]
struct Allowance {
    left: Duration,
    /// What was taken beyond.
    debt: Duration,
    is_spent: bool,
    /// Until when others are taken to wait.
    short_until: Option<Instant>,
    at: Instant,
}

impl Allowance {
    fn full(at: Instant) -> Self {
        Self { left: AT_ONCE, debt: Duration::ZERO, is_spent: false, short_until: None, at }
    }

    fn others_wait(&mut self, now: Instant) {
        self.short_until = Some(now + REMEMBERS);
    }

    /// So much was taken until now; whether that was all for a while.
    fn take(&mut self, now: Instant, took: Duration) -> bool {
        let passed = now.saturating_duration_since(self.at);
        self.at = now;
        if self.short_until.is_none_or(|until| until <= now) {
            *self = Self::full(now);
            return false;
        }
        let sum = self.left + passed / PART;
        let owed = self.debt + took;
        self.left = sum.saturating_sub(owed).min(AT_ONCE);
        self.debt = owed.saturating_sub(sum);
        self.is_spent = if self.is_spent { self.left < AT_ONCE / 2 } else { self.left.is_zero() };
        self.is_spent
    }
}

/// How long each other thread of this process has waited for a processor since it began.
#[derive(Default, Debug)]
struct Waits(BTreeMap<OsString, Duration>);

impl Waits {
    /// Nothing where the system does not tell.
    fn now(own: &OsString) -> Self {
        let Ok(threads) = fs::read_dir("/proc/self/task") else { return Self::default() };
        let others = threads.flatten().filter(|thread| thread.file_name() != *own);
        let waited = others.filter_map(|thread| {
            let told = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            Some((thread.file_name(), waited(&told)?))
        });
        Self(waited.collect())
    }

    /// How long those waited meanwhile that were there before, all together.
    fn since(&self, before: &Self) -> Duration {
        let known = |(thread, waited): (&OsString, &Duration)| {
            Some(waited.saturating_sub(*before.0.get(thread)?))
        };
        self.0.iter().filter_map(known).sum()
    }
}

/// Of the nanoseconds at work, the nanoseconds of waiting and the number of turns that `schedstat` tells.
fn waited(told: &str) -> Option<Duration> {
    told.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn where_nobody_waits_a_reader_takes_what_it_gets() {
        let begun = clock::at_work();
        let mut allowance = Allowance::full(begun);
        for second in 1..100 {
            assert!(!allowance.take(begun + ms(second * 1000), ms(1000)));
        }
    }

    #[test]
    fn where_others_wait_it_takes_a_small_part_and_an_allowance_at_once() {
        let begun = clock::at_work();
        let mut allowance = Allowance::full(begun);
        let (mut took, mut turns, mut rests) = (0, 0, false);
        for passed in 0..8000 {
            let now = begun + ms(passed);
            allowance.others_wait(now);
            let spent = allowance.take(now, ms(u64::from(!rests && passed > 0)));
            took += u64::from(!rests && passed > 0);
            turns += u64::from(rests && !spent);
            rests = spent;
        }
        let wanted = 100 + 8000 / u64::from(PART);
        assert!((wanted - 60..=wanted).contains(&took), "took {took} ms of {wanted}");
        assert!((4..=6).contains(&turns), "went on {turns} times");
    }

    #[test]
    fn what_was_taken_beyond_is_made_up_for() {
        let begun = clock::at_work();
        let mut allowance = Allowance::full(begun);
        allowance.others_wait(begun);
        assert!(allowance.take(begun, ms(200)));
        // It owes 100 ms and goes on with 50.
        let due = 150 * u64::from(PART);
        allowance.others_wait(begun + ms(due));
        assert!(allowance.take(begun + ms(due - 1), ms(0)));
        assert!(!allowance.take(begun + ms(due + 1), ms(0)));
    }

    #[test]
    fn after_others_have_waited_it_stands_back_for_a_while() {
        let begun = clock::at_work();
        let mut allowance = Allowance::full(begun);
        allowance.others_wait(begun);
        assert!(allowance.take(begun + ms(9_999), ms(2000)));
        assert!(!allowance.take(begun + ms(10_000), ms(2000)));
        assert!(!allowance.take(begun + ms(20_000), ms(9000)));
    }

    #[test]
    fn the_system_tells_how_long_others_wait_and_how_long_a_thread_worked() {
        assert_eq!(waited("81 1200000 7\n"), Some(Duration::from_micros(1200)));
        assert_eq!(waited(""), None);
        let before = computed_by_this_thread();
        while computed_by_this_thread() <= before {
            std::hint::black_box(fs::metadata("/").ok());
        }
    }

    #[test]
    fn others_that_were_there_before_are_counted() {
        let waits = |those: &[(&str, u64)]| {
            Waits(
                those
                    .iter()
                    .map(|(thread, waited)| (OsString::from(thread), ms(*waited)))
                    .collect(),
            )
        };
        let before = waits(&[("1", 5), ("2", 7), ("gone", 90)]);
        assert_eq!(waits(&[("1", 8), ("2", 7), ("new", 50)]).since(&before), ms(3));
    }

    #[test]
    fn the_thread_itself_is_no_other() {
        let (tell, stay) = std::sync::mpsc::channel::<()>();
        let (name, named) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            name.send(own_name()).expect("somebody asks");
            stay.recv().expect_err("nothing is said");
        });
        let other_name = named.recv().expect("it has a name");
        let waits = Waits::now(&own_name());
        assert!(waits.0.contains_key(&other_name) && !waits.0.contains_key(&own_name()));
        drop(tell);
        other.join().expect("it ends");
    }
}
