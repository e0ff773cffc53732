//! The instances that run, and telling them something.
//!
//! Owns their handles: a node ends when its handle is gone. Never decides what an instance is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::node::{Bound, Control, NodeHandle};

/// The handles of all instances, by name.
#[derive(Default, Debug)]
pub(super) struct Instances(BTreeMap<Arc<str>, NodeHandle>);

impl Instances {
    /// Every one, in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = &NodeHandle> + Clone {
        self.0.values()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, instance: &str) -> Option<&NodeHandle> {
        self.0.get(instance)
    }

    /// Takes one in that has been made.
    pub(super) fn add(&mut self, handle: NodeHandle) {
        self.0.insert(Arc::clone(&handle.instance), handle);
    }

    /// Gives one away that is to end.
    pub(super) fn take(&mut self, instance: &str) -> Option<NodeHandle> {
        self.0.remove(instance)
    }

    /// Notes what one is bound to from now on.
    pub(super) fn bind(&mut self, instance: &str, bound: Bound) {
        if let Some(handle) = self.0.get_mut(instance) {
            handle.bound = bound;
        }
    }

    /// Tells one something. That it has ended is noticed by the step that needs it.
    pub(super) fn tell(&self, instance: &str, control: impl Into<Control>) {
        if let Some(handle) = self.get(instance) {
            let _ = handle.control.send(control);
        }
    }

    /// Asks one something; the answer fails where it has ended.
    pub(super) fn ask<A, C: Into<Control>>(
        &self,
        instance: &str,
        question: impl FnOnce(oneshot::Sender<A>) -> C,
    ) -> oneshot::Receiver<A> {
        let (answer, answered) = oneshot::channel();
        self.tell(instance, question(answer));
        answered
    }

    /// Asks all that fit at once, and waits for all of them together; an answer is none where an
    /// instance has ended meanwhile.
    pub(super) async fn ask_all<A, C: Into<Control>>(
        &self,
        fits: impl Fn(&NodeHandle) -> bool,
        question: impl Fn(oneshot::Sender<A>) -> C,
    ) -> Vec<(&NodeHandle, Option<A>)> {
        let fitting = self.iter().filter(|handle| fits(handle));
        let asked: Vec<_> =
            fitting.map(|handle| (handle, self.ask(&handle.instance, &question))).collect();
        let mut answers = Vec::with_capacity(asked.len());
        for (handle, answered) in asked {
            answers.push((handle, answered.await.ok()));
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::SocketControl;
    use crate::supervisor::doubles::double;

    #[test]
    fn all_that_fit_are_asked_before_the_first_is_waited_for() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut instances = Instances::default();
            let (one, mut first) = double("a", "a.1", 1, &[]);
            let (two, second) = double("a", "a.2", 1, &[]);
            let (other, mut third) = double("b", "b", 1, &[]);
            [one, two, other].into_iter().for_each(|handle| instances.add(handle));
            // One has ended.
            drop(second);
            let answering = async {
                let Some(control) = first.recv().await else { panic!("it ended") };
                let Control::Sockets(SocketControl::Missing { answer }) = *control else {
                    panic!("something else")
                };
                answer.send(Vec::new()).unwrap();
            };
            let asked = instances
                .ask_all(|handle| handle.node == "a", |answer| SocketControl::Missing { answer });
            let (answers, ()) = tokio::join!(asked, answering);
            let answers: Vec<_> =
                answers.into_iter().map(|(one, answer)| (&*one.instance, answer)).collect();
            assert_eq!(answers, [("a.1", Some(Vec::new())), ("a.2", None)]);
            assert!(third.try_recv().is_err(), "who does not fit is not asked");
        });
    }
}
