//! Making a node that a program drives, as far as it can be made before the program: its ports, and the
//! search for the program.
//!
//! Owns what of it can be tried beforehand. Never starts anything.

use super::located::locate;
use crate::node::blueprint::{Blueprint, NodeError};
use crate::node::rehearsal::Claim;
use crate::node::state::Bound;

impl Blueprint {
    /// What the sockets of a program bind, with the ports that are chosen for it.
    pub(super) fn program_bound(&self) -> Result<Bound, NodeError> {
        let mut bound = Bound::new();
        for (place, socket) in self.spec.sockets.iter().enumerate() {
            for endpoint in socket.binds() {
                let actual = self.ports.actual(&self.instance, &socket.name, endpoint);
                let failed = |error: std::io::Error| {
                    NodeError::Program(format!("there is no port for {}: {error}", socket.name))
                };
                bound.push((place, endpoint.to_string(), actual.map_err(failed)?));
            }
        }
        Ok(bound)
    }

    /// Tries what making the node could fail at, and tells what its program will bind.
    pub(in crate::node) fn rehearse_program(&self) -> Result<Vec<Claim>, NodeError> {
        if let Some(program) = &self.spec.process {
            locate(program).map_err(|why| NodeError::Program(why.to_string()))?;
        }
        let mut claims = Vec::new();
        for socket in &self.spec.sockets {
            for endpoint in socket.binds().filter(|endpoint| !endpoint.is_wildcard()) {
                claims.extend(self.claim(socket, endpoint)?);
            }
        }
        Ok(claims)
    }
}
