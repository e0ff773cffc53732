"""pyzmq's own reader and writer of certificates.

    certificates.py FOLDER

Reads `ours` of the folder, greets a socket with its keys, and makes `theirs` there. Prints one JSON object
with what went wrong.
"""

import json
import os
import sys

import zmq
import zmq.auth


def main() -> int:
    folder = sys.argv[1]
    faults = []
    public, none = zmq.auth.load_certificate(os.path.join(folder, 'ours.key'))
    again, secret = zmq.auth.load_certificate(os.path.join(folder, 'ours.key_secret'))
    if none is not None or again != public or zmq.curve_public(secret) != public:
        faults.append('the two files of ours')
    if zmq.auth.load_certificates(folder) != {public: True}:
        faults.append('the folder')

    context = zmq.Context()
    server, client = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    server.curve_server, server.curve_publickey, server.curve_secretkey = True, public, secret
    client.curve_serverkey = public
    client.curve_publickey, client.curve_secretkey = zmq.curve_keypair()
    client.connect(f'tcp://127.0.0.1:{server.bind_to_random_port("tcp://127.0.0.1")}')
    client.send(b'hello')
    if not server.poll(10_000) or server.recv() != b'hello':
        faults.append('the handshake')
    context.destroy(linger=0)

    zmq.auth.create_certificates(folder, 'theirs', metadata={'mail': 'a@b.c'})
    print(json.dumps({'ok': not faults, 'faults': faults}), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
