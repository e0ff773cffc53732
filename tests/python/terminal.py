"""A terminal of 100 columns and 20 lines for a program that draws, and what became of it.

    terminal.py q zrig top …       presses q; so may be any other key
    terminal.py TERM zrig top …    sends the signal

Prints one JSON object: whether the other screen was entered, drawn on twice and left, whether every
line fitted, whether the terminal's mode is what it was, and the exit status.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

ENTER, LEAVE, HOME = b'\x1b[?1049h', b'\x1b[?1049l', b'\x1b[H'
COLUMNS = 100


def main() -> int:
    way, command = sys.argv[1], sys.argv[2:]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 20, COLUMNS, 0, 0))
    before = termios.tcgetattr(slave)
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        os.execvp(command[0], command)

    shown = b''
    deadline = time.monotonic() + 30
    asked = False
    status = None
    while status is None and time.monotonic() < deadline:
        if select.select([master], [], [], 0.05)[0]:
            shown += os.read(master, 65536)
        if not asked and shown.count(HOME) >= 3:
            asked = True
            if way == 'TERM':
                os.kill(child, signal.SIGTERM)
            else:
                os.write(master, way.encode())
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
    while select.select([master], [], [], 0.1)[0]:
        shown += os.read(master, 65536)
    lines = re.sub(rb'\x1b\[[0-9;?]*[a-zA-Z]', b'', shown).decode().split('\r\n')
    print(json.dumps({
        'status': status,
        'entered': ENTER in shown,
        'tables': shown.count(b'NODE ') >= 3 and b'feed' in shown,
        'left': shown.rstrip().endswith(LEAVE),
        'fits': all(len(line) <= COLUMNS for line in lines),
        'mode restored': termios.tcgetattr(slave) == before,
    }))
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return 0


if __name__ == '__main__':
    sys.exit(main())
