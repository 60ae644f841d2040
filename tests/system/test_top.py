"""sipsteer top: on a terminal, in lines and as JSON; held against what was really asked."""
import json
import signal
import socket
import subprocess
import threading
import time

import pytest

from lab import BIN, CLIENT, SLOW, ZONE
from terminal import Terminal

PER_SECOND = 200


class Callers(threading.Thread):
    """Asks at a steady pace: three of five for clients near London, one for what is not there."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.over = threading.Event()
        near = [lab.query("_sip._udp", "SRV", CLIENT[site]).to_wire() for site in ("london", "london", "london", "ashburn")]
        self.packets, self.to = [*near, lab.query("nope", "A").to_wire()], (lab.address, lab.port)

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(self.to)
            began, sent = time.monotonic(), 0
            while not self.over.wait(0.02):
                while sent < (time.monotonic() - began) * PER_SECOND:
                    s.send(self.packets[sent % len(self.packets)])
                    sent += 1

    def stop(self):
        self.over.set()
        self.join()


@pytest.fixture
def busy(make_lab):
    lab = make_lab()
    lab.start()
    callers = Callers(lab)
    callers.start()
    yield lab
    callers.stop()


def top(lab, *words):
    return [f"{BIN}/sipsteer", "-s", lab.socket, "top", *words]


def rate_in(line, word):
    """123.0 of "... 123.0/s word" or "123.0 word"."""
    before = line.split(word)[0].replace("/s", "").split()
    return float(before[-1].rstrip(":"))


@pytest.mark.main
def test_the_screen_shows_the_traffic_follows_keys_and_leaves_as_it_came(busy):
    screen = Terminal(top(busy, "--interval", "300ms"))
    try:
        lines = screen.wait_frame(lambda f: len(f) > 5 and "steered" in f[2] and any(ZONE in line for line in f), "services")
        assert "\x1b[?1049h" in screen.read() and all(len(line) <= 100 for line in lines) and len(lines) <= 24
        lines = screen.wait_frame(lambda f: any("below    steered" in line for line in f), "counts of demand", 30)
        assert abs(rate_in(lines[2].removeprefix("queries"), "/s:") - PER_SECOND) < PER_SECOND / 2
        answers = next(line for line in lines if line.startswith("answers")).removeprefix("answers")
        assert rate_in(answers, "NXDOMAIN") > 0 and rate_in(answers, "NOERROR") > rate_in(answers, "NXDOMAIN")
        screen.press("c")
        screen.wait_frame(lambda f: any(ZONE in line and "london" in line and "51.5" in line for line in f), "classes")
        screen.press("r")
        screen.wait_frame(lambda f: any(line.startswith("10.1.2.0/24") for line in f), "client networks")
        screen.press("t")
        screen.wait_frame(lambda f: any(line.startswith("london") and " up" in line for line in f), "sites")
        busy.cli("drain", "london", "--reason", "tired")
        screen.wait_frame(lambda f: any(line.startswith("london") and "tired" in line for line in f), "the order")
        screen.resize(8, 40)
        screen.process.send_signal(signal.SIGWINCH)
        lines = screen.wait_frame(lambda f: len(f) <= 8 and all(len(line) <= 40 for line in f), "a small screen")
        screen.press("q")
        assert screen.end() == 0
        assert screen.read().endswith("\x1b[?25h\x1b[?1049l") and screen.restored()
    finally:
        screen.close()


def test_it_waits_for_a_daemon_that_is_started_anew(make_lab):
    lab = make_lab().start()
    screen = Terminal(top(lab, "--interval", "200ms", "--by", "site"))
    try:
        screen.wait_frame(lambda f: any(line.startswith("london") for line in f), "sites")
        lab.stop()
        screen.wait_frame(lambda f: "no daemon at" in f[0], "that it has gone")
        lab.start()
        screen.wait_frame(lambda f: f[0].startswith("s services") and any(line.startswith("london") for line in f), "that it is there again")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0 and screen.restored()
    finally:
        screen.close()


def test_what_is_piped_comes_in_lines_without_escapes(busy):
    done = subprocess.run(top(busy, "-n", "2", "--interval", "500ms", "--by", "site"), capture_output=True, text=True, timeout=20 * SLOW)
    assert done.returncode == 0 and done.stderr == "" and "\x1b" not in done.stdout, done
    assert done.stdout.count("queries  ") == 2 and done.stdout.count("\nlondon ") == 2
    done = subprocess.run(top(busy, "-n", "2", "--interval", "500ms", "--json"), capture_output=True, text=True, timeout=20 * SLOW)
    looks = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(looks) == 2
    for look in looks:
        rates = look["rates"]
        assert 0.4 < rates["seconds"] < 5 and abs(rates["queries"] - PER_SECOND) < PER_SECOND / 2
        assert abs(rates["rcodes"]["NXDOMAIN"] * 5 - rates["queries"]) < rates["queries"] / 2
        assert [site["site"] for site in look["sites"]] == list(busy.sites)
        shares = [entry["rate"] for entry in look["demand"]["services"]]
        assert shares == sorted(shares, reverse=True)


def test_what_it_does_not_understand_is_refused(make_lab):
    lab = make_lab()
    for words, why in ((["--by", "colour"], "--by takes"), (["--interval", "100ms"], "--interval takes"), (["-n", "0"], "-n takes"),
                       (["more"], "too many arguments"), (["-c", "x"], "exclude")):
        done = subprocess.run(top(lab, *words), capture_output=True, text=True, timeout=20)
        assert done.returncode == 2 and why in done.stderr and done.stdout == "", done
    done = subprocess.run(top(lab), capture_output=True, text=True, timeout=20)
    assert done.returncode == 3 and "no daemon at" in done.stderr and done.stdout == ""
    assert "Keys:" in subprocess.run(top(lab, "--help"), capture_output=True, text=True, timeout=20).stdout
