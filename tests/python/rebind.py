"""A bare ROUTER that answers every request as it came, and is drained and bound again when told to.

What a rebuilt router of zrig is compared with: the same libzmq rules, by hand, in as little time as
there can be. On standard input, a line each: `switch` takes what has arrived, answers it, closes the
socket with a linger and binds another one; `serve N` is answered by `served ROUND` when N more were
answered; anything else is the end. On standard output: `ready`, and at the end the summary as JSON,
with what came and what was answered.
"""

import argparse
import json
import sys
import threading
import time
from queue import Queue

import zmq


def say(text: str) -> None:
    print(text, flush=True)


class Server:
    """The socket of the moment, and what went through all of them."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.context = zmq.Context()
        self.came = self.answered = 0
        self.socket = self.bound()

    def bound(self) -> 'zmq.Socket[bytes]':
        socket = self.context.socket(zmq.ROUTER)
        socket.router_mandatory = True
        socket.linger = 10000
        socket.sndhwm = socket.rcvhwm = self.args.hwm
        deadline = time.monotonic() + 5
        while True:
            try:
                socket.bind(self.args.bind)
                return socket
            except zmq.ZMQError as error:
                if error.errno != zmq.EADDRINUSE or time.monotonic() > deadline:
                    raise

    def drain(self) -> None:
        while True:
            try:
                message = self.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            self.came += 1
            try:
                self.socket.send_multipart(message)
            except zmq.ZMQError as error:
                if error.errno != zmq.EHOSTUNREACH:
                    raise
            else:
                self.answered += 1

    def switch(self) -> None:
        self.drain()
        self.socket.close()
        self.socket = self.bound()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bind', required=True, metavar='ENDPOINT')
    parser.add_argument('--hwm', type=int, default=1000)
    args = parser.parse_args()
    orders: 'Queue[str]' = Queue()

    def read() -> None:
        for line in sys.stdin:
            orders.put(line.strip())
        orders.put('end')

    threading.Thread(target=read, daemon=True).start()
    server, rounds, wanted = Server(args), 0, 0
    say('ready')
    while True:
        if server.socket.poll(1):
            server.drain()
        if wanted:
            if server.answered >= wanted:
                say('served %d' % rounds)
                rounds, wanted = rounds + 1, 0
            continue
        if orders.empty():
            continue
        order = orders.get()
        if order == 'switch':
            server.switch()
        elif order.startswith('serve '):
            wanted = server.answered + int(order.split()[1])
        else:
            break
    server.socket.close()
    say(json.dumps({'ok': True, 'came': server.came, 'answered': server.answered}))


if __name__ == '__main__':
    main()
