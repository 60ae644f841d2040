"""A log that nobody reads holds nothing up."""
import fcntl
import os
import subprocess

import pytest

from lab import BIN, CLIENT, wait_for

pytestmark = pytest.mark.main


def test_orders_steer_while_nobody_reads_standard_error(lab):
    lab.stop()
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    lab.process = subprocess.Popen(lab.command(f"{BIN}/sipsteerd", "-c", lab.config_path), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=writer, cwd=lab.folder)
    os.close(writer)
    wait_for(lambda: os.path.exists(lab.socket) and lab.cli("status", code=None), 20, "the socket")
    for turn in range(30):  # far more than the pipe holds
        lab.cli("drain" if turn % 2 else "disable", "london", "--reason", "x" * 250)
    assert lab.winner(CLIENT["london"]) != "london"
    lab.cli("enable", "london")
    assert lab.winner(CLIENT["london"]) == "london"
    with os.fdopen(reader, "rb") as log:  # what was held back comes now, and in order
        lab.process.terminate()
        lines = log.read().decode().splitlines()
    assert sum(line.startswith("order: ") for line in lines) == 31 and lines[-1] == "stopped"
