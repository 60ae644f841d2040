"""Client subnets (RFC 7871): what is echoed, and that a scope is never a lie."""
import ipaddress
import random
import struct

import dns.edns
import dns.message
import dns.rcode
import pytest

from lab import NEAR, NEAR6, ecs_of
from test_dns import opt, question, rcode

pytestmark = pytest.mark.main


def subnet(family, source, scope, octets):
    return struct.pack(">2HH2B", 8, 4 + len(octets), family, source, scope) + octets


def outcome(lab, client, bits, name="_sip._udp", rdtype="SRV"):
    """(what a client gets, in order; the scope it is told)"""
    answer = lab.ask(name, rdtype, client, bits=bits)
    echoed = ecs_of(answer)
    assert echoed and echoed.srclen == bits
    return [r.to_text() for rrset in answer.answer for r in rrset], echoed.scopelen


def test_the_subnet_decides_and_is_echoed(static_lab):
    for near in (NEAR, NEAR6):
        for site, prefix in near.items():
            net = ipaddress.ip_network(prefix)
            answer = static_lab.ask("_sip._udp", "SRV", str(net.network_address), bits=24 if net.version == 4 else 56)
            echoed = ecs_of(answer)
            assert static_lab.winner(str(net.network_address)) == site
            assert echoed.srclen == (24 if net.version == 4 else 56) and ipaddress.ip_address(echoed.address) in net


@pytest.mark.parametrize("rdtype, name", [("SRV", "_sip._udp"), ("A", "@"), ("AAAA", "@"), ("NAPTR", "@")])
def test_every_client_inside_a_scope_gets_the_same_answer(static_lab, rdtype, name):
    rng = random.Random(7871)
    narrow = 0
    for _ in range(60):
        base = ipaddress.ip_address(rng.choice([rng.randrange(10 << 24, 11 << 24), rng.randrange(1 << 24, 223 << 24),
                                                int(ipaddress.ip_address(f"10.{rng.randrange(4)}.0.0")) + rng.randrange(65536)]))
        first, scope = outcome(static_lab, str(base), 32, name, rdtype)
        assert scope <= 32
        narrow += scope < 24
        inside = ipaddress.ip_network(f"{base}/{scope}", strict=False)
        for _ in range(5):
            other = inside.network_address + rng.randrange(inside.num_addresses)
            assert outcome(static_lab, str(other), 32, name, rdtype)[0] == first, f"{base} and {other} of {inside}"
    assert narrow or rdtype in ("SRV", "A", "AAAA")  # transports do not depend on the bucket


def test_scopes_of_ipv6_clients_are_as_true(static_lab):
    rng = random.Random(6)
    for _ in range(60):
        base = ipaddress.ip_address(int(ipaddress.ip_address("2001:db8::")) + (rng.randrange(1 << 20) << 76) + rng.randrange(1 << 76))
        first, scope = outcome(static_lab, str(base), 128)
        inside = ipaddress.ip_network(f"{base}/{scope}", strict=False)
        for _ in range(5):
            other = inside.network_address + rng.randrange(inside.num_addresses)
            assert outcome(static_lab, str(other), 128)[0] == first, f"{base} and {other} of {inside}"


def test_neighbours_beyond_a_prefix_may_differ(static_lab):
    """Guards the tests above against a server that gives everyone the same."""
    assert outcome(static_lab, "10.1.255.255", 32)[0] != outcome(static_lab, "10.2.0.0", 32)[0]


def test_a_source_of_zero_gives_scope_zero(static_lab):
    answer = static_lab.ask("_sip._udp", "SRV", "0.0.0.0", bits=0)
    assert answer.rcode() == 0 and answer.answer and (ecs_of(answer).srclen, ecs_of(answer).scopelen) == (0, 0)


def test_none_in_none_out(static_lab):
    assert ecs_of(static_lab.ask("_sip._udp", "SRV")) is None


@pytest.mark.parametrize("name, rdtype", [("missing.static.test.", "A"), ("www.static.test.", "MX"), ("www.static.test.", "A")])
def test_answers_that_do_not_depend_on_the_client_have_scope_zero(static_lab, name, rdtype):
    echoed = ecs_of(static_lab.ask(name, rdtype, "10.1.2.3"))
    assert (echoed.srclen, echoed.scopelen) == (24, 0)


@pytest.mark.parametrize("option", [subnet(1, 33, 0, b"\n\1\2\3\0"), subnet(2, 129, 0, b"\0" * 17), subnet(1, 24, 0, b"\n\1"), subnet(1, 24, 0, b"\n\1\2\3"),
                                    subnet(1, 20, 0, b"\n\1\x2f"), subnet(1, 24, 8, b"\n\1\2"), struct.pack(">2HH", 8, 2, 1), struct.pack(">2H", 8, 0)],
                         ids=["v4 over 32", "v6 over 128", "short", "long", "bits beyond", "scope in a query", "half", "empty"])
def test_a_malformed_subnet_is_a_format_error(static_lab, option):
    octets = static_lab.exchange(question("www.static.test", counts=(1, 0, 0, 1), tail=opt(options=option)))
    assert rcode(octets) == dns.rcode.FORMERR
    assert dns.message.from_wire(octets).edns == 0


def test_an_unknown_family_is_an_error(static_lab):
    octets = static_lab.exchange(question("www.static.test", counts=(1, 0, 0, 1), tail=opt(options=subnet(3, 8, 0, b"\1"))))
    assert rcode(octets) in (dns.rcode.FORMERR, dns.rcode.REFUSED)


def test_the_resolvers_address_counts_where_no_subnet_is_given(make_lab):
    lab = make_lab()
    lab.nets_text += "127.0.0.0/8 1.3,103.8\n"
    lab.start()
    assert lab.winner(None) == "singapore"
    assert lab.winner("10.1.2.3") == "london"
