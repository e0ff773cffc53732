"""REQ clients that ask one question each, all at once, and say what they heard.

    late.py PORT COUNT
"""

import json
import sys
import time

import zmq

port, count = map(int, sys.argv[1:])
context = zmq.Context()
context.linger = 0
began = time.monotonic()
clients = []
for number in range(count):
    client = context.socket(zmq.REQ)
    client.rcvtimeo = 30000
    client.connect(f"tcp://127.0.0.1:{port}")
    client.send_string(str(number))
    clients.append(client)
try:
    answers = [[str(number), client.recv_string()] for number, client in enumerate(clients)]
    told = {"ok": True, "answers": answers, "seconds": time.monotonic() - began}
except zmq.Again:
    told = {"ok": False, "why": "somebody heard nothing"}
context.destroy()
print(json.dumps(told), flush=True)
