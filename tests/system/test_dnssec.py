"""Every answer of signed zones proves itself: all names, types, clients and sizes, by the judge of proof.py; and says what it says unsigned."""
import itertools
import random

import dns.message
import dns.name
import dns.rdatatype
import pytest

from lab import CLIENT, ecs_of
from proof import Judge, Zones, hash_of, nsec3_hash
from signed import LONG, ODD, ONE, PARENTS, THREE, SignedLab, long_label

TYPES = ("A", "AAAA", "SRV", "NAPTR", "TXT", "MX", "CNAME", "DNAME", "NS", "SOA", "DS", "DNSKEY", "ANY", "CDS", "NSEC", "NSEC3PARAM", "TYPE65281")
CLIENTS = (*CLIENT.values(), "2001:db8:2::1", "198.51.100.7")
BELOW = ("x", "*", "!", "_sip._udp", "zz.zz")  # put in front of names
WILD = ("some.wild", "a.b.wild", "stop.wild", "x.stop.wild", "any.srv", "some.mx", "x.way", "zz.way", "!.way", "mm.way", "n.way", "a.m.way", "x.tolocal",
        "x.towild", "x.tonothing", "x.tocut", "x.todname", "x.odd", "_udp.x.odd", "y.*.odd", "q." + ODD)
RENAMED = ("mail.old", "x.wild.old", "nothing.old", "toservice.old", "x.old", "old", "service", "_sip._udp.service", "x.service", "x.many", "m.many",
           "x.elsewhere", "mail.twice", "www.tokids", "x.tokids", "z.grow", "q" * 60 + ".grow", "q" * 60 + "." + "r" * 60 + ".grow")
DELEGATED = ("cut", "x.cut", "ns.cut", "secure", "x.secure", "deep.er.cut2", "er.cut2", "cut2", "x.deep.er.cut2", "kid", "www.kid", "x.kid", "y.w.kid", "up.kid",
             "plain", "www.plain", "nothing.plain", "y.w.plain")
MISSING = ("missing", "x.mail", "a.b.c.missing", "0", "zzz", "-", "~", "x.one", "m.x", LONG[:63], "ent", "x.ent", "d.e.f", "c.d.e.f", "_udp.voice", "_tcp", "_udp",
           "_tls.voice", "ka", "kie", "LONDON", "x.lb1.london")


def zones_of(lab, now=None):
    """The keys as the lab's files have them, whatever the server says."""
    keys = {}
    for apex in (ONE, THREE, f"kid.{ONE}", f"kid.{THREE}"):
        answer = lab.send(lab.query(apex, "DNSKEY", dnssec=True), tcp=True)
        keys[apex] = next(s for s in answer.answer if s.rdtype == dns.rdatatype.DNSKEY)
    cuts = [f"{name}.{zone}" for zone in PARENTS for name in ("cut", "secure", "deep.er.cut2")]
    parents_cuts = [f"plain.{zone}" for zone in PARENTS]
    return Zones(keys, insecure=parents_cuts, cuts=cuts, denial={apex: "nsec3" if "three" in apex else "nsec" for apex in keys})


def owners_of(lab, zone):
    """Every name of the zone's file, relative to it."""
    names = {row.split()[0] for row in lab.zone_file(zone).split("\n") if row and row[0] not in "$@ "}
    return sorted(name for name in names if not name.endswith("."))


def questions(lab, seed=1, share=1.0):
    """(name, type, client), all names with all types, or a random share of them."""
    rng = random.Random(seed)
    for zone in PARENTS:
        owners = owners_of(lab, zone)
        names = {*owners, *WILD, *RENAMED, *DELEGATED, *MISSING, *(f"{front}.{owner}" for owner in owners for front in BELOW), "@"}
        for name in sorted(names):
            full = zone if name == "@" else f"{name}.{zone}"
            try:
                dns.name.from_text(full)
            except dns.name.NameTooLong:
                continue
            for rdtype in TYPES:
                if rng.random() < share:
                    yield full, rdtype, rng.choice(CLIENTS)


def ask(lab, name, rdtype, client, payload=1232, tcp=False, dnssec=True):
    query = lab.query(name, rdtype, client, payload=payload, dnssec=dnssec)
    wire = query.to_wire()
    octets = lab.exchange(len(wire).to_bytes(2, "big") + wire if tcp else wire, timeout=5, tcp=tcp)
    assert octets, f"no answer to {name} {rdtype}"
    return octets


def judged(zones, octets, asked, now=None):
    judge = Judge(zones, octets, now)
    try:
        return judge.verdict(), judge
    except AssertionError as why:
        raise AssertionError(f"{asked}: {why}\n{judge.message}") from None


@pytest.fixture(scope="module")
def signed_lab(tmp_path_factory):
    lab = SignedLab(tmp_path_factory.mktemp("signed"))
    yield lab.start()
    lab.close()


@pytest.fixture(scope="module")
def zones(signed_lab):
    return zones_of(signed_lab)


def judge_all(lab, zones, asked, seen=None):
    """Asks by UDP, and by TCP what was truncated; tells the first faults and counts the verdicts."""
    counts, faults = {}, []
    for question in asked:
        for tcp in (False, True):
            try:
                verdict, judge = judged(zones, ask(lab, *question, tcp=tcp), question)
            except AssertionError as fault:
                faults.append(str(fault))
                break
            counts[verdict] = counts.get(verdict, 0) + 1
            if seen is not None:
                seen.append((question, verdict, judge))
            if verdict != "truncated":
                break
    assert not faults, f"{len(faults)} faults, the first of them:\n" + "\n".join(faults[:3])
    return counts


# --- the judge himself


def test_the_judge_finds_each_missing_proof(signed_lab, zones):
    """Every record set of these answers' authority is needed: without any one of them the judge is not content."""
    for zone in PARENTS:
        for name, rdtype in (("missing", "A"), ("mail", "TXT"), ("x.y.wild", "MX"), ("x.wild", "TXT"), ("x.way", "A"), ("x.cut", "A"), ("ent", "A"), ("dangling", "A")):
            octets = ask(signed_lab, f"{name}.{zone}", rdtype, CLIENT["london"])
            _, whole = judged(zones, octets, (name, rdtype))
            for drop in [f for f in whole.found["authority"] if f.rdtype[0] not in (dns.rdatatype.RRSIG, dns.rdatatype.NS)]:
                judge = Judge(zones, octets)
                judge.found["authority"] = [f for f in judge.found["authority"] if f.owner != drop.owner or drop.rdtype[0] not in f.rdtype]
                with pytest.raises(AssertionError):
                    judge.verdict()
                    print(f"{name}.{zone} {rdtype} without {drop}\n{whole.message}")


def test_the_judge_finds_a_changed_octet(signed_lab, zones):
    octets = ask(signed_lab, f"_sip._udp.{ONE}", "SRV", CLIENT["london"])
    judge = Judge(zones, octets)
    at = octets.index(b"\x00\x0a\x00\x01\x13\xc4")  # priority, weight and port of the first
    changed = octets[:at] + b"\x00\x0b" + octets[at + 2:]
    assert judge.verdict() == "positive"
    with pytest.raises(AssertionError, match="signature"):
        Judge(zones, changed).verdict()


# --- what is asked


def test_every_answer_proves_itself(signed_lab, zones):
    counts = judge_all(signed_lab, zones, questions(signed_lab, seed=random.randrange(1000), share=0.08))
    assert {"positive", "nodata", "nxdomain", "referral", "elsewhere", "insecure", "truncated"} <= set(counts), counts


def test_steered_answers_prove_themselves_for_every_client(signed_lab, zones):
    names = [f"{name}{zone}" for zone in PARENTS for name in ("", "voice.", "few.", "m.way.", "spread.", "alias2.", "toservice2.", "x.way.", "toservice.old.")]
    asked = [(name, rdtype, client) for name in names for rdtype in ("A", "AAAA", "NAPTR") for client in CLIENTS]
    asked += [(f"_sip._{proto}.{name}", "SRV", client) for name in names for proto in ("udp", "tcp") for client in CLIENTS]
    assert judge_all(signed_lab, zones, asked)["positive"] > 200


def rows(answer, section="answer"):
    """What unsigned answers have, too: [(owner, type, TTL, [RDATA])]."""
    return [(s.name.to_text().lower(), dns.rdatatype.to_text(s.rdtype), s.ttl, [r.to_text().lower() for r in s]) for s in getattr(answer, section)
            if s.rdtype not in (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3, dns.rdatatype.DS)]


def first(rdtype, rdatas):
    """The winner among the records of a steered answer."""
    return min(rdatas, key=lambda r: int(r.split()[0])).split()[-1] if rdtype == "SRV" else rdatas[0]


def compare(signed, unsigned, question):
    """The same names and types; of what is steered the winner and the TTL, of all else everything but the serial and ANY's choice."""
    a, b = rows(signed), rows(unsigned)
    assert [r[:3] for r in a] == [r[:3] for r in b] and signed.rcode() == unsigned.rcode(), f"{question}:\n{signed}\n{unsigned}"
    for one, other in zip(a, b):
        if one[1] in ("SRV", "A", "AAAA") and sorted(one[3]) != sorted(other[3]):
            assert first(one[1], one[3]) == first(other[1], other[3]), f"{question}:\n{signed}\n{unsigned}"
        elif one[1] not in ("SRV", "A", "AAAA"):
            assert sorted(one[3]) == sorted(other[3]), f"{question}:\n{signed}\n{unsigned}"


def test_signed_answers_say_what_unsigned_ones_say(signed_lab, tmp_path):
    twin = signed_lab.unsigned_twin(tmp_path).start()
    try:
        asked = [q for q in questions(signed_lab, seed=random.randrange(1000), share=0.06)
                 if q[1] not in ("ANY", "DNSKEY", "CDS", "NSEC", "NSEC3PARAM") and "spread" not in q[0]]
        asked += [(f"{front}{name}{zone}", rdtype, client) for zone in PARENTS for name in ("", "voice.", "few.", "m.way.") for client in CLIENTS
                  for front, rdtype in (("", "A"), ("", "AAAA"), ("", "NAPTR"), ("_sip._udp.", "SRV"), ("_sip._tcp.", "SRV"))]
        for question in asked:
            signed, unsigned = (dns.message.from_wire(ask(lab, *question, tcp=True, dnssec=lab is signed_lab)) for lab in (signed_lab, twin))
            compare(signed, unsigned, question)
            assert ecs_of(signed).address == ecs_of(unsigned).address
    finally:
        twin.close()


def test_without_do_nothing_of_dnssec_goes_out(signed_lab):
    for question in questions(signed_lab, seed=5, share=0.01):
        if question[1] in ("NSEC", "ANY", "DS", "NSEC3PARAM"):
            continue
        answer = dns.message.from_wire(ask(signed_lab, *question, tcp=True, dnssec=False))
        for section in (answer.answer, answer.authority, answer.additional):
            assert not [s for s in section if s.rdtype in (dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3)], question


@pytest.mark.parametrize("payload", [512, 640, 768, 900, 1100])
def test_answers_are_whole_or_truncated(signed_lab, zones, payload):
    """Never an RRset in part or without its signatures; the judge holds a truncated one to be empty. TCP has it all."""
    asked = [(f"{name}{zone}", rdtype, CLIENT["london"], payload) for zone in PARENTS for name, rdtype in (
        ("_sip._udp.", "SRV"), ("_sip._udp.voice.", "SRV"), ("", "A"), ("", "NAPTR"), ("x.way.", "A"), ("toservice2.", "AAAA"), ("missing.", "A"), ("big.", "TXT"),
        ("x.y.wild.", "TXT"), ("", "DNSKEY"), ("mail.twice.", "A"), ("x.cut.", "A"), ("www.kid.", "A"), ("", "SOA"), ("", "ANY"), ("toservice.old.", "A"))]
    counts = judge_all(signed_lab, zones, asked)
    assert counts["truncated"] >= 2 and counts["positive"] >= 12, counts


# --- orders


def everything_of(*services):
    """Ways to ask for them: directly, by aliases, wildcards and DNAMEs."""
    ways = {"": ("", "toapex."), "voice.": ("voice.", "toservice.", "toservice2.", "toservice.old."), "few.": ("few.",),
            "m.way.": ("m.way.", "x.way.", "zz.way.", "!.way.", "a.b.way.", "m.many.", "x.many.", *(f"{i}.way." for i in range(40)))}
    for zone in PARENTS:
        for service in services:
            for way in ways[service]:
                yield from ((way + zone, rdtype, client) for rdtype in ("A", "AAAA", "NAPTR", "ANY", "TXT") for client in (CLIENT["london"], CLIENT["singapore"]))
        if "voice." in services:
            yield from ((f"{name}{zone}", "SRV", CLIENT["ashburn"]) for name in ("_sip._udp.voice.", "tosrv.", "_sip._udp.service.", "throughservice."))


def test_a_disabled_service_has_provably_no_data(make_signed):
    lab = make_signed()
    zones = zones_of(lab)
    for name in ("", "voice.", "few.", "m.way."):
        for zone in PARENTS:
            lab.cli("disable", f"service:{name}{zone}", "--reason", "test")
    counts = judge_all(lab, zones, everything_of("", "voice.", "few.", "m.way."))
    assert counts["nodata"] > 300, counts
    for zone in PARENTS:
        lab.cli("enable", f"service:voice.{zone}")
    assert judge_all(lab, zones, everything_of("voice."))["positive"] > 50


def test_answers_of_services_that_have_nobody_left_prove_themselves(make_signed):
    lab = make_signed()
    zones = zones_of(lab)
    for site in lab.sites:
        lab.cli("disable", site, "--reason", "test")
    seen = []
    counts = judge_all(lab, zones, everything_of("", "voice.", "few.", "m.way."), seen)
    assert counts["nodata"] > 200 and counts["positive"] > 50, counts  # empty; serve-all and static
    of_static = next(judge for question, _, judge in seen if question[:2] == (f"few.{ONE}", "A"))
    assert len(of_static.found["answer"][0].rdatas) == 3  # as the file has it


def instances_behind(lab, zone):
    """Instances of *.by that the service's own NSEC or NSEC3 says to be there by the wildcard only."""
    service = dns.name.from_text(f"solo.by.{zone}")
    hashed = nsec3_hash(service)
    for i in range(4000):
        name = f"zz{i}.by.{zone}"
        answer = dns.message.from_wire(ask(lab, name, "A", CLIENT["london"]))
        owners = [s.name for s in answer.authority]
        if service in owners or any(len(owner.labels[0]) == 32 and hash_of(owner) == hashed for owner in owners):
            yield name


def test_a_denial_of_an_emptied_service_does_not_stand_beside_the_ordinary_one(make_signed):
    """Both would be one RRset of two records, which nobody has signed."""
    lab = make_signed()
    zones = zones_of(lab)
    names = [name for zone in PARENTS for name in itertools.islice(instances_behind(lab, zone), 3)]
    assert len(names) == 6
    for zone in PARENTS:
        lab.cli("disable", f"service:solo.by.{zone}")
    assert judge_all(lab, zones, [(name, rdtype, CLIENT["london"]) for name in names for rdtype in ("A", "AAAA", "TXT")])["nodata"] == 18


# --- keys


@pytest.mark.parametrize("algorithm,split", [("ED25519", True), ("RSASHA256", False), ("ECDSAP384SHA384", True)])
def test_other_algorithms_prove_themselves(make_signed, algorithm, split):
    lab = make_signed(algorithm=algorithm, split=split)
    zones = zones_of(lab)
    keys = zones.keys[dns.name.from_text(ONE)]
    assert len(keys) == 1 + split
    judge_all(lab, zones, questions(lab, seed=9, share=0.01))
    judge_all(lab, zones, everything_of("voice.", "m.way."))
