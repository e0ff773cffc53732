#!/usr/bin/env python3
"""Makes what people install around a program that is already built.

    packaging/build.py [KIND…] [--program FILE]… [--guide FILE] [--to DIR]

A KIND is archive, wheel, deb, npm or image; without one, all are made. `packaging/static.sh` makes the
program, target/static/zrig, which is the default; each further `--program` is that of another machine, and
which one its own header says. The manual and the completions come from the program itself; where it does
not run here, `--guide` is one of the same version that does. Beside what is made lies SHA256SUMS.

Owns the arguments and the order. Compiles nothing, fetches nothing, publishes nothing. Needs Python 3.11 and
its standard library; the same program and commit give the same bytes.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import archive
import debian
import image
import npm
import wheel
from parts import Fault, Parts

KINDS = {
    "archive": archive.make,
    "wheel": wheel.make,
    "deb": debian.make,
    "npm": npm.make,
    "image": image.make,
}


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    arguments.add_argument("--program", action="append", type=Path, metavar="FILE")
    arguments.add_argument("--guide", type=Path, metavar="FILE")
    arguments.add_argument("--to", type=Path, metavar="DIR", default=root / "target" / "packages")
    given = arguments.parse_args()
    for kind in given.kinds:
        if kind not in KINDS:
            arguments.error(f"{kind} is none of {', '.join(KINDS)}")
    programs = given.program or [root / "target" / "static" / "zrig"]
    try:
        parts = Parts(root, programs, given.guide or programs[0])
        given.to.mkdir(parents=True, exist_ok=True)
        made = [file for kind in given.kinds or KINDS for file in KINDS[kind](parts, given.to)]
    except Fault as fault:
        print(f"build.py: {fault}", file=sys.stderr)
        return 1
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(made))
    (given.to / "SHA256SUMS").write_text(sums)
    for file in made:
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
