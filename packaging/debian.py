"""The Debian package: the program, its manual, completions and the topologies that ship as examples.

Owns its layout, its control file and what lintian is told. Installs nothing.
"""

import hashlib
import os
from email.utils import formatdate
from pathlib import Path

from parts import Machine, Parts
from reproducible import Entry, ar, gz, tar, xz

DESCRIPTION = """\
declarative ZeroMQ topology runner
 zrig runs a ZeroMQ topology that a YAML file declares: nodes, roles, endpoints,
 subscriptions and high-water marks become sockets, wired to handlers in Rhai,
 and change while they run. It checks a file before anything starts, says what
 ZeroMQ drops silently, shows what passes where, and tests topologies in
 simulated time.
 .
 It speaks with every program built on ZeroMQ, and brings its own libzmq.
"""

OVERRIDES = """\
# One program for every Debian, and the same as in the archive and in the wheel: linked with all that it needs, and
# its libzmq is a patched one. lintian takes what has no address of its own and wants no library for a library.
zrig: shared-library-lacks-prerequisites [usr/bin/zrig]
# No libyaml of C: a translation of it into Rust, which bears its words.
zrig: embedded-library libyaml [usr/bin/zrig]
"""

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: zrig
Comment: What is linked into the program has terms of its own, which
 /usr/share/doc/zrig/THIRD-PARTY.txt.gz lists with their texts.

Files: *
Copyright: {holder}
License: Expat

License: Expat
{terms}
"""


def make(parts: Parts, to: Path) -> list[Path]:
    made = []
    for program in parts.programs:
        entries = sorted([Entry("usr/bin/zrig", program.bytes, 0o755), *files(parts)], key=lambda entry: entry.path)
        size = -(-sum(len(entry.content) for entry in entries) // 1024)
        sums = "".join(f"{hashlib.md5(entry.content).hexdigest()}  {entry.path}\n" for entry in entries)
        about = [Entry("control", control(parts, program.machine, size).encode()), Entry("md5sums", sums.encode())]
        members = [
            ("debian-binary", b"2.0\n"),
            ("control.tar.xz", xz(tar(about, parts.epoch, dot=True))),
            ("data.tar.xz", xz(tar(entries, parts.epoch, dot=True))),
        ]
        file = to / f"zrig_{parts.version}_{program.machine.debian}.deb"
        file.write_bytes(ar(members, parts.epoch))
        made.append(file)
    return made


def files(parts: Parts) -> list[Entry]:
    """All but the program."""
    doc = "usr/share/doc/zrig"
    entries = [Entry(f"usr/share/man/man1/{page}.gz", gz(text)) for page, text in parts.manual.items()]
    entries += [
        Entry("usr/share/bash-completion/completions/zrig", parts.completions["bash"]),
        Entry("usr/share/zsh/vendor-completions/_zrig", parts.completions["zsh"]),
        Entry("usr/share/fish/vendor_completions.d/zrig.fish", parts.completions["fish"]),
        Entry("usr/share/lintian/overrides/zrig", OVERRIDES.encode()),
        Entry(f"{doc}/copyright", copyright(parts).encode()),
        Entry(f"{doc}/changelog.gz", gz(changelog(parts).encode())),
        Entry(f"{doc}/NEWS.md.gz", gz(parts.read("CHANGELOG.md"))),
        Entry(f"{doc}/THIRD-PARTY.txt.gz", gz(parts.licences)),
    ]
    for folder in ("topologies", "scripts"):
        for file in sorted((parts.root / folder).rglob("*")):
            if file.is_file():
                entries.append(Entry(f"{doc}/examples/{file.relative_to(parts.root)}", file.read_bytes()))
    return entries


def maintainer() -> str:
    """As Debian's own tools are told."""
    name = os.environ.get("DEBFULLNAME", "The zrig maintainers")
    return f"{name} <{os.environ.get('DEBEMAIL', 'maintainers@zrig.invalid')}>"


def control(parts: Parts, machine: Machine, size: int) -> str:
    lines = [
        "Package: zrig",
        f"Version: {parts.version}",
        f"Architecture: {machine.debian}",
        f"Maintainer: {maintainer()}",
        f"Installed-Size: {size}",
        "Section: net",
        "Priority: optional",
    ]
    if "homepage" in parts.manifest:
        lines.append(f"Homepage: {parts.manifest['homepage']}")
    return "\n".join(lines) + f"\nDescription: {DESCRIPTION}"


def copyright(parts: Parts) -> str:
    licence = parts.read("LICENSE").decode()
    holder = next(line for line in licence.split("\n") if line.startswith("Copyright"))
    terms = licence[licence.index("Permission") :].rstrip("\n").split("\n")
    return COPYRIGHT.format(
        holder=holder.removeprefix("Copyright (c) "),
        terms="\n".join(f" {line}" if line else " ." for line in terms),
    )


def changelog(parts: Parts) -> str:
    """What Debian wants in its form; what users notice is in NEWS.md.gz."""
    when = formatdate(parts.epoch)
    return (
        f"zrig ({parts.version}) unstable; urgency=medium\n\n"
        f"  * Version {parts.version}; NEWS.md.gz says what is new.\n\n"
        f" -- {maintainer()}  {when}\n"
    )
