"""An outside peer that takes part in `sequence`, by the lines that docs/observing.md shows.

    sequence.py subscribe ENDPOINT    until a message ends in `end`; slow at first
    sequence.py publish ENDPOINT      with gaps and doubles, until a line on standard input

On standard output: the summary as JSON. What the subscriber counts as missed has to be what is
absent from the numbers in the messages' own bodies.
"""

import json
import pathlib
import re
import sys
import time
from typing import Any, Dict

import zmq

DOCS = pathlib.Path(__file__).parents[2] / 'docs' / 'observing.md'


def shown() -> Dict[str, Any]:
    """The functions of the page's Python blocks."""
    names: Dict[str, Any] = {}
    for block in re.findall(r'```python\n(.*?)```', DOCS.read_text(), re.DOTALL):
        exec(block, names)
    return names


def subscribe(endpoint: str) -> Dict[str, Any]:
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.rcvhwm = 10
    socket.setsockopt(zmq.RCVBUF, 8192)
    socket.subscribe(b'1000 ')
    socket.connect(endpoint)
    received = []
    missed = 0
    for frames, gap in shown()['numbered'](socket):
        missed += gap
        words = frames[0].split(b' ')
        received.append(int(words[2]))
        if words[-1] == b'end':
            break
        if len(received) < 200:
            time.sleep(0.001)
    absent = received[-1] - received[0] + 1 - len(set(received))
    return {'ok': len(frames) == 1, 'received': len(received), 'missed': missed, 'absent': absent}


def publish(endpoint: str) -> Dict[str, Any]:
    socket = zmq.Context.instance().socket(zmq.XPUB)
    socket.sndhwm = 0
    socket.connect(endpoint)
    socket.recv()
    number = shown()['number']
    skipped = doubled = 0
    for n in range(1000):
        frames = number('outside', b'1000 text %d' % n)
        # The first shows where the numbers begin, and so cannot be missed.
        if n and n % 10 == 0:
            skipped += 1
            continue
        socket.send_multipart(frames)
        if n % 100 == 5:
            doubled += 1
            socket.send_multipart(frames)
    socket.send_multipart(number('outside', b'1000 text end'))
    sys.stdin.readline()
    return {'ok': True, 'skipped': skipped, 'doubled': doubled}


if __name__ == '__main__':
    summary = {'subscribe': subscribe, 'publish': publish}[sys.argv[1]](sys.argv[2])
    print(json.dumps(summary), flush=True)
    zmq.Context.instance().destroy(linger=0)
