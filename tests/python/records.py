"""Messages as zrig writes and reads them with `format`, by Python's own library.

    records.py read FORMAT FILE      prints the messages as JSON: lists of frames in hex
    records.py write FORMAT FILE     writes such a list from standard input
"""

import base64
import json
import struct
import sys


def read_length(file):
    messages = []
    while head := file.read(4):
        record, frames = file.read(struct.unpack(">I", head)[0]), []
        while record:
            (length,) = struct.unpack_from(">I", record)
            frames.append(record[4 : 4 + length])
            record = record[4 + length :]
        messages.append(frames)
    return messages


def write_length(file, messages):
    for frames in messages:
        record = b"".join(struct.pack(">I", len(frame)) + frame for frame in frames)
        file.write(struct.pack(">I", len(record)) + record)


def read_base64(file):
    return [[base64.b64decode(frame) for frame in line.rstrip(b"\n").split(b" ")] for line in file]


def write_base64(file, messages):
    for frames in messages:
        file.write(b" ".join(map(base64.b64encode, frames)) + b"\n")


def read_json(file):
    def frame(one):
        return one.encode() if isinstance(one, str) else bytes.fromhex(one["hex"])

    return [list(map(frame, json.loads(line)["frames"])) for line in file]


def write_json(file, messages):
    def frame(one):
        try:
            return one.decode()
        except UnicodeDecodeError:
            return {"hex": one.hex()}

    for frames in messages:
        file.write(json.dumps({"frames": list(map(frame, frames))}).encode() + b"\n")


def main():
    way, name, path = sys.argv[1:]
    if way == "read":
        with open(path, "rb") as file:
            messages = globals()[f"read_{name}"](file)
        print(json.dumps([[frame.hex() for frame in frames] for frames in messages]))
    else:
        messages = [list(map(bytes.fromhex, frames)) for frames in json.load(sys.stdin)]
        with open(path, "wb") as file:
            globals()[f"write_{name}"](file, messages)


main()
