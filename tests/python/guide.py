#!/usr/bin/env python3
"""The programs of the ZeroMQ guide, each in its part of a topology of topologies/guide/.

    guide.py ZGUIDE [--zrig PROGRAM] [--program NAME]... [--table FILE]

ZGUIDE is a checkout of https://github.com/booksbyus/zguide. For each of its programs in Python that has
a part to play, zrig runs the topology without that part and the program runs beside it, unchanged; what
both say is held against what is expected. It prints a table, and with --table writes it in Markdown.

The interpreter needs pyzmq and tornado. The guide's ports are fixed (5555 and others), so the plays are
carried out one after the other. Nothing of the guide is copied but into a temporary folder, in which what
keeps a program from running on today's Python is mended; the table says what that was.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from guide_plays import BYTES, IMPORTS, LIBRARIES, MENDS, NETIFACES, NO_PART, PARTS, PLAYS

ROOT = Path(__file__).resolve().parent.parent.parent
SHOWN = 8


class Process:
    """A program that runs, and all that it has said."""

    def __init__(self, command, folder, types=None):
        self.said = ""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore", "USER": "guest"}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            text=True,
            errors="replace",
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.types = types
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        while piece := os.read(self.process.stdout.fileno(), 65536):
            # A program that floods is heard from its beginning.
            if len(self.said) < 1 << 20:
                self.said += piece.decode("utf-8", "replace")

    def type(self):
        """Lines, one every half a second; the input stays open."""
        for line in (self.types or "").splitlines(keepends=True):
            try:
                self.process.stdin.write(line)
                self.process.stdin.flush()
            except BrokenPipeError:
                return
            time.sleep(0.5)

    def is_over(self):
        return self.process.poll() is not None

    def interrupt(self, patience=5):
        if not self.is_over():
            self.signal(signal.SIGINT)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        # Also what it has started and left behind.
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.listener.join(patience)

    def signal(self, which):
        try:
            os.killpg(self.process.pid, which)
        except ProcessLookupError:
            pass

    def last(self):
        return "".join(f"      | {line}\n" for line in self.said.splitlines()[-SHOWN:])


class Stage:
    """A folder with the guide's programs in it, and zrig beside it."""

    def __init__(self, guide, zrig, folder):
        self.guide, self.zrig, self.folder = guide, zrig, folder
        self.programs = folder / "guide"
        shutil.copytree(guide, self.programs)
        for name, mend in MENDS.items():
            file = self.programs / f"{name}.py"
            file.write_text(mend.apply(file.read_text()))
        (self.programs / "netifaces.py").write_text(NETIFACES)
        (self.programs / "guide_bytes.py").write_text(BYTES)
        (folder / "parts.py").write_text(PARTS)
        self.work = folder / "work"
        self.work.mkdir()

    def command(self, play):
        file = str(self.programs / f"{play.program}.py")
        if play.calls:
            return [sys.executable, str(self.folder / "parts.py"), file, play.before, *play.calls]
        return [sys.executable, file, *play.arguments]

    def carry_out(self, play):
        """What is missing in the end; nothing where all is as expected."""
        shutil.rmtree(self.work)
        self.work.mkdir()
        (self.work / "testdata").write_bytes(bytes(1_100_000))
        topology = ROOT / "topologies" / "guide" / f"{play.topology}.yaml"
        command = [self.zrig, "run", str(topology), "--only", play.only, "--no-watch"]
        variables = {
            name: str(self.work / value) if name.endswith("FILE") else value
            for name, value in play.variables.items()
        }
        if play.topology == "titanic":
            variables["TITANIC_STATE_FILE"] = str(self.work / "titanic.state.json")
        for name, value in variables.items():
            command += ["--set", f"{name}={value}"]
        programs = []
        if play.is_first:
            programs = self.start(play)
            time.sleep(1)
        zrig = Process(command, self.work)
        try:
            if (
                not wait(lambda: "running" in zrig.said or zrig.is_over(), 20)
                or zrig.is_over()
                and not play.is_first
            ):
                return f"zrig did not run\n{zrig.last()}"
            time.sleep(play.later)
            programs = programs or self.start(play)
            return self.compare(play, zrig, programs)
        finally:
            for process in [*programs, zrig]:
                process.interrupt()

    def start(self, play):
        programs = []
        for _ in range(play.copies):
            programs.append(Process(self.command(play), self.work, play.types))
            threading.Thread(target=programs[-1].type, daemon=True).start()
        return programs

    def compare(self, play, zrig, programs):
        def missing():
            said = "\n".join(program.said for program in programs)
            left = [f"the program: {it}" for it in play.says if not re.search(it, said, re.M)]
            left += [f"zrig: {it}" for it in play.logs if not re.search(it, zrig.said, re.M)]
            if not left and play.figures:
                left += self.figures_missing(play, zrig)
            if not left and play.ends:
                left += ["the program's end" for program in programs if not program.is_over()]
            return left

        wait(lambda: not missing(), play.within)
        left = missing()
        if play.last_words and not left:
            for program in programs:
                program.interrupt()
            if not any(re.search(play.last_words, program.said) for program in programs):
                left = [f"the program, interrupted: {play.last_words}"]
        faults = re.findall(r"^.*(?:Traceback|handler .*failed|error:).*$", zrig.said, re.M)
        if left or faults:
            shown = "".join(f"    program:\n{program.last()}" for program in programs[:2])
            return f"missing: {left} {faults}\n{shown}    zrig:\n{zrig.last()}"
        return None

    def figures_missing(self, play, zrig):
        told = subprocess.run(
            [self.zrig, "top", play.topology, "--once", "--interval", "200ms", "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode != 0:
            return [f"figures: {told.stderr.strip()}"]
        figures = figures_of(json.loads(told.stdout))
        return [
            f"{node}.{figure} is {figures.get(node, {}).get(figure, 0)}, not {wanted}"
            for node, (figure, wanted) in play.figures.items()
            if figures.get(node, {}).get(figure, 0) < wanted
        ]


def figures_of(told):
    """Messages of each node, all its copies and sockets together."""
    figures = {}
    for copy in told["nodes"]:
        node = figures.setdefault(copy["node"], {"sent": 0, "received": 0})
        node["sent"] += copy["messages_out"]
        node["received"] += copy["messages_in"]
    return figures


def wait(seen, patience):
    until = time.monotonic() + patience
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def played_by(play):
    """The nodes of the topology that the program plays: those that zrig does not run."""
    text = (ROOT / "topologies" / "guide" / f"{play.topology}.yaml").read_text()
    nodes = re.findall(r"(?m)^  ([A-Za-z][\w-]*):", text.split("\nnodes:\n")[1])
    return [node for node in nodes if node not in play.only.split(",")]


def mended(program):
    words = []
    for name in [program, *IMPORTS.get(program, [])]:
        if name in MENDS:
            words += [f"{word}" if name == program else f"{name}: {word}" for word in MENDS[name].words]
    return "; ".join(dict.fromkeys(words)) or "–"


def markdown(rows):
    lines = ["| program | topology | in the place of | mended | result |", "|---|---|---|---|---|"]
    for program, topology, part, mend, result in rows:
        link = f"[{topology}](../topologies/guide/{topology}.yaml)" if topology else "–"
        lines.append(f"| {program} | {link} | {part} | {mend} | {result} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("zguide", type=Path)
    parser.add_argument("--zrig", default=ROOT / "target/debug/zrig", type=Path)
    parser.add_argument("--program", action="append", default=[])
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    try:
        import tornado  # noqa: F401
        import zmq
    except ImportError as error:
        raise SystemExit(f"{sys.executable} lacks {error.name}: pip install pyzmq tornado") from None
    guide = options.zguide / "examples" / "Python"
    there = {file.stem for file in guide.glob("*.py")}
    known = {play.program for play in PLAYS} | set(LIBRARIES) | set(NO_PART)
    if not there:
        raise SystemExit(f"{guide} has no programs: is {options.zguide} a checkout of the guide?")
    if there != known:
        raise SystemExit(f"the guide has changed: {sorted(there ^ known)}")
    rows, failed = [], 0
    print(f"pyzmq {zmq.__version__}, libzmq {zmq.zmq_version()}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory(prefix="zrig-guide-") as folder:
        stage = Stage(guide, options.zrig.resolve(), Path(folder))
        for play in PLAYS:
            if options.program and play.program not in options.program:
                continue
            begun = time.monotonic()
            fault = stage.carry_out(play)
            took = f"{time.monotonic() - begun:.1f} s"
            failed += fault is not None
            print(
                f"{play.program:16} {play.topology:24} {'FAILED' if fault else 'played':8} {took:>8}",
                flush=True,
            )
            if fault:
                print(f"    {fault}", flush=True)
            part = ", ".join(played_by(play)) or "one more"
            if play.calls:
                part += f", by its {play.functions}"
            rows.append(
                (play.program, play.topology, part, mended(play.program), "failed" if fault else "played")
            )
    print(
        f"{len(rows) - failed} of {len(rows)} played; {len(LIBRARIES)} are libraries of these, {len(NO_PART)} have no part"
    )
    for name, users in LIBRARIES.items():
        rows.append((name, "", f"a library of {users}", mended(name), "in use"))
    for name, why in NO_PART.items():
        rows.append((name, "", why, "–", "no part"))
    if options.table:
        options.table.write_text(markdown(sorted(rows, key=lambda row: row[0].lower())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
