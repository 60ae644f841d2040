"""Every command of the documents runs as printed, page by page, in a lab of the documents' own example (handbook.py)."""
import glob
import os
import re
import subprocess

import pytest

import handbook
from handbook import HandbookLab, blocks
from lab import BIN, ROOT

PAGES = sorted(os.path.basename(path) for path in glob.glob(f"{ROOT}/docs/*.md"))
RUN = [page for page in PAGES if any(block.runs for block in blocks(page))]
with open(f"{ROOT}/docs/handbook.md") as contents:
    LISTED = re.findall(r"\]\(([\w-]+\.md)\)", contents.read())
SUBCOMMANDS = {"list", "generate", "roll", "ds", "ds-seen", "plan", "what-if", "reload", "delegation", "history", "drain", "enable", "disable", "switch", "revert", "test-hook", "alerts", "drill", "drills", "metrics"}
COMMANDS = re.compile(r"^(\$ |# )?(sipsteer|sipsteerd|dig|kdig|delv|systemctl|apt|curl|openssl|podman|runuser|adduser) ", re.MULTILINE)


@pytest.mark.parametrize("page", RUN)
def test_every_command_of_the_page_does_what_it_shows(page, tmp_path):
    lab = HandbookLab(tmp_path)
    try:
        if page != "start.md":
            for block in blocks("start.md"):
                if block.told("file"):
                    lab.follow(block)
        for block in blocks(page):
            lab.follow(block)
    finally:
        lab.close()


@pytest.mark.parametrize("page", LISTED)
def test_no_command_of_the_page_is_left_out(page):
    """What is shown to be typed is run here, or says which test runs it, or why none can."""
    for block in blocks(page):
        if block.kind == "console":
            assert block.commands(), block.place
        elif not block.told("file"):
            assert not COMMANDS.search(block.text), f"{block.place}: a command outside of a console block"
        for where in block.told("run in"):
            with open(f"{ROOT}/{where}") as file:
                test = file.read()
            for command, _ in block.commands():
                words = [word for word in command.split() if not word.startswith("-")]
                named = [word for word in words[1:] if word in SUBCOMMANDS] if words[0] == "sipsteer" else words[:1]
                assert words[0] == "cd" or all(re.search(rf"\b{word}\b", test) for word in named), f"{block.place}: {where} does not run {command}"
    with open(f"{ROOT}/docs/{page}") as file:
        for number, line in enumerate(file, 1):
            synopsis = " [" in line
            assert synopsis or not (line.startswith("    ") and COMMANDS.match(line.strip())), f"docs/{page}:{number}: a command outside of a console block"


def literals():
    """All string literals of the sources, those that stand behind one another joined, with %.200s and its kind as \\0."""
    for path in glob.glob(f"{ROOT}/src/**/*.c", recursive=True):
        with open(path) as file:
            source = re.sub(r'"\s*PRI\w+\s*"', "d", file.read())
        for run in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', source):
            text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', run[0])).replace('\\"', '"')
            before = re.search(r"\b(\w+)\(\s*$", source[:run.start()])
            yield before[1] if before else "", re.sub(r"%%", "%", re.sub(r"%[-.\d*l]*z?[a-z]\b|%[-.\d*]*[a-zA-Z]", "\0", text))


def pieces(message):
    return [piece for piece in re.split(r"\.\.\.|\0", message) if len(piece.strip()) >= 4]


def test_every_message_of_the_page_is_one_of_the_code():
    with open(f"{ROOT}/docs/errors.md") as file:
        told = re.findall(r"^\| `([^`]+)` \|", file.read(), re.MULTILINE)
    assert len(told) > 50
    texts = [text for _, text in literals()]
    missing = [message for message in told if not any(all(piece in text for piece in pieces(message)) for text in texts) and
               not all(any(piece in text for text in texts) for piece in pieces(message))]
    assert not missing


def test_every_error_and_warning_of_the_log_is_on_the_page():
    with open(f"{ROOT}/docs/errors.md") as file:
        page = file.read()
    logged = {text for call, text in literals() if call in ("log_error", "log_warning")}
    assert len(logged) > 20
    told = {text: [piece.strip(" ;:,")[:24] for piece in pieces(text) if len(piece) >= 10] for text in logged}
    lacks = [text for text, starts in sorted(told.items()) if starts and not any(start in page for start in starts)]
    assert not lacks
