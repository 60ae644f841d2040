#!/usr/bin/python3
"""What a Debian machine does with the packages: install, upgrade, remove, purge, in a clean tree of its own; then a boot with systemd.

usage: run.py FOLDER-OF-LOWER-VERSION FOLDER-OF-PACKAGES [--tree FOLDER] [--mirror URL]

As root, with debootstrap and systemd-nspawn. The tree is made once and kept (build/package-tree); each run works on a copy of it. Nothing of the
machine itself is changed.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

PASSED, SKIPPED = [], []
QUESTION = ["dig", "@127.0.0.1", "-p", "5300", "+short", "+tries=1", "+time=2", "_sip._udp.sip.example.com", "SRV", "+subnet=198.51.100.0/24"]


def run(*words, code=0, seconds=600, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, **options)
    if code is not None and done.returncode != code:
        sys.exit(f"FAILED: {' '.join(words)} ended with {done.returncode}\n{done.stdout[-5000:]}")
    return done.stdout


def passed(what):
    PASSED.append(what)
    print(f"ok   {what}", flush=True)


def expect(true, what, shown=""):
    if not true:
        sys.exit(f"FAILED: {what}\n{shown}")
    passed(what)


class Tree:
    """A Debian tree; its programs run in namespaces of their own, so that what they start ends with them."""

    def __init__(self, folder):
        self.folder = folder

    def at(self, path):
        return f"{self.folder}{path}"

    def run(self, *words, **options):
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc=" + self.at("/proc"), "chroot", self.folder, *words,
                   env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
                   **options)

    def apt(self, *words, **options):
        return self.run("apt-get", "-y", "-q", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", *words, **options)

    def read(self, path):
        with open(self.at(path)) as file:
            return file.read()

    def write(self, path, text):
        with open(self.at(path), "w") as file:
            file.write(text)


def make_base(folder, mirror):
    """A minimal Debian with all that the packages and the test need, but not the packages."""
    if os.path.exists(f"{folder}/.whole"):
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run("debootstrap", "--variant=minbase", "bookworm", folder, *([mirror] if mirror else []), seconds=1800)
    tree = Tree(folder)
    if os.path.exists("/etc/resolv.conf"):
        shutil.copy("/etc/resolv.conf", tree.at("/etc/resolv.conf"))
    if os.path.isdir("/etc/apt/apt.conf.d"):  # a proxy that this machine needs
        for name in glob.glob("/etc/apt/apt.conf.d/*proxy*"):
            shutil.copy(name, tree.at("/etc/apt/apt.conf.d"))
    tree.apt("install", "systemd", "systemd-sysv", "dbus", "bind9-dnsutils", "bash-completion", "man-db", "sudo")
    open(f"{folder}/.whole", "w").close()


def packages(folder, *names):
    found = []
    for name in names:
        found += [os.path.abspath(path) for path in glob.glob(f"{folder}/{name}_*.deb")]
    if len(found) != len(names):
        sys.exit(f"{folder} lacks some of {names}")
    return found


def give(tree, folder):
    """The packages of a folder, inside of the tree."""
    target = f"/srv/{os.path.basename(os.path.normpath(folder))}"
    os.makedirs(tree.at(target), exist_ok=True)
    paths = []
    for path in packages(folder, "sipsteerd", "sipsteer", "sipsteer-doc"):
        shutil.copy(path, tree.at(target))
        paths.append(f"{target}/{os.path.basename(path)}")
    return paths


def mode_of(tree, path):
    return tree.run("stat", "-c", "%U:%G %a", path).strip()


def installed(tree):
    """(packages that dpkg knows, whatever of them is left)"""
    return re.findall(r"^(\w\w) +(sipsteer\S*)", tree.run("dpkg-query", "-f", "${db:Status-Abbrev} ${Package}\n", "-W", "sipsteer*", code=None), re.MULTILINE)


def try_installation(tree, before):
    tree.apt("install", *before)
    expect(tree.run("sipsteerd", "--version").strip() == "sipsteerd 0.0.9", "the lower version installs from nothing")
    expect("sipsteer:x:" in tree.read("/etc/passwd"), "it has its own user")
    expect(mode_of(tree, "/etc/sipsteer") == "root:sipsteer 2750", "the configuration is for root and the daemon", mode_of(tree, "/etc/sipsteer"))
    tree.run("runuser", "-u", "sipsteer", "--", "sipsteer", "check")
    passed("the example configuration is sound, and its user may read it")
    serve(tree)
    for page in ("sipsteerd.8", "sipsteer.conf.5", "sipsteer.1"):
        tree.run("man", "-w", page)
    passed("the manual pages are found")
    expect("drain" in tree.run("bash", "-ic", ". /usr/share/bash-completion/bash_completion; _completion_loader sipsteer; COMP_WORDS=(sipsteer dr) "
                               "COMP_CWORD=1 COMP_LINE='sipsteer dr' COMP_POINT=11; _sipsteer; echo \"${COMPREPLY[@]}\""), "bash completes its commands")
    expect(os.path.getsize(tree.at("/usr/share/doc/sipsteer-doc/handbook.html")) > 100000, "the handbook is there")
    linked = re.findall(r"\]\(([\w-]+\.md)\)", tree.read("/usr/share/doc/sipsteer-doc/handbook.md"))
    missing = [page for page in linked if not os.path.exists(tree.at(f"/usr/share/doc/sipsteer-doc/{page}"))]
    expect(linked and not missing, "so is each page of it", str(missing))


def serve(tree):
    """The example starts as it is, as the user and with the folders that the unit gives it, without systemd."""
    told = tree.run("bash", "-c", f"""
        ip link set lo up 2>/dev/null
        install -d -o sipsteer -g sipsteer /run/sipsteer /var/lib/sipsteer
        runuser -u sipsteer -- sipsteerd -c /etc/sipsteer/sipsteer.conf >/tmp/log 2>&1 & daemon=$!
        for try in $(seq 100); do sipsteer status >/dev/null 2>&1 && break; sleep 0.1; done
        {' '.join(QUESTION)}
        sipsteer stop; wait; cat /tmp/log""")
    expect(re.search(r"^10 \d+ 5060 lb[12]\.ash\.sip\.example\.com\.$", told, re.MULTILINE), "the example answers as soon as it is installed", told)


def try_upgrade(tree, after, version):
    tree.write("/etc/sipsteer/sipsteer.conf", tree.read("/etc/sipsteer/sipsteer.conf") + "# changed by the administrator\n")
    tree.write("/var/lib/sipsteer/kept", "state\n")
    tree.apt("install", *after)
    expect(tree.run("sipsteerd", "--version").strip() == f"sipsteerd {version}", f"it upgrades to {version}")
    expect("# changed by the administrator" in tree.read("/etc/sipsteer/sipsteer.conf"), "an upgrade keeps a changed configuration")
    expect(tree.read("/var/lib/sipsteer/kept") == "state\n", "an upgrade keeps the state")
    tree.run("sipsteer", "check")
    passed("the kept configuration is sound for the new version")


def try_removal(tree):
    tree.apt("remove", "sipsteerd", "sipsteer", "sipsteer-doc")
    expect(not os.path.exists(tree.at("/usr/sbin/sipsteerd")), "a removal removes the daemon")
    expect("administrator" in tree.read("/etc/sipsteer/sipsteer.conf") and os.path.exists(tree.at("/var/lib/sipsteer/kept")),
           "a removal keeps configuration and state")
    tree.apt("purge", "sipsteerd", "sipsteer", "sipsteer-doc")
    left = tree.run("bash", "-c", "find /etc /var/lib /var/log /usr /lib /run -path /var/lib/dpkg -prune -o -path '*sipsteer*' -print; "
                    "find /etc/systemd -name '*sipsteer*'")
    expect(left.strip() == "", "a purge leaves nothing", left)
    expect(installed(tree) == [], "dpkg knows nothing of it any more", str(installed(tree)))
    expect("sipsteer:x:" in tree.read("/etc/passwd"), "the user stays, as files of it may")


INSIDE = """#!/bin/bash
# Runs once the system has booted; what it prints is read outside.
exec >/srv/report 2>&1
set -x
systemctl is-active sipsteerd
systemctl show sipsteerd -p Type,NotifyAccess,StatusText,User,WatchdogUSec,NRestarts,MainPID
sipsteer status; echo "status: $?"
QUESTION
systemctl reload sipsteerd; echo "reload: $?"
cp /etc/sipsteer/sipsteer.conf /srv/good
echo 'nonsense = 1;' >>/etc/sipsteer/sipsteer.conf
systemctl reload sipsteerd; echo "bad reload: $?"
systemctl is-active sipsteerd
cp /srv/good /etc/sipsteer/sipsteer.conf
sed -i 's/127.0.0.1:5300/127.0.0.1:53/' /etc/sipsteer/sipsteer.conf
systemctl restart sipsteerd; echo "port 53: $?"
dig @127.0.0.1 +short +tries=1 +time=2 id.server CH TXT; dig @127.0.0.1 +short sip.example.com SOA; echo "asked at 53"
# What the sandbox must let through: ICMP, commands, name look-ups, HTTP, connections; each says that 127.0.0.1 is well.
sed -e 's/^probes = {/probes = { ping = { type = "icmp"; }; command = { type = "exec"; command = [ "\/usr\/bin\/getent", "passwd", "sipsteer" ]; }; web = { type = "http"; port = 8053; path = "\/healthz"; }; open = { type = "tcp"; port = 8053; };/' \
    -e 's/{ host = "lb1.lon.sip.example.com."; }/{ host = "lb1.lon.sip.example.com."; address = "127.0.0.1"; need = "all"; probes = [ "ping", "command", "web", "open" ]; }/' /srv/good >/etc/sipsteer/sipsteer.conf
systemctl restart sipsteerd
for i in $(seq 20); do sipsteer endpoints | grep -q '^london/lb1.* up ' && break; sleep 1; done
sipsteer endpoints; echo "probed"
cp /srv/good /etc/sipsteer/sipsteer.conf; systemctl restart sipsteerd
sipsteer drain london --for 1h --reason restart
kill -ABRT $(systemctl show -p MainPID --value sipsteerd); sleep 4
systemctl is-active sipsteerd; sipsteer overrides; echo "after the crash"
kill -STOP $(systemctl show -p MainPID --value sipsteerd)
for i in $(seq 50); do sleep 1; [ "$(systemctl show -p NRestarts --value sipsteerd)" -ge 2 ] && break; done
sleep 3; systemctl is-active sipsteerd; systemctl show -p NRestarts sipsteerd; echo "after the watchdog"
useradd ann; usermod -aG sipsteer ann
runuser -u ann -- sipsteer sites; echo "member: $?"
useradd stranger
runuser -u stranger -- sipsteer sites; echo "stranger: $?"
grep -E '^(Cap|NoNewPrivs|Seccomp)' /proc/$(systemctl show -p MainPID --value sipsteerd)/status
systemd-analyze security --no-pager sipsteerd | tail -1
journalctl -u sipsteerd --no-pager | grep -iE 'denied|not permitted|read-only' ; echo "refusals above"
systemctl stop sipsteerd; echo "stop: $?"
journalctl -u sipsteerd --no-pager | tail -60
echo finished
sync
systemctl poweroff
"""
INSIDE_UNIT = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
StandardOutput=null
ExecStart=/srv/inside
[Install]
WantedBy=graphical.target multi-user.target
"""


def try_boot(tree, after):
    tree.apt("install", *after)
    tree.write("/srv/inside", INSIDE.replace("QUESTION", " ".join(QUESTION)))
    os.chmod(tree.at("/srv/inside"), 0o755)
    tree.write("/etc/systemd/system/inside.service", INSIDE_UNIT)
    tree.run("systemctl", "enable", "inside.service")
    started = time.monotonic()
    try:
        told = run("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--console=pipe", "--boot", "-D", tree.folder, code=None, seconds=240)
    except subprocess.TimeoutExpired as late:
        told = (late.output or b"").decode(errors="replace")
    report = tree.read("/srv/report") if os.path.exists(tree.at("/srv/report")) else ""
    if not report:
        SKIPPED.append(f"a boot with systemd: systemd-nspawn does not work here: {told[-600:]}")
        return
    print(f"     booted and ended within {time.monotonic() - started:.0f} s")
    judge_boot(report)


def judge_boot(report):
    def said(pattern, what):
        expect(re.search(pattern, report, re.MULTILINE), what, report)

    said(r"is-active sipsteerd\nactive$", "systemd: it runs after the boot")
    said(r"^StatusText=.*serving", "systemd: it tells its status")
    said(r"^status: 0$", "systemd: status is without an alarm")
    said(r"^10 \d+ 5060 lb[12]\.ash", "systemd: it answers")
    said(r"^reload: 0$", "systemd: a reload succeeds")
    said(r"^bad reload: 1$", "systemd: a reload of an unsound configuration fails")
    said(r"^port 53: 0$", "systemd: it binds port 53 without root")
    said(r"^ns1\.sip\.example\.com\. hostmaster[^\n]*\n[^\n]*\n?asked at 53$|^ns1\.sip\.example\.com\. hostmaster", "systemd: it answers at port 53")
    said(r"^london/lb1\S* +up [\s\S]*^probed$", "systemd: probes by ICMP, command, HTTP and TCP work in its sandbox")
    said(r"london[^\n]*restart[\s\S]*^after the crash$", "systemd: it comes back after a crash, with its orders")
    said(r"^NRestarts=[2-9]\n[^\n]*\n?after the watchdog|^NRestarts=[2-9]", "systemd: the watchdog restarts one that hangs")
    said(r"^member: 0$", "systemd: a member of the group sipsteer may use the tool")
    said(r"^stranger: 3$", "systemd: others may not")
    said(r"^NoNewPrivs:\s*1$", "systemd: it can gain no privilege")
    said(r"^CapBnd:\s*0000000000002400$", "systemd: its capabilities are bounded to NET_BIND_SERVICE and NET_RAW")
    said(r"^stop: 0$", "systemd: it stops")
    said(r"^finished$", "systemd: the whole of it was tried")
    print("     " + (re.search(r"^.*Overall exposure level.*$", report, re.MULTILINE) or ["exposure not told"])[0])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("before")
    ap.add_argument("after")
    ap.add_argument("--tree", default="build/package-tree")
    ap.add_argument("--mirror", help="where debootstrap fetches from, if not from its own default")
    args = ap.parse_args()
    make_base(args.tree, args.mirror)
    version = re.search(r"_([\d.]+)_", os.path.basename(packages(args.after, "sipsteerd")[0]))[1]
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(args.tree))) as work:
        folder = f"{work}/tree"
        run("cp", "-a", args.tree, folder)
        tree = Tree(folder)
        before, after = give(tree, args.before), give(tree, args.after)
        try_installation(tree, before)
        try_upgrade(tree, after, version)
        try_removal(tree)
        try_boot(tree, after)
    print(f"{len(PASSED)} passed, 0 failed" + "".join(f"\nnot tried: {reason}" for reason in SKIPPED))


if __name__ == "__main__":
    main()
