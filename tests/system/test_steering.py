"""Who is sent where: places, orders of the operator, policies, and how little moves when something changes."""
import re
import time

import dns.rcode
import pytest

from lab import CLIENT, SITES, ZONE, records, wait_for

pytestmark = pytest.mark.main

CLIENTS = [f"10.{i % 4}.{i}.1" for i in range(200)]


def place_of_all(lab, clients=CLIENTS):
    return {client: lab.srv(client) for client in clients}


def test_callers_of_three_continents_go_to_the_nearest_site(lab):
    for site, client in CLIENT.items():
        assert lab.winner(client) == site


def test_a_pair_comes_first_then_its_server_then_the_next_site(lab):
    targets = lab.srv(CLIENT["london"])
    assert [site for site, _ in targets] == ["london"] * 3 + ["ashburn"]
    assert {host for _, host in targets[:2]} == {"lb1", "lb2"} and targets[2][1] == "ms1"


def test_ranked_priorities_are_unique_and_grow(lab):
    rows = records(lab.ask("_sip._udp", "SRV", CLIENT["london"]), "SRV")
    priorities = [r.priority for r in rows]
    assert priorities == sorted(set(priorities)) and len(rows) == 4 and all(r.port == 5060 for r in rows)


def test_naptr_srv_and_addresses_agree(lab):
    for client in CLIENTS[:40]:
        targets = lab.srv(client)
        for rdtype, address in (("A", lab.ip), ("AAAA", lab.ip6)):
            assert lab.addresses(client, rdtype=rdtype)[:2] == [address(*target) for target in targets[:2]]
        assert lab.srv(client, name="_sip._tcp") == targets
    services = {(r.service.decode(), r.replacement.to_text()) for r in records(lab.ask("@", "NAPTR", CLIENT["london"]), "NAPTR")}
    assert services == {("SIP+D2U", f"_sip._udp.{ZONE}"), ("SIP+D2T", f"_sip._tcp.{ZONE}")}


def test_one_caller_always_lands_on_the_same_place_and_callers_spread_over_the_pair(lab):
    london = [f"10.1.{i}.1" for i in range(100)]
    first = {client: lab.srv(client) for client in london}
    assert {client: lab.srv(client) for client in london} == first
    on_lb1 = sum(targets[0][1] == "lb1" for targets in first.values())
    assert 25 <= on_lb1 <= 75


def test_the_ttl_is_the_services(make_lab):
    lab = make_lab()
    lab.service(ttl="17s")
    lab.start()
    for name, rdtype in (("_sip._udp", "SRV"), ("@", "A"), ("@", "NAPTR")):
        assert lab.ask(name, rdtype, CLIENT["london"]).answer[0].ttl == 17


def test_other_types_at_a_steered_name_are_served_as_they_are(lab):
    assert b"not steered" in records(lab.ask("@", "TXT"), "TXT")[0].strings[0]
    assert lab.ask(lab.host("london", "lb1"), "A", CLIENT["singapore"]).answer[0][0].address == lab.ip("london", "lb1")


# --- orders

def test_drain_moves_callers_on_and_enable_brings_them_back(lab):
    before = place_of_all(lab)
    lab.cli("drain", "london", "--reason", "new kernel")
    assert all(targets[0][0] != "london" for targets in place_of_all(lab).values())
    assert lab.addresses(CLIENT["london"])[0] == lab.ip(*lab.srv(CLIENT["london"])[0])
    overrides = lab.cli("overrides")
    assert "london" in overrides and "new kernel" in overrides
    lab.cli("enable", "london")
    assert place_of_all(lab) == before


def test_disable_takes_an_endpoint_out_altogether(lab):
    lab.cli("disable", f"london/{lab.host('london', 'lb1')}", "--reason", "disk")
    for client in CLIENTS[:30]:
        assert ("london", "lb1") not in lab.srv(client)
    assert lab.winner(CLIENT["london"]) == "london"


def test_a_drained_endpoint_is_better_than_nobody_and_a_disabled_one_is_not(make_lab):
    lab = make_lab(sites={"london": SITES["london"], "ashburn": SITES["ashburn"]})
    lab.service(on_all_down="empty")
    lab.start()
    lab.cli("drain", "london")
    lab.cli("disable", "ashburn")
    assert {site for site, _ in lab.srv("192.0.2.1")} == {"london"}
    lab.cli("disable", "london")
    answer = lab.ask("_sip._udp", "SRV", "192.0.2.1")
    assert answer.rcode() == dns.rcode.NOERROR and not answer.answer


def test_an_order_ends_by_itself(lab):
    lab.cli("drain", "london", "--for", "2s")
    assert lab.winner(CLIENT["london"]) != "london"
    wait_for(lambda: lab.winner(CLIENT["london"]) == "london", 10, "the order ends")
    assert "london" not in lab.cli("overrides")


def test_a_disabled_service_is_empty_and_comes_back(lab):
    lab.cli("disable", f"service:{ZONE}", "--reason", "moved")
    answer = lab.ask("_sip._udp", "SRV", CLIENT["london"])
    assert answer.rcode() == dns.rcode.NOERROR and not answer.answer and records(answer, "SOA", "authority")
    lab.cli("enable", f"service:{ZONE}")
    assert lab.winner(CLIENT["london"]) == "london"


def test_a_drained_service_has_a_short_ttl(lab):
    normal = lab.ask("_sip._udp", "SRV", CLIENT["london"]).answer[0].ttl
    lab.cli("drain", f"service:{ZONE}")
    answer = lab.ask("_sip._udp", "SRV", CLIENT["london"])
    assert answer.answer[0].ttl < normal and lab.winner(CLIENT["london"]) == "london"


@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "killed"])
def test_orders_survive_a_restart(make_lab, crash):
    lab = make_lab().start()
    lab.cli("drain", "london", "--for", "1h", "--reason", "stay")
    lab.crash() if crash else lab.stop()
    lab.start()
    assert lab.winner(CLIENT["london"]) != "london"
    assert "stay" in lab.cli("overrides")


# --- policies

def test_ordered_sends_everyone_to_the_first_site(make_lab):
    lab = make_lab()
    lab.service(policy="ordered", sites=["singapore", "london"])
    lab.start()
    assert {lab.winner(client) for client in CLIENTS[:40]} == {"singapore"}
    assert {site for client in CLIENTS[:40] for site, _ in lab.srv(client)} == {"singapore", "london"}


def test_weighted_spreads_callers_over_the_sites(make_lab):
    lab = make_lab()
    lab.service(policy="weighted")
    lab.start()
    winners = [lab.winner(client) for client in CLIENTS]
    assert all(25 <= winners.count(site) <= 125 for site in SITES), {site: winners.count(site) for site in SITES}


def test_weighted_srv_has_equal_priorities_and_the_live_weights(make_lab):
    lab = make_lab()
    lab.service(srv="weighted")
    lab.conf["sites"][0]["endpoints"][0]["weight"] = 300
    lab.start()
    rows = records(lab.ask("_sip._udp", "SRV", CLIENT["london"]), "SRV")
    pair = {lab.site_at(r.target.to_text())[1]: r for r in rows if r.priority == min(r.priority for r in rows)}
    assert set(pair) == {"lb1", "lb2"} and pair["lb1"].weight == 3 * pair["lb2"].weight


def test_the_weight_decides_who_of_the_pair_wins(make_lab):
    lab = make_lab()
    lab.conf["sites"][0]["endpoints"][0]["weight"] = 300
    lab.start()
    winners = [lab.srv(f"10.1.{i}.1")[0][1] for i in range(200)]
    assert 125 <= winners.count("lb1") <= 175


def test_few_callers_move_when_a_server_leaves_and_none_but_its_own(make_lab):
    hosts = ("lb1", "lb2", "lb3", "lb4")
    lab = make_lab(hosts=hosts)
    lab.start()
    clients = [f"10.1.{i}.1" for i in range(200)]
    before = {client: lab.srv(client)[0] for client in clients}
    lab.cli("disable", f"london/{lab.host('london', 'lb3')}")
    after = {client: lab.srv(client)[0] for client in clients}
    moved = [client for client in clients if before[client] != after[client]]
    assert moved and all(before[client] == ("london", "lb3") for client in moved)
    assert len(moved) == sum(where == ("london", "lb3") for where in before.values())
    assert len({after[client] for client in moved}) == 3  # spread over all that are left


def test_a_site_below_its_minimum_is_left(make_lab):
    lab = make_lab()
    lab.conf["sites"][0]["min_up"] = 2
    lab.start()
    lab.cli("disable", f"london/{lab.host('london', 'lb1')}")
    assert lab.winner(CLIENT["london"]) == "london"
    lab.cli("disable", f"london/{lab.host('london', 'lb2')}")
    assert lab.winner(CLIENT["london"]) == "ashburn"


def test_preferences_come_before_distance(make_lab):
    lab = make_lab()
    lab.nets_text += "10.9.0.0/16 sites=singapore,london\n10.8.0.0/16 country=IE\n"
    lab.conf["geo"]["prefer"] = [{"country": "IE", "sites": ["ashburn", "singapore"]}]
    lab.start()
    assert lab.winner("10.9.1.1") == "singapore"
    assert [site for site, _ in lab.srv("10.8.1.1")][0] == "ashburn"


def test_a_bias_draws_callers_from_further_away(make_lab):
    lab = make_lab()
    lab.nets_text += "10.7.0.0/16 48.0,-45.0\n"  # in the Atlantic, a little nearer to Ashburn
    lab.start()
    assert lab.winner("10.7.1.1") == "ashburn"
    lab.conf["sites"][0]["bias"] = 50
    lab.write()
    lab.cli("reload")
    wait_for(lambda: lab.winner("10.7.1.1") == "london", 5, "the bias")


def test_query_spread_draws_anew_each_time(make_lab):
    lab = make_lab()
    lab.service(spread="query")
    lab.start()
    winners = [lab.srv(CLIENT["london"])[0] for _ in range(60)]
    assert set(winners) == {("london", "lb1"), ("london", "lb2")}
