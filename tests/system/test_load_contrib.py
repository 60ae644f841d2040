"""contrib/load against pages and answers as the products' documentation describes them. (Kamailio is tested for real: test_load_kamailio.py.)"""
import http.server
import os
import re
import threading

import pytest
from lab import ROOT, wait_for

CONTRIB = f"{ROOT}/contrib/load"
# By port of the shipped entry.
PAGES = {
    8888: "# HELP opensips_active_dialogs active_dialogs\n# TYPE opensips_active_dialogs gauge\nopensips_active_dialogs 21\n"
          "# TYPE opensips_invites counter\nopensips_invites 1700\n",
    8088: "# HELP asterisk_calls_count Current call count.\n# TYPE asterisk_calls_count gauge\n"
          "asterisk_calls_count{eid=\"aa:bb:cc:dd:ee:ff\"} 22\nasterisk_channels_count{eid=\"aa:bb:cc:dd:ee:ff\"} 44\n"
          "asterisk_calls_sum{eid=\"aa:bb:cc:dd:ee:ff\"} 900\n",
    2225: "# TYPE rtpengine_sessions gauge\nrtpengine_sessions{type=\"own\"} 23\nrtpengine_sessions{type=\"foreign\"} 400\n",
}
WANTED = {"opensips-calls": 21, "opensips-invites": 0, "asterisk-calls": 22, "asterisk-new-calls": 0, "rtpengine-sessions": 23, "freeswitch-calls": 24,
          "freeswitch-new-sessions": 3.5}
FS_CLI = """#!/bin/sh
case "$*" in
"-x show calls count"*) printf '\\n24 total.\\n\\n' ;;
"-x status"*) cat <<END
UP 0 years, 3 days, 2 hours, 1 minute, 9 seconds, 120 milliseconds, 10 microseconds
FreeSWITCH (Version 1.10.9 64bit) is ready
1200 session(s) since startup
48 session(s) - peak 90, last 5min 60
7 session(s) per Sec out of max 30, peak 12, last 5min 9
1000 session(s) max
min idle cpu 0.00/97.20
Current Stack Size/Max 240K/8192K
END
;;
*) exit 1 ;;
esac
"""


def serve(address, port):
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            sound = self.path == "/metrics" and (port != 8088 or self.headers.get("Authorization") == "Basic c2lwc3RlZXI6d29yZA==")  # sipsteer:word
            self.send_response(200 if sound else 401)
            self.end_headers()
            self.wfile.write(PAGES[port].encode() if sound else b"")
    server = http.server.ThreadingHTTPServer((address, port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    return server


def entries():
    """The inner text of all groups, as one group; asked more often."""
    inner = ""
    for name in ("kamailio", "opensips", "asterisk", "rtpengine", "freeswitch"):
        with open(f"{CONTRIB}/{name}.conf") as f:
            text = re.sub(r"^#.*\n", "", f.read(), flags=re.MULTILINE)
        inner += re.fullmatch(r"\s*loads = \{\n(.*)\};\s*", text, re.DOTALL)[1]
    return inner.replace('interval = "5s"', 'interval = "500ms"').replace('timeout = "2s"', 'timeout = "1400ms"')


@pytest.fixture
def scene(make_lab):
    lab = make_lab(hosts=("lb1", "lb2"), sites={"london": (51.5, -0.1), "ashburn": (39.04, -77.49)})
    names = list(WANTED)
    lab.conf["sites"][0]["endpoints"][0]["load"] = tuple(names[:4])
    lab.conf["sites"][0]["endpoints"][1].update(load=tuple(names[4:]), address=lab.ip("london", "lb1"))
    lab.write_file("asterisk.password", "word\n")
    lab.write_file("fs_cli", FS_CLI)
    os.chmod(f"{lab.folder}/fs_cli", 0o755)
    text = entries().replace("/usr/local/lib/sipsteer/freeswitch-load\"", "/usr/bin/env\", \"PATH=%s:/usr/bin:/bin\", \"%s/freeswitch-load\"" %
                             (lab.folder, CONTRIB))
    write = lab.write

    def write_all():
        write()
        with open(lab.config_path, "a") as f:
            f.write("loads = {\n" + text + "};\n")
    lab.write = write_all
    servers = [serve(lab.ip("london", "lb1"), port) for port in PAGES]
    yield lab.start()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_shipped_sources_read_what_the_products_show(scene):
    def values():
        endpoints = scene.cli("load", json_form=True)["load"]["endpoints"]
        sources = {s["name"]: s for e in endpoints for s in e["sources"]}
        errors = {name: s["error"] for name, s in sources.items() if "error" in s}
        assert not errors, errors
        return {name: s["value"] for name, s in sources.items()} == WANTED
    wait_for(values, 15, "all of them are read")


def test_every_shipped_file_is_sound_by_itself(make_lab):
    lab = make_lab()
    for name in sorted(os.listdir(CONTRIB)):
        if name.endswith(".conf"):
            lab.write_file("asterisk.password", "word\n")
            with open(f"{CONTRIB}/{name}") as f:
                lab.write_file(name, f.read())
            lab.write()
            with open(lab.config_path, "a") as f:
                f.write(f'@include "{name}"\n')
            lab.cli("check", conf=True)
