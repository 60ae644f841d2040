"""The commands of the documents, run as they are printed.

A ```console block holds commands behind the prompts `$ ` and `# `, each with what it prints: `...` stands for anything, on a line of its own for any lines;
how many spaces part two words does not matter, and a command without output is only held to its exit code. What only asks is asked again for some seconds
until it answers so; a time such as 2h00m may be any. Before a block may stand, each a comment of its own:

    <!-- file: NAME -->          the block is a file of the lab (any kind of block)
    <!-- lab: VERB WORD... -->   what happens to the lab first: the functions do_VERB of HandbookLab
    <!-- exit: CODE -->          the last command of the block ends so
    <!-- run in: FILE -->        that test runs it
    <!-- not run: REASON -->     it cannot be run

Names and addresses are those of the documents; the lab has its own: 192.0.2.53 is its name server, 192.0.2.x its endpoint .x, /etc/sipsteer its folder.
"""
import os
import re
import subprocess

from farm import Farm
from lab import BIN, ROOT, SLOW, Lab, wait_for

ASKS = re.compile(r"(sipsteer (status|sites|endpoints|load|explain|demand|overrides|zones|checks|history|alerts|drills|what-if|plan|delegation)|dig|curl)\b")
FENCE = re.compile(r"^( *)```(\w*)\s*$")
SITES = {"london": (11, 12), "ashburn": (21, 22), "singapore": (31, 32)}


class Block:
    def __init__(self, page, line, kind, text, directives):
        self.page, self.line, self.kind, self.text, self.directives = page, line, kind, text, directives

    def told(self, name):
        return [value for key, value in self.directives if key == name]

    @property
    def place(self):
        return f"docs/{self.page}:{self.line}"

    @property
    def runs(self):
        return self.kind == "console" and not self.told("not run") and not self.told("run in")

    def commands(self):
        """[(command, [expected line...])]"""
        found = []
        for line in self.text.split("\n"):
            if line.startswith(("$ ", "# ")):
                found.append((line[2:], []))
            elif found and found[-1][0].endswith("\\"):
                found[-1] = (found[-1][0][:-1] + line.strip(), [])
            elif found and line.strip():
                found[-1][1].append(line)
        return found


def blocks(page):
    """All fenced blocks of a page with their directives."""
    with open(f"{ROOT}/docs/{page}") as file:
        lines = file.read().split("\n")
    found, directives, i = [], [], 0
    while i < len(lines):
        directive, fence = re.match(r" *<!-- ([a-z ]+): (.*) -->$", lines[i]), FENCE.match(lines[i])
        if directive:
            directives.append((directive[1], directive[2]))
        elif fence:
            end = next(k for k in range(i + 1, len(lines)) if lines[k].strip() == "```")
            text = "\n".join(line[len(fence[1]):] for line in lines[i + 1:end])
            found.append(Block(page, i + 1, fence[2], text, directives))
            directives, i = [], end
        elif lines[i].strip() and not lines[i].startswith("#"):
            directives = [told for told in directives if told[0] == "lab"]  # what happens, happens before the next block
        i += 1
    return found


def squeezed(line):
    return re.sub(r"\s+", " ", line).strip()


def fits(expected, printed):
    """Whether what was printed is what the document shows."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            text = r"[^\n]*".join(re.escape(part) for part in squeezed(line).split("..."))
            pattern += re.sub(r"\d+h\d\dm", r"\\w+", text) + r" ?\n"  # a time that is left goes on running
    text = "".join(squeezed(line) + "\n" for line in printed.split("\n") if line.strip())
    return re.fullmatch(pattern, text) is not None


class HandbookLab(Lab):
    """Three sites of two load balancers each, with responders; the files are the documents' own."""

    def __init__(self, folder):
        super().__init__(folder)
        self.files, self.farm, self.token = {}, None, ""
        self.bin = f"{self.folder}/bin"
        os.makedirs(self.bin)
        self.wrap("sipsteer", f"""
            case "$1" in
            check | delegation | keys | simulate | token) set -- -c '{self.config_path}' "$@" ;;
            esac
            exec '{BIN}/sipsteer' "$@" """)
        self.wrap("dig", f"""
            for word; do shift; [ "$word" = @192.0.2.53 ] && set -- "$@" @{self.net}.53 -p 5300 +tries=1 || set -- "$@" "$word"; done
            exec /usr/bin/dig "$@" """)

    def wrap(self, name, script):
        with open(f"{self.bin}/{name}", "w") as file:
            file.write("#!/bin/sh\n" + re.sub(r"^ +", "", script, flags=re.MULTILINE) + "\n")
        os.chmod(f"{self.bin}/{name}", 0o755)

    def inside(self, text):
        """A document's text as the lab has it."""
        text = text.replace("192.0.2.53:53", f"{self.net}.53:5300").replace("/etc/sipsteer", self.folder).replace("127.0.0.1:8053", f"{self.net}.53:8053")
        return re.sub(r"192\.0\.2\.(\d+)", rf"{self.net}.\1", text)

    def outside(self, text):
        text = text.replace(self.config_path, "/etc/sipsteer/sipsteer.conf").replace(self.folder, "/etc/sipsteer")
        return text.replace(f"{self.net}.53:5300", "192.0.2.53:53").replace(f"{self.net}.", "192.0.2.")

    def put(self, name, text):
        if re.search(r"^server *= *\{", text, re.MULTILINE) and "control" not in text:
            text = re.sub(r"^server *= *\{", f'server = {{ control = "{self.socket}"; state = "{self.folder}/state";', text, count=1, flags=re.MULTILINE)
            text += "" if "http = {" in text else f'\nhttp = {{ listen = [ "{self.net}.53:8053" ]; }};'
        self.files[name] = self.inside(text)
        self.write()

    def write(self):
        os.makedirs(f"{self.folder}/state", exist_ok=True)
        for name, text in self.files.items():
            os.makedirs(os.path.dirname(f"{self.folder}/{name}"), exist_ok=True)
            self.write_file(name, text + "\n")

    def addresses(self, *names):
        """Of sites (london) and endpoints (london/lb1)."""
        found = []
        for name in names:
            site, _, host = name.partition("/")
            found += [f"{self.net}.{number}" for number in SITES[site] if not host or host.endswith(str(number % 10))]
        return found

    # --- what a document can have happen

    def do_start(self):
        self.farm = self.farm or Farm(self.addresses(*SITES))
        self.start()

    def do_stop(self):
        self.stop()

    def do_fail(self, *names):
        self.farm.set("silent", *self.addresses(*names))

    def do_busy(self, *names):
        self.farm.set(503, *self.addresses(*names))

    def do_heal(self, *names):
        self.farm.set("ok", *self.addresses(*names))

    def do_load(self, *values):
        """london=900 ...: so many calls, told for a while."""
        for value in values:
            site, calls = value.split("=")
            self.cli("push-load", site, calls, "--for", "10m")

    def do_stale(self, *sites):
        """The last report of these grows too old."""
        for site in sites:
            self.cli("push-load", site, "900", "--for", "1s")

    def do_restart(self):
        """With files that may be others now."""
        self.do_heal(*SITES)
        self.stop()
        self.start()

    def do_token(self):
        """HTTP takes tokens, and $TOKEN is one that may give orders."""
        self.files["sipsteer.conf"] = self.files["sipsteer.conf"].replace("http = {", 'http = { tokens = "tokens";')
        self.write()
        code, said = self.run("sipsteer token new handbook --role operate")
        assert code == 0, said
        self.token = max(re.findall(r"[\w-]+", said), key=len)

    def do_mkdir(self, name):
        os.makedirs(f"{self.folder}/{name}", exist_ok=True)

    def do_run(self, *words):
        code, said = self.run(" ".join(words))
        assert code == 0, said

    def do_wait(self, pattern):
        """Until status, sites and endpoints together show this."""
        wait_for(lambda: re.search(pattern, self.outside("".join(self.cli(what, code=None) for what in ("status", "sites", "endpoints")))), 20 * SLOW, pattern)

    def close(self):
        try:
            super().close()
        finally:
            if self.farm:
                self.farm.end()

    # --- the blocks

    def run(self, command):
        environment = {**os.environ, "PATH": f"{self.bin}:{BIN}:{os.environ['PATH']}", "SIPSTEER_SOCKET": self.socket, "LC_ALL": "C.UTF-8", "TOKEN": self.token}
        done = subprocess.run(["bash", "-c", self.inside(re.sub(r"@192\.0\.2\.53", "@192.0.2.53 ", command)) if "@192.0.2.53" not in command else command],
                              cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=30 * SLOW)
        return done.returncode, self.outside(done.stdout)

    def follow(self, block):
        for directive in block.told("lab"):
            verb, *words = directive.split()
            getattr(self, f"do_{verb}")(*words)
        for name in block.told("file"):
            self.put(name, block.text)
            return
        if not block.runs:
            return
        commands = block.commands()
        for i, (command, expected) in enumerate(commands):
            code = int((block.told("exit") or ["0"])[0]) if i == len(commands) - 1 else 0
            self.hold(block, command, expected, code)

    def hold(self, block, command, expected, code):
        seen = []

        def right():
            seen[:] = [self.run(command)]
            return seen[0][0] == code and (not expected or fits(expected, seen[0][1]))

        if os.environ.get("HANDBOOK_SHOW"):
            right()
            print(f"--- {block.place}\n$ {command}   ({seen[0][0]})\n{seen[0][1]}")
            return
        if ASKS.match(command):
            try:
                wait_for(right, 15 * SLOW, command, step=0.2)
                return
            except AssertionError:
                pass
        elif right():
            return
        raise AssertionError(f"{block.place}: {command}\nended with {seen[0][0]}, expected {code}\nprinted:\n{seen[0][1]}\nshown:\n" + "\n".join(expected))
