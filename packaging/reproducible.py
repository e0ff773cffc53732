"""Files that hold files, the same bytes for the same content: tar, with gzip or xz, and Debian's ar.

Owns their order, owners, modes and times. Never reads a file.
"""

import gzip
import io
import lzma
import tarfile
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A file of a package."""

    path: str
    content: bytes
    mode: int = 0o644


def tar(entries: list[Entry], epoch: int, folders: dict[str, int] | None = None, dot: bool = False) -> bytes:
    """A tar of these files and of the folders above them, all root's.

    `folders` are further ones with their modes; `dot` names all from `./`, as Debian does.
    """
    modes = dict(folders or {})
    for entry in entries:
        parts = entry.path.split("/")[:-1]
        for end in range(1, len(parts) + 1):
            modes.setdefault("/".join(parts[:end]), 0o755)
    prefix = "./" if dot else ""
    members = [(f"{path}/", mode, None) for path, mode in modes.items()]
    members += [(entry.path, entry.mode, entry.content) for entry in entries]
    if dot:
        members.append(("", 0o755, None))
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, mode, content in sorted(members, key=lambda member: member[0]):
            info = tarfile.TarInfo((prefix + path).rstrip("/") or ".")
            info.mode, info.mtime, info.uname, info.gname = mode, epoch, "root", "root"
            if content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


def gz(content: bytes) -> bytes:
    """Without a name and a time in its head."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def xz(content: bytes) -> bytes:
    return lzma.compress(content, preset=6)


def ar(members: list[tuple[str, bytes]], epoch: int) -> bytes:
    """The archive that a Debian package is."""
    written = b"!<arch>\n"
    for name, content in members:
        written += f"{name:<16}{epoch:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        written += content + b"\n" * (len(content) % 2)
    return written
