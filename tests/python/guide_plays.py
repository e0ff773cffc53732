"""What each program of the ZeroMQ guide plays beside topologies/guide/, and what it needs on today's Python.

Only what is known; guide.py carries it out.
"""

import re
from dataclasses import dataclass, field

# What a file of the guide needs on today's Python: words for the table, and what is replaced by what.
PRINT = "print is a function"
STRINGS = "texts are bytes, as in Python 2"
XRANGE = "xrange is range"

# Imported by a program whose texts were bytes: what is sent is encoded, what is received decoded.
BYTES = """import zmq as _zmq
def _out(value): return value.encode("latin-1") if isinstance(value, str) else value
def _in(value): return value.decode("latin-1") if isinstance(value, bytes) else value
def _wrap(name, make): setattr(_zmq.Socket, name, make(getattr(_zmq.Socket, name)))
_wrap("send", lambda f: lambda self, data, *a, **k: f(self, _out(data), *a, **k))
_wrap("recv", lambda f: lambda self, *a, **k: _in(f(self, *a, **k)))
_wrap("send_multipart", lambda f: lambda self, parts, *a, **k: f(self, [_out(p) for p in parts], *a, **k))
_wrap("recv_multipart", lambda f: lambda self, *a, **k: [_in(p) for p in f(self, *a, **k)])
_wrap("set", lambda f: lambda self, option, value: f(self, option, _out(value)))
_wrap("setsockopt", lambda f: lambda self, option, value: f(self, option, _out(value)))
"""

# Runs some functions of a program in the place of all of it, each in a thread.
PARTS = """import ast, sys, threading
path, before, calls = sys.argv[1], sys.argv[2], sys.argv[3:]
sys.path.insert(0, path.rpartition("/")[0])
kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
tree = ast.parse(open(path).read())
tree.body = [n for n in tree.body if isinstance(n, kept)
             or isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant)]
names = {"__name__": "part", "__file__": path}
exec(compile(tree, path, "exec"), names)
exec(before, names)
threads = [threading.Thread(target=lambda call=call: eval(call, names)) for call in calls]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def python_3_prints(text):
    """`print` as a function, also where its line goes on."""
    lines, out = iter(text.splitlines()), []
    for line in lines:
        found = re.match(r"(\s*)print (?![=(])(.*)", line)
        if found:
            statement = found[2]
            while statement.endswith("\\") or statement.count("(") > statement.count(")"):
                statement += "\n" + next(lines)
            line = f"{found[1]}print({statement})"
        out.append(line)
    return "\n".join(out) + "\n"


@dataclass
class Mend:
    """What is changed in one file of the guide."""

    words: list
    replaced: list = field(default_factory=list)

    def apply(self, text):
        if PRINT in self.words:
            text = python_3_prints(text)
        if XRANGE in self.words:
            text = text.replace("xrange(", "range(")
        for old, new in self.replaced:
            if old not in text:
                raise SystemExit(f"the guide has changed: there is no {old!r} any more")
            text = text.replace(old, new)
        if STRINGS in self.words:
            text = "import guide_bytes\n" + text
        return text


OLD = [PRINT, STRINGS]
MENDS = {
    "asyncrrhandlers": Mend(
        [*OLD, XRANGE, "`_stop` is a name of Thread's own"], [("self._stop", "self._halt")]
    ),
    "bstar": Mend(["PeriodicCallback takes no loop"], [("HEARTBEAT, self.loop)", "HEARTBEAT)")]),
    "bstarsrv": Mend(
        ["a state is sent as bytes"],
        [('statepub.send("%d" % fsm.state)', 'statepub.send_string("%d" % fsm.state)')],
    ),
    "clonecli1": Mend(OLD),
    "clonecli2": Mend(OLD),
    "clonecli3": Mend(OLD),
    "clonecli4": Mend(OLD),
    "clonecli5": Mend(
        ["keys and values are bytes"],
        [
            ('["ICANHAZ?",', '[b"ICANHAZ?",'),
            ('SUBTREE + b"%d"', 'SUBTREE.encode() + b"%d"'),
            ("= random.randint(0,30)", '= b"%d" % random.randint(0,30)'),
        ],
    ),
    "clonesrv1": Mend(OLD),
    "clonesrv2": Mend(OLD),
    "clonesrv3": Mend(OLD),
    "clonesrv4": Mend(OLD),
    "dechat": Mend(["netifaces is replaced by a stand-in that knows lo alone"]),
    "flcliapi": Mend(
        [*OLD, "a PONG is no number"],
        [("int(sequence) == self.sequence", "sequence == str(self.sequence)")],
    ),
    "flclient1": Mend([*OLD, XRANGE]),
    "flclient2": Mend([*OLD, XRANGE]),
    "flclient3": Mend(OLD),
    "flserver1": Mend(OLD),
    "flserver2": Mend(OLD),
    "flserver3": Mend(OLD),
    "kvsimple": Mend(
        OLD,
        [
            ("struct.unpack('!l',seq_s)", "struct.unpack('!l',seq_s.encode('latin-1'))"),
            ("print(>> sys.stderr, ", "print("),
        ],
    ),
    "lvcache": Mend(["connect takes no *"], [('connect("tcp://*:', 'connect("tcp://localhost:')]),
    "pathopub": Mend([PRINT]),
    "pathosub": Mend([PRINT]),
    "wuproxy": Mend(
        ["the addresses of its author's network"],
        [("tcp://192.168.55.210:", "tcp://localhost:"), ("tcp://10.1.1.0:", "tcp://*:")],
    ),
}
# What a program imports of the guide, where that is mended.
IMPORTS = {
    "bstarsrv2": ["bstar"],
    "clonesrv6": ["bstar"],
    "flclient3": ["flcliapi"],
    **{f"clone{end}{n}": ["kvsimple"] for end in ("cli", "srv") for n in (1, 2, 3, 4)},
}
NETIFACES = """AF_INET = 2
def interfaces(): return ["lo"]
def ifaddresses(name): return {AF_INET: [{"addr": "127.0.0.1"}]}
"""


@dataclass
class Play:
    """A program in its part."""

    program: str
    topology: str
    #: The nodes that zrig runs.
    only: str
    #: What the program prints, and what zrig logs, as regular expressions; all of it has to be seen.
    says: list = field(default_factory=list)
    logs: list = field(default_factory=list)
    #: Figures of nodes that have to reach so much: `{"node": ("sent", 10)}`.
    figures: dict = field(default_factory=dict)
    arguments: list = field(default_factory=list)
    types: str = ""
    #: Functions to call in the place of the whole program, and what is done before.
    calls: list = field(default_factory=list)
    before: str = ""
    #: How many of the program run at once.
    copies: int = 1
    #: How long zrig runs before the program is started.
    later: float = 0
    #: The program is started before zrig.
    is_first: bool = False
    variables: dict = field(default_factory=dict)
    within: float = 30
    #: It ends by itself, or is interrupted and then says this.
    ends: bool = False
    last_words: str = ""

    @property
    def functions(self):
        return ", ".join(dict.fromkeys(call.split("(")[0] for call in self.calls))


PIPES = "from zhelpers import zpipe; import zmq; context = zmq.Context.instance(); pipe = zpipe(context)"


def of_peering(number, **more):
    return Play(
        f"peering{number}", f"peering-{number}", "DC1,DC1-client,DC1-worker", arguments=["DC2", "DC1"], **more
    )


PLAYS = [
    Play("hwclient", "hello-world", "server", says=[r"Received reply 9"], ends=True),
    Play("hwserver", "hello-world", "client", says=[r"Received request: b'Hello'"], logs=["answer 3: World"]),
    Play(
        "interrupt",
        "hello-world",
        "client",
        figures={"client": ("sent", 1)},
        ends=True,
        variables={"HELLO_PORT": 5558},
    ),
    Play(
        "wuserver", "weather", "client", logs=["the average of 2 updates"], variables={"WEATHER_UPDATES": 2}
    ),
    Play("wuclient", "weather", "server", says=["Average temperature for zipcode '10001' was"], ends=True),
    Play("wuproxy", "forwarder", "server,client", logs=[r"10001 -?\d+ \d+"]),
    Play(
        "taskvent",
        "ventilator",
        "worker,sink",
        types="\n",
        says=["Total expected cost"],
        logs=["all is done in"],
    ),
    Play("taskwork", "ventilator", "ventilator,sink", says=[r"\.{5}"], logs=["all is done in"], copies=2),
    Play(
        "tasksink", "ventilator", "ventilator,worker", says=["Total elapsed time"], ends=True, is_first=True
    ),
    Play(
        "taskwork2", "kill-signal", "ventilator,sink", says=[r"\.{5}"], logs=["enough"], copies=2, ends=True
    ),
    Play(
        "tasksink2",
        "kill-signal",
        "ventilator,worker",
        says=["Total elapsed time"],
        logs=["told to stop"],
        ends=True,
        is_first=True,
    ),
    Play(
        "msreader",
        "multi-socket-reader",
        "ventilator,weather",
        logs=["somebody wants 10001"],
        figures={"ventilator": ("sent", 5), "weather": ("sent", 10)},
    ),
    Play(
        "mspoller",
        "multi-socket-reader",
        "ventilator,weather",
        logs=["somebody wants 10001"],
        figures={"ventilator": ("sent", 5), "weather": ("sent", 10)},
    ),
    Play("rrclient", "request-reply-broker", "broker,worker", says=[r"Received reply 10 "], ends=True),
    Play(
        "rrworker",
        "request-reply-broker",
        "broker,client",
        says=["Received request: b'Hello'"],
        logs=["answer 5: World"],
    ),
    Play("rrbroker", "request-reply-broker", "client,worker", logs=["answer 5: World"]),
    Play("msgqueue", "request-reply-broker", "client,worker", logs=["answer 5: World"]),
    Play("mtserver", "multithreaded-server", "client", says=["Received request"], logs=["answer: World"]),
    Play(
        "syncpub",
        "synchronized-publisher",
        "subscriber",
        says=[r"\+1 subscriber \(10/10\)"],
        figures={"subscriber": ("received", 100000)},
        within=120,
    ),
    Play(
        "syncsub",
        "synchronized-publisher",
        "publisher",
        says=["Received 10000 updates"],
        copies=10,
        ends=True,
    ),
    Play("psenvpub", "envelopes", "subscriber", logs=[r"\[B\] "]),
    Play("psenvsub", "envelopes", "publisher", says=[r"\[b'B'\] "]),
    Play(
        "rtreq",
        "router-to-req",
        "worker",
        says=[r"Processed: \d+ tasks"],
        figures={"worker": ("received", 10)},
    ),
    Play(
        "rtdealer",
        "router-to-dealer",
        "client",
        calls=["worker_a()", "worker_b()"],
        says=["A received: ", "B received: "],
        ends=True,
    ),
    Play(
        "lbbroker",
        "load-balancing-broker",
        "broker",
        calls=[*(f"client_task({n})" for n in range(10)), *(f"worker_task({n})" for n in range(3))],
        says=[f"Client-{n}: OK" for n in range(10)],
    ),
    Play(
        "lbbroker2",
        "load-balancing-broker",
        "broker",
        before="context = zmq.Context.instance()",
        calls=[
            *(f'client_thread("ipc://frontend.ipc", context, {n})' for n in range(10)),
            *(f'worker_thread("ipc://backend.ipc", context, {n})' for n in range(3)),
        ],
        says=[f"Client-{n}: OK" for n in range(10)],
    ),
    Play(
        "lbbroker3",
        "load-balancing-broker",
        "broker",
        calls=[
            *(f'client_thread("ipc://frontend.ipc", {n})' for n in range(10)),
            *(f'worker_thread("ipc://backend.ipc", {n})' for n in range(3)),
        ],
        says=[f"Client-{n}: OK" for n in range(10)],
    ),
    Play(
        "asyncsrv",
        "asynchronous-server",
        "server,worker",
        calls=["ClientTask(0).run()", "ClientTask(1).run()"],
        says=["Client worker-0 received: b'request #", "Client worker-1 received: b'request #"],
    ),
    Play(
        "asyncrrhandlers",
        "asynchronous-server",
        "server,worker",
        calls=["Client(0).run()", "Client(1).run()"],
        says=["Client id_0 received reply", "Client id_1 received reply"],
        variables={"ASYNC_LEAST": 1},
        ends=True,
    ),
    Play(
        "peering1",
        "peering-1",
        "DC2,DC3",
        arguments=["DC1", "DC2", "DC3"],
        says=[r"DC1 Received: \[b'ipc://DC2-state.ipc'", r"DC1 Received: \[b'ipc://DC3-state.ipc'"],
        logs=["ipc://DC1-state.ipc has"],
    ),
    of_peering(2, types="\n", says=["Worker-[0-9]: .*b'DC1'", r"Client-0: b'OK'"], logs=["work for DC2"]),
    of_peering(3, says=["^[0-9A-F]{4}$"], logs=["DC1  [0-9A-F]{4}"]),
    Play("lpclient", "lazy-pirate", "server", says=["Server replied OK .b'3'"]),
    Play("lpserver", "lazy-pirate", "client", says=["Normal request"], logs=["answered: 2"]),
    Play("spqueue", "simple-pirate", "worker,client", logs=["answered: 3"]),
    Play("spworker", "simple-pirate", "queue,client", copies=3, says=["normal reply"], logs=["answered: 1"]),
    Play("ppqueue", "paranoid-pirate", "worker,client", logs=["answered: 3"]),
    Play(
        "ppworker",
        "paranoid-pirate",
        "queue,client",
        copies=2,
        says=["Normal reply", "Queue heartbeat"],
        logs=["answered: 1"],
    ),
    Play(
        "mdbroker",
        "majordomo",
        "worker,client,asker",
        says=["MDP broker/0.1.1 is active"],
        logs=["echo says Hello", "somebody does echo: 200"],
    ),
    Play("mdworker", "majordomo", "broker,client,asker", logs=["echo says Hello", "somebody does echo: 200"]),
    Play(
        "mdclient",
        "majordomo",
        "broker,worker",
        figures={"worker": ("sent", 500)},
        last_words=r"\d{3,} requests/replies processed",
    ),
    Play(
        "mdclient2",
        "majordomo",
        "broker,worker",
        says=[r"100000 requests/replies processed"],
        ends=True,
        within=300,
    ),
    Play("mmiecho", "majordomo", "broker,worker", says=["Lookup echo service: b'200'"], ends=True),
    Play(
        "titanic",
        "titanic",
        "broker,worker,client",
        says=["I: processing request"],
        logs=["the answer is Hello", "it is thrown away"],
    ),
    Play("ticlient", "titanic", "broker,titanic,worker", says=["I: reply: b'Hello world'"], ends=True),
    Play("bstarcli", "binary-star", "primary,backup", says=[r"server replied OK \(2\)"]),
    Play(
        "bstarsrv",
        "binary-star",
        "backup,client",
        arguments=["-p"],
        says=["connected to backup"],
        logs=["primary answered 1", "passive"],
    ),
    Play(
        "bstarsrv2",
        "binary-star",
        "primary,client",
        arguments=["-b"],
        says=["connected to primary"],
        logs=["primary answered 1", "active"],
    ),
    Play(
        "flserver1",
        "freelance-1",
        "client",
        arguments=["tcp://*:5556"],
        says=["Echo service is ready"],
        logs=["one is silent", "two answered Hello"],
    ),
    Play(
        "flclient1",
        "freelance-1",
        "two",
        arguments=["tcp://localhost:5555", "tcp://localhost:5556"],
        says=["No response from tcp://localhost:5555", "Service is running OK"],
        ends=True,
    ),
    Play(
        "flserver2",
        "freelance-2",
        "two,three,client",
        arguments=["tcp://*:5555"],
        says=["Service is ready"],
        logs=["is answered"],
        figures={"client": ("received", 9)},
    ),
    Play(
        "flclient2",
        "freelance-2",
        "one,two,three",
        arguments=[f"tcp://localhost:{port}" for port in (5555, 5556, 5557)],
        says=["Average round trip cost"],
        ends=True,
        within=120,
    ),
    Play(
        "flserver3",
        "freelance-3",
        "two,three,client",
        says=["service is ready"],
        logs=["was answered by tcp://localhost:5555"],
    ),
    Play(
        "flclient3", "freelance-3", "one,two,three", says=["Average round trip cost"], ends=True, within=120
    ),
    Play(
        "espresso",
        "espresso",
        "proxy,listener",
        calls=["publisher_thread()", "subscriber_thread()"],
        says=["Subscriber received 5 messages"],
        logs=["somebody wants A", r"[C-J]-\d{5}|[AB]-\d{5}"],
    ),
    Play(
        "pathopub",
        "last-value-cache",
        "cache,subscriber",
        arguments=["tcp://*:5557"],
        logs=["042: Save Roger"],
    ),
    Play(
        "lvcache",
        "last-value-cache",
        "publisher,subscriber",
        figures={"subscriber": ("received", 1)},
        logs=["042: "],
        is_first=True,
        within=60,
    ),
    Play(
        "pathosub",
        "last-value-cache",
        "publisher,cache",
        arguments=["tcp://localhost:5558"],
        says=["of its topic|a newer one"],
        logs=["somebody wants"],
        later=2,
    ),
    Play(
        "suisnail",
        "suicidal-snail",
        "snail",
        before=PIPES,
        calls=["publisher(pipe[1])"],
        logs=["cannot keep up"],
    ),
    Play("clonesrv1", "clone-1", "client", logs=[r"\d+ keys, at \d+"]),
    Play(
        "clonecli1", "clone-1", "server", figures={"server": ("sent", 200)}, last_words=r"\d{2,} messages in"
    ),
    Play(
        "clonesrv2",
        "clone-2",
        "client",
        says=["Sending state shapshot="],
        logs=["begins with", r"keys, at \d{3}"],
    ),
    Play("clonecli2", "clone-2", "server", says=["Received snapshot="], logs=["gave all there is"]),
    Play(
        "clonesrv3",
        "clone-3",
        "client",
        says=["publishing update     2"],
        logs=["begins with", "2 keys, at 2"],
    ),
    Play("clonecli3", "clone-3", "server", says=["Received snapshot=0", "received update=2"]),
    Play(
        "clonesrv3_py3",
        "clone-3",
        "client",
        variables={"CLONE_FRAMES": 5},
        says=["publishing update     2"],
        logs=["begins with", "2 keys, at 2"],
    ),
    Play(
        "clonecli3_py3",
        "clone-3",
        "server",
        variables={"CLONE_FRAMES": 5},
        says=["Received snapshot=0", "received update=2"],
    ),
    Play(
        "clonesrv4",
        "clone-4",
        "writer,reader",
        says=["publishing update     2"],
        logs=["reader  2 keys, at 2"],
    ),
    Play(
        "clonecli4",
        "clone-4",
        "server,reader",
        says=["Received snapshot=0", "received update=2"],
        logs=["reader  2 keys, at 2"],
    ),
    Play("clonesrv5", "clone-5", "client", says=["publishing update=2"], logs=["2 keys, at 2"]),
    Play("clonecli5", "clone-5", "server", says=["Received snapshot=0", "received update=2"]),
    Play(
        "clonesrv6",
        "clone-6",
        "backup,client",
        arguments=["-p"],
        says=["publishing update=2"],
        logs=["follows from", "of server 1", "keys, at 2"],
    ),
    Play(
        "clonecli6",
        "clone-6",
        "primary,backup",
        says=["received from b'tcp://localhost':5556 snapshot="],
        figures={"primary": ("received", 5)},
        logs=["gave all there is"],
    ),
    *(
        Play(
            f"fileio{n}",
            "file-transfer",
            "server",
            before=PIPES,
            calls=["client_thread(context, pipe[1])"],
            variables={"TRANSFER_FILE": "testdata"},
            says=[r"\d+ chunks received, 1100000 bytes"],
            ends=True,
        )
        for n in (1, 2, 3)
    ),
    Play(
        "tripping",
        "round-trip",
        "broker,worker",
        before=PIPES,
        calls=["client_task(context, pipe[1])"],
        says=[r"Synchronous[\s\S]*calls/second[\s\S]*Asynchronous[\s\S]*calls/second"],
        ends=True,
        within=60,
    ),
    Play(
        "dechat",
        "chat",
        "alice,bob",
        arguments=["lo", "carol"],
        types="hello\nhello\nhello\n",
        says=["bob: me too", "alice: it is me again"],
        logs=["carol: hello"],
    ),
]

LIBRARIES = {
    "MDP": "mdbroker, mdworker, mdclient",
    "bstar": "bstarsrv2, clonesrv6",
    "clone": "clonecli6",
    "flcliapi": "flclient3",
    "interface": "udpping3",
    "kvmsg": "clonesrv5, clonecli5 and others",
    "kvsimple": "clonesrv1 and others",
    "mdcliapi": "mdclient, mmiecho, ticlient, titanic",
    "mdcliapi2": "mdclient2",
    "mdwrkapi": "mdworker, titanic",
    "udplib": "udpping2",
    "zhelpers": "many",
}
NO_PART = {
    "eagain": "its queue is full, and it has ended, before its connection is there",
    "identity": "all its sockets are inproc, inside the one program",
    "mtrelay": "all its sockets are inproc, inside the one program",
    "testit": "reads a file, and has no socket",
    "udpping1": "UDP, without ZeroMQ",
    "udpping2": "UDP, without ZeroMQ",
    "udpping3": "UDP, without ZeroMQ outside the program",
    "version": "prints a version, and has no socket",
}
