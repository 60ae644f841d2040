"""Other name servers as child processes on loopback: BIND, NSD and Knot, each with a folder and a configuration of its own."""
import os
import socket
import subprocess

import dns.message
import dns.query
import dns.tsig
import dns.tsigkeyring

from lab import SLOW, wait_for

KEY_NAME = "xfr.example."
SECRET = "c2l4dGVlbiBvY3RldHMhIWFuZCBzaXh0ZWVuIG1vcmU="
KEYS = ({"name": KEY_NAME, "algorithm": "hmac-sha256", "secret": SECRET},)
KEYRING = dns.tsigkeyring.from_text({KEY_NAME: ("hmac-sha256", SECRET)})


def free_port():
    """For UDP and TCP, at 127.0.0.1."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]
            except OSError:
                continue


class Peer:
    """One server at ADDRESS:PORT; `zones` are clauses in its own words, made by the subclass."""
    program = None

    def __init__(self, folder, address, port=5353):
        self.folder, self.address, self.port, self.process = str(folder), address, port, None
        os.makedirs(self.folder, exist_ok=True)

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        return self

    def close(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def log(self):
        with open(f"{self.folder}/log", errors="replace") as f:
            return f.read()

    def ask(self, name, rdtype, **options):
        try:
            return dns.query.udp(dns.message.make_query(name, rdtype, **options), self.address, timeout=1, port=self.port)
        except (dns.exception.Timeout, OSError):
            return None

    def serial(self, zone):
        answer = self.ask(zone, "SOA")
        soa = [r for rrset in answer.answer for r in rrset if rrset.rdtype == dns.rdatatype.SOA] if answer else []
        return soa[0].serial if soa else None

    def wait_serial(self, zone, serial, seconds=15):
        wait_for(lambda: self.serial(zone) == serial, seconds * SLOW, f"serial {serial} at {type(self).__name__}:\n{self.log()[-2000:]}", step=0.1)


class Bind(Peer):
    """It listens on addresses of interfaces only, so on 127.0.0.1 and a port of its own."""

    def __init__(self, folder, address, port=None):
        super().__init__(folder, "127.0.0.1", free_port())

    def command(self):
        return ["/usr/sbin/named", "-f", "-g", "-4", "-n", "1", "-c", f"{self.folder}/named.conf"]

    def configure(self, zones):
        self.write("named.conf", f"""
key "{KEY_NAME}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
options {{ directory "{self.folder}"; pid-file none; listen-on port {self.port} {{ {self.address}; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; notify no; session-keyfile none; max-refresh-time 3600; }};
controls {{ }};
{zones}""")

    def secondary(self, zone, primary, port, key=True):
        signed = f'key "{KEY_NAME}"' if key else ""
        self.configure(f"""
zone "{zone}" {{ type secondary; file "copy"; masterfile-format text; primaries {{ {primary} port {port} {signed}; }};
  allow-notify {{ {primary}; }}; transfer-source {self.address}; }};""")
        return self

    def primary(self, zone, text, secondary, port, key=True):
        who = f'key "{KEY_NAME}"' if key else secondary
        self.write("zone", text)
        self.configure(f"""
zone "{zone}" {{ type primary; file "zone"; allow-transfer {{ {who}; }}; notify explicit;
  also-notify {{ {secondary} port {port} {f'key "{KEY_NAME}"' if key else ''}; }}; notify-source {self.address}; }};""")
        return self

    def reload(self):
        self.process.send_signal(1)


class Nsd(Peer):
    def command(self):
        return ["/usr/sbin/nsd", "-d", "-c", f"{self.folder}/nsd.conf"]

    def configure(self, zone):
        self.write("nsd.conf", f"""
server:
  ip-address: {self.address}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  zonelistfile: "{self.folder}/zone.list"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  pidfile: "{self.folder}/pid"
  logfile: "{self.folder}/log"
  server-count: 1
  xfrd-reload-timeout: 0
remote-control:
  control-enable: no
key:
  name: "{KEY_NAME}"
  algorithm: hmac-sha256
  secret: "{SECRET}"
{zone}""")

    def secondary(self, zone, primary, port, key=True):
        name = KEY_NAME if key else "NOKEY"
        self.configure(f"""zone:
  name: "{zone}"
  zonefile: "copy"
  request-xfr: {primary}@{port} {name}
  allow-notify: {primary} {name}
  outgoing-interface: {self.address}
""")
        return self

    def primary(self, zone, text, secondary, port, key=True):
        name = KEY_NAME if key else "NOKEY"
        self.write("zone", text)
        self.configure(f"""zone:
  name: "{zone}"
  zonefile: "zone"
  provide-xfr: {secondary} {name}
  notify: {secondary}@{port} {name}
  outgoing-interface: {self.address}
""")
        return self

    def reload(self):
        self.process.send_signal(1)


class Knot(Peer):
    def command(self):
        return ["/usr/sbin/knotd", "-c", f"{self.folder}/knot.conf"]

    def configure(self, peer, port, acl, key, zone):
        self.write("knot.conf", f"""
server:
  listen: {self.address}@{self.port}
  rundir: {self.folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: {self.folder}/db
key:
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {SECRET}
remote:
  - id: peer
    address: {peer}@{port}
    via: {self.address}
    {f"key: {KEY_NAME}" if key else ""}
acl:
  - id: peer
    address: {peer}
    action: {acl}
    {f"key: {KEY_NAME}" if key else ""}
zone:
{zone}""")

    def secondary(self, zone, primary, port, key=True):
        self.configure(primary, port, "notify", key, f"""  - domain: {zone}
    storage: {self.folder}
    file: copy
    master: peer
    acl: peer
""")
        return self

    def primary(self, zone, text, secondary, port, key=True):
        self.write("zone", text)
        self.configure(secondary, port, "transfer", key, f"""  - domain: {zone}
    storage: {self.folder}
    file: zone
    zonefile-load: whole
    journal-content: none
    notify: peer
    acl: peer
""")
        return self

    def reload(self):
        self.process.send_signal(1)


ALL = {"bind": Bind, "nsd": Nsd, "knot": Knot}
