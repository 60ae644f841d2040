"""Probes over TLS, WebSocket and WebSocket over TLS, against real Kamailio servers: each speaks for its own way of being called, and for no other."""
import time

import pytest

import certificates
from kamailio import kamailio  # noqa: F401  (a fixture)
from lab import CLIENT, SLOW, ZONE, records, wait_for

DOMAIN = ZONE[:-1]
PORTS = {"udp": 5060, "tls": 5061, "ws": 8080, "wss": 8443}
OWNERS = {"udp": "_sip._udp", "tls": "_sips._tcp", "ws": "_sip._ws", "wss": "_sips._ws"}
NAPTR = {"SIP+D2U": "_sip._udp", "SIPS+D2T": "_sips._tcp", "SIP+D2W": "_sip._ws", "SIPS+D2W": "_sips._ws"}
PATIENCE_S = 15


def zone_rows(lab):
    """What the lab's zone lacks of the other transports."""
    rows = [f'@ NAPTR {20 + i} 10 "s" "{service}" "" {owner}' for i, (service, owner) in enumerate(NAPTR.items()) if service != "SIP+D2U"]
    rows += [f"{owner} SRV 10 10 {PORTS[way]} lb1.{site}" for way, owner in OWNERS.items() if way != "udp" for site in lab.sites]
    return "\n".join(rows) + "\n"


@pytest.fixture
def scene(make_lab, kamailio, tmp_path):  # noqa: F811
    lab = make_lab(sites={"london": (51.51, -0.13), "ashburn": (39.04, -77.49)}, hosts=("lb1",))
    lab.nets_text = "10.1.0.0/16 51.51,-0.13\n10.2.0.0/16 39.04,-77.49\n"
    for site in lab.sites:
        certificates.make(tmp_path, DOMAIN, days=90 if site == "london" else 5, files=(f"{site}.pem", f"{site}.key"))
    lab.write_file("ca.pem", (tmp_path / "london.pem").read_text() + (tmp_path / "ashburn.pem").read_text())
    lab.servers = {site: kamailio(site, lab.ip(site, "lb1"), certificate=(tmp_path / f"{site}.pem", tmp_path / f"{site}.key")) for site in lab.sites}
    common = {"type": "sip", "interval": "500ms", "timeout": "1s", "fall": 2, "rise": 2, "confirm": "100ms", "renew": "1s"}
    lab.conf["probes"] = {way: {**common, "transport": way, "port": port} for way, port in PORTS.items()}
    for way in ("tls", "wss"):
        lab.conf["probes"][way]["tls_ca"] = "ca.pem"
    lab.conf["probes"]["shake"] = {**lab.conf["probes"]["tls"], "type": "tls"}
    del lab.conf["probes"]["shake"]["renew"]  # each of its probes is a new connection
    lab.conf["probes"]["connect"] = {"type": "tcp", "transport": "ws", "port": 8080, "interval": "500ms"}
    for site in lab.conf["sites"]:
        site["endpoints"][0]["probes"] = [*PORTS, "shake", "connect"]
    lab.service(ttl="1s")
    lab.zone_text += zone_rows(lab)
    return lab.start()


def checks(lab, site):
    """What each probe of the site's endpoint saw last, by its name."""
    (endpoint,) = [e for e in lab.cli("endpoints", json_form=True, code=None)["endpoints"] if e["site"] == site]
    return {check["probe"]: check for check in endpoint["checks"]}


def verdicts(lab, site):
    return {name: check["verdict"] for name, check in checks(lab, site).items()}


def services(lab, client):
    return {r.service.decode() for r in records(lab.ask("@", "NAPTR", client), "NAPTR")}


def wait_all(lab, site, verdict, but=()):
    wait_for(lambda: all(v == verdict for name, v in verdicts(lab, site).items() if name not in but), PATIENCE_S * SLOW,
             f"{site} {verdict}: {verdicts(lab, site)}")


def test_every_way_is_probed_and_each_speaks_for_itself(scene, tmp_path):
    london = CLIENT["london"]
    for site in scene.sites:
        wait_all(scene, site, "up")
    seen = checks(scene, "london")
    assert {name: check["last"] for name, check in seen.items()} == dict.fromkeys(seen, "answered")
    for name in ("tls", "wss", "shake"):
        assert 89 * 86400 < seen[name]["certificate_end_s"] - time.time() < 91 * 86400
    assert services(scene, london) >= set(NAPTR)
    assert [scene.winner(london, name=owner) for owner in OWNERS.values()] == ["london"] * 4

    # A certificate that ends soon is told of, where it is, while all is well.
    status = scene.cli("status", json_form=True, code=None)
    soon = [alarm for alarm in status["status"]["alarms"] if "ends in 5 days" in alarm]
    assert len(soon) == 3 and all("ashburn/lb1.ashburn" in alarm for alarm in soon), status["status"]["alarms"]
    scene.wait_logged("the certificate of ashburn/lb1.ashburn.sip.example.com. at")

    # Another's certificate: TLS and WebSocket over TLS fall, the rest stays.
    certificates.make(tmp_path, "other.example", files=("london.pem", "london.key"))
    with open(f"{scene.folder}/ca.pem", "a") as f:
        f.write((tmp_path / "london.pem").read_text())
    scene.cli("reload")
    scene.servers["london"].renew()
    wait_for(lambda: all(verdicts(scene, "london")[name] == "down" for name in ("tls", "wss", "shake")), PATIENCE_S * SLOW, "TLS is down")
    assert checks(scene, "london")["tls"]["last"] == "certificate"
    assert checks(scene, "london")["tls"]["detail"] == f"not for {DOMAIN} but for other.example"
    wait_for(lambda: [scene.winner(london, name=owner) for owner in OWNERS.values()] == ["london", "ashburn", "london", "ashburn"], PATIENCE_S * SLOW,
             "only TLS goes to ashburn")
    assert services(scene, london) == {"SIP+D2U", "SIP+D2T", "SIP+D2W"}
    assert services(scene, CLIENT["ashburn"]) >= set(NAPTR)
    scene.wait_logged(f"tls: up -> down (certificate: not for {DOMAIN} but for other.example)")
    assert verdicts(scene, "london")["udp"] == "up"


def test_busy_silent_and_dead_servers_are_known_as_such_over_every_way(scene):
    for site in scene.sites:
        wait_all(scene, site, "up")
    scene.servers["london"].set("busy")
    wait_all(scene, "london", "draining", but=("shake", "connect"))
    assert verdicts(scene, "london")["shake"] == verdicts(scene, "london")["connect"] == "up"
    scene.servers["london"].set("silent")
    wait_all(scene, "london", "down", but=("shake", "connect"))
    assert {check["last"] for name, check in checks(scene, "london").items() if name in PORTS} == {"timeout"}
    scene.servers["london"].set("ok")
    wait_all(scene, "london", "up")
    scene.servers["london"].end()
    wait_all(scene, "london", "down")
    assert {check["last"] for check in checks(scene, "london").values()} <= {"refused", "closed"}


def test_a_file_that_cannot_be_used_is_told_with_its_key_and_changes_nothing(scene):
    scene.conf["probes"]["tls"]["tls_ca"] = "nowhere.pem"
    scene.write()
    assert "probes.tls.tls_ca: " in scene.cli("check", conf=True, code=1)
    scene.cli("reload", code=1)
    assert "nowhere.pem: No such file or directory" in scene.last.stdout + scene.last.stderr
    wait_all(scene, "london", "up")
