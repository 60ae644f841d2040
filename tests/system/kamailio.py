"""Real Kamailio servers: one that answers as a site does, and one that resolves callers' URIs by RFC 3263."""
import glob
import os
import shutil
import signal
import subprocess

import pytest

from lab import wait_for

COMMON = """
debug=1
log_stderror=yes
children=1
auto_aliases=no
disable_core_dump=yes
tcp_connection_lifetime=60
tcp_accept_no_cl=yes
mpath="%(modules)s"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "cfgutils.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:%(control)s")
%(listen)s
"""

# Flag 1: busy (503 and Retry-After). Flag 2: silent.
SITE = """
request_route {
    if (is_gflag("2")) { exit; }
    if (is_gflag("1")) { append_to_reply("Retry-After: %(retry_after)s\\r\\n"); sl_send_reply("503", "Busy at %(name)s"); exit; }
    sl_send_reply("200", "%(name)s");
    exit;
}
"""

# TLS at 5061, WebSocket at 8080, WebSocket over TLS at 8443.
STREAMS = """
enable_tls=yes
loadmodule "tls.so"
loadmodule "xhttp.so"
loadmodule "websocket.so"
modparam("tls", "config", "%(folder)s/tls.cfg")
listen=tls:%(address)s:5061
listen=tcp:%(address)s:8080
listen=tls:%(address)s:8443
event_route[xhttp:request] {
    set_reply_close();
    set_reply_no_connect();
    if ($hdr(Upgrade) =~ "websocket" && $rm == "GET") { ws_handle_handshake(); exit; }
    xhttp_reply("404", "Not Found", "", "");
}
"""

CLIENT = """
dns_try_naptr=yes
use_dns_failover=on
dns_srv_lb=on
use_dns_cache=on
dns_cache_max_ttl=1
dns_retr_time=1
dns_retr_no=1
dns_use_search_list=no
modparam("tm", "fr_timer", 700)
request_route {
    if (!mf_process_maxfwd_header("10")) { exit; }
    t_relay();
    exit;
}
"""


class Kamailio:
    def __init__(self, folder, name, address, kind=SITE, retry_after=2, namespace=None, tcp=True, certificate=None):
        modules = next(iter(glob.glob("/usr/lib/*/kamailio/modules")), None)
        if not shutil.which("kamailio") or not modules:
            pytest.skip("kamailio is not installed")
        self.folder, self.control = f"{folder}/{name}", f"{folder}/{name}/ctl"
        os.makedirs(self.folder, exist_ok=True)
        self.enter = namespace.enter if namespace else []
        listen = "\n".join(f"listen={proto}:{address}:5060" for proto in (("udp", "tcp") if tcp else ("udp",)))
        words = {"modules": modules, "control": self.control, "listen": listen, "name": name, "retry_after": retry_after, "folder": self.folder,
                 "address": address}
        if certificate:
            with open(f"{self.folder}/tls.cfg", "w") as f:
                f.write("[server:default]\nmethod = TLSv1.2+\ncertificate = {}\nprivate_key = {}\n".format(*certificate))
        with open(f"{self.folder}/kamailio.cfg", "w") as f:
            f.write("#!KAMAILIO\n" + (COMMON + (STREAMS if certificate else "") + kind) % words)
        self.log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen([*self.enter, "kamailio", "-f", f"{self.folder}/kamailio.cfg", "-DD", "-E", "-Y", self.folder, "-m", "64" if certificate else "16", "-M", "4",
                                         "-w", self.folder], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        wait_for(self._up, 15, f"kamailio {name}: {open(self.log.name).read()}")

    def _up(self):
        assert self.process.poll() is None, open(self.log.name).read()[-3000:]
        return self._command("core.version").returncode == 0

    def _command(self, *words):
        return subprocess.run(["kamcmd", "-s", f"unix:{self.control}", *words], capture_output=True, text=True, timeout=10)

    def set(self, mode):
        """'ok', 'busy' or 'silent'"""
        assert self._command("cfgutils.reset_gflag", "6").returncode == 0
        mask = {"busy": "2", "silent": "4"}.get(mode)
        if mask:
            done = self._command("cfgutils.set_gflag", mask)
            assert done.returncode == 0, done.stderr

    def renew(self):
        """Takes its certificate anew."""
        done = self._command("tls.reload")
        assert done.returncode == 0, done.stderr

    def end(self):
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            pass  # now and then 5.6 hangs in its own shutdown
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # what is left of it: the session is its own
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process = None
        self.log.close()


@pytest.fixture
def kamailio(tmp_path):
    """A function that starts them; all are ended."""
    started = []

    def start(*words, **options):
        started.append(Kamailio(tmp_path, *words, **options))
        return started[-1]

    yield start
    for one in started:
        one.end()
