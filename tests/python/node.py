"""A program that drives a node of zrig: it finds its endpoints in its environment.

    node.py answer      answers each question on the socket `desk` with the question and who it is
    node.py work        takes from `jobs` and gives to `results`, what it took with who it is behind it

Told to end by SIGTERM it handles what has come, and ends when nothing has for a moment.
"""

import json
import os
import signal
import sys

import zmq

#: How long nothing may have come before it ends, in milliseconds.
SILENCE = 50

told_to_end = []


def endpoints(socket: str) -> list:
    return os.environ[f"ZRIG_SOCKET_{socket.upper()}"].split()


def open_socket(context: zmq.Context, name: str) -> zmq.Socket:
    """A socket as zrig wants it: its role, its marks, and whether it binds or connects."""
    wanted = json.loads(os.environ["ZRIG_SOCKETS"])[name]
    socket = context.socket(getattr(zmq, wanted["role"].upper()))
    socket.sndhwm, socket.rcvhwm = wanted["hwm"]["send"], wanted["hwm"]["receive"]
    socket.linger = wanted["linger"]
    for endpoint in wanted["bind"]:
        socket.bind(endpoint)
    for endpoint in wanted["connect"]:
        socket.connect(endpoint)
    assert wanted["bind"] + wanted["connect"] == endpoints(name)
    return socket


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.append(True))
    context = zmq.Context()
    me = f"{os.environ['ZRIG_NODE']}.{os.environ['ZRIG_REPLICA']}"
    print(f"begins as {me}", flush=True)
    if sys.argv[1] == "answer":
        desk = open_socket(context, "desk")
        take, give = desk, desk
    else:
        take, give = open_socket(context, "jobs"), open_socket(context, "results")
    handled = 0
    while True:
        if take.poll(SILENCE):
            give.send(take.recv() + f" {me}".encode())
            handled += 1
        elif told_to_end:
            break
    print(f"{me} ends after {handled}", flush=True)
    context.destroy(linger=give.linger)


main()
