"""Whether one answer proves itself: every signature, and the whole chain of reasons in the message (RFC 4035 5, RFC 5155 8, RFC 6840), read
anew from the RFCs and without what a resolver may know from before."""
import base64
import hashlib
import time
from collections import namedtuple

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype as T
import dns.rrset

Found = namedtuple("Found", "owner rdtype ttl rdatas")
Denial = namedtuple("Denial", "owner zone rdata")  # a verified NSEC or NSEC3 record
HEX32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
BACK32 = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


class Bogus(AssertionError):
    pass


def expect(condition, why):
    if not condition:
        raise Bogus(why)


def order(name):
    """RFC 4034 6.1."""
    return [label.lower() for label in reversed(name.labels)]


def between(low, name, high):
    """Whether name lies strictly between an NSEC's owner and its next name; the last one's next is the apex."""
    low, name, high = order(low), order(name), order(high)
    return low < name < high if low < high else name > low or name < high


def common(a, b):
    """The deepest name above or at both."""
    count = 0
    for x, y in zip(order(a), order(b)):
        if x != y:
            break
        count += 1
    return a.split(count)[1]


def has_type(rdata, rdtype):
    return any(window == rdtype >> 8 and (rdtype & 255) // 8 < len(bits) and bits[(rdtype & 255) // 8] & 0x80 >> rdtype % 8
               for window, bits in rdata.windows)


def nsec3_hash(name):
    return hashlib.sha1(name.canonicalize().to_wire()).digest()


def hash_of(owner):
    return base64.b32decode(owner.labels[0].upper().translate(BACK32))


def substitute(name, owner, target):
    return dns.name.Name(name.labels[:len(name.labels) - len(owner.labels)] + target.labels)


def sections(message):
    """{section: [Found]}, in order and with nothing merged that came apart, without OPT."""
    found = {}
    for section in ("answer", "authority", "additional"):
        sets = found[section] = []
        for rr in getattr(message, section):
            rdtype = (rr.rdtype, rr.covers)
            last = next((f for f in sets if f.owner == rr.name and f.rdtype == rdtype), None)
            if last is None:
                sets.append(Found(rr.name, rdtype, rr.ttl, [*rr]))
                continue
            expect(last.ttl == rr.ttl, f"{rr.name} {T.to_text(rr.rdtype)}: two TTLs in one RRset")
            expect(sets[-1] is last, f"{rr.name} {T.to_text(rr.rdtype)}: an RRset in two places")
            for rdata in rr:
                expect(rdata not in last.rdatas, f"{rr.name} {T.to_text(rr.rdtype)} {rdata}: twice")
                last.rdatas.append(rdata)
    return found


class Zones:
    """What the judge trusts: {apex: DNSKEY rrset}, apexes without signatures, delegations. denial: {apex: "nsec" or "nsec3"}."""

    def __init__(self, keys, insecure=(), cuts=(), denial=None):
        name = dns.name.from_text
        self.keys = {name(apex): rrset for apex, rrset in keys.items()}
        self.insecure, self.cuts = {name(apex) for apex in insecure}, {name(cut) for cut in cuts}
        self.denial = {name(apex): kind for apex, kind in (denial or {}).items()}
        self.verified = {}  # signatures that were looked at already

    def apex_of(self, owner, rdtype):
        """The zone that owner's set of this type belongs to; None: none of ours."""
        while True:
            if owner in self.keys or owner in self.insecure:
                if rdtype != T.DS or not any(owner.is_subdomain(a) and owner != a for a in (*self.keys, *self.insecure)):
                    return owner
            if owner == dns.name.root:
                return None
            owner, rdtype = owner.parent(), T.A

    def below_cut(self, owner, rdtype):
        """Whether this stands at or below a delegation, as data that is not ours to sign."""
        for cut in self.cuts:
            if owner.is_subdomain(cut) and (owner != cut or rdtype not in (T.DS, T.NSEC)):
                return True
        return False


class Judge:
    """One message. verdict() raises Bogus, or gives what was proven: positive, nodata, nxdomain, referral, elsewhere or insecure."""

    def __init__(self, zones, wire, now=None):
        self.zones, self.now = zones, now or time.time()
        self.message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        self.found = sections(self.message)
        self.denials, self.expanded = [], {}
        question = self.message.question[0]
        self.qname, self.qtype = question.name, question.rdtype

    # --- signatures

    def signatures(self, section, of):
        return next((f for f in self.found[section] if f.owner == of.owner and f.rdtype == (T.RRSIG, of.rdtype[0])), None)

    def verify_one(self, of, rrsig, zone):
        keys = self.zones.keys[zone]
        expect(rrsig.signer == zone, f"signed by {rrsig.signer}, not {zone}")
        expect(of.ttl <= rrsig.original_ttl, "TTL above the original")
        expect(rrsig.inception < self.now < rrsig.expiration, f"not valid now: {rrsig.inception} to {rrsig.expiration}")
        content = (of.owner.to_text().lower(), of.rdtype, tuple(sorted(r.to_wire() for r in of.rdatas)), rrsig.to_wire(), id(keys))
        if content not in self.zones.verified:
            rrset = dns.rrset.from_rdata_list(of.owner, of.ttl, of.rdatas)
            try:
                dns.dnssec.validate_rrsig(rrset, rrsig, {zone: keys}, now=self.now)
            except dns.dnssec.ValidationFailure as why:
                raise Bogus(f"signature: {why or type(why).__name__}")
            self.zones.verified[content] = True

    def verify(self, section, of):
        """The set's signatures, one of each algorithm of the zone at least."""
        signed = self.signatures(section, of)
        zone = self.zones.apex_of(of.owner, of.rdtype[0])
        if of.rdtype[0] == T.NSEC and signed and signed.rdatas[0].signer != zone:
            zone = self.zones.apex_of(of.owner, T.DS)  # the parent's at a cut to another of our zones
        if zone is None or zone in self.zones.insecure or self.zones.below_cut(of.owner, of.rdtype[0]):
            expect(signed is None, "signed, though not the zone's own")
            return
        if signed is None:
            expect(section == "additional" or (of.rdtype[0] == T.CNAME and self.made_by(of)), "not signed")
            return
        expect(signed.ttl == of.ttl, f"TTL {of.ttl}, but of its RRSIG {signed.ttl}")
        for rrsig in signed.rdatas:
            self.verify_one(of, rrsig, zone)
        algorithms = {k.algorithm for k in self.zones.keys[zone]}
        expect({r.algorithm for r in signed.rdatas} == algorithms, "not signed with each algorithm")
        self.note(of, signed.rdatas[0], zone)

    def note(self, of, rrsig, zone):
        """What a verified set is good for: proofs, and wildcards that must be proven."""
        labels = len(of.owner) - 1 - (of.owner.labels[0] == b"*")
        if rrsig.labels < labels:
            self.expanded[of.owner] = of.owner.split(rrsig.labels + 1)[1]
        if of.rdtype[0] in (T.NSEC, T.NSEC3):
            expect(len(of.rdatas) == 1, "more than one record")
            self.denials.append(Denial(of.owner, zone, of.rdatas[0]))

    def made_by(self, of):
        """The DNAME whose CNAME this is."""
        return next((f for f in self.found["answer"] if f.rdtype[0] == T.DNAME and of.owner.is_subdomain(f.owner) and of.owner != f.owner and
                     substitute(of.owner, f.owner, f.rdatas[0].target) == of.rdatas[0].target), None)

    def verify_all(self):
        for section, sets in self.found.items():
            for of in sets:
                try:
                    if of.rdtype[0] == T.RRSIG:
                        expect(self.qtype == T.RRSIG or any(f.owner == of.owner and f.rdtype[0] == of.rdtype[1] for f in sets),
                               "signs nothing that is there")
                    elif not (section == "answer" and self.qtype == T.RRSIG):
                        self.verify(section, of)
                except Bogus as why:
                    raise Bogus(f"{section}: {of.owner} {T.to_text(of.rdtype[0])}: {why}")

    # --- NSEC

    def nsecs(self, zone):
        return [d for d in self.denials if d.zone == zone and d.rdata.rdtype == T.NSEC]

    def nsec_covers(self, zone, name):
        """The NSEC that says name is not there. One from above a cut or a DNAME says nothing of names below (RFC 6840 4.1)."""
        for d in self.nsecs(zone):
            above = name != d.owner and name.is_subdomain(d.owner)
            lower = above and (has_type(d.rdata, T.DNAME) or (has_type(d.rdata, T.NS) and not has_type(d.rdata, T.SOA)))
            if between(d.owner, name, d.rdata.next) and not lower:
                return d
        return None

    def nsec_missing(self, zone, name):
        """Proof that name is not there at all, not even as an empty non-terminal; its closest encloser."""
        d = self.nsec_covers(zone, name)
        expect(d is not None, f"no NSEC covers {name}")
        expect(not d.rdata.next.is_subdomain(name), f"the NSEC at {d.owner} makes {name} an empty non-terminal")
        return max(common(name, d.owner), common(name, d.rdata.next), key=len)

    def nsec_lacks(self, zone, name, rdtype):
        """Whether name itself is there without the type: by its NSEC, or as an empty non-terminal."""
        for d in self.nsecs(zone):
            if d.owner == name:
                lacks(d, rdtype)
                return True
            if between(d.owner, name, d.rdata.next) and d.rdata.next.is_subdomain(name):
                return True
        return False

    def nsec_nodata(self, zone, name, rdtype):
        if self.nsec_lacks(zone, name, rdtype):
            return
        wildcard = dns.name.Name((b"*",) + self.nsec_missing(zone, name).labels)
        expect(self.nsec_lacks(zone, wildcard, rdtype), f"nothing says that {name} or {wildcard} lacks the type")

    def nsec_nxdomain(self, zone, name):
        wildcard = dns.name.Name((b"*",) + self.nsec_missing(zone, name).labels)
        self.nsec_missing(zone, wildcard)

    def nsec_expansion(self, zone, name, encloser):
        expect(len(self.nsec_missing(zone, name)) <= len(encloser), f"the wildcard of {encloser} is not the closest to {name}")

    # --- NSEC3

    def nsec3s(self, zone):
        for d in self.denials:
            if d.zone == zone and d.rdata.rdtype == T.NSEC3:
                expect(d.owner.parent() == zone and d.rdata.flags == 0 and d.rdata.iterations == 0 and not d.rdata.salt, "NSEC3 parameters")
                yield d

    def nsec3_match(self, zone, name):
        hashed = nsec3_hash(name)
        return next((d for d in self.nsec3s(zone) if hash_of(d.owner) == hashed), None)

    def nsec3_covers(self, zone, name):
        hashed = nsec3_hash(name)
        for d in self.nsec3s(zone):
            low, high = hash_of(d.owner), d.rdata.next
            if low < hashed < high if low < high else hashed > low or hashed < high:
                return True
        return False

    def nsec3_encloser(self, zone, name):
        """RFC 5155 8.3: the deepest ancestor that is there; the name below it is not."""
        closer = name
        while closer != zone:
            above = closer.parent()
            d = self.nsec3_match(zone, above)
            if d:
                expect(self.nsec3_covers(zone, closer), f"no NSEC3 covers {closer}")
                below = has_type(d.rdata, T.DNAME) or (has_type(d.rdata, T.NS) and not has_type(d.rdata, T.SOA))
                expect(not below, f"the closest encloser {above} is a delegation or has a DNAME")
                return above
            closer = above
        raise Bogus(f"no NSEC3 of an encloser of {name}")

    def nsec3_nodata(self, zone, name, rdtype):
        d = self.nsec3_match(zone, name)
        if d is None:
            wildcard = dns.name.Name((b"*",) + self.nsec3_encloser(zone, name).labels)
            d = self.nsec3_match(zone, wildcard)
            expect(d is not None, f"no NSEC3 of {name} nor of {wildcard}")
        lacks(d, rdtype)

    def nsec3_nxdomain(self, zone, name):
        wildcard = dns.name.Name((b"*",) + self.nsec3_encloser(zone, name).labels)
        expect(self.nsec3_covers(zone, wildcard), f"no NSEC3 covers {wildcard}")

    def nsec3_expansion(self, zone, name, encloser):
        closer = name.split(len(encloser) + 1)[1]
        expect(self.nsec3_covers(zone, closer), f"no NSEC3 covers {closer}, the next closer name")

    # --- the whole

    def prove(self, what, zone, *subject):
        getattr(self, f"{self.zones.denial[zone]}_{what}")(zone, *subject)

    def step(self, name):
        """Where the answer says that name leads: a target, or None; and the sets that say so."""
        cname = next((f for f in self.found["answer"] if f.owner == name and f.rdtype[0] == T.CNAME), None)
        if cname is None:
            return None, []
        dname = self.made_by(cname) if self.signatures("answer", cname) is None else None
        return cname.rdatas[0].target, [cname] + [dname] * (dname is not None)

    def follow(self):
        """The name at the chain's end; used: the sets of the answer section that led there."""
        name, used = self.qname, []
        while True:
            here = [f for f in self.found["answer"] if f.owner == name and f.rdtype[0] == self.qtype]
            target, sets = self.step(name)
            if here or (self.qtype == T.ANY and self.found["answer"]):
                return name, used + here + sets, True
            if target is None or name in [f.owner for f in used if f.rdtype[0] == T.CNAME]:
                return name, used, False
            used, name = used + sets, target

    def referral(self):
        ns = next((f for f in self.found["authority"] if f.rdtype[0] == T.NS), None)
        return ns.owner if ns else None

    def prove_referral(self, cut, end):
        zone = self.zones.apex_of(cut, T.DS)
        expect(end.is_subdomain(cut), f"a referral to {cut}, which {end} is not below")
        if any(f.owner == cut and f.rdtype[0] == T.DS for f in self.found["authority"]) or zone in self.zones.insecure:
            return
        d = next((d for d in self.nsecs(zone) if d.owner == cut), None) or self.nsec3_match(zone, cut)
        expect(d is not None and has_type(d.rdata, T.NS) and not has_type(d.rdata, T.DS) and not has_type(d.rdata, T.SOA),
               f"nothing proves that {cut} has no DS")

    def prove_negative(self, end):
        zone = self.zones.apex_of(end, self.qtype)
        nxdomain = self.message.rcode() == dns.rcode.NXDOMAIN
        soa = next((f for f in self.found["authority"] if f.rdtype[0] == T.SOA), None)
        expect(soa is not None and soa.owner == zone, f"no SOA of {zone}")
        if zone in self.zones.insecure:
            return "insecure"
        if nxdomain:
            self.prove("nxdomain", zone, end)
        else:
            self.prove("nodata", zone, end, self.qtype)
        return "nxdomain" if nxdomain else "nodata"

    def prove_expansions(self):
        for owner, encloser in self.expanded.items():
            zone = self.zones.apex_of(owner, T.A)
            self.prove("expansion", zone, owner, encloser)

    def verdict(self):
        flags, rcode = self.message.flags, self.message.rcode()
        if flags & dns.flags.TC:
            expect(not any(self.found.values()), "truncated, and not empty")
            return "truncated"
        self.verify_all()
        end, used, positive = self.follow()
        strays = [f for f in self.found["answer"] if f.rdtype[0] != T.RRSIG and f not in used]
        self.prove_expansions()
        if rcode == dns.rcode.YXDOMAIN:
            return self.too_long(end, strays)
        expect(self.qtype in (T.ANY, T.RRSIG) or not strays, f"answer: stray {strays}")
        expect(rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), f"rcode {rcode}")
        if positive:
            expect(rcode == dns.rcode.NOERROR, "data and NXDOMAIN")
            return "insecure" if self.zones.apex_of(end, self.qtype) in self.zones.insecure else "positive"
        return self.ending(end, used)

    def too_long(self, end, strays):
        """RFC 6672 3.1: the DNAME that leads from here to a name of more than 255 octets."""
        expect(len(strays) == 1 and strays[0].rdtype[0] == T.DNAME and end.is_subdomain(strays[0].owner), f"answer: stray {strays}")
        try:
            made = substitute(end, strays[0].owner, strays[0].rdatas[0].target)
        except dns.name.NameTooLong:
            return "too long"
        raise Bogus(f"YXDOMAIN, but {made} is not too long")

    def ending(self, end, used):
        cut = self.referral()
        if cut is not None:
            expect(bool(used) or not self.message.flags & dns.flags.AA, "AA in a referral")
            self.prove_referral(cut, end)
            return "referral"
        start = self.zones.apex_of(self.qname, self.qtype)
        left = used and self.zones.apex_of(end, T.A) != start
        if left or (used and end in [f.owner for f in used]):
            expect(self.message.rcode() == dns.rcode.NOERROR, "an rcode about a name that is elsewhere")
            return "elsewhere"
        return self.prove_negative(end)


def lacks(d, rdtype):
    """RFC 4035 5.4, RFC 6840 4: this name's own record says that the type is not there."""
    expect(not has_type(d.rdata, rdtype) and not has_type(d.rdata, T.CNAME), f"the denial at {d.owner} has the type or a CNAME")
    cut = has_type(d.rdata, T.NS) and not has_type(d.rdata, T.SOA)
    expect(not cut or rdtype == T.DS, f"the denial at {d.owner} is of a delegation")
