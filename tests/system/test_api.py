"""The API does what its description says: every path, every answer, every refusal, held strictly against /api/v1/openapi.json."""
import json
import re
import urllib.parse

import jsonschema
import pytest
from farm import Farm
from lab import ROOT, SLOW, wait_for
from web import Web

pytestmark = pytest.mark.main
API = "/api/v1/"
EXPLAIN = {"name": "sip.example.com", "type": "SRV", "client": "10.1.2.3"}
# What is asked for each path; the body's presence makes it a POST.
ASKED = {
    API + "login": [{"body": {}}],
    API + "what-if": [{"body": {"what": "fail", "sites": "london", "calls": "500"}}, {"body": {"what": "nothing"}}],
    API + "drain": [{"body": {"target": "london", "reason": "work", "for": "1h"}}, {"body": {"target": "london"}},
                    {"body": {"target": "ashburn", "dry_run": True, "calls": "500"}}],
    API + "disable": [{"body": {"target": "service:sip.example.com"}}, {"body": {"target": "singapore"}}],
    API + "enable": [{"body": {"target": target}} for target in ("london", "singapore", "service:sip.example.com")],
    API + "switch": [{"body": {"target": "london label:inbound", "to": "next", "dry_run": True}},
                     {"body": {"target": "london prefix:10.1.0.0/16", "to": "ashburn,singapore", "at": "+1h", "for": "2h", "force": True}}],
    API + "revert": [{"body": {"id": "last", "dry_run": True}}, {"body": {"id": "last", "reason": "over"}}],
    API + "push": [{"body": {"target": "singapore/lb1", "verdict": "draining", "for": "5m", "detail": "by hand"}}],
    API + "push-load": [{"body": {"target": "ashburn", "value": 12, "unit": "calls", "for": "5m"}}],
    API + "drill": [],  # something is wrong here: see test_drill.py
    API + "drill-stop": [],
    API + "reload": [{"body": {}}, {"body": {"max_move": "100%"}}],
    API + "explain": [{"query": {**EXPLAIN, "name": "_sip._udp.sip.example.com"}}, {"query": {"name": "www.elsewhere.test", "type": "A", "client": "2001:db8::1/48"}}],
}
REFUSED = {
    API + "drill": [(409, {"body": {"target": "london", "for": "5m", "dry_run": True}}), (400, {"body": {"target": "london"}})],
    API + "drill-stop": [(409, {"body": {}}), (400, {"body": {"target": "london"}})],
    API + "drills": [(400, {"query": {"id": "20200101T000000Z-london"}})],
    API + "what-if": [(400, {"body": {"what": "fail", "sites": "atlantis"}}), (400, {"body": {"what": "colour"}})],
    API + "drain": [(409, {"body": {"target": "atlantis"}}), (400, {"body": {}})],
    API + "switch": [(409, {"body": {"target": "all", "to": "next"}}), (409, {"body": {"target": "london", "to": "singapore", "calls": "2900"}}),
                     (400, {"body": {"target": "all"}}), (400, {"body": {"target": "all", "to": "london", "force": "yes"}})],
    API + "revert": [(409, {"body": {"id": "999"}})],
    API + "push": [(409, {"body": {"target": "london/lb1", "verdict": "up"}})],
    API + "push-load": [(409, {"body": {"target": "london", "value": 1}}), (400, {"body": {"target": "london", "value": -1}})],
    API + "explain": [(400, {"query": {"name": "a"}}), (400, {"query": {**EXPLAIN, "type": "NOTYPE"}})],
    API + "endpoints": [(400, {"query": {"colour": "red"}})],
}


def strict(schema):
    """The description lets keys be added; here none may come that it does not know."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)
    return schema


@pytest.fixture(scope="module")
def described():
    with open(f"{ROOT}/web/api/v1/openapi.json") as f:
        return strict(json.load(f))


def operations(described):
    return [(path, method, of) for path, item in described["paths"].items() for method, of in item.items()]


def hold(described, operation, code, text):
    """The answer against the schema of its code."""
    response = operation["responses"][str(code)]
    kind, content = next(iter(response.get("content", {"": {}}).items()))
    if kind == "application/json":
        jsonschema.Draft202012Validator({**content["schema"], "components": described["components"]}).validate(json.loads(text))


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A daemon that has something to tell of everything."""
    from lab import Lab
    lab = Lab(tmp_path_factory.mktemp("api"))
    made = Web.configure(lab, public_status=True)
    lab.probe_all()
    lab.conf["probes"]["told"] = {"type": "push", "expires": "1h"}
    lab.conf["checks"] = ({"name": "trunk", "probe": "options", "address": lab.ip("london", "lb1")},)
    lab.conf["loads"] = {"own": {"type": "push", "unit": "calls", "interval": "10s"}, "lost": {"type": "file", "file": "missing", "unit": "calls", "interval": "1s"}}
    london, ashburn, singapore = lab.conf["sites"]
    london["depends"] = ({"check": "trunk", "takes": "service", "service": "sip.example.com."},)
    london["load"] = ["lost"]
    ashburn["load"] = ["own"]
    for site in lab.conf["sites"]:
        site["capacity"] = 1000
    for endpoint in singapore["endpoints"]:
        endpoint["probes"] = ["told"]
    farm = Farm([lab.ip(site, host) for site in ("london", "ashburn") for host in lab.hosts])
    try:
        lab.start()
        wait_for(lambda: made.json("/api/v1/sites")["sites"][0]["endpoints"]["up"] == 3, 10 * SLOW, "london is up")
        farm.close(lab.ip("london", "ms1"))
        lab.ask("sip.example.com", "A")
        yield made
    finally:
        farm.end()
        lab.close()


def ask(web, path, token="ann", query=None, body=None, **more):
    where = path + (f"?{urllib.parse.urlencode(query)}" if query else "")
    return web.ask(where, method="POST" if body is not None else "GET", body=body, token=token, **more)


def test_the_description_is_sound_and_is_what_the_daemon_serves(described, web):
    code, headers, text = web.ask("/api/v1/openapi.json")
    assert code == 200 and headers["content-type"] == "application/json" and strict(json.loads(text)) == described
    assert described["openapi"] == "3.1.0"
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert names == set(described["components"]["schemas"])


def test_the_description_has_every_route_with_its_method_and_role(described):
    with open(f"{ROOT}/src/control/api.c") as f:
        table = f.read().split("const struct http_route api_routes[] = {", 1)[1].split("\n};", 1)[0]
    rows = [row for row in re.split(r"\n    (?=[A-Z{])", table) if '"' in row]
    routes = set()
    for row in rows:
        path = re.search(r'"([^"]+)"', row)[1]
        path = path if path.startswith("/") else API + path
        post = row.startswith("ORDER(") or "METHOD_POST" in row
        role = "operate" if "ORDER(" in row or "ROLE_OPERATE" in row else "none" if "ROLE_VIEW" not in row and row.startswith("{") else "view"
        routes.add((path, "post" if post else "get", role))
    assert routes == {(path, method, operation["x-role"]) for path, method, operation in operations(described)}


def test_every_answer_is_as_described(described, web):
    for path, method, operation in operations(described):
        for asked in ASKED.get(path, [{"query": EXPLAIN}] if path == API + "explain" else [{}]):
            code, headers, text = ask(web, path, **asked)
            assert code == 200, (path, asked, code, text)
            hold(described, operation, code, text)
            if "304" in operation["responses"] and not asked:
                code, _, text = ask(web, path, If_None_Match="*")
                assert (code, text) == (304, ""), path


def test_every_refusal_is_as_described(described, web):
    for path, method, operation in operations(described):
        body = {} if method == "post" else None
        cases = [(code, ask(web, path, **asked)) for code, asked in REFUSED.get(path, [])]
        if operation["x-role"] != "none":
            cases += [(401, ask(web, path, token=None, body=body, Forwarded="for=192.0.2.1")), (421, ask(web, path, body=body, Host="evil.example"))]
        if operation["x-role"] == "operate":
            cases += [(403, ask(web, path, token="bob", body=body))]
        if method == "post":
            cases += [(415, ask(web, path, body="{}", Content_Type="text/plain")), (400, ask(web, path, body="{"))]
            cases += [(413, ask(web, path, body="x" * 66000))]
        for wanted, (code, _, text) in cases:
            assert code == wanted, (path, wanted, code, text)
            assert str(code) in operation["responses"], (path, code)
            hold(described, operation, code, text)
        code, headers, _ = web.ask(path, method="DELETE", token="ann")
        assert code == 405 and method.upper() in headers["allow"]
