"""Validating resolvers and tools of others in front of signed zones: whatever is asked, nothing is bogus, and what is signed is known to be so."""
import random
import subprocess

import dns.edns
import dns.flags
import dns.rcode
import pytest

from lab import CLIENT, SLOW
from resolvers import RESOLVERS, free_port
from signed import ONE, PARENTS, THREE, SignedLab
from test_dnssec import ask, judged, questions, zones_of

FAR = ("cut", "secure", "elsewhere", "out", "tokid", "toplain", "grow")  # not all of it is ours to answer, or not in one answer
NOT_ASKED = ("ANY", "NSEC", "NSEC3PARAM", "CNAME", "DNAME")  # by anybody; Unbound looks for DS where a DNAME's owner is not the question
APEXES = [f"{name}{zone}" for zone in PARENTS for name in ("", "toapex.")]  # the parent would be asked about their DS
KINDS = {"positive", "nodata", "nxdomain", "insecure"}


def at_a_free_port(lab):
    """BIND answers at the port that it asks at."""
    lab.port = free_port("127.0.0.1")
    lab.conf["server"]["listen"][0] = f"{lab.address}:{lab.port}"
    return lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = at_a_free_port(SignedLab(tmp_path_factory.mktemp("signed"), split=True))
    yield lab.start()
    lab.close()


@pytest.fixture(scope="module", params=RESOLVERS, ids=lambda kind: kind.__name__)
def resolver(request, lab, tmp_path_factory):
    resolver = request.param(tmp_path_factory.mktemp("resolver"), lab, lab.anchors())
    yield resolver
    resolver.end()


def through(resolver, direct, question, **options):
    """The resolver says what the judge found in the direct answer, and says that it is secure."""
    name, rdtype, _ = question
    verdict, judge = direct
    answer = resolver.ask(name, rdtype, **options)
    where = f"{type(resolver).__name__}: {question}: {verdict}, but\n{answer}\n{resolver.log()[-1500:]}"
    if answer.rcode() == dns.rcode.SERVFAIL:
        where += f"\nwithout validation:\n{resolver.ask(name, rdtype, cd=True)}"
    assert answer.rcode() == judge.message.rcode(), where
    assert bool(answer.flags & dns.flags.AD) == (verdict != "insecure"), where
    return answer


def compare_all(resolver, lab, asked):
    zones, count = zones_of(lab), 0
    for question in asked:
        name, rdtype, _ = question
        if any(name.startswith(front) and zone in name for zone, front in resolver.mistaken) or name in APEXES and rdtype == "DS":
            continue
        if rdtype in NOT_ASKED or any(f"{far}." in name for far in FAR):
            continue
        direct = judged(zones, ask(lab, *question, tcp=True), question)
        if direct[0] in KINDS:
            through(resolver, direct, question)
            count += 1
    return count


def test_nothing_is_bogus(resolver, lab):
    assert compare_all(resolver, lab, questions(lab, seed=random.randrange(1000), share=0.03)) > 250


def test_whole_answers_are_secure_in_any_order(resolver, lab):
    """Aliases and wildcards of services first, then the services, then aliases again from the cache."""
    asked = [(f"{name}.{zone}", rdtype, CLIENT["london"]) for zone in PARENTS for name in ("toservice2", "x.way", "y.way", "toservice.old", "x.tolocal", "m.many")
             for rdtype in ("A", "AAAA", "TXT")]
    asked += [(f"{name}{zone}", "SRV", CLIENT["london"]) for zone in PARENTS for name in ("tosrv.", "_sip._udp.voice.", "throughservice.", "_sip._udp.", "x.srv.")]
    assert compare_all(resolver, lab, asked + asked[::-1]) == 2 * len(asked)


def test_referrals_to_signed_and_unsigned_children(resolver, lab):
    for zone in PARENTS:
        assert resolver.ask(f"y.w.kid.{zone}", "A").flags & dns.flags.AD
        assert resolver.ask(f"up.kid.{zone}", "A").flags & dns.flags.AD
        assert resolver.ask(f"tokid.{zone}", "A").flags & dns.flags.AD
        for name in ("www.plain", "toplain"):
            answer = resolver.ask(f"{name}.{zone}", "A")
            assert answer.rcode() == 0 and answer.answer and not answer.flags & dns.flags.AD, answer
        answer = resolver.ask(f"plain.{zone}", "DS")
        assert answer.rcode() == 0 and answer.flags & dns.flags.AD and not answer.answer, answer


def test_a_disabled_service_is_securely_without_data(resolver, lab):
    services = [f"service:{name}{zone}" for zone in PARENTS for name in ("voice.", "solo.by.", "m.way.")]
    for service in services:
        lab.cli("disable", service)
    try:
        names = [f"{front}{name}{zone}" for zone in PARENTS for front in ("disabled.", "other.") for name in ("way.", "by.")]
        names += [f"{name}{zone}" for zone in PARENTS for name in ("voice.", "service.", "throughservice.")]
        for name in names:
            answer = resolver.ask(name if "service" not in name else "_sip._tcp.service." + name.split(".", 1)[1], "A")
            assert answer.rcode() == 0 and answer.flags & dns.flags.AD, f"{name}\n{answer}\n{resolver.log()[-1500:]}"
    finally:
        for service in services:
            lab.cli("enable", service)


def test_clients_of_one_resolver_get_what_is_theirs_securely(lab, tmp_path):
    """Client subnets through a resolver that keeps an answer for each: signed selections differ, all are secure."""
    resolver = RESOLVERS[0](tmp_path, lab, lab.anchors())
    try:
        for turn in range(2):
            for site, client in CLIENT.items():
                for name, rdtype in ((ONE, "A"), (f"_sip._udp.voice.{THREE}", "SRV"), (f"x.way.{ONE}", "A")):
                    answer = resolver.ask(name, rdtype, options=[dns.edns.ECSOption(client, 24)])
                    assert answer.rcode() == 0 and answer.flags & dns.flags.AD, answer
                    if name == ONE:
                        assert lab.site_at(answer.answer[0][0].address)[0] == site
    finally:
        resolver.end()


# --- tools


def tool(*words, cwd=None):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30 * SLOW, cwd=cwd)
    return done.stdout + done.stderr


QUESTIONS = (("_sip._udp.{}", "SRV"), ("{}", "NAPTR"), ("x.way.{}", "A"), ("x.wild.{}", "TXT"), ("mail.{}", "TXT"), ("toservice2.{}", "A"), ("d.e.f.{}", "A"))


@pytest.mark.parametrize("zone", PARENTS)
def test_delv_validates(lab, tmp_path, zone):
    keys = "".join(f'  {zone} static-key {" ".join(key.split()[:3])} "{"".join(key.split()[3:])}";\n' for key in lab.anchors()[zone])
    (tmp_path / "anchors").write_text(f"trust-anchors {{\n{keys}}};\n")
    for name, rdtype in (*QUESTIONS, ("missing.{}", "A"), ("www.kid.{}", "A")):
        said = tool("delv", f"@{lab.address}", "-p", str(lab.port), "-a", str(tmp_path / "anchors"), f"+root={zone}", name.format(zone), rdtype)
        assert "; fully validated" in said or "; negative response, fully validated" in said, f"{name} {rdtype}: {said}"


@pytest.mark.parametrize("zone", PARENTS)
def test_drill_chases(lab, tmp_path, zone):
    (tmp_path / "key").write_text("".join(f"{zone} 60 IN DNSKEY {key}\n" for key in lab.anchors()[zone]))
    for name, rdtype in QUESTIONS[:3]:
        said = tool("drill", "-4", "-D", "-S", "-k", str(tmp_path / "key"), f"@{lab.address}", "-p", str(lab.port), name.format(zone), rdtype)
        assert "DNSSEC Data Chain" in said or ";; Number of trusted keys" in said, said
        assert "Existence is denied" in said or "|---" in said and "Bogus" not in said and "No trusted keys" not in said, said
