"""A storm over signed zones: clients ask directly and through validating resolvers, while everything changes that can change."""
import random
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.rdatatype

from farm import Farm
from lab import CLIENT, SLOW, wait_for
from resolvers import RESOLVERS, free_port
from signed import HOSTS, ONE, PARENTS, SITES, SignedLab, make_key
from test_dnssec import ask, compare, everything_of, judged, zones_of

TTL = 1  # of everything, keys included: what a cache may still hold is gone after this
NAMES = ("", "voice.", "few.", "m.way.", "toservice2.", "x.way.", "zz.way.", "toservice.old.", "x.by.", "mail.", "missing.", "x.wild.", "ent.", "www.kid.", "x.kid.")
AFTER_RESTART_S = 3  # until resolvers ask again a server that was away


class StormyLab(SignedLab):
    """Both zones roll their ZSK and their KSK, at these shares of the storm: as times in the key files, with one algorithm for both."""

    def __init__(self, folder, seconds):
        self.seconds = seconds
        super().__init__(folder, ttl=TTL, steered_ttl=TTL, dnssec={"validity": "60s", "refresh": "30s"}, probed=True)
        self.port = free_port("127.0.0.1")
        self.conf["server"]["listen"][0] = f"{self.address}:{self.port}"

    def make_keys(self, zone, algorithm, split):
        if zone not in PARENTS:
            super().make_keys(zone, algorithm, split)
            return
        at = {what: f"+{int(3 * SLOW + self.seconds * share)}" for what, share in
              {"zsk2": 0.2, "zsk2 signs": 0.35, "zsk1 goes": 0.5, "ksk2": 0.4, "ksk1 stops": 0.65, "ksk1 goes": 0.7}.items()}
        for kind, first, second in ((("-L", str(TTL)), ("zsk2 signs", "zsk1 goes"), ("zsk2", "zsk2 signs")),
                                    (("-L", str(TTL), "-f", "KSK"), ("ksk1 stops", "ksk1 goes"), ("ksk2", "ksk2"))):
            make_key(self.keys, zone, *kind, "-I", at[first[0]], "-D", at[first[1]])
            make_key(self.keys, zone, *kind, "-P", at[second[0]], "-A", at[second[1]])


class Storm:
    def __init__(self, folder, seconds, seed):
        self.rng, self.seconds = random.Random(seed), seconds
        self.lab = StormyLab(folder / "lab", seconds)
        self.twin = self.lab.unsigned_twin(folder / "twin")
        self.farm = Farm([self.lab.ip(site, host) for site in SITES for host in HOSTS])
        self.resolvers, self.faults, self.counts = [], [], {}
        self.serials, self.expirations, self.keys_seen = [], [], set()
        self.away_until, self.running = 0, True
        try:
            self.lab.start()
            self.twin.start()
            self.resolvers = [kind(folder / kind.__name__, self.lab, self.lab.anchors()) for kind in RESOLVERS]
        except BaseException:
            self.end()
            raise

    def end(self):
        self.running = False
        self.farm.end()
        for resolver in self.resolvers:
            resolver.end()
        self.twin.close()
        self.lab.close()

    # --- those who ask

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def question(self, rng):
        zone, name = rng.choice(PARENTS), rng.choice(NAMES)
        if rng.random() < 0.4 and name in ("", "voice.", "few.", "m.way."):
            return f"_sip._{rng.choice(('udp', 'tcp'))}.{name}{zone}", "SRV"
        return name + zone, rng.choice(("A", "AAAA", "NAPTR", "TXT"))

    def away(self):
        return time.monotonic() < self.away_until

    def ask_through(self, resolver):
        rng = random.Random(resolver.port)
        while self.running:
            name, rdtype = self.question(rng)
            options = [dns.edns.ECSOption(rng.choice(list(CLIENT.values())), 24)] if rng.random() < 0.5 else []
            try:
                answer = resolver.ask(name, rdtype, options=options, tcp=rng.random() < 0.1)
                fault = answer.rcode() not in (0, 3) or not answer.flags & dns.flags.AD
                told = f"{answer}"
            except Exception as failure:
                fault, told = True, repr(failure)
            self.count(type(resolver).__name__)
            if fault and not self.away():
                self.faults.append(f"{type(resolver).__name__}: {name} {rdtype} at {time.time():.1f}: {told}\n{resolver.log()[-600:]}")
            time.sleep(0.005)

    def ask_directly(self):
        rng, zones, until = random.Random(1), None, 0
        while self.running:
            try:
                if time.monotonic() > until:
                    zones, until = zones_of(self.lab), time.monotonic() + TTL
                    self.look_at_times(zones)
                name, rdtype = self.question(rng)
                question = (name, rdtype, rng.choice(list(CLIENT.values())), rng.choice((512, 1232)))
                verdict, _ = judged(zones, ask(self.lab, *question, tcp=rng.random() < 0.2), question)
                self.count(verdict)
            except Exception as failure:
                if not self.away():
                    self.faults.append(f"directly at {time.time():.1f}: {failure!r} {failure}")
                zones, until = zones, 0
                time.sleep(0.05)
            time.sleep(0.005)

    def look_at_times(self, zones):
        """What grows: serials; and what must never be short: the time that signatures are good."""
        self.keys_seen |= {key.to_text() for rrset in zones.keys.values() for key in rrset}
        answer = dns.message.from_wire(ask(self.lab, ONE, "SOA", CLIENT["london"], tcp=True))
        soa, rrsig = (next(s for s in answer.answer if s.rdtype == rdtype) for rdtype in (dns.rdatatype.SOA, dns.rdatatype.RRSIG))
        self.serials.append(soa[0].serial)
        self.expirations.append(rrsig[0].expiration)
        left = rrsig[0].expiration - time.time()
        if left < 20:
            self.faults.append(f"a signature of 60 s, to be renewed at 30 s, has {left:.0f} s left")

    # --- what changes

    def both(self, *words):
        for lab in (self.lab, self.twin):
            lab.cli(*words, code=None)

    def drain(self):
        self.both(self.rng.choice(("drain", "disable")), self.rng.choice(list(SITES)), "--reason", "storm")

    def drain_endpoint(self):
        site, host = self.rng.choice(list(SITES)), self.rng.choice(HOSTS)
        self.both("disable", self.lab.host(site, host), "--reason", "storm")

    def disable_service(self):
        self.both(self.rng.choice(("drain", "disable")), f"service:{self.rng.choice(('', 'voice.', 'm.way.', 'solo.by.'))}{self.rng.choice(PARENTS)}", "--reason", "storm")

    def fail(self):
        site = self.rng.choice(list(SITES))
        self.farm.set(self.rng.choice(("silent", (503, ["Retry-After: 1"]))), *[self.lab.ip(site, host) for host in HOSTS[:self.rng.randrange(1, 4)]])

    def heal(self):
        self.farm.set("ok")
        for site in SITES:
            self.both("enable", site)
            for host in HOSTS:
                self.both("enable", self.lab.host(site, host))
        for service in ("", "voice.", "m.way.", "solo.by."):
            for zone in PARENTS:
                self.both("enable", f"service:{service}{zone}")

    def reload(self):
        self.both("reload")

    def reload_changed(self):
        """A record more in each zone, and the child's keys changed: one comes, and its DS with it."""
        for lab in (self.lab, self.twin):
            lab.serial += 1
        if self.lab.serial == 102:
            make_key(self.lab.keys, f"kid.{ONE}", "-L", str(TTL), "-f", "KSK", "-A", "+3600")
        for lab in (self.lab, self.twin):
            lab.write()
            lab.cli("reload")

    def restart(self):
        self.away_until = time.monotonic() + 60
        self.lab.stop()
        self.lab.start()
        self.away_until = time.monotonic() + AFTER_RESTART_S * SLOW

    def settle(self):
        """When nothing changes any more, signed and unsigned send each client to the same place."""
        asked = [q for q in everything_of("voice.", "few.", "m.way.") if q[1] != "ANY"]
        last = []

        def alike():
            try:
                for question in self.rng.sample(asked, 40):
                    signed, unsigned = (dns.message.from_wire(ask(lab, *question, tcp=True, dnssec=lab is self.lab)) for lab in (self.lab, self.twin))
                    compare(signed, unsigned, question)
                return True
            except AssertionError as fault:
                last[:] = [fault]
                return False
        try:
            wait_for(alike, 8 * SLOW, "both alike", step=0.2)
        except AssertionError:
            raise last[0]

    def run(self):
        """The restart comes once, between the rollovers."""
        threads = [threading.Thread(target=self.ask_through, args=(resolver,)) for resolver in self.resolvers]
        threads.append(threading.Thread(target=self.ask_directly))
        for thread in threads:
            thread.start()
        begin, restarted = time.monotonic(), False
        changes = [self.drain, self.drain_endpoint, self.disable_service, self.fail, self.heal, self.reload, self.reload_changed]
        try:
            while time.monotonic() < begin + self.seconds and len(self.faults) < 20:
                for change in self.rng.sample(changes, 3):
                    change()
                    time.sleep(self.rng.uniform(0.05, 0.3))
                self.settle()
                if not restarted and time.monotonic() > begin + self.seconds * 0.55:
                    restarted = True
                    self.restart()
            self.heal()
            self.settle()
        finally:
            self.running = False
            for thread in threads:
                thread.join(30)
        return self

    def check(self):
        assert not self.faults, f"{len(self.faults)} faults of {self.counts}:\n" + "\n".join(self.faults[:3])
        for resolver in self.resolvers:
            assert "validation failure" not in resolver.log(), resolver.log()[-3000:]
            assert self.counts[type(resolver).__name__] > 50, self.counts
        assert len(self.serials) > 5 and all(b >= a for a, b in zip(self.serials, self.serials[1:])) and self.serials[-1] > self.serials[0], self.serials
        assert len(set(self.expirations)) > 1, self.expirations
