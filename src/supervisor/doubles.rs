//! Doubles of nodes for tests: what is told is heard, and nothing runs.
//!
//! Owns how one is made. Never used by what runs.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::instances::Instances;
use crate::counters::NodeCounters;
use crate::node::{Control, ControlSender, NodeHandle};

/// What a double hears.
pub(super) type Inbox = mpsc::UnboundedReceiver<Box<Control>>;

/// An instance of a node with so many sockets that is bound to these endpoints, and what it hears.
pub(super) fn double(
    node: &str,
    instance: &str,
    sockets: usize,
    bound: &[(usize, &str, &str)],
) -> (NodeHandle, Inbox) {
    let (control, inbox) = ControlSender::channel();
    let bound =
        bound.iter().map(|(at, given, actual)| (*at, (*given).to_owned(), (*actual).to_owned()));
    let handle = NodeHandle {
        instance: instance.into(),
        node: node.to_owned(),
        control,
        counters: Arc::new(NodeCounters::new(sockets)),
        bound: bound.collect(),
        ended: oneshot::channel().1,
    };
    (handle, inbox)
}

/// A node's name, an instance's, and what that is bound to: the place of the socket, the text of the
/// file and the endpoint.
pub(super) type Double<'d> = (&'d str, &'d str, &'d [(usize, &'d str, &'d str)]);

/// Doubles that hear nothing.
pub(super) fn doubles(those: &[Double<'_>]) -> Instances {
    let mut instances = Instances::default();
    for (node, instance, bound) in those {
        instances.add(double(node, instance, 4, bound).0);
    }
    instances
}

/// Lets a double answer what it is told.
pub(super) fn answering(mut inbox: Inbox, mut answer: impl FnMut(Control) + Send + 'static) {
    tokio::spawn(async move {
        while let Some(control) = inbox.recv().await {
            answer(*control);
        }
    });
}
