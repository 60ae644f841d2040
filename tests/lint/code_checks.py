"""Sizes, banned functions and layout of the C code, and the scripts."""
import os
import re
import shutil
import subprocess

import source

FILE_LINES = 600
FUNCTION_LINES = 80
FORMAT_VERSION = "14."
BANNED = {
    "strcpy": "the room is not bounded: memcpy with a known length, or mem_text",
    "strcat": "the room is not bounded: snprintf or a struct writer",
    "sprintf": "the room is not bounded: snprintf or mem_format",
    "vsprintf": "the room is not bounded: vsnprintf",
    "gets": "the room is not bounded: fgets",
    "strtok": "it keeps state between calls: strtok_r, or a cursor",
    "strncpy": "it may leave no final NUL: snprintf",
    "alloca": "the stack is not bounded",
    "atoi": "it cannot say that the text is no number: strtol with its end checked",
    "system": "no shell",
    "popen": "no shell",
}


def functions(text):
    """(name, first line, lines) of each function: its body opens with { and ends with } in the first column."""
    lines = source.without_comments(text).split("\n")
    opened = None
    for number, line in enumerate(lines):
        if line == "{":
            opened = number
        elif line == "}" and opened is not None:
            above = opened - 1
            while above > 0 and lines[above - 1].strip() and not lines[above - 1].rstrip().endswith((";", "}", "*/")) and not lines[above - 1].startswith("#"):
                above -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(lines[above:opened]))
            yield name[1] if name else "?", above + 1, number - opened + 1
            opened = None


def file_length(root):
    """Source files stay under 600 lines."""
    for path in source.files(root, ".c", ".h", under=["src", "contrib"]):
        lines = source.read(root, path).count("\n")
        if lines >= FILE_LINES:
            yield f"{path}: {lines} lines, files stay under {FILE_LINES}"


def function_length(root):
    """Functions stay under 80 lines."""
    for path in source.files(root, ".c", ".h", under=["src", "contrib"]):
        for name, line, lines in functions(source.read(root, path)):
            if lines > FUNCTION_LINES:
                yield f"{path}:{line}: {name} has {lines} lines, functions stay under {FUNCTION_LINES}"


def banned_functions(root):
    """Functions that cannot be used safely are not used."""
    calls = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
    for path in source.files(root, ".c", ".h", under=["src", "contrib"]):
        text = source.without_comments(source.read(root, path))
        for match in calls.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[1]}: {BANNED[match[1]]}"


def layout(root):
    """C files are laid out by .clang-format (./dev fmt). Versions differ, so only Debian 12's is asked."""
    tool = shutil.which("clang-format")
    if not tool or f"version {FORMAT_VERSION}" not in subprocess.run([tool, "--version"], capture_output=True, text=True).stdout:
        raise NotImplementedError("clang-format 14 is not installed")
    for path in source.files(root, ".c", ".h", under=["src", "contrib", "tests"]):
        done = subprocess.run([tool, "--dry-run", "--Werror", os.path.join(root, path)], capture_output=True, text=True)
        if done.returncode != 0:
            line = re.search(r":(\d+):\d+: error", done.stderr)
            yield f"{path}:{line[1] if line else 1}: not laid out as .clang-format says (./dev fmt)"


def scripts(root):
    """Shell scripts parse and shellcheck finds nothing in them."""
    tool = shutil.which("shellcheck")
    if not tool:
        raise NotImplementedError("shellcheck is not installed")
    for path in source.files(root):
        if "." in os.path.basename(path) and not path.endswith(".sh"):
            continue
        if not re.match(r"#!.*\b(ba)?sh\b", source.read(root, path)[:40]):
            continue
        done = subprocess.run([tool, "-f", "gcc", os.path.join(root, path)], capture_output=True, text=True)
        yield from (line.replace(root + "/", "") for line in done.stdout.splitlines())


CHECKS = [file_length, function_length, banned_functions, layout, scripts]
