"""sipsteer delegation: what it prints loads at a real parent, and with --check every kind of wrong delegation is told.

The parent is a real name server (Knot DNS) on loopback; the zone's servers are two sipsteerd.
"""
import glob
import os
import re
import signal
import socket
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.zone
import pytest

from lab import ROOT, SLOW, ZONE, read_tcp, reserve_network, wait_for

PARENT = "example.com."
PARENT_HEAD = f"""$ORIGIN {PARENT}
$TTL 60
@ SOA ns.parent hostmaster 1 3600 600 86400 60
@ NS ns.parent
ns.parent A 192.0.2.2
"""


class Parent:
    """knotd, authoritative for example.com."""

    def __init__(self, folder):
        self.net, self.keeper = reserve_network()
        self.address, self.port, self.folder, self.process = f"{self.net}.253", 5300, str(folder), None
        self.at = f"{self.address}:{self.port}"

    def start(self):
        self.write(1, "")
        with open(f"{self.folder}/knot.conf", "w") as out:
            out.write(f"""server:
    rundir: {self.folder}
    listen: {self.address}@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {self.folder}
zone:
  - domain: {PARENT}
    file: {self.folder}/parent.zone
    semantic-checks: off
    journal-content: none
    zonefile-load: whole
""")
        with open(f"{self.folder}/knot.log", "wb") as log:
            self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", f"{self.folder}/knot.conf"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, cwd=self.folder)
        wait_for(lambda: self.serial() == 1, 20 * SLOW, "the parent answers")
        return self

    def write(self, serial, records):
        with open(f"{self.folder}/parent.zone", "w") as out:
            out.write(PARENT_HEAD.replace("hostmaster 1 ", f"hostmaster {serial} ") + records)

    def serial(self):
        assert self.process.poll() is None, open(f"{self.folder}/knot.log").read()
        try:
            answer = dns.query.udp(dns.message.make_query(PARENT, "SOA"), self.address, 0.5 * SLOW, self.port)
            if answer.answer:
                self.serial_known = answer.answer[0][0].serial
            return answer.answer[0][0].serial if answer.answer else None
        except (dns.exception.Timeout, OSError):
            return None

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def reload(self, records):
        """The zone anew: knotd reads it on SIGHUP."""
        wait_for(lambda: self.serial() is not None, 20 * SLOW, "the parent answers")
        serial = self.serial_known + 1
        self.write(serial, records)
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.serial() == serial, 20 * SLOW, "the parent's new zone")

    def close(self):
        self.stop()
        self.keeper.close()


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    one = Parent(tmp_path_factory.mktemp("parent"))
    try:
        yield one.start()
    finally:
        one.close()


class Scene:
    """Two sipsteerd with one zone of two name servers, each at its lab's address, and a parent."""

    def __init__(self, make_lab, parent):
        self.labs, self.parent = [make_lab(), make_lab()], parent
        self.text = self.labs[0].zone_text.replace("@ NS ns1\nns1 A 192.0.2.53", "@ NS ns1\n@ NS ns2\nns1 A {}\nns2 A {}").format(
            *[lab.address for lab in self.labs])
        for lab in self.labs:
            lab.zone_text = self.text

    def start(self):
        for lab in self.labs:
            lab.start()
        return self

    @property
    def records(self):
        """What the tool says that the parent must hold."""
        return self.labs[0].cli("delegation", ZONE, conf=True)

    def check(self, *options, code=1, **kinds):
        servers = [word for i, lab in enumerate(self.labs) for word in ("--server", f"ns{i + 1}.{ZONE}={lab.address}:{lab.port}")]
        return self.labs[0].cli("delegation", ZONE, "--check", "--parent", self.parent.at, *servers, *options, code=code, conf=True, **kinds)

    def codes(self, *options, code=1):
        return {f["code"] for f in self.check(*options, code=code, json_form=True)["findings"]}


@pytest.fixture
def scene(make_lab, parent):
    return Scene(make_lab, parent).start()


def test_what_is_printed_makes_a_delegation_that_is_found_in_order(scene):
    printed = scene.records
    for i, lab in enumerate(scene.labs):
        assert f"\n{ZONE} 86400 IN NS ns{i + 1}.{ZONE}\n" in printed
        assert f"\nns{i + 1}.{ZONE} 86400 IN A {lab.address}\n" in printed
        assert f"ns{i + 1}.{ZONE}  {lab.address}\n" in printed  # the form
    scene.parent.reload(printed)
    assert "OK" in scene.check(code=0)
    reply = scene.check(code=0, json_form=True)
    assert reply["ok"] and reply["findings"] == []
    assert [s["serial"] for s in reply["delegation"]["servers"]] == [1, 1]
    assert {s["udp"] for s in reply["delegation"]["servers"]} == {s["tcp"] for s in reply["delegation"]["servers"]} == {"ok"}


def lines_of(scene):
    return [line for line in scene.records.splitlines() if not line.startswith(";")]


def test_each_wrong_record_at_the_parent_is_told(scene):
    good = lines_of(scene)
    ns1, ns2, a1, a2 = good
    wrong = {
        "ns-missing": [ns1, a1],
        "glue-missing": [ns1, ns2, a2],
        "glue-stale": [ns1, ns2, a2, a1.rsplit(" ", 1)[0] + " 127.0.0.9"],
        "glue-incomplete": [ns1, ns2, a2, a1.rsplit(" ", 1)[0] + " 127.0.0.9"],
        "ns-extra": good + [f"{ZONE} 86400 IN NS gone.{ZONE}", f"gone.{ZONE} 86400 IN A 127.0.0.9"],
        "ds-without-key": good + [f"{ZONE} 3600 IN DS 4711 13 2 {'AB' * 32}"],
        "bogus": good + [f"{ZONE} 3600 IN DS 4711 13 2 {'AB' * 32}"],
    }
    scene.parent.reload("")
    assert scene.codes() == {"not-delegated"}  # all else is ready
    for code, records in wrong.items():
        scene.parent.reload("\n".join(records) + "\n")
        assert code in scene.codes(), code
    text = scene.check()
    assert "error: no DS record fits a key" in text and "key tag 4711" in text
    assert scene.parent.address in text  # whose fault it is


def test_servers_that_differ_from_each_other_are_told(scene):
    scene.parent.reload("\n".join(lines_of(scene)) + "\n")
    one, two = scene.labs
    two.zone_text = scene.text.replace("hostmaster 1 ", "hostmaster 2 ")
    two.write()
    two.cli("reload")
    assert "serials-differ" in scene.codes()
    assert f"serial number 2\n    ns2.{ZONE} ({two.address}:{two.port})" in scene.check()
    two.zone_text = scene.text.replace("@ NS ns2\n", "")
    two.write()
    two.cli("reload")
    assert "ns-differ" in scene.codes()
    two.zone_text = scene.text
    two.stop()
    two.conf = {"server": two.conf["server"], "zones": [{"name": "other.test.", "file": "other.zone"}]}
    two.write_file("other.zone", "@ 60 SOA ns1 h 1 2 3 4 5\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n")
    two.start()
    assert "lame" in scene.codes()
    two.stop()
    assert "no-answer" in scene.codes()


def test_a_file_that_was_not_loaded_is_told(scene):
    scene.parent.reload("\n".join(lines_of(scene)) + "\n")
    for lab in scene.labs:
        lab.zone_text = scene.text.replace("hostmaster 1 ", "hostmaster 5 ")
        lab.write()
    assert "serial-of-file" in scene.codes()
    scene.labs[0].cli("reload")
    scene.labs[1].cli("reload")
    assert scene.codes(code=0) == set()


def test_one_server_and_one_network_are_told(make_lab, parent):
    lab = make_lab()
    lab.zone_text = lab.zone_text.replace("192.0.2.53", lab.address)
    lab.start()
    parent.reload(lab.cli("delegation", ZONE, conf=True))
    where = ["--parent", parent.at, "--server", f"ns1.{ZONE}={lab.address}:{lab.port}"]
    found = lab.cli("delegation", ZONE, "--check", *where, code=1, conf=True, json_form=True)["findings"]
    assert [f["code"] for f in found] == ["one-server"] and found[0]["severity"] == "warning"
    lab.zone_text = lab.zone_text.replace("@ NS ns1\n", f"@ NS ns1\n@ NS ns2\nns2 A {lab.net}.9\n")
    lab.write()
    lab.cli("reload")
    parent.reload(lab.cli("delegation", ZONE, conf=True))
    where += ["--server", f"ns2.{ZONE}={lab.address}:{lab.port}"]
    found = lab.cli("delegation", ZONE, "--check", *where, code=1, conf=True, json_form=True)["findings"]
    assert [f["code"] for f in found] == ["one-address"]


class Answerer:
    """A name server whose faults are a function: query -> octets to send back, or None. udp, tcp: whether it is there."""

    def __init__(self, reply, udp=True, tcp=True):
        self.net, self.keeper = reserve_network()
        self.address, self.port, self.reply, self.ended = f"{self.net}.253", 5300, reply, False
        self.sockets, self.threads = [], []
        for kind, wanted in ((socket.SOCK_DGRAM, udp), (socket.SOCK_STREAM, tcp)):
            if wanted:
                s = socket.socket(socket.AF_INET, kind)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((self.address, self.port))
                s.settimeout(0.1)
                self.sockets.append(s)
                self.threads.append(threading.Thread(target=self.serve_udp if kind == socket.SOCK_DGRAM else self.serve_tcp, args=(s,)))
        if tcp:
            self.sockets[-1].listen()
        for thread in self.threads:
            thread.start()

    def answers(self, query, tcp):
        octets = self.reply(dns.message.from_wire(query), tcp)
        return octets if isinstance(octets, list) else [octets] if octets else []

    def serve_udp(self, s):
        while not self.ended:
            try:
                query, peer = s.recvfrom(65535)
            except TimeoutError:
                continue
            for octets in self.answers(query, False):
                s.sendto(octets, peer)

    def serve_tcp(self, s):
        while not self.ended:
            try:
                peer, _ = s.accept()
            except TimeoutError:
                continue
            with peer:
                peer.settimeout(2)
                try:
                    for octets in self.answers(read_tcp(peer), True):
                        peer.sendall(len(octets).to_bytes(2, "big") + octets)
                except OSError:
                    pass

    def close(self):
        self.ended = True
        for thread in self.threads:
            thread.join()
        for s in self.sockets:
            s.close()
        self.keeper.close()


@pytest.fixture
def answerer():
    made = []

    def make(*args, **options):
        made.append(Answerer(*args, **options))
        return made[-1]
    yield make
    for one in made:
        one.close()


def sound(text):
    """A reply function that serves this zone as it should be served."""
    zone = dns.zone.from_text(text, ZONE, relativize=False, check_origin=False)

    def reply(query, tcp=False):
        answer, asked = dns.message.make_response(query, our_payload=1232), query.question[0]
        answer.flags |= dns.flags.AA
        rrsets = [zone.get_rrset(asked.name, asked.rdtype), zone.get_rrset(asked.name, "RRSIG", asked.rdtype)]
        answer.answer += [rrset for rrset in rrsets[:2 if query.ednsflags & dns.flags.DO else 1] if rrset]
        return answer
    return reply


def faulty(good, name):
    """Kinds of servers that a zone may have the bad luck to be delegated to."""
    def change(query, tcp):
        answer = good(query, tcp)
        if name == "silent":
            return None
        if name == "refused":
            answer.set_rcode(dns.rcode.REFUSED)
            answer.answer = []
        elif name == "no-aa":
            answer.flags &= ~dns.flags.AA
        elif name == "no-edns" and query.edns >= 0:
            return query.id.to_bytes(2, "big") + b"\x80\x01" + bytes(8)  # FORMERR, the header alone
        elif name == "forged":
            octets = answer.to_wire()
            return octets if tcp else [bytes([octets[0] ^ 1]) + octets[1:], octets[:-3], octets]
        elif name == "other-question":
            other = dns.message.make_query("www.example.net.", "A")
            other.id = query.id
            return dns.message.make_response(other).to_wire()
        elif name == "only-tcp" and not tcp:
            answer.answer, answer.flags = [], answer.flags | dns.flags.TC
        elif name == "garbage":
            return b"\xff" * 40
        return answer.to_wire()
    return change


FAULTS = [
    ("none", {}, []), ("refused", {}, ["lame"]), ("no-aa", {}, ["lame"]), ("no-edns", {}, ["no-edns"]), ("forged", {}, ["strange-replies"]),
    ("other-question", {}, ["no-answer", "strange-replies"]), ("garbage", {}, ["no-answer", "strange-replies"]), ("only-tcp", {}, []),
    ("no-tcp", {"tcp": False}, ["no-tcp"]), ("no-udp", {"udp": False}, ["no-udp"]), ("silent", {}, ["no-answer"])]


@pytest.mark.parametrize("fault,options,expected", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_faulty_server_is_told_and_never_waited_for_long(make_lab, parent, answerer, fault, options, expected):
    lab = make_lab()
    lab.zone_text = lab.zone_text.replace("@ NS ns1\nns1 A 192.0.2.53", f"@ NS ns1\n@ NS ns2\nns1 A {lab.address}\nns2 A 127.0.0.9")
    lab.start()
    parent.reload(lab.cli("delegation", ZONE, conf=True))
    other = answerer(faulty(sound(lab.zone_text), fault), **options)
    begun = time.monotonic()
    found = lab.cli("delegation", ZONE, "--check", "--parent", parent.at, "--server", f"ns1.{ZONE}={lab.address}:{lab.port}", "--server",
                    f"ns2.{ZONE}={other.address}:{other.port}", code=None, conf=True, json_form=True)["findings"]
    assert {f["code"] for f in found} == set(expected), found
    assert lab.last.returncode == (1 if expected else 0)
    assert all(other.address in f["at"] and lab.address not in f["at"] for f in found)
    assert time.monotonic() - begun < 20 * SLOW


def test_the_parent_is_found_by_the_resolver(make_lab, parent, tmp_path, answerer):
    """The resolver is asked for the name servers of the names above the zone, then for their addresses."""
    lab = make_lab()
    lab.zone_text = lab.zone_text.replace("@ NS ns1\nns1 A 192.0.2.53", "@ NS ns1.outside.test.\n@ NS ns2.outside.test.")
    lab.start()
    asked = []

    def resolver(query, tcp):
        name, rdtype = query.question[0].name.to_text(), dns.rdatatype.to_text(query.question[0].rdtype)
        asked.append((name, rdtype))
        answer = dns.message.make_response(query)
        known = {(PARENT, "NS"): f"{PARENT} 60 IN NS ns.parent.{PARENT}", ("ns1.outside.test.", "A"): f"ns1.outside.test. 60 IN A {lab.address}"}
        if (name, rdtype) in known:
            answer.answer = dns.message.from_text(f"id 1\n;ANSWER\n{known[name, rdtype]}").answer
        elif name == "ns2.outside.test.":
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()
    server = answerer(resolver)
    parent.reload(lab.cli("delegation", ZONE, conf=True))
    reply = lab.cli("delegation", ZONE, "--check", "--resolver", f"{server.address}:{server.port}", "--server", f"ns.parent.{PARENT}={parent.at}",
                    "--server", f"ns1.outside.test.={lab.address}:{lab.port}", code=1, conf=True, json_form=True)
    assert reply["delegation"]["parent"] == PARENT
    assert {f["code"] for f in reply["findings"]} == {"no-address", "one-address"}
    assert "ns2.outside.test." in str(reply["findings"])
    assert (PARENT, "NS") in asked and ("ns2.outside.test.", "AAAA") in asked


def test_what_cannot_be_asked_ends_with_2(make_lab, parent):
    lab = make_lab()
    lab.write()
    begun = time.monotonic()
    for words in ([ZONE, "--check", "--resolver", f"{lab.net}.9:9"], ["other.example.net"], [ZONE, "--check", "--parent", "nonsense"],
                  [ZONE, "--check", "--parent", parent.at, "--server", "ns1.example.com"], [ZONE, "--parent", parent.at], [ZONE, "--check", "--resolver", "x"]):
        lab.cli("delegation", *words, code=2, conf=True)
        assert lab.last.stderr and not lab.last.stdout
    lab.write_file("sip.zone", "nonsense\n")
    lab.cli("delegation", ZONE, code=2, conf=True)
    assert "sip.zone" in lab.last.stderr
    assert time.monotonic() - begun < 60 * SLOW


def sign(folder, text, *options):
    """The zone signed by BIND's dnssec-signzone with one key: (zone text, DS records by digest type)."""
    for old in folder.glob("K*"):
        old.unlink()
    key = subprocess.run(["dnssec-keygen", "-q", "-a", "13", "-f", "KSK", ZONE], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
    (folder / "zone").write_text(text)
    subprocess.run(["dnssec-signzone", "-q", "-x", "-z", "-P", "-S", "-o", ZONE, "-f", "signed", *options, "zone"], cwd=folder, capture_output=True, check=True)
    made = subprocess.run(["dnssec-dsfromkey", "-a", "SHA-1", "-a", "SHA-256", "-a", "SHA-384", f"{key}.key"], cwd=folder, capture_output=True,
                          text=True, check=True).stdout
    return (folder / "signed").read_text(), {int(line.split()[5]): line for line in made.splitlines()}


@pytest.fixture
def signed(make_lab, parent, tmp_path, answerer):
    """A function that delegates a zone whose two servers serve these texts, with these DS records; returns the codes of what is found."""
    lab = make_lab()

    def codes(texts, ds):
        servers = [answerer(lambda query, tcp, good=sound(text): good(query).to_wire(max_size=65535)) for text in texts]
        parent.reload(lab.cli("delegation", ZONE, conf=True) + "\n".join(ds) + "\n")
        where = [word for i, one in enumerate(servers) for word in ("--server", f"ns{i + 1}.{ZONE}={one.address}:{one.port}")]
        found = lab.cli("delegation", ZONE, "--check", "--parent", parent.at, *where, code=None, conf=True, json_form=True)["findings"]
        for one in servers:
            one.close()
        return {f["code"] for f in found}

    codes.folder = tmp_path
    codes.text = lab.zone_text = lab.zone_text.replace("@ NS ns1\nns1 A 192.0.2.53", "@ NS ns1\n@ NS ns2\nns1 A 127.0.0.8\nns2 A 127.0.0.9")
    lab.write()
    return codes


def test_ds_records_and_keys_are_held_against_each_other(signed):
    text, ds = sign(signed.folder, signed.text, "-N", "keep")
    for digest in ds:
        assert signed([text, text], [ds[digest]]) == set(), digest
    last = ds[2][-1]
    mistyped = ds[2][:-1] + ("0" if last != "0" else "1")
    assert signed([text, text], [mistyped]) == {"ds-digest", "bogus"}
    assert signed([text, text], [ds[2], mistyped]) == {"ds-digest"}
    assert signed([text, text], []) == {"key-without-ds"}
    assert signed([text, text], [ds[2], f"{ZONE} 60 IN DS 4711 13 2 {'AB' * 32}"]) == {"ds-without-key"}
    assert signed([text, signed.text], [ds[2]]) == {"unsigned-here"}
    assert signed([signed.text, signed.text], [ds[2]]) == {"ds-without-key", "bogus"}
    assert signed([text, text], [f"{ZONE} 60 IN DS {' '.join(ds[2].split(' DS ')[1].split()[:2])} 99 {'AB' * 32}"]) == {"ds-unknown-digest"}


def test_signatures_that_do_not_hold_now_are_told(signed):
    now = int(time.time())
    stamp = [time.strftime("%Y%m%d%H%M%S", time.gmtime(now + hours * 3600)) for hours in (-48, -1, 1, 48)]
    text, ds = sign(signed.folder, signed.text, "-N", "keep", "-s", stamp[0], "-e", stamp[1])
    assert signed([text, text], [ds[2]]) == {"signature-expired"}
    text, ds = sign(signed.folder, signed.text, "-N", "keep", "-s", stamp[2], "-e", stamp[3])
    assert signed([text, text], [ds[2]]) == {"signature-early"}
    text, ds = sign(signed.folder, signed.text, "-N", "keep", "-s", stamp[0], "-e", stamp[3])
    bare = "\n".join(line for line in dns.zone.from_text(text, ZONE, relativize=False).to_text().splitlines() if " RRSIG SOA " not in line)
    assert signed([text, bare], [ds[2]]) == {"signature-missing"}


def test_the_keys_of_a_signed_zone_make_the_ds_records(make_lab, parent):
    """Two sipsteerd that sign with the same keys; the DS is the one that BIND's tool makes of the key."""
    scene = Scene(make_lab, parent)
    keys = scene.labs[0].folder + "/keys"
    os.mkdir(keys)
    key = subprocess.run(["dnssec-keygen", "-q", "-a", "13", "-f", "KSK", "-P", "-1h", "-A", "-1h", "-K", keys, ZONE], capture_output=True,
                         text=True, check=True).stdout.strip()
    for lab in scene.labs:
        lab.conf["zones"][0]["dnssec"] = {"keys": keys}
    scene.start()
    made = subprocess.run(["dnssec-dsfromkey", "-2", f"{keys}/{key}.key"], capture_output=True, text=True, check=True).stdout.split()
    printed = scene.records
    assert f"\n{ZONE} 3600 IN DS {' '.join(made[3:6])} {made[6].lower()}\n" in printed
    assert f"key tag {made[3]}, algorithm 13 (ECDSA P-256/SHA-256), digest type 2 (SHA-256), digest" in printed and made[6] in printed
    parent.reload(printed)
    assert scene.codes(code=0) == set()
    parent.reload("\n".join(line for line in printed.splitlines() if " DS " not in line) + "\n")
    assert scene.codes() == {"key-without-ds"}
    parent.reload(printed.replace(f" DS {made[3]} ", f" DS {int(made[3]) ^ 1} "))
    assert scene.codes() == {"ds-without-key", "ds-missing", "bogus"}
    with open(f"{keys}/{key}.private", "w") as out:
        out.write("nonsense\n")
    scene.labs[0].cli("delegation", ZONE, code=2, conf=True)
    assert key in scene.labs[0].last.stderr


def test_every_finding_is_in_the_manual():
    source = "".join(open(path).read() for path in glob.glob(f"{ROOT}/src/delegation/judge_*.c"))
    codes = {code for call in re.findall(r"fault_add\(\s*faults,(.*?)(?:true|false),", source, re.DOTALL) for code in re.findall(r'"([a-z-]+)"', call)}
    manual = open(f"{ROOT}/docs/delegation.md").read()
    assert len(codes) > 20 and {code for code in codes if f"`{code}`" not in manual} == set()
