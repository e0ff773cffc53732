//! What a program is told by its environment: its sockets with their endpoints, its name and number.
//!
//! Owns the variables. No secret is in them: of a secret key the place of its file is told. Pure.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::curve::{CurveRole, CurveSpec};
use super::spec::{Filter, NodeSpec, SocketSpec};
use crate::zeromq::{OptionValue, Side};

/// What every variable begins with that a program is given by zrig.
pub const OWN_VARIABLES: &str = "ZRIG_";

/// The variable that tells a program of a socket: `ZRIG_SOCKET_JOBS`.
#[must_use]
pub fn socket_variable(socket: &str) -> String {
    format!("{OWN_VARIABLES}SOCKET_{}", socket.to_uppercase().replace('-', "_"))
}

/// The variables that zrig gives a copy of a program, whose sockets have these endpoints: place of the
/// socket, side and endpoint.
#[must_use]
pub fn variables(
    node: &NodeSpec,
    instance: &str,
    replica: u32,
    endpoints: &[(usize, Side, String)],
) -> BTreeMap<String, String> {
    let of = |place: usize| {
        endpoints.iter().filter(move |(at, _, _)| *at == place).map(|(_, _, text)| text.as_str())
    };
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut all = Map::new();
    for (place, socket) in node.sockets.iter().enumerate() {
        let joined = of(place).collect::<Vec<_>>().join(" ");
        variables.insert(socket_variable(&socket.name), joined);
        let of_side = |side: Side| {
            let mine = endpoints.iter().filter(|(at, of, _)| *at == place && *of == side);
            mine.map(|(_, _, endpoint)| endpoint.clone()).collect::<Vec<_>>()
        };
        let mut told = about(node, socket, instance, replica);
        told.insert("bind".to_owned(), json!(of_side(Side::Bind)));
        told.insert("connect".to_owned(), json!(of_side(Side::Connect)));
        all.insert(socket.name.clone(), Value::Object(told));
    }
    variables.insert("ZRIG_NODE".to_owned(), node.name.clone());
    variables.insert("ZRIG_REPLICA".to_owned(), replica.to_string());
    variables.insert("ZRIG_SOCKETS".to_owned(), Value::Object(all).to_string());
    variables
}

/// What a program is told of a socket, its endpoints apart. No secret is in it.
fn about(node: &NodeSpec, socket: &SocketSpec, instance: &str, replica: u32) -> Map<String, Value> {
    let mut told = Map::new();
    let mut tell = |key: &str, value: Value| told.insert(key.to_owned(), value);
    tell("role", json!(socket.role.word()));
    tell("hwm", json!({"send": socket.hwm.send, "receive": socket.hwm.receive}));
    tell("linger", socket.linger.map_or(json!(-1), |linger| json!(millis(linger))));
    tell("format", json!(socket.format.word()));
    if socket.role.filters() {
        let filters = socket.filters.iter().map(filter_value).collect::<Vec<_>>();
        tell("filters", json!(filters));
    }
    if socket.role.publishes() {
        tell("msgid", json!(socket.msgid));
    }
    if let Some(identity) = socket.identity_of(instance, replica) {
        tell("identity", json!(String::from_utf8_lossy(&identity)));
    }
    let options = socket.options.iter().filter_map(|(name, value)| {
        let value = match value {
            OptionValue::Int(number) => json!(number),
            OptionValue::Long(number) => json!(number),
            OptionValue::Bytes(bytes) => json!(String::from_utf8_lossy(bytes)),
            OptionValue::Secret(_) => return None,
        };
        Some((name.0.to_owned(), value))
    });
    tell("options", Value::Object(options.collect()));
    if let Some((curve, keys)) =
        socket.curve.as_ref().zip(node.process.as_ref().and_then(|program| program.keys.as_ref()))
    {
        tell("curve", curve_value(curve, keys, &node.name));
    }
    told
}

/// What a subscriber asks for: the bytes to subscribe to.
fn filter_value(filter: &Filter) -> Value {
    json!(String::from_utf8_lossy(&filter.prefix()))
}

/// Where the keys lie. A public key is told itself, a secret one by its file alone.
fn curve_value(curve: &CurveSpec, keys: &Path, node: &str) -> Value {
    let role = |side| match curve.role_at(side) {
        CurveRole::Server => "server",
        CurveRole::Client => "client",
    };
    let servers =
        curve.servers.iter().map(|(endpoint, key)| (endpoint.clone(), json!(key.to_string())));
    json!({
        "bind": role(Side::Bind),
        "connect": role(Side::Connect),
        "public_key": curve.own.public().to_string(),
        "secret_key_file": keys.join(format!("{node}.key_secret")),
        "allow_folder": keys.join("allow"),
        "servers": servers.collect::<Map<_, _>>(),
        "server": curve.server.as_ref().map(ToString::to_string),
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::sound;

    const FILE: &str = "
nodes:
  worker:
    process: {command: [worker]}
    replicas: 2
    sockets:
      jobs: {role: pull, connect: ['tcp://127.0.0.1:5', 'tcp://127.0.0.1:6'], hwm: 7}
      news: {role: sub, connect: 7, msgids: [1000], topics: [a], linger: -1}
      talk: {role: dealer, bind: 'tcp://127.0.0.1:*', identity: 'w-${replica}',
             options: {reconnect_ivl: 50ms, curve_secretkey: 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs'}}
";

    #[test]
    fn a_program_is_told_its_endpoints_and_settings_and_no_secret() {
        let topology = sound(FILE);
        let endpoints = [
            (0, Side::Connect, "tcp://127.0.0.1:5".to_owned()),
            (0, Side::Connect, "tcp://127.0.0.1:6".to_owned()),
            (1, Side::Connect, "tcp://127.0.0.1:7".to_owned()),
            (2, Side::Bind, "tcp://127.0.0.1:4711".to_owned()),
        ];
        let told = variables(&topology.nodes[0], "worker.2", 2, &endpoints);
        assert_eq!(told["ZRIG_SOCKET_JOBS"], "tcp://127.0.0.1:5 tcp://127.0.0.1:6");
        assert_eq!(told["ZRIG_SOCKET_TALK"], "tcp://127.0.0.1:4711");
        assert_eq!((&*told["ZRIG_NODE"], &*told["ZRIG_REPLICA"]), ("worker", "2"));
        let all: Value = serde_json::from_str(&told["ZRIG_SOCKETS"]).unwrap();
        assert_eq!(all["jobs"]["role"], "pull");
        assert_eq!(all["jobs"]["bind"], json!([]));
        assert_eq!(all["jobs"]["hwm"], json!({"send": 7, "receive": 7}));
        assert_eq!(all["news"]["filters"], json!(["1000 ", "a"]));
        assert_eq!(all["news"]["linger"], -1);
        assert_eq!(all["talk"]["identity"], "w-worker.2");
        assert_eq!(all["talk"]["options"], json!({"reconnect_ivl": 50}));
        assert!(!told.values().any(|value| value.contains("D:)Q")), "a secret key");
    }
}
