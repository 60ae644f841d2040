"""Packets that are nearly right: sound queries with octets changed, cut, doubled and moved, and names and options that lie. Seeded."""
import random

import dns.edns

SEEDS_STATIC = [("www.static.test.", "A"), ("alias2.static.test.", "A"), ("x.child.static.test.", "A"), ("missing.static.test.", "AAAA"),
                ("a.b.wild.static.test.", "TXT"), ("big.static.test.", "TXT"), ("www.static.test.", "ANY"), ("example.org.", "MX")]
INTERESTING = (0, 1, 0x29, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xFE, 0xFF)


class Mutations:
    """An endless supply of packets: packet() gives the next one."""

    def __init__(self, lab, seed):
        self.rng = random.Random(seed)
        options = [dns.edns.GenericOption(3, b""), dns.edns.GenericOption(10, bytes(8)), dns.edns.GenericOption(10, bytes(24)),
                   dns.edns.GenericOption(11, b""), dns.edns.GenericOption(12, bytes(5)), dns.edns.GenericOption(65001, b"abc")]
        self.sound = [lab.query(name, rdtype).to_wire() for name, rdtype in SEEDS_STATIC]
        self.sound += [lab.query(name, rdtype, client, options=self.rng.sample(options, 2)).to_wire()
                       for name, rdtype in (("_sip._udp", "SRV"), ("@", "A"), ("@", "NAPTR"), ("@", "AAAA")) for client in ("10.1.2.3", "2001:db8:1::1", None)]
        self.sound += [lab.query("@", rdtype, edns=False).to_wire() for rdtype in ("AXFR", "IXFR", "TKEY", "TSIG", "OPT")]
        for opcode in (4, 5, 6, 15):
            octets = bytearray(self.sound[0])
            octets[2] = opcode << 3
            self.sound.append(bytes(octets))

    def packet(self):
        octets = bytearray(self.rng.choice(self.sound))
        for _ in range(self.rng.choice((1, 1, 2, 3, 6, 20))):
            self.rng.choice((self.octet, self.octet, self.word, self.cut, self.grow, self.double, self.splice))(octets)
        if len(octets) > 2 and self.rng.random() < 0.9:
            octets[2] &= 0x7F  # mostly queries: the rest is dropped at once
        return bytes(octets[:4096])

    def octet(self, octets):
        if octets:
            octets[self.rng.randrange(len(octets))] = self.rng.choice(INTERESTING) if self.rng.random() < 0.5 else self.rng.randrange(256)

    def word(self, octets):
        if len(octets) > 2:
            at = self.rng.randrange(len(octets) - 1)
            octets[at:at + 2] = self.rng.choice((0, 1, 2, 0xC00C, 0xC000 | at, 0xFFFF, len(octets), 0x8000)).to_bytes(2, "big")

    def cut(self, octets):
        if self.rng.random() < 0.3:
            del octets[self.rng.randrange(len(octets) + 1):]

    def grow(self, octets):
        octets += self.rng.randbytes(self.rng.randrange(40))

    def double(self, octets):
        if octets:
            start = self.rng.randrange(len(octets))
            octets[start:start] = octets[start:start + self.rng.randrange(1, 40)]

    def splice(self, octets):
        other = self.rng.choice(self.sound)
        at = self.rng.randrange(len(octets) + 1)
        octets[at:] = other[min(at, len(other)):]
