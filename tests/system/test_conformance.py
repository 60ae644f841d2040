"""What every answer owes (docs/conformance.md), each case over every transport: one line of it as seen from outside."""
import glob
import re
import socket
import struct

import differ
import pytest

from conftest import STATIC_ZONE
from lab import ROOT, SLOW, ZONE as SERVICE, Lab, read_tcp
from test_dns import opt, question
from test_tls import connect, with_tls

pytestmark = pytest.mark.main

TRANSPORTS = ("udp4", "udp6", "tcp4", "tcp6", "tls4", "tls6")
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH", 16: "BADVERS"}
ZONE = STATIC_ZONE + """octets\\000\\255\\. A 192.0.2.3
to-child CNAME x.child
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = with_tls(Lab(tmp_path_factory.mktemp("conformance"), ipv6=True))
    lab.conf["zones"].append({"name": "static.test.", "file": "static.zone"})
    lab.write_file("static.zone", ZONE)
    lab.start()
    yield lab
    lab.close()


def send(lab, transport, octets, seconds=3):
    """The answer's octets; None when there is none."""
    kind, ipv6 = transport[:3], transport[3] == "6"
    where = ("::1", lab.port6) if ipv6 else (lab.address, lab.port)
    if kind == "udp":
        with socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(seconds * SLOW)
            s.connect(where)
            s.send(octets)
            try:
                return s.recv(65535)
            except TimeoutError:
                return None
    with connect(lab, ipv6) if kind == "tls" else socket.create_connection(where, timeout=seconds * SLOW) as s:
        s.settimeout(seconds * SLOW)
        s.sendall(struct.pack(">H", len(octets)) + octets)
        try:
            return read_tcp(s) or None
        except (TimeoutError, ConnectionError):
            return None


def pieces(octets):
    """What an answer says beside its records' contents: "NOERROR aa rd 1/0 opt do"."""
    _, flags, questions, answers, authorities, additionals = struct.unpack(">6H", octets[:12])
    rcode, at, edns = flags & 15, 12, ""
    if questions:
        at = differ.read_name(octets, at)[1] + 4
    for i in range(answers + authorities + additionals):
        at = differ.read_name(octets, at)[1]
        rdtype, _, extended, version, ttl_flags, size = struct.unpack(">2H2BHH", octets[at:at + 10])
        at += 10 + size
        if rdtype == 41:
            assert i >= answers + authorities and not edns and version == 0
            rcode |= extended << 4
            edns = " opt" + (" do" if ttl_flags & 0x8000 else "") + (f" flags {ttl_flags:x}" if ttl_flags & 0x7FFF else "")
    assert at == len(octets), "octets behind the message"
    names = ((0x400, " aa"), (0x200, " tc"), (0x100, " rd"), (0x80, " ra"), (0x40, " z"), (0x20, " ad"), (0x10, " cd"))
    words = "".join(name for bit, name in names if flags & bit)
    opcode = f" opcode{flags >> 11 & 15}" if flags >> 11 & 15 else ""
    return f"{RCODES.get(rcode, rcode)}{opcode}{words} {answers}/{authorities}{edns}" + ("" if questions else " noquestion")


def static(name, rdtype=1, **options):
    return question(name + ".static.test" if name != "@" else "static.test", rdtype=rdtype, **options)


def edns(name="www", rdtype=1, options=b"", **fields):
    return static(name, rdtype, counts=(1, 0, 0, 1), tail=opt(options=options, **fields))


def option(code, octets=b""):
    return struct.pack(">2H", code, len(octets)) + octets


def ecs(family, source, scope=0, address=b""):
    return option(8, struct.pack(">H2B", family, source, scope) + address)


def odd(octets, questions=1):
    return struct.pack(">6H", 1, 0, questions, 0, 0, 0) + octets


NODATA = "NOERROR aa 0/1"
# RFC, what, query, what comes; "-": nothing may come.
CASES = [
    ("1035", "an address", static("www"), "NOERROR aa 1/0"),
    ("1035", "RD is copied", static("www", flags=0x100), "NOERROR aa rd 1/0"),
    ("1035", "AA, TC, RA and Z of a query count for nothing", static("www", flags=0x6C0), "NOERROR aa 1/0"),
    ("4035", "AD and CD of a query count for nothing", static("www", flags=0x30), "NOERROR aa 1/0"),
    ("1035", "an rcode in a query counts for nothing", static("www", flags=5), "NOERROR aa 1/0"),
    ("1035", "a response is never answered", static("www", flags=0x8000), "-"),
    ("1035", "a response with an error in it neither", odd(b"\7exa")[:2] + b"\x80\0" + odd(b"\7exa")[4:], "-"),
    ("4343", "the case of a name counts for nothing", question("wWw.STATIC.tEsT"), "NOERROR aa 1/0"),
    ("8906", "IQUERY", static("www", flags=1 << 11), "NOTIMP opcode1 0/0"),
    ("8906", "STATUS", static("www", flags=2 << 11), "NOTIMP opcode2 0/0"),
    ("8906", "STATUS without a question", struct.pack(">6H", 1, 2 << 11, 0, 0, 0, 0), "NOTIMP opcode2 0/0 noquestion"),
    ("8906", "opcode 3", static("www", flags=3 << 11), "NOTIMP opcode3 0/0"),
    ("8490", "DSO (6), which we do not speak", struct.pack(">6H", 1, 6 << 11, 0, 0, 0, 0), "NOTIMP opcode6 0/0 noquestion"),
    ("8906", "opcode 15", static("www", flags=15 << 11), "NOTIMP opcode15 0/0"),
    ("8906", "opcode 15 with EDNS", static("www", flags=15 << 11, counts=(1, 0, 0, 1), tail=opt()), "NOTIMP opcode15 0/0 opt"),
    ("2136", "UPDATE", static("@", 6, flags=5 << 11), "NOTIMP opcode5 0/0"),
    ("2136", "UPDATE of class ANY", static("@", 6, rdclass=255, flags=5 << 11), "NOTIMP opcode5 0/0"),
    ("2136", "UPDATE of class NONE", static("@", 6, rdclass=254, flags=5 << 11), "NOTIMP opcode5 0/0"),
    ("9619", "no question", struct.pack(">6H", 1, 0, 0, 0, 0, 0), "FORMERR 0/0 noquestion"),
    ("9619", "no question, but EDNS", struct.pack(">6H", 1, 0, 0, 0, 0, 1) + opt(), "FORMERR 0/0 opt noquestion"),
    ("9619", "two questions", static("www", counts=(2, 0, 0, 0), tail=static("www")[12:]), "FORMERR 0/0 noquestion"),
    ("1035", "octets behind the message", static("www", tail=b"xx"), "FORMERR 0/0"),
    ("1035", "records in the answer section of a query", static("www", counts=(1, 1, 0, 0), tail=b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd"), "NOERROR aa 1/0"),
    # classes
    ("1035", "class CH of a name of class IN", static("www", rdclass=3), "REFUSED 0/0"),
    ("4892", "id.server", question("id.server", 16, 3), "NOERROR aa 1/0"),
    ("4892", "hostname.bind", question("hostname.bind", 16, 3), "NOERROR aa 1/0"),
    ("4892", "version.server", question("version.server", 16, 3), "NOERROR aa 1/0"),
    ("4892", "version.bind, in any case", question("VERSION.bind", 16, 3), "NOERROR aa 1/0"),
    ("4892", "version.bind of type A", question("version.bind", 1, 3), "REFUSED 0/0"),
    ("4892", "authors.bind", question("authors.bind", 16, 3), "REFUSED 0/0"),
    ("1035", "class HS", static("www", rdclass=4), "REFUSED 0/0"), ("1035", "class CS", static("www", rdclass=2), "REFUSED 0/0"),
    ("2136", "class NONE", static("www", rdclass=254), "REFUSED 0/0"), ("1035", "class ANY", static("www", rdclass=255), "REFUSED 0/0"),
    ("6895", "class 0", static("www", rdclass=0), "REFUSED 0/0"), ("6895", "class 65535", static("www", rdclass=65535), "REFUSED 0/0"),
    # types
    *[("8906", f"type {number}, which is not there", static("www", number), NODATA) for number in
      (10, 13, 15, 29, 33, 35, 37, 39, 43, 44, 46, 47, 48, 50, 51, 52, 59, 61, 62, 63, 64, 65, 99, 104, 108, 256, 257, 1000, 32767, 65279, 65535)],
    *[("6895", f"meta type {number}", static("www", number), NODATA) for number in (0, 41, 249, 250, 253, 254)],
    ("9824", "type NXNAME", static("www", 128), "FORMERR 0/0"),
    ("8482", "ANY is one record", static("www", 255), "NOERROR aa 1/0"), ("8482", "ANY at an alias is the alias", static("alias", 255), "NOERROR aa 1/0"),
    ("8482", "ANY at a missing name", static("missing", 255), "NXDOMAIN aa 0/1"), ("8482", "ANY at an empty non-terminal", static("ent", 255), NODATA),
    ("3597", "an unknown type that is there", static("unknown", 65280), "NOERROR aa 1/0"), ("1035", "SOA", static("@", 6), "NOERROR aa 1/0"),
    ("1035", "NS", static("@", 2), "NOERROR aa 2/0"),
    # names
    ("2308", "a missing name", static("missing"), "NXDOMAIN aa 0/1"), ("2308", "a missing type", static("www", 15), NODATA),
    ("8020", "below a missing name", static("a.b.missing"), "NXDOMAIN aa 0/1"), ("8020", "an empty non-terminal", static("b.ent"), NODATA),
    ("4592", "a wildcard", static("x.y.wild"), "NOERROR aa 1/0"), ("4592", "a wildcard without the type", static("x.wild", 15), NODATA),
    ("4592", "the wildcard itself", static("*.wild"), "NOERROR aa 1/0"), ("4592", "below the wildcard itself", static("x.*.wild"), "NXDOMAIN aa 0/1"),
    ("4592", "an existing name stops a wildcard", static("stop.wild"), NODATA), ("4592", "and below it", static("x.stop.wild"), "NXDOMAIN aa 0/1"),
    ("1035", "a name of no zone here", question("example.org"), "REFUSED 0/0"), ("1035", "the root", question("."), "REFUSED 0/0"),
    ("1035", "the parent of a zone", question("test", 6), "REFUSED 0/0"), ("1035", "a name that only ends alike", question("xstatic.test"), "REFUSED 0/0"),
    # aliases
    ("1034", "an alias", static("alias"), "NOERROR aa 2/0"), ("1034", "an alias of an alias", static("alias2"), "NOERROR aa 3/0"),
    ("1034", "an alias itself", static("alias2", 5), "NOERROR aa 1/0"), ("6604", "to a missing name", static("dangling"), "NXDOMAIN aa 1/1"),
    ("2308", "to a name without the type", static("alias", 15), "NOERROR aa 1/1"), ("1034", "out of the zone", static("out"), "NOERROR aa 1/0"),
    ("1034", "a loop", static("loop1"), "NOERROR aa 2/0"), ("1034", "to a name below a cut", static("to-child"), "NOERROR aa 1/1"),
    # cuts
    ("1034", "a cut", static("child"), "NOERROR 0/1"), ("1034", "below a cut", static("a.b.child"), "NOERROR 0/1"), ("1034", "glue", static("ns.child"), "NOERROR 0/1"),
    ("1034", "NS at a cut", static("child", 2), "NOERROR 0/1"), ("4035", "DS at a cut", static("child", 43), "NOERROR aa 1/0"),
    ("8482", "ANY at a cut", static("child", 255), "NOERROR 0/1"),
    # EDNS
    ("6891", "OPT begets OPT", edns(), "NOERROR aa 1/0 opt"), ("6891", "also with NXDOMAIN", edns("missing"), "NXDOMAIN aa 0/1 opt"),
    ("6891", "also with REFUSED", question("example.org", counts=(1, 0, 0, 1), tail=opt()), "REFUSED 0/0 opt"),
    ("6891", "a higher version", edns(version=1), "BADVERS 0/0 opt"), ("6891", "the highest version", edns(version=255), "BADVERS 0/0 opt"),
    ("6891", "a higher version with unknown flags and options", edns(version=1, flags=0x7FFF, options=option(65001, b"x")), "BADVERS 0/0 opt"),
    ("3225", "DO is copied", edns(flags=0x8000), "NOERROR aa 1/0 opt do"), ("6891", "unknown flags are clear", edns(flags=0x7FFF), "NOERROR aa 1/0 opt"),
    ("3225", "DO with a higher version", edns(version=1, flags=0x8000), "BADVERS 0/0 opt do"),
    ("6891", "an extended rcode in a query counts for nothing", edns(extended=1), "NOERROR aa 1/0 opt"),
    ("6891", "a size of 0", edns(payload=0), "NOERROR aa 1/0 opt"), ("6891", "a size of 65535", edns(payload=65535), "NOERROR aa 1/0 opt"),
    ("6891", "an unknown option", edns(options=option(65001, b"abc")), "NOERROR aa 1/0 opt"),
    ("6891", "an unknown option without octets", edns(options=option(100)), "NOERROR aa 1/0 opt"),
    ("6891", "two records OPT", static("www", counts=(1, 0, 0, 2), tail=opt() + opt()), "FORMERR 0/0 opt"),
    ("6891", "an OPT of another owner", static("www", counts=(1, 0, 0, 1), tail=b"\1a" + opt()), "FORMERR 0/0 opt"),
    ("6891", "an OPT in the answer section", static("www", counts=(1, 1, 0, 0), tail=opt()), "FORMERR 0/0"),
    ("6891", "OPT behind another record", static("www", counts=(1, 0, 0, 2), tail=b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd" + opt()), "NOERROR aa 1/0 opt"),
    ("6891", "OPT data past the end", edns(rdlen=10), "FORMERR 0/0 opt"), ("6891", "an option past the end", edns(options=struct.pack(">2H", 3, 40)), "FORMERR 0/0 opt"),
    ("6891", "half an option's header", edns(options=b"\0\3\0"), "FORMERR 0/0 opt"),
    ("5001", "NSID", edns(options=option(3)), "NOERROR aa 1/0 opt"), ("5001", "NSID with octets", edns(options=option(3, b"x")), "NOERROR aa 1/0 opt"),
    ("7314", "EXPIRE", edns("@", 6, options=option(9)), "NOERROR aa 1/0 opt"),
    # ECS
    ("7871", "IPv4", edns(options=ecs(1, 24, 0, b"\xc0\0\2")), "NOERROR aa 1/0 opt"), ("7871", "IPv6", edns(options=ecs(2, 32, 0, b"\x20\1\x0d\xb8")), "NOERROR aa 1/0 opt"),
    ("7871", "source 0", edns(options=ecs(1, 0)), "NOERROR aa 1/0 opt"), ("7871", "family 0, source 0", edns(options=ecs(0, 0)), "NOERROR aa 1/0 opt"),
    ("7871", "with NXDOMAIN", edns("missing", options=ecs(1, 24, 0, b"\xc0\0\2")), "NXDOMAIN aa 0/1 opt"),
    *[("7871", what, edns(options=octets), "FORMERR 0/0 opt") for what, octets in (
        ("no octets", option(8)), ("three octets", option(8, b"\0\1\0")), ("a prefix over 32", ecs(1, 33, 0, b"\xc0\0\2\0\0")), ("a prefix over 128", ecs(2, 129, 0, bytes(17))),
        ("an unknown family", ecs(3, 8, 0, b"\1")), ("bits beyond the prefix", ecs(1, 23, 0, b"\xc0\0\3")), ("an address too long", ecs(1, 24, 0, b"\xc0\0\2\0")),
        ("an address too short", ecs(1, 24, 0, b"\xc0\0")), ("a scope", ecs(1, 24, 24, b"\xc0\0\2")), ("two", ecs(1, 0) + ecs(1, 0)))],
    # malformed
    ("1035", "an empty packet", b"", "-"), ("1035", "half a header", b"\0\1\0\0\0\1", "-"), ("1035", "a header that promises a question", odd(b""), "FORMERR 0/0 noquestion"),
    ("1035", "a name cut in a label", odd(b"\7exa"), "FORMERR 0/0 noquestion"), ("1035", "no type", odd(b"\3www\0"), "FORMERR 0/0 noquestion"),
    ("1035", "half a class", odd(b"\3www\0\0\1\0"), "FORMERR 0/0 noquestion"), ("1035", "label type 01", odd(b"\x41www\0\0\1\0\1"), "FORMERR 0/0 noquestion"),
    ("1035", "label type 10", odd(b"\x83www\0\0\1\0\1"), "FORMERR 0/0 noquestion"), ("1035", "a pointer to itself", odd(b"\xc0\x0c\0\1\0\1"), "FORMERR 0/0 noquestion"),
    ("1035", "a pointer forward", odd(b"\xc0\x20\0\1\0\1"), "FORMERR 0/0 noquestion"), ("1035", "a pointer into the header", odd(b"\xc0\0\0\1\0\1"), "FORMERR 0/0 noquestion"),
    ("1035", "a name of 256 octets", odd((b"\x3f" + b"a" * 63) * 3 + b"\x3f" + b"a" * 63 + b"\0\0\1\0\1"), "FORMERR 0/0 noquestion"),
    ("1035", "counts that lie", static("www", counts=(1, 65535, 65535, 65535)), "FORMERR 0/0"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}".replace("[", "").replace("]", ""))
def test_the_answer_is_the_same_and_right_over_every_transport(lab, case):
    _, _, octets, expected = case
    if expected == "-":
        for transport in TRANSPORTS:
            assert send(lab, transport, octets, 0.15) is None, transport
        return
    answers = {transport: send(lab, transport, octets) for transport in TRANSPORTS}
    for transport, answer in answers.items():
        assert answer is not None, transport
        assert pieces(answer) == expected, transport
        assert answer[:2] == octets[:2]
    assert len({answer for transport, answer in answers.items()}) == 1, "not the same everywhere"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_question_comes_back_octet_for_octet(lab, transport):
    for octets in (question("wWw.StAtIc.TeSt", ident=0xBEEF), question("MisSing.sTatic.test"), question("NO.zone.here"), question("x.Y.cHILD.static.test")):
        assert send(lab, transport, octets)[12:len(octets)] == octets[12:]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_labels_of_any_octets_are_found(lab, transport):
    octets = b"\x09octets\0\xff." + differ.encode("static.test")
    answer = send(lab, transport, struct.pack(">6H", 1, 0, 1, 0, 0, 0) + octets + b"\0\1\0\1")
    assert pieces(answer) == "NOERROR aa 1/0" and answer[-4:] == bytes((192, 0, 2, 3))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_names_up_to_255_octets_and_labels_up_to_63_are_answered(lab, transport):
    tail = differ.encode("wild.static.test")
    name = (b"\x3f" + b"a" * 63) * 3 + bytes([254 - 3 * 64 - len(tail)]) + b"b" * (254 - 3 * 64 - len(tail)) + tail
    assert len(name) == 255
    assert pieces(send(lab, transport, struct.pack(">6H", 1, 0, 1, 0, 0, 0) + name + b"\0\1\0\1")) == "NOERROR aa 1/0"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_too_large_is_truncated_over_udp_only(lab, transport):
    for fields, most in (({"payload": 512}, 512), ({"payload": 1232}, 1232), ({"payload": 65535}, 1232)):
        answer = send(lab, transport, edns("big", 16, **fields))
        if transport.startswith("udp"):
            assert pieces(answer) == "NOERROR aa tc 0/0 opt" and len(answer) <= most
        else:
            assert pieces(answer) == "NOERROR aa 10/0 opt"


def ede_of(octets):
    """(code, text) of the answer's EDE (RFC 8914), or None. OPT is last and has nothing else here."""
    at = octets.rfind(b"\0\0\x29")
    size = struct.unpack(">H", octets[at + 9:at + 11])[0]
    if size == 0:
        return None
    code, _, number = struct.unpack(">3H", octets[at + 11:at + 17])
    assert code == 15
    return number, octets[at + 17:].decode()


@pytest.mark.parametrize("octets, code", [(question("example.org", counts=(1, 0, 0, 1), tail=opt()), 20), (static("www", rdclass=4, counts=(1, 0, 0, 1), tail=opt()), 21),
                                          (static("www", flags=9 << 11, counts=(1, 0, 0, 1), tail=opt()), 21), (edns(rdtype=128), 30), (edns(), None),
                                          (edns("missing"), None)], ids=["no-zone", "class", "opcode", "nxname", "answer", "nxdomain"])
def test_an_error_tells_its_reason_with_edns(lab, octets, code):
    for transport in TRANSPORTS:
        reason = ede_of(send(lab, transport, octets))
        assert (reason is None) == (code is None) and (code is None or (reason[0] == code and reason[1].isprintable() and reason[1])), transport


def test_a_disabled_service_tells_so(make_lab):
    lab = make_lab().start()
    lab.cli("disable", f"service:{SERVICE}", "--reason", "test")
    answer = send(lab, "udp4", lab.query("@", "A").to_wire())
    assert ede_of(answer) == (0, "service disabled by its operator")


def test_every_line_of_the_documentation_has_its_test():
    with open(f"{ROOT}/docs/conformance.md") as f:
        named = re.findall(r"`([\w/]+\.(?:py|c))::(\w+)`", f.read())
    assert len(named) > 40
    for file, test in named:
        places = glob.glob(f"{ROOT}/tests/*/{file}") + glob.glob(f"{ROOT}/tests/{file}")
        assert places and any(re.search(rf"\b{test}\(", open(place).read()) for place in places), f"{file}::{test}"
