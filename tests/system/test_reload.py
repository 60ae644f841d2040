"""Reloading: a good one is swapped in whole, a bad one changes nothing and says why."""
import os

import pytest

import mmdb
from lab import CLIENT, ZONE, records, wait_for

pytestmark = pytest.mark.main


def test_a_good_reload_swaps_configuration_zone_and_places(lab):
    lab.conf["services"][0]["ttl"] = "11s"
    lab.zone_text += "fresh A 192.0.2.99\n"
    lab.nets_text = lab.nets_text.replace("10.1.0.0/16", "10.50.0.0/16")
    lab.write()
    lab.cli("reload")
    wait_for(lambda: lab.ask("_sip._udp", "SRV", CLIENT["london"]).answer[0].ttl == 11, 5, "the new configuration")
    assert records(lab.ask("fresh", "A"), "A")[0].address == "192.0.2.99"
    assert lab.winner("10.50.1.1") == "london"


def test_sighup_reloads_too(lab):
    import signal
    lab.zone_text += "fresh A 192.0.2.98\n"
    lab.write()
    lab.signal(signal.SIGHUP)
    wait_for(lambda: records(lab.ask("fresh", "A"), "A"), 5, "the new zone")


def test_a_new_site_and_a_gone_one(lab):
    lab.conf["sites"] = [site for site in lab.conf["sites"] if site["name"] != "london"]
    lab.zone_text = "\n".join(line for line in lab.zone_text.split("\n") if "london" not in line and f"{lab.net}.{1}" != line.split(" ")[-1]
                              and line.split(" ")[-1] not in [f(s, h) for f in (lab.ip, lab.ip6) for s in ("london",) for h in lab.hosts]) + "\n"
    lab.write()
    lab.cli("reload")
    wait_for(lambda: lab.winner(CLIENT["london"]) == "ashburn", 5, "london is gone")


BAD = {
    "a key that is not known": ("sipsteer.conf", lambda text: text.replace("workers", "wrokers"), "wrokers"),
    "a file that does not parse": ("sipsteer.conf", lambda text: text + "\n}}}\n", "sipsteer.conf:"),
    "a site that is not there": ("sipsteer.conf", lambda text: text.replace('policy = "nearest"', 'policy = "nearest"; sites = [ "paris" ]'), "paris"),
    "a zone without a SOA": ("sip.zone", lambda text: text.replace("@ SOA", "@ HINFO a b ;"), "SOA"),
    "a zone that does not parse": ("sip.zone", lambda text: text + "broken A 1.2.3\n", "sip.zone:"),
    "a target that is no endpoint": ("sip.zone", lambda text: text + "_sip._udp SRV 1 1 5060 stranger\nstranger A 192.0.2.7\n", "stranger"),
    "nets that do not parse": ("nets.conf", lambda text: text + "10.0.0.0/33 1,2\n", "nets.conf:"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_reload_leaves_the_old_state_serving_and_says_why(lab, what):
    name, spoil, said = BAD[what]
    path = f"{lab.folder}/{name}"
    with open(path) as f:
        good = f.read()
    before = {client: lab.srv(client) for client in CLIENT.values()}
    lab.write_file(name, spoil(good))
    output = lab.cli("reload", code=1)
    assert said in output + lab.last.stderr
    lab.wait_logged(said)
    assert {client: lab.srv(client) for client in CLIENT.values()} == before
    lab.write_file(name, good)
    lab.cli("reload")


def test_a_database_that_is_replaced_is_noticed(make_lab):
    lab = make_lab()
    lab.conf["geo"] = {"databases": ["city.mmdb"]}
    mmdb.write(f"{lab.folder}/city.mmdb", {"10.1.0.0/16": mmdb.place(51.5, -0.1, "GB", "EU")})
    lab.start()
    assert lab.winner(CLIENT["london"]) == "london"
    mmdb.write(f"{lab.folder}/new", {"10.1.0.0/16": mmdb.place(1.3, 103.8, "SG", "AS")})
    os.replace(f"{lab.folder}/new", f"{lab.folder}/city.mmdb")
    wait_for(lambda: lab.winner(CLIENT["london"]) == "singapore", 60, "the new database")


@pytest.mark.parametrize("spoil", [lambda octets: octets[:len(octets) // 2], lambda octets: b"", lambda octets: os.urandom(5000)],
                         ids=["cut", "empty", "noise"])
def test_a_broken_database_changes_nothing(make_lab, spoil):
    lab = make_lab()
    lab.conf["geo"] = {"databases": ["city.mmdb"]}
    path = f"{lab.folder}/city.mmdb"
    mmdb.write(path, {"10.1.0.0/16": mmdb.place(51.5, -0.1, "GB", "EU")})
    lab.start()
    with open(path, "rb") as f:
        octets = f.read()
    lab.write_file("city.mmdb", spoil(octets))
    lab.cli("reload", code=1)
    lab.wait_logged("city.mmdb")
    assert lab.winner(CLIENT["london"]) == "london"


def test_nets_that_are_replaced_are_noticed(lab):
    lab.write_file("nets.conf", "10.1.0.0/16 sites=singapore\n")
    wait_for(lambda: lab.winner(CLIENT["london"]) == "singapore", 60, "the new nets")


def test_reloading_under_load_loses_no_query(lab):
    for turn in range(10):
        lab.conf["services"][0]["ttl"] = f"{10 + turn}s"
        lab.write()
        lab.cli("reload")
        for _ in range(20):
            assert lab.winner(CLIENT["london"]) == "london"
    wait_for(lambda: lab.ask("_sip._udp", "SRV", CLIENT["london"]).answer[0].ttl == 19, 5, "the last of them")


def test_orders_stay_through_a_reload(lab):
    lab.cli("drain", "london", "--reason", "kept")
    lab.write()
    lab.cli("reload")
    assert lab.winner(CLIENT["london"]) != "london" and "kept" in lab.cli("overrides")


def test_an_order_whose_target_is_renamed_is_told_until_it_is_ended_or_the_name_is_back(lab):
    lab.cli("drain", "london", "--reason", "fibre works")
    lab.conf["sites"][0]["name"] = "londinium"
    lab.write()
    lab.cli("reload")
    said = "the order on london has no effect"
    assert said in lab.last.stderr
    lab.wait_logged(said)
    assert said in lab.cli("status", code=1)
    lab.conf["sites"][0]["name"] = "london"
    lab.write()
    lab.cli("reload")
    assert said not in lab.cli("status")
    lab.conf["sites"][0]["name"] = "londinium"
    lab.write()
    lab.cli("reload")
    lab.cli("enable", "london")
    assert said not in lab.cli("status")


def test_a_geo_file_that_is_gone_is_an_alarm_until_it_is_back(lab):
    os.rename(f"{lab.folder}/nets.conf", f"{lab.folder}/away")
    wait_for(lambda: "nets.conf is missing" in lab.cli("status", code=None), 20, "the alarm")
    assert lab.last.returncode == 1
    lab.wait_logged("nets.conf is missing")
    assert lab.winner(CLIENT["london"]) == "london"
    os.rename(f"{lab.folder}/away", f"{lab.folder}/nets.conf")
    wait_for(lambda: "nets.conf is missing" not in lab.cli("status", code=None), 20, "the end of it")
