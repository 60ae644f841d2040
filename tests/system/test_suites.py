"""Other people's test suites look at a zone of ours: what they find is nothing, or is explained here and in docs/conformance.md."""
import json
import os
import subprocess

import pytest

from lab import ROOT, SLOW, ZONE as STEERED, Lab
from namespace import namespace  # noqa: F401 (a fixture)
from peers import program

NAME = "suite.test"
SERVERS = ("127.53.0.1", "127.53.0.2")  # in the namespace, where nobody else is
ZONE = f"""$ORIGIN {NAME}.
$TTL 3600
@ SOA ns1 hostmaster 2026010101 14400 3600 1209600 3600
@ NS ns1
@ NS ns2
ns1 A {SERVERS[0]}
ns2 A {SERVERS[1]}
@ A 127.53.0.3
@ MX 10 mail
mail A 127.53.0.3
@ TXT "v=spf1 -all"
@ CAA 0 issue "ca.example"
www CNAME mail
*.pool A 192.0.2.2
a.b.c TXT "deep"
@ NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
_sip._udp SRV 10 10 5060 mail
@ HTTPS 1 . alpn=h2,h3
"""

# Of addresses on loopback, of a network without IPv6 and without a reverse zone: they say nothing of the server.
EXPLAINED = {"NAMESERVER_IP_PRIVATE_NETWORK", "NAMESERVER_IP_WITHOUT_REVERSE", "NO_RESPONSE_PTR_QUERY", "NO_IPV6_NS_CHILD", "NO_IPV6_NS_DEL"}
UNSIGNED = {"NOT_SIGNED", "NEITHER_DNSKEY_NOR_DS"}
# What must have been looked at, so that a suite that could ask nobody does not pass.
LOOKED_AT = {"EDNS0_SUPPORT", "NO_UPWARD_REFERRAL", "CASE_QUERIES_RESULTS_OK", "ARE_AUTHORITATIVE", "ONE_SOA_SERIAL", "AXFR_FAILURE"}


def with_suite_zone(lab):
    lab.conf["zones"].append({"name": f"{NAME}.", "file": "suite.zone"})
    lab.write_file("suite.zone", ZONE)
    return lab


def sign(lab, denial):
    """The suite's zone; zonemaster's words for its DS."""
    lab.conf["zones"][-1]["dnssec"] = {"denial": denial}
    lab.write()
    lab.cli("keys", NAME, "generate", conf=True)
    return ["--ds", ",".join(lab.cli("keys", NAME, "ds", conf=True).split(" DS ")[1].split()[:4])]


def look_at(lab, name, folder, *more):
    """dnsviz's warnings and errors are none. more: what it shall take the parent to say."""
    where = f"[{lab.address}]:{lab.port}"
    probe = subprocess.run([program("dnsviz"), "probe", "-A", "-E", "-4", "-x", f"{name}+:ns1.{name}={where},ns2.{name}={where}", *more, name],
                           capture_output=True, text=True, timeout=80)
    assert probe.returncode == 0, probe.stderr
    seen = folder / "probe.json"
    seen.write_text(probe.stdout)
    whole = subprocess.run(["dnsviz", "grok", "-l", "info", "-r", str(seen)], capture_output=True, text=True, timeout=60)
    assert json.loads(whole.stdout)[f"{name}."]["queries"], whole.stderr
    found = subprocess.run(["dnsviz", "grok", "-l", "warning", "-r", str(seen)], capture_output=True, text=True, timeout=60)
    assert found.returncode == 0 and found.stdout.strip() in ("", "{}"), found.stdout
    return whole.stdout


@pytest.mark.parametrize("name", [NAME, STEERED.rstrip(".")])
def test_dnsviz_finds_nothing(make_lab, tmp_path, name):
    look_at(with_suite_zone(make_lab()).start(), name, tmp_path)


@pytest.mark.parametrize("denial", ["nsec", "nsec3"])
def test_dnsviz_finds_nothing_in_a_signed_zone(make_lab, tmp_path, denial):
    lab = with_suite_zone(make_lab())
    delegation = sign(lab, denial)[1].replace(",", " ")
    lab.start()
    told = look_at(lab, NAME, tmp_path, "-N", f"{NAME}:ns1.{NAME}={SERVERS[0]},ns2.{NAME}={SERVERS[1]}", "-D", f"{NAME}:{delegation}")
    assert told.count('"status": "VALID"') >= 10  # signatures, and proofs of what is not there


@pytest.mark.parametrize("denial", [None, "nsec", "nsec3"])
def test_zonemaster_finds_nothing(tmp_path, namespace, denial):  # noqa: F811
    """In a network of its own: it asks whom it wants."""
    lab = with_suite_zone(Lab(tmp_path, namespace=namespace, listen=f"{SERVERS[0]}:53"))
    lab.conf["server"]["listen"] = [f"{address}:53" for address in SERVERS]
    try:
        delegation = sign(lab, denial) if denial else []
        lab.start()
        done = namespace.run(program("zonemaster-cli"), "--no-ipv6", "--level", "INFO", "--no-time", "--raw",
                             *[word for i, address in enumerate(SERVERS) for word in ("--ns", f"ns{i + 1}.{NAME}/{address}")],
                             *delegation, NAME, timeout=80)
        rows = [line.split() for line in done.stdout.splitlines() if len(line.split()) > 2]
    finally:
        lab.close()
    tags = {row[2]: row[1] for row in rows}
    looked_at = LOOKED_AT | ({"RRSIG_EXPIRATION"} if denial else set())
    assert looked_at <= set(tags), f"{looked_at - set(tags)}\n{done.stdout}\n{done.stderr}"
    found = {tag for tag, level in tags.items() if level in ("NOTICE", "WARNING", "ERROR", "CRITICAL")} - (EXPLAINED if denial else EXPLAINED | UNSIGNED)
    assert not found, done.stdout


CHECKERS = {"named-checkzone": ["-k", "fail", "-n", "fail"], "kzonecheck": ["-o"], "nsd-checkzone": []}


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("zone", sorted(name for name in os.listdir(f"{ROOT}/zones") if name.endswith(".zone")) + ["suite"])
def test_checkers_of_zone_files_take_ours(tmp_path, checker, zone):
    name, path = (NAME, tmp_path / "suite.zone") if zone == "suite" else (zone[:-len(".zone")], f"{ROOT}/zones/{zone}")
    if zone == "suite":
        path.write_text(ZONE)
    done = subprocess.run([program(checker), *CHECKERS[checker], name, str(path)], capture_output=True, text=True, timeout=30 * SLOW)
    assert done.returncode == 0, done.stdout + done.stderr
