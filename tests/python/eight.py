"""The eight classes: a small messaging module on pyzmq's asyncio sockets.

A test fixture. It stands for a program that knows nothing of zrig: zrig has to
exchange messages with these classes, in both directions, with nothing changed here.

    Publisher    PUB   binds      Subscriber   SUB   connects to one or more ports
    RRServer     REP   binds      RRClient     REQ   connects
    PPPusher     PUSH  binds      PPPuller     PULL  connects
    PairServer   PAIR  binds      PairClient   PAIR  connects (or binds, see there)

Publisher and Subscriber put one frame on the wire, `<msgid> <msgtype> <body>`, for
example `1000 json {"data": 42}`. All the others carry raw bytes, one frame a message.

What is here beside the eight classes is only what a test needs around them: `context`
(its defaults are the options of every socket), `when_opened` (called with each socket
before it binds or connects) and a `close()` on every class.
"""

import inspect
import json
from typing import Any, Awaitable, Callable, Iterable, Optional, Union

import zmq
import zmq.asyncio

Handler = Callable[[bytes], Union[bytes, Awaitable[bytes]]]

context = zmq.asyncio.Context()
when_opened: Callable[[zmq.asyncio.Socket], None] = lambda socket: None


class _Attached:
    """One socket that binds to, or connects to, TCP ports."""

    def __init__(self, kind: int) -> None:
        self.socket = context.socket(kind)
        when_opened(self.socket)

    def _bind(self, host: str, port: int) -> None:
        self.socket.bind('tcp://%s:%d' % (host, port))

    def _connect(self, host: str, port: int) -> None:
        self.socket.connect('tcp://%s:%d' % (host, port))

    def close(self) -> None:
        self.socket.close()


class Publisher(_Attached):
    """A PUB socket that binds."""

    def __init__(self, port: int, coding: str = 'utf-8', msgid: int = 1000) -> None:
        super().__init__(zmq.PUB)
        self.coding = coding
        self.msgid = msgid
        self._bind('127.0.0.1', port)

    async def publish(self, msg: Any, msgtype: str = 'text', msgid: int = -1) -> None:
        """Publish one message; a msgid of -1 is the publisher's own.

        Every msgtype but 'text' is serialized as JSON and marked 'json'.
        """
        if msgid == -1:
            msgid = self.msgid
        if msgtype != 'text':
            msgtype, msg = 'json', json.dumps(msg)
        await self.socket.send(('%d %s %s' % (msgid, msgtype, msg)).encode(self.coding))


class Subscriber(_Attached):
    """A SUB socket that connects to one or more publishers.

    Its subscription is the bare prefix: 1000 also takes what is published as 10001.
    """

    def __init__(self, host: str, ports: Iterable[int], msgid: int, coding: str = 'utf-8') -> None:
        super().__init__(zmq.SUB)
        self.host = host
        self.coding = coding
        self.socket.setsockopt(zmq.SUBSCRIBE, b'%d' % msgid)
        for port in ports:
            self.addPort(port)

    def addPort(self, port: int) -> None:
        """Connect to one more publisher, at any time."""
        self._connect(self.host, port)

    async def subscribe(self) -> Any:
        """Wait for the next message: a string, or the parsed JSON."""
        frame = await self.socket.recv()
        _msgid, msgtype, body = frame.decode(self.coding).split(' ', 2)
        return json.loads(body) if msgtype == 'json' else body


class _Serving(_Attached):
    """A socket whose messages go to a handler, a plain function or a coroutine."""

    answers = True

    def __init__(self, kind: int, handler: Optional[Handler]) -> None:
        super().__init__(kind)
        self.handler = handler
        self.running = True

    async def run(self) -> None:
        """Serve until `running` is set to False, which a handler may do."""
        while self.running:
            message = await self.socket.recv()
            result: Any = message
            if self.handler is not None:
                result = self.handler(message)
                if inspect.isawaitable(result):
                    result = await result
            if self.answers:
                await self.socket.send(result)


class _Asking(_Attached):
    """A socket that sends a request and waits for its answer."""

    async def request(self, msg: bytes) -> bytes:
        await self.socket.send(msg)
        return await self.socket.recv()


class RRServer(_Serving):
    """A REP socket that binds; the handler gets the request and gives the reply."""

    def __init__(self, port: int, handler: Optional[Handler] = None) -> None:
        super().__init__(zmq.REP, handler)
        self._bind('127.0.0.1', port)


class RRClient(_Asking):
    """A REQ socket that connects."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(zmq.REQ)
        self._connect(host, port)


class PPPusher(_Attached):
    """A PUSH socket that binds."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(zmq.PUSH)
        self._bind(host, port)

    async def push(self, msg: bytes) -> None:
        await self.socket.send(msg)


class PPPuller(_Serving):
    """A PULL socket that connects and hands each message to the handler."""

    answers = False

    def __init__(self, host: str, port: int, handler: Optional[Handler] = None) -> None:
        super().__init__(zmq.PULL, handler)
        self._connect(host, port)


class PairServer(_Serving):
    """A PAIR socket that binds; what the handler returns is sent back."""

    def __init__(self, port: int, handler: Optional[Handler] = None) -> None:
        super().__init__(zmq.PAIR, handler)
        self._bind('127.0.0.1', port)


class PairClient(_Asking):
    """A PAIR socket that connects.

    The module's text says in one place that it connects and in another that it binds;
    `bind=True` is that other reading.
    """

    def __init__(self, host: str, port: int, bind: bool = False) -> None:
        super().__init__(zmq.PAIR)
        (self._bind if bind else self._connect)(host, port)
