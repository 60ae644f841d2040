"""Namespaces of a test's own: a network with its own resolv.conf for programs that resolve by the system's rules, a disk that is soon full."""
import os
import subprocess

import pytest


class Namespace:
    """Held by a process; `flags` and `setup` say what is its own. `enter` are the words before a command that shall run in it."""

    def __init__(self, flags, setup):
        self.holder = subprocess.Popen(["unshare", *flags, "sh", "-c", f"{setup} && echo held && exec cat"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "held\n":
            reason = self.holder.stderr.read().strip()
            self.end()
            pytest.skip(f"no namespaces here: {reason}")
        self.enter = ["nsenter", "-t", str(self.holder.pid), *flags, "--"]

    def run(self, *words, **options):
        return subprocess.run([*self.enter, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)

    def end(self):
        self.holder.stdin.close()
        self.holder.wait(5)
        self.holder.stdout.close()
        self.holder.stderr.close()


class OwnNetwork(Namespace):
    def __init__(self, folder, nameserver="127.0.0.1"):
        resolv = f"{folder}/resolv.conf"
        with open(resolv, "w") as f:
            f.write(f"nameserver {nameserver}\noptions timeout:1 attempts:2\n")
        super().__init__(["-n", "-m"], f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf")


class SmallDisk(Namespace):
    """One folder is a disk of 256 KiB."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        super().__init__(["-m"], f"mount -t tmpfs -o size=256k tmpfs {folder}")

    def fill(self):
        assert "No space left" in self.run("dd", "if=/dev/zero", f"of={self.folder}/full", "bs=1024").stderr

    def clear(self):
        assert self.run("rm", f"{self.folder}/full").returncode == 0


@pytest.fixture
def namespace(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = OwnNetwork(tmp_path)
    yield made
    made.end()
