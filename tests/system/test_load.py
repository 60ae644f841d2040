"""Load from real HTTP servers, files, commands and pushes: what is read, what is told of what cannot be read, and that nothing old passes for new."""
import json
import os

import certificates
import pytest
from lab import SLOW, Lab, change, wait_for
from pages import Pages

pytestmark = pytest.mark.main
QUICK = {"interval": f"{500 * SLOW}ms", "timeout": f"{400 * SLOW}ms"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A daemon whose one site has an endpoint for each way of telling load."""
    folder = tmp_path_factory.mktemp("load")
    certificates.make(folder)
    certificates.make(folder, name="other.test", address="192.0.2.1", files=("other.pem", "other.key"))
    plain, tls = Pages(), Pages(certificate=(f"{folder}/cert.pem", f"{folder}/key.pem"))
    wrong = Pages(certificate=(f"{folder}/other.pem", f"{folder}/other.key"))
    (folder / "password").write_text("secret-word\n")
    (folder / "token").write_text("secret-token\n")
    script = folder / "calls.sh"
    script.write_text("#!/bin/sh\ncase $1 in\nslow) sleep 100;;\nfails) echo 5; exit 3;;\nwords) echo many;;\n*) echo 12;;\nesac\n")
    script.chmod(0o755)

    def page(path, server=plain, **more):
        return {"type": "prometheus", "url": f"{server.url}{path}", "metric": 'calls{type="own"}', **QUICK, **more}

    loads = {
        "ok": page("/metrics"),
        "invites": page("/metrics", metric="invites_total", unit="cps", rate=True),
        "halved": page("/metrics", scale=0.5),
        "all": page("/metrics", metric="calls", sum=True),
        "two": page("/metrics", metric="calls"),
        "none": page("/metrics", metric="nothing"),
        "json": {"type": "json", "url": f"{plain.url}/json", "path": "result.1", **QUICK},
        "pointer": {"type": "json", "url": f"{plain.url}/json?%h", "path": "/result/0/dialog.active", "body": '{"host":"%h","site":"%s","address":"%a"}',
                    **QUICK},
        "notjson": {"type": "json", "url": f"{plain.url}/html", "path": "a", **QUICK},
        "basic": page("/basic", user="u", password_file="password"),
        "bearer": page("/bearer", token_file="token"),
        "refused": page("/basic"),
        "broken": page("/500"),
        "moved": page("/redirect"),
        "html": page("/html"),
        "slow": page("/slow"),
        "endless": page("/endless"),
        "gone": {**page("/metrics"), "url": "http://127.0.0.1:1/metrics"},
        "tls": page("/metrics", tls, ca="cert.pem"),
        "untrusted": page("/metrics", tls),
        "unverified": page("/metrics", tls, verify=False),
        "misnamed": page("/metrics", wrong, ca="other.pem"),
        "file": {"type": "file", "file": "%h.load", "interval": "500ms"},
        "nofile": {"type": "file", "file": "missing", "interval": "500ms"},
        "exec": {"type": "exec", "command": (str(script), "%h"), **QUICK},
        "lazy": {"type": "exec", "command": (str(script), "slow"), **QUICK},
        "fails": {"type": "exec", "command": (str(script), "fails"), **QUICK},
        "words": {"type": "exec", "command": (str(script), "words"), **QUICK},
        "told": {"type": "push", "interval": "1s"},
        "percent": {"type": "push", "unit": "percent", "interval": "10s"},
    }
    lab = Lab(folder, sites={"london": (51.51, -0.13), "ashburn": (39.04, -77.49)}, hosts=tuple(f"h{i}" for i in range(len(loads) - 14)))
    lab.conf["loads"] = loads
    names = iter(loads)
    rest = [name for name in loads if name not in ("told", "percent")]
    london, ashburn = lab.conf["sites"]
    for i, endpoint in enumerate(london["endpoints"]):
        endpoint.update(capacity=100, capacity_cps=100, load=tuple(rest[2 * i:2 * i + 2]))
    ashburn["load"] = ("told", "percent")
    ashburn["capacity"] = 200
    lab.conf["clusters"] = ({"name": "trunk", "capacity": 100, "endpoints": (london["endpoints"][0]["host"],), "load": ("told",)},)
    lab.plain, lab.tls = plain, tls
    lab.start()
    yield lab
    lab.close()
    for server in (plain, tls, wrong):
        server.end()


def load(lab):
    return lab.cli("load", json_form=True)["load"]


def source(lab, name):
    return next(s for kind in ("endpoints", "sites", "clusters") for at in load(lab)[kind] for s in at["sources"] if s["name"] == name)


def site(lab, name):
    return next(at for at in load(lab)["sites"] if at["site"] == name)


@pytest.mark.parametrize("name, value", [("ok", 50), ("halved", 25), ("all", 950), ("json", 50), ("pointer", 50), ("basic", 50), ("bearer", 50),
                                         ("tls", 50), ("unverified", 50), ("exec", 12)])
def test_what_a_source_tells_is_read(scene, name, value):
    def read():
        at = source(scene, name)
        assert "error" not in at, at
        return at["state"] == "fresh" and at["value"] == value
    wait_for(read, 10, f"{name} is read")


@pytest.mark.parametrize("name, why", [
    ("two", "2 series fit"), ("none", "no series of nothing"), ("notjson", "not JSON: line 1"), ("refused", "HTTP status 401"), ("broken", "HTTP status 500"),
    ("moved", "HTTP status 302: redirects are not followed"), ("html", "no series of"), ("slow", f"no whole page within {400 * SLOW} ms"),
    ("endless", "longer than 1048576 octets"), ("gone", "connect"), ("untrusted", "certificate"), ("misnamed", "certificate"),
    ("nofile", "cannot open the file"), ("lazy", f"does not end within {400 * SLOW} ms"), ("fails", "it ends with 3"), ("words", "it is not a number")])
def test_what_cannot_be_read_is_told_with_its_reason_and_is_unknown(scene, name, why):
    at = wait_for(lambda: (lambda s: s.get("error") and s)(source(scene, name)), 10, f"{name} fails")
    assert why in at["error"] or (name == "endless" and f"{400 * SLOW} ms" in at["error"]), at
    assert at["value"] is None and at["trust"] == 0, at


def test_a_counter_becomes_a_rate(scene):
    import threading
    stop = threading.Event()

    def count():
        while not stop.wait(0.05):
            scene.plain.invites += 1
    thread = threading.Thread(target=count)
    thread.start()
    try:
        wait_for(lambda: 10 < (source(scene, "invites")["value"] or 0) < 30, 20, "about 20 a second")
    finally:
        stop.set()
        thread.join()


def test_one_page_is_fetched_once_for_all_sources_of_it(scene):
    before = scene.plain.asked["/metrics"]
    asked = source(scene, "ok")["asked"]
    wait_for(lambda: source(scene, "ok")["asked"] >= asked + 4, 15, "four more answers")
    more = scene.plain.asked["/metrics"] - before
    assert more <= (source(scene, "ok")["asked"] - asked) + 1, "five sources read this page"


def test_placeholders_stand_for_the_endpoint(scene):
    wait_for(lambda: any(path.startswith("/json?") for path in scene.plain.seen), 10, "it is asked")
    path = next(path for path in scene.plain.seen if path.startswith("/json?"))
    host = path.split("?")[1]
    headers, body = scene.plain.seen[path]
    words = json.loads(body)
    assert words == {"host": host, "site": "london", "address": scene.ip("london", host.split(".")[0])}
    assert headers["Content-Type"] == "application/json" and headers["User-Agent"].startswith("sipsteer/")


def test_secrets_are_shown_nowhere(scene):
    scene.cli("load", json_form=True)
    shown = scene.last.stdout + scene.cli("load") + scene.cli("status", code=None) + scene.log()
    for secret in ("secret-word", "secret-token", "dTpzZWNyZXQtd29yZA"):
        assert secret not in shown


def test_a_file_ages_by_its_own_time(scene):
    host = next(e["host"] for e in load(scene)["endpoints"] if any(s["name"] == "file" for s in e["sources"]))
    path = f"{scene.folder}/{host[:-1]}.load"
    scene.write_file(f"{host[:-1]}.load", "33\n")
    wait_for(lambda: source(scene, "file")["value"] == 33, 10, "the file is read")
    wait_for(lambda: source(scene, "file")["state"] == "stale", 10, "a file that nobody writes is stale")
    # Touched until it is seen: it counts for some intervals only, and whoever looks may be late.
    wait_for(lambda: os.utime(path) or source(scene, "file")["state"] == "fresh", 10 * SLOW, "touched, it counts again")


def test_pushed_load_counts_until_its_end_and_then_is_unknown_not_none(scene):
    assert "ashburn: taken" in scene.cli("push-load", "ashburn", "150", "--unit", "calls", "--for", "3s")
    at = site(scene, "ashburn")
    assert at["calls"] == 150 and at["capacity"] == 200 and abs(at["ratio"] - 0.75) < 1e-6 and at["trust"] == 1
    assert "75%" in scene.cli("load") and "75%" in scene.cli("sites")
    wait_for(lambda: site(scene, "ashburn")["ratio"] is None, 10, "it ends")
    assert "unknown" in scene.cli("load")
    scene.cli("push-load", "ashburn", "40", "--unit", "percent")
    assert abs(site(scene, "ashburn")["ratio"] - 0.4) < 1e-6


def test_a_push_must_fit_a_source_and_be_a_number(scene):
    for words, why in ((("london", "1"), "takes no pushed load"), (("ashburn", "1"), "give a unit"), (("ashburn", "1", "--unit", "cps"), 'unit = "cps"'),
                       (("paris", "1"), "no site"), (("ashburn", "-1"), "invalid option"), (("ashburn", "x", "--unit", "calls"), "must be a number"),
                       (("ashburn", "nan", "--unit", "calls"), "must be a number"), ((f"service:{scene.conf['services'][0]['name']}", "1"), "no load")):
        scene.cli("push-load", *words, code=None)
        assert scene.last.returncode != 0 and why in scene.last.stderr, (words, scene.last.stderr)


def test_a_cluster_has_its_own_capacity(scene):
    scene.cli("push-load", "trunk", "90")
    at = load(scene)["clusters"][0]
    assert at["cluster"] == "trunk" and abs(at["ratio"] - 0.9) < 1e-6


def test_a_drained_site_still_shows_its_calls(scene):
    wait_for(lambda: site(scene, "london")["calls"], 10, "calls are seen")
    scene.cli("drain", "london")
    try:
        at = site(scene, "london")
        assert at["calls"] > 50 and at["order"]["order"] == "drain"
        assert next(s for s in scene.cli("sites", json_form=True)["sites"] if s["site"] == "london")["load"]["calls"] > 50
    finally:
        scene.cli("enable", "london")


def test_stale_sources_are_an_alarm(scene):
    status = wait_for(lambda: (lambda s: any("tell nothing" in a for a in s["alarms"]) and s)(scene.cli("status", json_form=True, code=None)["status"]), 20,
                      "the alarm")
    assert status["load"]["stale"] >= 15 and status["load"]["heartbeat_age_ms"] < 5000
    assert "stale" in scene.cli("status", code=1)


def test_what_was_read_survives_a_reload_by_name(scene):
    scene.cli("push-load", "ashburn", "80", "--unit", "percent", "--for", "5m")
    conf, scene.conf = scene.conf, change(scene.conf, loads={**{f"new{i}": {"type": "push"} for i in range(3)}, **scene.conf["loads"]})
    try:
        scene.write()
        scene.cli("reload")
        assert abs(site(scene, "ashburn")["ratio"] - 0.8) < 1e-6
        asked = source(scene, "ok")["asked"]
        wait_for(lambda: source(scene, "ok")["asked"] > asked, 10, "it is asked after a reload")
    finally:
        scene.conf = conf
