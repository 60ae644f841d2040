"""What the page asks each second, and what anybody may know, without a browser."""
import json

import pytest

from lab import CLIENT, SLOW, wait_for
from web import Web

pytestmark = pytest.mark.main


@pytest.fixture
def web(make_lab):
    lab = make_lab()
    for site in lab.conf["sites"]:
        site.update(capacity=200, region="emea")
    made = Web.configure(lab, public_status=True)
    lab.start()
    return made


def overview(web):
    return web.json("/api/v1/overview")["overview"]


def becomes(web, condition, what):
    """The overview as soon as it is so: all who ask share one, for up to a second."""
    def look():
        told = overview(web)
        return told if condition(told) else None
    return wait_for(look, 5 * SLOW, what)


def states(told):
    return {site["site"]: site["state"] for site in told["sites"]}


def test_everything_at_a_glance(web):
    lab = web.lab
    for _ in range(5):
        lab.srv(CLIENT["london"])
    told = becomes(web, lambda now: now["counters"]["queries"] >= 5 and now["callers"], "the queries, and where callers are")
    assert told["phase"] == "serving" and told["id"] == "ns1.test" and told["counters"]["steered"] >= 5 and told["alarms"] == []
    assert told["endpoints"]["total"] == 9 and [site["site"] for site in told["sites"]] == ["london", "ashburn", "singapore"]
    london = told["sites"][0]
    assert (london["latitude"], london["longitude"], london["region"], london["state"]) == (51.51, -0.13, "emea", "up")
    assert london["capacity"] == 200 and london["target"] == 0.8 and "ratio" not in london and "share" not in london
    assert {caller["site"] for caller in told["callers"]} == {"london", "ashburn", "singapore"}
    assert sum(caller["share"] for caller in told["callers"]) == pytest.approx(1, abs=0.01) and told["watched"] == pytest.approx(1)


def test_an_order_is_a_state_an_event_and_a_move(web):
    lab, before = web.lab, becomes(web, lambda told: told["callers"], "where callers are")["event"]
    lab.cli("drain", "london", "--for", "1h", "--reason", "work")
    now = becomes(web, lambda told: told["moves"], "callers that have moved")
    assert states(now) == {"london": "draining", "ashburn": "up", "singapore": "up"}
    assert {(move["from"], move["to"]) for move in now["moves"]} == {("london", "ashburn")} and 30 < now["moves"][0]["percent"] < 36
    assert now["event"] > before and now["override_count"] == 1 and now["overrides"][0]["reason"] == "work"
    lab.cli("disable", "london", "--reason", "work")
    becomes(web, lambda told: states(told)["london"] == "disabled", "disabled")
    lab.cli("switch", "ashburn", "--to", "singapore", "--yes", "--force")
    becomes(web, lambda told: states(told)["ashburn"] == "switched", "switched")
    lab.cli("enable", "london")
    lab.cli("disable", f"london/{lab.host('london', 'lb1')}")
    becomes(web, lambda told: states(told)["london"] == "degraded", "degraded")


def test_the_endpoints_of_one_site(web):
    hosts = [endpoint["host"] for endpoint in web.json("/api/v1/endpoints?site=ashburn")["endpoints"]]
    assert hosts == [web.lab.host("ashburn", host) for host in web.lab.hosts]
    load = web.json("/api/v1/load?site=ashburn")["load"]
    assert [site["site"] for site in load["sites"]] == ["ashburn"] and len(load["endpoints"]) == 3
    assert len(web.json("/api/v1/endpoints")["endpoints"]) == 9
    for path in ("endpoints", "load"):
        assert web.json(f"/api/v1/{path}?site=atlantis", 400)["error"] == 'there is no site "atlantis"'


def test_anybody_may_know_of_sites_whether_they_work_and_no_more(web):
    web.lab.cli("drain", "singapore", "--for", "1h", "--reason", "secret")
    told = web.json("/status.json")["public_status"]
    assert [sorted(site) for site in told["sites"][:2]] == [["region", "site", "state"]] * 2
    web.lab.cli("disable", "london", "--at", "+2h", "--for", "1h", "--reason", "secret")
    planned = wait_for(lambda: web.json("/status.json")["public_status"]["sites"][0].get("planned"), 5 * SLOW, "what is planned")
    assert planned[0]["until_s"] - planned[0]["from_s"] == pytest.approx(3600, abs=2) and told["now_s"] + 7000 < planned[0]["from_s"]
    assert told["sites"][2]["state"] == "maintenance" and told["sites"][2]["until_s"] > told["now_s"] and "secret" not in json.dumps(told)


def test_nobody_may_unless_it_is_switched_on(make_lab):
    web = Web.configure(make_lab())
    web.lab.start()
    assert [web.ask(path)[0] for path in ("/status", "/status.json", "/status.js")] == [404] * 3
