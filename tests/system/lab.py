"""A sipsteerd of one's own: a loopback network, a configuration, zones, a running daemon, and ways to ask it.

Every Lab reserves a /24 of 127.0.0.0/8, so that labs of parallel tests never meet: endpoints are .1 to .200, the name server is .253:5300.
"""
import copy
import errno
import json
import os
import random
import re
import signal
import socket
import subprocess
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("SIPSTEER_BIN", os.path.join(ROOT, "build", "bin"))
SANITIZER = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:|broken invariant")
SLOW = 4 if "san" in BIN else 1  # how much longer a sanitizer's build may take

ZONE = "sip.example.com."
SITES = {"london": (51.51, -0.13), "ashburn": (39.04, -77.49), "singapore": (1.35, 103.82)}
HOSTS = ("lb1", "lb2", "ms1")  # a pair, and a server behind it
# Clients by place: the nets file puts them next to a site.
NEAR = {"london": "10.1.0.0/16", "ashburn": "10.2.0.0/16", "singapore": "10.3.0.0/16"}
NEAR6 = {"london": "2001:db8:1::/48", "ashburn": "2001:db8:2::/48", "singapore": "2001:db8:3::/48"}
STATIC_TTL = 300  # of the zone static.test (conftest.py)
CLIENT = {"london": "10.1.2.3", "ashburn": "10.2.2.3", "singapore": "10.3.2.3"}


def libconfig(value, depth=0):
    """A Python value in libconfig's syntax: dicts are groups, lists of dicts and tuples are lists, other lists are arrays."""
    pad = "  " * depth
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict):
        return "{\n" + "".join(f"{pad}  {k} = {libconfig(v, depth + 1)};\n" for k, v in value.items()) + pad + "}"
    inner = ", ".join(libconfig(v, depth + 1) for v in value)
    return f"( {inner} )" if isinstance(value, tuple) or any(isinstance(v, dict) for v in value) else f"[ {inner} ]"


def config_text(conf):
    return "".join(f"{key} = {libconfig(value)};\n" for key, value in conf.items())


def reserve_network():
    """('127.A.B', socket that keeps it ours)"""
    while True:
        net = f"127.{random.randint(20, 250)}.{random.randint(0, 255)}"
        keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            keeper.bind((f"{net}.254", 5999))
            return net, keeper
        except OSError as taken:
            keeper.close()
            if taken.errno != errno.EADDRINUSE:
                raise


def free_port6():
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds, what, step=0.05):
    """What condition() gives, as soon as it is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(step)


class Lab:
    def __init__(self, folder, sites=SITES, hosts=HOSTS, ipv6=False, namespace=None, listen=None):
        self.folder, self.sites, self.hosts, self.ipv6, self.namespace = str(folder), dict(sites), tuple(hosts), ipv6, namespace
        self.net, self.keeper = reserve_network()
        self.address, self.port = (listen or f"{self.net}.253:5300").rsplit(":", 1)
        self.port, self.port6 = int(self.port), free_port6()
        self.log_path, self.process, self.socket = f"{self.folder}/log", None, f"{self.folder}/s"
        self.nets = {**NEAR, **NEAR6} if sites is SITES else {}
        self.nets_text = "".join(f"{prefix} {lat},{lon}\n" for where in (NEAR, NEAR6) for site, prefix in where.items() if site in sites
                                 for lat, lon in [sites[site]])
        self.conf = self.make_conf()
        self.zone_text = self.make_zone()

    # --- what it is made of

    def host(self, site, host):
        return f"{host}.{site}.{ZONE}"

    def ip(self, site, host):
        return f"{self.net}.{list(self.sites).index(site) * 16 + self.hosts.index(host) + 1}"

    def ip6(self, site, host):
        return f"2001:db8:f:{list(self.sites).index(site) + 1:x}::{self.hosts.index(host) + 1:x}"

    def site_at(self, address):
        """(site, host) of an endpoint's address or name."""
        for site in self.sites:
            for host in self.hosts:
                if address in (self.ip(site, host), self.ip6(site, host), self.host(site, host)):
                    return site, host
        raise KeyError(address)

    def make_zone(self):
        rows = [f"$ORIGIN {ZONE}", "$TTL 30", "@ SOA ns1 hostmaster 1 7200 900 1209600 60", "@ NS ns1", "ns1 A 192.0.2.53", "@ TXT \"not steered\""]
        rows += [f'@ NAPTR {10 + i} 10 "s" "SIP+D2{letter}" "" _sip._{proto}' for i, (letter, proto) in enumerate((("U", "udp"), ("T", "tcp")))]
        for site in self.sites:
            for host in self.hosts:
                name, of_service = f"{host}.{site}", site in self.conf["services"][0].get("sites", self.sites)
                rows += [f"{name} A {self.ip(site, host)}"] + [f"@ A {self.ip(site, host)}"] * of_service
                rows += [f"{name} AAAA {self.ip6(site, host)}"] * self.ipv6 + [f"@ AAAA {self.ip6(site, host)}"] * (self.ipv6 and of_service)
                rows += [f"_sip._{proto} SRV 10 10 5060 {name}" for proto in ("udp", "tcp") if of_service]
        return "\n".join(rows) + "\n"

    def make_conf(self):
        sites = [{"name": site, "location": (float(at[0]), float(at[1])), "endpoints":
                  [{"host": self.host(site, host), "tier": 1 if host.startswith("lb") else 2, "weight": 100} for host in self.hosts]}
                 for site, at in self.sites.items()]
        return {
            "server": {"listen": [f"{self.address}:{self.port}", f"[::1]:{self.port6}"], "workers": 1, "control": self.socket,
                       "state": f"{self.folder}/state", "id": "ns1.test"},
            "geo": {"nets": "nets.conf"},
            "http": {"listen": []},
            "zones": [{"name": ZONE, "file": "sip.zone"}],
            "sites": sites,
            "services": [{"name": ZONE, "label": "inbound", "policy": "nearest", "targets": 4, "ttl": "30s"}],
        }

    def probe_all(self, **options):
        """Gives every endpoint a SIP probe over UDP, quick enough for tests; undamped, as many tests let the same endpoint fall more than once."""
        self.conf["probes"] = {"options": {"type": "sip", "transport": "udp", "port": 5060, "interval": "200ms", "timeout": "300ms", "fall": 2,
                                           "rise": 2, "confirm": "100ms", "hold_down": "0ms", **options}}
        for site in self.conf["sites"]:
            for endpoint in site["endpoints"]:
                endpoint["probes"] = ["options"]

    def service(self, **changes):
        self.conf["services"][0].update(changes)
        self.zone_text = self.make_zone()  # which lists the service's sites only

    @property
    def config_path(self):
        return f"{self.folder}/sipsteer.conf"

    def write_file(self, name, text):
        mode = "wb" if isinstance(text, bytes) else "w"
        with open(f"{self.folder}/{name}.new", mode) as f:
            f.write(text)
        os.replace(f"{self.folder}/{name}.new", f"{self.folder}/{name}")

    def write(self):
        os.makedirs(f"{self.folder}/state", exist_ok=True)
        self.write_file("sip.zone", self.zone_text)
        self.write_file("nets.conf", self.nets_text)
        self.write_file("sipsteer.conf", config_text(self.conf))

    # --- running it

    def command(self, *words):
        return [*(self.namespace.enter if self.namespace else []), *words]

    def start(self, wait=True):
        self.write()
        with open(self.log_path, "ab") as log:
            self.mark = log.tell()
            self.process = subprocess.Popen(self.command(f"{BIN}/sipsteerd", "-c", self.config_path), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, cwd=self.folder)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        def ready():
            assert self.process.poll() is None, f"sipsteerd ended with {self.process.returncode}:\n{self.log()}"
            return re.search(r"\bready\b", self.log())
        wait_for(ready, seconds * SLOW, f"ready\n{self.log()}")

    def log(self):
        """What this run has logged."""
        with open(self.log_path, errors="replace") as f:
            f.seek(self.mark)
            return f.read()

    def wait_logged(self, text):
        """The log is written behind everything else."""
        wait_for(lambda: text in self.log(), 10 * SLOW, f"{text!r} in the log")

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        """Ends it in the ordinary way and looks at how it ended."""
        if not self.process:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(10 * SLOW)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"sipsteerd does not end on SIGTERM:\n{self.log()[-3000:]}")
        log = self.log()
        assert code == 0, f"sipsteerd ended with {code}:\n{log[-6000:]}"
        assert not SANITIZER.search(log), log[-6000:]

    def crash(self):
        """Ends it with no chance to save anything."""
        process, self.process = self.process, None
        process.kill()
        process.wait()

    def close(self):
        try:
            self.stop()
        finally:
            self.keeper.close()

    def cli(self, *words, code=0, json_form=False, conf=False):
        """Runs sipsteer; its output (parsed when json_form). code: the exit code it must have, None for any."""
        where = ["-c", self.config_path] if conf else ["-s", self.socket]
        done = subprocess.run(self.command(f"{BIN}/sipsteer", *where, *words, *(["--json"] if json_form else [])), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20 * SLOW)
        self.last = done
        assert not SANITIZER.search(done.stderr), done.stderr
        assert code is None or done.returncode == code, f"sipsteer {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout) if json_form else done.stdout

    def run_alone(self, *words):
        """Runs sipsteer without saying which daemon."""
        done = subprocess.run(self.command(f"{BIN}/sipsteer", *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20 * SLOW)
        assert not SANITIZER.search(done.stderr), done.stderr
        return done

    # --- asking it

    def query(self, name, rdtype, client=None, bits=None, edns=True, payload=1232, options=(), dnssec=False, **header):
        name = name if name.endswith(".") else f"{name}.{ZONE}" if name != "@" else ZONE
        message = dns.message.make_query(name, rdtype, **header)
        options = list(options)
        if client is not None:
            options.append(dns.edns.ECSOption(client, bits if bits is not None else (24 if ":" not in client else 56)))
        if edns:
            message.use_edns(0, ednsflags=dns.flags.DO if dnssec else 0, payload=payload, options=options)
        message.flags &= ~dns.flags.RD
        return message

    def ask(self, name, rdtype, client=None, tcp=False, ipv6=False, timeout=3, **options):
        message = self.query(name, rdtype, client, **options)
        return self.send(message, tcp=tcp, ipv6=ipv6, timeout=timeout)

    def send(self, message, tcp=False, ipv6=False, timeout=3):
        where, port = ("::1", self.port6) if ipv6 else (self.address, self.port)
        return (dns.query.tcp if tcp else dns.query.udp)(message, where, timeout=timeout * SLOW, port=port)

    def exchange(self, octets, timeout=1.0, tcp=False):
        """Sends octets as they are; the answer's octets, or None when there is none."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            s.connect((self.address, self.port))
            try:
                if not tcp:
                    s.send(octets)
                    return s.recv(65535)
                s.sendall(octets)
                return read_tcp(s)
            except (TimeoutError, ConnectionError):
                return None

    def srv(self, client, name="_sip._udp", **options):
        """The steered targets in order, as (site, host)."""
        answer = self.ask(name, "SRV", client, **options)
        rows = sorted(records(answer, "SRV"), key=lambda r: (r.priority, -r.weight))
        return [self.site_at(r.target.to_text()) for r in rows]

    def addresses(self, client, name="@", rdtype="A", **options):
        return [r.address for r in records(self.ask(name, rdtype, client, **options), rdtype)]

    def winner(self, client, **options):
        """Where a caller goes: the site of the first target."""
        return self.srv(client, **options)[0][0]


def read_tcp(s):
    """One message with its length, from a stream; b"" at its end."""
    octets = b""
    while len(octets) < 2 or len(octets) < 2 + int.from_bytes(octets[:2], "big"):
        more = s.recv(65535)
        if not more:
            return octets[2:]
        octets += more
    return octets[2:2 + int.from_bytes(octets[:2], "big")]


def records(answer, rdtype, section="answer"):
    number = dns.rdatatype.from_text(rdtype)
    return [r for rrset in getattr(answer, section) if rrset.rdtype == number for r in rrset]


def ecs_of(answer):
    return next((o for o in answer.options if isinstance(o, dns.edns.ECSOption)), None)


def change(conf, **parts):
    """A copy of a configuration with top-level parts replaced."""
    return {**copy.deepcopy(conf), **parts}
