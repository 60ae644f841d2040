"""Health from outside: real probes against SIP servers that answer, are busy, fall silent, refuse or talk nonsense."""
import statistics
import time

import pytest

from farm import Farm
from lab import CLIENT, SITES, SLOW, wait_for
from kamailio import kamailio  # noqa: F401  (a fixture)

FAILOVER_BOUND_S = 3 * SLOW  # generous: the machine may be busy; what is measured is printed


def all_ips(lab):
    return [lab.ip(site, host) for site in lab.sites for host in lab.hosts]


@pytest.fixture
def farmed(make_lab):
    """A function: a lab whose endpoints are all a farm's, with probes."""
    farms = []

    def make(start=True, before=None, **options):
        lab = make_lab()
        lab.probe_all(**options)
        lab.farm = Farm(all_ips(lab))
        farms.append(lab.farm)
        if before:
            before(lab)
        return lab.start() if start else lab

    yield make
    for farm in farms:
        farm.end()


def site_ips(lab, site):
    return [lab.ip(site, host) for host in lab.hosts]


def verdicts(lab):
    """{(site, host): verdict} of sipsteer endpoints --json, however it is nested."""
    found = {}

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("host"), str) and isinstance(value.get("verdict"), str) and value["host"].endswith("sip.example.com."):
                found.setdefault(lab.site_at(value["host"]), value["verdict"])
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(lab.cli("endpoints", json_form=True))
    return found


def test_all_healthy_is_all_up_and_everybody_is_probed(farmed):
    lab = farmed()
    assert set(verdicts(lab).values()) == {"up"}
    wait_for(lambda: min(lab.farm.asked.values()) >= 3, 5 * SLOW, "each is probed again and again")
    assert lab.winner(CLIENT["london"]) == "london"


def test_a_silent_site_is_left_and_comes_back(farmed):
    lab = farmed()
    lab.farm.set("silent", *site_ips(lab, "london"))
    wait_for(lambda: lab.winner(CLIENT["london"]) != "london", FAILOVER_BOUND_S, "london is left")
    wait_for(lambda: {verdicts(lab)["london", host] for host in lab.hosts} == {"down"}, FAILOVER_BOUND_S, "london is down")
    assert lab.srv(CLIENT["singapore"])[0][0] == "singapore"
    assert "timeout" in lab.cli("endpoints")
    lab.farm.set("ok")
    wait_for(lambda: lab.winner(CLIENT["london"]) == "london", FAILOVER_BOUND_S, "london is back")


def test_the_load_balancer_that_fails_gives_way_to_its_peer_then_to_the_server_behind(farmed):
    lab = farmed()
    first = lab.srv(CLIENT["london"])[0]
    peer = ("london", "lb2" if first[1] == "lb1" else "lb1")
    lab.farm.close(lab.ip(*first))
    wait_for(lambda: lab.srv(CLIENT["london"])[0] == peer, FAILOVER_BOUND_S, "the peer takes over")
    assert first not in lab.srv(CLIENT["london"])
    lab.farm.close(lab.ip(*peer))
    wait_for(lambda: lab.srv(CLIENT["london"])[0] == ("london", "ms1"), FAILOVER_BOUND_S, "the server behind takes over")
    assert lab.addresses(CLIENT["london"])[0] == lab.ip("london", "ms1")
    assert "refused" in lab.cli("endpoints")


@pytest.mark.parametrize("mode, verdict", [(404, "up"), (405, "up"), (483, "up"), (200, "up"), (500, "down"), (408, "down"), ("garbage", "down"),
                                           ((503, ["Retry-After: 1"]), "draining"), (503, "draining")])
def test_each_kind_of_answer_makes_its_verdict(farmed, mode, verdict):
    lab = farmed()
    lab.farm.set(mode, lab.ip("london", "lb1"))
    if verdict == "up":
        asked = lab.farm.asked[lab.ip("london", "lb1")]
        wait_for(lambda: lab.farm.asked[lab.ip("london", "lb1")] > asked + 4, 10 * SLOW, "more probes")
        assert verdicts(lab)["london", "lb1"] == "up"
    else:
        wait_for(lambda: verdicts(lab)["london", "lb1"] == verdict, FAILOVER_BOUND_S, verdict)
        assert lab.srv(CLIENT["london"])[0] == ("london", "lb2")


def test_busy_is_held_for_retry_after(farmed):
    lab = farmed(rise=1)
    busy = lab.ip("london", "lb1")
    lab.farm.set((503, ["Retry-After: 3"]), busy)
    wait_for(lambda: verdicts(lab)["london", "lb1"] == "draining", FAILOVER_BOUND_S, "draining")
    lab.farm.set("ok")
    since = time.monotonic()
    wait_for(lambda: verdicts(lab)["london", "lb1"] == "up", 10 * SLOW, "up again")
    assert time.monotonic() - since > 1.5


def test_one_lost_probe_changes_nothing(farmed):
    """fall = 2: a failure is confirmed before it counts."""
    lab = farmed(interval="500ms", confirm="100ms")
    lab.farm.set("silent", lab.ip("london", "lb1"))
    asked = lab.farm.asked[lab.ip("london", "lb1")]
    wait_for(lambda: lab.farm.asked[lab.ip("london", "lb1")] > asked, 5 * SLOW, "a probe that is lost", step=0.005)
    lab.farm.set("ok")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert verdicts(lab)["london", "lb1"] == "up"
        time.sleep(0.05)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_failover_takes_less_than_a_second_or_so(farmed, transport):
    """interval 200 ms, timeout 300 ms, fall 2: measured from the moment of death to the first answer without the dead."""
    lab = farmed(transport=transport, confirm="50ms")
    took = []
    for kind in ("silent", "closed"):
        start = time.monotonic()
        if kind == "silent":
            lab.farm.set("silent", *site_ips(lab, "london"))
        else:
            lab.farm.close(*site_ips(lab, "london"))
        wait_for(lambda: lab.winner(CLIENT["london"]) != "london", FAILOVER_BOUND_S, "failover", step=0.005)
        took.append(time.monotonic() - start)
        lab.farm.set("ok")
        if kind == "silent":
            wait_for(lambda: lab.winner(CLIENT["london"]) == "london", FAILOVER_BOUND_S, "back")
    print(f"failover over {transport}: silent {took[0] * 1000:.0f} ms, refused {took[1] * 1000:.0f} ms")
    assert statistics.mean(took) < FAILOVER_BOUND_S


def test_tcp_probes_see_a_listener_that_is_gone(farmed):
    lab = farmed(transport="tcp")
    assert set(verdicts(lab).values()) == {"up"}
    lab.farm.close(lab.ip("ashburn", "lb1"))
    wait_for(lambda: verdicts(lab)["ashburn", "lb1"] == "down", FAILOVER_BOUND_S, "down")
    lab.farm.open(lab.ip("ashburn", "lb1"))
    wait_for(lambda: verdicts(lab)["ashburn", "lb1"] == "up", FAILOVER_BOUND_S, "up again")


def test_a_first_start_waits_for_its_probes(farmed):
    """Nobody is sent to a site that the very first probes find dead."""
    lab = farmed(before=lambda lab: lab.farm.set("silent", *site_ips(lab, "london")))
    assert lab.winner(CLIENT["london"]) != "london"


def test_a_restart_goes_on_with_what_was_believed(farmed):
    lab = farmed(interval="20s", timeout="2s", confirm="500ms", before=lambda lab: lab.farm.close(*site_ips(lab, "london")))
    wait_for(lambda: lab.winner(CLIENT["london"]) != "london", 20 * SLOW, "london is down")
    time.sleep(1.5)  # what is believed is written soon, not at once
    lab.crash()
    lab.farm.set("silent")
    lab.start()
    # Nobody answers the probes now: what is known is what was saved.
    assert lab.winner(CLIENT["london"]) != "london"
    assert lab.winner(CLIENT["singapore"]) == "singapore"


def test_when_everything_falls_at_once_the_last_plan_stays(farmed):
    lab = farmed()
    before = {client: lab.srv(client) for client in CLIENT.values()}
    lab.farm.set("silent")
    wait_for(lambda: set(verdicts(lab).values()) == {"down"}, 2 * FAILOVER_BOUND_S, "all are down")
    assert {client: lab.srv(client) for client in CLIENT.values()} == before
    lab.farm.set("ok")
    wait_for(lambda: set(verdicts(lab).values()) == {"up"}, 2 * FAILOVER_BOUND_S, "all are up")
    assert {client: lab.srv(client) for client in CLIENT.values()} == before


@pytest.mark.parametrize("choice, count", [("serve-all", 4), ("static", 9), ("empty", 0)])
def test_on_all_down(farmed, choice, count):
    """A last site that falls long after the others is believed: then all is down indeed."""
    lab = farmed(start=False)
    lab.service(on_all_down=choice)
    lab.start()
    window_s = lab.cli("status", json_form=True)["status"]["suspect"]["window_ms"] / 1000
    lab.farm.set("silent", *site_ips(lab, "london"), *site_ips(lab, "ashburn"))
    wait_for(lambda: list(verdicts(lab).values()).count("down") == 6, 2 * FAILOVER_BOUND_S, "two sites are down")
    time.sleep(window_s + 1)
    lab.farm.set("silent")
    wait_for(lambda: set(verdicts(lab).values()) == {"down"}, 2 * FAILOVER_BOUND_S, "all are down")

    def served():
        answer = lab.ask("_sip._udp", "SRV", CLIENT["london"])
        return sum(len(rrset) for rrset in answer.answer)

    wait_for(lambda: served() == count, 5 * SLOW, f"{choice}: {count} records, not {served()}")


def test_kamailio_healthy_busy_silent_and_killed(make_lab, kamailio):  # noqa: F811
    lab = make_lab(hosts=("lb1",))
    lab.probe_all(timeout="500ms")
    servers = {site: kamailio(site, lab.ip(site, "lb1")) for site in lab.sites}
    lab.start()
    assert set(verdicts(lab).values()) == {"up"}
    london = CLIENT["london"]

    servers["london"].set("busy")
    wait_for(lambda: verdicts(lab)["london", "lb1"] == "draining", 2 * FAILOVER_BOUND_S, "503 is draining")
    assert lab.winner(london) == "ashburn"
    servers["london"].set("ok")
    wait_for(lambda: lab.winner(london) == "london", 4 * FAILOVER_BOUND_S, "back after Retry-After")

    servers["london"].set("silent")
    wait_for(lambda: verdicts(lab)["london", "lb1"] == "down", 2 * FAILOVER_BOUND_S, "silence is down")
    assert lab.winner(london) == "ashburn"

    servers["ashburn"].end()
    wait_for(lambda: lab.winner(london) == "singapore", 2 * FAILOVER_BOUND_S, "ashburn is killed")
    servers["london"].set("ok")
    wait_for(lambda: lab.winner(london) == "london", 2 * FAILOVER_BOUND_S, "london is back")


def test_kamailio_over_tcp(make_lab, kamailio):  # noqa: F811
    lab = make_lab(hosts=("lb1",))
    lab.probe_all(transport="tcp", timeout="500ms")
    servers = {site: kamailio(site, lab.ip(site, "lb1")) for site in lab.sites}
    lab.start()
    assert set(verdicts(lab).values()) == {"up"}
    servers["london"].set("busy")
    wait_for(lambda: verdicts(lab)["london", "lb1"] == "draining", 2 * FAILOVER_BOUND_S, "503 over TCP")
    servers["ashburn"].end()
    wait_for(lambda: verdicts(lab)["ashburn", "lb1"] == "down", 2 * FAILOVER_BOUND_S, "gone")


def test_renaming_a_probe_does_not_bring_the_dead_back(farmed):
    lab = farmed(interval="5s", timeout="2s", before=lambda lab: lab.farm.set("silent", *site_ips(lab, "london")))
    wait_for(lambda: all(verdicts(lab)["london", host] == "down" for host in lab.hosts), 20 * SLOW, "london is down")
    wait_for(lambda: lab.winner(CLIENT["london"]) == "ashburn", 5 * SLOW, "callers go elsewhere")
    lab.conf["probes"]["renamed"] = lab.conf["probes"].pop("options")
    for site in lab.conf["sites"]:
        for endpoint in site["endpoints"]:
            endpoint["probes"] = ["renamed"]
    lab.write()
    lab.cli("reload")
    assert lab.winner(CLIENT["london"]) == "ashburn"
    assert all(verdicts(lab)["london", host] == "down" for host in lab.hosts)
