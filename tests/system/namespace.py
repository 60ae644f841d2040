"""A network and mount namespace of its own, with its own resolv.conf: for programs that resolve by the system's rules."""
import os
import subprocess

import pytest


class Namespace:
    def __init__(self, folder, nameserver="127.0.0.1"):
        resolv = f"{folder}/resolv.conf"
        with open(resolv, "w") as f:
            f.write(f"nameserver {nameserver}\noptions timeout:1 attempts:2\n")
        hold = f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf && echo held && exec cat"
        self.holder = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "held\n":
            reason = self.holder.stderr.read().strip()
            self.end()
            pytest.skip(f"no namespaces here: {reason}")
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "--"]

    def run(self, *words, **options):
        return subprocess.run([*self.enter, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)

    def end(self):
        self.holder.stdin.close()
        self.holder.wait(5)
        self.holder.stdout.close()
        self.holder.stderr.close()


@pytest.fixture
def namespace(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = Namespace(tmp_path)
    yield made
    made.end()
