"""Functions of handlers against Python's own library.

    functions.py PORT [--count N] [--seed N] [FUNCTION…]

Asks a REP that computes, `functions.rhai` of tests/run/functions.rs: the first frame of a request
names what is to be computed, the others are what with. For each it makes up N random inputs, asks,
and compares the answer with what hashlib, zlib, struct, re and the others make of them.

The last line is a summary: {"ok": true, "seed": …, "asked": …} with the first differences. The exit
status is 0 only if there are none.
"""

import argparse
import base64
import csv
import datetime
import gzip
import hashlib
import hmac
import io
import json
import random
import re
import struct
import sys
import zlib

import cbor2
import lz4.frame
import msgpack
import zmq
import zstandard
from zmq.utils import z85

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)

# ---------------------------------------------------------------- random inputs


def blob(rng, most=400):
    data = rng.randbytes(rng.randrange(most))
    if rng.random() < 0.5:
        return bytes(byte % 4 for byte in data)
    return data


def text(rng, most=12, letters='abcÄß€ ,"\'\\{}\n\t0189'):
    return ''.join(rng.choice(letters) for _ in range(rng.randrange(most)))


def integer(rng, low, high):
    if rng.random() < 0.5:
        return max(low, min(high, rng.randrange(-200, 200)))
    return rng.choice([low, high, rng.randint(low, high)])


def number(rng):
    return rng.choice([0.0, -1.5, 1e300, 5e-324, rng.random(), rng.uniform(-1e9, 1e9)])


def value(rng, low, high, blobs, depth=3):
    kind = rng.randrange(9 if depth else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind <= 2:
        return integer(rng, low, high)
    if kind == 3:
        return number(rng)
    if kind == 4:
        return text(rng, 40)
    if kind == 5:
        return blob(rng, 40) if blobs else text(rng)
    if kind <= 7:
        return [value(rng, low, high, blobs, depth - 1) for _ in range(rng.randrange(20))]
    return {text(rng): value(rng, low, high, blobs, depth - 1) for _ in range(rng.randrange(20))}


def same(a, b):
    """Equal, and of the same types: 1 is not 1.0, and 1 is not True."""
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b


# ---------------------------------------------------------------- what is asked, and what is right

CASES = {}


def case(name):
    """A maker of inputs: gives the frames and what says whether an answer is right."""

    def keep(make):
        CASES[name] = make
        return make

    return keep


def equal(wanted):
    return lambda answer: answer == wanted


def like(wanted, read=msgpack.unpackb):
    return lambda answer: same(read(answer), wanted)


def hashes(name):
    def make(rng):
        data = blob(rng, 2000)
        return [data], equal(getattr(hashlib, name)(data).digest())

    case(name)(make)


for algorithm in ('sha1', 'sha256', 'sha512', 'md5'):
    hashes(algorithm)


@case('hmac_sha256')
def _(rng):
    key, data = blob(rng, 150), blob(rng)
    return [key, data], equal(hmac.new(key, data, 'sha256').digest())


@case('crc32')
def _(rng):
    data = blob(rng)
    return [data], equal(b'%d' % zlib.crc32(data))


@case('to_hex')
def _(rng):
    data = blob(rng)
    return [data], equal(data.hex().encode())


@case('from_hex')
def _(rng):
    data = blob(rng)
    written = ''.join(rng.choice([c, c.upper()]) for c in data.hex())
    return [written.encode()], equal(data)


@case('to_base64')
def _(rng):
    data = blob(rng)
    return [data], equal(base64.b64encode(data))


@case('from_base64')
def _(rng):
    data = blob(rng)
    written = rng.choice([base64.b64encode, base64.urlsafe_b64encode])(data)
    return [rng.choice([written, written.rstrip(b'=')])], equal(data)


@case('to_z85')
def _(rng):
    data = rng.randbytes(4 * rng.randrange(50))
    return [data], equal(z85.encode(data))


@case('from_z85')
def _(rng):
    data = rng.randbytes(4 * rng.randrange(50))
    return [z85.encode(data)], equal(data)


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


COMPRESSIONS = {
    'zlib': (lambda data, rng: zlib.compress(data, rng.randrange(10)), zlib.decompress),
    'gzip': (lambda data, rng: gzip.compress(data), gzip.decompress),
    'deflate': (lambda data, rng: raw_deflate(data), lambda data: zlib.decompress(data, wbits=-15)),
    'zstd': (
        lambda data, rng: zstandard.ZstdCompressor(level=rng.randint(1, 19)).compress(data),
        lambda data: zstandard.ZstdDecompressor().decompress(data),
    ),
    'lz4': (
        lambda data, rng: lz4.frame.compress(
            data,
            compression_level=rng.randrange(12),
            content_checksum=rng.random() < 0.5,
            block_checksum=rng.random() < 0.5,
            block_linked=rng.random() < 0.5,
            store_size=rng.random() < 0.5,
        ),
        lz4.frame.decompress,
    ),
}


def compressions(name):
    pack, unpack = COMPRESSIONS[name]

    def long(rng):
        """Mostly short, and now and then longer than a block of any of them."""
        return blob(rng, rng.choice([20, 2000])) * rng.choice([1, 3, 1000 if rng.random() < 0.05 else 1])

    def compressed(rng):
        data = long(rng)
        return [data, name.encode()], lambda answer: unpack(answer) == data

    def decompressed(rng):
        data = long(rng)
        return [pack(data, rng), name.encode()], equal(data)

    case('compress ' + name)(compressed)
    case('decompress ' + name)(decompressed)


for compression in COMPRESSIONS:
    compressions(compression)


def forms(name, pack, unpack, low, high):
    def there_and_back(rng):
        made = value(rng, low, high, blobs=True)
        return [pack(made)], like(made, unpack)

    def read(rng):
        made = value(rng, low, high, blobs=False)
        return [pack(made)], like(made, json.loads)

    def write(rng):
        made = value(rng, low, high, blobs=False)
        return [json.dumps(made).encode()], like(made, unpack)

    case('through ' + name)(there_and_back)
    case('from_' + name)(read)
    case('to_' + name)(write)


forms('msgpack', msgpack.packb, msgpack.unpackb, -(2**63), 2**64 - 1)
forms('cbor', cbor2.dumps, cbor2.loads, -(2**100), 2**100)

LETTERS = {
    'b': (-(2**7), 2**7 - 1), 'B': (0, 2**8 - 1), 'h': (-(2**15), 2**15 - 1), 'H': (0, 2**16 - 1),
    'i': (-(2**31), 2**31 - 1), 'I': (0, 2**32 - 1), 'q': (-(2**63), 2**63 - 1), 'Q': (0, 2**64 - 1),
    'l': (-(2**31), 2**31 - 1), 'L': (0, 2**32 - 1), 'n': (-(2**63), 2**63 - 1), 'N': (0, 2**64 - 1),
}


def layout(rng):
    order = rng.choice(['', '@', '=', '<', '>', '!'])
    letters = 'xcbBhHiIlLqQ?efdsp' + ('nN' if order in ('', '@') else '')
    form, values = order, []
    for _ in range(rng.randrange(8)):
        letter, count = rng.choice(letters), rng.choice([None, None, 0, 1, 2, 3, 7])
        if letter == 'p' and count == 0:
            continue  # Python itself fails to unpack that
        form += ('' if count is None else str(count)) + letter + rng.choice(['', '', ' '])
        times = 1 if count is None else count
        if letter in 'sp':
            values.append(blob(rng, 9))
            continue
        for _ in range(times):
            if letter == 'c':
                values.append(rng.randbytes(1))
            elif letter == '?':
                values.append(rng.random() < 0.5)
            elif letter == 'e':
                values.append(rng.choice([0.0, -1.5, rng.uniform(-60000, 60000), rng.uniform(-1e-6, 1e-6)]))
            elif letter == 'f':
                values.append(rng.choice([0.0, -1.5, rng.uniform(-1e30, 1e30)]))
            elif letter == 'd':
                values.append(number(rng))
            elif letter in LETTERS:
                values.append(integer(rng, *LETTERS[letter]))
    return form, values


@case('pack')
def _(rng):
    form, values = layout(rng)
    return [form.encode(), msgpack.packb(values)], equal(struct.pack(form, *values))


@case('unpack')
def _(rng):
    form, values = layout(rng)
    packed = struct.pack(form, *values)
    return [form.encode(), packed], like(list(struct.unpack(form, packed)))


def pattern(rng, depth=3):
    """A pattern that both kinds of engines understand alike, and whether it fits nothing at all."""
    kind = rng.randrange(7 if depth else 3)
    if kind == 0:
        return rng.choice('abcé'), False
    if kind == 1:
        return rng.choice(['[ab]', '[^a]', r'\d', r'\w', r'\s', '.', '[0-9b-c]']), False
    if kind == 2:
        return rng.choice(['ab', 'ca', r'\.']), False
    one, empty = pattern(rng, depth - 1)
    if kind == 3:
        other, also = pattern(rng, depth - 1)
        return one + other, empty and also
    if kind == 4:
        other, also = pattern(rng, depth - 1)
        return '(?:%s|%s)' % (one, other), empty or also
    if kind == 5:
        return '(%s)' % one, empty
    if empty:
        return one, empty
    times = rng.choice(['*', '+', '?', '{2}', '{1,3}', '*?', '+?', '??'])
    return '(?:%s)%s' % (one, times), times in ('*', '?', '*?', '??')


def searched(rng):
    return ''.join(rng.choice('aabbccé01. \n') for _ in range(rng.randrange(30)))


@case('matches')
def _(rng):
    one, within = pattern(rng)[0], searched(rng)
    found = re.search(one, within) is not None
    return [within.encode(), one.encode()], equal(b'true' if found else b'false')


@case('find')
def _(rng):
    one, within = pattern(rng)[0], searched(rng)
    found = re.search(one, within)
    return [within.encode(), one.encode()], like(found and found[0])


@case('captures')
def _(rng):
    one, within = pattern(rng)[0], searched(rng)
    found = re.search(one, within)
    return [within.encode(), one.encode()], like(found and [found[0], *found.groups()])


@case('replace_all')
def _(rng):
    one, empty = pattern(rng)
    while empty:  # where nothing fits, Python also replaces it right behind something that did
        one, empty = pattern(rng)
    one, within = '(%s)' % one, searched(rng)
    by, wanted = rng.choice([('-', '-'), ('<$1>', r'<\1>'), ('$$$0', r'$\g<0>'), ('${1}a', r'\g<1>a')])
    return [within.encode(), one.encode(), by.encode()], equal(re.sub(one, wanted, within).encode())


def moment(rng):
    return datetime.datetime(1, 1, 2, tzinfo=UTC) + datetime.timedelta(
        days=rng.randrange(3652000), seconds=rng.randrange(86400),
        microseconds=rng.choice([0, 0, 1000 * rng.randrange(1000), rng.randrange(10**6)]),
    )


@case('time_text')
def _(rng):
    # To the microsecond a float is exact enough for the next centuries only.
    at = EPOCH + (moment(rng) - EPOCH) / rng.choice([40, 100])
    at = at.replace(microsecond=rng.choice([0, at.microsecond // 1000 * 1000, at.microsecond]))
    decimals = 'seconds' if at.microsecond == 0 else 'milliseconds' if at.microsecond % 1000 == 0 else 'microseconds'
    wanted = at.isoformat(timespec=decimals).replace('+00:00', 'Z')
    seconds = (at - EPOCH).total_seconds()
    asked = int(seconds) if at.microsecond == 0 and rng.random() < 0.5 else seconds
    return [msgpack.packb(asked)], equal(wanted.encode())


@case('parse_time')
def _(rng):
    at = moment(rng)
    offset = datetime.timedelta(minutes=rng.choice([0, 60, -90, rng.randrange(-1439, 1440)]))
    try:
        written = at.astimezone(datetime.timezone(offset)).isoformat()
    except OverflowError:
        written = at.isoformat()
    written = rng.choice([written, written.replace('T', ' '), written.replace('+00:00', 'Z')])
    seconds = (at - EPOCH).total_seconds()
    return [written.encode()], lambda answer: abs(msgpack.unpackb(answer) - seconds) < 1e-4


@case('format')
def _(rng):
    whole = rng.random() < 0.5
    asked = integer(rng, -(2**53), 2**53) if whole else rng.choice([0.0, -0.0, rng.uniform(-1e7, 1e7), rng.uniform(-1, 1), 1e22])
    kind = rng.choice(['', 'd', 'x', 'X', 'o', 'b', 'f', 'e', '%'] if whole else ['', 'f', 'e', '%'])
    align = rng.choice(['', '', '<', '>', '^', '=', '*<', '0>', 'é^', ' ='])
    spec = align + rng.choice(['', '', '+', '-', ' '])
    spec += '#' if kind in ('x', 'X', 'o', 'b') and rng.random() < 0.5 else ''
    spec += rng.choice(['', '', '0']) + rng.choice(['', str(rng.randrange(1, 30))])
    spec += ',' if kind in ('', 'd', 'f', '%') and rng.random() < 0.3 else ''
    if kind in ('f', 'e', '%') and rng.random() < 0.7 or kind == '' and not whole:
        spec += '.%d' % rng.randrange(12)
    wanted = format(asked, spec + (kind or ('f' if '.' in spec else '')))
    return [msgpack.packb(asked), (spec + kind).encode()], equal(wanted.encode())


def rows(rng):
    return [[text(rng) for _ in range(rng.randint(1, 5))] for _ in range(rng.randrange(6))]


@case('parse_csv')
def _(rng):
    made, out = rows(rng), io.StringIO(newline='')
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(out, lineterminator=rng.choice(['\n', '\r\n']), quoting=quoting).writerows(made)
    return [out.getvalue().encode()], like(made)


@case('to_csv')
def _(rng):
    made = rows(rng)

    def right(answer):
        return list(csv.reader(io.StringIO(answer.decode(), newline=''))) == made

    return [msgpack.packb(made)], right


# ---------------------------------------------------------------- asking


def ask(socket, rng, name, count, wrong):
    """Asks so often, some requests ahead, and notes what is wrong."""
    function = name.split(' ')[0] if name.startswith(('compress', 'decompress')) else name
    waiting = []
    for number in range(count + 64):
        if number < count:
            frames, right = CASES[name](rng)
            socket.send_multipart([b'', function.encode(), *frames])
            waiting.append((frames, right))
        if number >= 64 or number >= count:
            if not waiting:
                break
            if not socket.poll(20000):
                wrong.append('%s: no answer' % name)
                return
            answer = b''.join(socket.recv_multipart()[1:])
            frames, right = waiting.pop(0)
            try:
                is_right = right(answer)
            except Exception as error:  # an answer that cannot be read is a wrong one
                is_right, answer = False, answer + b' ' + repr(error).encode()
            if not is_right and len(wrong) < 10:
                wrong.append('%s: %r gives %r' % (name, frames, answer[:200]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('port', type=int)
    parser.add_argument('functions', nargs='*')
    parser.add_argument('--count', type=int, default=1000)
    parser.add_argument('--seed', type=int, default=random.randrange(2**32))
    args = parser.parse_args()

    rng = random.Random(args.seed)
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.linger = 0
    socket.connect('tcp://127.0.0.1:%d' % args.port)
    wrong = []
    names = args.functions or list(CASES)
    for name in names:
        ask(socket, rng, name, args.count, wrong)
    socket.close()
    context.term()
    print(json.dumps({'ok': not wrong, 'seed': args.seed, 'asked': len(names) * args.count,
                      'functions': len(names), 'wrong': wrong}), flush=True)
    return 0 if not wrong else 1


if __name__ == '__main__':
    sys.exit(main())
