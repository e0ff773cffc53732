"""Programs with certificates, made and read by pyzmq's own `zmq.auth`, and with passwords.

    guests.py make FOLDER NAME…            certificates, the secret ones for their owner alone
    guests.py knock ENDPOINT GUEST…        each asks once
    guests.py stay ENDPOINT SERVER FOLDER NAME…
    guests.py serve ENDPOINT SECRET FOLDER COUNT
    guests.py flood ENDPOINT COUNT [SERVER]

A guest of `knock` is `CERTIFICATE@SERVER`, paths without `.key` and `.key_secret`, or `null`,
`plain:NAME:PASSWORD`. It is a REQ that asks `hi` and waits; the summary has what each was answered, or null, and
under `refused` what libzmq told each of its handshake.

Those of `stay` are DEALERs that ask numbers one after another, each the next one when the last was
answered with its name and number. Who is refused or thrown out knocks again, and again. It says `in
NAME TIMES` and `gone NAME TIMES` when a connection begins and ends. The summary, after `end`, has how
many answers there were, and whether any was wrong or never came to one who was there. Where SERVER is `plain`,
each says his name, and `NAME-N` for a password, where N is the word behind the name's last `password NAME N` on
standard input, or 0.

Those of `flood` are DEALERs with wrong passwords, or with a key of SERVER's that nobody knows, so many at once, each of which knocks again when it was refused;
it says `knocked N` every hundred times, and ends by itself when its input does.

`serve` is a REP that is a CURVE server behind a ThreadAuthenticator, and answers so many requests.
"""

import json
import os
import sys
import time
from typing import Any, Dict, List, Optional

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator
from zmq.utils.monitor import parse_monitor_message

Socket = 'zmq.Socket[Any]'


def make(folder: str, names: List[str]) -> None:
    os.makedirs(folder, exist_ok=True)
    for name in names:
        _public, secret = zmq.auth.create_certificates(folder, name)
        os.chmod(secret, 0o600)
    print(json.dumps({'ok': True}), flush=True)


def with_keys(socket: Any, certificate: str, server: str) -> None:
    socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(
        certificate + '.key_secret')
    socket.curve_serverkey, _ = zmq.auth.load_certificate(server + '.key')


def knock(endpoint: str, guests: List[str]) -> None:
    context: 'zmq.Context[Any]' = zmq.Context()
    asked: Dict[str, Any] = {}
    watched: Dict[str, Any] = {}
    for guest in guests:
        socket = context.socket(zmq.REQ)
        socket.linger = 0
        watched[guest] = socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
            | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        if guest.startswith('plain'):
            _, name, password = guest.split(':')
            socket.plain_username, socket.plain_password = name.encode(), password.encode()
        elif guest != 'null':
            with_keys(socket, *guest.split('@'))
        socket.connect(endpoint)
        socket.send(b'hi')
        asked[guest] = socket
    print('ready', flush=True)
    answers: Dict[str, Optional[str]] = {}
    until = time.monotonic() + 1.5
    while len(answers) < len(asked) and time.monotonic() < until:
        for guest, socket in asked.items():
            if guest not in answers and socket.poll(10):
                answers[guest] = socket.recv().decode()
    refused: Dict[str, List[int]] = {}
    for guest, monitor in watched.items():
        while monitor.poll(0):
            event = parse_monitor_message(monitor.recv_multipart())
            refused.setdefault(guest, []).append(int(event['value']))
    print(json.dumps({'ok': True, 'refused': refused,
                      **{guest: answers.get(guest) for guest in guests}}), flush=True)
    context.destroy(linger=0)


class Guest:
    """One who stays, and counts."""

    def __init__(self, context: Any, poller: Any, name: str) -> None:
        self.context, self.poller, self.name = context, poller, name
        self.number = self.answers = self.wrong = 0
        self.is_in = False
        self.times = 0
        self.password = '0'
        self.asked = self.knocks_at = 0.0
        self.socket: Any = None

    def begin(self, endpoint: str, server: str, folder: str) -> None:
        if self.socket is not None:
            self.poller.unregister(self.socket)
            self.poller.unregister(self.monitor)
            self.socket.disable_monitor()
            self.monitor.close(linger=0)
            self.socket.close(linger=0)
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        if server == 'plain':
            self.socket.plain_username = self.name.encode()
            self.socket.plain_password = f'{self.name}-{self.password}'.encode()
        else:
            with_keys(self.socket, f'{folder}/{self.name}', server)
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_DISCONNECTED)
        self.knocks_at = 0.0
        self.poller.register(self.socket, zmq.POLLIN)
        self.poller.register(self.monitor, zmq.POLLIN)
        self.socket.connect(endpoint)

    def ask(self) -> None:
        self.number += 1
        self.asked = time.monotonic()
        self.socket.send(str(self.number).encode())

    def hear(self) -> None:
        answer = self.socket.recv_multipart()
        if answer != [f'{self.name} {self.number}'.encode()]:
            self.wrong += 1
        self.answers += 1
        self.ask()

    def look(self) -> None:
        event = parse_monitor_message(self.monitor.recv_multipart())['event']
        was_in, self.is_in = self.is_in, event == zmq.EVENT_HANDSHAKE_SUCCEEDED
        if self.is_in:
            # libzmq may have tried again by itself, and have been let in.
            self.knocks_at = 0.0
            self.times += 1
            print('in', self.name, self.times, flush=True)
            self.ask()
            return
        if was_in:
            print('gone', self.name, self.times, flush=True)
        # After a refusal libzmq gives up, so it begins anew.
        self.knocks_at = time.monotonic() + 0.1


def stay(endpoint: str, server: str, folder: str, names: List[str]) -> None:
    context: 'zmq.Context[Any]' = zmq.Context()
    poller = zmq.Poller()
    guests = {name: Guest(context, poller, name) for name in names}
    for guest in guests.values():
        guest.begin(endpoint, server, folder)
    poller.register(sys.stdin, zmq.POLLIN)
    print('ready', flush=True)
    over = False
    while not over:
        ready = dict(poller.poll(50))
        now = time.monotonic()
        for guest in guests.values():
            if guest.socket in ready:
                guest.hear()
            if guest.monitor in ready:
                guest.look()
            if guest.knocks_at and now >= guest.knocks_at:
                guest.begin(endpoint, server, folder)
        if sys.stdin.fileno() in ready:
            words = sys.stdin.readline().split()
            over = words[:1] != ['password']
            if not over:
                guests[words[1]].password = words[2]
    now = time.monotonic()
    # Who is in and has waited long for an answer, has lost one.
    stuck = [guest.name for guest in guests.values() if guest.is_in and now - guest.asked > 5]
    wrong = {guest.name: guest.wrong for guest in guests.values() if guest.wrong}
    print(json.dumps({
        'ok': not stuck and not wrong, 'stuck': stuck, 'wrong': wrong,
        'answers': sum(guest.answers for guest in guests.values()),
    }), flush=True)
    context.destroy(linger=0)


def flood(endpoint: str, count: int, server: str) -> None:
    keys = zmq.curve_keypair()
    context: 'zmq.Context[Any]' = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 20 * count + 5000)
    poller = zmq.Poller()
    poller.register(sys.stdin, zmq.POLLIN)
    names: Dict[Any, str] = {}
    knocked = 0

    def begin(name: str) -> None:
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        if server:
            socket.curve_publickey, socket.curve_secretkey = keys
            socket.curve_serverkey, _ = zmq.auth.load_certificate(server + '.key')
        else:
            socket.plain_username, socket.plain_password = name.encode(), b'wrong'
        monitor = socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_DISCONNECTED)
        poller.register(monitor, zmq.POLLIN)
        names[monitor] = name
        sockets[monitor] = socket
        socket.connect(endpoint)

    sockets: Dict[Any, Any] = {}
    for number in range(count):
        begin(f'nobody{number}')
    print('ready', flush=True)
    while True:
        ready = dict(poller.poll())
        if sys.stdin.fileno() in ready:
            break
        for monitor in ready:
            event = parse_monitor_message(monitor.recv_multipart())['event']
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                print(json.dumps({'ok': False, 'why': 'let in'}), flush=True)
                return
            poller.unregister(monitor)
            sockets[monitor].disable_monitor()
            monitor.close(linger=0)
            sockets.pop(monitor).close(linger=0)
            knocked += 1
            if knocked % 100 == 0:
                print('knocked', knocked, flush=True)
            begin(names.pop(monitor))
    print(json.dumps({'ok': True, 'knocked': knocked}), flush=True)
    context.destroy(linger=0)


def serve(endpoint: str, secret: str, folder: str, count: int) -> None:
    context: 'zmq.Context[Any]' = zmq.Context()
    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    authenticator.configure_curve(domain='*', location=folder)
    socket = context.socket(zmq.REP)
    socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(secret)
    socket.curve_server = True
    socket.bind(endpoint)
    print('ready', flush=True)
    for _ in range(count):
        socket.send(socket.recv())
    # Time for the last answer to go.
    time.sleep(0.2)
    print(json.dumps({'ok': True, 'answered': count}), flush=True)
    authenticator.stop()
    context.destroy(linger=0)


def main() -> None:
    command, *rest = sys.argv[1:]
    if command == 'make':
        make(rest[0], rest[1:])
    elif command == 'knock':
        knock(rest[0], rest[1:])
    elif command == 'stay':
        stay(rest[0], rest[1], rest[2], rest[3:])
    elif command == 'flood':
        flood(rest[0], int(rest[1]), ''.join(rest[2:]))
    else:
        serve(rest[0], rest[1], rest[2], int(rest[3]))


if __name__ == '__main__':
    main()
