"""Frames as they are, given in hex: what no class of peer.py would send.

    frames.py push 5557 61,62 ff00       two messages to a PULL that binds: frames a, b; and ff 00
    frames.py dealer 5558 --id me 6869   one to a ROUTER or REP that binds; answers are printed
    frames.py sub 5559                   what a PUB that binds publishes, a line a message
    frames.py pull 5560                  the same of a PUSH

Each message that arrives is printed as `got HEX,HEX`. It ends at the end of standard input.
"""

import argparse
import sys
import threading

import zmq


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('type', choices=('push', 'pull', 'pub', 'sub', 'dealer', 'req', 'pair'))
    parser.add_argument('port', type=int)
    parser.add_argument('messages', nargs='*')
    parser.add_argument('--id', default='')
    args = parser.parse_intermixed_args()

    context = zmq.Context()
    socket = context.socket(getattr(zmq, args.type.upper()))
    socket.linger = 5000
    if args.id:
        socket.routing_id = args.id.encode()
    if args.type == 'sub':
        socket.subscribe(b'')
    socket.connect('tcp://127.0.0.1:%d' % args.port)
    print('ready', flush=True)
    for message in args.messages:
        socket.send_multipart([bytes.fromhex(frame) for frame in message.split(',')])

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.is_set():
        if args.type in ('push', 'pub'):
            over.wait()
        elif socket.poll(20):
            frames = socket.recv_multipart()
            print('got', ','.join(frame.hex() for frame in frames), flush=True)
    context.destroy()
    return 0


if __name__ == '__main__':
    sys.exit(main())
