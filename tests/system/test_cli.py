"""sipsteer, the operator's tool: every command, its JSON, its exit codes."""
import os
import stat
import subprocess

import pytest

from lab import BIN, CLIENT, ZONE, SLOW

pytestmark = pytest.mark.main
COMMANDS = ["check", "delegation", "explain", "status", "sites", "zones", "endpoints", "demand", "drain", "disable", "enable", "overrides", "plan", "what-if", "reload", "keys", "top", "stop"]


def run(*words):
    return subprocess.run([f"{BIN}/sipsteer", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20 * SLOW)


def test_help_is_there_for_the_tool_and_each_command():
    whole = run("--help")
    assert whole.returncode == 0
    for command in COMMANDS:
        assert command in whole.stdout
        one = run(command, "--help")
        assert one.returncode == 0 and command in one.stdout and "usage" in one.stdout.lower()


@pytest.mark.parametrize("words", [(), ("nonsense",), ("explain",), ("drain",), ("status", "--nonsense"), ("drain", "london", "--for"),
                                   ("explain", ZONE, "SRV", "--client")], ids=" ".join)
def test_wrong_usage_ends_with_2(lab, words):
    lab.cli(*words, code=2)
    assert lab.last.stderr


@pytest.mark.parametrize("words", [("drain", "paris"), ("drain", "london/lb9.london.sip.example.com."), ("disable", "service:other.example.com."),
                                   ("drain", "london", "--for", "soon"), ("enable", "london"),
                                   ("explain", ZONE, "SRV", "--client", "999.1.2.3")], ids=" ".join)
def test_what_is_refused_ends_with_1_or_2_and_says_why(lab, words):
    lab.cli(*words, code=None)
    assert lab.last.returncode in (1, 2) and lab.last.stderr.strip()


def test_no_daemon_ends_with_3(tmp_path):
    for command in ("status", "sites", "zones", "endpoints", "overrides", "reload", "stop"):
        done = run("-s", f"{tmp_path}/none", command)
        assert done.returncode == 3 and done.stderr


@pytest.mark.parametrize("words", [("status",), ("sites",), ("zones",), ("endpoints",), ("demand",), ("overrides",), ("explain", f"_sip._udp.{ZONE}", "SRV", "--client", "10.1.2.3"),
                                   ("drain", "london", "--for", "1h", "--reason", "why"), ("disable", "london"), ("reload",)], ids=lambda w: w[0])
def test_each_command_speaks_text_and_json(lab, words):
    assert isinstance(lab.cli(*words, json_form=True), (dict, list))
    assert lab.cli(*words).strip() or words[0] == "overrides"


def test_a_refusal_is_json_too_when_asked(lab):
    refused = lab.cli("drain", "paris", code=1, json_form=True)
    assert "paris" in str(refused)


def test_sites_and_endpoints_name_them_all(lab):
    sites, endpoints = lab.cli("sites"), lab.cli("endpoints")
    for site in lab.sites:
        assert site in sites
        for host in lab.hosts:
            assert f"{host}.{site}" in endpoints


def test_orders_tell_who_why_and_until_when(lab):
    lab.cli("drain", "london", "--for", "90m", "--reason", "fibre works")
    lab.cli("disable", f"ashburn/{lab.host('ashburn', 'lb1')}", "--reason", "broken disk")
    text = lab.cli("overrides")
    for part in ("london", "drain", "fibre works", "disable", "broken disk", "root" if os.geteuid() == 0 else ""):
        assert part in text
    assert "london" in str(lab.cli("overrides", json_form=True))
    lab.cli("enable", "london")
    assert "fibre works" not in lab.cli("overrides")


def test_explain_gives_the_answer_and_why_for_every_endpoint(lab):
    lab.cli("drain", "ashburn", "--reason", "test")
    text = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT["london"])
    for site in lab.sites:
        assert site in text
    assert "drain" in text and "km" in text.lower()
    served = [f"{host}.{site}" for site, host in lab.srv(CLIENT["london"])]
    places = [text.find(name) for name in served]
    assert all(at >= 0 for at in places)


def test_enable_speaks_json_too(lab):
    lab.cli("drain", "london")
    assert lab.cli("enable", "london", json_form=True)["ok"] is True


def test_explain_tells_when_the_geo_files_are_not_those_of_the_answers(lab):
    words = ("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT["london"])
    assert lab.cli(*words, json_form=True)["explain"]["place_outdated"] is False
    lab.write_file("nets.conf", "10.1.0.0/16 0\n")  # unsound, so that it stays so
    assert lab.cli(*words, json_form=True)["explain"]["place_outdated"] is True
    assert "answers are made from older ones" in lab.cli(*words)


def test_an_order_that_leaves_a_service_nobody_is_warned_of(lab):
    *others, last = lab.sites
    for site in others:
        lab.cli("disable", site)
        assert "warning" not in lab.last.stderr
    lab.cli("drain", last)
    assert "warning" not in lab.last.stderr
    lab.cli("disable", last)
    assert "warning: every endpoint of service" in lab.last.stderr and 'on_all_down = "serve-all"' in lab.last.stderr
    lab.cli("enable", last)
    assert "warning" not in lab.last.stderr


def test_explain_of_a_name_that_is_not_served_says_so(lab):
    assert "REFUSED" in lab.cli("explain", "example.org.", "SRV", "--client", "10.1.2.3", code=None)


def test_explain_of_a_file_needs_no_daemon(lab):
    running = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT["london"], json_form=True)
    lab.stop()
    alone = lab.cli("explain", f"_sip._udp.{ZONE}", "SRV", "--client", CLIENT["london"], conf=True, json_form=True)
    assert isinstance(alone, dict) and set(alone) & set(running)


def test_check_of_a_sound_configuration_ends_with_0(lab):
    lab.cli("check", conf=True)
    done = subprocess.run([f"{BIN}/sipsteerd", "-c", lab.config_path, "--check"], capture_output=True, text=True, timeout=20 * SLOW)
    assert done.returncode == 0, done.stderr


def test_only_the_owner_and_the_group_may_order(lab):
    mode = stat.S_IMODE(os.stat(lab.socket).st_mode)
    assert mode & 0o007 == 0 and mode & 0o600 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_others_are_kept_out(lab):
    os.chmod(os.path.dirname(lab.socket), 0o755)
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "cat"], stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode != 0:
        pytest.skip("setpriv does not work here")
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({lab.socket!r})"
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", code], capture_output=True, text=True)
    assert done.returncode != 0 and "PermissionError" in done.stderr


def test_stop_ends_the_daemon_in_order(lab):
    lab.cli("stop")
    assert lab.process.wait(10 * SLOW) == 0
    assert not os.path.exists(lab.socket)


def test_a_second_daemon_on_the_same_sockets_does_not_start(lab):
    done = subprocess.run([f"{BIN}/sipsteerd", "-c", lab.config_path], capture_output=True, text=True, timeout=20 * SLOW)
    assert done.returncode != 0 and done.stderr
    assert lab.winner(CLIENT["london"]) == "london"
