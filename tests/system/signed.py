"""A lab with two signed zones, one.example (NSEC) and three.example (NSEC3), that hold everything which can be asked; and the keys they need."""
import glob
import os
import shutil
import subprocess

from lab import Lab

ONE, THREE = "one.example.", "three.example."
PARENTS = (ONE, THREE)
LONG = ".".join(["l" * 63] * 3)  # 192 octets; a fourth label fills the name up to 255
ODD = r"od\.d\000\255\"\\x"
SITES = {"london": (51.51, -0.13), "ashburn": (39.04, -77.49), "singapore": (1.35, 103.82)}
HOSTS = ("lb1", "lb2", "ms1")
ZONE_OF = {"london": ONE, "ashburn": ONE, "singapore": THREE}  # where the site's hosts have their names
TTL, NEGATIVE_TTL, STEERED_TTL = 60, 5, 30


def long_label(apex):
    """Makes LONG's name below apex 255 octets."""
    return "f" * (255 - 192 - len(apex) - 2)


def run(*words, cwd):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def make_key(folder, zone, *options, algorithm="ECDSAP256SHA256"):
    """The path of a new key, without .key and .private."""
    os.makedirs(folder, exist_ok=True)
    return f"{folder}/" + run("dnssec-keygen", "-q", "-K", str(folder), "-a", algorithm, *options, zone, cwd=folder)


def set_times(path, *options):
    run("dnssec-settime", "-K", os.path.dirname(path), *options, os.path.basename(path), cwd=os.path.dirname(path))


def ds_of(path, ttl=TTL):
    return run("dnssec-dsfromkey", "-2", "-T", str(ttl), path + ".key", cwd=os.path.dirname(path))


def dnskeys_of(folder, zone):
    """[text of a DNSKEY's RDATA] of those that may be trusted: SEP keys."""
    found = []
    for path in glob.glob(f"{folder}/K{zone}+*.key"):
        for line in open(path):
            words = line.split()
            if not line.startswith(";") and "DNSKEY" in words and words[words.index("DNSKEY") + 1] == "257":
                found.append(" ".join(words[words.index("DNSKEY") + 1:]))
    return sorted(found)


class SignedLab(Lab):
    """algorithm, split: the keys of the two zones: CSKs, or KSK and ZSK of each. The children kid.ZONE are signed, plain.ZONE are not."""

    def __init__(self, folder, algorithm="ECDSAP256SHA256", split=False, signed=True, keys=None, ttl=TTL, steered_ttl=STEERED_TTL, dnssec=(),
                 probed=False):
        self.keys = keys or f"{folder}/keys"
        self.signed, self.algorithm, self.ttl, self.steered_ttl, self.dnssec = signed, algorithm, ttl, steered_ttl, dict(dnssec)
        self.serial = 100
        if keys is None:
            for zone in PARENTS:
                self.make_keys(zone, algorithm, split)
                self.make_keys(f"kid.{zone}", algorithm, False)
        super().__init__(folder, sites=SITES, hosts=HOSTS, ipv6=True)
        self.server, self.nobody = self.address, f"{self.net}.250"  # glue: resolvers follow it
        self.nets_text = "".join(f"10.{i + 1}.0.0/16 {lat},{lon}\n2001:db8:{i + 1}::/48 {lat},{lon}\n" for i, (lat, lon) in enumerate(SITES.values()))
        if probed:
            self.probe_all()
            for site in self.conf["sites"]:
                for endpoint, host in zip(site["endpoints"], HOSTS):
                    endpoint["address"] = self.ip(site["name"], host)  # never at the AAAA records

    def make_keys(self, zone, algorithm, split):
        ttl = str(self.ttl)
        if split:
            make_key(self.keys, zone, "-L", ttl, algorithm=algorithm)
        make_key(self.keys, zone, "-L", ttl, "-f", "KSK", algorithm=algorithm)

    def host(self, site, host):
        return f"{host}.{site}.{ZONE_OF[site]}"

    def make_conf(self):
        conf = super().make_conf()
        zones = [zone for parent in PARENTS for zone in (parent, f"kid.{parent}", f"plain.{parent}")]
        conf["zones"] = [{"name": zone, "file": f"{zone}zone", **self.signing(zone)} for zone in zones]
        common = {"policy": "nearest", "ttl": f"{self.steered_ttl}s"}
        conf["services"] = [{**common, "name": f"{name}{zone}", **changes} for zone in PARENTS for name, changes in (
            ("", {"targets": 4}),
            ("voice.", {"policy": "weighted", "srv": "weighted", "targets": 6, "on_all_down": "empty"}),
            ("few.", {"targets": 1, "sites": ["london"], "on_all_down": "static"}),
            ("m.way.", {"targets": 2, "sites": ["london", "singapore"], "policy": "ordered", "on_all_down": "empty"}),
            ("solo.by.", {"targets": 1, "sites": ["london"], "on_all_down": "empty"}),
            ("spread.", {"targets": 2, "spread": "query"}))]
        return conf

    def signing(self, zone):
        if not self.signed or zone.startswith("plain."):
            return {}
        return {"dnssec": {"keys": self.keys, "denial": "nsec3" if "three" in zone else "nsec", **self.dnssec}}

    def make_zone(self):
        return ""  # several files: see write()

    # --- the zones

    def steered_rows(self, name, sites=SITES, protos=("udp", "tcp")):
        rows = [f'{name} NAPTR {10 + i} 10 "s" "SIP+D2{proto[0].upper()}" "" _sip._{proto}{"" if name == "@" else "." + name}'
                for i, proto in enumerate(protos)]
        for site in sites:
            for host in HOSTS:
                rows += [f"{name} A {self.ip(site, host)}", f"{name} AAAA {self.ip6(site, host)}"]
                rows += [f"_sip._{proto}{'' if name == '@' else '.' + name} SRV 10 10 5060 {self.host(site, host)}" for proto in protos]
        return rows

    def child_ds(self, child):
        keys = glob.glob(f"{self.keys}/K{child}+*.key")
        return [ds_of(path[:-4], self.ttl) for path in keys] if self.signed else []

    def parent_rows(self, zone):
        rows = [row for name, sites in (("@", SITES), ("voice", SITES), ("few", ["london"]), ("m.way", ["london", "singapore"]), ("spread", SITES))
                for row in self.steered_rows(name, sites)]
        rows += [f"{host}.{site} {rdtype} {ip(site, host)}" for site in SITES if ZONE_OF[site] == zone for host in HOSTS
                 for rdtype, ip in (("A", self.ip), ("AAAA", self.ip6))]
        rows += [f"solo.by {rdtype} {ip('london', host)}" for host in HOSTS for rdtype, ip in (("A", self.ip), ("AAAA", self.ip6))]
        for child in ("kid", "plain"):
            rows += [f"{child} NS ns.{child}", f"ns.{child} A {self.server}"]
        rows += self.child_ds(f"kid.{zone}")
        return rows + f"""
@ TXT "at the apex"
@ MX 10 mail
mail A 192.0.2.25
mail AAAA 2001:db8::25
*.wild TXT "wild"
*.wild A 192.0.2.9
stop.wild TXT "x"
_sip._udp.*.odd TXT "a name below an asterisk"
*.srv SRV 1 2 5060 mail
*.mx MX 1 mail
*.way CNAME m.way
*.by CNAME solo.by
*.tolocal CNAME local.deep.ent
*.towild CNAME x.wild
*.tonothing CNAME nothing.way2
*.tocut CNAME a.cut
*.todname CNAME mail.old
local.deep.ent TXT "below empty non-terminals"
a.b.c.d.e.f A 192.0.2.11
alias CNAME mail
alias2 CNAME alias
toservice CNAME voice
toservice2 CNAME toservice
toapex CNAME @
tosrv CNAME _sip._udp.voice
dangling CNAME missing
belowmail CNAME x.mail
towild CNAME some.wild
tosrvwild CNAME some.srv
tocut CNAME a.cut
tokid CNAME www.kid
tosecure CNAME a.secure
toplain CNAME www.plain
out CNAME www.example.net.
looping CNAME looping2
looping2 CNAME looping
old DNAME new
mail.new A 192.0.2.26
*.wild.new TXT "behind a DNAME"
toservice.new CNAME voice
service DNAME voice
many DNAME way
elsewhere DNAME example.net.
twice DNAME old
tokids DNAME kid
grow DNAME {"g" * 60}.{"h" * 60}
throughold CNAME mail.old
throughservice CNAME _sip._udp.service
cut NS ns.cut
cut NS ns.example.net.
ns.cut A {self.nobody}
ns.cut AAAA 2001:db8::60
secure NS ns.secure
secure DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000001
ns.secure A {self.nobody}
deep.er.cut2 NS ns.example.net.
{ODD} TXT "odd"
*.{ODD} A 192.0.2.12
toodd CNAME x.{ODD}
UPPER.Case TXT "Letters"
{long_label(zone)}.{LONG} TXT "255 octets"
tolong CNAME {long_label(zone)}.{LONG}
any TXT "t"
any CAA 0 issue "ca.example.net"
any TYPE65280 \\# 4 0A000001
""".split("\n") + [f'big TXT "{i:0200d}"' for i in range(8)]

    def zone_file(self, zone):
        rows = [f"$ORIGIN {zone}", f"$TTL {self.ttl}", f"@ SOA ns1 hostmaster {self.serial} 7200 900 1209600 {NEGATIVE_TTL}"]
        if zone in PARENTS:
            rows += ["@ NS ns1", f"ns1 A {self.server}", *self.parent_rows(zone)]
        else:
            rows += ["@ NS ns", f"ns A {self.server}", 'www TXT "a child"', "www A 192.0.2.70", "*.w A 192.0.2.71", "up CNAME mail." + zone.split(".", 1)[1]]
        return "\n".join(rows) + "\n"

    def write(self):
        for zone in self.conf["zones"]:
            self.write_file(zone["file"], self.zone_file(zone["name"]))
        super().write()

    def anchors(self):
        return {zone: dnskeys_of(self.keys, zone) for zone in PARENTS}

    def unsigned_twin(self, folder):
        """The same without signatures, on the same endpoints' addresses."""
        twin = SignedLab(folder, signed=False, keys=self.keys, ttl=self.ttl, steered_ttl=self.steered_ttl, probed="probes" in self.conf)
        twin.ip, twin.server, twin.nobody = self.ip, self.server, self.nobody
        for mine, theirs in zip(twin.conf["sites"], self.conf["sites"]):
            mine["endpoints"] = theirs["endpoints"]
        return twin


def remove(path):
    for kind in (".key", ".private"):
        os.unlink(path + kind)


def copy_keys(folder, to):
    shutil.copytree(folder, to)
