"""What an authoritative server owes by the RFCs, asked from outside, over UDP and TCP, IPv4 and IPv6."""
import random
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest

from lab import STATIC_TTL, read_tcp, records

pytestmark = pytest.mark.main

VIA = {"udp4": {}, "tcp4": {"tcp": True}, "udp6": {"ipv6": True}, "tcp6": {"tcp": True, "ipv6": True}}
NEGATIVE_TTL = 60  # min(SOA TTL, MINIMUM), RFC 2308


@pytest.fixture(params=VIA)
def via(request):
    return VIA[request.param]


def question(name, rdtype=1, rdclass=1, ident=0x1234, flags=0, counts=(1, 0, 0, 0), tail=b""):
    """Octets of a query, made by hand so that they may be wrong."""
    labels = b"".join(bytes([len(label)]) + label for label in (p.encode() for p in name.rstrip(".").split(".")) if label) + b"\0"
    return struct.pack(">6H", ident, flags, *counts) + labels + struct.pack(">2H", rdtype, rdclass) + tail


def opt(payload=1232, extended=0, version=0, flags=0, options=b"", rdlen=None):
    return b"\0" + struct.pack(">2H2BHH", 41, payload, extended, version, flags, len(options) if rdlen is None else rdlen) + options


def rcode(octets):
    return octets[3] & 0x0F if octets else None


def soa_in_authority(answer):
    return [r for r in answer.authority if r.rdtype == 6]


def test_an_address_is_answered_with_authority_over_every_transport(static_lab, via):
    answer = static_lab.ask("www.static.test.", "A", **via)
    assert answer.rcode() == dns.rcode.NOERROR
    assert [r.address for r in records(answer, "A")] == ["192.0.2.1"]
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.TC
    assert answer.answer[0].ttl == STATIC_TTL


def test_a_steered_name_is_answered_over_every_transport(static_lab, via):
    assert static_lab.srv("10.1.2.3", **via)[0][0] == "london"


def test_rd_is_copied_and_ra_ad_and_z_stay_clear(static_lab):
    for flags, expected in ((0, 0x8400), (0x0100, 0x8500), (0x0100 | 0x0080 | 0x0070 | 0x0200 | 0x0400, 0x8500)):
        answer = static_lab.exchange(question("www.static.test", flags=flags))
        assert struct.unpack(">H", answer[2:4])[0] & ~0x0010 == expected, hex(flags)


def test_id_and_the_case_of_the_question_come_back_as_they_were(static_lab):
    octets = question("wWw.StAtIc.TeSt", ident=0xBEEF)
    answer = static_lab.exchange(octets)
    assert answer[:2] == b"\xbe\xef" and answer[12:len(octets)] == octets[12:]
    assert rcode(answer) == 0 and struct.unpack(">H", answer[6:8])[0] == 1


def test_the_steered_name_keeps_its_case_too(static_lab):
    octets = question("_SiP._uDp.sIp.ExAmPlE.cOm", rdtype=33)
    answer = static_lab.exchange(octets)
    assert answer[12:len(octets)] == octets[12:] and struct.unpack(">H", answer[6:8])[0] >= 1


@pytest.mark.parametrize("name, rdtype", [("@", "SOA"), ("static.test.", "SOA"), ("static.test.", "NS")])
def test_the_apex_answers_soa_and_ns(static_lab, name, rdtype):
    answer = static_lab.ask(name, rdtype)
    assert answer.rcode() == 0 and answer.flags & dns.flags.AA and len(records(answer, rdtype)) == (2 if rdtype == "NS" else 1)


def test_ns_brings_the_servers_addresses(static_lab):
    answer = static_lab.ask("static.test.", "NS")
    assert {r.address for r in records(answer, "A", "additional")} == {"192.0.2.53", "192.0.2.54"}


def test_a_missing_name_is_nxdomain_with_the_soa(static_lab, via):
    answer = static_lab.ask("missing.static.test.", "A", **via)
    assert answer.rcode() == dns.rcode.NXDOMAIN and answer.flags & dns.flags.AA and not answer.answer
    assert [(r.name.to_text(), r.ttl) for r in soa_in_authority(answer)] == [("static.test.", NEGATIVE_TTL)]


@pytest.mark.parametrize("name", ["www.static.test.", "@", "_sip._udp"])
def test_a_missing_type_is_nodata_with_the_soa(static_lab, name):
    answer = static_lab.ask(name, "MX")
    assert answer.rcode() == dns.rcode.NOERROR and not answer.answer and len(soa_in_authority(answer)) == 1
    assert soa_in_authority(answer)[0].ttl <= NEGATIVE_TTL


@pytest.mark.parametrize("name", ["ent.static.test.", "b.ent.static.test.", "_udp", "_udp.many.static.test."])
def test_an_empty_non_terminal_is_nodata(static_lab, name):
    answer = static_lab.ask(name, "A")
    assert answer.rcode() == dns.rcode.NOERROR and not answer.answer and soa_in_authority(answer)


def test_a_wildcard_answers_under_the_asked_name(static_lab):
    answer = static_lab.ask("any.thing.wild.static.test.", "A")
    assert answer.answer[0].name.to_text() == "any.thing.wild.static.test." and records(answer, "A")[0].address == "192.0.2.9"
    assert static_lab.ask("*.wild.static.test.", "A").answer[0].name.to_text() == "*.wild.static.test."


def test_an_existing_name_stops_the_wildcard(static_lab):
    below = static_lab.ask("below.stop.wild.static.test.", "A")
    assert below.rcode() == dns.rcode.NXDOMAIN
    assert static_lab.ask("stop.wild.static.test.", "A").rcode() == dns.rcode.NOERROR


def test_a_wildcard_without_the_type_is_nodata(static_lab):
    answer = static_lab.ask("any.wild.static.test.", "AAAA")
    assert answer.rcode() == 0 and not answer.answer and soa_in_authority(answer)


def test_cnames_are_followed_inside_the_zone_in_order(static_lab):
    answer = static_lab.ask("alias2.static.test.", "A")
    assert [r.name.to_text().split(".")[0] for r in answer.answer] == ["alias2", "alias", "www"]
    assert records(answer, "A")[0].address == "192.0.2.1"


def test_a_cname_asked_for_itself_is_not_followed(static_lab):
    answer = static_lab.ask("alias2.static.test.", "CNAME")
    assert len(answer.answer) == 1 and records(answer, "CNAME")[0].target.to_text() == "alias.static.test."


def test_a_cname_to_a_missing_name_is_nxdomain_with_the_chain(static_lab):
    answer = static_lab.ask("dangling.static.test.", "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN and records(answer, "CNAME") and soa_in_authority(answer)


def test_a_cname_to_a_name_without_the_type_is_nodata_with_the_chain(static_lab):
    answer = static_lab.ask("alias.static.test.", "MX")
    assert answer.rcode() == 0 and records(answer, "CNAME") and soa_in_authority(answer)


def test_a_cname_out_of_the_zone_stands_alone(static_lab):
    answer = static_lab.ask("out.static.test.", "A")
    assert answer.rcode() == 0 and len(answer.answer) == 1 and not soa_in_authority(answer)


def test_a_cname_loop_ends(static_lab):
    answer = static_lab.ask("loop1.static.test.", "A")
    assert 1 <= len(answer.answer) <= 20


def test_below_a_cut_is_a_referral_with_glue(static_lab):
    for name in ("child.static.test.", "x.child.static.test.", "ns.child.static.test."):
        answer = static_lab.ask(name, "A")
        assert answer.rcode() == 0 and not answer.answer and not answer.flags & dns.flags.AA, name
        assert [r.target.to_text() for r in records(answer, "NS", "authority")] == ["ns.child.static.test."]
        assert {r.address for r in records(answer, "A", "additional")} == {"192.0.2.60"}
        assert {r.address for r in records(answer, "AAAA", "additional")} == {"2001:db8::60"}


def test_ds_at_the_cut_is_the_parents(static_lab):
    answer = static_lab.ask("child.static.test.", "DS")
    assert answer.flags & dns.flags.AA and len(records(answer, "DS")) == 1


def test_a_type_unknown_to_the_world_is_served(static_lab):
    answer = static_lab.ask("unknown.static.test.", "TYPE65280")
    assert answer.answer[0][0].to_text() == "\\# 4 0a000001"
    assert not static_lab.ask("www.static.test.", "TYPE65281").answer


@pytest.mark.parametrize("rdtype", [0, 65535, 41, 249, 250, 253, 254, 128])
def test_odd_types_get_an_answer_without_data(static_lab, rdtype):
    answer = static_lab.exchange(question("www.static.test", rdtype=rdtype))
    assert answer is not None and struct.unpack(">H", answer[6:8])[0] == 0


def test_any_is_small_and_nxdomain_at_a_missing_name(static_lab):
    assert len(static_lab.ask("www.static.test.", "ANY").to_wire()) < 300
    missing = static_lab.ask("missing.static.test.", "ANY")
    assert missing.rcode() == dns.rcode.NXDOMAIN and soa_in_authority(missing)


def test_a_transfer_over_udp_gives_no_zone(static_lab):
    for rdtype in (251, 252):
        answer = static_lab.exchange(question("static.test", rdtype=rdtype))
        assert answer is not None and struct.unpack(">H", answer[6:8])[0] <= 1 and len(answer) < 512


def test_names_of_no_zone_here_are_refused_without_a_referral(static_lab, via):
    for name in ("example.org.", "com.", ".", "xstatic.test."):
        answer = static_lab.ask(name, "A", **via)
        assert answer.rcode() == dns.rcode.REFUSED and not answer.answer and not answer.authority and not answer.flags & dns.flags.AA


@pytest.mark.parametrize("rdclass", [2, 4, 254, 0, 65535])
def test_other_classes_are_refused_or_not_implemented(static_lab, rdclass):
    answer = static_lab.exchange(question("www.static.test", rdclass=rdclass))
    assert rcode(answer) in (dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.FORMERR)


def test_the_chaos_class_tells_the_servers_id(static_lab):
    answer = static_lab.exchange(question("id.server", rdtype=16, rdclass=3))
    assert rcode(answer) == 0 and b"ns1.test" in answer


@pytest.mark.parametrize("opcode", [1, 2, 3, 6, 7, 15])
def test_unknown_opcodes_are_not_implemented(static_lab, opcode):
    for octets in (question("www.static.test", flags=opcode << 11), struct.pack(">6H", 1, opcode << 11, 0, 0, 0, 0)):
        answer = static_lab.exchange(octets)
        assert rcode(answer) == dns.rcode.NOTIMP and answer[2] >> 3 & 15 == opcode


def test_notify_and_update_from_strangers_are_an_error(static_lab):
    for opcode in (4, 5):
        answer = static_lab.exchange(question("static.test", rdtype=6, flags=opcode << 11))
        assert rcode(answer) in (dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.NOTAUTH)


@pytest.mark.parametrize("count", [0, 2, 65535])
def test_a_question_count_other_than_one_is_a_format_error(static_lab, count):
    assert rcode(static_lab.exchange(question("www.static.test", counts=(count, 0, 0, 0)))) == dns.rcode.FORMERR


def test_a_response_is_never_answered(static_lab):
    assert static_lab.exchange(question("www.static.test", flags=0x8000), timeout=0.3) is None
    assert static_lab.exchange(question("www.static.test")) is not None


# --- EDNS

def test_opt_comes_back_only_when_asked(static_lab):
    assert static_lab.ask("www.static.test.", "A", edns=False).edns == -1
    for name in ("www.static.test.", "missing.static.test.", "example.org."):
        answer = static_lab.ask(name, "A")
        assert answer.edns == 0 and answer.payload == 1232


def test_a_higher_edns_version_is_badvers(static_lab):
    answer = dns.message.from_wire(static_lab.exchange(question("www.static.test", counts=(1, 0, 0, 1), tail=opt(version=1))))
    assert answer.rcode() == dns.rcode.BADVERS and answer.edns == 0 and not answer.answer


def test_do_is_copied_and_other_flags_are_clear(static_lab):
    for flags, expected in ((0x8000, 0x8000), (0x7FFF, 0), (0xFFFF, 0x8000)):
        answer = dns.message.from_wire(static_lab.exchange(question("www.static.test", counts=(1, 0, 0, 1), tail=opt(flags=flags))))
        assert answer.ednsflags & 0xFFFF == expected


def test_unknown_options_are_ignored_and_not_echoed(static_lab):
    answer = static_lab.ask("www.static.test.", "A", options=[dns.edns.GenericOption(65001, b"abc")])
    assert answer.rcode() == 0 and not answer.options


@pytest.mark.parametrize("tail, count", [(opt() + opt(), 2), (opt(rdlen=10), 1), (opt(options=struct.pack(">2H", 3, 40)), 1),
                                         (opt(options=b"\0\3\0"), 1), (b"\1a" + opt(), 1)])
def test_broken_edns_is_a_format_error(static_lab, tail, count):
    assert rcode(static_lab.exchange(question("www.static.test", counts=(1, 0, 0, count), tail=tail))) == dns.rcode.FORMERR


def test_nsid_is_told_only_when_asked(static_lab):
    answer = static_lab.ask("www.static.test.", "A", options=[dns.edns.GenericOption(3, b"")])
    assert [(o.otype, o.data) for o in answer.options] == [(3, b"ns1.test")]
    assert not static_lab.ask("www.static.test.", "A").options


# --- size

def test_an_answer_too_large_for_udp_is_truncated_and_whole_over_tcp(static_lab):
    for payload in (512, 1232, 4096):
        octets = static_lab.exchange(static_lab.query("big.static.test.", "TXT", payload=payload).to_wire())
        assert octets[2] & 0x02 and len(octets) <= min(payload, 1232)
        dns.message.from_wire(octets)  # well-formed all the same
    whole = static_lab.ask("big.static.test.", "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC and len(records(whole, "TXT")) == 10


def test_additional_addresses_are_dropped_before_anything_is_truncated(static_lab):
    small = static_lab.ask("_sip._udp.many.static.test.", "SRV", edns=False)
    assert not small.flags & dns.flags.TC and len(records(small, "SRV")) == 12
    assert len(small.to_wire()) <= 512
    whole = static_lab.ask("_sip._udp.many.static.test.", "SRV", tcp=True)
    assert len(records(whole, "A", "additional")) > len(records(small, "A", "additional"))


def test_a_payload_size_below_512_counts_as_512(static_lab):
    answer = static_lab.ask("_sip._udp", "SRV", "10.1.2.3", payload=100)
    assert not answer.flags & dns.flags.TC and records(answer, "SRV")


def test_a_steered_answer_with_its_addresses_fits_512_octets(static_lab):
    for name, rdtype in (("_sip._udp", "SRV"), ("@", "A"), ("@", "NAPTR")):
        answer = static_lab.ask(name, rdtype, edns=False)
        assert not answer.flags & dns.flags.TC and answer.answer
    assert records(static_lab.ask("_sip._udp", "SRV", edns=False), "A", "additional")


def test_srv_targets_are_not_compressed(static_lab):
    octets = static_lab.exchange(static_lab.query("_sip._udp", "SRV", edns=False).to_wire())
    assert octets.count(b"\3sip\7example\3com\0") >= 1 + len(records(dns.message.from_wire(octets), "SRV"))


# --- TCP

def framed(octets):
    return struct.pack(">H", len(octets)) + octets


def test_fifty_pipelined_queries_get_fifty_answers(static_lab):
    with socket.create_connection((static_lab.address, static_lab.port), timeout=5) as s:
        s.sendall(b"".join(framed(question("www.static.test", ident=i)) for i in range(50)))
        octets = b""
        while octets.count(b"\xc0\x0c") < 50:
            more = s.recv(65535)
            assert more
            octets += more
    idents = []
    while octets:
        size = struct.unpack(">H", octets[:2])[0]
        idents.append(struct.unpack(">H", octets[2:4])[0])
        octets = octets[2 + size:]
    assert sorted(idents) == list(range(50))


def test_a_query_may_come_octet_by_octet(static_lab):
    with socket.create_connection((static_lab.address, static_lab.port), timeout=5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in framed(question("www.static.test")):
            s.send(bytes([octet]))
        assert rcode(read_tcp(s)) == 0


def test_a_client_that_has_said_all_still_gets_its_answer(static_lab):
    with socket.create_connection((static_lab.address, static_lab.port), timeout=5) as s:
        s.sendall(framed(question("www.static.test")))
        s.shutdown(socket.SHUT_WR)
        assert rcode(read_tcp(s)) == 0


@pytest.mark.parametrize("octets", [b"\0\0", b"\0\5abc", b"\xff\xff" + b"x" * 1000, framed(b"\0" * 5), b"GET / HTTP/1.0\r\n\r\n"])
def test_garbage_over_tcp_does_not_harm_the_next_connection(static_lab, octets):
    with socket.create_connection((static_lab.address, static_lab.port), timeout=5) as s:
        s.sendall(octets)
    assert static_lab.ask("www.static.test.", "A", tcp=True).rcode() == 0


def test_readers_that_do_not_read_do_not_stop_the_others(static_lab):
    stuck = [socket.create_connection((static_lab.address, static_lab.port), timeout=5) for _ in range(4)]
    for s in stuck:
        s.setblocking(False)
        try:
            for _ in range(200):
                s.send(framed(question("big.static.test", rdtype=16)) * 20)
        except (BlockingIOError, ConnectionError):
            pass
    assert static_lab.ask("www.static.test.", "A", tcp=True).rcode() == 0
    assert static_lab.ask("www.static.test.", "A").rcode() == 0
    for s in stuck:
        s.close()


# --- malformed

MALFORMED = {
    "nothing": b"",
    "one octet": b"\0",
    "half a header": b"\0\1\0\0\0\1",
    "a header alone that promises a question": struct.pack(">6H", 1, 0, 1, 0, 0, 0),
    "a name cut in a label": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\7exa",
    "no type and class": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\3www\0",
    "label type 01": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\x41www\0\0\1\0\1",
    "label type 10": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\x83www\0\0\1\0\1",
    "a pointer to itself": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
    "a pointer forward": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x20\0\1\0\1",
    "a pointer into the header": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x00\0\1\0\1",
    "a name of 256 octets": struct.pack(">6H", 1, 0, 1, 0, 0, 0) + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",
    "counts that lie": struct.pack(">6H", 1, 0, 1, 65535, 65535, 65535) + b"\3www\6static\4test\0\0\1\0\1",
}


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_malformed_queries_are_format_errors_or_dropped(static_lab, what, tcp):
    octets = MALFORMED[what]
    answer = static_lab.exchange(framed(octets) if tcp else octets, timeout=0.3, tcp=tcp)
    assert not answer or rcode(answer) == dns.rcode.FORMERR
    assert static_lab.ask("www.static.test.", "A").rcode() == 0


def test_the_longest_names_and_labels_work(static_lab):
    label = "a" * 63
    assert static_lab.ask(f"{label}.wild.static.test.", "A").answer
    longest = ".".join([label] * 3 + ["b" * (255 - 3 * 64 - len("wild.static.test") - 3)]) + ".wild.static.test."
    assert len(dns.name.from_text(longest).to_wire()) == 255
    assert static_lab.ask(longest, "A").answer


def test_random_mutations_do_not_end_it(static_lab):
    rng = random.Random(53)
    seeds = [static_lab.query(name, rdtype, client).to_wire() for name, rdtype, client in
             (("_sip._udp", "SRV", "10.1.2.3"), ("alias2.static.test.", "A", None), ("@", "NAPTR", "2001:db8:1::1"), ("x.child.static.test.", "A", None))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((static_lab.address, static_lab.port))
        s.setblocking(False)
        for _ in range(5000):
            octets = bytearray(rng.choice(seeds))
            for _ in range(rng.randrange(1, 6)):
                octets[rng.randrange(len(octets))] = rng.randrange(256)
            if rng.random() < 0.3:
                octets = octets[:rng.randrange(len(octets))]
            try:
                s.send(octets)
                s.recv(65535)
            except BlockingIOError:
                pass
    assert static_lab.process.poll() is None
    assert static_lab.ask("www.static.test.", "A").rcode() == 0
    assert static_lab.srv("10.1.2.3")[0][0] == "london"
