"""What every package is made of: the program of each machine, its manual, completions and licences.

Owns where these come from and what a machine is called by each kind of package. Never writes a package.
"""

import os
import re
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import licences


class Fault(Exception):
    """Why nothing can be made, in words for the one who called."""


@dataclass(frozen=True)
class Machine:
    """A processor, by the names that each kind of package has for it."""

    name: str
    debian: str
    npm: str
    image: str


# By the number that ELF has for it.
MACHINES = {
    62: Machine("x86_64", "amd64", "x64", "amd64"),
    183: Machine("aarch64", "arm64", "arm64", "arm64"),
}

SHELLS = {"bash": "zrig.bash", "zsh": "_zrig", "fish": "zrig.fish"}


@dataclass(frozen=True)
class Program:
    """A program that wants no shared library, and the machine that it is for."""

    path: Path
    machine: Machine
    bytes: bytes


class Parts:
    def __init__(self, root: Path, programs: list[Path], guide: Path):
        self.root = root
        self.programs = [program(path) for path in programs]
        self.guide = guide
        if len({program.machine for program in self.programs}) < len(self.programs):
            raise Fault("two programs are for one machine; give one of each")

    @cached_property
    def manifest(self) -> dict:
        return tomllib.loads((self.root / "Cargo.toml").read_text())["package"]

    @cached_property
    def version(self) -> str:
        """That of the manifest, which has to be that of the program."""
        version = self.manifest["version"]
        said = self.ask("--version").decode().split("\n")[0]
        if version not in said.split():
            raise Fault(f"{self.guide} is not of version {version} but says '{said}'; build it anew")
        return version

    @cached_property
    def epoch(self) -> int:
        """The time that files in a package have: that of the commit, or what SOURCE_DATE_EPOCH says."""
        if "SOURCE_DATE_EPOCH" in os.environ:
            return int(os.environ["SOURCE_DATE_EPOCH"])
        command = ["git", "-C", str(self.root), "log", "-1", "--format=%ct"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Fault("this is no clone of the repository; say the time by SOURCE_DATE_EPOCH")
        return int(done.stdout)

    @cached_property
    def manual(self) -> dict[str, bytes]:
        """Pages of section 1, by the names of their files."""
        with tempfile.TemporaryDirectory() as folder:
            self.ask("manual", "--to", folder)
            pages = {page.name: page.read_bytes() for page in sorted(Path(folder).rglob("*.1"))}
        if "zrig.1" not in pages:
            raise Fault(f"{self.guide} manual wrote no zrig.1")
        return pages

    @cached_property
    def completions(self) -> dict[str, bytes]:
        """The text for each shell of `SHELLS`."""
        return {shell: self.ask("completions", shell) for shell in SHELLS}

    @cached_property
    def licences(self) -> bytes:
        """What is linked in, and under which terms."""
        return licences.text(self.root).encode()

    @cached_property
    def readme(self) -> bytes:
        """For pages far from the repository: what leads to a file of it leads there by its address, or is left out."""
        address = self.manifest.get("repository")

        def absolute(found: re.Match) -> str:
            mark, words, to = found.groups()
            if re.match(r"[a-z]+:|#", to):
                return found[0]
            if address:
                return f"{mark}[{words}]({address.rstrip('/')}/{'raw' if mark else 'blob'}/v{self.version}/{to})"
            return "" if mark else words

        return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", absolute, self.read("README.md").decode()).encode()

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def ask(self, *arguments: str) -> bytes:
        """What the guide prints."""
        try:
            done = subprocess.run([self.guide.resolve(), *arguments], capture_output=True, check=False)
        except OSError as error:
            raise Fault(f"{self.guide} does not run here ({error}); give one that does by --guide") from error
        if done.returncode != 0:
            raise Fault(f"{self.guide} {' '.join(arguments)} failed:\n{done.stderr.decode()}")
        return done.stdout


def program(path: Path) -> Program:
    """The program, where it is one for Linux that runs wherever its processor is."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}; packaging/static.sh makes target/static/zrig") from error
    if content[:6] != b"\x7fELF\x02\x01":
        raise Fault(f"{path} is no program of 64 bits for Linux")
    number = int.from_bytes(content[18:20], "little")
    if number not in MACHINES:
        raise Fault(f"{path} is for a processor (ELF's number {number}) that no package is made for")
    if wants_a_loader(content):
        raise Fault(f"{path} wants shared libraries, which other systems have in other versions; packaging/static.sh makes one that does not")
    return Program(path, MACHINES[number], content)


def wants_a_loader(content: bytes) -> bool:
    """Whether ELF's program headers name an interpreter, which is what loads shared libraries."""
    start = int.from_bytes(content[32:40], "little")
    size = int.from_bytes(content[54:56], "little")
    count = int.from_bytes(content[56:58], "little")
    interpreter = 3
    headers = (content[start + size * at :][:4] for at in range(count))
    return interpreter in (int.from_bytes(kind, "little") for kind in headers)
