"""What is answered while signatures are made, and after: the newest state. A slow key makes that take long enough to act meanwhile."""
import json
import os
import socket
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.query
import pytest

from farm import Farm
from lab import BIN, CLIENT, HOSTS, SITES, SLOW, ZONE, Lab, records, wait_for
from signed import make_key

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
SLOWLY = ("-b", "4096")  # some milliseconds for each signature
TICKS_S = os.sysconf("SC_CLK_TCK")


class PublishLab(Lab):
    """A signed zone of many services. Everything is in the attributes, which write() makes files of."""

    def __init__(self, folder, keys, services):
        self.keys, self.services, self.serial, self.text, self.glue = str(keys), [f"s{i}" for i in range(services)], 1, "old", "192.0.2.77"
        super().__init__(folder)

    def make_conf(self):
        conf = super().make_conf()
        of_all = conf["services"][0]
        conf["services"] = [of_all] + [{**of_all, "name": f"{name}.{ZONE}"} for name in self.services]
        conf["zones"][0]["dnssec"] = {"keys": self.keys, "denial": "nsec"}
        return conf

    def make_zone(self):
        rows = super().make_zone().replace("hostmaster 1 ", f"hostmaster {self.serial} ").split("\n")
        rows += [f'news TXT "{self.text}"', "child NS ns.child", f"ns.child A {self.glue}"]
        for site in self.sites:
            for host in self.hosts:
                for name in self.services:
                    rows += [f"{name} A {self.ip(site, host)}", f"_sip._udp.{name} SRV 10 10 5060 {self.host(site, host)}"]
        return "\n".join(rows) + "\n"

    def write(self):
        self.zone_text = self.make_zone()
        super().write()

    # --- what it is at

    def ticks(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def signing(self):
        """Whether it computes; nothing else that it does takes a tenth of a second's fifth."""
        before = self.ticks()
        time.sleep(0.1)
        return self.ticks() - before >= 0.02 * TICKS_S

    def settle(self):
        wait_for(lambda: not any(self.signing() for _ in range(5)), 30 * SLOW, "everything is signed", step=0)

    # --- what it answers

    def news(self):
        return records(self.ask("news", "TXT"), "TXT")[0].strings[0].decode()

    def soa(self, **options):
        return records(self.ask("@", "SOA", **options), "SOA")[0].serial

    def targets(self, client):
        """Of the first service and of the last, in order; signed, as validators get them."""
        answers = [self.ask(name, "SRV", client, dnssec=True) for name in ("_sip._udp", f"_sip._udp.{self.services[-1]}")]
        assert all(records(a, "RRSIG") or "dnssec" not in self.conf["zones"][0] for a in answers)
        return [[self.site_at(r.target.to_text()) for r in sorted(records(a, "SRV"), key=lambda r: r.priority)] for a in answers]

    def disable(self, endpoint):
        self.cli("disable", place_of(endpoint), "--reason", "test")

    def enable(self, endpoint):
        self.cli("enable", place_of(endpoint))

    def reload(self):
        self.write()
        return self.cli("reload")


@pytest.fixture(scope="module")
def slow_keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    make_key(folder, ZONE, "-f", "KSK", *SLOWLY, algorithm="RSASHA256")
    return folder


def place_of(endpoint):
    site, host = endpoint
    return f"{site}/{host}.{site}.{ZONE}"


class Signing:
    """An endpoint is being disabled: the signatures for that are not there yet, of no test before."""

    def __init__(self, lab, endpoint):
        self.lab, self.endpoint, self.client = lab, endpoint, CLIENT[endpoint[0]]
        self.before = lab.targets(self.client)
        assert all(endpoint in row for row in self.before)
        lab.disable(endpoint)
        assert lab.targets(self.client) == self.before, "the signatures came sooner than they could be waited for"

    def undone(self):
        return self.lab.targets(self.client) == self.before

    def done(self, *more):
        """Whether neither it nor more of its site's is a target, and the site's others still are."""
        gone = (self.endpoint, *more)
        left = [[target for target in row if target[0] == self.endpoint[0] and target not in gone] for row in self.before]
        return all(row[:len(head)] == head and not set(gone) & set(row) for row, head in zip(self.lab.targets(self.client), left))


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory, slow_keys):
    lab = PublishLab(tmp_path_factory.mktemp("publish"), slow_keys, services=40)
    lab.untouched = [(site, host) for host in ("lb1", "lb2") for site in lab.sites]
    lab.start(wait=False).wait_ready(40)
    yield lab
    lab.close()


@pytest.fixture
def slow(shared_lab):
    """The shared lab as it was at first: nothing ordered, all signed."""
    lab = shared_lab
    if lab.process is None or lab.process.poll() is not None:
        lab.process = None
        lab.start(wait=False).wait_ready(40)
    for order in lab.cli("status", json_form=True, code=None)["status"]["overrides"]:
        lab.cli("enable", order["target"])
    lab.conf = lab.make_conf()
    lab.reload()
    lab.settle()
    return lab


@pytest.fixture
def begun(slow):
    return Signing(slow, slow.untouched.pop(0))


# --- orders and reloads during a signing


def test_an_order_taken_back_while_it_is_signed_leaves_nothing_behind(slow, begun):
    slow.enable(begun.endpoint)
    assert begun.undone()
    slow.settle()
    assert begun.undone()
    explained = slow.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", begun.client)
    assert slow.host(*begun.endpoint) in explained and "disable" not in explained


def test_the_last_of_several_orders_is_what_holds(slow, begun):
    slow.enable(begun.endpoint)
    last = (begun.endpoint[0], "ms1")
    slow.disable(last)
    slow.settle()
    begun.endpoint = last
    assert begun.done()


def test_a_reload_that_needs_no_signing_is_not_overwritten(slow, begun):
    del slow.conf["zones"][0]["dnssec"]
    slow.text, slow.serial = "unsigned", slow.serial + 1
    slow.reload()
    for _ in range(2):
        assert slow.news() == "unsigned" and begun.done()
        assert not records(slow.ask("news", "TXT", dnssec=True), "RRSIG")
        slow.settle()


def test_a_reload_is_done_when_it_is_answered(slow, begun):
    slow.text, slow.serial = "reloaded", slow.serial + 10
    slow.reload()
    for _ in range(2):
        assert slow.news() == "reloaded" and slow.soa() == slow.serial and begun.done()
        slow.settle()


@pytest.mark.main
def test_explain_during_a_signing_neither_crashes_nor_lies(slow, begun):
    last = slow.services[-1]
    question = f"{last}.{ZONE}", "A", "--client", begun.client
    slow.conf["services"] = slow.conf["services"][:5]
    slow.write()

    def steered():  # what is not steered has all records
        return len(records(slow.ask(last, "A", begun.client), "A")) < len(SITES) * len(HOSTS)

    later = 0
    with subprocess.Popen([f"{BIN}/sipsteer", "-s", slow.socket, "reload"], stdout=subprocess.DEVNULL) as reloading:
        while reloading.poll() is None:
            before = steered()
            told = slow.cli("explain", *question, code=None)
            if slow.last.returncode == 0:
                assert ("not steered" not in told) in (before, steered()), told
            else:
                assert "being signed" in slow.last.stderr, slow.last.stderr
                later += 1
    assert reloading.returncode == 0 and later > 0
    assert "not steered" in slow.cli("explain", *question) and not steered()


class Secondary:
    """Is told of serials, and looks at once whether it can have them."""

    def __init__(self, lab):
        self.lab, self.seen, self.ending = lab, [], threading.Event()
        self.address = f"{lab.net}.250"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 5399))
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        while not self.ending.is_set():
            try:
                octets, peer = self.socket.recvfrom(2000)
            except TimeoutError:
                continue
            told = dns.message.from_wire(octets)
            reply = dns.message.make_response(told)
            reply.flags |= dns.flags.AA
            self.socket.sendto(reply.to_wire(), peer)
            self.seen.append((records(told, "SOA")[0].serial, self.lab.soa(), self.fetch()))

    def fetch(self):
        query = dns.message.make_query(ZONE, "AXFR")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.settimeout(5 * SLOW)
            s.bind((self.address, 0))
            s.connect((self.lab.address, self.lab.port))
            dns.query.send_tcp(s, query)
            answer, _ = dns.query.receive_tcp(s, one_rr_per_rrset=True)
        return answer.answer[0][0].serial

    def end(self):
        self.ending.set()
        self.thread.join()
        self.socket.close()


def test_secondaries_are_told_of_a_serial_when_they_can_fetch_it(slow, begun):
    secondary = Secondary(slow)
    try:
        slow.conf["zones"][0]["transfer"] = {"notify": [f"{secondary.address}:5399"], "allow": [secondary.address]}
        slow.serial += 100
        slow.reload()
        wait_for(lambda: secondary.seen, 10 * SLOW, "a NOTIFY")
    finally:
        secondary.end()
    assert secondary.seen[0] == (slow.serial,) * 3, secondary.seen
    assert begun.done()


# --- what comes while the first answers are signed


@pytest.fixture
def starting(tmp_path, slow_keys):
    """A lab that shall be started while its first endpoint is not up, so that the first answers need signatures which are not made ahead."""
    lab = PublishLab(tmp_path, slow_keys, services=16)
    yield lab
    lab.close()


DOWN, OTHER, LAST = (("london", host) for host in HOSTS)


def expect_in_the_end(lab, sign, targets, without):
    """sign: what is logged of the thing that came before the first answers."""
    lab.wait_ready(30)
    lab.wait_logged(sign)
    assert lab.log().index(sign) < lab.log().index("ready: "), f"the first answers came before it:\n{lab.log()}"
    wait_for(lambda: all(targets <= set(row) and not without & set(row) for row in lab.targets(CLIENT["london"])), 10 * SLOW, f"{targets}, not {without}")
    lab.settle()
    assert all(targets <= set(row) and not without & set(row) for row in lab.targets(CLIENT["london"]))


def start_with_an_order(lab):
    order = {"order": "disable", "scope": "endpoint", "target": place_of(DOWN), "reason": "", "who": "root", "since_s": 1, "until_s": 0, "suspended_until_s": 0}
    os.makedirs(f"{lab.folder}/state")
    lab.write_file("state/overrides.json", json.dumps({"version": 1, "overrides": [order]}))
    lab.start(wait=False)
    wait_for(lambda: os.path.exists(lab.socket), 30 * SLOW, "the control socket", step=0.01)
    lab.cli("status", code=None)  # what it answers, its first answers are on their way


def test_an_order_before_the_first_answers_is_not_forgotten(starting):
    start_with_an_order(starting)
    starting.enable(DOWN)
    expect_in_the_end(starting, f"order: enable {place_of(DOWN)}", {DOWN, OTHER}, set())


def test_a_reload_before_the_first_answers_is_not_forgotten(starting):
    start_with_an_order(starting)
    starting.text = "reloaded"
    starting.reload()
    expect_in_the_end(starting, "reloaded: ", {OTHER, LAST}, {DOWN})
    assert starting.news() == "reloaded"


def test_a_verdict_before_the_first_answers_is_not_forgotten(starting):
    lab = starting
    lab.probe_all(rise=1, fall=1)
    farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    try:
        farm.set("silent", lab.ip(*DOWN))
        lab.start(wait=False)
        wait_for(lambda: f"{place_of(DOWN)}: unknown -> down" in lab.log(), 30 * SLOW, "the first verdicts", step=0.01)
        farm.set("ok", lab.ip(*DOWN))
        expect_in_the_end(lab, f"{place_of(DOWN)}: down -> up", {DOWN, OTHER}, set())
    finally:
        farm.end()


# --- serials, and the time of signatures


@pytest.fixture
def quick(tmp_path):
    """A lab with a quick key and the least to sign."""
    make_key(tmp_path / "keys", ZONE, "-f", "KSK")
    lab = PublishLab(tmp_path, tmp_path / "keys", services=1)
    yield lab
    lab.close()


def test_the_serial_grows_when_only_glue_has_changed(quick):
    """Glue has no signatures, but secondaries must have it."""
    quick.start()
    before = quick.soa()
    quick.reload()
    assert quick.soa() == before
    quick.glue = "192.0.2.78"
    quick.reload()
    assert quick.soa() == before + 1
    assert records(quick.ask("x.child", "A"), "A", "additional")[0].address == quick.glue


def test_who_signs_no_more_is_told_until_the_serial_is_newer(quick):
    quick.start()
    for quick.text in ("a", "b", "c"):
        quick.reload()
    assert quick.soa() == 4
    del quick.conf["zones"][0]["dnssec"]
    said = "signed with serial 4 and is not any more"
    for told in (quick.reload() + quick.last.stderr, quick.reload() + quick.last.stderr):
        assert said in told and "the serial here, 1, is raised above it" in told, told
    assert said in quick.cli("check", conf=True, code=None) + quick.last.stderr
    quick.wait_logged(said)
    assert quick.soa() == 1  # it is the file's
    quick.serial = 4
    assert "not any more" not in quick.reload() + quick.last.stderr and quick.soa() == 4
    quick.serial = 3
    assert said in quick.reload() + quick.last.stderr
    quick.stop()
    quick.serial = 5
    quick.start()
    assert "not any more" not in quick.log() + quick.reload() + quick.last.stderr and quick.soa() == 5


@pytest.mark.skipif(SLOW > 1 or not os.access(FAKETIME, os.R_OK), reason="libfaketime does not go with sanitizers")
def test_a_reload_after_a_jump_of_the_clock_signs_what_is_steered_by_the_new_time(quick):
    def inception(name, rdtype):
        return records(quick.ask(name, rdtype, CLIENT["london"], dnssec=True), "RRSIG")[0].inception - time.time()

    quick.write_file("clock", "+5h")
    quick.command = lambda *words: ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={quick.folder}/clock", "FAKETIME_NO_CACHE=1",
                                    "FAKETIME_DONT_FAKE_MONOTONIC=1", *words]
    quick.start()
    del quick.command
    quick.disable(DOWN)
    wait_for(lambda: DOWN not in quick.targets(CLIENT["london"])[0], 10, "the order signed")
    assert inception("_sip._udp", "SRV") > 3 * 3600
    quick.write_file("clock", "+0")
    quick.wait_logged("the clock has jumped")
    quick.reload()
    for name, rdtype in (("news", "TXT"), ("_sip._udp", "SRV"), ("@", "A")):
        assert -2 * 3600 < inception(name, rdtype) < 0
