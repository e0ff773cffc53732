"""What benches/compare.py can measure: each work by name, its topology and its traffic."""

JSON = '{"id": 17, "city": "Oslo", "celsius": 4, "tags": ["a", "b"], "ok": true}'
TEXT = "1000 text " + "x" * 90
SIZES = (10, 100, 1024, 65536)
PEERS = ("zrig", "proxy", "sync", "asyncio", "zeromq.js")
# Another implementation of ZeroMQ: a middle by hand in Rust, and one in Python.
OMQ = ("omq", "pyomq")


def pair(a, b, rest, fmt="plain"):
    """A node with the sockets `in` and `out`, both bound."""
    formats = f", format: {fmt}" if a[0] in "ps" else ""
    return f"""nodes:
  middle:
    sockets:
      in: {{role: {a}, bind: 'IN'{formats}}}
      out: {{role: {b}, bind: 'OUT'{formats}}}
    {rest}
"""


# The pair of libzmq's manual page.
SERVER_KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
CURVE = "options: {curve_server: true, curve_secretkey: 'JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6'}"


def hops(a, b, ways, count=3):
    """So many nodes in a row, of which the first and the last lead outside, linked by inproc."""
    nodes = "nodes:\n"
    for n in range(count):
        source = "bind: 'IN'" if n == 0 else f"connect: 'inproc://hop{n}'"
        target = "bind: 'OUT'" if n == count - 1 else f"bind: 'inproc://hop{n + 1}'"
        nodes += (
            f"  hop{n}: {{forward: {ways}, sockets: "
            f"{{in: {{role: {a}, {source}}}, out: {{role: {b}, {target}}}}}}}\n"
        )
    return nodes


class Work:
    """One table row: who competes, what they run, what drives them.

    `drive` is the measuring load, `others` the loads beside it; IN and OUT stand for the endpoints.
    `scale` is how many messages arrived in the middle for each one counted.
    """

    def __init__(self, name, topology, kind, drive, others=(), peers=PEERS, **more):
        self.name, self.topology, self.kind = name, topology, kind
        self.drive, self.others, self.peers = drive, others, peers
        self.transport = more.get("transport", "tcp")
        self.scale = more.get("scale", 1)
        self.one_core = more.get("one_core", False)
        self.variants = more.get("variants", {})
        self.hops = more.get("hops", 1)


# Each forward: its sockets, which way, the measuring load and the one beside it.
FORWARDS = {
    "forward": ("pull", "push", "{in: out}", ["pull", "OUT"], ["push", "IN", "TEXT"]),
    "broker": ("router", "dealer", "[in, out]", ["ask", "IN", "64", "TEXT"], ["echo", "OUT"]),
    "bus": ("xsub", "xpub", "[in, out]", ["sub", "OUT", "1"], ["pub", "IN", "TEXT"]),
}


def forwards():
    for transport in ("tcp", "ipc", "inproc"):
        for size in SIZES:
            for kind, (a, b, ways, drive, other) in FORWARDS.items():
                text = lambda words: [f"size:{size}" if word == "TEXT" else word for word in words]
                inside = transport == "inproc"
                peers = PEERS if kind == "forward" and not inside else PEERS[:4]
                if kind != "bus" and not inside:
                    peers += OMQ
                if kind == "bus" and inside:
                    # The subscription never comes through three hops of pyzmq's asyncio.
                    peers = PEERS[:3]
                yield Work(
                    f"{kind}-{transport}-{size}",
                    hops(a, b, ways) if inside else pair(a, b, f"forward: {ways}"),
                    kind,
                    text(drive),
                    [text(other)],
                    peers,
                    # What is inside one process is driven from outside all the same.
                    transport="tcp" if inside else transport,
                    hops=3 if inside else 1,
                )
    for subscribers in (1, 10, 100):
        yield Work(
            f"fanout-{subscribers}",
            pair("xsub", "xpub", "forward: [in, out]"),
            "bus",
            ["sub", "OUT", str(subscribers)],
            [["pub", "IN", "size:100"]],
            PEERS[:3],
        )


def scripted():
    yield Work(
        "append",
        pair("pull", "push", """on_message: 'if msg.msgid == 1000 { msg.body + "!" }'""", "msgid"),
        "append",
        ["pull", "OUT"],
        [["push", "IN", TEXT]],
        peers=PEERS + OMQ,
    )
    yield Work(
        "json",
        pair("pull", "push", "on_message: 'let m = msg.json; m.celsius += 1; m'"),
        "json",
        ["pull", "OUT"],
        [["push", "IN", JSON]],
        peers=PEERS + OMQ,
    )
    yield Work(
        "filter",
        pair("pull", "push", "on_message: 'if msg.msgid == 1000 { msg }'", "msgid"),
        "filter",
        ["pull", "OUT"],
        [["push", "IN", TEXT, *[TEXT.replace("1000", str(n)) for n in range(1001, 1010)]]],
        peers=("zrig", "sync", "asyncio", "zeromq.js", *OMQ),
        scale=10,
    )
    rep = "nodes:\n  middle: {role: rep, bind: 'IN', on_message: 'msg.text + \"!\"'}\n"
    no_proxy = ("zrig", "sync", "asyncio", "zeromq.js", *OMQ)
    yield Work("rep", rep, "rep", ["ask", "IN", "64", "size:100"], peers=no_proxy)
    yield Work("rep-1", rep, "rep", ["ask", "IN", "1", "size:100"], peers=no_proxy)
    yield Work("trip", rep, "rep", ["trip", "size:100"], peers=no_proxy, one_core=True)


def secured():
    """With CURVE and without, both driven by libzmq."""
    forward = pair("pull", "push", "forward: {in: out}")
    rep = "nodes:\n  middle: {role: rep, bind: 'IN', on_message: msg.text}\n"
    for size in (100, 1024, 65536):
        yield Work(
            f"curve-forward-{size}",
            forward,
            "forward",
            ["secure-pull", "OUT", "KEY"],
            [["secure-push", "IN", "KEY", f"size:{size}"]],
            peers=("zrig", "zrig CURVE", "proxy", "proxy CURVE"),
            variants={"zrig CURVE": forward.replace("plain}", f"plain, {CURVE}}}")},
        )
    yield Work(
        "curve-rep",
        rep,
        "rep",
        ["secure-ask", "IN", "KEY", "64", "size:100"],
        peers=("zrig", "zrig CURVE", "sync", "sync CURVE"),
        variants={"zrig CURVE": rep.replace("'IN',", f"'IN', {CURVE},")},
    )


def replicas(count):
    return f"""nodes:
  split:
    sockets: {{in: {{role: pull, bind: 'IN'}}, out: {{role: push, bind: 'inproc://work'}}}}
    forward: {{in: out}}
  worker:
    sockets: {{in: {{role: pull, connect: split.out}}, out: {{role: push, connect: join.in}}}}
    on_message: 'let m = msg.json; m.celsius += 1; m'
    replicas: {count}
  join:
    sockets: {{in: {{role: pull, bind: 'inproc://done'}}, out: {{role: push, bind: 'OUT'}}}}
    forward: {{in: out}}
"""


def scaling():
    traffic = (["pull", "OUT"], [["push", "IN", "size:100"]])
    chains = {f"{n} nodes": hops("pull", "push", "{in: out}", n) for n in (1, 4, 16)}
    yield Work("chain", None, None, *traffic, peers=tuple(chains), variants=chains)
    workers = {f"{n} replicas": replicas(n) for n in (1, 2, 4)}
    traffic = (["pull", "OUT"], [["push", "IN", JSON]])
    yield Work("replicas", None, None, *traffic, peers=tuple(workers), variants=workers)


# What is tapped, each with messages that a filter can look at.
TAPPED = [
    Work(name, pair("pull", "push", way, "msgid"), None, ["pull", "OUT"], [["push", "IN", TEXT]])
    for name, way in (
        ("a native forward", "forward: {in: out}"),
        ("a handler", "on_message: 'if msg.msgid == 1000 { msg }'"),
    )
]

WORKS = {work.name: work for part in (forwards, scripted, secured, scaling) for work in part()}

# What the floors of docs/performance.md speak of.
FLOORS = ["forward-tcp-100", "broker-tcp-100", "append", "json", "rep", "trip", "replicas"]
