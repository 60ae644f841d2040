"""Who asks is counted, and a network that carries much of it is spread by lottery."""
import random
import socket
import threading
import time

import pytest

from lab import CLIENT, SLOW, ZONE, ecs_of, wait_for

HEAVY = "10.1.2.0/24"
PER_SECOND = 1600


class Callers(threading.Thread):
    """Asks at a steady pace for clients of all places; half of it for one network near London."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.over, self.sent = lab, threading.Event(), 0
        rng = random.Random(5)
        heavy = lab.query("_sip._udp", "SRV", CLIENT["london"], bits=24).to_wire()
        others = [lab.query("_sip._udp", "SRV", f"10.{rng.choice((1, 1, 2, 3))}.{100 + i % 100}.1", bits=24).to_wire() for i in range(200)]
        self.packets = [packet for other in others for packet in (heavy, other)]

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((self.lab.address, self.lab.port))
            s.setblocking(False)
            began = time.monotonic()
            while not self.over.is_set():
                time.sleep(0.02)
                while self.sent < (time.monotonic() - began) * PER_SECOND:
                    s.send(self.packets[self.sent * 7 % len(self.packets)])
                    self.sent += 1
                try:
                    while s.recv(4096):
                        pass
                except BlockingIOError:
                    pass
            self.took = time.monotonic() - began

    def stop(self):
        self.over.set()
        self.join()


def demand(lab):
    return lab.cli("demand", json_form=True)["demand"]


def winners(lab, client):
    return {lab.winner(client) for _ in range(40)}


@pytest.mark.main
def test_demand_is_told_and_a_heavy_network_is_spread_by_lottery(make_lab):
    lab = make_lab()
    lab.service(policy="weighted")  # so a class is split over the sites, by bucket
    lab.start()
    before = demand(lab)
    assert not before["measured"] and before["rate"] == 0
    assert {s["site"]: round(s["share"], 2) for s in before["sites"]} == {"london": 0.33, "ashburn": 0.33, "singapore": 0.33}
    assert len(winners(lab, CLIENT["london"])) == 1
    assert "nothing counted yet" in lab.cli("demand")

    callers = Callers(lab)
    callers.start()
    try:
        wait_for(lambda: any(n["lottery"] for n in demand(lab)["networks"]), 40 * SLOW, "the lottery")
        now = demand(lab)
        assert now["measured"] and now["rate"] == pytest.approx(PER_SECOND, rel=0.3)
        assert [s["service"] for s in now["services"]] == [ZONE] and now["services"][0]["share"] == pytest.approx(1)
        shares = {s["site"]: s["share"] for s in now["sites"]}
        assert shares["london"] == pytest.approx(0.75, abs=0.12) and shares["ashburn"] == pytest.approx(0.125, abs=0.1)
        assert now["flows"][0]["nearest"] == "london" and now["flows"][0]["latitude"] == pytest.approx(51.51, abs=0.1)
        first = now["networks"][0]
        assert first["network"] == HEAVY and first["share"] == pytest.approx(0.5, abs=0.12)
        assert [n["network"] for n in now["networks"] if n["lottery"]] == [HEAVY]

        assert len(winners(lab, CLIENT["london"])) > 1
        assert len(winners(lab, "10.1.177.3")) == 1
        answer = lab.ask("_sip._udp", "SRV", CLIENT["london"], bits=32)
        assert answer.answer[0].ttl == 5 and ecs_of(answer).scopelen == 24
        explained = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT["london"])
        assert "drawn for each query" in explained and "spread by lottery" in explained
        text = lab.cli("demand")
        assert HEAVY in text and "by lottery" in text
        assert f"{HEAVY} is spread by lottery" in lab.log()

        lab.conf["sites"] = lab.conf["sites"][::-1]  # other numbers for the same sites and classes
        lab.write()
        lab.cli("reload")
        after = demand(lab)
        assert after["measured"] and after["rate"] == pytest.approx(PER_SECOND, rel=0.3)
        assert {s["site"]: s["share"] for s in after["sites"]}["london"] == pytest.approx(shares["london"], abs=0.1)
        assert len(winners(lab, CLIENT["london"])) > 1
    finally:
        callers.stop()
    assert callers.sent / callers.took == pytest.approx(PER_SECOND, rel=0.3)
