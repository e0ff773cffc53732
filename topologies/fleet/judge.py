"""A worker in Python: says of each reading whether it is too warm, as the node `worker` does with a handler.

zrig starts it, and tells it its endpoints and where its keys lie by its environment: ZRIG_SOCKETS has all of
it as JSON. Its links are encrypted, so it knows the public key of whom it connects to, and has a certificate
of its own.
"""

import json
import os
import signal

import zmq
import zmq.auth


def connected(context: zmq.Context, name: str) -> zmq.Socket:
    """A socket of the node, connected as it is told."""
    told = json.loads(os.environ["ZRIG_SOCKETS"])[name]
    socket = context.socket({"pull": zmq.PULL, "push": zmq.PUSH}[told["role"]])
    curve = told.get("curve")
    for endpoint in told["connect"]:
        if curve:
            public, secret = zmq.auth.load_certificate(curve["secret_key_file"])
            socket.curve_publickey, socket.curve_secretkey = public, secret
            socket.curve_serverkey = (curve["servers"].get(endpoint) or curve["server"]).encode()
        socket.connect(endpoint)
    return socket


def main() -> None:
    told_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.append(True))
    context = zmq.Context()
    jobs, results = connected(context, "jobs"), connected(context, "results")
    print("judges", flush=True)
    # Told to end it takes what has arrived: nobody else would.
    while jobs.poll(50) or not told_to_end:
        if jobs.poll(0):
            reading = json.loads(jobs.recv())
            reading["too_warm"] = reading["celsius"] > 0
            reading["by"] = "judge." + os.environ["ZRIG_REPLICA"]
            results.send_string(json.dumps(reading))
    context.destroy(linger=500)


main()
