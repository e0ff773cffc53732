#!/usr/bin/env python3
"""Makes the moving picture of the README from the recording of a real run.

    docs/pictures/moving.py RECORDING.mcap PICTURE.svg        from what was recorded
    docs/pictures/moving.py --record RECORDING.mcap           runs and edits topologies/first.yaml, recorded

The same recording gives the same picture. `ZRIG` names the program; the interpreter is that of tests/python/setup.sh.
Owns what a moment looks like. Knows the run by its recording alone: texts, messages, log.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as xml
from pathlib import Path
from xml.sax.saxutils import escape

from mcap.reader import make_reader

ROOT = Path(__file__).parent.parent.parent
ZRIG = os.environ.get("ZRIG", str(ROOT / "target/debug/zrig"))
SVG = "{http://www.w3.org/2000/svg}"

WIDTH, TOP, LOG = 980, 284, 206
EDITOR = 520
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
TRAVEL = 0.45  # how long a message is seen on its way, in seconds; really some 0.2 ms
REST = 1.6  # how long the last moment stays
HEAD, FOOT = 82, 50  # title and legend of a picture of `zrig graph`, which are left out

# What the story adds to the file while it runs.
ALARM = """
  alarm:
    role: sub
    connect: station
    msgids: [10001]
    on_message: print(msg.body)
"""


def record(recording):
    """A run of topologies/first.yaml in whose middle the file is saved with one node more."""
    with tempfile.TemporaryDirectory(prefix="zrig-picture-") as folder:
        for name in ["topologies/first.yaml", "scripts/first.rhai"]:
            copy = Path(folder, name)
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, copy)
        file = Path(folder, "topologies/first.yaml")

        def save():
            time.sleep(3)
            file.write_text(file.read_text() + ALARM)

        editor = threading.Thread(target=save)
        editor.start()
        subprocess.run([ZRIG, "run", file, "--for", "5200ms", "--record", Path(recording).absolute()], check=True)
        editor.join()


def read(recording):
    """The versions of the topology with the files beside them, and all that happened, each with its time in seconds."""
    versions = {}
    with open(recording, "rb") as file:
        for text in make_reader(file).iter_attachments():
            versions.setdefault(text.log_time / 1e9, {})[text.name] = text.data.decode()
    command = [ZRIG, "recording", recording, "--format", "jsonl"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(versions.items()), [json.loads(line) for line in lines]


def picture_of(texts):
    """What `zrig graph` draws of one version, as an element."""
    with tempfile.TemporaryDirectory(prefix="zrig-picture-") as folder:
        common = os.path.commonpath(list(texts))
        for name, text in texts.items():
            copy = Path(folder, os.path.relpath(name, common))
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text)
        topology = next(name for name in texts if name.endswith(".yaml"))
        command = [ZRIG, "graph", Path(folder, os.path.relpath(topology, common)), "--format", "svg"]
        return xml.fromstring(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Moments:
    """When something is seen, in a picture that begins anew without end."""

    def __init__(self, begin, end):
        self.begin, self.length = begin, round(end - begin + REST, 2)

    def at(self, when):
        return round(min(max((when - self.begin) / self.length, 0), 1), 4)

    def seen(self, since=None, until=None):
        """The animation that shows an element between two times."""
        since = 0 if since is None else self.at(since)
        until = 1 if until is None else self.at(until)
        steps = [(0, since <= 0)] + [(at, on) for at, on in [(since, True), (until, False)] if 0 < at < 1]
        times = ";".join(f"{at:g}" for at, _ in steps)
        values = ";".join("visible" if on else "hidden" for _, on in steps)
        return (
            f'<animate attributeName="visibility" calcMode="discrete" dur="{self.length:g}s" '
            f'repeatCount="indefinite" keyTimes="{times}" values="{values}"/>'
        )


def editor(versions, moments):
    """The file as it is at each time, with the lines that a save put behind the others marked."""
    parts = [
        f'<rect width="{EDITOR}" height="{TOP}" rx="8" fill="#0f172a"/>',
        '<text x="14" y="21" font-size="11" fill="#94a3b8">first.yaml</text>',
    ]
    before = None
    for at, (when, texts) in enumerate(versions):
        until = versions[at + 1][0] if at + 1 < len(versions) else None
        lines = next(text for name, text in texts.items() if name.endswith(".yaml")).splitlines()
        hidden = ' visibility="hidden"' if until else ""
        parts.append(f"<g{hidden}>{moments.seen(when if at else None, until)}")
        for row, line in enumerate(lines):
            y = 44 + 14.4 * row
            if before is not None and row >= len(before):
                parts.append(f'<rect x="6" y="{y - 11:g}" width="{EDITOR - 12}" height="14.4" fill="#14532d"/>')
            parts.append(f'<text x="14" y="{y:g}" font-size="10.3" fill="#e2e8f0" xml:space="preserve">{coloured(line)}</text>')
        parts.append("</g>")
        before = lines
    return parts


def coloured(line):
    """A line of YAML whose keys and comments have colours of their own."""
    code, comment = re.match(r"((?:[^#`]|`[^`]*`)*)(#.*)?$", line).groups()
    code = re.sub(r"([\w]+)(:)(?= |$)", r"\1\2", code)
    parts = re.split(r"(\b\w+:(?= |$))", code)
    text = "".join(f'<tspan fill="#7dd3fc">{escape(part)}</tspan>' if part.endswith(":") else escape(part) for part in parts)
    return text + (f'<tspan fill="#64748b">{escape(comment)}</tspan>' if comment else "")


def graph(versions, happened, moments):
    """The picture of each version, and the messages on its wires."""
    x, width = EDITOR + 10, WIDTH - EDITOR - 10
    parts = [f'<rect x="{x}" width="{width}" height="{TOP}" rx="8" fill="#ffffff" stroke="#cbd5e1"/>']
    for at, (when, texts) in enumerate(versions):
        until = versions[at + 1][0] if at + 1 < len(versions) else None
        drawn = picture_of(texts)
        wide, high = float(drawn.get("width")), float(drawn.get("height"))
        hidden = ' visibility="hidden"' if until else ""
        parts.append(f"<g{hidden}>{moments.seen(when if at else None, until)}")
        # A group in the place of a picture in the picture, whose animations browsers keep a time of its own for.
        high -= HEAD + FOOT
        scale = min((width - 12) / wide, (TOP - 12) / high)
        left, top = x + (width - scale * wide) / 2, (TOP - scale * high) / 2 - scale * HEAD
        parts.append(f'<g transform="translate({left:.4g} {top:.4g}) scale({scale:.4g})" font-family="{escape(drawn.get("font-family"))}">')
        routes = {}
        for part in drawn.iter():
            if part.get("class") == "wire":
                routes[part.get("data-from"), part.get("data-to")] = part.find(f"{SVG}path").get("d")
            part.tag = part.tag.removeprefix(SVG)
        for part in drawn:
            if part.get("class") in ("wire", "node"):
                parts.append(xml.tostring(part, encoding="unicode").rstrip())
        for message in [one["message"] for one in happened if "message" in one]:
            arrived = message["time"]
            route = routes.get(("station", message["node"]))
            if message["direction"] == "in" and route and when <= arrived and (until is None or arrived < until):
                parts += travelling(message, route, moments)
        parts += ["</g>", "</g>"]
    return parts


def travelling(message, route, moments):
    """A message on its way."""
    leaves, arrives = message["time"] - TRAVEL, message["time"]
    body = message["body"]
    said = f"{body['city']} {body['celsius']}" if isinstance(body, dict) else body
    times = f"0;{moments.at(leaves):g};{moments.at(arrives):g};1"
    return [
        f'<g visibility="hidden">{moments.seen(leaves, arrives)}',
        f'<animateMotion path="{route}" dur="{moments.length:g}s" repeatCount="indefinite" calcMode="linear" '
        f'keyPoints="0;0;1;1" keyTimes="{times}"/>',
        '<circle r="6.5" fill="#f59e0b" stroke="#ffffff" stroke-width="1.5"/>',
        f'<text y="-11" font-size="13" font-weight="700" fill="#b45309" text-anchor="middle">{escape(said)}</text>',
        "</g>",
    ]


def log(happened, begin, moments):
    """What the run says, as its terminal shows it, in seconds since its start."""
    y = TOP + 10
    parts = [
        f'<rect y="{y}" width="{WIDTH}" height="{LOG}" rx="8" fill="#0f172a"/>',
        f'<text x="14" y="{y + 20}" font-size="11" fill="#94a3b8">$ zrig run topologies/first.yaml</text>',
    ]
    row = 0
    for event in [one["event"] for one in happened if "event" in one]:
        if event["level"] == "debug":
            continue
        message = event["message"] if event["kind"] != "note" else event["message"].split(";")[0]
        for line, said in enumerate(message.splitlines()):
            node = f'<tspan fill="#7dd3fc">{event["node"]}</tspan>  ' if event.get("node") else ""
            colour = "#86efac" if event["kind"] == "reloaded" else "#e2e8f0"
            since = f"{event['time'] - begin:6.3f} s  " if line == 0 else " " * 10
            parts.append(
                f'<text x="14" y="{y + 38 + 14 * row}" font-size="11" fill="{colour}" xml:space="preserve">'
                f"{moments.seen(event['time'])}"
                f'<tspan fill="#64748b">{since}</tspan>{node}{escape(said)}</text>'
            )
            row += 1
    return parts


def draw(recording):
    versions, happened = read(recording)
    times = [next(iter(one.values()))["time"] for one in happened]
    begin, end = min(times), max(times)
    moments = Moments(begin, end)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + 10 + LOG}" role="img" font-family="{MONO}">',
        "<title>A topology alive, and changed while it runs</title>",
        *editor(versions, moments),
        *graph(versions, happened, moments),
        *log(happened, begin, moments),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--record", recording]:
            record(recording)
        case [recording, picture]:
            Path(picture).write_text(draw(recording), encoding="utf-8")
        case _:
            sys.exit(__doc__)
