"""What the checks share: the files of a tree, and C text without its comments."""
import os
import re
import subprocess

COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def files(root, *endings, under=()):
    """Paths (relative, sorted) with one of the endings: what git has or would add, or every file where there is no git."""
    if os.path.exists(os.path.join(root, ".git")):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, check=True).stdout
        paths = [path for path in listed.decode().split("\0") if path and os.path.isfile(os.path.join(root, path))]
    else:
        paths = [os.path.relpath(os.path.join(at, name), root) for at, _, names in os.walk(root) for name in names]
    return sorted(p for p in paths if (not endings or p.endswith(endings)) and (not under or p.startswith(tuple(u + "/" for u in under))))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def without_comments(text, keep_strings=False):
    """C text with comments (and what strings say) blanked; the line numbers stay."""

    def blank(match):
        word = match[0]
        if word[0] in "\"'":
            return word if keep_strings else word[0] + word[0] + "\n" * word.count("\n")
        return " " + "\n" * word.count("\n")

    return COMMENT.sub(blank, text)


def includes(root, path):
    """(line, 'header', is ours) of each include."""
    text = without_comments(read(root, path), keep_strings=True)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[2], match[1] == '"'


def folder_of(path):
    """'base' for src/base/addr.c."""
    return path.split("/")[1]
