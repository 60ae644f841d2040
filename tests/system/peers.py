"""Other people's authoritative servers, as child processes on loopback: what they agree on is what an answer should be."""
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

ENTRY = b"\0\1\0\0\0\1\0\0\0\0\0\0"  # a query's header


def program(name):
    path = shutil.which(name) or f"/usr/sbin/{name}"
    if not os.path.exists(path):
        pytest.skip(f"{name} is not installed")
    return path


def free_port():
    """Free for UDP and TCP, now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        return tcp.getsockname()[1]


class Peer:
    """A server for zones {name: path}; write() makes its configuration and returns the words that start it."""

    def __init__(self, folder, zones):
        self.folder, self.zones = f"{folder}/{type(self).__name__.lower()}", dict(zones)
        self.address, self.port = "127.0.0.1", free_port()  # BIND listens on addresses of interfaces only
        os.makedirs(self.folder)
        words = self.write()
        with open(f"{self.folder}/log", "wb") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                                            start_new_session=True)
        self.wait_ready()

    def configure(self, name, text):
        with open(f"{self.folder}/{name}", "w") as f:
            f.write(text)
        return f"{self.folder}/{name}"

    def log(self):
        with open(f"{self.folder}/log", errors="replace") as f:
            return f.read()

    def answers(self, zone):
        labels = b"".join(bytes([len(label)]) + label.encode() for label in zone.rstrip(".").split(".")) + b"\0"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.connect((self.address, self.port))
            try:
                s.send(ENTRY + labels + b"\0\6\0\1")
                return s.recv(4096)[3] & 15 == 0
            except OSError:
                return False

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        for zone in list(self.zones)[-1:]:
            while not self.answers(zone):
                assert self.process.poll() is None and time.monotonic() < end, f"{self.folder} does not serve {zone}\n{self.log()[-3000:]}"
                time.sleep(0.05)

    def end(self):
        """It leads a session of its own: some have more than one process."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Bind(Peer):
    def write(self):
        zones = "".join(f'zone "{name}" {{ type primary; file "{path}"; }};\n' for name, path in self.zones.items())
        conf = self.configure("named.conf", f"""options {{
  directory "{self.folder}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{self.folder}";
  listen-on port {self.port} {{ {self.address}; }}; listen-on-v6 {{ none; }}; recursion no; minimal-responses yes; notify no; dnssec-validation no;
  allow-transfer {{ any; }}; check-integrity no; check-names primary ignore; check-mx ignore;
  check-srv-cname ignore; check-mx-cname ignore; empty-zones-enable no;
}};
controls {{ }};
{zones}""")
        return [program("named"), "-g", "-n", "1", "-c", conf]


class Nsd(Peer):
    def write(self):
        zones = "".join(f"zone:\n  name: {name}\n  zonefile: {path}\n  provide-xfr: 0.0.0.0/0 NOKEY\n" for name, path in self.zones.items())
        conf = self.configure("nsd.conf", f"""server:
  ip-address: {self.address}@{self.port}
  username: ""
  database: ""
  zonesdir: "{self.folder}"
  pidfile: "{self.folder}/pid"
  xfrdfile: "{self.folder}/xfrd"
  zonelistfile: "{self.folder}/zones"
  xfrdir: "{self.folder}"
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
{zones}""")
        return [program("nsd"), "-d", "-c", conf]


class Knot(Peer):
    def write(self):
        zones = "".join(f"  - domain: {name}\n    file: {path}\n" for name, path in self.zones.items())
        conf = self.configure("knot.conf", f"""server:
  listen: {self.address}@{self.port}
  rundir: {self.folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: {self.folder}
log:
  - target: stdout
    any: warning
acl:
  - id: all
    action: transfer
template:
  - id: default
    storage: {self.folder}
    semantic-checks: off
    journal-content: none
    zonefile-sync: -1
    acl: all
zone:
{zones}""")
        return [program("knotd"), "-c", conf]


PEERS = (Bind, Nsd, Knot)
