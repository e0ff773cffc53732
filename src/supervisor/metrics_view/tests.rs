use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::task::JoinSet;

use super::*;
use crate::event::events;
use crate::node::NodeHandle;
use crate::supervisor::doubles::{answering, double};
use crate::supervisor::{Haste, Supervisor};
use crate::topology::{Topology, sound};

fn shown(handle: &NodeHandle) -> ShownNode {
    ShownNode {
        instance: Arc::clone(&handle.instance),
        node: handle.node.as_str().into(),
        sockets: Vec::new().into(),
        counters: Arc::clone(&handle.counters),
        bound: Vec::new(),
        control: handle.control.downgrade(),
    }
}

#[test]
fn all_who_look_at_the_same_time_share_one_look_and_none_is_older_than_the_wish() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (emitter, _reader) = events();
        let mut supervisor = Supervisor::new(&Topology::empty(), emitter).unwrap();
        let text = "nodes: {a: {role: pull, bind: 'inproc://a'}}";
        supervisor.start(&sound(text)).await.unwrap();
        let view = supervisor.view();
        let earlier = view.sampled.lock().await;
        let looks = (0..50).map(|_| {
            let view = view.clone();
            tokio::spawn(async move { view.snapshot(Path::new("a.yaml")).await })
        });
        let looks: Vec<_> = looks.collect();
        // All of them wish to look before the look under way is over.
        tokio::task::yield_now().await;
        drop(earlier);
        let mut seen = Vec::new();
        for look in looks {
            seen.push(look.await.unwrap());
        }
        assert!(seen.iter().all(|one| Arc::ptr_eq(one, &seen[0])));
        let one = view.snapshot(Path::new("a.yaml")).await;
        let other = view.snapshot(Path::new("a.yaml")).await;
        assert!(!Arc::ptr_eq(&one, &other), "a look that began before the wish was given");
        supervisor.stop(Haste::Now).await;
    });
}

#[test]
fn a_node_is_asked_once_however_many_look() {
    crate::clock::paused(async {
        let (node, inbox) = double("a", "a", 0, &[]);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        answering(inbox, move |control| {
            let Control::Observe { answer } = control else { return };
            count.fetch_add(1, Relaxed);
            // It takes its time, and who looks meanwhile wishes for a later moment.
            tokio::spawn(async move {
                clock::sleep(PATIENCE / 2).await;
                let status = NodeStatus::Running;
                let _ = answer.send(Observation { status, sockets: Vec::new() });
            });
        });
        let view = View::new(crate::tally::Tally::default());
        view.shown().nodes = vec![shown(&node)];
        let mut looks = JoinSet::new();
        let mut look = |after: Duration| {
            let view = view.clone();
            looks.spawn(async move {
                clock::sleep(after).await;
                view.snapshot(Path::new("a.yaml")).await
            });
        };
        // As over HTTP, by the control socket and by `/readyz`: at one moment, and while the answer
        // to those is waited for.
        (0..20).for_each(|_| look(Duration::ZERO));
        (1..=20).for_each(|after| look(Duration::from_millis(after)));
        let seen = looks.join_all().await;
        assert!(seen.iter().all(|one| one.nodes[0].status == NodeStatus::Running));
        assert_eq!(asked.load(Relaxed), 2, "once for each wish that came too late for the last");
    });
}

#[test]
fn a_node_that_does_not_answer_is_waited_for_a_quarter_of_a_second() {
    crate::clock::paused(async {
        let (busy, _inbox) = double("a", "a", 1, &[]);
        let (gone, _) = double("b", "b", 1, &[]);
        let begun = clock::now();
        let answers = ask(&[shown(&busy), shown(&gone)]).await;
        assert!(matches!(answers["a"], Answer::Late));
        assert!(matches!(answers["b"], Answer::Gone));
        assert_eq!(clock::since(begun), PATIENCE);
    });
}
