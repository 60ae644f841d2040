"""Planned switches: who goes where by order, from when and until when; what is refused, undone, and told."""
import json
import os
import pty
import select
import signal
import socket
import subprocess
import time

import dns.rdatatype
import pytest

import mmdb
from lab import BIN, CLIENT, SITES, SLOW, ZONE, Lab, ecs_of, wait_for
from signed import make_key

FRANCE, GERMANY = "10.20.1.1", "10.30.1.1"
WORLD = {"10.1.0.0/16": ("GB", "EU", "london"), "10.2.0.0/16": ("US", "NA", "ashburn"), "10.3.0.0/16": ("SG", "AS", "singapore"),
         "10.20.0.0/16": ("FR", "EU", "london"), "10.30.0.0/16": ("DE", "EU", "london")}
SALES = "sales.example.com."


def make(folder):
    """Two services; clients of five countries."""
    lab = Lab(folder)
    mmdb.write(f"{lab.folder}/city.mmdb", {net: mmdb.place(*SITES[near], country, continent) for net, (country, continent, near) in WORLD.items()})
    lab.conf["geo"] = {"databases": ["city.mmdb"]}
    for site in lab.conf["sites"]:
        site["region"] = {"london": "europe", "ashburn": "america", "singapore": "far east"}[site["name"]]
    zone = lab.zone_text.replace(f"$ORIGIN {lab.conf['zones'][0]['name']}", f"$ORIGIN {SALES}")
    for site in lab.sites:  # the hosts stay where they are
        for host in lab.hosts:
            zone = zone.replace(f" {host}.{site}\n", f" {lab.host(site, host)}\n").replace(f"\n{host}.{site} A ", f"\n{host}.{site}-x A ")
    lab.sales_zone = zone
    lab.conf["zones"].append({"name": SALES, "file": "sales.zone"})
    lab.conf["services"].append({"name": SALES, "label": "sales", "policy": "nearest", "targets": 4, "ttl": "30s"})
    lab.write_file("sales.zone", zone)
    return lab


@pytest.fixture(scope="module")
def switched(tmp_path_factory):
    lab = make(tmp_path_factory.mktemp("switch")).start()
    yield lab
    lab.close()


@pytest.fixture
def lab_now(switched):
    """The same without any order."""
    yield switched
    for order in orders(switched):
        switched.cli("revert", str(order["id"]), "--yes")


def orders(lab):
    return lab.cli("overrides", json_form=True)["overrides"]


def order(lab, *words, **options):
    return lab.cli("switch", *words, "--force", "--yes", json_form=True, **options)


def winners(lab, name="_sip._udp"):
    return {client: lab.winner(client, name=name) for client in (*CLIENT.values(), FRANCE, GERMANY)}


def near(**changes):
    """Where everybody goes, but for these."""
    natural = {CLIENT["london"]: "london", CLIENT["ashburn"]: "ashburn", CLIENT["singapore"]: "singapore", FRANCE: "london", GERMANY: "london"}
    names = {"gb": CLIENT["london"], "us": CLIENT["ashburn"], "sg": CLIENT["singapore"], "fr": FRANCE, "de": GERMANY}
    return {**natural, **{names[key]: site for key, site in changes.items()}}


@pytest.mark.main
@pytest.mark.parametrize("words, inbound, sales", [
    (["london", "--to", "next"], near(gb="ashburn", fr="ashburn", de="ashburn"), None),
    (["site:london", "--to", "singapore"], near(gb="singapore", fr="singapore", de="singapore"), None),
    (["region:far east", "--to", "next"], near(sg="london"), None),
    (["all", "--to", "ashburn,singapore"], near(gb="ashburn", us="ashburn", sg="ashburn", fr="ashburn", de="ashburn"), None),
    (["label:sales", "--to", "singapore"], near(), near(gb="singapore", us="singapore", sg="singapore", fr="singapore", de="singapore")),
    (["service:sales.example.com", "london", "--to", "singapore"], near(), near(gb="singapore", fr="singapore", de="singapore")),
    (["country:FR", "--to", "ashburn"], near(fr="ashburn"), None),
    (["continent:eu", "london", "--to", "next"], near(gb="ashburn", fr="ashburn", de="ashburn"), None),
    (["country:FR", "country:DE", "label:sales", "--to", "singapore"], near(), near(fr="singapore", de="singapore")),
    (["prefix:10.30.0.0/17", "--to", "singapore"], near(de="singapore"), None),
], ids=lambda w: "+".join(w[:-2]) if isinstance(w, list) else "")
def test_every_scope_moves_its_callers_and_nobody_else(lab_now, words, inbound, sales):
    lab = lab_now
    reply = order(lab, *words)
    assert reply["order"]["active"] and reply["order"]["order"] == "switch"
    assert winners(lab) == inbound
    assert winners(lab, name=f"_sip._udp.{SALES}") == (sales or inbound)
    lab.cli("revert", str(reply["order"]["id"]), "--yes")
    assert winners(lab) == near()


def test_the_scope_of_an_answer_tells_clients_of_a_prefix_from_others(lab_now):
    lab = lab_now
    order(lab, "prefix:10.30.1.0/24", "--to", "singapore")
    assert lab.winner(GERMANY) == "singapore" and lab.winner("10.30.2.1") == "london"
    assert ecs_of(lab.ask("_sip._udp", "SRV", GERMANY)).scopelen == 24


@pytest.mark.main
def test_explain_tells_which_switch_has_decided(lab_now):
    lab = lab_now
    number = order(lab, "country:FR", "--to", "singapore,ashburn", "--reason", "peering trouble")["order"]["id"]
    told = lab.cli("explain", "_sip._udp.sip.example.com", "SRV", "--client", FRANCE, json_form=True)["explain"]
    assert told["switch"]["id"] == number and (told["switch"]["from_site"], told["switch"]["to_site"]) == ("london", "singapore")
    text = lab.cli("explain", "_sip._udp.sip.example.com", "SRV", "--client", FRANCE)
    assert f"order {number} (country:FR to singapore,ashburn" in text and "singapore instead of london" in text and "peering trouble" in text
    told = lab.cli("explain", "_sip._udp.sip.example.com", "SRV", "--client", GERMANY, json_form=True)["explain"]
    assert told["switch"] is None
    order(lab, "london", "--to", "next")
    told = lab.cli("explain", "_sip._udp.sip.example.com", "SRV", "--client", GERMANY, json_form=True)["explain"]
    assert {e["cause"] for e in told["endpoints"] if e["site"] == "london"} == {"site switched away from"}


def test_a_drain_holds_on_top_and_a_target_that_is_held_back_is_passed_over(lab_now):
    lab = lab_now
    order(lab, "london", "--to", "singapore,ashburn")
    assert lab.winner(FRANCE) == "singapore"
    lab.cli("drain", "singapore")
    assert lab.winner(FRANCE) == "ashburn"
    lab.cli("drain", "ashburn")
    assert lab.winner(FRANCE) in SITES  # all are held back, so all are as good as any


def test_the_newest_has_the_last_word(lab_now):
    lab = lab_now
    order(lab, "all", "--to", "singapore")
    newer = order(lab, "label:inbound", "--to", "ashburn")["order"]["id"]
    assert lab.winner(FRANCE) == "ashburn" and lab.winner(FRANCE, name=f"_sip._udp.{SALES}") == "singapore"
    assert f"order {newer} is undone" in lab.cli("revert", "last", "--yes")
    assert lab.winner(FRANCE) == "singapore"


@pytest.mark.main
def test_a_planned_switch_begins_at_its_time_also_after_a_restart(tmp_path):
    lab = make(tmp_path).start()
    try:
        reply = order(lab, "country:FR", "--to", "singapore", "--at", "+4s", "--for", "1h", "--reason", "works")
        assert reply["order"]["planned"] and not reply["order"]["active"] and lab.winner(FRANCE) == "london"
        assert "planned, in" in lab.cli("overrides") and "planned, at 20" in lab.cli("switch", "london", "--to", "next", "--at", "+2h", "--yes", "--force")
        wait_for(lambda: lab.winner(FRANCE) == "singapore", 10 * SLOW, "it begins")
        assert lab.winner(GERMANY) == "london"
        later = order(lab, "country:DE", "--to", "ashburn", "--at", "+3s")["order"]["id"]
        lab.stop()
        time.sleep(3.2)  # its time comes while nobody is there; moments are told in whole seconds
        lab.start()
        wait_for(lambda: lab.winner(GERMANY) == "ashburn", 3 * SLOW, "it begins at the start")
        assert lab.winner(FRANCE) == "singapore"
        state = {o["id"]: o for o in orders(lab)}
        assert state[later]["active"] and state[reply["order"]["id"]]["until_s"] > time.time() + 3000
        lab.conf["sites"][0]["bias"] = 10  # a reload keeps them, too
        lab.write()
        lab.cli("reload")
        assert lab.winner(GERMANY) == "ashburn" and lab.winner(FRANCE) == "singapore"
    finally:
        lab.close()


def test_it_ends_by_itself(lab_now):
    lab = lab_now
    order(lab, "prefix:10.20.0.0/16", "--to", "singapore", "--for", "1s")
    assert lab.winner(FRANCE) == "singapore"
    wait_for(lambda: lab.winner(FRANCE) == "london", 5 * SLOW, "it ends")
    assert orders(lab) == []
    kinds = [json.loads(line)["kind"] for line in lab.cli("history", "--json").splitlines()]
    assert "order" in kinds and "ended" in kinds and "alarm" not in kinds
    assert "switch to singapore until 20" in lab.cli("history")


@pytest.mark.main
def test_too_little_capacity_is_refused_with_the_figures(tmp_path):
    lab = make(tmp_path)
    for site, calls in zip(lab.conf["sites"], (300, 200, 100)):
        site["capacity"] = calls
    lab.start()
    try:
        refused = lab.cli("switch", "london", "--to", "singapore", "--yes", "--calls", "300", json_form=True, code=1)
        assert not refused["ok"] and refused["error"].startswith("refused: singapore would have 12") and "(max 100 %)" in refused["error"]
        assert "no load is measured" in lab.cli("switch", "london", "--to", "singapore", "--yes", json_form=True, code=1)["error"]
        assert not refused["preview"]["holds"] and refused["preview"]["moves"]
        assert lab.winner(FRANCE) == "london" and orders(lab) == []
        said = lab.cli("switch", "london", "--to", "singapore", "--yes", code=1)
        assert "SITE" in said and "--force" in lab.last.stderr
        assert lab.cli("switch", "london", "--to", "singapore", "--yes", "--calls", "60", json_form=True)["ok"]
        lab.cli("revert", "last", "--yes")
        assert lab.cli("switch", "london", "--to", "singapore", "--yes", "--force", json_form=True)["ok"]
        assert lab.winner(FRANCE) == "singapore"
        lab.cli("revert", "last", "--yes")
        assert "refused" in lab.cli("drain", "london", "--check", json_form=True, code=1)["error"] and lab.winner(FRANCE) == "london"
        dry = lab.cli("drain", "london", "--dry-run", "--calls", "100", json_form=True)
        assert dry["dry_run"] and {m["from"] for m in dry["preview"]["moves"]} == {"london"} and orders(lab) == []
    finally:
        lab.close()


def test_a_preview_tells_what_would_move_and_nothing_happens_without_a_yes(lab_now):
    lab = lab_now
    dry = lab.cli("switch", "country:FR", "--to", "singapore", "--dry-run", json_form=True)
    assert dry["dry_run"] and dry["preview"]["calls_by"] == "shares" and dry["order"]["to"] == "singapore"
    assert [(m["from"], m["to"]) for m in dry["preview"]["moves"]] == [("london", "singapore")]
    assert dry["preview"]["moved_percent"] == pytest.approx(20, abs=12)  # one of five networks of a size, or what has been asked since
    text = lab.cli("switch", "country:FR", "--to", "singapore", code=2)
    assert "switch country:FR to singapore" in text and "moved" in text and "nothing has been ordered" in lab.last.stderr
    assert orders(lab) == [] and lab.winner(FRANCE) == "london"


@pytest.mark.parametrize("words, hint", [
    (["all", "--to", "next"], "from where"), (["londn", "--to", "next"], "did you mean \"london\""),
    (["country:XX", "--to", "london"], "no country"), (["continent:EUR", "--to", "london"], "AF, AN"),
    (["prefix:10.0.0.0", "--to", "london"], "ADDR/LEN"), (["london", "--to", "london"], "among those that callers leave"),
    (["label:nobody", "--to", "london"], "no label"), (["all", "--to", "paris"], "no site"),
    (["london", "--to", "next", "--at", "2001-01-01T00:00"], "past"), (["london", "--to", "next", "--until", "soon"], "no time"),
    (["site:london", "region:america", "--to", "singapore"], "no site is both"),
], ids=lambda w: w if isinstance(w, str) else "+".join(w))
def test_nonsense_is_refused_with_a_hint(lab_now, words, hint):
    lab_now.cli("switch", *words, "--yes", code=None)
    assert lab_now.last.returncode in (1, 2) and hint in lab_now.last.stderr
    assert orders(lab_now) == []


def ask_socket(lab, *requests):
    """Replies to requests of the admin protocol, over one connection."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(lab.socket)
        with s.makefile("rw") as lines:
            replies = []
            for request in requests:
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                replies.append(json.loads(lines.readline()))
            return replies


def test_there_is_room_for_32_switches(lab_now):
    made = ask_socket(lab_now, *({"command": "switch", "target": f"prefix:10.50.{i}.0/24", "to": "singapore", "force": True, "at": "+1h"} for i in range(33)))
    assert all(reply["ok"] for reply in made[:32]) and "32 switches" in made[32]["error"]
    gone = ask_socket(lab_now, *({"command": "revert", "id": "last"} for _ in range(33)))
    assert all(reply["ok"] for reply in gone[:32]) and "no order to undo" in gone[32]["error"]


def on_terminal(lab, *words, answer=b"", interrupt_at=None):
    """Runs sipsteer on a terminal of its own, and gives what it has shown. interrupt_at: Ctrl-C when this is shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([f"{BIN}/sipsteer", "-s", lab.socket, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown, answered, end = b"", not answer, time.monotonic() + 30 * SLOW
    while time.monotonic() < end:
        ready, _, _ = select.select([ours], [], [], 0.2)
        try:
            more = os.read(ours, 65536) if ready else b""
        except OSError:
            break
        shown += more
        if not answered and b"[y/N]" in shown:
            os.write(ours, answer)
            answered = True
        if interrupt_at and interrupt_at in shown:
            process.send_signal(signal.SIGINT)
            interrupt_at = None
        if not more and process.poll() is not None:
            break
    os.close(ours)
    return process.wait(5 * SLOW), shown.decode()


def test_on_a_terminal_it_asks_and_then_shows_the_effect(tmp_path):
    lab = make(tmp_path)
    for service in lab.conf["services"]:
        service["ttl"] = "2s"
    lab.start()
    try:
        code, shown = on_terminal(lab, "switch", "london", "--to", "next", answer=b"n\n")
        assert code == 1 and "Order it? [y/N]" in shown and "nothing has been ordered" in shown and orders(lab) == []
        code, shown = on_terminal(lab, "switch", "london", "--to", "next", answer=b"y\n")
        assert code == 0 and "100 %" in shown and "TTL 2 s" in shown and "settled" in shown and len(orders(lab)) == 1
        code, shown = on_terminal(lab, "drain", "ashburn", interrupt_at=b"0 s:")
        assert code == 0 and "the order stays as it is" in shown and len(orders(lab)) == 2
        lines = lab.cli("revert", "last", "--yes", "--watch").splitlines()
        assert lines[-1] == "settled" and sum("TTL 2 s" in line for line in lines) >= 2
    finally:
        lab.close()


@pytest.mark.main
def test_a_signed_zone_is_switched_alike(tmp_path):
    lab = make(tmp_path)
    make_key(tmp_path / "keys", ZONE)
    lab.conf["zones"][0]["dnssec"] = {"keys": str(tmp_path / "keys"), "denial": "nsec"}
    lab.start()
    try:
        order(lab, "country:FR", "--to", "singapore")
        wait_for(lambda: lab.winner(FRANCE) == "singapore", 10 * SLOW, "it is signed and published")
        assert winners(lab) == near(fr="singapore")
        answer = lab.ask("_sip._udp", "SRV", FRANCE, dnssec=True)
        assert any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in answer.answer)
        lab.cli("revert", "last", "--yes")
        wait_for(lambda: lab.winner(FRANCE) == "london", 10 * SLOW, "it is undone")
    finally:
        lab.close()
