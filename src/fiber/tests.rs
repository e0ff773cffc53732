use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use super::*;

const STACK: usize = 1 << 20;

/// Runs something on a thread of its own, as a shard does.
fn on_a_thread(test: impl AsyncFnOnce(Rc<Fibers>) + Send + 'static) {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = LocalSet::new();
        runtime.block_on(tasks.run_until(test(Rc::new(Fibers::new(STACK)))));
        runtime.block_on(tasks);
    });
    thread.join().unwrap();
}

fn spawn(
    fibers: &Rc<Fibers>,
    work: impl Future<Output = ()> + 'static,
) -> tokio::task::JoinHandle<()> {
    let fibers = Rc::clone(fibers);
    tokio::task::spawn_local(async move { fibers.run(Box::pin(work)).await })
}

/// Computes for so many turns, and makes way after each.
fn compute(turns: u32) {
    for _ in 0..turns {
        while due(Instant::now()).is_some_and(|due| Instant::now() < due) {
            std::hint::spin_loop();
        }
        pause();
    }
}

#[test]
fn who_computes_long_lets_others_have_their_turn() {
    on_a_thread(async |fibers| {
        let slow = spawn(&fibers, async { compute(300) });
        let mut ticks = 0;
        while !slow.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ticks += 1;
        }
        assert!(ticks >= 10, "{ticks} of 300 turns");
        assert_eq!(fibers.interrupted.get(), 0);
    });
}

#[test]
fn all_who_compute_long_come_to_their_end() {
    on_a_thread(async |fibers| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let works: Vec<_> = (1..=10)
            .rev()
            .map(|length| {
                let order = Rc::clone(&order);
                spawn(&fibers, async move {
                    compute(20 * length);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    compute(5);
                    order.borrow_mut().push(length);
                })
            })
            .collect();
        for work in works {
            work.await.unwrap();
        }
        assert_eq!(order.borrow().len(), 10);
        assert_eq!(order.borrow()[0], 1, "the shortest waits for none of the longer ones");
        assert!(fibers.idle.borrow().len() <= KEPT);
    });
}

#[test]
fn beyond_the_last_stack_nobody_is_interrupted_and_all_come_to_their_end() {
    on_a_thread(async |fibers| {
        let works: Vec<_> =
            (0..INTERRUPTED_MOST + 10).map(|_| spawn(&fibers, async { compute(3) })).collect();
        for work in works {
            work.await.unwrap();
        }
        assert_eq!(fibers.interrupted.get(), 0);
    });
}

#[test]
fn a_panic_ends_its_own_work_alone() {
    on_a_thread(async |fibers| {
        let slow = spawn(&fibers, async { compute(50) });
        let broken = spawn(&fibers, async {
            compute(5);
            std::panic::resume_unwind(Box::new("broken"));
        });
        assert!(broken.await.unwrap_err().is_panic());
        slow.await.unwrap();
        assert_eq!(fibers.interrupted.get(), 0);
        pause();
        assert!(due(Instant::now()).is_none(), "nobody is interrupted outside");
    });
}

#[test]
fn where_there_is_no_room_for_a_stack_work_is_done_without() {
    on_a_thread(async |_| {
        let fibers = Rc::new(Fibers::new(usize::MAX / 4));
        let done = spawn(&fibers, async { compute(5) });
        done.await.unwrap();
    });
}

#[test]
fn what_is_dropped_in_the_middle_stays_behind() {
    on_a_thread(async |fibers| {
        let slow = spawn(&fibers, async { compute(u32::MAX) });
        while fibers.interrupted.get() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        slow.abort();
        assert!(slow.await.unwrap_err().is_cancelled());
    });
}
