"""Headers: once, short, complete in themselves, opening with what they are for."""
import concurrent.futures
import os
import shlex
import subprocess

import source

HEADER_LINES = 150
PACKAGES = ["ldns", "libevent", "libmaxminddb", "libconfig", "jansson", "liburcu-qsbr", "libsystemd"]


def pragma_once(root):
    """Each header says #pragma once."""
    for path in source.files(root, ".h", under=["src"]):
        if "#pragma once" not in source.without_comments(source.read(root, path)):
            yield f"{path}: no #pragma once"


def opening_comment(root):
    """Each header opens with its purpose and says which thread it belongs to."""
    for path in source.files(root, ".h", under=["src"]):
        text = source.read(root, path)
        if not text.startswith("/*"):
            yield f"{path}: does not open with a comment that says what it is for"
        elif "thread" not in text.lower():
            yield f"{path}: does not say which thread it belongs to"


def header_length(root):
    """Headers stay under 150 lines."""
    for path in source.files(root, ".h", under=["src"]):
        lines = source.read(root, path).count("\n")
        if lines >= HEADER_LINES:
            yield f"{path}: {lines} lines, headers stay under {HEADER_LINES}"


def compiles_alone(root):
    """Each header compiles by itself."""
    flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True).stdout

    def attempt(path):
        command = ["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", os.path.join(root, "src"),
                   *shlex.split(flags), "-include", os.path.join(root, path), "-x", "c", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True)
        return None if done.returncode == 0 else f"{path}: does not compile alone: {next((line for line in done.stderr.splitlines() if 'error' in line), '?')}"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from filter(None, pool.map(attempt, source.files(root, ".h", under=["src"])))


CHECKS = [pragma_once, opening_comment, header_length, compiles_alone]
