#!/usr/bin/env python3
"""Measures zrig against libzmq's zmq_proxy, pyzmq, zeromq.js, pyomq and omq, and prints Markdown tables.

    benches/compare.py [--rounds 7] [--seconds 0.5] [WORK…]     shell patterns; `--list` shows all

Without a name the works of the floors are measured; `idle`, `fairness`, `tap` and `viewers` are works
of their own. `--against PROGRAM` measures another build of zrig as the only competitor, for `idle` too.
The competitors are driven in turn, A B C A B C …, each stopped (SIGSTOP) while another is measured; all
processes may use the same two cores (`trip`: the same one). Loopback only. zrig and the load are built with
`cargo build --profile dist` and `cargo bench --no-run` unless they are there (`--zrig`, `--load`).
"""

import argparse
import contextlib
import fnmatch
import glob
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from works import FLOORS, OMQ, SERVER_KEY, TAPPED, WORKS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
CORES = sorted(os.sched_getaffinity(0))[:2]
# A measurement that says nothing for so long is ended and named.
PATIENCE = 20


def free_port():
    """Below 32768, where no outgoing connection of the system can be."""
    for port in range(20000 + os.getpid() % 5000, 32000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port not in free_port.given:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                free_port.given.add(port)
                return port
    raise SystemExit("no free port")


free_port.given = set()


def nanoseconds(process):
    """Processor time of all threads of a process."""
    total = 0
    for path in glob.glob(f"/proc/{process.pid}/task/*/schedstat"):
        try:
            total += int(Path(path).read_text().split()[0])
        except (OSError, IndexError):
            pass  # The thread has just ended.
    return total


def start(command, cores, **more):
    return subprocess.Popen(
        [str(word) for word in command],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        **more,
    )


def end(process):
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Tools:
    def __init__(self, options):
        self.zrig = options.zrig or self.build("build", "zrig")
        # Each program that runs a work's topology, by the name of its row.
        self.programs = {"zrig": self.zrig, **({"earlier": options.against} if options.against else {})}
        self.load = options.load or self.build("bench", "load")
        setup = ROOT / "tests/python/setup.sh"
        self.python = subprocess.check_output([setup], text=True).strip()
        self.node = self.javascript()
        self.pyomq = TARGET / "bench-python"
        self.omq = TARGET / "bench-omq/release/omq-middle"

    def rivals(self):
        """Another implementation of ZeroMQ, from Python and in Rust: made where a work has them, which takes minutes."""
        if not (self.pyomq / "pyomq").exists():
            install = [self.python, "-m", "pip", "install", "--quiet", "--target", self.pyomq, "pyomq==0.21.0"]
            subprocess.run(install, check=True, stdout=sys.stderr)
        build = ["cargo", "build", "--quiet", "--release", "--target-dir", TARGET / "bench-omq"]
        subprocess.run(build, cwd=HERE / "omq", check=True, stdout=sys.stderr)

    def build(self, command, name):
        what = ["--profile", "dist", "--bin"] if command == "build" else ["--no-run", "--bench"]
        output = subprocess.run(
            ["cargo", command, *what, name, "--message-format=json"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        made = [json.loads(line) for line in output.splitlines()]
        found = [it["executable"] for it in made if it.get("executable") and it["target"]["name"] == name]
        return found[-1]

    def javascript(self):
        """Node's folder with zeromq.js, or nothing where there is no npm."""
        folder = TARGET / "bench-node"
        if not (folder / "node_modules/zeromq").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text("{}")
            try:
                subprocess.run(["npm", "install", "zeromq@6"], cwd=folder, check=True, stdout=sys.stderr)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"without zeromq.js: {error}", file=sys.stderr)
                return None
        return folder / "node_modules"


class Competitor:
    def __init__(self, tools, work, name, folder):
        self.name, self.work = name, work
        self.cores = CORES[:1] if work.one_core else CORES
        if work.transport == "ipc":
            ends = [f"ipc://{folder}/{name}.{end}" for end in ("in", "out")]
        else:
            ends = [f"tcp://127.0.0.1:{free_port()}" for _ in range(2)]
        self.ends = dict(zip(("IN", "OUT"), ends))
        self.ends["KEY"] = SERVER_KEY if name.endswith(" CURVE") else "-"
        self.load = tools.load
        # Where a run can be found by its name, and by no other measurement.
        environment = dict(os.environ, XDG_RUNTIME_DIR=str(folder))
        if name in tools.programs or name in work.variants:
            text = work.variants.get(name, work.topology)
            for word, endpoint in self.ends.items():
                text = text.replace(f"'{word}'", f"'{endpoint}'")
            path = Path(folder) / f"{name.replace(' ', '-')}.yaml"
            path.write_text(text)
            program = tools.programs.get(name, tools.zrig)
            command = [program, "run", "--no-watch", "--log", "error", path]
        elif name == "zeromq.js":
            command = ["node", HERE / "middle.js", work.kind, *ends]
            environment["NODE_PATH"] = str(tools.node)
        elif name == "omq":
            command = [tools.omq, work.kind, *ends]
        else:
            command = [tools.python, HERE / "middle.py", name, work.kind, *ends, work.hops]
            if name == "pyomq":
                environment["PYTHONPATH"] = str(tools.pyomq)
        quiet = subprocess.DEVNULL
        self.process = start(command, self.cores, env=environment, stdout=quiet, stderr=None)
        self.stop()

    def stop(self):
        """Stands still until it is measured: a zmq_proxy that nobody reads from takes a whole core."""
        self.process.send_signal(signal.SIGSTOP)

    def words(self, words):
        return [self.load, *[self.ends.get(word, word) for word in words]]

    def measure(self, warm, seconds):
        """Messages a second, nanoseconds of processor time a message, and further figures."""
        self.process.send_signal(signal.SIGCONT)
        others = [start(self.words(words), self.cores) for words in self.work.others]
        words = self.words(self.work.drive)
        if words[1] == "trip":
            words += [warm, seconds, self.ends["IN"]]
        else:
            words += [warm, seconds]
        driver = start(words, self.cores, stdout=subprocess.PIPE, text=True)
        signal.alarm(PATIENCE)
        try:
            if driver.stdout.readline().strip() != "begin":
                raise SystemExit(f"{self.work.name}: {self.name} did not begin")
            before = nanoseconds(self.process)
            figures = [float(word) for word in driver.stdout.readline().split()]
            used = nanoseconds(self.process) - before
        finally:
            signal.alarm(0)
            for process in [driver, *others]:
                process.kill()
                process.wait()
            self.stop()
        count = figures[0] * self.work.scale
        return [count / figures[1], used / max(count, 1), *figures[2:]]


def spread(values, digits=0):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def compare(tools, work, options):
    with tempfile.TemporaryDirectory(prefix="zrig-bench-") as folder:
        peers = [name for name in work.peers if name != "zeromq.js" or tools.node]
        names = list(tools.programs) if options.against else peers
        competitors = [Competitor(tools, work, name, folder) for name in names]
        try:
            results = {name: [] for name in names}
            for _ in range(options.rounds):
                for competitor in competitors:
                    figures = competitor.measure(str(options.warm), str(options.seconds))
                    results[competitor.name].append(figures)
        finally:
            for competitor in competitors:
                end(competitor.process)
    first = names[0]
    latency = len(results[first][0]) > 2
    print(f"\n### {work.name}\n")
    print("| | messages/s | {} is × | ns of CPU a message |{}".format(first, " µs p50 | p90 | p99 |" if latency else ""))
    print("|---|---|---|---|" + ("---|---|---|" if latency else ""))
    for name in names:
        rates = [figures[0] for figures in results[name]]
        ratios = [a[0] / b[0] for a, b in zip(results[first], results[name])]
        row = f"| {name} | {spread(rates)} | {spread(ratios, 2)} | {spread([f[1] for f in results[name]])} |"
        for place in range(2, 5) if latency else ():
            row += f" {statistics.median(f[place] for f in results[name]):.0f} |"
        print(row, flush=True)


def pairs(count):
    """So many nodes in pairs of PUSH and PULL, each of which says one line when it has started."""
    text = "nodes:\n"
    for n in range(count // 2):
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        text += f"  a{n}: {{role: push, bind: '{endpoint}', on_start: 'send({n})'}}\n"
        text += f"  b{n}: {{role: pull, connect: a{n}, on_message: 'print(msg.text)'}}\n"
    return text


def begin(program, text, lines):
    """Runs it until so many lines of its receivers came; the process, and ms since its start."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        begun = time.monotonic()
        run = start([program, "run", "--no-watch", file.name], CORES,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        arrived = 0
        signal.alarm(PATIENCE)
        while arrived < lines:
            arrived += "  b" in run.stdout.readline()
        signal.alarm(0)
        return run, (time.monotonic() - begun) * 1000


def idle(tools, options):
    """Nodes that only wait: start, memory, threads, descriptors, processor time."""
    print("\n### idle: pairs of PUSH and PULL over TCP\n")
    print("| | nodes | ms to start | KiB | KiB a node more | threads | descriptors | % of a core |")
    print("|---|---|---|---|---|---|---|---|")
    alone = {}
    for nodes in (2, 10, 100, 1000):
        text = pairs(nodes)
        starts, figures = {name: [] for name in tools.programs}, {}
        for last in [False] * (options.rounds - 1) + [True]:
            for name, program in tools.programs.items():
                run, milliseconds = begin(program, text, nodes // 2)
                starts[name].append(milliseconds)
                if last:
                    time.sleep(1)
                    before = nanoseconds(run)
                    time.sleep(options.idle)
                    used = nanoseconds(run) - before
                    figures[name] = status(run) + (used / options.idle / 1e7,)
                end(run)
        for name, (memory, threads, descriptors, share) in figures.items():
            first = alone.setdefault(name, memory)
            more = f"{(memory - first) / (nodes - 2):.1f}" if nodes > 2 else ""
            print(f"| {name} | {nodes} | {spread(starts[name])} | {memory:,} | {more} | {threads} |"
                  f" {descriptors} | {share:.3f} |", flush=True)


def status(run):
    text = Path(f"/proc/{run.pid}/status").read_text()
    value = lambda key: int(text.split(key + ":")[1].split()[0])
    return value("VmRSS"), value("Threads"), len(os.listdir(f"/proc/{run.pid}/fd"))


# What a hundred quiet nodes have beside them: nodes, and whether the first is flooded.
NEIGHBOURS = {
    "silent": ("{role: pull, bind: 'FLOODED', on_message: '()'}", False),
    "saturated": ("{role: pull, bind: 'FLOODED', on_message: 'this.n = (this.n ?? 0) + 1; ()'}", True),
    "computes 0.4 s at a time": (
        "{role: pair, bind: 'inproc://nobody', every: 10ms, on_tick: 'let t = now(); while now() - t < 0.4 { }'}",
        False,
    ),
}


def fairness(tools, options):
    """A hundred quiet nodes beside one that never runs out of work, on the same threads."""
    print("\n### fairness: round trips to 100 quiet nodes, µs\n")
    print("| the busy node | p50 | p90 | p99 | longest |\n|---|---|---|---|---|")
    for name, (busy, flooded) in NEIGHBOURS.items():
        quiet = [f"tcp://127.0.0.1:{free_port()}" for _ in range(100)]
        target = f"tcp://127.0.0.1:{free_port()}"
        text = f"nodes:\n  busy: {busy.replace('FLOODED', target)}\n"
        for n, endpoint in enumerate(quiet):
            text += f"  quiet{n}: {{role: rep, bind: '{endpoint}', on_message: 'msg.text'}}\n"
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            run = start([tools.zrig, "run", "--no-watch", "--log", "error", file.name], CORES)
            try:
                flood = [start([tools.load, "push", target, "size:100"], CORES)] if flooded else []
                rounds = []
                signal.alarm(PATIENCE * options.rounds)
                for _ in range(options.rounds):
                    words = [tools.load, "trip", "size:10", options.warm, 1, *quiet]
                    driver = start(words, CORES, stdout=subprocess.PIPE, text=True)
                    rounds.append([float(word) for word in driver.communicate()[0].split()[1:]][2:])
                signal.alarm(0)
                for process in flood:
                    process.kill()
                    process.wait()
                columns = " | ".join(spread(column) for column in zip(*rounds))
                print(f"| {name} | {columns} |", flush=True)
            finally:
                end(run)


def tap(tools, options):
    """What a tap costs a node that never runs out of messages."""
    looks = {
        "no tap": None,
        "a tap": ["tap", "zrig", "middle"],
        "a tap with a filter": ["tap", "zrig", "middle", "--filter", "msg.msgid == 1001"],
        "a recording": ["record", "zrig", "--to"],
        "a recording that is waited for": ["record", "zrig", "--when-slow", "wait", "--to"],
    }
    print("\n### tap: messages a second through a node that is looked at\n")
    print("| | messages/s | of no tap |\n|---|---|---|")
    for work in TAPPED:
        with tempfile.TemporaryDirectory(prefix="zrig-bench-") as folder:
            node = Competitor(tools, work, "zrig", folder)
            rates = {look: [] for look in looks}
            try:
                for _ in range(options.rounds):
                    for look, arguments in looks.items():
                        with looking(tools, folder, arguments):
                            rates[look].append(node.measure(str(options.warm), str(options.seconds))[0])
            finally:
                end(node.process)
        for look, those in rates.items():
            parts = [rate / free for rate, free in zip(those, rates["no tap"])]
            print(f"| {work.name}, {look} | {spread(those)} | {spread(parts, 3)} |", flush=True)


@contextlib.contextmanager
def looking(tools, folder, arguments):
    """A tap or a recording that runs meanwhile, unless there are no arguments for one."""
    if arguments is None:
        yield
        return
    recording = Path(folder) / "recording.mcap"
    command = [tools.zrig, *arguments, *([str(recording)] if arguments[0] == "record" else [])]
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(folder))
    quiet = subprocess.DEVNULL
    process = start(command, CORES, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        yield
        if process.poll() is not None:
            raise SystemExit("the tap has ended")
    finally:
        end(process)
        recording.unlink(missing_ok=True)


def viewers(tools, options):
    """What those who look at the live page cost a node that never runs out of messages."""
    print("\n### viewers: messages a second through a node whose page is looked at\n")
    print("| | messages/s | of no page |\n|---|---|---|")
    for work in TAPPED:
        with tempfile.TemporaryDirectory(prefix="zrig-bench-") as folder:
            node = Competitor(tools, work, "zrig", folder)
            rates = {count: [] for count in (None, 1, 10)}
            try:
                for _ in range(options.rounds):
                    for count in rates:
                        # It stood still since the last measurement, and a page asks it who it is.
                        node.process.send_signal(signal.SIGCONT)
                        with watching(tools, folder, count):
                            rates[count].append(node.measure(str(options.warm), str(options.seconds))[0])
            finally:
                end(node.process)
        for count, those in rates.items():
            parts = [rate / free for rate, free in zip(those, rates[None])]
            name = {None: "no page", 1: "a viewer"}.get(count, f"{count} viewers")
            print(f"| {work.name}, {name} | {spread(those)} | {spread(parts, 3)} |", flush=True)


@contextlib.contextmanager
def watching(tools, folder, count):
    """So many viewers of a page beside the run, which read all they are told."""
    if count is None:
        yield
        return
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(folder))
    command = [tools.zrig, "web", "zrig"]
    page = start(command, CORES, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        address = page.stdout.readline().decode().split("http://")[1].strip().rstrip("/")
        request = f"GET /api/stream HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
        host, port = address.split(":")
        streams = [socket.create_connection((host, int(port))) for _ in range(count)]
        told = [0] * count

        def read(at):
            while some := streams[at].recv(1 << 16):
                told[at] += some.count(b"event: figures")

        for at, stream in enumerate(streams):
            stream.sendall(request)
            threading.Thread(target=read, args=(at,), daemon=True).start()
        yield
        if not all(told):
            raise SystemExit("a viewer was told nothing")
    finally:
        end(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("works", nargs="*", default=FLOORS, help="names or shell patterns")
    parser.add_argument("--list", action="store_true", help="print every name")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--warm", type=float, default=0.2, help="seconds before each measurement")
    parser.add_argument("--idle", type=float, default=20, help="seconds that idle nodes are watched")
    parser.add_argument("--zrig", help="the program; default: build it")
    parser.add_argument("--load", help="the load; default: build it")
    parser.add_argument("--against", metavar="PROGRAM", help="another build of zrig to compare with")
    options = parser.parse_args()
    special = {"idle": idle, "fairness": fairness, "tap": tap, "viewers": viewers}
    known = [*WORKS, *special]
    if options.list:
        print("\n".join(known))
        return
    chosen = [name for word in options.works for name in fnmatch.filter(known, word)]
    if options.against:
        # Some works are about variants of a topology, and have none that any build could run.
        chosen = [name for name in chosen if name in special or WORKS[name].topology]
    if not chosen:
        raise SystemExit("no such work; --list prints all")
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"nothing for {PATIENCE} seconds"))
    tools = Tools(options)
    if not options.against and any(name in WORKS and set(OMQ) & set(WORKS[name].peers) for name in chosen):
        tools.rivals()
    for name in chosen:
        if name in special:
            special[name](tools, options)
        else:
            compare(tools, WORKS[name], options)


if __name__ == "__main__":
    main()
