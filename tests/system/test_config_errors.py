"""Broken configurations: all that is wrong is told in one run, each with file and line, and the exit code is 1."""
import re
import subprocess

import pytest

from lab import BIN, SLOW, config_text

pytestmark = pytest.mark.main


def set_at(*path):
    """(a function that sets the last of path's places in a configuration)"""
    *way, key, value = path

    def spoil(conf):
        for step in way:
            conf = conf[step]
        conf[key] = value

    return spoil


def drop(*path):
    *way, key = path

    def spoil(conf):
        for step in way:
            conf = conf[step]
        del conf[key]

    return spoil


# what: (how to spoil it, what the message must hold)
BROKEN = {
    "an unknown key, with the nearest known one": (set_at("services", 0, "polcy", "nearest"), r"polcy.*policy"),
    "an unknown key at the top": (set_at("srvices", ()), r"srvices.*services"),
    "a wrong type": (set_at("server", "workers", "many"), r"workers"),
    "a missing key": (drop("sites", 0, "location"), r"location"),
    "an unknown policy": (set_at("services", 0, "policy", "closest"), r"closest.*nearest"),
    "a duration without a unit that is known": (set_at("services", 0, "ttl", "30parsecs"), r"ttl"),
    "a site that is not there": (set_at("services", 0, "sites", ["london", "paris"]), r"paris"),
    "a probe that is not there": (set_at("sites", 0, "endpoints", 0, "probes", ["ping"]), r"ping"),
    "a latitude beyond the pole": (set_at("sites", 0, "location", (97.0, 0.0)), r"location.*90|90.*location"),
    "no targets": (set_at("services", 0, "targets", 0), r"targets"),
    "an address that is none": (set_at("server", "listen", ["127.0.0.300:53"]), r"127\.0\.0\.300"),
    "two sites of one name": (set_at("sites", 1, "name", "london"), r"london"),
    "a zone file that is not there": (set_at("zones", 0, "file", "gone.zone"), r"gone\.zone"),
    "a service in no zone": (set_at("services", 0, "name", "sip.example.org."), r"sip\.example\.org"),
    "a port that is none": (set_at("probes", {"p": {"type": "sip", "transport": "udp", "port": 70000, "interval": "2s"}}), r"port"),
    "a transport that is not known": (set_at("probes", {"p": {"type": "sip", "transport": "sctp", "port": 5060, "interval": "2s"}}), r"sctp"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_check_tells_file_line_and_what_is_wrong(make_lab, what):
    lab = make_lab()
    spoil, said = BROKEN[what]
    spoil(lab.conf)
    lab.write()
    output = lab.cli("check", conf=True, code=1) + lab.last.stderr
    lines = [line for line in output.splitlines() if re.search(said, line)]
    assert lines, output
    assert any(re.search(r"[\w./-]+\.conf:\d+: |gone\.zone: ", line) for line in lines), output
    daemon = subprocess.run([f"{BIN}/sipsteerd", "-c", lab.config_path], capture_output=True, text=True, timeout=20 * SLOW)
    assert daemon.returncode != 0 and re.search(said, daemon.stderr + daemon.stdout)


def test_everything_wrong_is_told_in_one_run(make_lab):
    lab = make_lab()
    lab.conf["server"]["wrokers"] = 1
    lab.conf["services"][0]["policy"] = "closest"
    lab.conf["sites"][2]["bais"] = 3
    lab.zone_text += "broken A 1.2.3\n"
    lab.nets_text += "not a prefix\n"
    lab.write()
    output = lab.cli("check", conf=True, code=1) + lab.last.stderr
    for part in ("wrokers", "closest", "bais"):
        assert part in output, output


def test_a_zone_and_nets_that_are_both_broken_are_told_together(make_lab):
    lab = make_lab()
    lab.zone_text += "broken A 1.2.3\n"
    lab.nets_text += "not a prefix\n"
    lab.write()
    output = lab.cli("check", conf=True, code=1) + lab.last.stderr
    assert re.search(r"sip\.zone:\d+", output) and re.search(r"nets\.conf:\d+", output), output


def test_a_syntax_error_has_its_line(make_lab):
    lab = make_lab()
    lab.write()
    lab.write_file("sipsteer.conf", config_text(lab.conf) + "\nserver = {{;\n")
    line = config_text(lab.conf).count("\n") + 2
    output = lab.cli("check", conf=True, code=1) + lab.last.stderr
    assert f"sipsteer.conf:{line}" in output, output


def test_a_file_that_is_not_there_is_told(make_lab):
    lab = make_lab()
    output = lab.cli("check", conf=True, code=1) + lab.last.stderr
    assert "sipsteer.conf" in output
