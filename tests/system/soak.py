"""A soak (./dev soak): queries of every kind, orders, reloads, failures and rubbish for a while; then memory, answers and the log are looked at."""
import os
import random
import socket
import threading
import time

from farm import Farm
from lab import CLIENT, wait_for
from storm import Storm

SECONDS = int(os.environ.get("SIPSTEER_SOAK", "60"))


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def ask_around(lab, until, tally):
    rng = random.Random(threading.get_ident())
    asked = [("_sip._udp", "SRV"), ("@", "A"), ("@", "NAPTR"), ("missing", "A"), ("_sip._tcp", "SRV")]
    while time.monotonic() < until:
        name, rdtype = rng.choice(asked)
        try:
            lab.ask(name, rdtype, f"10.{rng.randrange(1, 4)}.{rng.randrange(256)}.1", tcp=rng.random() < 0.1)
            tally["answered"] += 1
        except Exception as failure:  # told at the end, all of them
            tally.setdefault("failures", []).append(repr(failure))


def throw_rubbish(lab, until):
    rng = random.Random(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        while time.monotonic() < until:
            s.sendto(rng.randbytes(rng.randrange(1, 200)), (lab.address, lab.port))
            time.sleep(0.002)


def test_a_long_day(make_lab):
    lab = make_lab()
    lab.probe_all()
    ips = {site: [lab.ip(site, host) for host in lab.hosts] for site in lab.sites}
    farm = Farm(sum(ips.values(), []))
    lab.start()
    until, tally, rng = time.monotonic() + SECONDS, {"answered": 0}, random.Random(2)
    threads = [threading.Thread(target=ask_around, args=(lab, until, tally)) for _ in range(2)] + [threading.Thread(target=throw_rubbish, args=(lab, until))]
    for thread in threads:
        thread.start()
    memory, turns = [], 0
    while time.monotonic() < until:
        site, turns = rng.choice(list(lab.sites)), turns + 1
        what = rng.randrange(4)
        if what == 0:
            lab.cli("drain", site, "--for", "5s", "--reason", "soak")
        elif what == 1:
            lab.cli("enable", site, code=None)
        elif what == 2:
            farm.set(rng.choice(["ok", "silent", (503, ["Retry-After: 1"])]), *ips[site])
        else:
            lab.service(ttl=f"{rng.randrange(5, 60)}s")
            lab.write()
            lab.cli("reload")
        memory.append(resident_kb(lab.process.pid))
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    farm.set("ok")
    for site in lab.sites:
        lab.cli("enable", site, code=None)
    wait_for(lambda: all(lab.winner(client) == site for site, client in CLIENT.items()), 30, "all is as at the start")
    farm.end()
    early, late = memory[len(memory) // 4], memory[-1]
    print(f"{tally['answered']} answers, {turns} changes, resident {early} kB after a quarter, {late} kB at the end")
    assert not tally.get("failures"), tally["failures"][:5]
    assert late < early * 1.5 + 20000


def test_a_long_storm_over_signed_zones(tmp_path):
    """With a ZSK and a KSK rolled, and validating resolvers in front: nothing is bogus."""
    for name in ("lab", "twin"):
        (tmp_path / name).mkdir()
    storm = Storm(tmp_path, SECONDS, seed=SECONDS)
    try:
        storm.run().check()
        print(f"{storm.counts}, serials {storm.serials[0]} to {storm.serials[-1]}")
    finally:
        storm.end()
