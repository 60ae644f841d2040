"""Alerts and hooks: who is told of what, once, in time, and that a hook that hangs holds up nobody."""
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import threading
import time

import pytest
from farm import Farm
from lab import CLIENT, SLOW, wait_for


class Receiver:
    """A web server that takes messages; `refuse` so many first."""

    def __init__(self):
        self.got, self.refuse, self.hang = [], 0, threading.Event()
        self.hang.set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.hang.wait(30)
                receiver.refuse -= 1
                status = 503 if receiver.refuse >= 0 else 200
                if status == 200:
                    receiver.got.append((dict(self.headers), body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.thread.start()

    def messages(self, **wanted):
        return [m for m in (json.loads(body) for _, body in list(self.got)) if all(m.get(k) == v for k, v in wanted.items())]

    def end(self):
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.end()


@pytest.fixture
def probed(make_lab):
    """A lab with probes and what answers them, not started."""
    lab = make_lab()
    lab.probe_all()
    farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    yield lab, farm
    lab.stop()
    farm.end()


def told(lab):
    try:
        with open(f"{lab.folder}/told") as f:
            return [json.loads(line) for line in f.read().splitlines()]
    except FileNotFoundError:
        return []


def script(lab, text):
    lab.write_file("hook.sh", "#!/bin/sh\n" + text)
    os.chmod(f"{lab.folder}/hook.sh", 0o755)
    return (f"{lab.folder}/hook.sh",)


def alerts(lab):
    return lab.cli("alerts", json_form=True)


@pytest.mark.main
def test_a_lost_site_is_told_once_and_so_is_its_return(probed, receiver):
    lab, farm = probed
    lab.write_file("secret", "a secret\n")
    command = script(lab, f'[ "$SIPSTEER_EVENT" = site-lost ] && cat >> {lab.folder}/told && echo >> {lab.folder}/told\n')
    lab.conf["hooks"] = ({"name": "script", "on": ("site-lost",), "command": command},
                         {"name": "web", "on": ("site-lost", "verdict"), "url": receiver.url, "headers": ("X-Team: voice",), "secret_file": "secret"})
    lab.start()
    london = [lab.ip("london", host) for host in lab.hosts]
    farm.set("silent", *london)
    wait_for(lambda: receiver.messages(event="site-lost") and told(lab), 10 * SLOW, "both hooks are told")
    lost = receiver.messages(event="site-lost")[0]
    assert (lost["state"], lost["severity"], lost["key"], lost["target"]) == ("raised", "critical", "site-lost:london", "london")
    assert "site london is lost" in lost["text"] and lost["server"] == "ns1.test" and lost["times"] == 1
    headers, body = next((h, b) for h, b in receiver.got if b"site-lost" in b)
    assert headers["X-Sipsteer-Signature"] == "sha256=" + hmac.new(b"a secret", body, hashlib.sha256).hexdigest()
    lab.write_file("body.json", body)
    by_hand = subprocess.run(["openssl", "dgst", "-sha256", "-hmac", "a secret", f"{lab.folder}/body.json"], capture_output=True, text=True, check=True).stdout
    assert headers["X-Sipsteer-Signature"] == "sha256=" + by_hand.split()[-1]
    assert headers["X-Team"] == "voice" and headers["Content-Type"] == "application/json"
    wait_for(lambda: len(receiver.messages(event="verdict", state="raised")) == len(lab.hosts), 5 * SLOW, "each endpoint is told of")
    now = alerts(lab)["alerts"]
    assert {"site-lost", "verdict"} == {a["event"] for a in now} and not any(a["alarm"] for a in now)
    assert "site london is lost" in lab.cli("alerts")
    assert "alerts      1 critical, 3 warning (sipsteer alerts)" in lab.cli("status")  # no alarm, so exit code 0
    farm.set("ok", *london)
    wait_for(lambda: len(told(lab)) == 2 and receiver.messages(event="site-lost", state="resolved"), 10 * SLOW, "its return is told")
    assert [m["state"] for m in told(lab)] == ["raised", "resolved"]
    events = [json.loads(line) for line in lab.cli("history", "--kind", "site", "--json").splitlines()]
    assert [(e["target"], e["what"]) for e in events] == [("london", "lost"), ("london", "back")]
    wait_for(lambda: alerts(lab)["alerts"] == [], 5 * SLOW, "nothing is wrong any more")
    lab.stop()
    with open(f"{lab.folder}/state/habits.json") as f:
        kept = json.load(f)
    assert len(kept["queries"]["day"]) == 96 and [at["site"] for at in kept["busy"]] == list(lab.sites)


def test_hooks_that_hang_delay_no_failover_and_no_stop(probed, receiver):
    lab, farm = probed
    receiver.hang.clear()
    hang = script(lab, "exec sleep 100\n")
    lab.conf["hooks"] = ({"name": "script", "command": hang, "timeout": "60s"}, {"name": "web", "url": receiver.url, "timeout": "60s"})
    lab.start()
    farm.set("silent", *(lab.ip("london", host) for host in lab.hosts))
    wait_for(lambda: lab.winner(CLIENT["london"]) != "london", 5 * SLOW, "the first failover")
    wait_for(lambda: any(a["event"] == "site-lost" for a in alerts(lab)["alerts"]), 5 * SLOW, "the alert")
    farm.set("silent", *(lab.ip("ashburn", host) for host in lab.hosts))
    begun = time.monotonic()
    wait_for(lambda: lab.winner(CLIENT["ashburn"]) == "singapore", 5 * SLOW, "the second failover")
    assert time.monotonic() - begun < 3 * SLOW
    begun = time.monotonic()
    lab.stop()
    assert time.monotonic() - begun < 4 * SLOW


def test_failures_are_tried_again_and_show(probed, receiver):
    lab, farm = probed
    receiver.refuse = 1
    lab.conf["hooks"] = ({"name": "web", "on": ("verdict",), "url": receiver.url},)
    lab.start()
    farm.set("silent", lab.ip("london", "lb1"))
    hook = lambda: alerts(lab)["hooks"][0]
    wait_for(lambda: hook()["failing"], 10 * SLOW, "the first failure")
    assert "HTTP status 503" in hook()["error"] and any("hook web cannot be told" in alarm for alarm in
                                                        lab.cli("status", code=1, json_form=True)["status"]["alarms"])
    wait_for(lambda: receiver.messages(event="verdict"), 10 * SLOW, "it is told in the end")
    wait_for(lambda: hook()["sent"] == 1, 5 * SLOW, "and counted")
    assert hook()["retried"] == 1 and not hook()["failing"]


def test_what_flaps_is_told_once(probed, receiver):
    lab, farm = probed
    lab.conf["hooks"] = ({"name": "web", "on": ("verdict",), "url": receiver.url, "quiet": "1h"},)
    lab.start()
    lb1 = lab.ip("london", "lb1")
    for _ in range(2):
        farm.set("silent", lb1)
        wait_for(lambda: alerts(lab)["alerts"], 10 * SLOW, "it has fallen")
        farm.set("ok", lb1)
        wait_for(lambda: not alerts(lab)["alerts"], 10 * SLOW, "it is back")
    wait_for(lambda: len(receiver.messages()) >= 2, 5 * SLOW, "the end is told")
    assert [m["state"] for m in receiver.messages()] == ["raised", "resolved"]


def test_orders_and_starts_are_told_to_who_asks_for_them(lab, receiver):
    lab.conf["hooks"] = ({"name": "web", "on": ("order", "stop"), "url": receiver.url}, {"name": "bad", "command": ("/bin/false",), "retries": 0})
    lab.write()
    lab.cli("reload")
    lab.cli("drain", "london", "--reason", "a new kernel")
    wait_for(lambda: receiver.messages(event="order"), 5 * SLOW, "the order is told")
    order = receiver.messages(event="order")[0]
    assert (order["state"], order["severity"], order["target"]) == ("happened", "info", "london")
    assert order["text"] == "drain london by root: a new kernel" and order["detail"]["after"]["reason"] == "a new kernel"
    assert lab.cli("test-hook", "web") == "hook web has been told\n"
    assert receiver.messages(event="test")[0]["state"] == "test"
    lab.cli("test-hook", "bad", code=1)
    assert "/bin/false ends with 1" in lab.last.stderr
    lab.cli("test-hook", "nobody", code=1)
    assert 'no hook "nobody"' in lab.last.stderr
    lab.stop()
    assert receiver.messages(event="stop")


def test_a_site_past_its_target_and_its_max(make_lab):
    lab = make_lab()
    lab.conf["loads"] = {"told": {"type": "push", "unit": "percent", "interval": "60s"}}
    for site in lab.conf["sites"]:
        site.update(capacity=100, load=("told",), target=70, max=90)
    lab.start()
    lab.cli("push-load", "london", "95")
    wait_for(lambda: any(a["event"] == "past-max" for a in alerts(lab)["alerts"]), 20 * SLOW, "past its max, after 5 s")
    assert "past its max of 90 %" in lab.cli("alerts")
