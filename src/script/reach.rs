//! What handlers bind and connect while a node runs, as far as a script says it beforehand.
//!
//! Owns which calls may mean a socket. Never judges them: the checker knows the topology.

use super::survey::{Call, Literal, Survey};

/// What handlers may do with the endpoints of a socket.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Whether they may bind it.
    pub binds: bool,
    /// Whether they may connect it.
    pub connects: bool,
    /// Whether they may bind it where peers from outside this process can come.
    pub binds_outside: bool,
    /// Whether they may connect it to such peers.
    pub connects_outside: bool,
}

impl Survey {
    /// What handlers may do with the endpoints of a socket of that name; `alone` where the node has no
    /// other.
    #[must_use]
    pub fn reach(&self, socket: &str, alone: bool) -> Reach {
        let calls = |name: &'static str| {
            let is_own = self.functions.iter().any(|function| function.name == name);
            let calls = self.calls_of(name).filter(move |_| !is_own);
            calls.filter(move |call| may_mean(call, socket, alone))
        };
        Reach {
            binds: calls("bind").next().is_some(),
            connects: calls("connect").next().is_some(),
            // By a name that is a text a function can be called, too.
            binds_outside: calls("bind").any(goes_outside) || self.has_member("bind"),
            connects_outside: calls("connect").any(goes_outside) || self.has_member("connect"),
        }
    }
}

/// Whether a call may mean a socket of that name. One whose name is computed may mean any.
fn may_mean(call: &Call, socket: &str, alone: bool) -> bool {
    match (call.named_socket(), &call.arguments[..]) {
        (Some(name), _) => name == socket,
        (None, [_]) => alone,
        (None, arguments) => arguments.len() == 2,
    }
}

/// Whether an endpoint may be one that others than this process reach.
fn goes_outside(call: &Call) -> bool {
    let last = call.arguments.last();
    !matches!(last, Some(Some(Literal::Text(endpoint))) if endpoint.starts_with("inproc:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Engine;
    use crate::script::trial::{compiled, script};

    fn survey(text: &str) -> Survey {
        compiled(&Engine::new(), &script(text)).survey().clone()
    }

    #[test]
    fn a_call_means_the_socket_that_it_names_or_the_only_one_or_perhaps_any() {
        for (script, socket, alone, binds, connects) in [
            ("bind(5556)", "a", true, true, false),
            ("bind(5556)", "a", false, false, false),
            ("bind(\"a\", 5556)", "a", false, true, false),
            ("bind(\"b\", 5556)", "a", false, false, false),
            ("let s = param(\"s\"); connect(s, 5556)", "a", false, false, true),
            ("unbind(5556); disconnect(5556)", "a", true, false, false),
        ] {
            let reach = survey(&format!("fn on_start() {{ {script} }}")).reach(socket, alone);
            assert_eq!((reach.binds, reach.connects), (binds, connects), "{script}");
            assert_eq!(
                (reach.binds_outside, reach.connects_outside),
                (binds, connects),
                "{script}"
            );
        }
        let own = survey("fn bind(x) { x } fn on_start() { bind(5556) }").reach("a", true);
        assert!(!own.binds && !own.binds_outside);
        let inside = survey("fn on_start() { bind(\"inproc://a\") }").reach("a", true);
        assert!(inside.binds && !inside.binds_outside);
        let by_text = survey("fn on_start() { call(Fn(\"bind\"), 5556) }").reach("a", true);
        assert!(by_text.binds_outside);
    }
}
