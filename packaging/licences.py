"""The licences of what is linked into the program, as their terms want them beside it.

Owns which packages are in it and which of their files are licences. Never judges a licence: `deny.toml` does.
"""

import json
import subprocess
import tarfile
from pathlib import Path

HEAD = """\
The program zrig is under the MIT licence, which LICENSE has. Linked into it are the packages below, each under
its own terms, and parts of the systems that built it: the standard library of Rust (MIT or Apache-2.0), the
run-time libraries of GCC (GPL-3.0 with the GCC Runtime Library Exception) and the GNU C library (LGPL-2.1).

The sources of all of them are public. Those of zrig, with a lock file that names each package's version and the
differences of its libzmq (MPL-2.0) from the released one (zmq-sys/patches/), are what this program is built
from, and `packaging/static.sh` there links it anew with another version of any of these.
"""

NAMES = ("licen", "copying", "notice", "copyright", "unlicense")

# Where packages of Rust have the licences of the C and C++ libraries that they bring.
BROUGHT = {
    "zeromq-src": ["vendor", "vendor/external/sha1"],
    "libmimalloc-sys": ["c_src/mimalloc/v3"],
}

# Linked although only builds depend on it: what it brings is compiled.
BRINGERS = ("zeromq-src",)

# The package that has libsodium, as an archive, and where its licence is in that.
SODIUM = ("libsodium-sys-stable", "LATEST.tar.gz", "libsodium-stable/LICENSE")


def text(root: Path) -> str:
    """All of it: who is in it, then each text once with those that it is of."""
    packages = linked(root)
    of: dict[str, list[str]] = {}
    index = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        texts = [file.read_text(errors="replace").strip() for file in files(package)]
        if package["name"] == SODIUM[0]:
            texts.append(sodium(package))
        # Where it brings no text, whose it is stands here at least.
        whose = "" if texts else f", by {', '.join(package['authors']) or package['repository']}"
        index.append(f"  {name}: {package['license'] or 'see its text'}{whose}")
        for licence in texts:
            of.setdefault(licence, []).append(name)
    page = (root / "src" / "web" / "vendored" / "LICENSES").read_text().strip()
    of.setdefault(page, []).append("the live page")
    parts = [HEAD.strip(), "\n".join(index)]
    parts += [f"{'=' * 80}\n{', '.join(sorted(set(names)))}\n\n{licence}" for licence, names in of.items()]
    return "\n\n".join(parts) + "\n"


def linked(root: Path) -> list[dict]:
    """The packages that end in the program: what it depends on, but for what only its build and tests use."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"]
    said = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in said["packages"]}
    nodes = {node["id"]: node for node in said["resolve"]["nodes"]}
    waiting = [next(id for id, package in packages.items() if package["manifest_path"] == str(root / "Cargo.toml"))]
    found = set(waiting)
    while waiting:
        at = waiting.pop()
        for dependency in nodes[at]["deps"]:
            name = packages[dependency["pkg"]]["name"]
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"]) or name in BRINGERS
            is_macro = any("proc-macro" in target["kind"] for target in packages[dependency["pkg"]]["targets"])
            if is_linked and not is_macro and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    ours = {str(root / "Cargo.toml"), str(root / "zmq-sys" / "Cargo.toml")}
    others = [packages[id] for id in found if packages[id]["manifest_path"] not in ours]
    return sorted(others, key=lambda package: (package["name"], package["version"]))


def files(package: dict) -> list[Path]:
    """Its texts; where it leaves the choice and MIT is one, that alone."""
    folder = Path(package["manifest_path"]).parent
    own = [file for file in sorted(folder.iterdir()) if is_licence(file)]
    mit = [file for file in own if "mit" in file.name.lower()]
    if mit and "MIT" in (package["license"] or ""):
        own = mit
    for below in BROUGHT.get(package["name"], []):
        own += [file for file in sorted((folder / below).iterdir()) if is_licence(file) and file not in own]
    return own


def sodium(package: dict) -> str:
    with tarfile.open(Path(package["manifest_path"]).parent / SODIUM[1]) as archive:
        return archive.extractfile(SODIUM[2]).read().decode().strip()


def is_licence(file: Path) -> bool:
    return file.is_file() and file.name.lower().startswith(NAMES) and file.suffix.lower() in ("", ".md", ".txt", ".mit", ".apache")
