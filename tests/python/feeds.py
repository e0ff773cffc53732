"""Feeds of other programs, as they are on the wire, for the recipes to be run against.

    feeds.py bitcoin PORT     a node's notifications; `lose TOPIC N` on standard input loses some
    feeds.py eddn PORT HOME   a relay of compressed JSON, and a program that reads what comes home
    feeds.py jupyter SHELL CONTROL STDIN IOPUB HEARTBEAT KEY    a front end
    feeds.py detector PORT FILE   a detector; `compare` on standard input looks into the file, and
                              `replay PORT` takes the same messages once more
    feeds.py pupil PORT JSON  an eye tracker with its bus, and a program that reads JSON

Written from the descriptions of the feeds, with Python's own library and msgpack: nothing here
knows zrig. Each ends with a summary as JSON; the exit status is 0 only if all was as it has to be.
"""

import argparse
import hashlib
import hmac
import json
import struct
import sys
import time
import uuid
import zlib

import msgpack
import zmq

PATIENCE = 30_000

context = zmq.Context()


def socket(kind, port=None, **options):
    made = context.socket(kind)
    made.linger = 0
    made.rcvtimeo = made.sndtimeo = PATIENCE
    for name, value in options.items():
        setattr(made, name, value)
    if port is not None:
        made.connect(f'tcp://127.0.0.1:{port}')
    return made


def bound(kind, port):
    made = context.socket(kind)
    made.linger = 0
    made.rcvtimeo = made.sndtimeo = PATIENCE
    made.bind(f'tcp://127.0.0.1:{port}')
    return made


def say(text):
    print(text, flush=True)


def summary(**facts):
    say(json.dumps({'ok': True, **facts}))


def await_subscriptions(publisher, wanted):
    """An XPUB is told of subscriptions; nothing is published before they are there."""
    while wanted:
        word = publisher.recv()
        if word[:1] == b'\x01':
            wanted.discard(word[1:])


# ---------------------------------------------------------------- bitcoin

# The first transaction ever spent, of block 170, and its id as explorers show it.
TRANSACTION = bytes.fromhex(
    '0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402'
    '204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4'
    'acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b'
    '13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1ba'
    'ded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482e'
    'cad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000')
TRANSACTION_ID = 'f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16'


def bitcoin(port):
    assert hashlib.sha256(hashlib.sha256(TRANSACTION).digest()).digest()[::-1].hex() \
        == TRANSACTION_ID
    numbers = {'hashblock': 0, 'rawtx': 0}
    publisher = bound(zmq.XPUB, port)
    say('ready')
    await_subscriptions(publisher, {b'hashblock', b'rawtx'})
    say('subscribed')
    for line in sys.stdin:
        words = line.split()
        if words[0] == 'enough':
            break
        topic = words[1]
        if words[0] == 'number':        # as after a new start, or many years
            numbers[topic] = int(words[2])
        elif words[0] == 'lose':
            numbers[topic] += int(words[2])
        else:
            body = bytes.fromhex(words[2]) if topic == 'hashblock' else TRANSACTION
            publisher.send_multipart([topic.encode(), body, struct.pack('<I', numbers[topic])])
            numbers[topic] = (numbers[topic] + 1) % 2**32
    summary()


# ---------------------------------------------------------------- eddn


def eddn(port, home):
    relay = bound(zmq.XPUB, port)
    reader = socket(zmq.SUB, home)
    for topic in ('journal/1/FSDJump', 'commodity/'):
        reader.subscribe(topic)
    say('ready')
    await_subscriptions(relay, {b''})

    def publish(schema, message):
        relay.send(zlib.compress(json.dumps({
            '$schemaRef': f'https://eddn.edcd.io/schemas/{schema}',
            'header': {'uploaderID': 'c0ffee', 'softwareName': 'a test', 'softwareVersion': '1'},
            'message': message,
        }).encode()))

    def round_of(number):
        jump = {'event': 'FSDJump', 'StarSystem': f'Sol {number}', 'SystemAddress': 2**64 - 1,
                'StarPos': [0.0, -1.5, 12.25]}
        market = {'stationName': 'Ray Gateway', 'marketId': number, 'commodities': []}
        publish('journal/1', jump)
        publish('journal/1/test', {'event': 'FSDJump', 'StarSystem': 'Nowhere'})
        publish('journal/1', {'event': 'Scan', 'StarSystem': 'Sol'})
        publish('commodity/3', market)
        return [[b'journal/1/FSDJump', jump], [b'commodity/3', market]]

    # The reader at home may come late: rounds go out until one has arrived.
    number, arrived = 0, []
    reader.rcvtimeo = 100
    deadline = time.monotonic() + PATIENCE / 1000
    while not arrived and time.monotonic() < deadline:
        number += 1
        round_of(number)
        try:
            arrived.append(reader.recv_multipart())
        except zmq.Again:
            pass
    reader.rcvtimeo = PATIENCE
    relay.send(b'this is not zlib')
    relay.send(zlib.compress(b'[1, 2'))
    wanted = round_of(-1)
    while json.loads(arrived[-1][1]) != wanted[1][1]:
        arrived.append(reader.recv_multipart())
    last = [[frames[0], json.loads(frames[1])] for frames in arrived[-2:]]
    assert last == wanted, last
    topics = {frames[0] for frames in arrived}
    assert topics == {b'journal/1/FSDJump', b'commodity/3'}, topics
    assert not any(b'Nowhere' in frames[1] for frames in arrived), 'a test message came home'
    summary(arrived=len(arrived))


# ---------------------------------------------------------------- jupyter

DELIMITER = b'<IDS|MSG>'


class Frontend:
    """The messages of a front end: signed when sent, verified when they come."""

    def __init__(self, key):
        self.key = key.encode()
        self.session = str(uuid.uuid4())

    def sign(self, parts):
        return hmac.new(self.key, b''.join(parts), hashlib.sha256).hexdigest().encode()

    def request(self, kind, content):
        header = {'msg_id': str(uuid.uuid4()), 'session': self.session, 'username': 'me ä',
                  'date': '2026-01-01T00:00:00Z', 'msg_type': kind, 'version': '5.3'}
        # The spaces are part of what is signed: who writes JSON anew finds another signature.
        parts = [json.dumps(part, indent=1).encode() for part in (header, {}, {}, content)]
        return header, [DELIMITER, self.sign(parts), *parts]

    def verified(self, frames):
        at = frames.index(DELIMITER)
        signature, parts = frames[at + 1], frames[at + 2:]
        assert len(parts) == 4, frames
        assert hmac.compare_digest(signature, self.sign(parts)), 'a wrong signature'
        header, parent, metadata, content = map(json.loads, parts)
        assert metadata == {} and header['version'] and header['msg_id'] and header['date'], header
        return frames[:at], header, parent, content

    def ask(self, channel, iopub, kind, content):
        """A request, its answer, and what all front ends heard of it."""
        sent, frames = self.request(kind, content)
        channel.send_multipart(frames)
        ids, header, parent, answer = self.verified(channel.recv_multipart())
        assert ids == [] and parent == sent, (ids, parent)
        heard = []
        while not heard or heard[-1] != ('status', {'execution_state': 'idle'}):
            topic, about, parent, said = self.verified(iopub.recv_multipart())
            if parent.get('msg_id') == sent['msg_id']:
                assert topic == [about['msg_type'].encode()], topic
                heard.append((about['msg_type'], said))
        return header['msg_type'], answer, heard


BUSY, IDLE = [('status', {'execution_state': state}) for state in ('busy', 'idle')]


def jupyter(shell, control, stdin, iopub, heartbeat, key):
    shell, control = (socket(zmq.DEALER, port) for port in (shell, control))
    listener, heartbeat = socket(zmq.SUB, iopub), socket(zmq.REQ, heartbeat)
    listener.subscribe(b'')
    frontend = Frontend(key)

    heartbeat.send(b'ping \xff')
    assert heartbeat.recv() == b'ping \xff'

    # iopub may be connected later than shell: questions go out until it is heard.
    listener.rcvtimeo = 100
    deadline = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            _, frames = frontend.request('kernel_info_request', {})
            shell.send_multipart(frames)
            shell.recv_multipart()
            frontend.verified(listener.recv_multipart())
            break
        except zmq.Again:
            assert time.monotonic() < deadline, 'iopub is silent'
    listener.rcvtimeo = PATIENCE

    kind, info, heard = frontend.ask(shell, listener, 'kernel_info_request', {})
    assert kind == 'kernel_info_reply' and heard == [BUSY, IDLE], heard
    assert info['status'] == 'ok' and info['protocol_version'] == '5.3', info
    assert info['language_info']['file_extension'] == '.txt', info

    for count, code in enumerate(['hello', 'zwölf {"a": 1}\nlines'], 1):
        kind, reply, heard = frontend.ask(
            shell, listener, 'execute_request',
            {'code': code, 'silent': False, 'store_history': True, 'user_expressions': {},
             'allow_stdin': False, 'stop_on_error': True})
        assert (kind, reply['status'], reply['execution_count']) == ('execute_reply', 'ok', count)
        assert heard == [
            BUSY,
            ('execute_input', {'code': code, 'execution_count': count}),
            ('stream', {'name': 'stdout', 'text': code + '\n'}),
            IDLE,
        ], heard
    kind, reply, heard = frontend.ask(
        shell, listener, 'execute_request', {'code': 'quiet', 'silent': True})
    assert reply['execution_count'] == 2 and heard == [BUSY, IDLE], (reply, heard)

    # A stranger's key, a byte that was changed on the way, and no message at all.
    for number in range(3):
        _, frames = Frontend('another key').request('execute_request', {'code': 'rm'})
        shell.send_multipart(frames)
    _, frames = frontend.request('execute_request', {'code': 'good'})
    shell.send_multipart([*frames[:-1], frames[-1].replace(b'good', b'evil')])
    shell.send_multipart([b'what?'])
    kind, reply, heard = frontend.ask(shell, listener, 'execute_request', {'code': 'after'})
    assert reply['execution_count'] == 3, 'what was refused was executed'

    say('refused')
    sys.stdin.readline()
    kind, reply, _ = frontend.ask(control, listener, 'shutdown_request', {'restart': False})
    assert (kind, reply) == ('shutdown_reply', {'status': 'ok', 'restart': False})
    summary()


# ---------------------------------------------------------------- pupil


def pupil(port, eyes):
    remote, bus = bound(zmq.REP, port), context.socket(zmq.XPUB)
    bus.linger = 0
    bus.rcvtimeo = PATIENCE
    bus_port = bus.bind_to_random_port('tcp://127.0.0.1')
    reader = socket(zmq.SUB, eyes)
    reader.subscribe('pupil.1.')
    say('ready')

    assert remote.recv_multipart() == [b'SUB_PORT']
    remote.send_string(str(bus_port))
    topic, payload = remote.recv_multipart()
    assert topic == b'notify.recording.should_start', topic
    assert msgpack.loads(payload) == {'subject': 'recording.should_start'}, payload
    remote.send_string('Message forwarded.')
    await_subscriptions(bus, {b'pupil.'})

    def datum(eye, confidence, number):
        return {'topic': f'pupil.{eye}.2d', 'id': eye, 'confidence': confidence,
                'timestamp': 2915.4 + number, 'diameter': 41.25, 'norm_pos': [0.5, 0.4],
                'method': '2d c++', 'ellipse': {'center': [96.0, 98.5], 'angle': -12.5}}

    def publish(payload, *raw):
        bus.send_multipart([payload['topic'].encode(), msgpack.dumps(payload), *raw])

    # The reader may come late: data go out until one has arrived.
    reader.rcvtimeo = 100
    number, arrived = 0, []
    deadline = time.monotonic() + PATIENCE / 1000
    while not arrived and time.monotonic() < deadline:
        number += 1
        publish(datum(1, 0.99, number))
        try:
            arrived.append(reader.recv_multipart())
        except zmq.Again:
            pass
    reader.rcvtimeo = PATIENCE
    bus.send_multipart([b'logging.info', msgpack.dumps({'msg': 'not for us'})])
    for confidence in (0.97, 0.2, 0.61, 0.59):
        publish(datum(1, confidence, -1))
    publish(datum(0, 0.98, 0))
    publish(datum(1, 1.0, -2))
    while json.loads(arrived[-1][1]) != datum(1, 1.0, -2):
        arrived.append(reader.recv_multipart())
    sure = [json.loads(frames[1])['confidence'] for frames in arrived]
    assert sure[-3:] == [0.97, 0.61, 1.0], sure
    assert {frames[0] for frames in arrived} == {b'pupil.1.2d'}, arrived
    summary(arrived=len(arrived))
    sys.stdin.read()


# ---------------------------------------------------------------- detector


def series(number, images):
    def frame(**values):
        return json.dumps(values).encode()

    yield [frame(htype='dheader-1.0', series=number, header_detail='basic'),
           frame(count_time=0.1, nimages=images, description='Dectris Eiger 1M')]
    for image in range(images):
        # Whatever a compressor makes: line ends, lengths, no text.
        pixels = bytes(range(256)) * 40 + b'\r\n\x00\x00\x00\x05' + struct.pack('<Q', image)
        yield [frame(htype='dimage-1.0', series=number, frame=image,
                     hash=hashlib.md5(pixels).hexdigest()),
               frame(htype='dimage_d-1.0', shape=[1030, 1065], type='uint32', encoding='bs32-lz4<',
                     size=len(pixels)),
               pixels,
               frame(htype='dconfig-1.0', start_time=834759834260, stop_time=834760834280,
                     real_time=1000000)]
    yield [frame(htype='dseries_end-1.0', series=number)]


def records(path):
    """What a `write` of `format: length` keeps."""
    with open(path, 'rb') as file:
        while head := file.read(4):
            record, frames = file.read(struct.unpack('>I', head)[0]), []
            while record:
                (length,) = struct.unpack_from('>I', record)
                frames.append(record[4:4 + length])
                record = record[4 + length:]
            yield frames


def detector(port, path):
    pushes = bound(zmq.PUSH, port)
    say('ready')
    sent = list(series(1, 50))
    damaged = list(series(2, 4))
    damaged[2][2] = damaged[2][2][:-1] + b'?'       # image 1, in its last byte
    del damaged[3]                                  # image 2
    sent += damaged
    for message in sent:
        pushes.send_multipart(message)
    for line in sys.stdin:
        words = line.split()
        if words[0] == 'compare':
            kept = list(records(path))
            assert kept == sent, f'{len(kept)} of {len(sent)}'
            say('the same')
        elif words[0] == 'replay':
            pulls = bound(zmq.PULL, words[1])
            assert [pulls.recv_multipart() for _ in sent] == sent
            break
    summary(sent=len(sent))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('feed', choices=('bitcoin', 'detector', 'eddn', 'jupyter', 'pupil'))
    parser.add_argument('arguments', nargs='+')
    args = parser.parse_args()
    globals()[args.feed](*args.arguments)
    context.destroy()
    return 0


if __name__ == '__main__':
    sys.exit(main())
