"""Every record type as text: what we serve of it are the octets that BIND, Knot DNS and NSD serve."""
import differ
import dns.rdata
import pytest
from peers import Bind, Knot, Nsd

HEAD = "$ORIGIN t.test.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
KEY = "AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="
DIGEST = "0123456789abcdef" * 4
# (type, its number, RDATA, who else reads it: b BIND, k Knot DNS, n NSD)
ROWS = [
    ("A", 1, "192.0.2.1", "bkn"), ("NS", 2, "Ns1.example.", "b"), ("MD", 3, "a.example.", "n"), ("MF", 4, "a.example.", "n"),
    ("CNAME", 5, "x.example.", "bkn"), ("MB", 7, "a.example.", "bn"), ("MG", 8, "a.example.", "bn"), ("MR", 9, "a.example.", "bn"),
    ("WKS", 11, "192.0.2.1 TCP 25 53", "bn"), ("WKS", 11, "192.0.2.1 17 53", "bn"), ("WKS", 11, "192.0.2.1 6", "b"), ("WKS", 11, "192.0.2.1 6 0 1000", "bn"),
    ("PTR", 12, "x", "bkn"), ("HINFO", 13, "\"PC\" \"a b\"", "bkn"), ("MINFO", 14, "a.example. b.example.", "bkn"), ("MX", 15, "10 Mail", "b"),
    ("TXT", 16, "\"a\\\"b\" c \\065\\255 \"\"", "bkn"), ("RP", 17, "mbox.example. txt", "bkn"), ("AFSDB", 18, "1 afs", "bkn"), ("X25", 19, "311061700956", "bn"),
    ("ISDN", 20, "150862028003217 004", "bn"), ("ISDN", 20, "150862028003217", "bn"), ("RT", 21, "10 relay", "bkn"),
    ("NSAP", 22, "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00", "bn"), ("KEY", 25, "512 255 1 " + KEY, "bkn"),
    ("PX", 26, "10 a.example. b.example.", "bn"), ("GPOS", 27, "-32.6882 116.8652 10.0", "b"), ("AAAA", 28, "2001:DB8::192.0.2.1", "bkn"),
    ("LOC", 29, "51 30 12.748 N 0 7 39.612 W 10m 20m 2000m 20m", "bkn"), ("LOC", 29, "42 21 54 N 71 06 18 W -24m 30m", "bkn"),
    ("LOC", 29, "90 S 180 W -100000.00m 0m 90000000m 1.50m", "bkn"), ("EID", 31, "0123456789ABCDEF", "b"),
    ("NIMLOC", 32, "0123456789ABCDEF", "b"), ("SRV", 33, "0 65535 5060 lb1.london", "bkn"), ("ATMA", 34, "+61.2.0000.0000", "b"),
    ("ATMA", 34, "39.246f.00.0e7c9c.0312.0001.0001.000012345678.00", "b"), ("NAPTR", 35, "10 20 \"u\" \"E2U+sip\" \"!^.*$!sip:a@example.com!\" .", "bkn"),
    ("KX", 36, "10 kx", "bkn"), ("CERT", 37, "PKIX 65535 RSASHA256 " + KEY, "bkn"), ("CERT", 37, "1 2 3 " + KEY, "bkn"), ("A6", 38, "0 2001:db8::1", "b"),
    ("A6", 38, "63 ::1:2:3:4 prefix", "b"), ("A6", 38, "128 prefix", "b"), ("DNAME", 39, "x.example.", "bkn"), ("SINK", 40, "1 2 3 aGVsbG8=", "b"),
    ("APL", 42, "1:192.0.2.0/25 !1:192.0.2.64/28 2:ff00::/8", "bkn"), ("APL", 42, "", "bkn"), ("APL", 42, "1:0.0.0.0/0 1:192.0.2.1/32", "bkn"),
    ("DS", 43, "1 13 2 " + DIGEST, "bkn"), ("SSHFP", 44, "4 2 " + DIGEST, "bkn"), ("IPSECKEY", 45, "10 1 2 192.0.2.38 " + KEY, "bkn"),
    ("IPSECKEY", 45, "10 0 2 . " + KEY, "bkn"), ("IPSECKEY", 45, "10 3 2 gw.t.test. " + KEY, "bkn"), ("IPSECKEY", 45, "10 3 2 gw " + KEY, "bkn"),
    ("IPSECKEY", 45, "10 2 2 2001:db8::1 " + KEY, "bkn"),
    ("NSEC", 47, "x.t.test. A MX RRSIG NSEC TYPE1234", "bkn"),
    ("DNSKEY", 48, "257 3 ECDSAP256SHA256 " + KEY, "bkn"), ("DHCID", 49, KEY, "bkn"),
    ("NSEC3PARAM", 51, "1 0 10 -", "bkn"),
    ("TLSA", 52, "3 1 1 " + DIGEST, "bkn"), ("SMIMEA", 53, "3 0 1 " + DIGEST, "bkn"),
    ("HIP", 55, "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1.t.test. rvs2.example.", "b"), ("HIP", 55, "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx", "b"),
    ("HIP", 55, "2 20 AwEA rvs1", "b"), ("NINFO", 56, "\"a b\" c", "b"), ("RKEY", 57, "0 255 1 " + KEY, "b"), ("TALINK", 58, "a b.example.", "b"),
    ("CDS", 59, "1 13 2 " + DIGEST, "bkn"), ("CDS", 59, "0 0 0 00", "bkn"), ("CDNSKEY", 60, "257 3 13 " + KEY, "bkn"), ("CDNSKEY", 60, "0 3 0 AA==", "bkn"),
    ("OPENPGPKEY", 61, KEY, "bkn"), ("CSYNC", 62, "66 3 A NS AAAA", "bkn"), ("ZONEMD", 63, "1 1 1 " + DIGEST + DIGEST[:32], "bkn"),
    ("SPF", 99, "\"v=spf1 -all\"", "bkn"), ("NID", 104, "10 0014:4fff:ff20:ee64", "bkn"), ("L32", 105, "10 10.1.2.0", "bkn"),
    ("L64", 106, "10 2001:0DB8:1140:1000", "bkn"), ("LP", 107, "10 l64.example.", "bkn"), ("EUI48", 108, "00-00-5e-00-53-2a", "bkn"),
    ("EUI64", 109, "00-00-5e-ef-10-00-00-2a", "bkn"), ("URI", 256, "10 1 \"ftp://ftp.example/a b\"", "bkn"), ("CAA", 257, "128 issue \"ca.example; policy=ev\"", "bkn"),
    ("AVC", 258, "\"app-name:A|app-class:OAM\" x", "bn"), ("DOA", 259, "0 1 2 \"\" " + KEY, "b"), ("DOA", 259, "4294967295 1 2 \"a/b\" -", "b"),
    ("AMTRELAY", 260, "10 0 1 203.0.113.15", "b"), ("AMTRELAY", 260, "10 1 2 2001:db8::15", "b"), ("AMTRELAY", 260, "128 1 3 a.example.", "b"),
    ("AMTRELAY", 260, "10 0 0 .", "b"), ("TA", 32768, "1 13 2 " + DIGEST, "b"), ("DLV", 32769, "1 13 2 " + DIGEST, "b"),
    ("TYPE65280", 65280, "\\# 4 0a 000001", "bkn"), ("TYPE1", 1, "\\# 4 0a000001", "bkn"), ("TYPE65281", 65281, "\\# 0", "bkn"),
    # RFC 9460 D, and more
    ("SVCB", 64, "0 foo.example.com.", "bkn"), ("SVCB", 64, "1 .", "bkn"), ("SVCB", 64, "16 foo.example.com. port=53", "bkn"),
    ("SVCB", 64, "1 foo.example.com. key667=hello", "bkn"), ("SVCB", 64, "1 foo.example.com. key667=\"hello\\210qoo\"", "bkn"),
    ("SVCB", 64, "1 foo.example.com. ipv6hint=\"2001:db8::1,2001:db8::53:1\"", "bkn"), ("SVCB", 64, "1 foo.example.com. ipv6hint=2001:db8:122:344::192.0.2.33", "bkn"),
    ("SVCB", 64, "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1", "bkn"),
    ("SVCB", 64, "16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"", "bkn"), ("SVCB", 64, "16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2", "bkn"),
    ("HTTPS", 65, "0 pool", "bkn"), ("HTTPS", 65, "1 . alpn=h2 no-default-alpn ech=\"aGVsbG8=\" ipv4hint=192.0.2.1,192.0.2.2", "bkn"),
    ("HTTPS", 65, "( 1 . ; a comment\n alpn=\"h2,h3\" port=\"8443\"\n )", "bkn"), ("SVCB", 64, "1 . alpn=h2 dohpath=/dns-query{?dns}", "bn"),
    ("SVCB", 64, "1 . key65534", "bkn"), ("SVCB", 64, "1 . key1=\"\\002h2\"", "bk"), ("SVCB", 64, "1 . key9=\"a b\" key10= key8=\"\" ", "bn"),
    ("SVCB", 64, "0 foo.example. alpn=h2", "bkn"),
]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """{server: octets of every row's RDATA}"""
    from lab import Lab
    folder = tmp_path_factory.mktemp("types")
    lab = Lab(folder)
    running, answers = [], {}

    def zone(letter):
        lab.write_file(f"types{letter}.zone", HEAD + "".join(f"r{i} {rdtype} {text}\n" for i, (rdtype, _, text, who) in enumerate(ROWS)
                                                             if letter in who + "o"))
        return f"{folder}/types{letter}.zone"

    def ask(name, address, port, letter):
        rows = [i for i, row in enumerate(ROWS) if letter in row[3] + "o"]
        asker = differ.Asker(address, port)
        answers[name] = dict(zip(rows, map(rdata_of, asker.ask([(f"r{i}.t.test.", ROWS[i][1]) for i in rows]))))
        asker.close()

    try:
        zone("o")
        lab.conf["zones"].append({"name": "t.test.", "file": "typeso.zone"})
        lab.start()
        ask("ours", lab.address, lab.port, "o")
        for peer, letter in ((Bind, "b"), (Knot, "k"), (Nsd, "n")):
            running.append(peer(str(folder), {"t.test.": zone(letter)}))
            ask(letter, running[-1].address, running[-1].port, letter)
        yield answers
    finally:
        for peer in running:
            peer.end()
        lab.close()


def rdata_of(octets):
    """Of the first record (a referral's is in its authority section), with whole names; b"" when there is none."""
    assert not octets[2] & 2, "truncated"
    if octets[3] & 15 or octets[6:10] == bytes(4):
        return b""
    _, at = differ.read_name(octets, 12)
    _, at = differ.read_name(octets, at + 4)
    rdtype, size = int.from_bytes(octets[at:at + 2], "big"), int.from_bytes(octets[at + 8:at + 10], "big")
    if rdtype == 14:  # dnspython knows no MINFO
        first, second = differ.read_name(octets, at + 10)
        return first + b" " + differ.read_name(octets, second)[0]
    return dns.rdata.from_wire(1, rdtype, octets, at + 10, size).to_wire() if rdtype <= 15 else octets[at + 10:at + 10 + size]


@pytest.mark.parametrize("row", range(len(ROWS)), ids=lambda i: f"{i}-{ROWS[i][0]}")
def test_the_octets_are_those_that_others_serve(asked, row):
    ours = asked["ours"][row]
    theirs = {name: octets[row] for name, octets in asked.items() if name != "ours" and row in octets}
    assert theirs and (ours or ROWS[row][2] in ("", "\\# 0")) and all(octets == ours for octets in theirs.values()), f"{ROWS[row]}\nours {ours.hex()}\n" + "\n".join(
        f"{name} {octets.hex()}" for name, octets in theirs.items())


# What none of them takes, or what we know better than some (src/zone/README.md).
REFUSED = [
    ("SVCB 1 . no-default-alpn", "no-default-alpn without alpn"), ("SVCB 1 . alpn=", "a protocol of 1 to 255 octets"), ("SVCB 1 . alpn", "a protocol of 1"),
    ("SVCB 1 . alpn= \"h2\"", "a protocol of 1 to 255"), ("SVCB 1 . \"alpn=h2\"", "where no string was expected"),
    ("SVCB 1 . alpn=h2\"h3\"", "a quotation mark inside"), ("SVCB 1 . alpn\"h3\"", "a quotation mark right behind"),
    ("SVCB 1 . alpn=h2,,h3", "a protocol of 1"), ("SVCB 1 . alpn=a\\\\b", "before neither a comma"), ("SVCB 1 . alpn=a\\\\", "before neither a comma"),
    ("SVCB 1 . alpn=" + "a" * 256, "a protocol of 1 to 255"), ("SVCB 1 . alpn=h2 alpn=h3", "stands there twice"),
    ("SVCB 1 . mandatory=alpn", "a mandatory key that is not there"), ("SVCB 1 . mandatory=mandatory,alpn alpn=h2", "with itself"),
    ("SVCB 1 . mandatory=alpn,alpn alpn=h2", "a key twice"), ("SVCB 1 . mandatory= alpn=h2", "without a value"),
    ("SVCB 1 . mandatory=,alpn alpn=h2", "an empty item"), ("SVCB 1 . mandatory=ALPN alpn=h2", "key of a parameter"),
    ("SVCB 1 . key0=\"\\000\\004\\000\\001\" alpn=h2 ipv4hint=192.0.2.1", "out of order"), ("SVCB 1 . port=65536", "0 to 65535"), ("SVCB 1 . port=", "without a value"),
    ("SVCB 1 . port=1\\0002", "without a value"), ("SVCB 1 . ipv4hint=", "without a value"), ("SVCB 1 . ipv4hint=192.0.2.1,", "an empty item"),
    ("SVCB 1 . ipv4hint=2001:db8::1", "no IPv4 address"), ("SVCB 1 . ipv6hint=192.0.2.1", "no IPv6 address"), ("SVCB 1 . key3=\"x\"", "port that is none"),
    ("SVCB 1 . key1=\"\\003h2\"", "ends too early"), ("SVCB 1 . key1=\"\\000\"", "is empty"), ("SVCB 1 . dohpath=dns-query{?dns}", "dohpath"),
    ("SVCB 1 . dohpath=/dns-query", "dohpath"), ("SVCB 1 . dohpath=/{dnsx}", "dohpath"), ("SVCB 1 . key07=x", "key of a parameter"),
    ("SVCB 1 . key65535=x", "key of a parameter"), ("SVCB 1 . KEY667=x", "key of a parameter"), ("SVCB 1 . =x", "key of a parameter"),
    ("SVCB 1 . no-default-alpn=x alpn=h2", "no-default-alpn with a value"), ("SVCB 1 . ech=", "without a value"), ("SVCB 1 . ech=!!", "cannot be read"),
    ("SVCB 1 . ohttp=x", "ohttp with a value"), ("SVCB 65536 .", "0 to 65535"), ("SVCB 1", "ends too early"), ("SVCB", "ends too early"),
    ("SVCB \\# 2 0001", "ends too early"), ("SVCB \\# 7 00010000030002", "ends too early"),
    ("SVCB \\# 11 00010000030000 00030000", "port that is none"), ("SVCB \\# 11 000100 0009 0000 0008 0000", "out of order"),
    ("SVCB \\# 7 000100ffff0000", "reserved"),
    ("SVCB \\# 14 0100000000000261010000000000", "a mandatory key that is not there"), ("HTTPS \\# 4 00014061", "unsound target"),
    ("IPSECKEY 10 4 2 . AQN", "0 to 3"), ("IPSECKEY 10 0 2 x AQNR", "where \".\" was expected"), ("IPSECKEY 10 0 2 .", "the key is missing"),
    ("IPSECKEY 10 0 0 . AQNR", "algorithm 0"), ("IPSECKEY 10 1 2 2001:db8::1 AQNR", "no IPv4 address"), ("IPSECKEY \\# 4 0a010201", "ends too early"),
    ("IPSECKEY \\# 4 0a040201", "no known kind"), ("IPSECKEY \\# 5 0a0302c0 0c", "unsound"), ("HIP 2 2001", "ends too early"), ("HIP 2 201 AQNR", "odd number"),
    ("HIP \\# 5 ff02000101", "do not bear out"), ("HIP \\# 5 0002000101", "do not bear out"), ("APL 1:192.0.2.0/33", "was expected"), ("APL 3:192.0.2.0/3", "was expected"), ("APL 1:192.0.2.0", "was expected"),
    ("APL 2:192.0.2.0/3", "was expected"), ("APL !!1:192.0.2.0/3", "was expected"), ("APL \\# 4 00012101", "ends too early"), ("APL \\# 5 0001210100", "wrong length"),
    ("WKS 192.0.2.1 300 5", "TCP, UDP or"), ("WKS 192.0.2.1 6 65536", "a port or"), ("WKS 192.0.2.1 6 -9", "a port or"), ("WKS 192.0.2.1", "ends too early"),
    ("AMTRELAY 10 2 0 .", "0 to 1"), ("AMTRELAY 10 0 4 .", "0 to 3"), ("AMTRELAY 10 0 0 . x", "more than"), ("AMTRELAY \\# 3 0a0000", "another length"),
    ("A6 129 x", "0 to 128"), ("A6 64 ::1", "ends too early"), ("NSAP 47.0005", "0x"), ("NSAP 0x4", "odd number"), ("NSAP 0x", "where an address"),
    ("ATMA +", "without digits"), ("ATMA +6a", "+ and digits"), ("NID 10 0014:4fff:ff20", "four groups"), ("NID 10 0014:4fff:ff20:ee64:1", "four groups"),
    ("NID 10 0014:4fff:ff20:", "four groups"), ("L64 10 00145:4fff:ff20:1", "four groups"), ("DOA 1 2 3", "ends too early"), ("SINK 1 2 3", "ends too early"),
]


def test_what_is_malformed_is_refused_with_its_line(make_lab):
    lab = make_lab()
    head = lab.zone_text
    for part in range(0, len(REFUSED), 50):  # no more than are told at once
        rows = REFUSED[part:part + 50]
        lab.zone_text = head + "".join(f"odd{i} {text}\n" for i, (text, _) in enumerate(rows))
        lab.write()
        lab.cli("check", conf=True, code=1)
        told = (lab.last.stdout + lab.last.stderr).splitlines()
        places = [f"sip.zone:{head.count(chr(10)) + i + 1}: " for i in range(len(rows))]
        wrong = [(row, [line for line in told if place in line]) for row, place in zip(rows, places)
                 if not any(place in line and row[1] in line for line in told)]
        assert not wrong, "\n".join(map(str, wrong))
