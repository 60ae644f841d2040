"""Callers are moved by load: out of a site past its target, back when there is room, and explained."""
import socket
import threading
import time

import pytest

from lab import CLIENT, SLOW, ZONE, wait_for

PER_SECOND, CALLS = 1600, 150  # all sites: 3 x 100
LASTS = 4.0  # seconds of a call


class World(threading.Thread):
    """Callers between London and Ashburn, three in four nearer to London; calls follow the answers, and each site reports how many it has."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.over = lab, threading.Event()
        self.calls = {site: 0.0 for site in CLIENT}
        self.packets = [lab.query("_sip._udp", "SRV", f"10.{9 if i % 4 else 2}.{i}.1", bits=24).to_wire() for i in range(200)]
        self.answered = {site: 0 for site in CLIENT}

    def hear(self, packet):
        """The winner's record stands first, and targets are not compressed (RFC 2782)."""
        places = {site: packet.find(bytes([len(site)]) + site.encode()) for site in self.answered}
        self.answered[min((at, site) for site, at in places.items() if at > 0)[1]] += 1

    def settle(self, elapsed):
        """Old calls end, new ones begin where the answers sent them."""
        answers, gone = sum(self.answered.values()), min(1.0, elapsed / LASTS)
        for site, count in self.answered.items():
            self.calls[site] += (CALLS * count / answers - self.calls[site]) * gone if answers else 0
        self.answered = {site: 0 for site in self.answered}
        for site, calls in self.calls.items():
            if self.lab.process:
                self.lab.run_alone("-s", self.lab.socket, "push-load", site, f"{calls:.2f}")

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((self.lab.address, self.lab.port))
            s.setblocking(False)
            began = told = time.monotonic()
            sent = 0
            while not self.over.is_set():
                time.sleep(0.02)
                try:
                    while sent < (time.monotonic() - began) * PER_SECOND:
                        sent += 1
                        s.send(self.packets[sent * 7 % len(self.packets)])
                    while True:
                        self.hear(s.recv(4096))
                except (BlockingIOError, ConnectionRefusedError):  # nothing more; or it is being restarted
                    pass
                if time.monotonic() - told > 0.5:
                    self.settle(time.monotonic() - told)
                    told = time.monotonic()


@pytest.fixture
def scene(make_lab):
    lab = make_lab()
    # Somewhere between London and Ashburn, nearer to London: the clients whom a move harms least.
    lab.nets_text += "10.9.0.0/16 50.0,-32.0\n"
    lab.conf["loads"] = {"told": {"type": "push", "unit": "calls", "interval": "2s"}}
    lab.conf["balance"] = {"interval": "1s", "hold": "4s", "step": 50}
    lab.service(ttl="1s")
    for site in lab.conf["sites"]:
        site.update(capacity=100, target=80, load=("told",))
    lab.start()
    world = World(lab)
    world.start()
    yield lab, world
    world.over.set()
    world.join()


def room_of(lab):
    sites = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", "10.9.1.1", json_form=True)["explain"]["sites"]
    return {s["site"]: s for s in sites}


def test_a_site_past_its_target_sheds_to_where_there_is_room(scene):
    lab, world = scene
    wait_for(lambda: world.calls["london"] > 85, 20 * SLOW, "London fills up")
    wait_for(lambda: room_of(lab)["london"]["price_km"] > 0, 30 * SLOW, "London has a price")
    wait_for(lambda: world.calls["london"] < 84, 60 * SLOW, "London is relieved")
    wait_for(lambda: world.calls["ashburn"] > 55, 30 * SLOW, "Ashburn takes them")
    assert lab.winner("10.1.2.3") == "london"  # who would be harmed most stays
    told = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", "10.9.1.1")
    assert "PRICE" in told and "SHARE" in told
    assert "site london: " in lab.log() and "km farther" in lab.log()
    highest = lowest = world.calls["london"]
    until = time.monotonic() + 6
    while time.monotonic() < until:
        time.sleep(0.2)
        highest, lowest = max(highest, world.calls["london"]), min(lowest, world.calls["london"])
    assert highest < 90 and highest - lowest < 20, (lowest, highest)  # it stays there, and does not swing

    price = room_of(lab)["london"]["price_km"]
    lab.stop()
    lab.start()
    assert room_of(lab)["london"]["price_km"] == pytest.approx(price, rel=0.05)  # not all at once back to who was full
    assert lab.winner("10.1.2.3") == "london"
