"""Peers that begin a handshake and say no more.

    half_open.py PORT COUNT

Opens so many connections and sends the first bytes of a greeting over each. On standard output: `open`
when all are, and `closed` when the other end has closed every one.
"""

import resource
import selectors
import socket
import sys


def main() -> int:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    selector = selectors.DefaultSelector()
    for _ in range(count):
        one = socket.create_connection(('127.0.0.1', port), timeout=30)
        one.sendall(b'\xff\x00\x00')
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ)
    print('open', flush=True)
    left = count
    while left:
        for key, _ in selector.select():
            one = key.fileobj
            assert isinstance(one, socket.socket)
            try:
                is_over = not one.recv(4096)
            except ConnectionError:
                is_over = True
            if is_over:
                selector.unregister(one)
                one.close()
                left -= 1
    print('closed', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
