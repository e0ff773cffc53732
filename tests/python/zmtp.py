"""A ZMTP 3.0 peer on a bare TCP socket, for what no ZeroMQ library would ever send.

It speaks the NULL mechanism: a greeting of 64 bytes, then a READY command, then frames.
A frame is a byte of flags, a length of one byte (or of eight, when LONG is set) and the
body; MORE says that further frames of the same multipart message follow.
"""

import random
import socket
import struct
from typing import Dict, List

MORE, LONG, COMMAND = 1, 2, 4

GREETING = b'\xff' + bytes(8) + b'\x7f\x03\x00' + b'NULL'.ljust(20, b'\0') + bytes(32)


class Refused(Exception):
    """The other side ended the handshake or the connection."""


def frame(body: bytes, flags: int = 0) -> bytes:
    """One frame; a body of more than 255 bytes makes it a long one."""
    if len(body) > 255:
        return struct.pack('>BQ', flags | LONG, len(body)) + body
    return struct.pack('>BB', flags, len(body)) + body


def multipart(frames: List[bytes]) -> bytes:
    """A whole message: MORE on every frame but the last."""
    return b''.join(frame(body, MORE) for body in frames[:-1]) + frame(frames[-1])


def ready(socket_type: str, identity: bytes = b'') -> bytes:
    """The READY command of a peer of that socket type."""
    properties: Dict[bytes, bytes] = {b'Socket-Type': socket_type.upper().encode()}
    if socket_type.lower() in ('req', 'dealer', 'router'):
        properties[b'Identity'] = identity
    body = b'\x05READY' + b''.join(
        struct.pack('>B', len(name)) + name + struct.pack('>I', len(value)) + value
        for name, value in properties.items()
    )
    return frame(body, COMMAND)


class Connection:
    """One TCP connection to a ZeroMQ socket."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.settimeout(5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handshake(self, socket_type: str) -> None:
        """Exchange greetings and READY; `Refused` when the other side will not have us."""
        self.send(GREETING)
        self._exactly(len(GREETING))
        self.send(ready(socket_type))
        command = self._frame()
        if not command.startswith(b'\x05READY'):
            raise Refused('answered %r' % command)

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Refused(str(error)) from error

    def take(self, seconds: float) -> bytes:
        """What has come in, waiting for it no longer than that."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(65536)
        except OSError:
            return b''
        finally:
            self.socket.settimeout(5)

    def finish(self) -> None:
        """Close so that everything sent arrives."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while self.take(1):
                pass
        except OSError:
            pass
        self.socket.close()

    def drop(self, reset: bool) -> None:
        """Close at once; with `reset` as a crash of the machine's TCP would (RST)."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def _frame(self) -> bytes:
        (flags,) = self._exactly(1)
        if flags & LONG:
            (length,) = struct.unpack('>Q', self._exactly(8))
        else:
            (length,) = self._exactly(1)
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = b''
        while len(data) < length:
            try:
                part = self.socket.recv(length - len(data))
            except OSError as error:
                raise Refused(str(error)) from error
            if not part:
                raise Refused('closed in the middle of the handshake')
            data += part
        return data


def connect(host: str, port: int) -> Connection:
    return Connection(socket.create_connection((host, port), timeout=5))


def accept(server: socket.socket) -> Connection:
    return Connection(server.accept()[0])


SHAPES = ('raw', 'greeting', 'ready', 'frames', 'oversized')


def garbage(shape: str, length: int, chance: random.Random, socket_type: str) -> bytes:
    """Bytes that no peer should send, the more of them well-formed the later the shape.

    raw: random from the first byte. greeting: random after a good greeting. ready: random
    after a good READY. frames: good frames of random bytes. oversized: a frame that claims
    more than it, or any machine, holds.
    """
    noise = chance.randbytes(length)
    if shape == 'raw':
        return noise
    if shape == 'greeting':
        return GREETING + noise
    start = GREETING + ready(socket_type)
    if shape == 'ready':
        return start + noise
    if shape == 'oversized':
        return start + struct.pack('>BQ', LONG, chance.choice((2**31, 2**40, 2**62))) + noise
    cuts = sorted(chance.randrange(length + 1) for _ in range(8))
    pieces = [noise[a:b] for a, b in zip([0] + cuts, cuts + [length])]
    return start + b''.join(frame(piece, chance.choice((0, 0, MORE))) for piece in pieces)
