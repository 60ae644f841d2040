"""Who may include whom. The layers are docs/architecture.md's; a folder includes lower layers only, never a sibling."""
import os
import re

import source

LAYERS = [
    ["base"],
    ["model", "dns", "platform"],
    ["config", "zone", "geo", "health", "load", "policy"],
    ["dnssec"],
    ["snapshot", "probe", "collect", "sim", "cluster", "tap", "notify"],
    ["answer", "transfer", "delegation"],
    ["serve"],
    ["http"],
    ["control"],
    ["daemon", "cli"],
]
LEVEL = {folder: level for level, layer in enumerate(LAYERS) for folder in layer}

# A library belongs to the folders that hide it from the rest.
THIRD_PARTY = {
    "ldns/": {"zone"},
    "maxminddb": {"geo"},
    "libconfig.h": {"config"},
    "event2/": {"serve", "probe", "collect", "control", "http"},
    "jansson": {"collect", "control", "cli"},
    "urcu": {"snapshot"},
    "fstrm": {"tap"},
    "systemd/": {"control"},
    "openssl/": {"dnssec", "transfer", "serve", "probe", "http", "notify"},
    "curl/": {"collect", "probe", "notify"},
    "seccomp.h": {"platform"},
}
PURE = {"health", "load", "policy", "dns", "answer", "model"}
IMPURE = re.compile(r"^(sys/(socket|un|time|timerfd|epoll|select|uio|stat|mman)|netinet/.*|arpa/.*|net/.*|netdb|time|poll|unistd|fcntl|pthread|signal)\.h$")
SYSTEM = re.compile(
    r"^(std(align|arg|atomic|bool|def|int|io|lib|noreturn)|assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|"
    r"signal|string|strings|tgmath|threads|time|uchar|wchar|dirent|dlfcn|endian|fcntl|fnmatch|getopt|glob|grp|ifaddrs|libgen|netdb|poll|pthread|"
    r"pwd|regex|sched|semaphore|spawn|syslog|termios|unistd|sysexits|arpa/\w+|net/\w+|netinet/\w+|sys/\w+|linux/[\w/]+|asm/\w+|\w+intrin)\.h$"
)


def include_rule(root):
    """A folder includes only lower layers, by the full path from src/."""
    for path in source.files(root, ".c", ".h", under=["src"]):
        folder = source.folder_of(path)
        if folder not in LEVEL:
            yield f"{path}: the folder {folder} is in no layer (tests/lint/layers.py)"
            continue
        for line, header, ours in source.includes(root, path):
            other = header.split("/")[0]
            if not ours:
                continue
            if not os.path.isfile(os.path.join(root, "src", header)):
                yield f'{path}:{line}: "{header}" is no file under src/: own headers are included as "FOLDER/FILE.h"'
            elif other != folder and LEVEL.get(other, 99) >= LEVEL[folder]:
                yield f'{path}:{line}: {folder} may not include "{header}": {other} is {"a sibling" if LEVEL.get(other) == LEVEL[folder] else "a higher layer"}'


def third_party_rule(root):
    """A library's headers stay in its folder."""
    for path in source.files(root, ".c", ".h", under=["src"]):
        folder = source.folder_of(path)
        for line, header, ours in source.includes(root, path):
            if ours or SYSTEM.match(header):
                continue
            homes = next((where for start, where in THIRD_PARTY.items() if header.startswith(start)), None)
            if homes is None:
                yield f"{path}:{line}: <{header}> belongs to no library that tests/lint/layers.py knows"
            elif folder not in homes:
                yield f"{path}:{line}: <{header}> may be included only in {', '.join(sorted(homes)) or 'no folder yet'}, not in {folder}"


def purity(root):
    """Folders that decide have no socket, no clock, no thread: time and input are arguments."""
    for path in source.files(root, ".c", ".h", under=[f"src/{folder}" for folder in PURE]):
        for line, header, ours in source.includes(root, path):
            if (ours and header in ("base/clock.h", "base/log.h")) or (not ours and IMPURE.match(header)):
                yield f"{path}:{line}: {header} in the pure folder {source.folder_of(path)}"


def one_publisher(root):
    """The health flow and the query flow meet in one call."""
    calls = []
    for path in source.files(root, ".c", ".h", under=["src"]):
        if source.folder_of(path) == "snapshot":
            continue
        text = source.without_comments(source.read(root, path))
        calls += [f"{path}:{text.count(chr(10), 0, m.start()) + 1}" for m in re.finditer(r"\bsnapshot_publish\b", text)]
    if len(calls) != 1 or not calls[0].startswith("src/control/publish.c:"):
        yield f"snapshot_publish must be called once, in src/control/publish.c; it is called in: {', '.join(calls) or 'no place'}"


def link_rule(root):
    """What CMake links obeys the same layers."""
    text = source.read(root, "CMakeLists.txt")
    for match in re.finditer(r"^layer\((\w+)([^)]*)\)", text, re.MULTILINE):
        folder, line = match[1], text.count("\n", 0, match.start()) + 1
        for other in match[2].split():
            if other in LEVEL and LEVEL[other] >= LEVEL.get(folder, 0):
                yield f"CMakeLists.txt:{line}: {folder} links {other}, which is not a lower layer"


CHECKS = [include_rule, third_party_rule, purity, one_publisher, link_rule]
