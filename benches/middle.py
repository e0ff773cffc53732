"""The same works written by hand with pyzmq, for benches/compare.py to measure.

    middle.py KIND WORK IN OUT HOPS        KIND: proxy, sync, asyncio; with " CURVE" a server of KEYS;
                                           pyomq: sync, with pyomq in the place of pyzmq

More than one hop is so many of them in one process, each with a thread of its own (asyncio: a
task), linked by inproc.
"""

import asyncio
import json
import sys
import threading

if sys.argv[1] == "pyomq":
    import pyomq as zmq
else:
    import zmq
    import zmq.asyncio

SOCKETS = {
    "forward": (zmq.PULL, zmq.PUSH),
    "broker": (zmq.ROUTER, zmq.DEALER),
    "bus": (zmq.XSUB, zmq.XPUB),
    "append": (zmq.PULL, zmq.PUSH),
    "json": (zmq.PULL, zmq.PUSH),
    "filter": (zmq.PULL, zmq.PUSH),
    "rep": (zmq.REP, None),
}


def append(data):
    msgid, kind, body = data.split(b" ", 2)
    if int(msgid) == 1000:
        return b"1000 text " + body + b"!"
    return None


def edit(data):
    value = json.loads(data)
    value["celsius"] += 1
    return json.dumps(value).encode()


def sieve(data):
    return data if int(data.split(b" ", 1)[0]) == 1000 else None


# The pair of libzmq's manual page, as in benches/works.py.
KEYS = (b"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", b"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")

HANDLERS = {"append": append, "json": edit, "filter": sieve, "rep": lambda data: data + b"!"}


def opened(context, work, endpoints, hops, has_curve=False):
    """The sockets of each hop."""
    rows = []
    for hop in range(hops):
        ends = [f"inproc://hop{hop}", f"inproc://hop{hop + 1}"]
        if hop == 0:
            ends[0] = endpoints[0]
        if hop == hops - 1:
            ends[1] = endpoints[1]
        row = []
        for place, (kind, endpoint) in enumerate(zip(SOCKETS[work], ends)):
            if kind is not None:
                socket = context.socket(kind)
                if has_curve:
                    socket.curve_publickey, socket.curve_secretkey = KEYS
                    socket.curve_server = True
                if hop > 0 and place == 0:
                    socket.connect(endpoint)
                else:
                    socket.bind(endpoint)
                row.append(socket)
        rows.append(row)
    return rows


def loop(sockets, work):
    """What one writes by hand: receive, do it, send."""
    handle = HANDLERS.get(work)
    source, target = sockets[0], sockets[-1]
    if handle:
        while True:
            answer = handle(source.recv())
            if answer is not None:
                target.send(answer)
    if work == "forward":
        while True:
            target.send(source.recv())
    poller = zmq.Poller()
    poller.register(source, zmq.POLLIN)
    poller.register(target, zmq.POLLIN)
    while True:
        for socket, _ in poller.poll():
            other = target if socket is source else source
            other.send_multipart(socket.recv_multipart())


async def aloop(sockets, work):
    handle = HANDLERS.get(work)
    source, target = sockets[0], sockets[-1]
    if handle:
        while True:
            answer = handle(await source.recv())
            if answer is not None:
                await target.send(answer)
    if work == "forward":
        while True:
            await target.send(await source.recv())

    async def one_way(a, b):
        while True:
            await b.send_multipart(await a.recv_multipart())

    await asyncio.gather(one_way(source, target), one_way(target, source))


def run(kind, sockets, work):
    if kind == "proxy":
        # No handler: the most that libzmq's own loop could do around one.
        zmq.proxy(sockets[0], sockets[-1])
    loop(sockets, work)


async def arun(work, endpoints, hops):
    rows = opened(zmq.asyncio.Context(), work, endpoints, hops)
    await asyncio.gather(*[aloop(sockets, work) for sockets in rows])


def main():
    kind, work, *endpoints, hops = sys.argv[1:]
    kind, _, curve = kind.partition(" ")
    if kind == "asyncio":
        asyncio.run(arun(work, endpoints, int(hops)))
    *others, last = opened(zmq.Context(), work, endpoints, int(hops), curve == "CURVE")
    for sockets in others:
        threading.Thread(target=run, args=(kind, sockets, work), daemon=True).start()
    run(kind, last, work)


main()
