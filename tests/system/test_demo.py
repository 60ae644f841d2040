"""The demo: `./dev demo` starts, every command that it prints does what it promises, and Ctrl-C leaves nothing behind."""
import os
import re
import signal
import subprocess

import pytest

from lab import BIN, ROOT, wait_for

pytestmark = pytest.mark.skipif(os.path.realpath(BIN) != os.path.realpath(f"{ROOT}/build/bin"), reason="the demo runs the binaries of build/bin")

with open(f"{ROOT}/contrib/demo/commands") as f:
    COMMANDS = [line.strip() for line in f if line.strip() and not line.startswith("#")]


def run(command):
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def targets(output):
    """Host names by priority, of dig +short ... SRV."""
    rows = [line.split() for line in output.splitlines()]
    return [row[3] for row in sorted(rows, key=lambda row: int(row[0]))]


def sites_of(output):
    return [re.match(r"\w+\.(\w+)\.sip", target)[1] for target in targets(output)]


def test_every_command_of_the_demo_works_as_printed(tmp_path):
    log = open(tmp_path / "log", "w+")
    demo = subprocess.Popen(["./dev", "demo"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # ignored where the tests run in the background

    def said():
        with open(log.name, errors="replace") as f:
            return f.read()

    def ready():
        assert demo.poll() is None, said()
        return re.search(r"\bready\b", said())

    try:
        wait_for(ready, 60, "the demo starts")
        printed = [line.strip() for line in said().splitlines()]
        assert all(command in printed for command in COMMANDS)
        tried = [follow(command, position) for position, command in enumerate(COMMANDS)]
        assert len(tried) == len(COMMANDS)
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(20)
    assert code in (0, 130), said()
    left = subprocess.run(["pgrep", "-g", str(demo.pid)], capture_output=True, text=True).stdout
    assert not left, f"left behind: {left}"


EUROPE = {"lon", "ams", "fra"}
WORLD = {"EUROPE": EUROPE, "AMERICA": {"ash", "sjc"}, "ASIA": {"sin"}}


def follow(command, position):
    """Runs one printed command and checks its outcome; a command that is not known here fails."""
    before = COMMANDS[:position]
    out_of_service = None  # is london drained or failing at this point?
    for earlier in before:
        if "drain london" in earlier or " fail " in earlier:
            out_of_service = True
        elif "enable london" in earlier or " ok " in earlier:
            out_of_service = False
    subnets = [re.search(r"\+subnet=(\S+)", c)[1] for c in COMMANDS if "SRV +subnet" in c][:3]
    where = dict(zip(subnets, ("EUROPE", "AMERICA", "ASIA")))

    if command.startswith("dig") and "NAPTR" in command:
        assert {line.split()[3] for line in run(command).splitlines()} >= {"_sip._udp.sip.example.com.", "_sip._tcp.sip.example.com."} or "SIP+D2U" in run(command)
    elif command.startswith("dig") and "SRV" in command:
        continent = WORLD[where[re.search(r"\+subnet=(\S+)", command)[1]]]
        if out_of_service:
            wait_for(lambda: sites_of(run(command)) and "lon" not in sites_of(run(command))[:3], 15, f"london is left: {command}")
        else:
            assert sites_of(run(command))[0] in continent
        assert sites_of(run(command))[0] in continent and len(targets(run(command))) == 4
    elif command.startswith("dig") and " AAAA " in command:
        assert run(command).splitlines()[0].startswith("2001:db8:6::")
    elif command.startswith("dig") and " A " in command:
        assert re.match(r"127\.10\.[145]\.", run(command))
    elif " explain " in command:
        text = run(command)
        assert all(site in text for site in ("london", "singapore", "sanjose")) and "km" in text.lower()
    elif command.endswith(" sites"):
        assert all(site in run(command) for site in ("london", "ashburn", "sanjose", "frankfurt", "amsterdam", "singapore"))
    elif command.endswith(" endpoints"):
        if out_of_service:
            wait_for(lambda: len([line for line in run(command).splitlines() if ".lon." in line and "down" in line]) >= 4, 15, "london is seen to be down")
        else:
            assert "lb1.lon.sip.example.com" in run(command) and "up" in run(command)
    elif " drain london" in command or " enable london" in command:
        run(command)
    elif "sip-responder" in command and (" fail " in command or " ok " in command):
        run(command)
    else:
        pytest.fail(f"the demo prints a command that this test does not know: {command}")
    return command
