"""Wheels, by which `pip install zrig` and `uvx zrig` bring the program.

Owns their layout: nothing to import, the program among the scripts, manual and completions where an
environment shares them. Never uploads one.
"""

import base64
import hashlib
import io
import time
import zipfile
from pathlib import Path

from parts import Machine, Parts
from reproducible import Entry

# A wheel's files know no time before 1980.
EARLIEST = 315532800


def make(parts: Parts, to: Path) -> list[Path]:
    made = []
    for program in parts.programs:
        tags = tags_of(program.machine)
        entries = shared(parts) + [Entry(f"{stem(parts)}.data/scripts/zrig", program.bytes, 0o755)]
        entries += information(parts, tags)
        file = to / f"{stem(parts)}-py3-none-{'.'.join(tags)}.whl"
        file.write_bytes(zipped(entries, f"{stem(parts)}.dist-info/RECORD", parts.epoch))
        made.append(file)
    return made


def stem(parts: Parts) -> str:
    return f"zrig-{parts.version}"


def tags_of(machine: Machine) -> list[str]:
    """A program without shared libraries runs beside every C library."""
    return [f"manylinux2014_{machine.name}", f"musllinux_1_1_{machine.name}"]


def shared(parts: Parts) -> list[Entry]:
    share = f"{stem(parts)}.data/data/share"
    entries = [Entry(f"{share}/man/man1/{page}", text) for page, text in parts.manual.items()]
    return entries + [
        Entry(f"{share}/bash-completion/completions/zrig", parts.completions["bash"]),
        Entry(f"{share}/zsh/site-functions/_zrig", parts.completions["zsh"]),
        Entry(f"{share}/fish/vendor_completions.d/zrig.fish", parts.completions["fish"]),
    ]


def information(parts: Parts, tags: list[str]) -> list[Entry]:
    folder = f"{stem(parts)}.dist-info"
    wheel = ["Wheel-Version: 1.0", "Generator: zrig packaging/build.py", "Root-Is-Purelib: false"]
    wheel += [f"Tag: py3-none-{tag}" for tag in tags]
    return [
        Entry(f"{folder}/METADATA", metadata(parts).encode()),
        Entry(f"{folder}/WHEEL", "\n".join([*wheel, ""]).encode()),
        Entry(f"{folder}/licenses/LICENSE", parts.read("LICENSE")),
        Entry(f"{folder}/licenses/THIRD-PARTY.txt", parts.licences),
    ]


def metadata(parts: Parts) -> str:
    manifest = parts.manifest
    lines = [
        "Metadata-Version: 2.4",
        "Name: zrig",
        f"Version: {parts.version}",
        f"Summary: {manifest['description']}",
        f"License-Expression: {manifest['license']}",
        "License-File: LICENSE",
        "License-File: THIRD-PARTY.txt",
        f"Keywords: {','.join(manifest['keywords'])}",
    ]
    lines += [f"Project-URL: {name.capitalize()}, {manifest[name]}" for name in ("homepage", "repository", "documentation") if name in manifest]
    lines += [
        "Classifier: Development Status :: 4 - Beta",
        "Classifier: Environment :: Console",
        "Classifier: Intended Audience :: Developers",
        "Classifier: Operating System :: POSIX :: Linux",
        "Classifier: Programming Language :: Rust",
        "Classifier: Topic :: Software Development :: Testing",
        "Classifier: Topic :: System :: Networking",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + parts.readme.decode()


def zipped(entries: list[Entry], record: str, epoch: int) -> bytes:
    """With RECORD last, which has the sum of every other file."""
    when = time.gmtime(max(epoch, EARLIEST))[:6]
    sums = [f"{entry.path},sha256={summed(entry.content)},{len(entry.content)}\n" for entry in entries]
    entries = [*entries, Entry(record, ("".join(sums) + f"{record},,\n").encode())]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.path, when)
            info.external_attr = (0o100000 | entry.mode) << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.content, compresslevel=9)
    return written.getvalue()


def summed(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
