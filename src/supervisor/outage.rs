//! Nodes that a test lets vanish, and lets come back.
//!
//! Owns how a run goes on without one of its instances, and takes it in again. Never done by a run that
//! is none of a test.

use std::sync::Arc;

use super::actions::Actions;
use super::error::StartError;
use super::running::Supervisor;
use crate::node::Interference;
use crate::plan::Plan;

/// Lets an instance end without a word; whether it ran.
pub(crate) async fn kill(supervisor: &mut Supervisor, instance: &str) -> bool {
    let Some(handle) = supervisor.instances.take(instance) else { return false };
    // One that has ended meanwhile has vanished too.
    let _ = handle.control.send(Interference::Vanish);
    let _ = handle.ended.await;
    supervisor.spawner.has_ended(&handle.instance, None);
    supervisor.baselines.forget(&[Arc::clone(&handle.instance)].into());
    supervisor.show();
    supervisor.announce();
    true
}

/// Makes an instance anew that vanished, links it and starts it; it has nothing of what it had.
pub(crate) async fn revive(supervisor: &mut Supervisor, instance: &str) -> Result<(), StartError> {
    let topology = supervisor.topology.clone();
    let found = topology.nodes.iter().find_map(|spec| {
        let mut instances = spec.instances();
        instances.find(|(name, _)| name == instance).map(|(_, number)| (Arc::clone(spec), number))
    });
    let Some((spec, number)) = found else { return Ok(()) };
    let join = vec![(spec, instance.into(), number)];
    let actions = Actions { join, ..Actions::default() };
    supervisor.take_in(&actions, &Plan::between(&topology, &topology)).await
}
