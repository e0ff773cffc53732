#!/usr/bin/env python3
"""Runs libzmq's own test programs against the library as it was released and as it is built here.

Owns the comparison of the two; it knows nothing of what a program tests, and a program that fails
in both, for want of what is not built in, is no fault of ours.

Both are built by cargo, with the same configuration and compiler, once without and once with the
patches; the programs come with the sources. Each is run many times with many at once, in turn
against one and the other, in a folder of its own. What takes longer than its limit hangs.

    zmq-sys/upstream.py                              # everything: takes an hour and more
    zmq-sys/upstream.py --times 30 'test_sub_*'      # some, by name or shell pattern
    zmq-sys/upstream.py --quick 2                    # what takes at most 2 s

Ends with 1 when one of the programs fails or hangs more often with the patches: ever, where it
never does without, or else by more than chance (one in a hundred). What does so is run as often
again, and judged by all runs.
"""

import argparse
import concurrent.futures
import contextlib
import fnmatch
import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
WORK = HERE.parent / "target" / "upstream"
# Each build of the library, and the features of this crate that it takes.
BUILDS = {"released": [], "patched": ["--features", "patched"]}
# What the programs share; each is linked to all of it.
SHARED = ["testutil", "testutil_monitoring", "testutil_security", "testutil_unity"]
# What looks into the library, and so has to be compiled with the headers of either build.
INSIDE = ["test_security_curve", "unittest_*"]
# Parts of programs that want what the patches change on purpose, and why; all others have to pass.
CHANGED = {
    "test_security_zap": (
        "test_zap_unsuccessful_disconnect_",
        "a handshake ends at once when its ZAP handler goes, so that the client tries again; these"
        " want it to wait until the client loses patience",
    )
}
# By libzmq's own convention.
SKIPPED = 77
VERDICTS = ["passed", "skipped", "failed", "hung"]


def die(why):
    sys.exit(f"upstream.py: {why}")


def build(features):
    """Builds the library, and returns where it is and where libsodium is."""
    command = ["cargo", "build", "--locked", "--message-format=json", "--target-dir", WORK / "cargo"]
    done = subprocess.run([*command, *features], cwd=HERE, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        die("the library does not build")
    ours = sodium = None
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["reason"] == "build-script-executed":
            if "libsodium-sys-stable" in message["package_id"]:
                sodium = message["linked_paths"][0].removeprefix("native=")
            elif "zmq-sys" in message["package_id"]:
                ours = pathlib.Path(message["out_dir"])
    return ours, pathlib.Path(sodium)


class Library:
    """One build of the library, and the programs that are linked to it."""

    def __init__(self, name):
        self.name = name
        self.built, self.sodium = build(BUILDS[name])
        self.folder = WORK / name
        arguments = (self.built / "libzmq/arguments").read_text().splitlines()
        self.defines = [word for word in arguments if word.startswith(("-D", "-std="))]
        self.includes, rest = [], iter(arguments)
        for word in rest:
            if word.startswith("-I"):
                self.includes += ["-I", word[2:] or next(rest)]
        self.upstream = next(
            pathlib.Path(path).parent for path in self.includes if path.endswith("/vendor/include")
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "src").symlink_to(self.built / "libzmq/src")
        # Copies, not links: a program says `../src/…`, which is to be ours.
        for name in ["tests", "unittests", "external", "include"]:
            shutil.copytree(self.upstream / name, self.folder / name)

    def compile(self, source, target):
        compiler = os.environ.get("CXX", "c++")
        if source.suffix == ".c":
            compiler = os.environ.get("CC", "cc")
        words = [word for word in self.defines if source.suffix != ".c" or word.startswith("-D")]
        run = [compiler, "-O1", "-w", *words, "-DZMQ_CUSTOM_PLATFORM_HPP"]
        run += ["-DUNITY_EXCLUDE_FLOAT", "-DUNITY_USE_COMMAND_LINE_ARGS"]
        run += ["-I", self.folder / "src", *self.includes]
        run += ["-I", self.folder / "external/unity", "-c", source, "-o", target]
        return subprocess.run(run, capture_output=True, text=True)

    def link(self, objects, target):
        libraries = [self.built / "lib/libzmq.a", self.sodium / "libsodium.a", "-lpthread", "-lrt"]
        run = [os.environ.get("CXX", "c++"), *objects, *libraries, "-o", target]
        return subprocess.run(run, capture_output=True, text=True)


def programs(library, wanted):
    """The sources of the programs that are wanted, in the folder of one library."""
    found = sorted(library.folder.glob("tests/test_*.cpp"))
    found += sorted(library.folder.glob("unittests/unittest_*.cpp"))
    return [
        path.relative_to(library.folder)
        for path in found
        if any(fnmatch.fnmatch(path.stem, pattern) for pattern in wanted)
    ]


def make(libraries, sources, at_once):
    """Compiles and links the programs; returns those that exist in both builds, and why others do not."""
    first = libraries[0]

    def compiled(job):
        library, source = job
        target = library.folder / (source.stem + ".o")
        return job, target, library.compile(library.folder / source, target)

    common = [pathlib.Path(f"tests/{name}.cpp") for name in SHARED]
    common.append(pathlib.Path("external/unity/unity.c"))
    jobs = [(first, source) for source in common]
    for source in sources:
        inside = any(fnmatch.fnmatch(source.stem, pattern) for pattern in INSIDE)
        jobs += [(library, source) for library in (libraries if inside else libraries[:1])]
    missing, objects = {}, {}
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for (library, source), target, done in pool.map(compiled, jobs):
            objects[library, source] = target
            if done.returncode and source in common:
                die(f"{source} does not compile:\n{done.stderr}")
            if done.returncode:
                missing[source.stem] = "does not compile: " + last(done.stderr)
        shared = [objects[first, source] for source in common]

        def linked(job):
            library, source = job
            own = objects.get((library, source)) or objects[first, source]
            return source, library.link([own, *shared], library.folder / source.stem)

        todo = [source for source in sources if source.stem not in missing]
        for source, done in pool.map(linked, [(lib, src) for src in todo for lib in libraries]):
            if done.returncode:
                missing[source.stem] = "does not link: " + last(done.stderr)
    return [source.stem for source in sources if source.stem not in missing], missing


def last(text):
    lines = [line for line in text.splitlines() if "error" in line or "undefined" in line]
    return (lines or text.splitlines() or ["?"])[0]


def verdict(library, program, limit):
    """Runs a program once, and says how it ended and how long it took."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="upstream-") as folder, tempfile.TemporaryFile() as output:
        # No pipe: what the program forked may outlive it and hold one open.
        process = subprocess.Popen(
            [library.folder / program],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            return "hung", limit
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        said = output.read().decode(errors="replace")
    took = time.monotonic() - started
    if library.name == "patched" and fails_on_purpose(program, said):
        status = 0
    # Each has an alarm of its own, too.
    words = {0: "passed", SKIPPED: "skipped", -signal.SIGALRM: "hung"}
    return words.get(status, "failed"), took


def run_all(pool, libraries, program, limit, times, rows):
    """Runs a program so often with each build, in turn, and counts the verdicts in its rows."""
    jobs = [library for _ in range(times) for library in libraries]
    ends = pool.map(lambda library: verdict(library, program, limit)[0], jobs)
    for library, end in zip(jobs, ends):
        rows[library.name][end] += 1


def fails_on_purpose(program, said):
    """Whether what fails in a program is nothing but what is changed on purpose."""
    part, _ = CHANGED.get(program, (None, None))
    failed = [line for line in said.splitlines() if ":FAIL" in line]
    return part is not None and bool(failed) and all(f":{part}" in line for line in failed)


def chance(times, ours, theirs):
    """How likely it is that of so many bad runs at least so many are ours, if the builds are alike."""
    bad = ours + theirs
    total = math.comb(2 * times, bad)
    ways = [math.comb(times, k) * math.comb(times, bad - k) for k in range(ours, min(times, bad) + 1)]
    return sum(ways) / total


def is_worse(times, released, patched):
    theirs, ours = (times - row["passed"] - row["skipped"] for row in (released, patched))
    return ours > theirs and (theirs == 0 or chance(times, ours, theirs) < 0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("patterns", nargs="*", help="names of programs, or shell patterns")
    parser.add_argument("--times", type=int, default=100, help="runs of each program with each build")
    parser.add_argument("--at-once", type=int, default=16, help="how many run at the same time")
    parser.add_argument("--seconds", type=float, default=20, help="limit, beside five times what it took alone")
    parser.add_argument("--quick", type=float, default=math.inf, help="leave out what takes longer alone, in s")
    options = parser.parse_args()

    libraries = [Library(name) for name in BUILDS]
    sources = programs(libraries[0], options.patterns or ["*"])
    if not sources:
        die("no program has such a name")
    names, missing = make(libraries, sources, os.cpu_count() or 1)

    left_out, worse = [], []
    width = max(map(len, names), default=0)
    print(f"{options.times} runs each, {options.at_once} at once: " + ", ".join(VERDICTS))
    print(f"{'':{width}}  {'released':>16}  {'patched':>16}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        for name in names:
            end, alone = verdict(libraries[0], name, 120)
            if alone > options.quick:
                left_out.append(name)
                continue
            limit = options.seconds + (0 if end == "hung" else 5 * alone)
            rows = {library.name: dict.fromkeys(VERDICTS, 0) for library in libraries}
            run_all(pool, libraries, name, limit, options.times, rows)
            times = options.times
            if is_worse(times, rows["released"], rows["patched"]):
                run_all(pool, libraries, name, limit, options.times, rows)
                times *= 2
            cells = [" ".join(f"{row[word]:3}" for word in VERDICTS) for row in rows.values()]
            bad = is_worse(times, rows["released"], rows["patched"])
            worse += [name] * bad
            note = "  WORSE" if bad else ""
            print(f"{name:{width}}  " + "  ".join(f"{cell:>16}" for cell in cells) + note, flush=True)
    for name, why in missing.items():
        print(f"{name}: {why}")
    for name, (part, why) in CHANGED.items():
        if name in names:
            print(f"{name}: with the patches {part}* may fail: {why}")
    if left_out:
        print(f"left out, as they take more than {options.quick} s: {', '.join(left_out)}")
    if worse:
        die(f"with the patches these fail or hang more often: {', '.join(worse)}")


if __name__ == "__main__":
    main()
