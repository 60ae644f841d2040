"""DNS cookies (RFC 7873, 9018) for tests: options, queries for a cookie alone, and what came back."""
import struct

import dns.edns

COOKIE = 10
BADCOOKIE = 23
CLIENT = bytes(range(0x10, 0x18))


def option(octets=CLIENT):
    return dns.edns.GenericOption(COOKIE, octets)


def cookie_of(answer):
    """The answer's cookie, or None. It stands once."""
    found = [o.data for o in answer.options if o.otype == COOKIE]
    assert len(found) <= 1
    return found[0] if found else None


def rcode_of(octets):
    """The whole extended rcode of an answer that has an OPT record and nothing else (12 octets of header, then OPT)."""
    return octets[17] << 4 | octets[3] & 15


def bare_query(cookie, number=7):
    """A query without a question (RFC 7873 5.4)."""
    return struct.pack("!HHHHHH", number, 0, 0, 0, 0, 1) + b"\0\0\x29\x04\xd0\0\0\0\0" + struct.pack("!HHH", 4 + len(cookie), COOKIE, len(cookie)) + cookie
