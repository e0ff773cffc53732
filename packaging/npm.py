"""npm packages: one for each machine with its program, and `zrig`, which starts the one that fits.

Owns their layout and the starter. Never publishes one.
"""

import json
from pathlib import Path

from parts import Parts
from reproducible import Entry, gz, tar

# It stays the parent, and what a terminal or a supervisor says to it goes on to the program.
STARTER = """\
#!/usr/bin/env node
// Starts the program of the package for this machine, with the same arguments and the same end.
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const name = `zrig-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/zrig`);
} catch {
  console.error(`zrig: there is no package ${name} here. It exists for Linux on x64 and arm64; ` +
    "where it does, install again without --omit=optional.");
  process.exit(1);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal tells all of its foreground by itself; who is told alone tells the program.
process.on("SIGINT", () => {});
process.on("SIGQUIT", () => {});
for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => { console.error(`zrig: ${program}: ${error.message}`); process.exit(1); });
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
"""


def make(parts: Parts, to: Path) -> list[Path]:
    made = []
    names = []
    for program in parts.programs:
        name = f"zrig-linux-{program.machine.npm}"
        names.append(name)
        about = described(parts, name) | {"os": ["linux"], "cpu": [program.machine.npm]}
        entries = [Entry("zrig", program.bytes, 0o755), Entry("THIRD-PARTY.txt", parts.licences)]
        made.append(packed(parts, to, about, entries))
    about = described(parts, "zrig") | {
        "bin": {"zrig": "zrig.js"},
        "engines": {"node": ">=18"},
        "optionalDependencies": {name: parts.version for name in names},
    }
    entries = [Entry("zrig.js", STARTER.encode(), 0o755), Entry("README.md", parts.readme)]
    return [*made, packed(parts, to, about, entries)]


def described(parts: Parts, name: str) -> dict:
    manifest = parts.manifest
    about = {
        "name": name,
        "version": parts.version,
        "description": manifest["description"],
        "keywords": manifest["keywords"],
        "license": manifest["license"],
    }
    if "repository" in manifest:
        about["repository"] = {"type": "git", "url": manifest["repository"]}
    if "homepage" in manifest:
        about["homepage"] = manifest["homepage"]
    return about


def packed(parts: Parts, to: Path, about: dict, entries: list[Entry]) -> Path:
    entries = [Entry("package.json", (json.dumps(about, indent=2) + "\n").encode()), Entry("LICENSE", parts.read("LICENSE")), *entries]
    inside = [Entry(f"package/{entry.path}", entry.content, entry.mode) for entry in entries]
    file = to / f"{about['name']}-{about['version']}.tgz"
    file.write_bytes(gz(tar(inside, parts.epoch)))
    return file
