"""The HTTP listener: who may ask what, and what it does not let itself be troubled by."""
import hashlib
import http.client
import json
import socket
import time

import pytest

import lab as labs

TOKENS = {"ann": ("operate", "sst_" + "a1" * 32), "bob": ("view", "sst_" + "b2" * 32)}


class Web:
    """A Lab's HTTP side."""

    def __init__(self, lab, port=8053):
        self.lab, self.host, self.port = lab, lab.address, port

    @staticmethod
    def configure(lab, **more):
        lab.conf["http"] = {"listen": [f"{lab.address}:8053"], "tokens": "tokens", **more}
        lines = [f"{name} {role} {hashlib.sha256(token.encode()).hexdigest()}" for name, (role, token) in TOKENS.items()]
        lab.write_file("tokens", "# who may do what\n" + "\n".join(lines) + "\n")
        return Web(lab)

    def ask(self, path, method="GET", body=None, token=None, **headers):
        """(code, headers, text)"""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20 * labs.SLOW)
        if token:
            headers["Authorization"] = f"Bearer {TOKENS.get(token, (None, token))[1]}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode()
        finally:
            connection.close()

    def json(self, path, code=200, **how):
        got, _, text = self.ask(path, **how)
        assert got == code, (path, got, text)
        return json.loads(text)


@pytest.fixture
def web(make_lab):
    made = Web.configure(make_lab())
    made.lab.start()
    return made


@pytest.mark.main
def test_roles_decide_who_may_ask_and_who_may_order(web):
    assert web.json("/api/v1/sites")["sites"][0]["site"] == "london"  # loopback may view
    drain = {"target": "london", "reason": "work on the uplink", "for": "1h"}
    assert web.json("/api/v1/drain", 401, method="POST", body=drain)["ok"] is False
    assert web.json("/api/v1/drain", 403, method="POST", body=drain, token="bob")["ok"] is False
    assert web.json("/api/v1/drain", 401, method="POST", body=drain, token="sst_wrong")["ok"] is False
    assert not web.json("/api/v1/overrides")["overrides"]
    assert web.json("/api/v1/drain", method="POST", body=drain, token="ann")["order"]["who"] == "ann"
    assert [order["target"] for order in web.json("/api/v1/overrides")["overrides"]] == ["london"]  # at once
    assert web.json("/api/v1/login", method="POST", body={}, token="bob") == {"version": 1, "ok": True, "name": "bob", "role": "view"}
    web.lab.wait_logged("wrong token from 127.0.0.1:")
