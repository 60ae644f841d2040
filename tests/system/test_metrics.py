"""/metrics as Prometheus reads it, and that alert rules and dashboard ask only for what a real daemon tells."""
import json
import re
import shutil
import subprocess
import tempfile

import pytest

from farm import Farm
from lab import BIN, CLIENT, ROOT, SLOW, Lab, wait_for
from web import Web

PROMTOOL = shutil.which("promtool")
RULES = f"{ROOT}/contrib/prometheus/alerts.yml"
TESTS = [f"{ROOT}/contrib/prometheus/{name}.yml" for name in ("alerts_test", "alerts_days_test")]
SAMPLE = re.compile(r'^([a-z0-9_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def promtool(*words, text=None, code=0):
    done = subprocess.run([PROMTOOL, *words], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def parse(text):
    """{(name, ((label, value), ...)): value}"""
    series = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, tuple(LABEL.findall(labels or "")))
            assert key not in series, line
            series[key] = float(value)
    return series


def metrics(lab):
    return parse(lab.cli("metrics"))


def value(series, name, **labels):
    return series.get((name, tuple(labels.items())))


def names_in(text):
    """Metrics that expressions ask for."""
    return set(re.findall(r"\b(?:sipsteer|process)_[a-z0-9_]+", text))


def rules():
    with open(RULES) as file:
        return re.findall(r"- alert: (\w+)\n\s+expr: '(.*)'\n", file.read())


def dashboard():
    with open(f"{ROOT}/contrib/grafana/dashboard.json") as file:
        return json.load(file)


def asked_by_dashboard():
    board = dashboard()
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])] + [
        note["expr"] for note in board["annotations"]["list"]]


def examples():
    with open(f"{ROOT}/docs/metrics.md") as file:
        return [query.replace("\\|", "|") for query in re.findall(r"^\| `[a-z_]+` \|.*\| `(.*)` \|$", file.read(), re.MULTILINE)]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Sites with probes, load, a cluster and drills behind them: all that metrics tell of."""
    lab = Lab(tmp_path_factory.mktemp("metrics"))
    lab.probe_all(interval="500ms", timeout="300ms", confirm="100ms", fall=2)
    lab.conf["loads"] = {"told": {"type": "push", "interval": "60s"}, "cps": {"type": "push", "unit": "cps", "interval": "60s"}}
    for site in lab.conf["sites"]:
        site.update(capacity=300, capacity_cps=30, load=["told", "cps"])
    lab.conf["clusters"] = [{"name": "trunk", "capacity": 100, "endpoints": [lab.host("london", "lb1")], "load": ["told"]}]
    lab.farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    lab.start()
    wait_for(lambda: all(site["endpoints"]["up"] == 3 for site in lab.cli("sites", json_form=True)["sites"]), 10 * SLOW, "all are up")
    for site in lab.sites:
        lab.cli("push-load", site, "60", "--unit", "calls")
        lab.cli("push-load", site, "3", "--unit", "cps")
    lab.cli("push-load", "trunk", "50")
    for i in range(30):
        lab.ask("_sip._udp", "SRV", CLIENT["london"])
    lab.ask("missing", "A", tcp=True)
    wait_for(lambda: value(metrics(lab), "sipsteer_site_answers_total", site="london") == 30, 10 * SLOW, "all answers are counted")
    lab.cli("drill", "fail", "london", "--for", "1s", "--yes")
    lab.text = lab.cli("metrics")
    lab.series = parse(lab.text)
    yield lab
    try:
        lab.close()
    finally:
        lab.farm.end()


@pytest.mark.main
def test_what_is_told_is_sound_and_true(scene):
    promtool("check", "metrics", text=scene.text)
    told = lambda name, **labels: value(scene.series, name, **labels)
    assert told("sipsteer_queries_total", transport="udp") == 30 and told("sipsteer_queries_total", transport="tcp") == 1
    assert told("sipsteer_answers_total", rcode="NOERROR") == 30 and told("sipsteer_answers_total", rcode="NXDOMAIN") == 1
    assert told("sipsteer_steered_answers_total") == 30 and told("sipsteer_client_answers_total", place="known") == 30
    assert told("sipsteer_service_answers_total", service="sip.example.com.", site="london") == 30
    assert told("sipsteer_site_answers_total", site="ashburn") == 0
    assert told("sipsteer_site_utilisation_ratio", site="london") == pytest.approx(0.2) and told("sipsteer_site_calls", site="london") == 60
    assert told("sipsteer_site_new_calls_per_second", site="london") == 3 and told("sipsteer_site_capacity_calls", site="london") == 300
    assert told("sipsteer_cluster_utilisation_ratio", cluster="trunk") == pytest.approx(0.5)
    assert told("sipsteer_load_sources", state="fresh") == 7 and told("sipsteer_load_sources", state="stale") == 0
    assert told("sipsteer_site_endpoints", site="london", verdict="up") == 3
    assert told("sipsteer_endpoint_verdict", site="london", endpoint="lb1.london.sip.example.com.", verdict="up") == 1
    assert told("sipsteer_endpoint_verdict", site="london", endpoint="lb1.london.sip.example.com.", verdict="down") == 0
    assert told("sipsteer_drill_last_passed", site="london") == 1 and told("sipsteer_drill_last_passed", site="ashburn") is None
    assert told("sipsteer_events_total", kind="drill") == 2 and told("sipsteer_drill_running") == 0
    alive = told("sipsteer_probes_total", probe="options", type="sip", result="alive")
    assert alive >= 9 and told("sipsteer_probe_latency_seconds_count", probe="options") == alive
    assert told("sipsteer_probe_latency_seconds_bucket", probe="options", le="+Inf") == alive
    assert told("sipsteer_probe_checks") == 9 and told("sipsteer_probe_engine_running") == 1
    assert told("sipsteer_snapshot_publish_seconds_count") >= 2 and told("sipsteer_input_age_seconds", input="config") > 0
    assert told("process_open_fds") > 10 and told("process_resident_memory_bytes") > 1e6


def test_the_tool_writes_what_a_collector_of_text_files_reads(scene, tmp_path):
    file = tmp_path / "sipsteer.prom"
    subprocess.run(["sh", "-ec", f"{BIN}/sipsteer -s {scene.socket} metrics > {file}.new; mv {file}.new {file}"], check=True, timeout=20 * SLOW)
    assert set(parse(file.read_text())) >= {key for key in scene.series if key[0].startswith("sipsteer_site_")}


def test_every_family_says_what_it_is(scene):
    helped, typed = (re.findall(rf"^# {word} (\S+)", scene.text, re.MULTILINE) for word in ("HELP", "TYPE"))
    assert helped == typed and len(set(helped)) == len(helped)
    for name, _ in scene.series:
        assert name in helped or re.sub(r"_(bucket|sum|count)$", "", name) in helped, name


def test_counts_are_kept_over_a_reload_and_failures_are_told_by_reason(scene):
    down = scene.ip("singapore", "ms1")
    before = metrics(scene)
    scene.farm.set("silent", down)
    scene.write()
    scene.cli("reload")
    after = wait_for(lambda: (now := metrics(scene)) and value(now, "sipsteer_site_endpoints", site="singapore", verdict="down") == 1 and now, 10 * SLOW,
                     "one is down")
    assert value(after, "sipsteer_probe_failures_total", probe="options", reason="timeout") >= 2
    assert value(after, "sipsteer_probes_total", probe="options", type="sip", result="failed") >= 2
    for key, count in before.items():
        if key[0].endswith("_total") or key[0].endswith("_bucket"):
            assert after[key] >= count, key
    scene.farm.set("ok", down)
    wait_for(lambda: value(metrics(scene), "sipsteer_site_endpoints", site="singapore", verdict="down") == 0, 10 * SLOW, "it is back")


def test_with_more_endpoints_than_are_told_there_are_sums_alone(make_lab):
    lab = make_lab()
    lab.conf["metrics"] = {"endpoints": 8, "services": 0, "zones": 0}
    lab.start()
    text = lab.cli("metrics")
    series = parse(text)
    promtool("check", "metrics", text=text)
    assert not [key for key in series if key[0] in ("sipsteer_endpoint_verdict", "sipsteer_service_answers_total", "sipsteer_zone_serial")]
    assert all(value(series, "sipsteer_series_limited", of=of) == 1 for of in ("endpoints", "services", "zones"))
    assert value(series, "sipsteer_site_endpoints", site="london", verdict="up") == 3
    assert value(series, "sipsteer_last_probe_age_seconds") is None  # nothing is probed


def test_alert_rules_are_sound_and_each_is_tried():
    promtool("check", "rules", RULES)
    promtool("test", "rules", *TESTS)
    tried = set()
    for path in TESTS:
        with open(path) as file:
            tried |= set(re.findall(r'alertname="(\w+)"', file.read()))
    assert tried == {name for name, _ in rules()} and len(rules()) > 20


def test_the_manual_tells_of_every_alert_as_it_is():
    with open(f"{ROOT}/docs/metrics.md") as file:
        rows = re.findall(r"^\| `(Sipsteer\w+)` \| `(.*?)` \| \d", file.read(), re.MULTILINE)
    assert [(name, expr.replace("\\|", "|")) for name, expr in rows] == [(name, expr.replace("''", "'")) for name, expr in rules()]


def test_expressions_are_sound_and_ask_for_what_there_is(scene):
    """Of rules, dashboard and manual."""
    asked = {"rules": [expr.replace("''", "'") for _, expr in rules()], "dashboard": asked_by_dashboard(), "manual": examples()}
    assert all(len(exprs) > 20 for exprs in asked.values())
    groups = [{"record": "x:y", "expr": re.sub(r"\$__rate_interval", "5m", expr)} for exprs in asked.values() for expr in exprs]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:  # JSON is YAML
        json.dump({"groups": [{"name": "all", "rules": [{**rule, "labels": {"n": str(i)}} for i, rule in enumerate(groups)]}]}, file)
        file.flush()
        promtool("check", "rules", "--lint=none", file.name)
    there = set(re.findall(r"^# TYPE (\S+)", scene.text, re.MULTILINE)) | {name for name, _ in scene.series}
    for exprs in asked.values():
        for expr in exprs:
            assert names_in(expr) <= there, expr


def test_the_dashboard_is_whole():
    board = dashboard()
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids) and all(panel["title"] for panel in board["panels"])
    known = {variable["name"] for variable in board["templating"]["list"]}
    for expr in asked_by_dashboard():
        assert set(re.findall(r"\$\{?(\w+)", expr)) <= known | {"__rate_interval"}, expr
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) == 23  # nothing covers anything


def test_http_gives_the_same_text_and_drills(make_lab):
    web = Web.configure(make_lab())
    web.lab.start()
    told = subprocess.run(["curl", "-sS", f"http://{web.host}:{web.port}/metrics"], capture_output=True, text=True, timeout=20 * SLOW).stdout
    assert set(parse(told)) == set(metrics(web.lab))
    code, headers, text = web.ask("/metrics")
    assert code == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {key for key in parse(text)} == {key for key in metrics(web.lab)}
    assert web.json("/api/v1/drills")["drills"] == []
    refused = web.json("/api/v1/drill", 409, method="POST", token="ann", body={"target": "london", "for": "5m", "dry_run": True})
    assert "no site has a capacity" in refused["error"]
    assert web.json("/api/v1/drill-stop", 409, method="POST", token="ann", body={})["error"] == "no drill is running"
