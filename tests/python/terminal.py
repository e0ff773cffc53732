"""A terminal for a program that draws, what a person does there, and what became of it.

    terminal.py 100x20 see:NODE press:w see:WAITING▼ size:60x10 gone:PEERS keep:narrow press:q -- zrig top …

Steps, one after the other: `see:TEXT` waits until the screen has the text, `gone:TEXT` until it has not,
`press:KEYS` presses keys (\\x1b is Escape, \\x1b[B the arrow down), `size:COLUMNSxLINES` makes the window
that large, `signal:NAME` sends a signal to the program, `stop:PID` and `cont:PID` let another process
stand still and go on, `run:COMMAND` has the shell do something else, `keep:NAME` keeps what is seen.

Prints one JSON object: the step that was not reached in time with the screen of that moment, what was
kept, the exit status, whether the other screen was entered and left, whether any line was ever longer
than the window, whether the terminal's mode is what it was, and what was printed after the screen.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

ENTER, LEAVE = '\x1b[?1049h', '\x1b[?1049l'
PATIENCE = 30
PART = re.compile(r'\x1b\[([?0-9;]*)([a-zA-Z])|([\x00-\x1f])|([^\x00-\x1f])')


class Screen:
    """As much of a terminal as such a program uses."""

    def __init__(self, columns, lines):
        self.resize(columns, lines)
        self.pending = ''
        self.too_long = self.settles = False

    def resize(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.cells = [[' '] * columns for _ in range(lines)]
        self.row = self.column = 0
        # What was drawn for the size before may be on its way until the screen is cleared.
        self.settles = True

    def feed(self, text):
        text, self.pending = self.pending + text, ''
        # A sequence that has not come whole yet.
        half = re.search(r'\x1b(\[[?0-9;]*)?$', text)
        if half:
            text, self.pending = text[: half.start()], half.group()
        for values, command, control, sign in PART.findall(text):
            if command:
                self.command(values, command)
            elif control == '\r':
                self.column = 0
            elif control == '\n':
                self.row = min(self.row + 1, self.lines - 1)
            elif sign:
                self.put(sign)

    def command(self, values, command):
        numbers = [int(value) for value in values.split(';') if value.isdigit()]
        if command == 'H':
            row, column = (numbers + [1, 1])[:2]
            self.row, self.column = row - 1, column - 1
        elif command == 'J' and numbers == [2]:
            self.cells = [[' '] * self.columns for _ in range(self.lines)]
            self.settles = False
        elif command == 'C':
            self.column += (numbers + [1])[0]

    def put(self, sign):
        if self.row >= self.lines or self.column >= self.columns:
            self.too_long |= not self.settles
            return
        self.cells[self.row][self.column] = sign
        self.column += 1

    def text(self):
        return '\n'.join(''.join(line).rstrip() for line in self.cells)


def main() -> int:
    end = sys.argv.index('--')
    size, steps, command = sys.argv[1], sys.argv[2:end], sys.argv[end + 1 :]
    columns, lines = map(int, size.split('x'))
    master, slave = pty.openpty()

    def resize(columns, lines):
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))

    resize(columns, lines)
    before = termios.tcgetattr(slave)
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        os.execvp(command[0], command)

    screen = Screen(columns, lines)
    shown, kept, status = '', {}, None

    def listen(seconds):
        nonlocal shown
        if select.select([master], [], [], seconds)[0]:
            text = os.read(master, 1 << 20)
            # A sign that has not come whole yet.
            while text[-1] & 0x80 and len(text) < 1 << 20:
                try:
                    text.decode()
                    break
                except UnicodeDecodeError:
                    text += os.read(master, 1)
            shown += text.decode()
            screen.feed(text.decode())
            return True
        return False

    def over():
        nonlocal status
        if status is None:
            done, code = os.waitpid(child, os.WNOHANG)
            if done:
                status = os.waitstatus_to_exitcode(code)
        return status is not None

    def wait(wanted):
        deadline = time.monotonic() + PATIENCE
        while not wanted():
            if time.monotonic() > deadline or over():
                return wanted()
            listen(0.05)
        return True

    def do(step):
        what, value = step.split(':', 1)
        if what == 'see':
            return wait(lambda: value in screen.text())
        if what == 'gone':
            return wait(lambda: value not in screen.text())
        if what == 'press':
            os.write(master, value.encode().decode('unicode_escape').encode('latin-1'))
        elif what == 'size':
            columns, lines = map(int, value.split('x'))
            screen.resize(columns, lines)
            resize(columns, lines)
            os.kill(child, signal.SIGWINCH)
        elif what == 'signal':
            os.kill(child, getattr(signal, f'SIG{value}'))
        elif what in ('stop', 'cont'):
            os.kill(int(value), signal.SIGSTOP if what == 'stop' else signal.SIGCONT)
        elif what == 'run':
            subprocess.run(value, shell=True, check=True, stdout=subprocess.DEVNULL)
        elif what == 'keep':
            kept[value] = screen.text()
        return True

    missed = next((step for step in steps if not do(step)), None)
    seen = screen.text()
    if missed is None:
        wait(over)
    while listen(0.1):
        pass
    print(json.dumps({
        'missed': missed,
        'screen': seen,
        'kept': kept,
        'status': status,
        'entered': ENTER in shown,
        'left': shown.rfind(LEAVE) > shown.rfind(ENTER),
        'fits': not screen.too_long,
        'mode restored': termios.tcgetattr(slave) == before,
        'after': re.sub(r'\x1b\[[?0-9;]*[a-zA-Z]', '', shown[shown.rfind(LEAVE) :]).strip(),
    }))
    if status is None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return 0


if __name__ == '__main__':
    sys.exit(main())
