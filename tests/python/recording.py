"""Reads a recording as anybody would who knows MCAP and nothing of zrig.

recording.py FILE: a line of JSON for each message, its frames in hex, and for calls of handlers what
tells the frames of each message that they sent.
"""

import json
import sys

from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

with open(sys.argv[1], "rb") as file:
    reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
    for schema, channel, message, decoded in reader.iter_decoded_messages(
        topics=[
            channel.topic
            for channel in reader.get_summary().channels.values()
            if channel.message_encoding == "protobuf"
        ]
    ):
        if schema.name == "zrig.Calls":
            calls = [call.fingerprints[:] for call in decoded.calls]
            print(json.dumps({"topic": channel.topic, "schema": schema.name, "sent": calls}))
            continue
        print(
            json.dumps(
                {
                    "topic": channel.topic,
                    "schema": schema.name,
                    "role": channel.metadata["role"],
                    "sequence": message.sequence,
                    "frames": [frame.hex() for frame in decoded.frames],
                }
            )
        )
