//! `FairMQ`'s JSON: devices with channels, each of one or more sockets.
//!
//! Owns the keys of `fairMQOptions` and what they are called here. What they mean is told by `FairMQ`'s
//! `JSONParser.cxx` and `Channel.h`, version 1.9.

use crate::diagnostic::{Code, Diagnostic};
use crate::document::{Mapping, Node as Tree};
use crate::nearest::nearest;
use crate::source::Span;
use crate::zeromq::{Role, Side};

use super::model::{At, End, Node, Socket, Work};
use super::reading::{self, Reading};

/// Keys of a channel or a socket that are read; those of a socket stand before those of its channel.
const KEYS: [&str; 15] = [
    "type",
    "method",
    "address",
    "transport",
    "sndBufSize",
    "rcvBufSize",
    "sndKernelSize",
    "rcvKernelSize",
    "sndTimeoutMs",
    "rcvTimeoutMs",
    "linger",
    "rateLogging",
    "portRangeMin",
    "portRangeMax",
    "autoBind",
];

/// The devices under `fairMQOptions`.
pub(super) fn nodes(place: &Tree, reading: &mut Reading) -> Vec<Node> {
    let Some(options) = reading.mapping(place, "`fairMQOptions`") else { return Vec::new() };
    if options.get("devices").is_none() {
        reading.faults.push(no_devices(options, place.span));
    }
    let mut nodes = Vec::new();
    for entry in &options.entries {
        match &*entry.key.text {
            // FairMQ reads every list of that name, and one device as a list of one.
            "devices" => {
                let devices = Reading::items(&entry.value);
                nodes.extend(devices.iter().filter_map(|device| node(device, reading)));
            }
            other => reading.remarks.push(format!("`{other}` is not read by FairMQ, nor here")),
        }
    }
    nodes
}

fn no_devices(options: &Mapping, place: Span) -> Diagnostic {
    let fault = Diagnostic::new(Code::MissingKey, "`fairMQOptions` has no `devices`");
    let meant =
        options.entries.iter().find(|entry| nearest(&entry.key.text, ["devices"]).is_some());
    match meant {
        Some(entry) => fault.at(entry.key.span, "no key of FairMQ").help("did you mean `devices`?"),
        None => fault.at(place, "of which devices?").help("write `\"devices\": [{\"id\": …}]`"),
    }
}

fn node(device: &Tree, reading: &mut Reading) -> Option<Node> {
    let device = reading.mapping(device, "a device")?;
    let name = device.get("key").or_else(|| device.get("id"));
    let name = name.and_then(|name| reading.text(name, "a device's id")).unwrap_or_default();
    let mut remarks = Vec::new();
    let mut sockets = Vec::new();
    for entry in &device.entries {
        match &*entry.key.text {
            "key" => {}
            "id" if device.get("key").is_none() => {}
            "channels" => {
                let channels = Reading::items(&entry.value);
                sockets.extend(channels.iter().flat_map(|it| channel(it, reading)));
            }
            other => {
                let value = entry.value.as_scalar().map(|it| it.text.to_string());
                let value = value.unwrap_or_else(|| entry.value.describe());
                remarks.push(format!("`{other}: {value}` has no equal here"));
            }
        }
    }
    Some(Node { name, sockets, work: Work::Program, remarks })
}

fn channel(channel: &Tree, reading: &mut Reading) -> Vec<Socket> {
    let Some(channel) = reading.mapping(channel, "a channel") else { return Vec::new() };
    let name = channel.get("name").and_then(|it| reading.text(it, "a channel's name"));
    let name = name.unwrap_or_else(|| "data".to_owned());
    let count = channel.get("numSockets").and_then(|it| reading.integer(it, "`numSockets`"));
    let nothing = Mapping::default();
    let own: Vec<&Mapping> = match (count, channel.get("sockets")) {
        // What stands in `sockets` is not read then.
        (Some(count @ 1..), _) => vec![&nothing; usize::try_from(count.min(1000)).unwrap_or(1)],
        (_, Some(sockets)) => {
            let sockets = Reading::items(sockets).iter();
            sockets.filter_map(|socket| reading.mapping(socket, "a socket")).collect()
        }
        (_, None) => Vec::new(),
    };
    let own = if own.is_empty() { vec![&nothing] } else { own };
    let is_one = own.len() == 1;
    let named = |index: usize| if is_one { name.clone() } else { format!("{name}_{index}") };
    let sockets = own.into_iter().enumerate();
    let sockets =
        sockets.map(|(index, own)| Written { own, channel }.socket(named(index), reading));
    sockets.collect()
}

/// A socket as it is written: its own keys, then those of its channel.
#[derive(Clone, Copy)]
struct Written<'n> {
    own: &'n Mapping,
    channel: &'n Mapping,
}

impl<'n> Written<'n> {
    fn get(self, key: &str) -> Option<&'n Tree> {
        self.own.get(key).or_else(|| self.channel.get(key))
    }

    fn integer(self, key: &str, reading: &mut Reading) -> Option<i64> {
        self.get(key).and_then(|it| reading.integer(it, &format!("`{key}`")))
    }

    fn socket(self, name: String, reading: &mut Reading) -> Socket {
        let mut remarks = Vec::new();
        let role = match self.get("type") {
            Some(word) => reading.role(word).unwrap_or(Role::Pair),
            None => {
                remarks.push(
                    "its type is not given in the file: take another one than pair".to_owned(),
                );
                Role::Pair
            }
        };
        let ends = self.ends(reading, &mut remarks);
        let mut keys = Vec::new();
        let mut options = Vec::new();
        let send = self.integer("sndBufSize", reading);
        let receive = self.integer("rcvBufSize", reading);
        // 1000 is the mark of both, unless it is given.
        keys.extend(high_water_mark(role, send.unwrap_or(1000), receive.unwrap_or(1000)));
        if let Some(millis) = self.integer("linger", reading) {
            match u64::try_from(millis) {
                Ok(millis) => keys.push(("linger", format!("{millis}ms"))),
                Err(_) => {
                    remarks.push("`linger: -1` would keep a run from ending for ever".to_owned())
                }
            }
        }
        for (key, option) in [("sndKernelSize", "sndbuf"), ("rcvKernelSize", "rcvbuf")] {
            if let Some(bytes @ 1..) = self.integer(key, reading) {
                options.push((option, bytes.to_string()));
            }
        }
        if matches!(role, Role::Sub | Role::Xsub) {
            keys.push(("topics", "all".to_owned()));
        }
        self.remark(reading, &mut remarks);
        Socket { name, role, ends, keys, options, remarks }
    }

    /// Where it binds and connects to: several addresses have `,` or, in older files, `;` between them,
    /// and one may say by its first character that it goes the other way.
    fn ends(self, reading: &mut Reading, remarks: &mut Vec<String>) -> Vec<End> {
        let method = self.get("method").and_then(|it| reading.text(it, "`method`"));
        let side = match method.as_deref() {
            Some("bind") => Side::Bind,
            Some("connect") => Side::Connect,
            _ => {
                remarks.push("the file does not say whether it binds or connects".to_owned());
                Side::Connect
            }
        };
        let address = self.get("address").and_then(|it| reading.text(it, "`address`"));
        let address = address.filter(|it| !matches!(&**it, "" | "unspecified"));
        let Some(address) = address else {
            remarks.push("its address is given when it starts".to_owned());
            return vec![End { side, at: At::Unknown }];
        };
        let ends = address.split([',', ';']).filter(|it| !it.trim().is_empty()).map(|one| {
            let one = one.trim();
            match one.split_at_checked(1) {
                Some(("@", rest)) => reading::end(Side::Bind, rest, remarks),
                Some(("+" | ">", rest)) => reading::end(Side::Connect, rest, remarks),
                _ => reading::end(side, one, remarks),
            }
        });
        ends.collect()
    }

    /// What has no equal here.
    fn remark(self, reading: &mut Reading, remarks: &mut Vec<String>) {
        let transport = self.get("transport").and_then(|it| reading.text(it, "`transport`"));
        match transport.as_deref() {
            None | Some("default" | "zeromq") => {}
            Some("shmem") => remarks.push(
                "its messages went through shared memory (`transport: shmem`); here they go \
                 through the endpoint itself"
                    .to_owned(),
            ),
            Some(other) => remarks.push(format!("`transport: {other}` is not ZeroMQ's")),
        }
        for key in ["sndTimeoutMs", "rcvTimeoutMs"] {
            if let Some(millis) = self.integer(key, reading).filter(|millis| *millis != -1) {
                remarks
                    .push(format!("`{key}: {millis}` has no equal: a node waits, and shows that"));
            }
        }
        if self.integer("rateLogging", reading).is_some_and(|seconds| seconds > 0) {
            remarks.push("its rates (`rateLogging`) are shown by `zrig top`".to_owned());
        }
        if self.get("portRangeMin").or_else(|| self.get("portRangeMax")).is_some() {
            remarks.push("no range of ports is tried: bind to `*` for a free one".to_owned());
        }
        let known =
            |key: &str| KEYS.contains(&key) || matches!(key, "name" | "numSockets" | "sockets");
        for entry in self.channel.entries.iter().chain(&self.own.entries) {
            if !known(&entry.key.text) {
                remarks.push(format!("`{}` is not read by FairMQ, nor here", entry.key.text));
            }
        }
    }
}

fn high_water_mark(role: Role, send: i64, receive: i64) -> Option<(&'static str, String)> {
    let marks = match (role.sends(), role.receives()) {
        (true, false) => send.to_string(),
        (false, _) => receive.to_string(),
        (true, true) if send == receive => send.to_string(),
        (true, true) => format!("{{send: {send}, receive: {receive}}}"),
    };
    (marks != "1000").then_some(("hwm", marks))
}
