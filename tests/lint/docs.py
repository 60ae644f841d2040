"""What people read: a page for each folder, links that lead somewhere, nothing about the machine it was written on."""
import os
import re

import source

LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`((?:src|tests|docs|contrib|zones|geo)/[\w./-]+)`")


def folder_pages(root):
    """Each folder of src/ with code has a README.md."""
    folders = {source.folder_of(path) for path in source.files(root, ".c", ".h", under=["src"])}
    for folder in sorted(folders):
        if not os.path.isfile(os.path.join(root, "src", folder, "README.md")):
            yield f"src/{folder}: no README.md that says what it is, its flow, thread and invariants"


def slug(heading):
    """The anchor of a heading, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def links(root):
    """Links and quoted paths in Markdown pages lead to a file (and a heading) that is there."""
    for path in source.files(root, ".md"):
        text = source.read(root, path)
        prose = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
        for match in LINK.finditer(prose):
            target, line = match[1], prose.count("\n", 0, match.start()) + 1
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            at = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if not os.path.exists(os.path.join(root, at)):
                yield f"{path}:{line}: the link {target} leads nowhere"
            elif anchor and at.endswith(".md") and anchor not in {slug(h) for h in re.findall(r"^#+ (.*)$", source.read(root, at), re.MULTILINE)}:
                yield f"{path}:{line}: {at} has no heading for #{anchor}"
        for match in QUOTED.finditer(prose):
            here = os.path.join(root, os.path.dirname(path), match[1])
            if not os.path.exists(os.path.join(root, match[1])) and not os.path.exists(here):
                yield f"{path}:{prose.count(chr(10), 0, match.start()) + 1}: there is no {match[1]}"


def no_machine_paths(root):
    """No file tells of the machine it was written on."""
    places = [re.escape(place) + r"/" for place in {os.path.dirname(os.path.abspath(root)), os.path.expanduser("~")} if place.count("/") > 1 or place not in ("/", "/tmp")]
    pattern = re.compile(r"(?<![\w.-])(" + "|".join([*places, r"/home/\w+/"]) + r")")
    for path in source.files(root):
        if path == "LICENSE" or "/seeds/" in path or path.endswith(".mmdb"):
            continue
        text = source.read(root, path)
        for match in pattern.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: names a folder of this machine ({match[1]})"


CHECKS = [folder_pages, links, no_machine_paths]
