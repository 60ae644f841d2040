"""What packages install beside the programs: the unit, completion, manual pages, the example; and what the daemon tells systemd.
The packages themselves are tried by `./dev package --test` (tests/package/run.py)."""
import fnmatch
import glob
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

from lab import BIN, ROOT, SLOW, wait_for

installed_only = pytest.mark.skipif(os.path.realpath(BIN) != os.path.realpath(f"{ROOT}/build/bin"), reason="what is installed comes from build/")


def run(*words, code=0, **options):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, **options)
    assert code is None or done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{done.stdout}"
    return done.stdout


def tool(*words):
    return run(f"{BIN}/sipsteer", *words)


def commands():
    return re.findall(r"^  ([a-z][a-z-]*)", tool("--help"), re.MULTILINE)


# --- cmake --install

@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", f"{ROOT}/build", "--prefix", str(folder))
    return folder


PLACES = ["sbin/sipsteerd", "bin/sipsteer", "share/man/man8/sipsteerd.8", "share/man/man5/sipsteer.conf.5", "share/man/man1/sipsteer.1",
          "share/bash-completion/completions/sipsteer", "share/zsh/site-functions/_sipsteer", "lib/systemd/system/sipsteerd.service",
          "lib/sysusers.d/sipsteer.conf", "share/doc/sipsteer/handbook.html", "share/doc/sipsteer/configuration.md",
          "share/doc/sipsteer/examples/sipsteer.conf", "share/doc/sipsteer/contrib/load/kamailio.conf"]


@installed_only
def test_an_installation_has_everything_in_its_place(prefix, tmp_path):
    for place in PLACES:
        assert os.path.getsize(prefix / place) > 0, place
    run("cmake", "--install", f"{ROOT}/build", "--prefix", "/usr", env={**os.environ, "DESTDIR": str(tmp_path)})
    for place in PLACES:
        assert os.path.getsize(tmp_path / "usr" / place) > 0, place
    assert os.listdir(tmp_path) == ["usr"]  # nothing beside the prefix
    unit = (tmp_path / "usr/lib/systemd/system/sipsteerd.service").read_text()
    assert "ExecStart=/usr/sbin/sipsteerd " in unit and "ExecReload=/usr/bin/sipsteer " in unit and "@" not in unit.replace("@system-service", "").replace("@privileged", "")


@installed_only
def test_every_file_of_an_installation_belongs_to_a_package(prefix):
    patterns = ["usr/share/zsh/*", "usr/share/doc/sipsteer/CHANGELOG.md"]  # debian/rules moves the one and leaves the other out
    for path in glob.glob(f"{ROOT}/debian/*.install"):
        with open(path) as file:
            patterns += [line.split()[0] for line in file if line.strip()]
    for folder, _, names in os.walk(prefix):
        for name in names:
            path = os.path.relpath(f"{folder}/{name}", prefix)
            place = path if path.startswith("lib/systemd/") else f"usr/{path}"
            assert any(fnmatch.fnmatch(place, pattern) or place.startswith(f"{pattern}/") for pattern in patterns), f"no package has {place}"


@installed_only
def test_systemd_takes_the_units_and_finds_them_hardened(prefix):
    units = [str(prefix / "lib/systemd/system" / name) for name in os.listdir(prefix / "lib/systemd/system")]
    said = run("systemd-analyze", "verify", "--man=no", *units, code=None)
    elsewhere = "Command sipsteer is not executable"  # a unit that looks for it in the system's own folders, where it is not in this prefix
    assert not [line for line in said.splitlines() if "sipsteer" in line and elsewhere not in line], said
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", run("systemd-analyze", "security", "--offline=true", "--no-pager", f"{prefix}/lib/systemd/system/sipsteerd.service"))
    assert float(exposure[1]) <= 2.0


@installed_only
def test_sysusers_takes_its_file(prefix, tmp_path):
    (tmp_path / "etc").mkdir()
    run("systemd-sysusers", f"--root={tmp_path}", f"{prefix}/lib/sysusers.d/sipsteer.conf")
    assert (tmp_path / "etc/passwd").read_text().startswith("sipsteer:x:") and "nologin" in (tmp_path / "etc/passwd").read_text()


def test_the_example_is_sound_and_disturbs_nobody():
    assert "warnings 0" in tool("-c", f"{ROOT}/contrib/example/sipsteer.conf", "check")
    with open(f"{ROOT}/contrib/example/sipsteer.conf") as file:
        text = re.sub(r"#.*", "", file.read())
    assert re.search(r'listen = \[ "127\.0\.0\.1:5300" \]', text) and not re.search(r"probes = \[", text)


def test_the_packages_are_built_with_what_the_programs_are_built_with():
    with open(f"{ROOT}/dev") as file:
        wanted = set(re.search(r"^BUILD_PACKAGES=\((.*?)\)", file.read(), re.MULTILINE | re.DOTALL)[1].split())
    with open(f"{ROOT}/debian/control") as file:
        built_with = file.read().split("\n\n")[0]
    for package in wanted - {"gcc", "libc6-dev", "libcmocka-dev", "libglpk-dev"}:  # those come by themselves, these are for tests
        assert re.search(rf"\b{package}\b", built_with), f"debian/control lacks {package}"


# --- manual pages

@installed_only
def test_manual_pages_are_sound(prefix):
    for page in glob.glob(f"{prefix}/share/man/man*/*"):
        assert run("mandoc", "-T", "lint", "-W", "warning", page, code=None) == ""
        assert run("man", "--warnings", "-l", page, env={**os.environ, "MANROFFSEQ": "", "LC_ALL": "C.UTF-8", "PAGER": "cat"}).count("warning:") == 0


def test_the_tools_manual_page_has_every_command_and_option():
    with open(f"{ROOT}/docs/man/sipsteer.1") as file:
        page = file.read()
    lacks = [command for command in commands() if not re.search(rf"^\.It (Xo )?Ic {command}\b", page, re.MULTILINE)]
    lacks += [f"--{option} of {command}" for command in commands() for option in sorted(set(re.findall(r"--([a-z][a-z-]+)", tool(command, "--help"))))
              if not re.search(rf"[ |]-{option}\b", page)]
    assert lacks == []


def test_the_daemons_manual_page_has_every_option():
    with open(f"{ROOT}/docs/man/sipsteerd.8") as file:
        page = file.read()
    for option in set(re.findall(r"--([a-z]+)", run(f"{BIN}/sipsteerd", "--help"))):
        assert f"Fl -{option}" in page, option


def test_the_configurations_manual_page_has_every_table(tmp_path):
    page = run("/usr/bin/python3", f"{ROOT}/docs/make/conf_man.py", f"{ROOT}/docs/configuration.md", f"{ROOT}/docs/man/sipsteerd.8")
    with open(f"{ROOT}/docs/configuration.md") as file:
        tables = re.findall(r"^## `(\S+)`$", file.read(), re.MULTILINE)
    assert len(tables) > 15
    for table in tables:
        assert f".Ss {table}\n" in page


# --- completion

def complete_bash(lab, *words):
    """What bash offers for these words, the last of which is being typed."""
    line = " ".join(words)
    script = f"""
        . /usr/share/bash-completion/bash_completion
        . {ROOT}/contrib/completion/sipsteer.bash
        COMP_WORDS=({' '.join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1} COMP_LINE='{line}' COMP_POINT={len(line)}
        _sipsteer 2>&1
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(run("bash", "-c", script, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "SIPSTEER_SOCKET": lab.socket}).split())


def test_bash_completes_commands_options_and_names(lab):
    assert complete_bash(lab, "sipsteer", "") == set(commands())
    assert complete_bash(lab, "sipsteer", "dr") == {command for command in commands() if command.startswith("dr")} >= {"drain"}
    assert complete_bash(lab, "sipsteer", "drain", "--") >= {"--for", "--reason", "--json", "--help"}
    assert complete_bash(lab, "sipsteer", "drain", "") == {
        *lab.sites, *(f"{site}/{host}" for site in lab.sites for host in lab.hosts), "service:sip.example.com."}
    assert complete_bash(lab, "sipsteer", "drain", "london/l") == {"london/lb1", "london/lb2"}
    assert complete_bash(lab, "sipsteer", "what-if", "fail", "s") == {"singapore"}
    assert complete_bash(lab, "sipsteer", "what-if", "") >= {"fail", "drain", "each", "london"}
    assert complete_bash(lab, "sipsteer", "explain", "sip.example.com", "S") == {"SRV"}
    assert complete_bash(lab, "sipsteer", "-s", lab.socket, "enable", "ash") == {"ashburn", *(f"ashburn/{host}" for host in lab.hosts)}
    assert complete_bash(lab, "sipsteer", "push-load", "london", "5", "--unit", "c") == {"calls", "cps"}
    assert complete_bash(lab, "sipsteer", "switch", "--yes", "london", "--to", "n") == {"next"}
    assert complete_bash(lab, "sipsteer", "token", "") == {"new", "list", "remove"}
    assert complete_bash(lab, "sipsteer", "keys", "") == {"sip.example.com."}


def test_bash_completes_commands_without_a_daemon(make_lab):
    lab = make_lab()
    assert "drain" in complete_bash(lab, "sipsteer", "dr")
    assert complete_bash(lab, "sipsteer", "drain", "") == set()


def test_zsh_completes_the_same(lab):
    """Its own completion system is not started: compadd shows what it is given."""
    def complete(*words):
        script = f"""
            compadd() {{ print -l -- "$@" }}
            words=({' '.join(f"'{word}'" for word in words)}) CURRENT={len(words)} PREFIX='{words[-1]}'
            complete() {{ {{ source {ROOT}/contrib/completion/_sipsteer }} }}
            complete"""
        told = run("zsh", "-f", "-c", script, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "SIPSTEER_SOCKET": lab.socket})
        return set(told.split()) - {"--"}
    assert complete("sipsteer", "") == set(commands())
    assert complete("sipsteer", "drain", "") >= {"london", "london/lb1", "service:sip.example.com."}
    assert complete("sipsteer", "drain", "--") >= {"--for", "--reason", "--json", "--help"}
    assert complete("sipsteer", "what-if", "fail", "") == set(lab.sites)


# --- what systemd is told

@pytest.mark.main
def test_systemd_is_told_of_readiness_reloads_status_and_a_loop_that_turns(make_lab, monkeypatch, tmp_path):
    lab = make_lab()
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(f"{tmp_path}/notify")
    told.settimeout(10 * SLOW)
    monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/notify")

    def until(what):
        for _ in range(100):
            message = told.recv(4096).decode()
            if what in message:
                return message
        raise AssertionError(what)

    lab.start()
    assert "STATUS=serving 1 zone, 9 of 9 endpoints up, 0 orders" in until("READY=1")
    until("WATCHDOG=1")
    lab.cli("drain", "london")
    assert "WATCHDOG=1" in until("1 order")
    lab.signal(signal.SIGHUP)
    assert re.search(r"MONOTONIC_USEC=\d+", until("RELOADING=1"))
    until("READY=1")
    lab.write_file("sipsteer.conf", "nonsense = 1;")
    lab.cli("reload", code=1)
    until("RELOADING=1")
    assert "the last reload failed" in until("READY=1")
    # A loop that hangs must fall silent, whatever the workers do.
    os.kill(lab.process.pid, signal.SIGSTOP)
    told.settimeout(0.2)
    while True:
        try:
            told.recv(4096)
        except TimeoutError:
            break
    told.settimeout(2.5)
    with pytest.raises(TimeoutError):
        told.recv(4096)
    os.kill(lab.process.pid, signal.SIGCONT)
    told.settimeout(10 * SLOW)
    until("WATCHDOG=1")
    lab.process.send_signal(signal.SIGTERM)
    until("STOPPING=1")


# --- a user without rights

@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_starts_it_as_another_user_and_it_still_binds_port_53(make_lab):
    lab = make_lab()
    lab.conf["server"]["listen"] = [f"{lab.address}:53"]
    lab.port = 53
    lab.command = lambda *words: [*words, "--user", "nobody"] if words[0].endswith("sipsteerd") else list(words)
    os.chmod(lab.folder, 0o777)
    for folder in pathlib.Path(lab.folder).parents:  # pytest's own are for its user alone
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    os.makedirs(f"{lab.folder}/state")
    shutil.chown(f"{lab.folder}/state", "nobody")
    lab.start()
    with open(f"/proc/{lab.process.pid}/status") as file:
        status = file.read()
    assert re.search(r"^Uid:\s*65534\s+65534\s+65534\s+65534$", status, re.MULTILINE)
    assert int(re.search(r"^CapEff:\s*(\w+)", status, re.MULTILINE)[1], 16) & ~0x2400 == 0
    assert lab.query("@", "SOA").rcode() == 0
    assert os.stat(lab.socket).st_uid == 65534
    wait_for(lambda: "drain" in lab.cli("drain", "london") or lab.cli("overrides"), 5, "an order is saved as that user")
    lab.stop()


def test_a_user_that_is_not_there_ends_the_start(lab):
    assert "no user no-such-user" in run(f"{BIN}/sipsteerd", "-c", lab.config_path, "--user", "no-such-user", code=1)
