"""A worker in Python: counts the words of the lines that it is given. zrig starts it, and tells it its
endpoints by its environment; run by hand it wants them there too:

    ZRIG_SOCKET_LINES=tcp://127.0.0.1:5591 ZRIG_SOCKET_COUNTS=tcp://127.0.0.1:5592 python3 words.py
"""

import json
import os
import signal
from collections import Counter

import zmq


def main() -> None:
    told_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.append(True))
    context = zmq.Context()
    lines = context.socket(zmq.PULL)
    for endpoint in os.environ["ZRIG_SOCKET_LINES"].split():
        lines.connect(endpoint)
    counts = context.socket(zmq.PUSH)
    for endpoint in os.environ["ZRIG_SOCKET_COUNTS"].split():
        counts.connect(endpoint)
    print("counts words", flush=True)
    # Told to end it takes what has arrived: nobody else would.
    while lines.poll(50) or not told_to_end:
        if lines.poll(0):
            counts.send_string(json.dumps(Counter(lines.recv_string().lower().split())))
    context.destroy(linger=500)


main()
