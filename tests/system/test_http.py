"""The HTTP listener: who may ask what, what a reload and a changed file bring, and what it does not let itself be troubled by."""
import json
import os
import resource
import socket
import ssl
import time

import certificates
import pytest
from farm import Farm
from lab import CLIENT, SLOW, wait_for
from web import TOKENS, Web, token_line

DRAIN = {"target": "london", "reason": "work on the uplink", "for": "1h"}


@pytest.fixture
def web(make_lab):
    made = Web.configure(make_lab())
    made.lab.start()
    return made


def raw(web, octets, seconds=5, close=True):
    """What comes back for these octets, until the other side has closed (or said nothing more)."""
    with socket.create_connection((web.host, web.port), timeout=seconds * SLOW) as s:
        s.sendall(octets)
        if close:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            try:
                more = s.recv(65536)
            except (ConnectionResetError, socket.timeout):
                return got
            if not more:
                return got
            got += more


def history(web, kind):
    """Of this kind, one JSON object a line."""
    web.lab.cli("history", "--kind", kind, "--json")
    return [json.loads(line) for line in web.lab.last.stdout.splitlines()]


@pytest.mark.main
def test_roles_decide_who_may_ask_and_who_may_order(web):
    assert web.json("/api/v1/sites")["sites"][0]["site"] == "london"  # loopback may view
    assert web.json("/api/v1/drain", 401, method="POST", body=DRAIN)["ok"] is False
    assert web.json("/api/v1/drain", 403, method="POST", body=DRAIN, token="bob")["ok"] is False
    assert web.json("/api/v1/drain", 401, method="POST", body=DRAIN, token="sst_wrong")["ok"] is False
    assert web.json("/api/v1/drain", 401, method="POST", body=DRAIN, Authorization="Basic YW5uOg==")["ok"] is False
    assert not web.json("/api/v1/overrides")["overrides"]
    assert web.json("/api/v1/drain", method="POST", body=DRAIN, token="ann")["order"]["who"] == "ann"
    assert [order["target"] for order in web.json("/api/v1/overrides")["overrides"]] == ["london"]  # at once
    assert web.lab.winner(CLIENT["london"]) != "london"
    assert web.json("/api/v1/login", method="POST", body={}, token="bob") == {"version": 1, "ok": True, "name": "bob", "role": "view"}
    web.lab.wait_logged("wrong token from 127.0.0.1")
    logins = history(web, "login")
    assert [(event["what"], event.get("who")) for event in logins] == [("login failed", None), ("login", "bob")]
    assert all(event["from"].startswith("http 127.0.0.1:") for event in logins)
    order = history(web, "order")[-1]
    assert (order["who"], order["target"]) == ("ann", "london") and order["from"].startswith("http 127.0.0.1:")


def test_loopback_views_only_when_it_may_and_only_itself(make_lab):
    web = Web.configure(make_lab())
    web.lab.start()
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        assert web.json("/api/v1/sites", 401, **{header: "192.0.2.1"})["ok"] is False
        web.json("/api/v1/sites", token="bob", **{header: "192.0.2.1"})
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.example:8053"):
        assert "http.hosts" in web.json("/api/v1/sites", 421, token="ann", Host=host)["error"]
    assert web.json("/healthz", Host="evil.example")["ok"]
    web.lab.conf["http"].update(loopback_view=False, hosts=["dns.example.com"])
    web.lab.write()
    web.lab.cli("reload")
    assert web.json("/api/v1/sites", 401)["ok"] is False
    assert web.json("/api/v1/sites", token="bob", Host="DNS.example.com:8053")["ok"]


def test_wrong_tokens_block_an_address_and_are_told_once(web):
    # each Lab has addresses of its own, but all ask from 127.0.0.1: the last of these is blocked, and nobody else's Lab
    codes = [web.ask("/api/v1/sites", token=f"sst_{i}")[0] for i in range(12)]
    assert codes == [401] * 10 + [429] * 2
    code, headers, _ = web.ask("/api/v1/sites", token="ann")
    assert code == 429 and 0 < int(headers["retry-after"]) <= 12
    assert web.json("/api/v1/sites")["ok"]  # without a token as before
    web.lab.wait_logged("wrong token from")
    assert web.lab.log().count("wrong token from") == 1


@pytest.mark.main
def test_token_file_and_certificate_are_taken_as_they_change(make_lab):
    lab = make_lab()
    certificates.make(lab.folder, address=lab.address)
    web = Web.configure(lab, certificate="cert.pem", key="key.pem")
    web.tls = ssl.create_default_context(cafile=f"{lab.folder}/cert.pem")
    lab.start()
    assert web.json("/api/v1/login", method="POST", body={}, token="ann")["role"] == "operate"
    # a right one more, and one less, without a reload
    lab.write_file("tokens", token_line("ann", "view", TOKENS["ann"][1]))
    wait_for(lambda: web.json("/api/v1/login", method="POST", body={}, token="ann")["role"] == "view", 15 * SLOW, "the new file counts")
    assert web.ask("/api/v1/sites", token="bob")[0] == 401
    # one that cannot be used changes nothing, and is an alarm
    lab.write_file("tokens", "ann view\n")
    lab.cli("reload")
    assert "tokens:1: something is missing" in lab.last.stdout + lab.last.stderr
    wait_for(lambda: "tokens:1" in str(web.json("/api/v1/status")["status"]["alarms"]), 10 * SLOW, "the alarm")
    assert web.json("/api/v1/login", method="POST", body={}, token="ann")["role"] == "view"
    # a renewed certificate
    before = ssl.get_server_certificate((web.host, web.port))
    certificates.make(lab.folder, address=lab.address)
    lab.write_file("tokens", token_line("ann", "operate", TOKENS["ann"][1]))
    lab.cli("reload")
    assert ssl.get_server_certificate((web.host, web.port)) != before
    web.tls = ssl.create_default_context(cafile=f"{lab.folder}/cert.pem")
    assert web.json("/api/v1/login", method="POST", body={}, token="ann")["role"] == "operate"
    wait_for(lambda: not web.json("/api/v1/status")["status"]["alarms"], 10 * SLOW, "no alarm any more")
    # what is no TLS, breaks off, or speaks an older one
    for octets in (b"GET /healthz HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", os.urandom(300)):
        assert b"200" not in raw(web, octets)
    old = ssl.create_default_context(cafile=f"{lab.folder}/cert.pem")
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError), socket.create_connection((web.host, web.port)) as s:
        old.wrap_socket(s, server_hostname=web.host)
    assert web.json("/healthz")["ok"]


def test_what_could_be_reached_from_elsewhere_needs_tls_and_tokens(make_lab):
    lab = make_lab()
    certificates.make(lab.folder)
    lab.write()

    def told(**http):
        lab.conf["http"] = http
        lab.write()
        lab.cli("check", code=None, conf=True)
        return lab.last.stdout + lab.last.stderr

    assert "0.0.0.0:8053 is not loopback, expected certificate and key" in told(listen=["0.0.0.0:8053"])
    assert "[::]:8053 is not loopback, expected tokens" in told(listen=["[::]:8053"], plain=True)
    assert "tokens: No such file" in told(listen=["0.0.0.0:8053"], plain=True, tokens="tokens")
    assert "expected certificate and key together" in told(certificate="cert.pem")
    assert "missing.pem" in told(certificate="missing.pem", key="key.pem")
    lab.write_file("tokens", token_line("ann", "view", "t") + "\n")
    assert "OK" in told(listen=["0.0.0.0:8053"], certificate="cert.pem", key="key.pem", tokens="tokens")


def test_an_address_that_is_given_must_be_had(make_lab):
    web = Web.configure(make_lab())
    with socket.create_server((web.host, web.port)):
        web.lab.start(wait=False)
        assert web.lab.process.wait(20 * SLOW) == 1
        assert "Address already in use" in web.lab.log()
        web.lab.process = None


def test_the_default_address_may_be_taken(make_lab):
    lab = make_lab()
    del lab.conf["http"]
    try:
        keeper = socket.create_server(("127.0.0.1", 8053))
    except OSError:
        keeper = None  # somebody has it: as well
    lab.start()
    assert "HTTP does not listen" in str(lab.cli("status", code=1, json_form=True)["status"]["alarms"])
    assert lab.winner(CLIENT["london"]) == "london"
    if keeper:
        keeper.close()


def test_what_is_no_sound_request_costs_its_sender_only(web):
    line = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    assert b" 200 " in raw(web, line + b"\r\n" + line + b"\r\n", seconds=1)  # one after the other
    for octets in (b"\r\n\r\n", b"GET\r\n\r\n", b"NONSENSE / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/a" * 9000 + b" HTTP/1.1\r\n\r\n",
                   line + b"X: " + b"a" * 20000 + b"\r\n\r\n", line + b"A: b\r\n" * 5000 + b"\r\n", os.urandom(2000), b"\0" * 1000,
                   b"POST /api/v1/login HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"POST /api/v1/login HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
                   b"POST /api/v1/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
        assert b" 200 " not in raw(web, octets, seconds=1), octets[:40]
    assert web.ask("/api/v1/drain", method="POST", token="ann", body=b"x" * 70000)[0] == 413
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        code, headers, _ = web.ask("/api/v1/sites", method=method)
        assert code == 405 and headers["allow"] == "GET, HEAD"
    assert web.ask("/", method="POST", body="")[0] == 405
    assert web.ask("/nothing/here")[0] == 404
    assert web.ask("/../../etc/passwd")[0] == 404
    assert web.ask("/api/v1/stop", method="POST", token="ann", body={})[0] == 404
    for body in ("", "[]", "{", '{"target":1}', '{"target":"london","target":"ashburn"}', '{"command":"stop"}', '{"target":"london","colour":"red"}'):
        assert web.json("/api/v1/drain", 400, method="POST", token="ann", body=body)["ok"] is False, body
    assert web.json("/api/v1/drain", 415, method="POST", token="ann", body=DRAIN, Content_Type="text/plain")["ok"] is False
    assert web.json("/api/v1/drain", 409, method="POST", token="ann", body={"target": "atlantis"})["ok"] is False
    assert web.json("/api/v1/plan?config=/etc/passwd", 400)["ok"] is False  # files are named on the machine only
    for query in ("?a", "?name=a&name=b", "?name=%zz", "?name=%00", "?name=%ff"):
        assert web.json(f"/api/v1/explain{query}", 400)["ok"] is False
    assert not web.json("/api/v1/overrides")["overrides"]


def test_what_has_not_changed_is_not_sent_again(web):
    code, headers, text = web.ask("/")
    assert code == 200 and headers["content-type"] == "text/html; charset=utf-8" and "default-src 'none'" in headers["content-security-policy"]
    code, again, empty = web.ask("/", If_None_Match=headers["etag"])
    assert (code, empty) == (304, "") and again["etag"] == headers["etag"]
    code, head, empty = web.ask("/", method="HEAD")
    assert code == 200 and empty == "" and int(head["content-length"]) == len(text.encode()) and head["etag"] == headers["etag"]
    tag = web.ask("/api/v1/overrides")[1]["etag"]
    assert web.ask("/api/v1/overrides", If_None_Match=tag)[0] == 304
    web.json("/api/v1/drain", method="POST", token="ann", body=DRAIN)
    assert web.ask("/api/v1/overrides", If_None_Match=tag)[0] == 200


def test_what_all_ask_is_made_once_a_second(web):
    """The uptime in it tells when it was made."""
    end, made, asked = time.monotonic() + 1.5, set(), 0
    while time.monotonic() < end:
        made.add(web.json("/api/v1/status")["status"]["uptime_ms"])
        asked += 1
    assert len(made) <= 4 and asked > 10 * len(made)


def test_the_public_page_is_there_only_when_it_shall_be(web):
    assert web.ask("/status")[0] == 404
    assert web.ask("/status.json", token="ann")[0] == 404


def test_ten_thousand_connections_lock_nobody_out(make_lab):
    web = Web.configure(make_lab(), clients=100)
    web.lab.start()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20000), most))
    count = min(most - 200, 10000)
    idle = []
    try:
        for i in range(count):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((web.host, web.port))
            idle.append(s)
            if i % 1000 == 500:
                assert web.json("/api/v1/sites")["ok"]
                assert web.lab.winner(CLIENT["london"]) == "london"
        assert web.json("/healthz")["ok"]
        fds = len(os.listdir(f"/proc/{web.lab.process.pid}/fd"))
        assert fds < 100 + 64 + 150, fds  # its connections, those that are being closed, and all else that it has open
    finally:
        for s in idle:
            s.close()
    # who begins and never ends gives way to who asks
    begun = [socket.create_connection((web.host, web.port)) for _ in range(150)]
    for s in begun:
        s.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    assert web.json("/healthz")["ok"]
    for s in begun:
        s.close()


def bulk(lab, count):
    """A site of its own with so many endpoints, which serves nobody."""
    lab.conf["services"][0]["sites"] = list(lab.sites)
    hosts = [f"e{i}.bulk.sip.example.com." for i in range(count)]
    lab.conf["sites"].append({"name": "bulk", "location": (50.0, 8.0), "endpoints": [{"host": host, "weight": 100} for host in hosts]})
    lab.zone_text += "".join(f"e{i}.bulk A 192.0.2.1\n" for i in range(count))


@pytest.mark.main
def test_viewers_who_do_not_read_delay_no_failover(make_lab):
    """Each of them asks for all of 5,000 endpoints again and again, and takes nothing."""
    lab = make_lab()
    web = Web.configure(lab)
    lab.probe_all()
    bulk(lab, 5000)
    farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    try:
        lab.start()
        wait_for(lambda: lab.winner(CLIENT["london"]) == "london", 10 * SLOW, "london answers")
        hung = []
        for _ in range(20):
            s = socket.create_connection((web.host, web.port))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(b"GET /api/v1/endpoints HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
            hung.append(s)
        assert len(web.json("/api/v1/endpoints")["endpoints"]) > 5000
        farm.close(*(lab.ip("london", host) for host in lab.hosts))
        began = time.monotonic()
        while lab.winner(CLIENT["london"]) == "london":
            assert time.monotonic() < began + 5 * SLOW  # two probes a fifth of a second apart, their time-outs, and the confirmation
            if time.monotonic() > began + 0.2:
                web.ask("/api/v1/endpoints")
        for s in hung:
            s.close()
    finally:
        farm.end()


def test_tokens_are_made_listed_and_removed_by_the_tool(web):
    lab = web.lab
    token = lab.cli("token", "new", "carol.2", "--role", "view", conf=True).strip()
    assert token.startswith("sst_") and len(token) == 68 and "carol.2" in lab.last.stderr
    with open(f"{lab.folder}/tokens") as f:
        text = f.read()
    assert token not in text and text.startswith("# who may do what\n") and text.count("\n") == 4
    wait_for(lambda: web.ask("/api/v1/sites", token=token)[0] == 200, 15 * SLOW, "the new token counts")
    assert lab.cli("token", "list", conf=True).splitlines() == ["operate  ann", "view     bob", "view     carol.2"]
    lab.cli("token", "new", "ann", "--role", "view", conf=True, code=1)
    assert "there is a token of that name" in lab.last.stderr
    for words, code in ((("new", "a/b", "--role", "view"), 1), (("new", "dave"), 1), (("new", "dave", "--role", "root"), 1), (("remove", "dave"), 1),
                        (("new",), 2), (("list", "--role", "view"), 2), (("forget", "ann"), 2)):
        lab.cli("token", *words, conf=True, code=code)
    lab.cli("token", "remove", "carol.2", conf=True)
    with open(f"{lab.folder}/tokens") as f:
        assert "carol" not in f.read()
    wait_for(lambda: web.ask("/api/v1/login", method="POST", body={}, token=token)[0] == 401, 15 * SLOW, "the token counts no more")
    made = lab.run_alone("token", "--file", f"{lab.folder}/fresh", "new", "ann", "--role", "operate")
    assert made.returncode == 0 and os.stat(f"{lab.folder}/fresh").st_mode & 0o777 == 0o640
    assert lab.run_alone("token", "--file", f"{lab.folder}/none", "list").returncode == 1
