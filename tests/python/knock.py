"""Strangers who knock at servers without pause, and a friend who is let in.

    knock.py TARGET… [--friend TARGET…] [--stay TARGET…] [--knocks N]

A target is `MECHANISM:PORT` or `MECHANISM:ENDPOINT`; mechanisms are null, plain and curve. A stranger
of curve knows the server's key and has one of its own that nobody knows; one of plain has a password
that nobody gave it. The friend has the key, or the name, of the handler's list.

Each knock is a new PUSH socket with one message, `stranger` or `friend`, closed when its handshake
has ended. A stranger who stays keeps one socket, which connects again by itself, and sends
`stranger 0`, `stranger 1`, …. It goes on until a line on standard input, or its end, and until there were so many knocks
of strangers. On standard output: `ready`, then the summary as JSON: how many knocked, how many
handshakes of strangers succeeded, and the longest time without a friend let in. `ok` says that no
stranger was, and that none of them was left waiting for ten seconds.
"""

import argparse
import json
import sys
import threading
import time
from typing import Any, Dict

import zmq
from zmq.utils.monitor import parse_monitor_message

SERVER_KEY = b'h^S82+nsvaRdj(+JqzR#Y0wot^4BH1gl^7G}FeIa'
FRIEND_PUBLIC = b'Qqu?JB0aCug1d@F2Jp*25/3m]kA+um=rU=kMOH6R'
FRIEND_SECRET = b'SoT5hI(0a-ce^hfdt-nZJ67tJ:Pz:heB&p<&ig9m'

IN = zmq.EVENT_HANDSHAKE_SUCCEEDED
OUT = (zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
       | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_DISCONNECTED)
NOBODY = zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_CLOSED

over = threading.Event()


def curve_keys(socket: 'zmq.Socket[Any]', is_friend: bool) -> None:
    socket.curve_serverkey = SERVER_KEY
    public, secret = (FRIEND_PUBLIC, FRIEND_SECRET) if is_friend else zmq.curve_keypair()
    socket.curve_publickey, socket.curve_secretkey = public, secret


class Stayer(threading.Thread):
    """A stranger of curve who tries to stay."""

    def __init__(self, context: 'zmq.Context[Any]', target: str) -> None:
        super().__init__(daemon=True)
        self.context = context
        self.port = target.split(':', 1)[1]

    def run(self) -> None:
        number = 0
        while not over.is_set():
            socket = self.context.socket(zmq.PUSH)
            socket.linger = 0
            curve_keys(socket, False)
            monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
            socket.connect(f'tcp://127.0.0.1:{self.port}')
            # After a refusal libzmq gives up, so it begins anew.
            while not over.is_set() and not monitor.poll(5):
                try:
                    socket.send(f'stranger {number}'.encode(), zmq.NOBLOCK)
                    number += 1
                except zmq.Again:
                    pass
            socket.disable_monitor()
            monitor.close(linger=0)
            socket.close()


class Knocker(threading.Thread):
    """Knocks at one target, again and again."""

    def __init__(self, context: 'zmq.Context[Any]', target: str, is_friend: bool) -> None:
        super().__init__(daemon=True)
        self.context = context
        self.target = target
        self.mechanism, place = target.split(':', 1)
        self.endpoint = place if '://' in place else f'tcp://127.0.0.1:{place}'
        self.is_friend = is_friend
        self.knocks = 0
        self.let_in = 0
        self.unheard = 0
        self.hung = 0
        self.last_in = time.monotonic()
        self.longest = 0.0

    def name_of_it(self) -> str:
        return ('friend at ' if self.is_friend else '') + self.target

    def figures(self) -> Dict[str, Any]:
        return {'knocks': self.knocks, 'let_in': self.let_in, 'nobody_there': self.unheard,
                'hung': self.hung, 'longest': round(self.longest, 3)}

    def run(self) -> None:
        while not over.is_set():
            outcome = self.knock()
            now = time.monotonic()
            if outcome == 'nobody':
                self.unheard += 1
                time.sleep(0.002)
                continue
            self.knocks += 1
            self.hung += outcome == 'hung'
            if outcome == 'in':
                self.let_in += 1
                self.longest = max(self.longest, now - self.last_in)
                self.last_in = now
            time.sleep(0.02 if self.is_friend else 0.001)
        self.longest = max(self.longest, time.monotonic() - self.last_in)

    def knock(self) -> str:
        """Whether it was let `in`, kept `out`, left waiting (`hung`), or `nobody` was there."""
        socket = self.context.socket(zmq.PUSH)
        socket.linger = 0
        socket.reconnect_ivl = -1
        if self.mechanism == 'curve':
            curve_keys(socket, self.is_friend)
        elif self.mechanism == 'plain':
            socket.plain_username = b'ann'
            socket.plain_password = b'secret' if self.is_friend else b'guessed'
        monitor = socket.get_monitor_socket(IN | OUT | NOBODY)
        try:
            socket.connect(self.endpoint)
            try:
                socket.send(b'friend' if self.is_friend else b'stranger', zmq.NOBLOCK)
            except zmq.Again:
                pass  # It is over already; the monitor says how.
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                if not monitor.poll(1000):
                    continue
                event = parse_monitor_message(monitor.recv_multipart())['event']
                if event & IN:
                    # Time for the message to go.
                    monitor.poll(20)
                    return 'in'
                if event & OUT:
                    return 'out'
                if event & NOBODY:
                    return 'nobody'
            return 'hung'
        finally:
            socket.disable_monitor()
            monitor.close(linger=0)
            socket.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('targets', nargs='*')
    parser.add_argument('--friend', nargs='*', default=[])
    parser.add_argument('--stay', nargs='*', default=[])
    parser.add_argument('--knocks', type=int, default=0)
    options = parser.parse_args()
    context: 'zmq.Context[Any]' = zmq.Context()
    strangers = [Knocker(context, target, False) for target in options.targets]
    friends = [Knocker(context, target, True) for target in options.friend]
    everybody = strangers + friends
    for target in options.stay:
        Stayer(context, target).start()
    for knocker in everybody:
        knocker.start()
    print('ready', flush=True)
    sys.stdin.readline()
    while sum(knocker.knocks for knocker in strangers) < options.knocks:
        time.sleep(0.01)
    over.set()
    for knocker in everybody:
        knocker.join(60)
    admitted = sum(knocker.let_in for knocker in strangers)
    summary: Dict[str, Any] = {
        'ok': admitted == 0 and not any(knocker.hung for knocker in everybody),
        'knocks': sum(knocker.knocks for knocker in strangers),
        'admitted': admitted,
        'friends': sum(knocker.let_in for knocker in friends),
        'longest': round(max((knocker.longest for knocker in friends), default=0.0), 3),
        'by_target': {knocker.name_of_it(): knocker.figures() for knocker in everybody},
    }
    print(json.dumps(summary), flush=True)
    context.destroy(linger=0)
    return 0 if summary['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
