"""The archive: a folder with the program, its manual, completions and licences, to be unpacked anywhere.

Owns its layout. Never decides what the parts say.
"""

from pathlib import Path

from parts import SHELLS, Parts
from reproducible import Entry, gz, tar


def make(parts: Parts, to: Path) -> list[Path]:
    made = []
    for program in parts.programs:
        name = f"zrig-{parts.version}-{program.machine.name}-linux"
        entries = [
            Entry("zrig", program.bytes, 0o755),
            Entry("LICENSE", parts.read("LICENSE")),
            Entry("THIRD-PARTY.txt", parts.licences),
            Entry("CHANGELOG.md", parts.read("CHANGELOG.md")),
        ]
        entries += [Entry(f"man/man1/{page}", text) for page, text in parts.manual.items()]
        entries += [Entry(f"completions/{file}", parts.completions[shell]) for shell, file in SHELLS.items()]
        inside = [Entry(f"{name}/{entry.path}", entry.content, entry.mode) for entry in entries]
        file = to / f"{name}.tar.gz"
        file.write_bytes(gz(tar(inside, parts.epoch)))
        made.append(file)
    return made
