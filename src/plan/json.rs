//! A plan as JSON, an object a node.
//!
//! Owns the names of its fields, which other programs read: they are added to, never changed.

use serde_json::{Value, json};

use super::{Instances, NodePlan, Pause, Plan};

impl Plan {
    /// What happens to each node, in order.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let nodes = self.nodes.iter().map(|node| {
            let changes = match node {
                NodePlan::Change { changes, .. } => changes.as_slice(),
                NodePlan::Keep(_) | NodePlan::Add(_) | NodePlan::Remove(_) => &[],
            };
            let Instances { ended, made, .. } = node.instances();
            let made: Vec<String> = made.into_iter().map(|(instance, _)| instance).collect();
            json!({
                "node": node.name(),
                "sign": node.sign(),
                "changes": changes,
                "ends": ended,
                "begins": made,
                "at_risk": node.risk().map(|risk| risk.to_string()),
                "pause": self.pause_of(node.name()).map(Pause::token),
            })
        });
        nodes.collect()
    }
}
