"""Programs with pyzmq at every role of a run, by CURVE or PLAIN, and strangers at all that it binds.

    mechanisms.py FOLDER COUNT LINK…        messages both ways
    mechanisms.py FOLDER strangers LINK…    who must not come in

A link is `ROLE@SIDE=ENDPOINT`: the role and side of the run's node. FOLDER has `guest` and, of the run's node, `NODE`,
certificates without `.key` and `.key_secret`, or else `passwords`, whose first line is the guest's password and the second
one the run's. Who binds is the server, and asks a ThreadAuthenticator.

To who only sends this end listens until it has COUNT numbers without a gap; to who only receives it sends as many; all others
are asked numbers, a hundred at a time, and answer or are answered each. The summary has how many came of each link.

A stranger has the wrong key of the server, a key that nobody knows, or a wrong password, or the other mechanism, or none. The
summary has how long each took to be refused, and whether anything reached him.
"""

import contextlib
import json
import os
import sys
import time
from typing import Any, Dict, List, Tuple

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import parse_monitor_message

OTHERS = {
    'pub': zmq.SUB, 'xpub': zmq.SUB, 'sub': zmq.XPUB, 'xsub': zmq.XPUB, 'push': zmq.PULL, 'pull': zmq.PUSH, 'pair': zmq.PAIR,
    'dealer': zmq.ROUTER, 'router': zmq.DEALER, 'rep': zmq.DEALER, 'req': zmq.REP,
}
PATIENCE = 120_000
AHEAD = 100


class Programs:
    """What there is in a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.context: 'zmq.Context[Any]' = zmq.Context()
        self.authenticator = ThreadAuthenticator(self.context)
        self.authenticator.start()
        self.passwords: List[str] = []
        if os.path.exists(f'{folder}/passwords'):
            with open(f'{folder}/passwords', encoding='utf-8') as file:
                self.passwords = file.read().split()
            self.authenticator.configure_plain(domain='*', passwords={'run': self.passwords[1]})
        else:
            self.authenticator.configure_curve(domain='*', location=folder)

    def keys(self, name: str) -> Tuple[bytes, bytes]:
        public, secret = zmq.auth.load_certificate(f'{self.folder}/{name}.key_secret')
        assert secret is not None
        return public, secret

    def socket(self, role: str, side: str) -> Any:
        socket: Any = self.context.socket(OTHERS[role])
        socket.linger = 10_000
        is_server = side == 'connect'
        if self.passwords:
            if is_server:
                socket.plain_server = True
            else:
                socket.plain_username, socket.plain_password = b'guest', self.passwords[0].encode()
        else:
            socket.curve_publickey, socket.curve_secretkey = self.keys('guest')
            if is_server:
                socket.curve_server = True
            else:
                socket.curve_serverkey = zmq.auth.load_certificate(f'{self.folder}/{role}-{side}.key')[0]
        if role in ('pub', 'xpub'):
            socket.subscribe(b'')
        return socket


def receive(socket: Any) -> bytes:
    if not socket.poll(PATIENCE):
        raise RuntimeError('nothing came')
    frames: List[bytes] = socket.recv_multipart()
    return frames[-1]


def listen(socket: Any, count: int) -> int:
    first = int(receive(socket))
    for number in range(first + 1, first + count):
        got = int(receive(socket))
        if got != number:
            raise RuntimeError(f'{got} for {number}')
    return count


def tell(role: str, socket: Any, count: int) -> int:
    if role in ('sub', 'xsub') and not receive(socket).startswith(b'\x01'):
        raise RuntimeError('no subscription')
    socket.setsockopt(zmq.SNDHWM, 0)
    for number in range(1, count + 1):
        socket.send(str(number).encode())
    return count


def answer(socket: Any, count: int) -> int:
    for number in range(1, count + 1):
        if not socket.poll(PATIENCE):
            raise RuntimeError('nobody asked')
        frames = socket.recv_multipart()
        if int(frames[-1]) != number:
            raise RuntimeError(f'{frames} for {number}')
        socket.send_multipart(frames)
    return count


def ask(role: str, socket: Any, count: int) -> int:
    head: List[bytes] = [b''] if role == 'rep' else []
    if role == 'dealer':
        # Who is there says so first.
        head = socket.recv_multipart()[:-1]
    asked = 0
    for number in range(1, count + 1):
        while asked < min(count, number + AHEAD):
            asked += 1
            socket.send_multipart([*head, str(asked).encode()])
        got = receive(socket)
        if int(got) != number:
            raise RuntimeError(f'{got!r} for {number}')
    return count


def meet(programs: Programs, count: int, links: List[str]) -> None:
    sockets = {}
    for link in links:
        (role, side), endpoint = link.split('=')[0].split('@'), link.split('=')[1]
        socket = programs.socket(role, side)
        if side == 'bind':
            socket.connect(endpoint)
        else:
            socket.bind(endpoint)
        sockets[(role, side)] = socket
    print('ready', flush=True)
    came: Dict[str, int] = {}
    for (role, side), socket in sockets.items():
        print('at', role, side, flush=True)
        if role in ('pub', 'xpub', 'push'):
            number = listen(socket, count)
        elif role in ('sub', 'xsub', 'pull'):
            number = tell(role, socket, count)
        elif role == 'req':
            number = answer(socket, count)
        else:
            number = ask(role, socket, count)
        came[f'{role}@{side}'] = number
    print('met', flush=True)
    # What was sent to who only receives has to go out first.
    sys.stdin.readline()
    print(json.dumps({'ok': True, **came}), flush=True)
    programs.authenticator.stop()
    programs.context.destroy(linger=0)


def strangers(programs: Programs, links: List[str]) -> None:
    other, unknown = zmq.curve_keypair(), zmq.curve_keypair()

    def as_null(socket: Any, node: str) -> None:
        pass

    def as_user(socket: Any, node: str) -> None:
        socket.plain_username, socket.plain_password = b'nobody', b'anything'

    def as_guest(socket: Any, node: str) -> None:
        socket.plain_username, socket.plain_password = b'guest', b'wrong'

    def unknown_key(socket: Any, node: str) -> None:
        socket.curve_publickey, socket.curve_secretkey = unknown
        path = f'{programs.folder}/{node}.key'
        socket.curve_serverkey = zmq.auth.load_certificate(path)[0] if os.path.exists(path) else other[0]

    def wrong_server(socket: Any, node: str) -> None:
        unknown_key(socket, node)
        socket.curve_serverkey = other[0]

    kinds = [as_null, as_user, as_guest, unknown_key, wrong_server]
    slowest, heard, let_in = 0.0, [], []
    print('ready', flush=True)
    for link in links:
        (role, side), endpoint = link.split('=')[0].split('@'), link.split('=')[1]
        for kind in kinds:
            socket: Any = programs.context.socket(OTHERS[role])
            socket.linger = 0
            kind(socket, f'{role}-{side}')
            if role in ('pub', 'xpub'):
                socket.subscribe(b'')
            monitor = socket.get_monitor_socket(
                zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_SUCCEEDED
                | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_DISCONNECTED)
            begun = time.monotonic()
            socket.connect(endpoint)
            if role not in ('pub', 'xpub', 'push', 'dealer', 'req'):
                # One that is refused at once has nobody to send to any more.
                with contextlib.suppress(zmq.Again):
                    socket.send_multipart([b'', b'STRANGER'], flags=zmq.NOBLOCK)
            if not monitor.poll(30_000):
                raise RuntimeError(f'{kind.__name__} is not refused at {link}')
            event = parse_monitor_message(monitor.recv_multipart())['event']
            slowest = max(slowest, time.monotonic() - begun)
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                let_in.append(f'{kind.__name__} at {link}')
            if role not in ('sub', 'xsub', 'pull') and socket.poll(5):
                heard.append(f'{kind.__name__} at {link}')
            socket.disable_monitor()
            monitor.close(linger=0)
            socket.close(linger=0)
    print(json.dumps({'ok': not heard and not let_in, 'heard': heard, 'let_in': let_in,
                      'milliseconds': int(slowest * 1000)}), flush=True)
    programs.authenticator.stop()
    programs.context.destroy(linger=0)


def main() -> None:
    folder, what, *links = sys.argv[1:]
    programs = Programs(folder)
    try:
        if what == 'strangers':
            strangers(programs, links)
        else:
            meet(programs, int(what), links)
    except RuntimeError as error:
        print(json.dumps({'ok': False, 'why': str(error)}), flush=True)
        os._exit(1)


if __name__ == '__main__':
    main()
