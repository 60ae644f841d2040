"""Drills: a site is taken for failed by steering alone and comes back by itself, whoever dies meanwhile; and what keeps a drill from beginning."""
import json
import os
import signal
import subprocess

import pytest

from farm import Farm
from lab import BIN, CLIENT, ROOT, SLOW, Lab, wait_for
from test_api import hold, strict
from web import Web

CAPACITY = {"london": 300, "ashburn": 300, "singapore": 300}
CALLS = {"london": 60, "ashburn": 90, "singapore": 30}


def make(lab):
    """Three sites, probed, whose calls are told by push."""
    lab.conf["loads"] = {"told": {"type": "push", "interval": "60s"}}
    lab.conf["drills"] = {"goals": {"publish": "2s", "moved": "60s", "peak": 90}}
    lab.probe_all(interval="1s", timeout="500ms", fall=2, confirm="200ms")
    for site in lab.conf["sites"]:
        site.update(capacity=CAPACITY[site["name"]], load=["told"])
    return lab


@pytest.fixture
def scene(make_lab):
    lab = make(make_lab())
    lab.farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    lab.start()
    calm(lab)
    yield lab
    lab.farm.end()


def load(lab, **calls):
    for site, count in calls.items():
        lab.cli("push-load", site, str(count))


def calm(lab):
    """All is up, and how many calls there are is known."""
    wait_for(lambda: all(site["endpoints"]["up"] == 3 for site in lab.cli("sites", json_form=True)["sites"]), 10 * SLOW, "all are up")
    load(lab, **CALLS)


def drills(lab, *words):
    return lab.cli("drills", *words, json_form=True)


def report_of(lab, number=0):
    return drills(lab, drills(lab)["drills"][number]["id"])["drill"]


def begin(lab, site="london", length="60s"):
    """A drill whose operator goes away at once."""
    process = subprocess.Popen([f"{BIN}/sipsteer", "-s", lab.socket, "drill", "fail", site, "--for", length, "--yes", "--reason", "because"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: drills(lab)["drills"] and drills(lab)["drills"][0]["result"] == "running", 10 * SLOW, "the drill runs")
    process.kill()
    process.communicate()


def ended(lab, result, number=0):
    def over():
        summary = drills(lab)["drills"][number]
        return summary["result"] != "running" and summary
    summary = wait_for(over, 30 * SLOW, "the drill ends")
    assert summary["result"] == result, summary
    return drills(lab, summary["id"])["drill"]


def orders(lab):
    return lab.cli("overrides", json_form=True)["overrides"]


@pytest.mark.main
def test_a_drill_moves_callers_away_and_back_and_its_report_has_the_figures(scene):
    assert scene.winner(CLIENT["london"]) == "london"
    told = scene.cli("drill", "fail", "london", "--for", "3s", "--dry-run")
    assert "london" in told and scene.winner(CLIENT["london"]) == "london" and drills(scene)["drills"] == []
    process = subprocess.Popen([f"{BIN}/sipsteer", "-s", scene.socket, "drill", "fail", "london", "--for", "4s", "--yes", "--reason", "weekly"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    wait_for(lambda: scene.winner(CLIENT["london"]) == "ashburn", 10 * SLOW, "callers go elsewhere")
    load(scene, london=20, ashburn=110, singapore=50)
    status = scene.cli("status", code=None, json_form=True)["status"]
    assert status["drill"]["site"] == "london" and status["alarms"] == []
    assert "drill" in scene.cli("status", code=None) and "taken for failed" in scene.cli("sites")
    assert "a drill: its site is taken for failed" in scene.cli("explain", "_sip._udp.sip.example.com", "SRV", "--client", CLIENT["london"])
    scene.cli("drill", "fail", "ashburn", "--for", "4s", "--yes", code=1)
    assert "another drill is running: site london" in scene.last.stderr
    out, _ = process.communicate(timeout=30 * SLOW)
    assert process.returncode == 0, out
    assert "passed" in out and "weekly" in out
    wait_for(lambda: scene.winner(CLIENT["london"]) == "london", 5 * SLOW, "callers come back")
    report = report_of(scene)
    assert report["result"] == "passed" and report["reason"] == "weekly" and report["who"] and report["lasted_ms"] >= 4000
    assert report["detect_ms"] == 1000 + 500 + 200 + 500 and 0 <= report["publish_ms"] <= 2000 and report["ttl_s"] == 30
    assert report["moved_ms"] == report["detect_ms"] + report["publish_ms"] + 30000
    assert report["calls"]["measured"] and report["calls"]["at_start"] == 60 and report["calls"]["last"] == 20
    assert report["calls"]["moved_percent"] == pytest.approx(200 / 3) and report["calls"]["half_moved_ms"] is not None
    assert report["calls"]["most_moved_ms"] is None
    assert report["peak"]["site"] == "ashburn" and report["peak"]["percent"] == pytest.approx(110 / 3, abs=6)
    assert report["at_risk"]["calls"] == 60 and all(goal["met"] for goal in report["goals"].values())
    assert orders(scene) == []
    with open(f"{scene.folder}/state/drills/{report['id']}.json") as file:
        assert json.load(file) == report
    scene.wait_logged("passed")


def test_a_drill_that_misses_a_goal_fails(scene):
    scene.conf["drills"]["goals"]["moved"] = "10s"
    scene.write()
    scene.cli("reload")
    scene.cli("drill", "fail", "london", "--for", "1s", "--yes", code=1)
    report = ended(scene, "failed")
    assert not report["goals"]["moved"]["met"] and report["goals"]["publish"]["met"]
    assert "the goal is 10.0 s" in report["why"] and "MISSED" in scene.cli("drills", report["id"])


def test_a_drill_does_not_begin_while_the_rest_could_not_take_it_or_an_order_is_in_force(scene):
    def refused(why):
        for words in (["--dry-run"], ["--yes"]):
            scene.cli("drill", "fail", "london", "--for", "5s", *words, code=1)
            assert why in scene.last.stderr, scene.last.stderr

    load(scene, london=290, ashburn=250, singapore=250)
    refused("the other sites cannot take it")
    assert "would be past the others' max" in scene.last.stderr
    calm(scene)
    scene.cli("drain", "singapore")
    refused("an order is in force: drain singapore")
    scene.cli("enable", "singapore")
    scene.cli("disable", "service:sip.example.com")
    refused("an order is in force")
    assert drills(scene)["drills"] == [] and not [order for order in orders(scene) if order["order"] == "fail"]


def test_a_drill_does_not_begin_while_a_site_is_lost_or_there_is_an_alarm(scene):
    scene.farm.set("silent", *[scene.ip("singapore", host) for host in scene.hosts])
    wait_for(lambda: scene.cli("sites", json_form=True)["sites"][2]["endpoints"]["down"] == 3, 10 * SLOW, "singapore is down")
    scene.cli("drill", "fail", "london", "--for", "5s", "--yes", code=1)
    assert "site singapore takes no callers" in scene.last.stderr
    scene.write_file("sipsteer.conf", "nonsense")
    scene.cli("reload", code=1)
    scene.cli("drill", "fail", "london", "--for", "5s", "--yes", code=1)
    assert "there is an alarm" in scene.last.stderr


def test_a_drill_ends_when_another_site_fails(scene):
    begin(scene)
    assert scene.winner(CLIENT["london"]) == "ashburn"
    scene.farm.set("silent", *[scene.ip("ashburn", host) for host in scene.hosts])
    report = ended(scene, "aborted")
    assert report["why"] == "site ashburn takes no callers any more" and report["lasted_ms"] < 60000
    assert scene.winner(CLIENT["ashburn"]) == "london" and orders(scene) == []


def test_a_drill_ends_when_another_site_passes_its_max_or_somebody_says_so(scene):
    begin(scene)
    load(scene, ashburn=330)
    report = ended(scene, "aborted")
    assert report["why"] == "site ashburn is past its max" and report["at_risk"]["past_max_measured"] > 0
    load(scene, ashburn=60)
    wait_for(lambda: scene.cli("load", json_form=True)["load"]["sites"][1]["ratio"] < 0.5, 60 * SLOW, "ashburn has room again")
    begin(scene)
    scene.cli("drill", "stop")
    assert ended(scene, "stopped")["why"].startswith("ended by ")
    scene.cli("drill", "stop", code=1)
    assert "no drill is running" in scene.last.stderr
    begin(scene)
    scene.cli("drain", "london", "--reason", "by hand")
    assert "another one" in ended(scene, "stopped")["why"]
    assert [order["order"] for order in orders(scene)] == ["drain"]


@pytest.mark.main
def test_a_drill_outlives_the_daemon_and_its_operator(scene):
    begin(scene, length="5s")
    scene.crash()
    scene.start()
    assert scene.winner(CLIENT["london"]) == "ashburn"
    calm(scene)
    running = drills(scene)["drills"][0]
    assert running["result"] == "running" and orders(scene)[0]["order"] == "fail"
    report = ended(scene, "passed")
    assert report["restarts"] == 1 and report["publish_ms"] is not None and report["reason"] == "because"
    wait_for(lambda: scene.winner(CLIENT["london"]) == "london", 5 * SLOW, "callers come back")
    assert orders(scene) == []


def test_a_drill_that_ended_while_no_daemon_ran_is_told(scene):
    begin(scene, length="1s")
    scene.signal(signal.SIGSTOP)
    path = f"{scene.folder}/state/drills/{os.listdir(scene.folder + '/state/drills')[0]}"
    wait_for(lambda: os.path.exists(path), 5, "the report is there")
    scene.crash()
    with open(path) as file:
        assert json.load(file)["result"] == "running"
    orders_path = f"{scene.folder}/state/overrides.json"
    with open(orders_path) as file:
        saved = json.load(file)
    for order in saved["overrides"]:
        order["until_s"] = 1000
    scene.write_file("state/overrides.json", json.dumps(saved))
    scene.start()
    assert scene.winner(CLIENT["london"]) == "london" and orders(scene) == []
    assert report_of(scene)["result"] == "interrupted" and report_of(scene)["why"] == "the daemon was not running when it ended"


def test_an_order_without_a_report_and_unsound_reports_do_no_harm(make_lab):
    lab = make(make_lab())
    lab.conf.pop("probes")
    for site in lab.conf["sites"]:
        for endpoint in site["endpoints"]:
            endpoint.pop("probes")
    os.makedirs(f"{lab.folder}/state/drills")
    lab.write_file("state/overrides.json", json.dumps({"version": 1, "overrides": [
        {"order": "fail", "scope": "site", "target": "london", "reason": "", "who": "root", "since_s": 1, "until_s": 99999999999, "suspended_until_s": 0}]}))
    lab.write_file("state/drills/20200101T000000Z-london.json", json.dumps({"id": "20200101T000000Z-london", "site": "london", "result": "running"}))
    lab.write_file("state/drills/20200101T000001Z-london.json", "{")
    lab.start()
    assert lab.winner(CLIENT["london"]) == "london" and orders(lab) == []
    assert "is no report of a drill" in lab.log() and "is unsound" in lab.log()
    lab.cli("drill", "fail", "london", "--for", "5s", "--yes", code=1)
    assert "no load is measured" in lab.last.stderr


@pytest.mark.parametrize("words, code, said", [
    (["drill", "fail", "paris", "--for", "5s", "--yes"], 1, "there is no"),
    (["drill", "fail", "london/lb1", "--for", "5s", "--yes"], 1, "is no site"),
    (["drill", "fail", "london", "--for", "25h", "--yes"], 1, "a day at most"),
    (["drill", "fail", "london", "--yes"], 2, "--for takes a time"),
    (["drill", "fail", "london", "--for", "5s"], 2, "nobody is there to be asked: give --yes"),
    (["drill", "fail", "--for", "5s", "--yes"], 2, "a site is missing"),
    (["drill", "start"], 2, "fail or stop was expected"),
    (["drill", "stop", "--yes"], 2, "go with drill fail"),
    (["drills", "20200101T000000Z-london"], 1, "there is no report"),
])
def test_what_is_no_drill_is_refused(quiet, words, code, said):
    quiet.cli(*words, code=code)
    assert said in quiet.last.stderr, quiet.last.stderr


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("quiet")).start()
    yield lab
    lab.close()


def test_over_http_a_drill_is_answered_as_described(make_lab):
    """With nothing probed: all that HTTP adds."""
    lab = make(make_lab())
    web = Web.configure(lab)
    for site in lab.conf["sites"]:
        for endpoint in site["endpoints"]:
            endpoint.pop("probes")
    lab.start()
    load(lab, **CALLS)
    with open(f"{ROOT}/web/api/v1/openapi.json") as file:
        described = strict(json.load(file))

    def ask(path, body=None):
        code, _, text = web.ask(f"/api/v1/{path}", method="POST" if body is not None else "GET", body=body, token="ann")
        hold(described, described["paths"][f"/api/v1/{path.split('?')[0]}"]["get" if body is None else "post"], code, text)
        return code, json.loads(text)

    assert ask("drill", {"target": "london", "for": "5m", "dry_run": True})[1]["what_if"]["holds"]
    code, begun = ask("drill", {"target": "london", "for": "5m", "reason": "by HTTP"})
    assert code == 200 and begun["drill"]["who"] == "ann" and begun["drill"]["detect_ms"] is None
    assert ask("drill", {"target": "ashburn", "for": "5m"})[0] == 409
    assert ask("status")[1]["status"]["drill"]["id"] == begun["drill"]["id"] and ask("overrides")[1]["overrides"][0]["order"] == "fail"
    assert ask(f"drills?id={begun['drill']['id']}")[1]["drill"]["result"] == "running"
    assert ask("drill-stop", {})[1]["drill"]["result"] == "stopped"
    assert [drill["result"] for drill in ask("drills")[1]["drills"]] == ["stopped"]
    load(lab, london=290, ashburn=250, singapore=250)
    code, refused = ask("drill", {"target": "london", "for": "5m"})
    assert code == 409 and not refused["what_if"]["holds"]
