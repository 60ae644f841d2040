"""Probes of every kind but SIP: a real nginx over HTTP and HTTPS, monitoring plugins, a DNS server (ours), ICMP, reports by the tool and by file."""
import os
import shutil
import subprocess
import time

import pytest

import certificates
from lab import SLOW, ZONE, wait_for

PLUGINS = "/usr/lib/nagios/plugins"
QUICK = {"interval": "300ms", "timeout": "2s", "confirm": "100ms", "fall": 2, "rise": 1, "hold_down": "0ms"}
NGINX = """daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/nginx-b; proxy_temp_path {folder}/nginx-p; fastcgi_temp_path {folder}/nginx-f;
    uwsgi_temp_path {folder}/nginx-u; scgi_temp_path {folder}/nginx-s;
    server {{
        listen {ip}:8080; listen {ip}:8443 ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        root {folder}/www;
        location = /busy {{ add_header Retry-After 60 always; return 503; }}
    }}
}}
"""


@pytest.fixture
def web(make_lab):
    """A lab that is not running yet, and an nginx at lb1 of the first site."""
    lab = make_lab()
    lab.site = next(iter(lab.sites))
    ip = lab.ip(lab.site, "lb1")
    os.makedirs(f"{lab.folder}/www", exist_ok=True)
    lab.write_file("www/health", "all systems go\n")
    certificates.make(lab.folder, name=ZONE.rstrip("."), address=ip)
    lab.write_file("nginx.conf", NGINX.format(folder=lab.folder, ip=ip, user="user root;" if os.geteuid() == 0 else ""))
    server = subprocess.Popen([shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", f"{lab.folder}/nginx.conf", "-e", f"{lab.folder}/nginx.log"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(f"{lab.folder}/nginx.pid") or server.poll() is not None, 10 * SLOW, "nginx")
    yield lab
    server.terminate()
    server.wait(10)


def probe_with(lab, **probes):
    """All are of lb1 of the first site."""
    lab.conf["probes"] = {name.replace("_", "-"): {**QUICK, **keys} for name, keys in probes.items()}
    for site in lab.conf["sites"]:
        for endpoint in site["endpoints"]:
            endpoint["probes"] = [name for name in lab.conf["probes"]] if endpoint["host"] == lab.host(lab.site, "lb1") else []


def checks(lab):
    """{probe: check} of lb1 of the first site."""
    listed = lab.cli("endpoints", json_form=True)["endpoints"]
    of = next(e for e in listed if e["host"] == lab.host(lab.site, "lb1"))
    return {check["probe"]: check for check in of["checks"]}


def wait_verdict(lab, probe, verdict):
    wait_for(lambda: checks(lab)[probe]["verdict"] == verdict, 15 * SLOW, f"{probe}: {verdict}; {checks(lab).get(probe)}")
    return checks(lab)[probe]


def test_nginx_commands_and_reports_are_judged_side_by_side(web):
    lab = web
    plugin = f"{PLUGINS}/check_tcp"
    probe_with(lab,
               web={"type": "http", "port": 8080, "path": "/health", "match_regex": "^all systems [a-z]+$"},
               web_missing={"type": "http", "port": 8080, "path": "/nothing"},
               web_busy={"type": "http", "port": 8080, "path": "/busy"},
               web_tls={"type": "http", "tls": True, "port": 8443, "path": "/health", "tls_ca": "cert.pem"},
               web_other={"type": "http", "tls": True, "port": 8443, "path": "/health", "tls_ca": "cert.pem", "tls_name": "www.example.net"},
               plugin={"type": "exec", "command": [plugin, "-H", "%a", "-p", "8080"]},
               push={"type": "push", "expires": "60s"})
    lab.start()
    assert wait_verdict(lab, "web", "up")["reason"] == "answered"
    assert wait_verdict(lab, "web-missing", "down")["detail"] == "HTTP 404"
    wait_verdict(lab, "web-busy", "draining")
    wait_verdict(lab, "web-tls", "up")
    assert wait_verdict(lab, "web-other", "down")["reason"] == "certificate"
    assert "TCP OK" in wait_verdict(lab, "plugin", "up")["detail"]
    # What the pages say changes, and the endpoint reports.
    lab.write_file("www/health", "some systems smoke\n")
    assert wait_verdict(lab, "web", "down")["reason"] == "no match"
    lab.cli("push", f"{lab.site}/lb1", "up", "--for", "3s", "--detail", "booted")
    assert wait_verdict(lab, "push", "up")["detail"] == "booted"
    assert "booted" in lab.cli("endpoints")
    assert wait_verdict(lab, "push", "down")["reason"] == "expired"
    assert "must be up, draining or down" in (lab.cli("push", f"{lab.site}/lb1", "sideways", code=1) or lab.last.stderr)
    lab.cli("push", f"{lab.site}/lb2", "up", code=1)
    assert 'no probe of type "push"' in lab.last.stderr


def test_dns_icmp_and_files_speak_and_a_stuck_command_delays_nothing(make_lab):
    lab = make_lab()
    lab.site = next(iter(lab.sites))
    os.makedirs(f"{lab.folder}/reports", exist_ok=True)
    report = f"reports/{lab.host(lab.site, 'lb1').rstrip('.')}"
    lab.write_file("slow.sh", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n")
    os.chmod(f"{lab.folder}/slow.sh", 0o755)
    lab.write_file(report, "draining 2 calls left\n")
    probe_with(lab,
               dns={"type": "dns", "address": lab.address, "port": lab.port, "query": ZONE, "record": "SOA", "answers": 1},
               none={"type": "dns", "address": lab.address, "port": lab.port, "query": f"nowhere.{ZONE}"},
               icmp={"type": "icmp"},
               file={"type": "push", "file": "reports/%h", "expires": "4s"},
               stuck={"type": "exec", "command": [f"{lab.folder}/slow.sh"], "timeout": "500ms"})
    lab.start()
    wait_verdict(lab, "dns", "up")
    assert wait_verdict(lab, "none", "down")["detail"] == "rcode 3"
    lab.write_file(report, "draining 2 calls left\n")
    assert wait_verdict(lab, "file", "draining")["detail"] == "2 calls left"
    lab.write_file(report, "up\n")
    wait_verdict(lab, "file", "up")
    icmp = wait_for(lambda: (found := checks(lab)["icmp"])["verdict"] != "unknown" and found, 10 * SLOW, "a verdict on the pings")
    assert icmp["verdict"] == "up" or "ping_group_range" in icmp["detail"]
    assert wait_verdict(lab, "stuck", "down")["reason"] == "timeout"
    # The report grows old while commands hang.
    assert wait_verdict(lab, "file", "down")["reason"] == "expired"
    before, since = checks(lab)["dns"]["probes"], time.monotonic()
    wait_for(lambda: checks(lab)["dns"]["probes"] >= before + 8, 15 * SLOW, "the others are on time")
    assert time.monotonic() - since < 10 * SLOW
    assert lab.cli("status", json_form=True)["status"]["probes"]["late_max_ms"] < 1000 * SLOW
