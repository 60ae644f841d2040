"""What a client sees of the rate limit: full answers, then TC or BADCOOKIE and silence; TCP, valid cookies and allowed networks are free of it."""
import socket
import struct
import time

import dns.flags
import dns.message
import pytest

from cookies import BADCOOKIE, CLIENT, cookie_of, option
from lab import SLOW, ZONE, records, wait_for

BURST = 400


def limits(lab, **changes):
    lab.conf["server"]["rate_limit"] = {"rate": 10, "subnet_rate": 20, "window": "1s", "allow": [], **changes}
    return lab


def burst(lab, count=BURST, source="127.0.0.1", name="@", rdtype="TXT", client=None, options=()):
    """Sends so many queries from one socket and gives all answers that come, by kind."""
    octets = lab.query(name, rdtype, client, options=options).to_wire()
    seen = {"whole": 0, "tc": 0, "badcookie": 0}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((source, 0))
        s.connect((lab.address, lab.port))
        s.settimeout(0.5 * SLOW)
        for number in range(count):
            s.send(struct.pack("!H", number) + octets[2:])
        try:
            while sum(seen.values()) < count:
                answer = dns.message.from_wire(s.recv(4096))
                kind = "tc" if answer.flags & dns.flags.TC else "badcookie" if answer.rcode() == BADCOOKIE else "whole"
                assert kind == "whole" or not answer.answer
                seen[kind] += 1
        except TimeoutError:
            pass
    return seen


def counters(lab):
    return lab.cli("status", json_form=True)["status"]["counters"]


def test_who_asks_too_much_gets_half_of_the_rest_as_tc(make_lab):
    lab = limits(make_lab()).start()
    seen = burst(lab)
    assert 1 <= seen["whole"] <= 60, seen  # ten at once, some by chance, ten a second while it lasts
    limited = BURST - seen["whole"]
    assert seen["tc"] == (limited + 1) // 2 and seen["badcookie"] == 0, seen
    assert lab.ask("@", "TXT", tcp=True).answer  # which is where TC sends it
    now = counters(lab)
    assert now["udp_slipped"] == seen["tc"] and now["udp_drops"]["over limit"] == limited - seen["tc"]
    shown = lab.cli("status")
    assert f"dropped     {limited - seen['tc']} over limit" in shown and f"limited     {seen['tc']} answered without records" in shown


def test_other_names_and_other_networks_are_not_limited_with_it(make_lab):
    lab = limits(make_lab(), rate=5, window="2s").start()
    burst(lab)
    assert burst(lab, 9, source="127.0.0.99")["whole"] <= 7 * SLOW  # the same /24; time goes on meanwhile
    assert burst(lab, 3, source="127.0.1.1")["whole"] == 3
    assert burst(lab, 3, name="ns1", rdtype="A")["whole"] == 3


def test_missing_names_of_a_zone_count_together(make_lab):
    lab = limits(make_lab(), slip=0).start()
    answered = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((lab.address, lab.port))
        s.settimeout(0.5 * SLOW)
        for number in range(BURST):
            s.send(lab.query(f"random{number}", "A").to_wire())
        try:
            while True:
                answered += len(s.recv(4096)) > 0
        except TimeoutError:
            pass
    assert 1 <= answered <= 60


def test_steered_answers_for_client_subnets_have_a_rate_of_their_own(make_lab):
    lab = limits(make_lab(), rate=1, subnet_rate=100000).start()
    assert burst(lab, rdtype="A", client="10.1.2.0")["whole"] == BURST
    assert burst(lab, rdtype="A")["whole"] < BURST / 4


def test_who_sends_a_client_cookie_gets_badcookie_and_is_free_with_the_cookie(make_lab):
    lab = limits(make_lab()).start()
    seen = burst(lab, options=[option()])
    assert seen["tc"] == 0 and seen["badcookie"] == (BURST - seen["whole"] + 1) // 2, seen
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:  # the fresh cookie of a BADCOOKIE is good
        s.settimeout(3 * SLOW)
        s.connect((lab.address, lab.port))
        answer = None
        while answer is None or answer.rcode() != BADCOOKIE:
            s.send(lab.query("@", "TXT", options=[option()]).to_wire())
            s.send(lab.query("@", "TXT", options=[option()]).to_wire())
            answer = dns.message.from_wire(s.recv(4096))
    cookie = cookie_of(answer)
    assert cookie[:8] == CLIENT
    assert burst(lab, options=[option(cookie)]) == {"whole": BURST, "tc": 0, "badcookie": 0}
    now = counters(lab)
    assert now["cookies_valid"] == BURST and now["badcookie"] > seen["badcookie"]
    assert f"cookies     {BURST} valid, 0 wrong; {now['badcookie']} answered BADCOOKIE" in lab.cli("status")


def test_allowed_networks_and_other_settings_hold_from_the_reload_on(make_lab):
    lab = limits(make_lab()).start()
    assert burst(lab)["whole"] < BURST
    limits(lab, allow=["192.0.2.0/24", "127.0.0.0/24"])
    lab.write()
    lab.cli("reload")
    assert burst(lab)["whole"] == BURST
    assert burst(lab, source="127.0.1.1")["whole"] < BURST
    lab.conf["server"]["rate_limit"] = {"rate": 0}
    lab.write()
    lab.cli("reload")
    assert burst(lab, source="127.0.1.1")["whole"] == BURST


def test_by_default_a_busy_resolver_does_not_meet_the_limit(lab):
    """One name without client subnets, 900 times a second, each second's queries at once, for longer than the window."""
    begin, whole = time.monotonic(), 0
    for _ in range(6):
        whole += burst(lab, 900)["whole"]
        time.sleep(max(0, 1 - (time.monotonic() - begin) % 1))
    assert whole == 6 * 900
    assert counters(lab)["udp_drops"]["over limit"] == counters(lab)["udp_slipped"] == 0


def test_garbage_and_answers_are_counted_apart(lab):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((lab.address, lab.port))
        s.send(b"short")
        s.send(bytes(3000))
        response = bytearray(lab.query("@", "TXT").to_wire())
        response[2] |= 0x80
        s.send(bytes(response))
    wait_for(lambda: counters(lab)["udp_dropped"] == 3, 5 * SLOW, "three packets dropped")
    drops = counters(lab)["udp_drops"]
    assert (drops["too short"], drops["too long"], drops["answers"]) == (1, 1, 1)
    assert "dropped     1 too short, 1 too long, 1 answers" in lab.cli("status")


@pytest.mark.parametrize("value, finding", [({"rate": -1}, "server.rate_limit.rate: -1: out of range"),
                                            ({"allow": ["192.0.2.1/24"]}, 'server.rate_limit.allow[0]: "192.0.2.1/24", expected a network'),
                                            ({"slip": True}, "server.rate_limit.slip: true, expected a whole number")])
def test_mistakes_are_told(make_lab, value, finding):
    lab = make_lab()
    lab.conf["server"]["rate_limit"] = value
    lab.write()
    lab.cli("check", conf=True, code=None)
    assert finding in lab.last.stdout + lab.last.stderr
