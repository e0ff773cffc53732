"""Numbered messages through a run of `relay.yaml`: fails unless all come, each once and in order.

    traffic.py [COUNT]        default: 20000

It knows nothing of zrig, and gives up when nothing comes for thirty seconds.
"""

import sys
import threading

import zmq

count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
context = zmq.Context()


def send() -> None:
    into = context.socket(zmq.PUSH)
    into.connect("tcp://127.0.0.1:7301")
    for number in range(count):
        into.send(b"%d" % number)
    # What waits goes out before the context ends.
    into.close(linger=30_000)


out = context.socket(zmq.PULL)
out.connect("tcp://127.0.0.1:7302")
out.rcvtimeo = 30_000
threading.Thread(target=send, daemon=True).start()
for expected in range(count):
    try:
        came = int(out.recv())
    except zmq.Again:
        sys.exit(f"traffic: nothing came for 30 s after {expected} of {count}")
    if came != expected:
        sys.exit(f"traffic: {came} came where {expected} was next")
out.rcvtimeo = 300
try:
    sys.exit(f"traffic: {int(out.recv())} came after the last one")
except zmq.Again:
    print(f"traffic: {count} messages, each once and in order")
