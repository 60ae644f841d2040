"""A Lab's HTTP side: who asks it, and with what token."""
import hashlib
import http.client
import json

from lab import SLOW

TOKENS = {"ann": ("operate", "sst_" + "a1" * 32), "bob": ("view", "sst_" + "b2" * 32)}


def token_line(name, role, token):
    return f"{name} {role} {hashlib.sha256(token.encode()).hexdigest()}\n"


class Web:
    """A Lab's HTTP side."""

    def __init__(self, lab, port=8053):
        self.lab, self.host, self.port, self.tls = lab, lab.address, port, None

    def connect(self):
        how = {"timeout": 20 * SLOW}
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, **how) if self.tls else http.client.HTTPConnection(self.host, self.port, **how)

    @staticmethod
    def configure(lab, **more):
        lab.conf["http"] = {"listen": [f"{lab.address}:8053"], "tokens": "tokens", **more}
        lab.write_file("tokens", "# who may do what\n" + "".join(token_line(name, *of) for name, of in TOKENS.items()))
        return Web(lab)

    @staticmethod
    def token(name):
        return TOKENS[name][1]

    def ask(self, path, method="GET", body=None, token=None, **headers):
        """(code, headers, text)"""
        connection = self.connect()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {TOKENS.get(token, (None, token))[1]}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read().decode()
        finally:
            connection.close()

    def json(self, path, code=200, **how):
        got, _, text = self.ask(path, **how)
        assert got == code, (path, got, text)
        return json.loads(text)
