"""A terminal at which somebody answers what a program asks, a word each time that it asks.

    typing_in.py 'WORD WORD' program arguments …

Prints one JSON object: what the terminal showed, and the exit status.
"""

import json
import os
import pty
import select
import sys
import termios
import time


def main() -> int:
    words, command = sys.argv[1].split(), sys.argv[2:]
    child, master = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown, answered = b'', 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            said = os.read(master, 65536)
        except OSError:
            break
        if not said:
            break
        shown += said
        if answered < len(words) and shown.endswith(b': '):
            # Who answers before he has read the question is seen, here and everywhere.
            while termios.tcgetattr(master)[3] & termios.ECHO and time.monotonic() < deadline:
                time.sleep(0.01)
            os.write(master, words[answered].encode() + b'\n')
            answered += 1
    _, status = os.waitpid(child, 0)
    print(json.dumps({
        'ok': answered == len(words),
        'shown': shown.decode(),
        'status': os.waitstatus_to_exitcode(status),
    }), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
