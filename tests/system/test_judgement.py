"""What is made of verdicts: who flaps is held down, who comes back comes slowly, a failed check takes its site along, and probes alone may not take all."""
import json
import time

import pytest

from farm import Farm
from lab import CLIENT, SLOW, ZONE, wait_for

LONDONERS = [f"10.1.{i}.1" for i in range(120)]


@pytest.fixture
def farmed(make_lab):
    """A function: a lab whose endpoints, and two addresses more (lab.extra), are all a farm's, with probes."""
    farms = []

    def make(before=lambda lab: None, **options):
        lab = make_lab()
        lab.probe_all(**options)
        lab.extra = [f"{lab.net}.200", f"{lab.net}.201"]
        lab.farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts] + lab.extra)
        farms.append(lab.farm)
        before(lab)
        return lab.start()

    yield make
    for farm in farms:
        farm.end()


def ips(lab, site):
    return [lab.ip(site, host) for host in lab.hosts]


def site_conf(lab, site):
    return next(conf for conf in lab.conf["sites"] if conf["name"] == site)


def endpoint(lab, site, host):
    return next(e for e in lab.cli("endpoints", json_form=True)["endpoints"] if e["host"] == lab.host(site, host))


def wait_verdict(lab, verdict, site, host="lb1", seconds=6):
    return wait_for(lambda: (e := endpoint(lab, site, host))["verdict"] == verdict and e, seconds * SLOW, f"{site}/{host} is {verdict}")


def share_of(lab, site, clients=LONDONERS):
    return sum(lab.winner(client) == site for client in clients) / len(clients)


def flap(lab, address, site="london", host="lb1"):
    lab.farm.set("silent", address)
    wait_verdict(lab, "down", site, host)
    lab.farm.set("ok", address)


def why(lab, site, host="lb1"):
    explained = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT[site], json_form=True)["explain"]
    return next(e["why"] for e in explained["endpoints"] if e["host"] == lab.host(site, host))


def test_who_flaps_is_held_down_through_a_crash_and_then_trusted_again(farmed):
    lab = farmed(hold_down="15s", hold_down_max="30s")
    address = lab.ip("london", "lb1")
    flap(lab, address)
    assert wait_verdict(lab, "up", "london")["held_ms"] == 0  # a first fall is held against nobody
    flap(lab, address)
    held = wait_for(lambda: (e := endpoint(lab, "london", "lb1"))["held"] and e, 5 * SLOW, "it answers and is held")
    assert held["verdict"] == "down" and held["falls"] == 1 and 0 < held["held_ms"] <= 15000
    assert "held down for another" in lab.cli("endpoints") and why(lab, "london") == "held down, though it answers"
    assert all(target != ("london", "lb1") for target in lab.srv(CLIENT["london"]))

    def saved():
        try:
            with open(f"{lab.folder}/state/verdicts.json") as f:
                return any(check["hold_ms"] > 0 for check in json.load(f)["checks"])
        except FileNotFoundError:
            return False
    wait_for(saved, 15 * SLOW, "the hold is on disk")
    before = endpoint(lab, "london", "lb1")
    lab.crash()
    lab.start()
    after = endpoint(lab, "london", "lb1")
    assert after["verdict"] == "down" and after["falls"] == 1 and after["held_ms"] <= before["held_ms"] + 1000  # whole seconds are saved
    wait_verdict(lab, "up", "london", seconds=20)
    assert endpoint(lab, "london", "lb1")["held_ms"] == 0


def test_a_site_that_comes_back_gets_its_callers_bit_by_bit(farmed):
    lab = farmed(lambda lab: site_conf(lab, "london").update(ramp="12s"))
    assert share_of(lab, "london") == 1  # a first start is no recovery
    lab.farm.set("silent", *ips(lab, "london"))
    wait_for(lambda: lab.winner(CLIENT["london"]) == "ashburn", 6 * SLOW, "london is out")
    lab.farm.set("ok", *ips(lab, "london"))
    wait_for(lambda: share_of(lab, "london"), 6 * SLOW, "london is coming back")
    begun = time.monotonic()
    first = share_of(lab, "london")
    assert 0 < first < 0.6
    assert "back at" in lab.cli("sites")
    lab.cli("reload")
    shares = [first]
    while shares[-1] < 1 and time.monotonic() - begun < 40 * SLOW:
        time.sleep(1)
        shares.append(share_of(lab, "london"))
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 3, shares
    assert "back at" not in lab.cli("sites")


def test_a_failed_check_takes_its_site_along(farmed):
    def before(lab):
        lab.conf["checks"] = [{"name": "db", "probe": "options", "address": lab.extra[0]},
                              {"name": "recorder", "probe": "options", "address": lab.extra[1]}]
        site_conf(lab, "ashburn")["depends"] = [{"check": "db"}]
        site_conf(lab, "singapore")["depends"] = [{"check": "recorder", "takes": "label", "label": "inbound"}]
    lab = farmed(before)
    lab.farm.set("silent", lab.extra[0])
    wait_for(lambda: lab.winner(CLIENT["ashburn"]) == "london", 6 * SLOW, "ashburn is out with its database")
    assert why(lab, "ashburn") == "its site depends on check db, which is down"
    assert endpoint(lab, "ashburn", "lb1")["verdict"] == "up" and "site ashburn" in lab.cli("checks")
    lab.farm.set((503, ["Retry-After: 1"]), lab.extra[1])
    wait_for(lambda: lab.winner(CLIENT["singapore"]) == "london", 6 * SLOW, "singapore is in reserve for the label")
    assert "label inbound from singapore" in lab.cli("checks")
    lab.farm.set("silent", *ips(lab, "london"))
    wait_for(lambda: lab.winner(CLIENT["london"]) == "singapore", 6 * SLOW, "who is in reserve comes before the last resort")
    lab.farm.set("ok", lab.extra[0])
    wait_for(lambda: lab.winner(CLIENT["ashburn"]) == "ashburn", 6 * SLOW, "ashburn is back with its database")


def test_probes_alone_take_out_no_more_than_they_may(farmed):
    lab = farmed(lambda lab: lab.conf.update(safety={"max_down": 40}))
    lab.farm.set("silent", *ips(lab, "london"))
    wait_for(lambda: lab.winner(CLIENT["london"]) != "london", 6 * SLOW, "london is out")
    lab.cli("status")  # no alarm
    lab.farm.set("silent", *ips(lab, "ashburn"))
    for host in lab.hosts:
        wait_verdict(lab, "down", "ashburn", host)
    assert lab.winner(CLIENT["ashburn"]) == "ashburn"
    assert "safety: more endpoints have failed" in lab.cli("status", code=1)
    explained = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT["ashburn"], json_form=True)["explain"]
    assert "fell beyond the safety limits: not believed" in [e["cause"] for e in explained["endpoints"]]
    lab.wait_logged("safety:")
    lab.cli("disable", "ashburn")  # orders are obeyed
    assert lab.winner(CLIENT["ashburn"]) == "singapore"
    lab.cli("enable", "ashburn")
    lab.farm.set("ok", *ips(lab, "london"))
    wait_for(lambda: lab.winner(CLIENT["ashburn"]) == "london", 8 * SLOW, "with london back, ashburn's fall is believed")
    lab.cli("status")
