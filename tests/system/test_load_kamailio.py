"""A real Kamailio's dialogs and rate of INVITEs, by Prometheus and JSON-RPC, while SIPp makes real calls through it."""
import shutil
import socket
import threading
import time

import kamailio_load
import pytest
from lab import ROOT, ZONE, wait_for

CAPACITY, MOST, RATE, LAST = 40, 20, 10, 3  # calls, calls, calls a second, seconds


class Asking(threading.Thread):
    """Clients of many networks ask where to call, 200 times a second."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.over = lab, threading.Event()
        self.packets = [lab.query("_sip._udp", "SRV", f"10.1.{i}.1", bits=24).to_wire() for i in range(200)]

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.connect((self.lab.address, self.lab.port))
            for i in range(10**6):
                if self.over.is_set():
                    return
                s.send(self.packets[i % len(self.packets)])
                s.recv(4096)
                time.sleep(0.005)

    def end(self):
        self.over.set()
        self.join()


@pytest.fixture
def scene(make_lab, tmp_path):
    if not shutil.which("sipp"):
        pytest.skip("sipp is not installed")
    lab = make_lab(hosts=("lb1",), sites={"london": (51.51, -0.13), "ashburn": (39.04, -77.49)})
    lab.nets_text = f"{lab.net}.0/24 51.5,-0.1\n"
    lab.conf["sites"][0]["endpoints"][0].update(capacity=CAPACITY, capacity_cps=100, load=("kamailio-calls", "kamailio-invites", "kamailio-calls-rpc"))
    lab.conf["sites"][0].update(target=40)
    lab.conf["balance"] = {"interval": "1s", "hold": f"{LAST}s"}
    lab.service(ttl="1s")
    lab.conf["sites"][1]["endpoints"][0].update(capacity=CAPACITY, capacity_cps=100)
    parts = []
    try:
        parts.append(kamailio_load.start(tmp_path, "london", lab.ip("london", "lb1"), f"{lab.net}.100:5090"))
        yield lab, parts
    finally:
        for part in reversed(parts):
            part.end()


def with_contrib(lab):
    """The entries as they are shipped, asked more often."""
    with open(f"{ROOT}/contrib/load/kamailio.conf") as f:
        text = f.read()
    assert text.count('interval = "5s"') == 3
    lab.write()
    lab.write_file("kamailio.conf", text.replace('interval = "5s"', 'interval = "500ms"').replace('timeout = "2s"', 'timeout = "1s"'))
    write = lab.write

    def write_all():
        write()
        with open(lab.config_path, "a") as f:
            f.write('@include "kamailio.conf"\n')
    lab.write = write_all
    return lab


def london(lab):
    load = lab.cli("load", json_form=True)["load"]
    endpoint = next(e for e in load["endpoints"] if e["site"] == "london")
    return next(s for s in load["sites"] if s["site"] == "london"), {s["name"]: s for s in endpoint["sources"]}


def test_calls_and_invites_of_a_kamailio_are_read_while_they_are_made(scene, tmp_path):
    lab, parts = scene
    with_contrib(lab).start()

    def idle():
        site, sources = london(lab)
        assert not [s["error"] for s in sources.values() if "error" in s]
        return site["calls"] == 0 and sources["kamailio-calls-rpc"]["value"] == 0 and sources["kamailio-invites"]["value"] == 0
    wait_for(idle, 10, "nothing to do is known")
    parts.append(Asking(lab))
    parts[-1].start()
    networks = [f"10.1.{i}.1" for i in range(60)]
    assert {lab.winner(client) for client in networks} == {"london"}

    calls = kamailio_load.Calls(tmp_path, f"{lab.net}.100:5090", lab.ip("london", "lb1"), RATE, LAST, MOST)
    parts.append(calls)
    wait_for(lambda: 0.3 * RATE < (london(lab)[1]["kamailio-invites"]["value"] or 0), 15, "INVITEs are seen")

    def full():
        site, sources = london(lab)
        return site["calls"] == MOST and sources["kamailio-calls-rpc"]["value"] == MOST and abs(site["raw"] - MOST / CAPACITY) < 1e-6 and site
    site = wait_for(full, 20, "all calls are seen")
    assert site["capacity"] == CAPACITY and site["trust"] == 1
    wait_for(lambda: london(lab)[0]["ratio"] > 0.45, 15, "the smoothed ratio follows")
    wait_for(lambda: {lab.winner(client) for client in networks} == {"london", "ashburn"}, 40, "some callers, not all, are sent to Ashburn", 0.5)
    assert "london: " in lab.log() and "km farther" in lab.log()
    assert "full and seems" in "".join(lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", client) for client in networks)

    lab.cli("drain", "london", "--reason", "test")
    assert london(lab)[0]["calls"] > 0
    calls.stop_calling()
    wait_for(lambda: london(lab)[0]["calls"] == 0, 20, "a drained site is seen to become empty")
    parts[0].end()
    wait_for(lambda: london(lab)[0]["ratio"] is None and london(lab)[0]["calls"] is None, 10, "a Kamailio that is gone is unknown, not idle")
