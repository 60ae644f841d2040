"""Writes small MaxMind databases (format 2.0), so that tests and the benchmark need no real one."""
import array
import ipaddress
import struct
import time

NONE = 0xFFFFFFFF
DATA = 0x80000000  # a leaf while the tree grows: DATA | number of the record


def _control(kind, size):
    extended = kind > 7
    first = 0 if extended else kind << 5
    if size < 29:
        head, tail = size, b""
    elif size < 285:
        head, tail = 29, bytes([size - 29])
    elif size < 65821:
        head, tail = 30, struct.pack(">H", size - 285)
    else:
        raise ValueError("too large")
    return bytes([first | head]) + (bytes([kind - 7]) if extended else b"") + tail


class U16(int):
    """An integer that the format wants as its unsigned 16-bit type."""


class U64(int):
    """The same for 64 bits."""


def encode(value):
    """A Python value in the data section's format."""
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, str):
        octets = value.encode()
        return _control(2, len(octets)) + octets
    if isinstance(value, float):
        return _control(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _control(5 if isinstance(value, U16) else 9 if isinstance(value, U64) else 6, len(octets)) + octets
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return _control(11, len(value)) + b"".join(map(encode, value))
    raise TypeError(type(value))


class Tree:
    """Prefixes -> records; an IPv6 tree with IPv4 at ::/96, as the real databases are."""

    def __init__(self):
        self.sides = (array.array("L", [NONE]), array.array("L", [NONE]))
        self.records, self.number_of = [], {}

    def _record(self, value):
        octets = encode(value)
        if octets not in self.number_of:
            self.number_of[octets] = len(self.records)
            self.records.append(octets)
        return DATA | self.number_of[octets]

    def insert(self, prefix, value):
        """Prefixes that lie in one another must come largest first."""
        net = ipaddress.ip_network(prefix)
        bits, depth = (int(net.network_address), net.prefixlen) if net.version == 6 else (int(net.network_address), net.prefixlen + 96)
        self.insert_bits(bits, depth, value)

    def insert_bits(self, bits, depth, value):
        leaf, node, sides = self._record(value), 0, self.sides
        for at in range(127, 127 - depth + 1, -1):
            side = sides[bits >> at & 1]
            below = side[node]
            if below >= DATA:  # nothing, or a larger prefix: split it
                sides[0].append(below)
                sides[1].append(below)
                below = side[node] = len(sides[0]) - 1
            node = below
        sides[bits >> (128 - depth) & 1][node] = leaf

    def write(self, path, database_type="GeoLite2-City"):
        offsets, data = [], bytearray()
        for octets in self.records:
            offsets.append(len(data))
            data += octets
        nodes = len(self.sides[0])
        words = array.array("I")
        for left, right in zip(*self.sides):
            for value in (left, right):
                words.append(nodes if value == NONE else value if value < DATA else nodes + 16 + offsets[value - DATA])
        words.byteswap()  # the format is big-endian; this runs on little-endian machines
        meta = {"binary_format_major_version": U16(2), "binary_format_minor_version": U16(0), "build_epoch": U64(time.time()), "database_type": database_type,
                "description": {"en": "made by sipsteer's tests"}, "ip_version": U16(6), "languages": ["en"],
                "node_count": nodes, "record_size": U16(32)}
        with open(path, "wb") as out:
            out.write(words.tobytes() + bytes(16) + bytes(data) + b"\xab\xcd\xefMaxMind.com" + encode(meta))


def place(latitude, longitude, country=None, continent=None):
    """A record as in GeoLite2 City."""
    record = {"location": {"latitude": float(latitude), "longitude": float(longitude)}}
    if country:
        record["country"] = {"iso_code": country}
    if continent:
        record["continent"] = {"code": continent}
    return record


def write(path, places, database_type="GeoLite2-City"):
    """{prefix: record} -> a database."""
    tree = Tree()
    for prefix in sorted(places, key=lambda p: ipaddress.ip_network(p).prefixlen + (96 if ":" not in p else 0)):
        tree.insert(prefix, places[prefix])
    tree.write(path, database_type)
