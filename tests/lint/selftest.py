"""Proves that the checks can fail: each has small trees that break its rule, and must find what is wrong in them and nothing in a sound one."""
import os
import shutil
import tempfile

HEADER = "/* What it is for. Thread: any. */\n#pragma once\n\n"
LONG_FUNCTION = "int f(void)\n{\n" + "    /* a line */\n" * 90 + "    return 0;\n}\n"

SOUND = {
    "src/base/a.h": HEADER + "int a(void);\n",
    "src/base/a.c": '#include "base/a.h"\n\n#include <stdio.h>\n\nint a(void)\n{\n    return 0; /* strcpy() is only named here */\n}\n',
    "src/base/README.md": "# base\n\nSee [a](a.h) and [the top](#base).\n",
    "src/control/publish.c": '#include "base/a.h"\n\nint d(void)\n{\n    return snapshot_publish(0);\n}\n',
    "src/control/README.md": "# control\n\nIt uses `src/base/a.h`.\n",
    "CMakeLists.txt": "layer(base)\nlayer(model base)\n",
    "dev": '#!/usr/bin/env bash\nset -eu\necho "$1"\n',
}

# check: [(what is broken, {file: text}, a part of the finding)]
BROKEN = {
    "include_rule": [
        ("a lower folder includes a higher one", {"src/base/b.c": '#include "control/c.h"\n', "src/control/c.h": HEADER}, "higher layer"),
        ("siblings", {"src/health/b.c": '#include "policy/p.h"\n', "src/policy/p.h": HEADER}, "sibling"),
        ("no folder in the path", {"src/base/b.c": '#include "a.h"\n'}, "no file under src/"),
        ("a folder that is in no layer", {"src/misc/b.c": "int b;\n"}, "in no layer"),
    ],
    "third_party_rule": [
        ("ldns outside zone", {"src/answer/b.c": "#include <ldns/ldns.h>\n"}, "only in zone"),
        ("an unknown library", {"src/base/b.c": "#include <glib.h>\n"}, "no library"),
    ],
    "purity": [
        ("a clock in policy", {"src/policy/b.c": '#include "base/clock.h"\n'}, "pure folder policy"),
        ("a socket in answer", {"src/answer/b.c": "#include <sys/socket.h>\n"}, "pure folder answer"),
    ],
    "one_publisher": [
        ("a second caller", {"src/serve/b.c": "void f(void)\n{\n    snapshot_publish(0);\n}\n"}, "called once"),
        ("another caller", {"src/control/publish.c": "", "src/control/other.c": "int x = snapshot_publish(0);\n"}, "called once"),
    ],
    "link_rule": [("model links control", {"CMakeLists.txt": "layer(base)\nlayer(model base control)\n"}, "model links control")],
    "pragma_once": [("a header without it", {"src/base/b.h": "/* Thread: any. #pragma once */\nint b(void);\n"}, "no #pragma once")],
    "opening_comment": [
        ("no opening", {"src/base/b.h": "#pragma once\n"}, "open with"),
        ("no thread", {"src/base/b.h": "/* Things. */\n#pragma once\n"}, "which thread"),
    ],
    "header_length": [("a long header", {"src/base/b.h": HEADER + "int b(void);\n" * 150}, "under 150")],
    "compiles_alone": [("a header that needs another one first", {"src/base/b.h": HEADER + "uint8_t b(void);\n"}, "does not compile alone")],
    "file_length": [("a long file", {"src/base/b.c": "int b;\n" * 600}, "under 600")],
    "function_length": [("a long function", {"src/base/b.c": LONG_FUNCTION}, "f has 93 lines")],
    "banned_functions": [
        ("strcpy", {"src/base/b.c": "void f(char *a)\n{\n    strcpy(a, \"b\");\n}\n"}, "strcpy"),
        ("gets", {"src/base/b.c": "void f(char *a)\n{\n    gets (a);\n}\n"}, "gets"),
    ],
    "layout": [("two spaces", {"src/base/b.c": "int b(void)\n{\n  return 0;\n}\n"}, "not laid out")],
    "scripts": [("a variable without quotes", {"dev": "#!/bin/bash\nrm -rf $1/*\n"}, "quote")],
    "folder_pages": [("a folder without a page", {"src/dns/b.c": "int b;\n"}, "src/dns: no README.md")],
    "links": [
        ("a link to nothing", {"docs/a.md": "See [b](b.md).\n"}, "leads nowhere"),
        ("a link to a missing heading", {"docs/a.md": "# One\n\nSee [two](#two).\n"}, "no heading"),
        ("a path that is gone", {"docs/a.md": "See `src/base/gone.c`.\n"}, "there is no src/base/gone.c"),
    ],
    "no_machine_paths": [("a path of someone's home", {"docs/a.md": "Look in /home/" + "somebody/notes.\n"}, "names a folder")],
}
HERE = os.path.dirname(os.path.abspath(__file__))


def findings(check, files):
    with tempfile.TemporaryDirectory() as root:
        shutil.copy(os.path.join(HERE, "..", "..", ".clang-format"), root)
        for path, text in files.items():
            at = os.path.join(root, path)
            os.makedirs(os.path.dirname(at), exist_ok=True)
            with open(at, "w") as f:
                f.write(text)
        try:
            return list(check(root))
        except NotImplementedError:
            return None


def blind_spots(name, check):
    """What this check should have found and did not, or found and should not have."""
    spots = []
    wrong = findings(check, SOUND)
    if wrong:
        spots.append(f"finds fault with a sound tree: {wrong[0]}")
    if not BROKEN.get(name):
        spots.append("has no tree that breaks its rule (tests/lint/selftest.py)")
    for what, files, part in BROKEN.get(name, []):
        found = findings(check, {**SOUND, **files})
        if found is not None and not any(part.lower() in finding.lower() for finding in found):
            spots.append(f"does not see {what}: found {found}")
    return spots
