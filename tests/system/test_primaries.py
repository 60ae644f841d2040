"""Zones from a hidden primary: BIND, NSD, Knot and another sipsteerd over TLS as primaries, and one that does everything wrong."""
import os
import socket
import struct
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rrset
import pytest

import certificates
import nameservers
from lab import CLIENT, SLOW, ZONE, read_tcp, records, wait_for

pytestmark = pytest.mark.main


def from_primary(lab, address, port, key=True, **more):
    """The lab's zone comes from there instead of from its file."""
    lab.conf = {"keys": nameservers.KEYS, **lab.conf}
    signed = {"key": nameservers.KEY_NAME} if key else {}
    lab.conf["zones"][0] = {"name": ZONE, "primary": {"address": f"{address}:{port}", "timeout": "3s", **signed, **more}}
    return lab


def zone_text(lab, serial, extra=""):
    return lab.make_zone().replace("hostmaster 1 ", f"hostmaster {serial} ").replace(" 7200 900 ", " 60 60 ") + extra


def soa(lab):
    return [r.serial for r in records(lab.ask("@", "SOA"), "SOA")]


def arrived(lab, serial, seconds=15):
    wait_for(lambda: soa(lab) == [serial], seconds * SLOW, f"serial {serial}\n{lab.log()[-3000:]}", step=0.1)


@pytest.fixture
def make_peer(tmp_path):
    started = []

    def make(kind, lab):
        peer = nameservers.ALL[kind](tmp_path / f"{kind}{len(started)}", f"{lab.net}.{240 + len(started)}")
        started.append(peer)
        return peer

    yield make
    for peer in started:
        peer.close()


@pytest.mark.parametrize("kind", nameservers.ALL)
def test_a_zone_comes_from_a_primary_and_changes_with_its_notify(make_lab, make_peer, kind):
    lab = make_lab()
    if kind == "bind":  # it listens on 127.0.0.1 alone, and is asked from there by nobody else's address
        lab.address = "127.0.0.1"
        lab.port = nameservers.free_port()
        lab.conf["server"]["listen"] = [f"127.0.0.1:{lab.port}"]
    peer = make_peer(kind, lab)
    peer.primary(ZONE.rstrip("."), zone_text(lab, 5), lab.address, lab.port).start()
    wait_for(lambda: peer.serial(ZONE) == 5, 15 * SLOW, peer.log()[-2000:])
    from_primary(lab, peer.address, peer.port).start()
    arrived(lab, 5)
    assert len(lab.srv(CLIENT["london"])) == 4 and lab.winner(CLIENT["london"]) == "london"
    peer.write("zone", zone_text(lab, 6, "new TXT \"6\"\n"))
    peer.reload()
    arrived(lab, 6)
    assert records(lab.ask("new", "TXT"), "TXT")
    assert "asked" in lab.cli("zones") and not lab.cli("status", json_form=True)["status"]["alarms"]

    peer.close()  # the copy serves on, also after a restart
    lab.stop()
    lab.start()
    assert soa(lab) == [6] and lab.winner(CLIENT["ashburn"]) == "ashburn"


def test_a_zone_that_has_never_come_is_servfail_and_the_rest_is_answered(make_lab):
    lab = make_lab()
    from_primary(lab, f"{lab.net}.240", 53, key=False)
    lab.conf["zones"].append({"name": "static.test.", "file": "static.zone"})
    lab.write_file("static.zone", "$TTL 60\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n")
    lab.start()
    for name, rdtype in ((ZONE, "SOA"), (f"_sip._udp.{ZONE}", "SRV"), (f"a.b.{ZONE}", "A")):
        assert lab.ask(name, rdtype).rcode() == dns.rcode.SERVFAIL
    assert records(lab.ask("ns1.static.test.", "A"), "A")
    wait_for(lambda: "not to be had from" in lab.cli("status", code=1), 10 * SLOW, "an alarm")
    assert "SERVFAIL" in lab.cli("zones")
    assert "there is no copy yet" in lab.cli("check", conf=True)


def test_a_copy_that_is_too_old_is_not_served(make_lab):
    lab = make_lab()
    from_primary(lab, f"{lab.net}.240", 53, key=False)
    os.makedirs(f"{lab.folder}/state/zones", exist_ok=True)
    copy = f"{lab.folder}/state/zones/{ZONE}zone"
    with open(copy, "w") as f:
        f.write(zone_text(lab, 5).replace(" 60 60 1209600 ", " 60 60 100 ").replace("$TTL", f"$ORIGIN {ZONE}\n$TTL", 1))
    os.utime(copy, (time.time() - 118, time.time() - 118))
    lab.start()
    assert soa(lab) == [5]
    wait_for(lambda: lab.ask("@", "SOA").rcode() == dns.rcode.SERVFAIL, 10 * SLOW, "it expires")
    wait_for(lambda: "has expired" in lab.log(), 5, lab.log())
    lab.stop()
    lab.start()
    assert lab.ask("@", "SOA").rcode() == dns.rcode.SERVFAIL and "the copy has expired" in lab.log()


def notify_from(lab, name, source):
    message = dns.message.make_query(name, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    return dns.query.udp(message, lab.address, port=lab.port, source=source, timeout=3 * SLOW)


def test_notify_is_taken_from_the_primary_alone(make_lab):
    lab = make_lab()
    from_primary(lab, f"{lab.net}.240", 53, key=False).start()

    def notify(name, source):
        return notify_from(lab, name, source)

    sound = notify(ZONE, f"{lab.net}.240")
    assert sound.rcode() == dns.rcode.NOERROR and sound.opcode() == dns.opcode.NOTIFY and sound.flags & dns.flags.AA
    assert notify(ZONE, f"{lab.net}.241").rcode() == dns.rcode.REFUSED
    assert notify("else.", f"{lab.net}.240").rcode() == dns.rcode.NOTAUTH


# --- a primary that does everything wrong

STATIC = "static.test."
WHOLE = [(STATIC, "NS", f"ns1.{STATIC}"), (f"ns1.{STATIC}", "A", "192.0.2.1"), (f"a.{STATIC}", "A", "192.0.2.2")]


class Faulty:
    """A TCP server that answers SOA with serial 9 and AXFR with what `transfer` gives: octets of messages, without their lengths."""

    def __init__(self, address, zone, transfer, pause=0.0):
        self.zone, self.transfer, self.pause, self.asked, self.questions = zone, transfer, pause, 0, 0
        self.listener = socket.create_server((address, 5353))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.serve(connection)
                except OSError:
                    pass

    def serve(self, connection):
        while octets := read_tcp(connection):
            query = dns.message.from_wire(octets)
            self.questions += 1
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.AA
            answer.answer.append(self.soa(9))
            messages = [answer.to_wire()]
            if query.question[0].rdtype == dns.rdatatype.AXFR:
                self.asked += 1
                messages = self.transfer(self, query)
            for message in messages:
                for piece in self.pieces(struct.pack("!H", len(message)) + message):
                    connection.sendall(piece)
            if query.question[0].rdtype == dns.rdatatype.AXFR:
                return

    def pieces(self, octets):
        if not self.pause:
            yield octets
        for octet in octets if self.pause else b"":
            time.sleep(self.pause)
            yield bytes([octet])

    def soa(self, serial):
        return dns.rrset.from_text(self.zone, 60, "IN", "SOA", f"ns1.{self.zone} h.{self.zone} {serial} 60 60 3600 60")

    def message(self, query, *rrsets):
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        answer.answer = list(rrsets)
        return answer.to_wire()


class Silent:
    """A TCP server that takes connections and closes them at once, or never."""

    def __init__(self, address, port=5353, close=False):
        self.count, self.kept, self.close_at_once = 0, [], close
        self.listener = socket.create_server((address, port), backlog=1000)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.kept:
            connection.close()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            if self.close_at_once:
                connection.close()
            else:
                self.kept.append(connection)


def whole_zone(server, query):
    return [server.message(query, server.soa(9), *[rr(*record) for record in WHOLE]), server.message(query, server.soa(9))]


def static_zone(lab, primary, timeout="3s"):
    """A zone without services comes from there; that of the lab stays a file."""
    lab.conf["zones"].append({"name": STATIC, "primary": {"address": primary, "timeout": timeout}})
    return lab


def test_a_reload_that_names_another_primary_asks_it_while_the_old_one_is_silent(make_lab):
    lab = make_lab()
    old, new = Silent(f"{lab.net}.240"), Faulty(f"{lab.net}.241", STATIC, whole_zone)
    try:
        static_zone(lab, f"{lab.net}.240:5353", "60s").start()
        wait_for(lambda: old.count == 1, 10 * SLOW, "the old primary is asked")
        lab.conf["zones"][-1]["primary"]["address"] = f"{lab.net}.241:5353"
        lab.write()
        lab.cli("reload")
        wait_for(lambda: records(lab.ask(f"a.{STATIC}", "A"), "A"), 15 * SLOW, lab.log()[-2000:])
        wait_for(lambda: os.listdir(f"{lab.folder}/state/zones") == [f"{STATIC}zone"], 5 * SLOW, "the copy alone")
    finally:
        old.close()
        new.close()


def test_a_primary_that_fails_is_not_asked_without_pause(make_lab):
    """Neither when the copy had expired before the start, nor for any number of NOTIFYs."""
    lab = make_lab()
    static_zone(lab, f"{lab.net}.240:5353")
    os.makedirs(f"{lab.folder}/state/zones", exist_ok=True)
    copy = f"{lab.folder}/state/zones/{STATIC}zone"
    with open(copy, "w") as f:
        f.write(f"$ORIGIN {STATIC}\n$TTL 60\n@ SOA ns1 h 1 60 60 100 5\n@ NS ns1\nns1 A 192.0.2.1\n")
    os.utime(copy, (time.time() - 9999, time.time() - 9999))
    primary = Silent(f"{lab.net}.240", close=True)
    try:
        lab.start()
        wait_for(lambda: primary.count, 10 * SLOW, "it is asked")
        began = time.monotonic()
        while time.monotonic() - began < 4:
            notify_from(lab, STATIC, f"{lab.net}.240")
            time.sleep(0.02)
        assert primary.count <= 2 + (time.monotonic() - began) / 5
    finally:
        primary.close()


def test_many_notifies_are_few_questions(make_lab):
    lab = make_lab()
    primary = Faulty(f"{lab.net}.240", STATIC, whole_zone)
    try:
        static_zone(lab, f"{lab.net}.240:5353").start()
        wait_for(lambda: records(lab.ask(f"a.{STATIC}", "A"), "A"), 15 * SLOW, lab.log()[-2000:])
        began, before = time.monotonic(), primary.questions
        while time.monotonic() - began < 5:
            notify_from(lab, STATIC, f"{lab.net}.240")
            time.sleep(0.02)
        assert 1 <= primary.questions - before <= 2 + (time.monotonic() - began) / 2
    finally:
        primary.close()


def test_zones_that_cannot_be_had_leave_threads_to_the_others(make_lab):
    """More silent ones than there are threads, all before the sound one."""
    lab = make_lab()
    silent, primary = Silent(f"{lab.net}.240"), Faulty(f"{lab.net}.241", STATIC, whole_zone)
    lab.conf["zones"] += [{"name": f"silent{i}.test.", "primary": {"address": f"{lab.net}.240:5353", "timeout": "5s"}} for i in range(8)]
    try:
        static_zone(lab, f"{lab.net}.241:5353").start()
        wait_for(lambda: records(lab.ask(f"a.{STATIC}", "A"), "A"), 30 * SLOW, lab.log()[-2000:])
        assert silent.count >= 8
    finally:
        silent.close()
        primary.close()


def rr(owner, *fields):
    return dns.rrset.from_text(owner, 60, "IN", *fields)


def reply_id(message):
    return struct.pack("!H", struct.unpack("!H", message[:2])[0] ^ 1) + message[2:]


FAULTS = {
    "cut off": (lambda s, q: [s.message(q, s.soa(9), rr(ZONE, "NS", f"ns1.{ZONE}"))], "closed the connection"),
    "wrong id": (lambda s, q: [reply_id(s.message(q, s.soa(9), s.soa(9)))], "another id"),
    "refused": (lambda s, q: [dns.message.make_response(q).to_wire()[:3] + b"\5" + dns.message.make_response(q).to_wire()[4:]], "REFUSED"),
    "outside": (lambda s, q: [s.message(q, s.soa(9), rr("a.else.", "A", "192.0.2.1")), s.message(q, s.soa(9))], "a.else. TYPE1: outside the zone"),
    "two SOAs": (lambda s, q: [s.message(q, s.soa(9), rr(ZONE, "NS", f"ns1.{ZONE}")), s.message(q, s.soa(10))], "the last SOA is not the first"),
    "unsound": (lambda s, q: [s.message(q, s.soa(9), rr(f"a.{ZONE}", "A", "192.0.2.1")), s.message(q, s.soa(9))], "NS"),
    "no service": (lambda s, q: [s.message(q, s.soa(9), rr(ZONE, "NS", "ns.else.")), s.message(q, s.soa(9))], "no zone file has this name"),
    "garbage": (lambda s, q: [q.to_wire()[:2] + b"\x84\0\0\1\0\7" + bytes(40)], "another question"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_transfer_changes_nothing_and_is_an_alarm(make_lab, fault):
    broken(make_lab, *FAULTS[fault])


def test_a_transfer_that_trickles_ends_with_its_timeout(make_lab):
    broken(make_lab, lambda s, q: [s.message(q, s.soa(9), *[rr(f"h{i}.{ZONE}", "TXT", "x" * 200) for i in range(100)])],
           "longer than the timeout", pause=0.01)


def broken(make_lab, transfer, why, pause=0.0):
    lab = make_lab()
    from_primary(lab, f"{lab.net}.240", 5353, key=False)
    os.makedirs(f"{lab.folder}/state/zones", exist_ok=True)
    copy = f"{lab.folder}/state/zones/{ZONE}zone"
    with open(copy, "w") as f:
        f.write(zone_text(lab, 5))
    primary = Faulty(f"{lab.net}.240", ZONE, transfer, pause)
    try:
        lab.start()
        wait_for(lambda: why in str(lab.cli("status", code=None, json_form=True)["status"]["alarms"]), 20 * SLOW,
                 f"an alarm of {why!r}", step=0.2)
        assert primary.asked
        assert soa(lab) == [5] and lab.winner(CLIENT["london"]) == "london"
        with open(copy) as f:
            assert "hostmaster 5 " in f.read()
        wait_for(lambda: os.listdir(f"{lab.folder}/state/zones") == [f"{ZONE}zone"], 10 * SLOW, "nothing is left of it")
    finally:
        primary.close()


# --- over TLS: another sipsteerd gives, this one takes

def tls_pair(make_lab, **tls):
    giver = make_lab()
    certificates.make(giver.folder, address=giver.address)
    giver.conf["server"]["tls"] = {"listen": [f"{giver.address}:8853"], "certificate": "cert.pem", "key": "key.pem"}
    giver.conf = {"keys": nameservers.KEYS, **giver.conf}
    taker = make_lab(sites=giver.sites)
    giver.conf["zones"][0]["transfer"] = {"allow": ["127.0.0.0/8"], "keys": [nameservers.KEY_NAME], "notify": [f"{taker.address}:{taker.port}"]}
    giver.start()
    with open(f"{giver.folder}/cert.pem") as f:
        taker.write_file("ca.pem", f.read())
    return giver, from_primary(taker, giver.address, 8853, tls=True, **tls)


def test_a_zone_comes_over_tls_from_who_has_the_right_certificate(make_lab):
    giver, taker = tls_pair(make_lab, tls_name="ns1.test", tls_ca="ca.pem")
    taker.start()
    arrived(taker, 1)
    giver.wait_logged("done: serial 1")
    giver.zone_text = giver.zone_text.replace("hostmaster 1 ", "hostmaster 2 ")
    giver.write()
    giver.cli("reload")
    arrived(taker, 2)  # told by NOTIFY
    assert giver.cli("status", json_form=True)["status"]["counters"]["tls_queries"] >= 4


@pytest.mark.parametrize("tls, why", [({"tls_name": "other.test", "tls_ca": "ca.pem"}, "certificate: hostname mismatch"),
                                      ({"tls_name": "ns1.test"}, "certificate: self-signed certificate"),
                                      ({"tls_name": "ns1.test", "tls_ca": "none.pem"}, "no authorities can be read from")])
def test_nothing_comes_over_tls_from_who_has_another_certificate(make_lab, tls, why):
    giver, taker = tls_pair(make_lab, **tls)
    taker.start()
    wait_for(lambda: why in taker.cli("status", code=None), 15 * SLOW, f"{why}\n{taker.log()}")
    assert taker.ask("@", "SOA").rcode() == dns.rcode.SERVFAIL


def test_kdig_transfers_over_tls(make_lab):
    giver, _ = tls_pair(make_lab)
    done = subprocess.run(["kdig", f"@{giver.address}", "-p", "8853", "+tls-ca=" + f"{giver.folder}/cert.pem", "+tls-hostname=ns1.test", "-y",
                           f"hmac-sha256:{nameservers.KEY_NAME}:{nameservers.SECRET}", "+timeout=3", "+retry=0", ZONE, "AXFR"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20 * SLOW)
    assert f"lb1.london.{ZONE}" in done.stdout and "Received" in done.stdout, done.stdout + done.stderr
