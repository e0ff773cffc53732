"""A ZeroMQ program on the eight classes of eight.py, for tests to drive.

    peer.py COMMAND [options]        peer.py COMMAND --help

One command for each class (publisher, subscriber, rr-server, rr-client, pusher, puller,
pair-server, pair-client), and torn-sender, hammer-req and garbage for what goes wrong.

On standard output, a line each and flushed at once:

    ready ENDPOINT…    the socket is bound or connecting
    peers N            with --wait-peers N: that many peers have finished their handshake
    added PORT         subscriber: it connects to one more publisher
    received JSON      with --print: one message
    sent N             with --hold: all is sent, the socket stays open
    {"ok": true, …}    the last line: the summary

On standard input: `add PORT` for the subscriber, a line (or the end) for --on-stdin and
--hold. The exit status is 0 only if all was well, nothing lost, reordered or torn; 1 if
not, or if --timeout passed first; 2 for a wrong command line.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import sys
import threading
import time
from typing import Any, Awaitable, Callable, Dict, List

import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

import eight
import zmtp
from numbering import Ledger, Numbering

Summary = Dict[str, Any]


def say(text: str) -> None:
    print(text, flush=True)


# ---------------------------------------------------------------- around the classes


class Peers:
    """Counts the peers whose handshake with one of our sockets has succeeded."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = asyncio.Event()
        self.watched: List[zmq.asyncio.Socket] = []
        self.tasks: List['asyncio.Task[None]'] = []

    def watch(self, opened: zmq.asyncio.Socket) -> None:
        monitor = opened.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self.watched.append(opened)
        self.tasks.append(asyncio.ensure_future(self._follow(monitor)))

    async def at_least(self, wanted: int) -> None:
        while self.count < wanted:
            self.changed.clear()
            await self.changed.wait()

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for opened in self.watched:
            if not opened.closed:
                opened.disable_monitor()

    async def _follow(self, monitor: zmq.asyncio.Socket) -> None:
        try:
            while True:
                event = parse_monitor_message(await monitor.recv_multipart())
                if event['event'] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                    self.count += 1
                    self.changed.set()
        finally:
            monitor.close()


class Commands:
    """The lines of standard input, as they come; None at its end."""

    def __init__(self) -> None:
        self.lines: 'asyncio.Queue[Any]' = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True).start()

    async def next(self) -> Any:
        return await self.lines.get()

    def _read(self) -> None:
        # Read from the descriptor: a thread that waits inside sys.stdin holds a lock
        # that the interpreter wants at its exit.
        rest = b''
        while True:
            data = os.read(0, 4096)
            *lines, rest = (rest + data).split(b'\n')
            if not data:
                lines += [rest, None] if rest else [None]
            for line in lines:
                text = None if line is None else line.decode()
                try:
                    self.loop.call_soon_threadsafe(self.lines.put_nowait, text)
                except RuntimeError:
                    return  # the loop has ended before standard input did
            if not data:
                return


class Run:
    """What every command on one of the eight classes needs."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.peers = Peers()
        self.attached: List[Any] = []
        self.commands = Commands()
        self.summary: Summary = {}
        eight.when_opened = self.peers.watch

    async def ready(self, attached: Any) -> None:
        """Announce the socket, then wait for the peers that were asked for."""
        self.attached.append(attached)
        say('ready ' + attached.socket.get(zmq.LAST_ENDPOINT).decode())
        if self.args.wait_peers:
            await self.peers.at_least(self.args.wait_peers)
            say('peers %d' % self.args.wait_peers)

    def received(self, payload: Any) -> None:
        if self.args.print:
            if isinstance(payload, bytes):
                payload = payload.decode(errors='replace')
            say('received ' + json.dumps(payload))

    async def hold(self, sent: int) -> None:
        if self.args.hold:
            say('sent %d' % sent)
            await self.commands.next()

    async def close(self) -> None:
        await self.peers.stop()
        for attached in self.attached:
            attached.close()


def numbers(args: argparse.Namespace) -> range:
    return range(args.first or 0, (args.first or 0) + args.count)


async def paced(args: argparse.Namespace, send: Callable[[int], Awaitable[None]]) -> None:
    """Send each number, at --rate a second or as fast as the socket takes them."""
    start = time.monotonic()
    for done, number in enumerate(numbers(args)):
        if args.rate:
            await asyncio.sleep(max(0, start + done / args.rate - time.monotonic()))
        elif done % 256 == 255:
            await asyncio.sleep(0)
        await send(number)


def ledger_of(args: argparse.Namespace) -> Ledger:
    sources = [name for name in args.sources.split(',') if name]
    return Ledger(sources, args.count, args.first, args.filler)


def judged(ledger: Ledger, args: argparse.Namespace) -> Summary:
    ok = ledger.ok and (args.allow_foreign or not ledger.foreign)
    return {'ok': ok, **ledger.summary()}


# ---------------------------------------------------------------- the eight classes


async def publisher(run: Run) -> Summary:
    args = run.args
    numbering = Numbering(args.source, args.filler)
    foreign = Numbering('foreign', args.filler)
    pub = eight.Publisher(args.port, args.coding, args.msgid)
    await run.ready(pub)
    if args.on_stdin:
        await run.commands.next()
    elif args.wait_peers:
        await asyncio.sleep(args.settle)

    async def send(number: int) -> None:
        if args.format == 'json':
            await pub.publish(numbering.json(number), 'json')
        else:
            await pub.publish(numbering.text(number))
        for msgid in args.also_msgid:
            await pub.publish(foreign.text(number), 'text', msgid)

    await paced(args, send)
    await run.hold(args.count)
    return {'ok': True, 'sent': args.count}


async def subscriber(run: Run) -> Summary:
    args = run.args
    ledger = ledger_of(args)
    sub = eight.Subscriber(args.host, args.port, args.msgid, args.coding)
    # Else closing would wait to tell publishers that are gone what it no longer wants.
    sub.socket.linger = 0

    async def obey() -> None:
        while (line := await run.commands.next()) is not None:
            verb, _, port = line.partition(' ')
            if verb == 'add':
                sub.addPort(int(port))
                say('added %d' % int(port))

    async def take() -> None:
        message = await sub.subscribe()
        run.received(message)
        ledger.note(message)

    obeying = asyncio.ensure_future(obey())
    try:
        await run.ready(sub)
        while not ledger.complete:
            await take()
        await quiet(args, take)
    finally:
        obeying.cancel()
        run.summary = judged(ledger, args)
    return run.summary


async def quiet(args: argparse.Namespace, take: Callable[[], Awaitable[None]]) -> None:
    """Go on receiving for --quiet seconds: nothing more should come."""
    end = time.monotonic() + args.quiet
    while (left := end - time.monotonic()) > 0:
        try:
            await asyncio.wait_for(take(), left)
        except asyncio.TimeoutError:
            return


def reply_to(request: bytes, args: argparse.Namespace) -> bytes:
    """The text between --prefix and --suffix; to JSON, the keys of --add are added."""
    if args.format == 'json':
        return json.dumps({**json.loads(request), **args.add}).encode()
    return args.prefix.encode() + request + args.suffix.encode()


async def serve(run: Run, attached: Any) -> Summary:
    """Hand numbered messages to a handler until all that are due have come."""
    args = run.args
    ledger = ledger_of(args)

    def handle(message: bytes) -> bytes:
        run.received(message)
        ledger.note(message)
        if ledger.complete and not args.quiet:
            attached.running = False
        return reply_to(message, args) if attached.answers else b''

    async def handle_later(message: bytes) -> bytes:
        await asyncio.sleep(0)
        return handle(message)

    attached.handler = handle_later if args.coroutine else handle
    try:
        await run.ready(attached)
        serving = asyncio.ensure_future(attached.run())
        while args.quiet and not ledger.complete and not serving.done():
            await asyncio.sleep(0.01)
        if args.quiet:
            await asyncio.wait([serving], timeout=args.quiet)
            serving.cancel()
            await asyncio.wait([serving])
        else:
            await serving
    finally:
        run.summary = judged(ledger, args)
    return run.summary


async def ask(run: Run, attached: Any) -> Summary:
    """Send numbered requests, one after the other, and look at every answer."""
    args = run.args
    numbering = Numbering(args.source, args.filler)
    run.summary = summary = {'ok': False, 'sent': 0, 'received': 0, 'wrong': 0, 'examples': []}
    await run.ready(attached)

    async def one(number: int) -> None:
        request = numbering.bytes(number, args.format)
        summary['sent'] += 1
        answer = await attached.request(request)
        summary['received'] += 1
        run.received(answer)
        wanted = reply_to(request, args)
        if not same(answer, wanted, args.format):
            summary['wrong'] += 1
            if len(summary['examples']) < 5:
                summary['examples'].append('%.120r is not %.120r' % (answer, wanted))

    await paced(args, one)
    summary['ok'] = summary['wrong'] == 0
    return summary


def same(answer: bytes, wanted: bytes, form: str) -> bool:
    if form != 'json':
        return answer == wanted
    try:
        return bool(json.loads(answer) == json.loads(wanted))
    except ValueError:
        return False


async def pusher(run: Run) -> Summary:
    args = run.args
    numbering = Numbering(args.source, args.filler)
    push = eight.PPPusher(args.host, args.port)
    run.summary = summary = {'ok': False, 'sent': 0}
    await run.ready(push)
    if args.on_stdin:
        await run.commands.next()

    async def send(number: int) -> None:
        await push.push(numbering.bytes(number, args.format))
        summary['sent'] += 1

    await paced(args, send)
    await run.hold(args.count)
    summary['ok'] = True
    return summary


async def rr_server(run: Run) -> Summary:
    return await serve(run, eight.RRServer(run.args.port))


async def rr_client(run: Run) -> Summary:
    return await ask(run, eight.RRClient(run.args.host, run.args.port))


async def puller(run: Run) -> Summary:
    return await serve(run, eight.PPPuller(run.args.host, run.args.port))


async def pair_server(run: Run) -> Summary:
    return await serve(run, eight.PairServer(run.args.port))


async def pair_client(run: Run) -> Summary:
    return await ask(run, eight.PairClient(run.args.host, run.args.port, bind=run.args.bind))


def of_the_eight(command: Callable[[Run], Awaitable[Summary]]) -> Callable[..., Summary]:
    """A command on one of the eight classes: bounded by --timeout, closed at its end."""

    async def bounded(args: argparse.Namespace) -> Summary:
        run = Run(args)
        try:
            return await asyncio.wait_for(command(run), args.timeout)
        except asyncio.TimeoutError:
            return {**run.summary, 'ok': False, 'timed_out': True}
        finally:
            await run.close()

    def whole(args: argparse.Namespace) -> Summary:
        eight.context.linger = args.linger
        if args.hwm is not None:
            eight.context.sndhwm = eight.context.rcvhwm = args.hwm
        summary = asyncio.run(bounded(args))
        # Terminating the context waits until all is sent, but no longer than linger.
        start = time.monotonic()
        eight.context.term()
        if time.monotonic() - start >= 0.95 * args.linger / 1000 > 0:
            summary.update(ok=False, unsent=True)
        return summary

    return whole


# ---------------------------------------------------------------- what goes wrong


def torn_sender(args: argparse.Namespace) -> Summary:
    """Break off in the middle of a multipart message, again and again."""

    def message(label: str, number: int) -> List[bytes]:
        frames = [b'%s %d %d' % (label.encode(), number, part) for part in range(args.frames)]
        frames[0] = args.prefix.encode() + frames[0]
        return [b''] * args.delimiter + frames

    summary: Summary = {'ok': False, 'torn': 0, 'whole': 0}
    server = None
    if args.listen:
        server = socket.create_server((args.host, args.port))
        server.settimeout(args.timeout)
    say('ready tcp://%s:%d' % (args.host, args.port))
    deadline = time.monotonic() + args.timeout
    for turn in range(args.times + bool(args.then_whole)):
        if time.monotonic() > deadline:
            return {**summary, 'timed_out': True}
        connection = zmtp.accept(server) if server else zmtp.connect(args.host, args.port)
        connection.handshake(args.type)
        connection.take(args.settle)  # a subscriber's subscriptions, if there are any
        if turn == args.times:
            for _ in range(args.then_whole):
                connection.send(zmtp.multipart(message('whole', summary['whole'])))
                summary['whole'] += 1
            connection.finish()
            break
        for _ in range(args.whole):
            connection.send(zmtp.multipart(message('whole', summary['whole'])))
            summary['whole'] += 1
        frames = [zmtp.frame(body, zmtp.MORE) for body in message('torn', turn)]
        if args.cut == 'frame':
            # All frames but the last, and of the last one only its first half.
            frames[-1] = frames[-1][: len(frames[-1]) // 2]
        else:
            del frames[1 + args.delimiter :]
        connection.send(b''.join(frames))
        time.sleep(args.pause)
        connection.drop(args.reset)
        summary['torn'] += 1
    return {**summary, 'ok': True}


def hammer_req(args: argparse.Namespace) -> Summary:
    """Many REQ clients, each asking again as soon as it has its answer."""
    context = zmq.Context()
    context.linger = 0
    if args.hwm is not None:
        context.sndhwm = context.rcvhwm = args.hwm
    poller = zmq.Poller()
    clients = []
    for _ in range(args.clients):
        client = context.socket(zmq.REQ)
        client.connect('tcp://%s:%d' % (args.host, args.port))
        poller.register(client, zmq.POLLIN)
        clients.append(client)
    say('ready tcp://%s:%d' % (args.host, args.port))

    asked = {client: 0 for client in clients}
    names = {client: 'client%d' % index for index, client in enumerate(clients)}

    def request(client: 'zmq.Socket[bytes]') -> bytes:
        return b'%s %d' % (names[client].encode(), asked[client])

    right, wrong, examples = 0, 0, []
    waiting = 0
    start = time.monotonic()
    for client in clients:
        if args.count:
            client.send(request(client))
            waiting += 1
    timed_out = False
    while waiting:
        if time.monotonic() - start > args.timeout:
            timed_out = True
            break
        events = poller.poll(int(args.reply_timeout * 1000))
        if not events:
            break
        for client, _event in events:
            answer = client.recv_multipart()
            wanted = args.prefix.encode() + request(client) + args.suffix.encode()
            if answer == [wanted]:
                right += 1
            else:
                wrong += 1
                if len(examples) < 5:
                    examples.append('%.120r is not %.120r' % (answer, wanted))
            asked[client] += 1
            if asked[client] < args.count:
                client.send(request(client))
            else:
                waiting -= 1
    seconds = time.monotonic() - start
    context.destroy()
    due = args.clients * args.count
    return {
        'ok': right == due,
        'expected': due,
        'received': right + wrong,
        'wrong': wrong,
        'lost': waiting,
        'timed_out': timed_out,
        'seconds': round(seconds, 3),
        'round_trips_per_second': round((right + wrong) / seconds) if seconds else 0,
        'examples': examples,
    }


def garbage(args: argparse.Namespace) -> Summary:
    """Bytes that no peer should send, to one port or several."""
    chance = random.Random(args.seed)
    deadline = time.monotonic() + args.timeout
    summary: Summary = {'ok': False, 'seed': args.seed, 'connections': 0, 'bytes': 0}
    say('ready ' + ' '.join('tcp://%s:%d' % (args.host, port) for port in args.port))
    for turn in range(args.connections):
        for port in args.port:
            if time.monotonic() > deadline:
                return {**summary, 'timed_out': True}
            shape = args.shape
            if shape == 'mix':
                shape = zmtp.SHAPES[turn % len(zmtp.SHAPES)]
            data = zmtp.garbage(shape, args.bytes, chance, args.type)
            try:
                raw = socket.create_connection((args.host, port), timeout=5)
            except OSError as error:
                return {**summary, 'refused': '%d: %s' % (port, error)}
            summary['connections'] += 1
            connection = zmtp.Connection(raw)
            try:
                connection.send(data)
                summary['bytes'] += len(data)
                connection.take(args.pause)
            except zmtp.Refused:
                pass  # it is right to hang up on such a peer
            connection.drop(chance.random() < 0.5)
    return {**summary, 'ok': True}


# ---------------------------------------------------------------- the command line


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog='peer.py', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(dest='command', required=True)

    def command(name: str, run: Callable[..., Summary], about: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=about, description=about)
        one.set_defaults(run=run)
        one.add_argument('--host', default='127.0.0.1')
        one.add_argument('--timeout', type=float, default=30, help='seconds, of the whole run')
        return one

    def of_eight(name: str, run: Any, about: str, ports: bool = False) -> argparse.ArgumentParser:
        one = command(name, of_the_eight(run), about)
        if ports:
            one.add_argument('--port', type=int, action='append', default=[], help='repeatable')
        else:
            one.add_argument('--port', type=int, required=True)
        one.add_argument('--count', type=int, default=10, help='messages (of each source)')
        one.add_argument('--format', choices=('text', 'json'), default='text')
        one.add_argument('--filler', default='', help='text behind the number')
        one.add_argument('--wait-peers', type=int, default=0, metavar='N')
        one.add_argument('--hwm', type=int, help='high-water mark both ways, default 1000')
        one.add_argument('--linger', type=int, default=5000, help='milliseconds')
        one.add_argument('--print', action='store_true', help='a line for each message')
        return one

    def sends(one: argparse.ArgumentParser) -> None:
        one.add_argument('--source', default='peer', help='who its messages say they are from')
        one.add_argument('--first', type=int, default=0, help='the first number')
        one.add_argument('--rate', type=float, default=0, help='messages a second, 0: all at once')

    def starts(one: argparse.ArgumentParser) -> None:
        one.add_argument('--on-stdin', action='store_true', help='send after a line on stdin')
        one.add_argument('--hold', action='store_true', help='stay open until a line on stdin')

    def takes(one: argparse.ArgumentParser) -> None:
        one.add_argument('--sources', default='', help='who to expect, a,b,…; default: one, any')
        one.add_argument('--first', type=_first, default=0, help='the first number, or any')
        one.add_argument('--allow-foreign', action='store_true', help='other sources are no fault')
        one.add_argument('--quiet', type=float, default=0, help='seconds in which no more may come')

    def answered(one: argparse.ArgumentParser, word: str) -> None:
        one.add_argument('--%sprefix' % word, dest='prefix', default='')
        one.add_argument('--%ssuffix' % word, dest='suffix', default='')
        one.add_argument('--%sadd' % word, dest='add', type=json.loads, default={}, metavar='JSON')

    def pubsub(one: argparse.ArgumentParser) -> None:
        one.add_argument('--msgid', type=int, default=1000)
        one.add_argument('--coding', default='utf-8')

    one = of_eight('publisher', publisher, 'Publisher: PUB, binds')
    sends(one)
    starts(one)
    pubsub(one)
    one.add_argument('--also-msgid', type=int, action='append', default=[], metavar='ID',
                     help='publish as this id too, from the source "foreign"; repeatable')
    one.add_argument('--settle', type=float, default=0.3,
                     help='seconds between the last of --wait-peers and the first message, '
                          'in which its subscription arrives')

    one = of_eight('subscriber', subscriber, 'Subscriber: SUB, connects', ports=True)
    takes(one)
    pubsub(one)

    for name, run, about in (
        ('rr-server', rr_server, 'RRServer: REP, binds'),
        ('pair-server', pair_server, 'PairServer: PAIR, binds'),
    ):
        one = of_eight(name, run, about)
        takes(one)
        answered(one, 'reply-')
        one.add_argument('--coroutine', action='store_true', help='the handler is a coroutine')

    for name, run, about in (
        ('rr-client', rr_client, 'RRClient: REQ, connects'),
        ('pair-client', pair_client, 'PairClient: PAIR, connects'),
    ):
        one = of_eight(name, run, about)
        sends(one)
        answered(one, 'expect-')
        if name == 'pair-client':
            one.add_argument('--bind', action='store_true', help='bind instead of connecting')

    one = of_eight('pusher', pusher, 'PPPusher: PUSH, binds')
    sends(one)
    starts(one)

    one = of_eight('puller', puller, 'PPPuller: PULL, connects')
    takes(one)
    one.add_argument('--coroutine', action='store_true', help='the handler is a coroutine')
    one.set_defaults(prefix='', suffix='', add={})

    one = command('torn-sender', torn_sender, torn_sender.__doc__ or '')
    one.add_argument('--port', type=int, required=True)
    one.add_argument('--type', default='push', help='socket type: push, dealer, pub, req, pair …')
    one.add_argument('--listen', action='store_true', help='accept instead of connecting')
    one.add_argument('--times', type=int, default=1, help='connections that break off')
    one.add_argument('--whole', type=int, default=0, help='whole messages before each break')
    one.add_argument('--then-whole', type=int, default=0, help='whole messages at the end')
    one.add_argument('--frames', type=int, default=2, help='of each message, at least 2')
    one.add_argument('--prefix', default='', help='before the first frame, "1000 text " say')
    one.add_argument('--delimiter', action='store_true', help='an empty frame first')
    one.add_argument('--cut', choices=('between', 'frame'), default='between',
                     help='after the first frame, or inside the last')
    one.add_argument('--reset', action='store_true', help='drop the connection by RST')
    one.add_argument('--settle', type=float, default=0.05, help='seconds before the first frame')
    one.add_argument('--pause', type=float, default=0.02, help='seconds before the drop')

    one = command('hammer-req', hammer_req, hammer_req.__doc__ or '')
    one.add_argument('--port', type=int, required=True)
    one.add_argument('--clients', type=int, default=8)
    one.add_argument('--count', type=int, default=1000, help='round trips of each client')
    one.add_argument('--hwm', type=int)
    one.add_argument('--reply-timeout', type=float, default=5, help='seconds without any reply')
    answered(one, 'expect-')
    one.set_defaults(timeout=120.0)

    one = command('garbage', garbage, garbage.__doc__ or '')
    one.add_argument('--port', type=int, action='append', required=True, help='repeatable')
    one.add_argument('--connections', type=int, default=20, help='to each port')
    one.add_argument('--bytes', type=int, default=1000, help='random bytes of each connection')
    one.add_argument('--seed', type=int, default=1)
    one.add_argument('--shape', choices=zmtp.SHAPES + ('mix',), default='mix')
    one.add_argument('--type', default='dealer', help='socket type it claims to be')
    one.add_argument('--pause', type=float, default=0.02, help='seconds before it hangs up')
    return top


def _first(text: str) -> Any:
    return None if text == 'any' else int(text)


def main() -> int:
    args = parser().parse_args()
    try:
        summary = args.run(args)
    except (OSError, zmq.ZMQError, zmtp.Refused) as error:
        summary = {'ok': False, 'error': str(error)}
    say(json.dumps(summary))
    return 0 if summary['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
