"""Numbered messages without pause, for tests that change zrig under load.

    flood.py send     PUSH, DEALER or PUB: `<source> <number> <nanoseconds>`, until a line on stdin
    flood.py receive  PULL, DEALER or SUB: judges what arrives, until each source said its end
    flood.py ask      REQ or DEALER: asks until a line on stdin, and wants every answer

A sender's last message is `<source> end <how many>`. A receiver obeys `pause` and `go` on
standard input. A handler on the way may add two words, `<version> <version squared>`: that
shows whether each message was handled wholly by one version, and never by an older one than
the message before. On standard output: `ready`, then the summary as JSON, whose `ok` says that
nothing was lost, doubled or reordered. The clock is the one that all processes share.
"""

import argparse
import json
import os
import sys
import threading
import time
from typing import Any, Dict, List, Set

import zmq
from zmq.utils.monitor import parse_monitor_message

KINDS = {name: getattr(zmq, name.upper()) for name in
         ('push', 'pull', 'dealer', 'req', 'pub', 'sub')}


class Orders:
    """What standard input says: `pause`, `go`, anything else is the end."""

    def __init__(self) -> None:
        self.over = False
        self.paused = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = b''
        while data := os.read(0, 4096):
            *lines, rest = (rest + data).split(b'\n')
            for line in lines:
                if line in (b'pause', b'go'):
                    self.paused = line == b'pause'
                else:
                    self.over = True
        self.over = True


class Attached:
    """A socket with its endpoint, and the connections that its monitor counts."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(KINDS[args.type])
        self.socket.linger = 10000
        self.socket.sndtimeo = self.socket.rcvtimeo = 100
        if args.hwm is not None:
            self.socket.sndhwm = self.socket.rcvhwm = args.hwm
        if args.reconnect:
            self.socket.reconnect_ivl = args.reconnect
        if args.identity:
            self.socket.routing_id = args.identity.encode()
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self.connects = self.disconnects = 0
        for topic in args.topic:
            self.socket.subscribe(topic)
        for endpoint in args.bind:
            self.socket.bind(endpoint)
        for endpoint in args.connect:
            self.socket.connect(endpoint)
        say('ready')

    def look(self) -> None:
        while self.monitor.poll(0):
            event = parse_monitor_message(self.monitor.recv_multipart())['event']
            if event == zmq.EVENT_DISCONNECTED:
                self.disconnects += 1
            else:
                self.connects += 1

    def close(self) -> Dict[str, int]:
        self.look()
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close()
        start = time.monotonic()
        self.context.term()
        unsent = time.monotonic() - start > 9.5
        return {'connects': self.connects, 'disconnects': self.disconnects, 'unsent': unsent}


def say(text: str) -> None:
    print(text, flush=True)


def send(args: argparse.Namespace) -> Dict[str, Any]:
    orders, attached = Orders(), Attached(args)
    source, number, longest = args.source.encode(), 0, 0.0
    while args.delay and not attached.connects:
        attached.look()
        time.sleep(args.delay / 10)
    time.sleep(args.delay)
    start = time.monotonic()

    def deliver(body: bytes) -> float:
        began = time.monotonic()
        while time.monotonic() - began < args.patience:
            try:
                attached.socket.send(body)
                return time.monotonic() - began
            except zmq.Again:
                pass
        raise TimeoutError('%r was not taken in %s s' % (body, args.patience))

    while not orders.over and (args.count is None or number < args.count):
        if args.rate:
            wait = start + number / args.rate - time.monotonic()
            if wait > 0.0002:
                time.sleep(wait)
        longest = max(longest, deliver(b'%s %d %d' % (source, number, time.monotonic_ns())))
        number += 1
    deliver(b'%s end %d' % (source, number))
    if args.count is not None:
        say('sent %d' % number)
        while not orders.over:
            time.sleep(0.01)
    closing = attached.close()
    return {'ok': not closing['unsent'], 'sent': number, 'longest_ms': longest * 1000, **closing}


class Book:
    """What arrived from one source."""

    def __init__(self, first: int) -> None:
        self.next = first
        self.missing: Set[int] = set()
        self.received = self.doubled = self.reordered = 0
        self.end = -1

    def note(self, number: int) -> None:
        self.received += 1
        if number == self.next:
            self.next += 1
        elif number > self.next:
            self.missing.update(range(self.next, number))
            self.next = number + 1
        elif number in self.missing:
            self.missing.discard(number)
            self.reordered += 1
        else:
            self.doubled += 1

    def lost(self) -> int:
        return len(self.missing) + max(0, self.end - self.next)

    def complete(self) -> bool:
        return self.end >= 0 and self.lost() == 0


def receive(args: argparse.Namespace) -> Dict[str, Any]:
    orders, attached = Orders(), Attached(args)
    books: Dict[bytes, Book] = {}
    delays: List[int] = []
    versions: Set[int] = set()
    version, mixed, older = 0, 0, 0
    longest, last = 0, time.monotonic_ns()
    sources = args.sources
    while True:
        if orders.paused:
            time.sleep(0.005)
            last = time.monotonic_ns()
            continue
        if args.slow:
            time.sleep(args.slow / 1000)
        try:
            body = attached.socket.recv_multipart()[-1]
        except zmq.Again:
            ended = len(books) >= sources and all(book.end >= 0 for book in books.values())
            complete = ended and all(book.complete() for book in books.values())
            quiet = (time.monotonic_ns() - last) / 1e9
            if complete and quiet > args.quiet or quiet > args.patience or orders.over and quiet > 1:
                break
            continue
        now = time.monotonic_ns()
        longest = max(longest, now - last)
        last = now
        words = body.split(b' ')
        book = books.get(words[0])
        if words[1] == b'end':
            if book is None:
                book = books[words[0]] = Book(0)
            book.end = int(words[2])
            continue
        number = int(words[1])
        if book is None:
            book = books[words[0]] = Book(number if args.first_any else 0)
        book.note(number)
        delays.append(now - int(words[2]))
        if len(words) > 3:
            this, squared = int(words[3]), int(words[4])
            mixed += this * this != squared
            older += this < version
            version = max(version, this)
            versions.add(this)
    delays.sort()
    at = lambda part: delays[min(len(delays) - 1, int(len(delays) * part))] / 1e6 if delays else 0
    faults = {
        'lost': sum(book.lost() for book in books.values()) if len(books) >= sources else -1,
        'doubled': sum(book.doubled for book in books.values()),
        'reordered': sum(book.reordered for book in books.values()),
        'mixed': mixed,
        'older': older,
        'unended': sum(book.end < 0 for book in books.values()),
    }
    if args.unordered:
        faults['late'] = faults.pop('reordered') * 0
    return {
        'ok': not any(faults.values()),
        **faults,
        'received': sum(book.received for book in books.values()),
        'versions': len(versions),
        'p50_ms': at(0.5), 'p99_ms': at(0.99), 'p999_ms': at(0.999), 'max_ms': at(1.0),
        'longest_silence_ms': longest / 1e6,
        'missing': sorted(n for book in books.values() for n in list(book.missing)[:5])[:10],
        **attached.close(),
    }


def ask(args: argparse.Namespace) -> Dict[str, Any]:
    orders, attached = Orders(), Attached(args)
    source, number, answered, wrong, longest = args.source.encode(), 0, 0, 0, 0.0
    window = 1 if args.type == 'req' else args.window
    awaited: Dict[bytes, float] = {}
    start = last = time.monotonic()
    lost = 0
    due = lambda: not args.rate or number < (time.monotonic() - start) * args.rate
    while awaited or not orders.over:
        while not orders.over and len(awaited) < window and due():
            body = b'%s %d' % (source, number)
            try:
                attached.socket.send_multipart([body] if args.type == 'req' else [b'', body])
            except zmq.Again:
                break
            awaited[body] = time.monotonic()
            number += 1
        if args.rate and not orders.over and not attached.socket.poll(0):
            time.sleep(0.0002)
            continue
        try:
            answer = attached.socket.recv_multipart()[-1]
        except zmq.Again:
            if time.monotonic() - last > args.patience:
                lost = len(awaited)
                break
            continue
        last = time.monotonic()
        asked = awaited.pop(answer.removesuffix(args.suffix.encode()), None)
        if asked is None:
            wrong += 1
        else:
            answered += 1
            longest = max(longest, last - asked)
    return {'ok': not (lost or wrong), 'asked': number, 'answered': answered, 'lost': lost,
            'wrong': wrong, 'longest_ms': longest * 1000, **attached.close()}


def main() -> int:
    top = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest='command', required=True)

    def command(name: str, run: Any, kind: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name)
        one.set_defaults(run=run)
        one.add_argument('--type', choices=sorted(KINDS), default=kind)
        one.add_argument('--bind', action='append', default=[], metavar='ENDPOINT')
        one.add_argument('--connect', action='append', default=[], metavar='ENDPOINT')
        one.add_argument('--hwm', type=int)
        one.add_argument('--reconnect', type=int, default=0, help='milliseconds')
        one.add_argument('--identity', default='')
        one.add_argument('--topic', action='append', default=[])
        one.add_argument('--source', default='flood')
        one.add_argument('--patience', type=float, default=15, help='seconds before it gives up')
        return one

    one = command('send', send, 'push')
    one.add_argument('--rate', type=float, default=0, help='messages a second; 0: no pause')
    one.add_argument('--count', type=int, help='end after so many')
    one.add_argument('--delay', type=float, default=0,
                     help='seconds between the first connection and the first message')
    one = command('receive', receive, 'pull')
    one.add_argument('--sources', type=int, default=1, help='how many senders there are')
    one.add_argument('--unordered', action='store_true', help='they may overtake each other')
    one.add_argument('--first-any', action='store_true', help='it may come late')
    one.add_argument('--slow', type=float, default=0, help='milliseconds before each message')
    one.add_argument('--quiet', type=float, default=0.3, help='seconds in which no more may come')
    one = command('ask', ask, 'req')
    one.add_argument('--window', type=int, default=50, help='requests of a DEALER at once')
    one.add_argument('--suffix', default='')
    one.add_argument('--rate', type=float, default=0, help='requests a second; 0: no pause')
    args = top.parse_args()
    try:
        summary = args.run(args)
    except (OSError, zmq.ZMQError, TimeoutError) as error:
        summary = {'ok': False, 'error': str(error)}
    say(json.dumps(summary))
    return 0 if summary['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
