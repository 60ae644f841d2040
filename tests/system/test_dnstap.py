"""dnstap as other programs read it: Debian's own readers, over a file, a UNIX socket and TCP; and what happens when nobody reads."""
import random
import re
import signal
import socket
import subprocess
import time

import dns.query
import dns.tsigkeyring
import pytest

import nameservers
from lab import CLIENT, SLOW, wait_for
from test_tls import TLS_PORT, context, with_tls

BIND_DOT = "UDP"  # BIND 9.18's reader knows of nothing but UDP and TCP; dnstap-ldns 0.2.1 says "?"
ROW = re.compile(r"\S+ (\S+) (AQ|AR) (\S+):(\d+) (->|<-) (\S+):(\d+) (UDP|TCP|DOT) (\d+)b (\S+)/IN/(\S+)")


def rows(path):
    """[(type, client, server, protocol, octets, name, rrtype)], as BIND's reader sees them."""
    done = subprocess.run(["dnstap-read", path], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    found = [ROW.fullmatch(line) for line in done.stdout.splitlines()]
    assert all(found), done.stdout
    return [(m[2], f"{m[3]}:{m[4]}", f"{m[6]}:{m[7]}", m[8], int(m[9]), m[10], m[11]) for m in found]


def tap(lab, key="dnstap"):
    return lab.cli("status", json_form=True, code=None)["status"][key]


def wait_written(lab, count, key="dnstap"):
    wait_for(lambda: tap(lab, key)["written"] >= count, 10 * SLOW, f"{count} queries written")


@pytest.mark.main
def test_a_file_holds_what_was_asked_and_answered(make_lab):
    lab = with_tls(make_lab(ipv6=True))
    lab.port = random.randint(20000, 30000)
    lab.conf["server"]["listen"][0] = f"0.0.0.0:{lab.port}"  # so the asked address comes with each packet
    lab.conf["keys"] = [{"name": nameservers.KEY_NAME, "secret": nameservers.SECRET}]
    lab.conf["dnstap"] = {"file": "t.dnstap"}
    lab.start()
    udp = lab.exchange(lab.query("_sip._udp", "SRV", CLIENT["london"]).to_wire(), timeout=3 * SLOW)
    lab.ask("nope", "A", ipv6=True)
    lab.ask("@", "NAPTR", tcp=True)
    dns.query.tls(lab.query("@", "A"), lab.address, port=TLS_PORT, timeout=5 * SLOW, ssl_context=context())
    signed = lab.query("@", "TXT")
    unsigned_octets = len(signed.to_wire())
    signed.use_tsig(dns.tsigkeyring.from_text({nameservers.KEY_NAME: ("hmac-sha256", nameservers.SECRET)}))
    lab.send(signed)
    lab.exchange(b"short")  # no answer, and nothing to show
    wait_written(lab, 5)
    lab.stop()
    path = f"{lab.folder}/t.dnstap"
    seen = rows(path)
    here = f"{lab.address}:{lab.port}"
    by = {(kind, server, protocol, name, rrtype): octets for kind, _, server, protocol, octets, name, rrtype in seen}
    for server, protocol, name, rrtype in ((here, "UDP", "_sip._udp.sip.example.com", "SRV"), (f"::1:{lab.port6}", "UDP", "nope.sip.example.com", "A"),
                                           (here, "TCP", "sip.example.com", "NAPTR"), (f"{lab.address}:{TLS_PORT}", BIND_DOT, "sip.example.com", "A"),
                                           (here, "UDP", "sip.example.com", "TXT")):
        assert ("AQ", server, protocol, name, rrtype) in by and ("AR", server, protocol, name, rrtype) in by, (server, protocol, by)
    assert len(seen) == 10
    assert by["AR", here, "UDP", "_sip._udp.sip.example.com", "SRV"] == len(udp)
    assert by["AQ", here, "UDP", "sip.example.com", "TXT"] == unsigned_octets
    ldns = subprocess.run(["dnstap-ldns", "-r", path], capture_output=True, text=True, timeout=20)
    assert ldns.returncode == 0 and sorted(re.findall(r" A[QR] \S+ (\S+) ", ldns.stdout)) == ["?"] * 2 + ["TCP"] * 2 + ["UDP"] * 6
    bind = subprocess.run(["dnstap-read", "-y", path], capture_output=True, text=True, timeout=20)
    assert "identity: ns1.test" in bind.stdout and "CLIENT-SUBNET: 10.1.2.0/24" in bind.stdout
    knot = subprocess.run(["kdig", "-G", path], capture_output=True, text=True, timeout=20)
    assert "lb1.london.sip.example.com." in knot.stdout, knot.stdout + knot.stderr


@pytest.mark.parametrize("over", ["socket", "address"])
def test_a_reader_gets_the_stream_and_may_come_late(make_lab, over):
    lab = make_lab()
    port = 5400
    where = {"socket": f"{lab.folder}/tap", "address": f"{lab.net}.252:{port}"}[over]
    lab.conf["dnstap"] = {over: where, "queries": False, "identity": "me"}
    lab.start()
    lab.ask("@", "A")
    wait_for(lambda: not tap(lab)["works"] and tap(lab)["lost_failed"] == 1, 10 * SLOW, "it says that nobody listens")
    assert any(text.startswith(f"dnstap: {where}: ") for text in lab.cli("status", json_form=True, code=1)["status"]["alarms"])
    listen = ["-u", where] if over == "socket" else ["-a", f"{lab.net}.252", "-p", str(port)]
    with open(f"{lab.folder}/capture.log", "w") as log:
        capture = subprocess.Popen(["fstrm_capture", "-t", "protobuf:dnstap.Dnstap", *listen, "-w", f"{lab.folder}/captured"], stdout=log, stderr=log)
    try:
        wait_for(lambda: tap(lab)["works"], 10 * SLOW, "the reader is found")
        assert lab.cli("status", json_form=True, code=0)["status"]["alarms"] == []
        for i in range(20):
            lab.ask("_sip._udp", "SRV", f"10.1.{i}.1")
        wait_written(lab, 20)
        lab.stop()  # ends the stream as it should be ended
        capture.send_signal(signal.SIGTERM)
        assert capture.wait(10) == 0
    finally:
        if capture.poll() is None:
            capture.kill()
            capture.wait()
    seen = rows(f"{lab.folder}/captured")
    assert len(seen) == 20 and {row[0] for row in seen} == {"AR"}


@pytest.mark.main
def test_who_does_not_read_holds_up_nobody(make_lab):
    lab = make_lab()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{lab.folder}/tap")
    listener.listen()
    lab.conf["dnstap"] = {"socket": "tap"}
    lab.conf["query_log"] = {"file": "queries.log"}
    lab.start()
    stuck, _ = listener.accept()  # and never a word
    for i in range(200):
        lab.ask("_sip._udp", "SRV", f"10.1.{i}.1")
    wait_written(lab, 200, "query_log")
    assert tap(lab)["written"] == 0
    lab.conf.pop("dnstap")
    lab.write()
    lab.cli("reload")
    assert not tap(lab)["on"]
    began = time.monotonic()
    lab.stop()
    assert time.monotonic() - began < 5 * SLOW
    stuck.close()
    listener.close()
