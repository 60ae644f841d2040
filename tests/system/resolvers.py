"""Validating resolvers of others, each a child process on loopback that knows the zones' keys. They ask nobody but the lab, also about the root,
which it refuses."""
import os
import socket
import subprocess

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdata
import pytest

from lab import SLOW, wait_for

BINARIES = ("/usr/sbin/", "/usr/bin/")


def program(name):
    path = next((folder + name for folder in BINARIES if os.access(folder + name, os.X_OK)), None)
    return path or pytest.skip(f"{name} is not installed")


def free_port(address):
    """One that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            try:
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]
            except OSError:
                pass


def digests(zone, keys):
    """DS records of DNSKEYs: all that a resolver should need, also when some of the keys are not there yet."""
    return [dns.dnssec.make_ds(zone, dns.rdata.from_text("IN", "DNSKEY", key), "SHA256").to_text() for key in keys]


class Resolver:
    """anchors: {zone: [RDATA of a DNSKEY]}. lab answers for these zones and all below them."""

    address = "127.0.0.1"
    mistaken = ()  # (zone, in front of names): what it does not follow, though the RFCs and the others do

    def __init__(self, folder, lab, anchors):
        self.folder, self.lab, self.anchors = str(folder), lab, anchors
        os.makedirs(self.folder, exist_ok=True)
        self.port = self.choose_port()
        with open(f"{self.folder}/log", "wb") as log:
            self.process = subprocess.Popen(self.words(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        try:
            wait_for(self.ready, 20 * SLOW, f"{type(self).__name__} answers")
        except BaseException:
            print(self.log()[-4000:])
            self.end()
            raise

    def choose_port(self):
        return free_port(self.address)

    def ready(self):
        assert self.process.poll() is None, f"{type(self).__name__} ended with {self.process.returncode}\n{self.log()[-4000:]}"
        try:
            return self.ask(next(iter(self.anchors)), "SOA", timeout=1).rcode() == 0
        except (dns.exception.DNSException, OSError):
            return False

    def file(self, name, text):
        with open(f"{self.folder}/{name}", "w") as f:
            f.write(text)
        return f"{self.folder}/{name}"

    def log(self):
        with open(f"{self.folder}/log", errors="replace") as f:
            return f.read()

    def ask(self, name, rdtype, timeout=8, options=(), cd=False, tcp=False):
        query = dns.message.make_query(name, rdtype)
        query.use_edns(0, ednsflags=dns.flags.DO, payload=1232, options=options)
        query.flags |= dns.flags.AD | (dns.flags.CD if cd else 0)
        if tcp:
            return dns.query.tcp(query, self.address, timeout=timeout * SLOW, port=self.port)
        answer, _ = dns.query.udp_with_fallback(query, self.address, timeout=timeout * SLOW, port=self.port)
        return answer

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# Instances that sort before the asterisk, where the wildcard is the NSEC's next name; and those of a wildcard that is an empty non-terminal.
MISTAKEN = (("one.", "!"), ("one.", "x.odd."), ("three.", "x.odd."), ("one.", "_udp.x.odd."), ("three.", "_udp.x.odd."))


class Unbound(Resolver):
    mistaken = MISTAKEN

    def zones(self):
        """Each by itself: a referral would lead to port 53."""
        return [zone["name"] for zone in self.lab.conf["zones"]]

    def words(self):
        anchors = "".join(f'  trust-anchor: "{zone} DNSKEY {key}"\n' for zone, keys in self.anchors.items() for key in keys)
        stubs = "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: {self.lab.address}@{self.lab.port}\n  stub-first: no\n'
                        for zone in self.zones())
        return [program("unbound"), "-d", "-p", "-c", self.file("unbound.conf", f"""server:
  interface: {self.address}@{self.port}
  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-daemonize: no
  use-syslog: no
  log-time-ascii: yes
  verbosity: 1
  val-log-level: 2
  chroot: ""
  username: ""
  directory: "{self.folder}"
  pidfile: ""
  num-threads: 1
  do-not-query-localhost: no
  module-config: "subnetcache validator iterator"
  send-client-subnet: 127.0.0.0/8
  client-subnet-always-forward: yes
  max-client-subnet-ipv4: 24
  aggressive-nsec: yes
  val-bogus-ttl: 1
  harden-below-nxdomain: yes
  qname-minimisation: yes
  rrset-roundrobin: no
{anchors}forward-zone:
  name: "."
  forward-addr: {self.lab.address}@{self.lab.port}
remote-control:
  control-enable: no
{stubs}""")]


class Bind(Resolver):
    def choose_port(self):
        """The one it asks at, which is the lab's: a zone of type static-stub has addresses only."""
        assert self.lab.address != self.address
        return self.lab.port

    def words(self):
        anchors = "".join(f'  {zone} static-key {" ".join(key.split()[:3])} "{"".join(key.split()[3:])}";\n' for zone, keys in self.anchors.items() for key in keys)
        stubs = "".join(f'zone "{zone}" {{ type static-stub; server-addresses {{ {self.lab.address}; }}; }};\n' for zone in self.anchors)
        hints = self.file("hints", f". 3600 NS root.invalid.\nroot.invalid. 3600 A {self.lab.address}\n")
        return [program("named"), "-4", "-g", "-n", "1", "-c", self.file("named.conf", f"""options {{
  directory "{self.folder}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{self.folder}";
  port {self.port}; listen-on port {self.port} {{ {self.address}; }}; listen-on-v6 {{ none; }};
  recursion yes; dnssec-validation yes; empty-zones-enable no; synth-from-dnssec yes; servfail-ttl 0; max-cache-size 16M; lame-ttl 0;
  query-source address {self.lab.net}.252;
}};
controls {{ }};
trust-anchors {{
{anchors}}};
zone "." {{ type hint; file "{hints}"; }};
{stubs}""")]


class Knot(Resolver):
    """kresd. It validates what it forwards."""

    mistaken = MISTAKEN

    def words(self):
        anchors = "".join("trust_anchors.add([[" + "".join(f"{zone} 3600 IN DS {ds}\n" for ds in digests(zone, keys)) + "]])\n"
                          for zone, keys in self.anchors.items())  # at once: a second call would replace them
        conf = self.file("kresd.conf", f"""net.ipv6 = false
net.listen('{self.address}', {self.port}, {{ kind = 'dns' }})
cache.size = 16 * MB
cache.min_ttl(0)
trust_anchors.remove('.')
{anchors}modules.unload('detect_time_skew')
modules.unload('priming')
modules.unload('ta_update')
modules.unload('ta_signal_query')
policy.add(policy.all(policy.FORWARD('{self.lab.address}@{self.lab.port}')))
""")
        return [program("kresd"), "-n", "-c", conf, self.folder]


RESOLVERS = (Unbound, Bind, Knot)
