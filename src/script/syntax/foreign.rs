//! Names that Python, JavaScript and others have for what handlers call otherwise.
//!
//! Owns these names. Never looks at a script.

/// What is meant by a name of another language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meant {
    /// What to write.
    pub help: &'static str,
    /// What to write in its place, where that is all.
    pub instead: Option<&'static str>,
}

const fn named(instead: &'static str, help: &'static str) -> Meant {
    Meant { help, instead: Some(instead) }
}

const fn other(help: &'static str) -> Meant {
    Meant { help, instead: None }
}

/// What a function's name means that there is not here; `on_value` is one behind a dot.
#[must_use]
pub fn function(name: &str, on_value: bool) -> Option<Meant> {
    let list = if on_value { METHODS } else { FUNCTIONS };
    list.iter().find(|(known, _)| *known == name).map(|(_, meant)| *meant)
}

/// What a variable's name means that there is not here.
#[must_use]
pub fn variable(name: &str) -> Option<Meant> {
    VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, meant)| *meant)
}

const FUNCTIONS: &[(&str, Meant)] = &[
    ("emit", named("send", "write `send(v)`: it sends on the node's socket")),
    ("write", named("send", "write `send(v)`: it sends on the node's socket")),
    ("respond", other("write `reply(msg, v)`, or return the answer from the handler")),
    ("answer", other("write `reply(msg, v)`, or return the answer from the handler")),
    ("recv", other("nothing is fetched: every message calls `on_message(msg)`")),
    ("receive", other("nothing is fetched: every message calls `on_message(msg)`")),
    (
        "poll",
        other(
            "nothing is polled: every message calls `on_message(msg)`, `every` calls `on_tick()`",
        ),
    ),
    ("input", other("write `read: {file: \"-\"}` in the node: each line calls `on_line(line)`")),
    (
        "open",
        other(
            "write `read: {file: PATH}` in the node to read lines, `write: {file: PATH}` to write them",
        ),
    ),
    ("str", other("write `x.to_string()`, or put it in a text: `${x}` between backquotes")),
    ("String", other("write `x.to_string()`, or put it in a text: `${x}` between backquotes")),
    ("repr", other("write `x.to_debug()`")),
    ("int", named("parse_int", "write `parse_int(text)` for a text, `x.to_int()` for a number")),
    ("parseInt", named("parse_int", "write `parse_int(text)`")),
    (
        "float",
        named("parse_float", "write `parse_float(text)` for a text, `x.to_float()` for a number"),
    ),
    ("parseFloat", named("parse_float", "write `parse_float(text)`")),
    ("Number", named("parse_float", "write `parse_int(text)` or `parse_float(text)`")),
    ("bool", other("compare it: `x == \"true\"`, `x != 0`")),
    ("list", other("an array is written `[1, 2]`")),
    ("dict", other("a map is written `#{a: 1}`")),
    (
        "set",
        other("keep them as keys of a map: `this.seen[key] = true`, and ask `key in this.seen`"),
    ),
    ("sum", other("write `list.reduce(|sum, x| sum + x, 0)`")),
    ("sorted", other("write `list.sort()` first: it sorts the list itself")),
    ("enumerate", other("write `for (item, i) in list { … }`")),
    ("isinstance", other("write `type_of(x) == \"string\"`")),
    ("typeof", named("type_of", "write `type_of(x)`")),
    ("bytes", other("write `text.to_blob()`")),
    ("ord", other("write `character.to_int()`")),
    ("chr", other("write `to_char(number)`")),
    ("time", named("now", "write `now()`: seconds since 1970; `elapsed()` since the start")),
    (
        "timestamp",
        other("write `now()` for seconds since 1970, `elapsed()` for seconds since the start"),
    ),
    ("info", other("write `log(\"info\", text)` or `print(text)`")),
    ("warn", other("write `log(\"warn\", text)`")),
    ("error", other("write `log(\"error\", text)`, or `throw text` to have the handler fail")),
    ("println", named("print", "write `print(text)`")),
    ("printf", named("print", "write `print(text)`, with `${x}` between backquotes")),
    ("echo", named("print", "write `print(text)`")),
    ("setTimeout", other("write `after(\"1s\", \"name\")`; it calls `on_timer(name)` then")),
    ("setInterval", other("write `timers: {name: 1s}` in the node; it calls `on_timer(name)`")),
    ("quit", named("exit", "write `stop()` to end the topology, `return` to end the handler")),
    ("getenv", other("write `params: {x: ${NAME}}` in the node, and read `param(\"x\")`")),
    ("randint", named("random", "write `random(low, high)`")),
    ("pow", other("write `x ** y`")),
    ("assert", other("write `if !(…) { throw \"…\" }`")),
    ("any", other("write `list.some(|x| x > 2)`")),
    ("zip", other("go through positions: `for i in 0..a.len() { … a[i] … b[i] … }`")),
    ("reversed", other("write `list.reverse()` first: it turns the list itself round")),
    ("hasattr", other("write `name in map`")),
    ("getattr", other("write `map[name]`")),
    ("divmod", other("write `x / y` and `x % y`")),
    ("hex", other("write `format(number, \"x\")`, or `blob.to_hex()`")),
    ("Error", other("what is thrown is a value: `throw \"what went wrong\"`")),
    ("Exception", other("what is thrown is a value: `throw \"what went wrong\"`")),
    ("ValueError", other("what is thrown is a value: `throw \"what went wrong\"`")),
    ("RuntimeError", other("what is thrown is a value: `throw \"what went wrong\"`")),
    (
        "require",
        other("write `import \"name\" as name;` at the top of a script, for a file `name.rhai`"),
    ),
    ("wait", other("write `after(\"1s\", \"name\")`; it calls `on_timer(name)` then")),
    ("md5sum", named("md5", "write `md5(v).to_hex()`")),
];

const METHODS: &[(&str, Meant)] = &[
    ("upper", named("to_upper", "write `text.to_upper()`")),
    ("toUpperCase", named("to_upper", "write `text.to_upper()`")),
    ("lower", named("to_lower", "write `text.to_lower()`")),
    ("toLowerCase", named("to_lower", "write `text.to_lower()`")),
    (
        "strip",
        other("write `text.trim()`: it changes the text itself, so keep it in a variable first"),
    ),
    ("startswith", named("starts_with", "write `text.starts_with(\"…\")`")),
    ("startsWith", named("starts_with", "write `text.starts_with(\"…\")`")),
    ("endswith", named("ends_with", "write `text.ends_with(\"…\")`")),
    ("endsWith", named("ends_with", "write `text.ends_with(\"…\")`")),
    ("toString", named("to_string", "write `x.to_string()`")),
    ("toFixed", other("write `format(x, \".2\")` for two decimals")),
    (
        "join",
        other(
            "write `list.reduce(|text, x| if text == \"\" { x } else { text + \",\" + x }, \"\")`",
        ),
    ),
    ("length", named("len", "write `x.len()`")),
    ("size", named("len", "write `x.len()`")),
    ("count", named("len", "write `x.len()` for how many there are")),
    ("has", named("contains", "write `x.contains(key)` or `key in x`")),
    ("has_key", named("contains", "write `x.contains(key)` or `key in x`")),
    ("includes", named("contains", "write `x.contains(item)` or `item in x`")),
    ("items", other("write `for key in map.keys() { … map[key] … }`")),
    ("entries", other("write `for key in map.keys() { … map[key] … }`")),
    ("decode", other("write `blob.as_string()`; a message has `msg.text`")),
    ("encode", other("write `text.to_blob()`")),
    ("dumps", other("write `x.to_json()`, or send the map itself: it goes out as JSON")),
    ("stringify", other("write `x.to_json()`, or send the map itself: it goes out as JSON")),
    ("loads", other("write `parse_json(text)`; a message has `msg.json`")),
    ("forEach", named("for_each", "write `for item in list { … }`")),
    ("add", named("push", "write `list.push(item)`")),
    ("extend", named("append", "write `list.append(others)`")),
    ("update", named("mixin", "write `map.mixin(others)`")),
    ("setdefault", other("write `map[key] = map[key] ?? value`")),
    ("substring", other("write `text.sub_string(from, length)`")),
    ("substr", named("sub_string", "write `text.sub_string(from, length)`")),
    (
        "slice",
        other(
            "write `list.extract(from, length)` for an array or a blob, \
             `text.sub_string(from, length)` for a text",
        ),
    ),
    ("concat", other("write `a + b`")),
    ("lstrip", other("write `text.trim()`, which changes the text itself")),
    ("rstrip", other("write `text.trim()`, which changes the text itself")),
    ("isdigit", other("write `text.matches(\"^[0-9]+$\")`")),
    ("test", other("write `text.matches(pattern)`")),
    ("discard", named("remove", "write `map.remove(key)`")),
    ("delete", named("remove", "write `map.remove(key)`")),
    ("hexdigest", other("write `sha256(v).to_hex()`")),
    ("send_string", other("write `send(text)`: handlers have no sockets, the node sends for them")),
    ("send_json", other("write `send(map)`: a map goes out as JSON")),
    ("send_multipart", other("write `send([first, second])`: an array is one frame an element")),
    (
        "recv_string",
        other("nothing is fetched: every message calls `on_message(msg)`; read `msg.text`"),
    ),
    (
        "recv_json",
        other("nothing is fetched: every message calls `on_message(msg)`; read `msg.json`"),
    ),
];

const VARIABLES: &[(&str, Meant)] = &[
    ("None", named("()", "write `()`: it is what there is where there is nothing")),
    ("True", named("true", "write `true`")),
    ("False", named("false", "write `false`")),
    ("NaN", other("divide: `0.0 / 0.0`")),
    ("self", named("this", "write `this`: the state of the node, a map")),
    ("state", named("this", "write `this`: the state of the node, a map")),
    ("pass", other("leave the block empty: `{}`")),
    ("message", named("msg", "write `msg`: the message that came")),
    ("request", named("msg", "write `msg`: the message that came")),
    ("data", other("write `msg.body`, `msg.text` or `msg.json`")),
    ("print", other("write `print(text)`")),
    (
        "json",
        other(
            "JSON needs no module: `msg.json`, `parse_json(text)`, `x.to_json()`; a map is sent as JSON",
        ),
    ),
    (
        "JSON",
        other(
            "JSON needs no module: `msg.json`, `parse_json(text)`, `x.to_json()`; a map is sent as JSON",
        ),
    ),
    ("math", other("numbers need no module: `x.floor()`, `x.sqrt()`, `x.sin()`, `x.abs()`")),
    ("Math", other("numbers need no module: `x.floor()`, `x.sqrt()`, `x.sin()`, `x.abs()`")),
    ("console", other("write `print(text)` or `log(level, text)`")),
    ("logging", other("write `print(text)` or `log(level, text)`")),
    ("logger", other("write `print(text)` or `log(level, text)`")),
    (
        "time",
        other(
            "write `now()` for seconds since 1970, and `after(\"1s\", \"name\")` to be called later",
        ),
    ),
    ("datetime", other("write `time_text(now())` for a text, `parse_time(text)` for seconds")),
    ("Date", other("write `now()` for seconds since 1970, `time_text(now())` for a text")),
    ("random", other("write `random()`, `random(low, high)` or `pick(list)`")),
    (
        "re",
        other(
            "write `text.matches(pattern)`, `text.captures(pattern)`, `text.replace_all(pattern, by)`",
        ),
    ),
    ("os", other("write `params: {x: ${NAME}}` in the node, and read `param(\"x\")`")),
    ("sys", other("write `params: {x: …}` in the node, and read `param(\"x\")`")),
    ("zmq", other("handlers have no sockets: the file declares them, and `send(v)` sends")),
    ("socket", other("handlers have no sockets: `send(v)` sends, or `send_to(\"NAME\", v)`")),
    ("sock", other("handlers have no sockets: `send(v)` sends, or `send_to(\"NAME\", v)`")),
    ("hashlib", other("hashes need no module: `sha256(v).to_hex()`")),
    ("base64", other("write `v.to_base64()` or `from_base64(text)`")),
    ("struct", other("write `pack(format, values)` or `unpack(format, blob)`")),
    ("zlib", other("write `compress(v, \"zlib\")` or `decompress(blob, \"zlib\")`")),
    ("csv", other("write `parse_csv(text)` or `to_csv(array)`")),
    ("uuid", other("write `uuid()`")),
    ("params", other("write `param(\"name\")`")),
    ("config", other("write `param(\"name\")` for what stands under `params` in the node")),
    ("env", other("write `params: {x: ${NAME}}` in the node, and read `param(\"x\")`")),
    ("process", other("write `params: {x: ${NAME}}` in the node, and read `param(\"x\")`")),
    ("asyncio", other("nothing waits: what comes later calls a handler, such as `on_timer`")),
    ("threading", other("nothing waits: what comes later calls a handler, such as `on_timer`")),
    ("Object", other("a map has `map.keys()` and `map.values()`")),
];
