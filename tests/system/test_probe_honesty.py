"""Probes keep their time whatever else goes wrong: a full disk, sources of load that hang, a flood on the admin socket; and status tells it."""
import os
import subprocess
import sys
import time

import pytest
from farm import Farm
from lab import CLIENT, SLOW, wait_for
from namespace import SmallDisk

FLOOD = """
import socket, sys
while True:
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.settimeout(2)
            s.connect(sys.argv[1])
            for words in (b'{"version": 1, "command": "status"}', b'{"version": 1, "command": "endpoints"}', b'no request at all'):
                s.sendall(words + b'\\n')
                s.recv(1 << 20)
        except OSError:
            pass
"""


@pytest.fixture
def troubled(make_lab):
    """A lab with probes every 500 ms, whose sources of load hang and whose state is on a small disk; and what answers the probes."""
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    lab = make_lab()
    lab.namespace = SmallDisk(f"{lab.folder}/state")
    lab.probe_all(interval="500ms")
    lab.conf["loads"] = {"exec": {"type": "exec", "command": ("/bin/sleep", "100"), "interval": "500ms", "timeout": "400ms"}}
    for site in lab.conf["sites"]:
        site.update(capacity=100, load=("exec",))
    farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    lab.start()
    yield lab, farm
    lab.stop()
    farm.end()
    lab.namespace.end()


def status(lab):
    return lab.cli("status", code=None, json_form=True)["status"]


def test_no_trouble_elsewhere_delays_a_probe(troubled):
    lab, farm = troubled
    wait_for(lambda: status(lab)["endpoints"]["up"] == len(lab.sites) * len(lab.hosts), 10 * SLOW, "all are up")
    lab.namespace.fill()
    flood = [subprocess.Popen([sys.executable, "-c", FLOOD, lab.socket], stdin=subprocess.DEVNULL) for _ in range(3)]
    try:
        lab.cli("disable", "singapore", code=None)  # orders are to be written, and cannot
        time.sleep(6)
        farm.set("silent", *(lab.ip("london", host) for host in lab.hosts))
        # The next start, its timeout, the confirming delay and its timeout, each with its jitter: 1.3 s; the rest is for a busy machine.
        wait_for(lambda: lab.winner(CLIENT["london"]) != "london", 4 * SLOW, "the silent servers are out of the answers")
    finally:
        for each in flood:
            each.kill()
            each.wait()
    seen = status(lab)
    assert "cannot be written" in str(seen["alarms"]) and "orders" in str(seen["alarms"])
    probes = seen["probes"]
    assert probes["running"] and not probes["behind"]
    assert 0 < probes["late_p99_ms"] < 100 * SLOW, probes
    # Nine checks every 500 ms; silent ones are asked again after 100 ms once.
    assert 12 <= probes["per_second"] <= 24, probes
    lab.namespace.clear()
    wait_for(lambda: "orders" not in str(status(lab)["alarms"]), 5 * SLOW, "the orders are written")
