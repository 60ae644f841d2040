"""What takes longer than a second tells how far it is: on a terminal, on standard error, and gone when it is done."""
import json
import re
import signal
import socket
import subprocess
import time

import pytest

from lab import BIN, SLOW, wait_for
from terminal import Terminal

LINE = re.compile(r"\r\x1b\[K([a-z' ]+?)(?: (\d+) %)?(?=\r\x1b)")


@pytest.fixture(scope="module")
def nets():
    """So many prefixes that to read them takes some tenths of a second."""
    return "".join(f"{11 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24 {i * 7 % 120 - 60},{i * 11 % 340 - 170}\n" for i in range(250000))


def pause(process, seconds=1.3):
    """So that it takes longer than a second, also on a quick machine."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)


def seen(screen):
    text = screen.octets.decode()
    lines = [(m[1], int(m[2] or -1)) for m in LINE.finditer(text)]
    assert lines and all(0 <= percent <= 100 or percent == -1 for _, percent in lines), repr(text)
    assert text.rindex("\r\x1b[K") > text.rindex(lines[-1][0]), "the last thing is to erase it"
    return lines, text[text.rindex("\r\x1b[K") + 4:]


def test_reading_files_shows_how_far_it_is_only_on_a_terminal(make_lab, nets):
    lab = make_lab()
    lab.nets_text = nets
    lab.write()
    words = [f"{BIN}/sipsteer", "-c", lab.config_path, "check"]
    screen = Terminal(words)
    try:
        time.sleep(0.1)
        pause(screen.process)
        assert screen.end(60) == 0
        lines, rest = seen(screen)
        assert {what for what, _ in lines} <= {"reading geo data", "compiling geo data", "reading zones", "binding names"}
        assert rest.startswith("OK: zones 1,")
    finally:
        screen.close()
    piped = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.1)
    pause(piped)
    out, err = piped.communicate(timeout=60)
    assert out.startswith("OK: ") and err == ""


def progress(lab):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(lab.socket)
        s.sendall(b'{"command":"progress"}\n')
        return json.loads(s.makefile().readline())["progress"]


def test_a_reload_is_followed_in_the_daemon(make_lab, nets):
    lab = make_lab().start()
    assert progress(lab) == []
    lab.nets_text = nets
    lab.write()
    screen = Terminal([f"{BIN}/sipsteer", "-s", lab.socket, "reload"])
    try:
        wait_for(lambda: any(at["what"] == "reading geo data" for at in progress(lab)), 10 * SLOW, "the reload has begun", step=0.005)
        pause(lab.process)
        assert screen.end(60) == 0
        lines, rest = seen(screen)
        assert rest.strip() == "done" and {what for what, _ in lines} <= {"reading geo data", "compiling geo data", "binding names"}
        assert progress(lab) == []
    finally:
        screen.close()


def test_what_is_quick_shows_nothing(make_lab):
    lab = make_lab().start()
    for words in (["-s", lab.socket, "reload"], ["-c", lab.config_path, "check"], ["-s", lab.socket, "what-if", "each"]):
        screen = Terminal([f"{BIN}/sipsteer", *words])
        try:
            screen.end(60)
            assert SLOW > 1 or "\x1b" not in screen.octets.decode()
        finally:
            screen.close()
