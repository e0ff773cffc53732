//! What is told of a program, to itself and to others: its environment, what it waits for, what it is doing.
//!
//! Owns the answers. Never changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Program, Stage};
use crate::node::state::{MissingLink, NodeState, SocketState};
use crate::snapshot::NodeStatus;
use crate::topology::{ProgramSpec, Ready, variables};
use crate::zeromq::{Endpoint, Side};

impl Program {
    /// What it is told by its environment.
    pub(super) fn environment(&self, program: &ProgramSpec) -> BTreeMap<String, String> {
        let bound = self.bound.iter().map(|(at, _, actual)| (*at, Side::Bind, actual.clone()));
        let connects = self.connects.iter().flatten();
        let connects = connects.map(|(at, endpoint)| (*at, Side::Connect, endpoint.clone()));
        let endpoints: Vec<_> = bound.chain(connects).collect();
        let (instance, replica) = (&self.blueprint.instance, self.blueprint.replica);
        let mut environment = variables(&self.spec, instance, replica, &endpoints);
        environment.extend(program.environment.clone());
        environment
    }

    /// What has to accept connections before it counts as ready.
    pub(super) fn awaited(&self) -> Vec<String> {
        let ready = self.spec.process.as_ref().and_then(|program| program.ready.as_ref());
        match ready {
            None => Vec::new(),
            Some(Ready::Endpoint(endpoint)) => vec![endpoint.as_seen_by_peer().to_string()],
            Some(Ready::Socket(name)) => {
                let Some(place) = self.spec.socket(name) else { return Vec::new() };
                let bound = self.bound.iter().filter(|(at, _, _)| *at == place);
                let seen = bound.map(|(_, _, actual)| {
                    Endpoint::parse(actual, Side::Bind)
                        .map_or_else(|_| actual.clone(), |it| it.as_seen_by_peer().to_string())
                });
                seen.collect()
            }
        }
    }

    /// What whoever waits for it waits for.
    pub(super) fn missing(&self) -> Vec<MissingLink> {
        if self.waiting.is_none() {
            return Vec::new();
        }
        let said = match &self.stage {
            Stage::Alive(_) => {
                let awaited = self.awaited().join(" and ");
                format!("its program is not ready: nothing accepts at {awaited}")
            }
            Stage::Waiting | Stage::Pausing { .. } | Stage::Left | Stage::Ended => {
                "its program does not run".to_owned()
            }
        };
        vec![MissingLink { said, count: 1 }]
    }

    /// What it is doing.
    pub(super) fn status(&self) -> NodeStatus {
        match &self.stage {
            Stage::Ended => NodeStatus::Stopping,
            Stage::Alive(alive) if alive.ending.is_some() => NodeStatus::Stopping,
            Stage::Alive(alive) if alive.is_ready => NodeStatus::Running,
            Stage::Waiting | Stage::Alive(_) => NodeStatus::Attaching,
            Stage::Pausing { .. } => NodeStatus::Resting,
            Stage::Left => NodeStatus::Exited,
        }
    }

    /// What it was told to be, and where its links go.
    pub(super) fn describe(&self) -> NodeState {
        let sockets = self.spec.sockets.iter().enumerate().map(|(place, spec)| {
            let bound = self.bound.iter().filter(|(at, _, _)| *at == place);
            let connects = self.connects.iter().flatten().filter(|(at, _)| *at == place);
            let mark = |mark: u32| i32::try_from(mark).unwrap_or(i32::MAX);
            SocketState {
                spec: spec.clone(),
                bound: bound.map(|(_, given, _)| given.clone()).collect(),
                connected: connects.map(|(_, endpoint)| endpoint.clone()).collect(),
                wanted: BTreeMap::new(),
                hwm: (mark(spec.hwm.send), mark(spec.hwm.receive)),
                linger: spec
                    .linger
                    .map_or(-1, |linger| i32::try_from(linger.as_millis()).unwrap_or(i32::MAX)),
                options: BTreeMap::new(),
            }
        });
        NodeState { spec: Arc::clone(&self.spec), sockets: sockets.collect() }
    }
}
