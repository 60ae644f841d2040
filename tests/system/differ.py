"""Random zones, every interesting question about them, and what several servers answer: after the idea of Ferret and SCALE (NSDI 2022), which
found bugs in eight name servers with zones of few labels and many rules.

A zone is made so that each server takes it as it is; names are few, so that wildcards, empty non-terminals, aliases, cuts and what lies
below them meet often."""
import random
import select
import socket
import struct

LABELS = ("a", "b", "*")
ASKED_LABELS = ("a", "b", "*", "c")
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "SRV": 33, "DNAME": 39, "DS": 43}
OUTSIDE = ("www.outside.example.", "outside.example.")


class Zone:
    """One random zone. rows: what its file holds, as (owner, type, data)."""

    def __init__(self, rng, apex, dname=False):
        self.rng, self.apex, self.dname, self.closed = rng, apex, dname, []  # closed: owners of DNAMEs, nothing is below them
        names = {self.deeper(apex, LABELS) for _ in range(rng.randrange(2, 8))}
        for name in list(names):
            if rng.random() < 0.4:
                names.add(self.deeper(name, LABELS))
        self.names = sorted(names)
        self.rows = [(apex, "SOA", "ns.outside.example. host 1 3600 600 86400 30"), (apex, "NS", "ns.outside.example.")]
        if dname and rng.random() < 0.1:
            self.add_dname(apex)
        for name in self.names:
            self.fill(name)

    def deeper(self, name, labels):
        depth = self.rng.choice((1, 1, 2, 2, 3))
        return ".".join([self.rng.choice(labels) for _ in range(depth)] + [name])

    def target(self):
        pick = self.rng.random()
        if pick < 0.55:
            return self.rng.choice(self.names)
        if pick < 0.85:
            return self.deeper(self.apex, ASKED_LABELS)
        return self.apex if pick < 0.9 else self.rng.choice(OUTSIDE)

    def fill(self, name):
        rng = self.rng
        if any(name.endswith("." + closed) for closed in self.closed):
            return
        wild = name.startswith("*.")
        kind = rng.random()
        if kind < 0.25:
            self.rows.append((name, "CNAME", self.target()))
        elif kind < 0.4 and not wild:
            self.add_cut(name)
        elif kind < 0.55 and self.dname and not wild and "*" not in name and not any(o.endswith("." + name) for o, _, _ in self.rows):
            self.add_dname(name)
        else:
            for rdtype in rng.sample(("A", "TXT", "MX", "SRV"), rng.randrange(1, 3)):
                self.rows.append((name, rdtype, self.data(rdtype)))

    def data(self, rdtype):
        if rdtype == "A":
            return f"192.0.2.{self.rng.randrange(1, 255)}"
        if rdtype == "TXT":
            return f'"{self.rng.randrange(1000)}"'
        return ("10 " if rdtype == "MX" else "10 20 5060 ") + self.target()

    def add_cut(self, name):
        """A delegation. Its name servers: below it, below another, in the zone, outside."""
        for _ in range(self.rng.randrange(1, 3)):
            server = self.rng.choice((f"ns.{name}", f"a.{name}", name, f"ns.{self.apex}", "ns." + self.rng.choice(self.names).replace("*", "b"), OUTSIDE[0]))
            self.rows += [(name, "NS", server), (server, "A", f"192.0.2.{self.rng.randrange(1, 255)}")][:1 if server in OUTSIDE else 2]
        if self.rng.random() < 0.4:
            self.rows.append((name, "DS", "1 8 2 " + "00" * 32))

    def add_dname(self, name):
        self.closed.append(name)
        self.rows.append((name, "DNAME", self.target()))
        if self.rng.random() < 0.3:
            self.rows.append((name, "TXT", '"beside"'))

    def text(self):
        rows = sorted(self.sound_rows(), key=lambda row: (row[1] != "SOA", row))
        return f"$ORIGIN {self.apex}\n$TTL 60\n" + "".join(f"{owner} {rdtype} {data}\n" for owner, rdtype, data in rows)

    def sound_rows(self):
        """Without what a server may refuse: data beside an alias or below a DNAME, an alias twice, name servers without an address."""
        by_owner = {}
        for row in sorted(set(self.rows)):
            if not any(row[0].endswith("." + closed) for closed in self.closed):
                by_owner.setdefault(row[0], []).append(row)
        kept = []
        for rows in by_owner.values():
            kept += [row for row in rows if row[1] != "CNAME"] or rows[:1]
        hosts = {owner for owner, rdtype, _ in kept if rdtype == "A"}
        return sorted({(owner, rdtype, OUTSIDE[0] if rdtype == "NS" and data not in hosts else data) for owner, rdtype, data in kept})

    def questions(self, limit):
        """Names that are there, beside, above and below; each with every type."""
        owners = {owner for owner, _, _ in self.sound_rows()}
        names = set(owners)
        for owner in owners:
            while owner != self.apex:
                names |= {owner, f"c.{owner}", f"a.{owner}", f"c.b.{owner}", f"*.{owner}"}
                owner = owner.split(".", 1)[1]
                names |= {f"{label}.{owner}" for label in ASKED_LABELS}
        wanted = [(name, number) for name in sorted(names) for number in TYPES.values()]
        self.rng.shuffle(wanted)
        return wanted[:limit]


# --- wire

def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


def read_name(octets, at):
    labels, end = [], None
    for _ in range(128):
        size = octets[at]
        if size >= 0xC0:
            end = end or at + 2
            at = (size & 0x3F) << 8 | octets[at + 1]
        elif size == 0:
            return b".".join(labels).lower() + b".", end or at + 1
        else:
            labels.append(octets[at + 1:at + 1 + size])
            at += 1 + size
    raise ValueError("a name that does not end")


NAME_AT = {2: 0, 5: 0, 39: 0, 15: 2, 33: 6}


def read_rdata(octets, at, size, rdtype):
    if rdtype == 6:
        first, at_second = read_name(octets, at)
        second, at_numbers = read_name(octets, at_second)
        return first + b" " + second + octets[at_numbers:at + size]
    if rdtype in NAME_AT:
        return octets[at:at + NAME_AT[rdtype]] + read_name(octets, at + NAME_AT[rdtype])[0]
    return octets[at:at + size]


def decode(octets):
    """What is compared of an answer: rcode, AA, and the answer and authority sections as sets."""
    _, flags, _, answers, authorities, _ = struct.unpack(">6H", octets[:12])
    _, at = read_name(octets, 12)
    at += 4
    sections, twice = [], False
    for count in (answers, authorities):
        rows = []
        for _ in range(count):
            owner, at = read_name(octets, at)
            rdtype, _, ttl, size = struct.unpack(">2HIH", octets[at:at + 10])
            rows.append((owner, rdtype, ttl, read_rdata(octets, at + 10, size, rdtype)))
            at += 10 + size
        rows_but_dnames = [row for row in rows if row[1] != TYPES["DNAME"]]  # docs/conformance.md has when one is listed twice
        twice = twice or len(set(rows_but_dnames)) != len(rows_but_dnames)
        sections.append(frozenset(rows))
    return {"twice": twice, "rcode": flags & 15, "aa": bool(flags & 0x400), "tc": bool(flags & 0x200), "answer": sections[0], "authority": sections[1]}


class Asker:
    """Asks one server many questions, a window of them at a time."""

    WINDOW = 100

    def __init__(self, address, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((address, port))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)

    def ask(self, questions):
        """Octets of the answers, in the order of the questions; what is lost is asked again."""
        packets = [struct.pack(">6H", i & 0xFFFF, 0, 1, 0, 0, 0) + encode(name) + struct.pack(">2H", rdtype, 1)
                   for i, (name, rdtype) in enumerate(questions)]
        answers, open_ = [None] * len(packets), list(range(len(packets)))
        for _ in range(20):
            for start in range(0, len(open_), self.WINDOW):
                self.exchange(packets, open_[start:start + self.WINDOW], answers)
            open_ = [i for i in open_ if answers[i] is None]
            if not open_:
                return answers
        raise AssertionError(f"no answer to {[questions[i] for i in open_[:5]]}")

    def exchange(self, packets, window, answers):
        waiting = {i & 0xFFFF: i for i in window}
        for i in window:
            self.socket.send(packets[i])
        while waiting and select.select([self.socket], [], [], 1)[0]:
            octets = self.socket.recv(65535)
            i = waiting.pop(struct.unpack(">H", octets[:2])[0], None)
            if i is not None:
                answers[i] = octets

    def close(self):
        self.socket.close()


def findings(questions, ours, others):
    """Where at least two of the others agree and we do not, or where we say something twice: (question, part, ours, {peer: theirs})."""
    found = []
    for i, question in enumerate(questions):
        mine = decode(ours[i])
        theirs = {name: decode(answers[i]) for name, answers in others.items()}
        if any(answer["tc"] for answer in [mine, *theirs.values()]):
            continue
        if mine["twice"]:
            found.append((question, "twice", mine, theirs))
            continue
        for part in ("rcode", "aa", "answer", "authority"):
            values = [answer[part] for answer in theirs.values()]
            common = next((v for v in values if values.count(v) >= 2), None)
            if common is not None and common != mine[part]:
                found.append((question, part, mine, theirs))
                break
    return found


def show(answer):
    rows = [f"    rcode {answer['rcode']} aa {answer['aa']} twice {answer['twice']}"]
    for section in ("answer", "authority"):
        rows += [f"    {section[:3]} {owner.decode()} {ttl} TYPE{rdtype} {rdata!r}" for owner, rdtype, ttl, rdata in sorted(answer[section])]
    return "\n".join(rows)


def report(finding, zone_text):
    (name, rdtype), part, mine, theirs = finding
    return "\n".join([f"{name} TYPE{rdtype}: {part}", "  ours:", show(mine)] +
                     [f"  {peer}:\n{show(answer)}" for peer, answer in theirs.items()] + [zone_text])


def make_zones(seed, count, dname):
    rng = random.Random(seed)
    return [Zone(rng, f"z{seed}-{i}.test.", dname) for i in range(count)]
