"""A command on a pseudo-terminal, and what stands on its screen."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from lab import SLOW

CLEAR, HOME = "\x1b[J", "\x1b[H"
COMMAND = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")


class Terminal:
    def __init__(self, words, rows=24, columns=100, env=None, stdout=None):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave, self.octets = slave, b""
        self.process = subprocess.Popen(words, stdin=slave, stdout=stdout or slave, stderr=slave, close_fds=True, start_new_session=True,
                                        env={**os.environ, "TERM": "xterm", **(env or {})}, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.05):
        end = time.monotonic() + seconds
        while select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
            try:
                self.octets += os.read(self.master, 65536)
            except OSError:
                break
        return self.octets.decode(errors="replace")

    def frame(self):
        """The lines of the last picture that is whole."""
        pictures = self.read().split(HOME)
        whole = next((picture for picture in reversed(pictures[1:]) if CLEAR in picture), "")
        return [COMMAND.sub("", line).rstrip("\r") for line in whole.split(CLEAR)[0].split("\n")]  # the terminal makes \r\n of \n

    def wait_frame(self, found, what, seconds=15):
        end = time.monotonic() + seconds * SLOW
        while True:
            lines = self.frame()
            if found(lines):
                return lines
            assert time.monotonic() < end and self.process.poll() is None, f"{what}: {self.process.poll()}\n" + "\n".join(lines)

    def press(self, key):
        os.write(self.master, key.encode())

    def end(self, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while self.process.poll() is None:
            self.read(0.02)  # who writes to a full terminal waits
            assert time.monotonic() < end, "it does not end"
        self.read()
        return self.process.returncode

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
