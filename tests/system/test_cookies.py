"""Cookies against clients and servers that we did not write, and as they survive restarts and reloads."""
import os
import re
import socket
import stat
import subprocess

import dns.message
import dns.query
import dns.rcode
import pytest

from cookies import BADCOOKIE, CLIENT, bare_query, cookie_of, option, rcode_of
from lab import SLOW, ZONE, records, wait_for

SECRETS = ["445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715", "e5e973e5a6b2a43f48e7dc849e37bfcf"]


def learn(lab, client=CLIENT, **how):
    cookie = cookie_of(lab.ask("@", "TXT", options=[option(client)], **how))
    assert cookie[:8] == client and len(cookie) == 24
    return cookie


def verdict(lab, cookie):
    """What the server thinks of a cookie: its answer to a query for a cookie alone."""
    answer = lab.exchange(bare_query(cookie))
    assert answer[:2] == b"\0\7" and answer[4:12] == b"\0\0\0\0\0\0\0\1"  # no question, OPT alone
    return {0: "valid", BADCOOKIE: "invalid"}[rcode_of(answer)]


def test_a_cookie_is_learnt_and_then_good(lab):
    cookie = learn(lab)
    again = lab.ask("@", "TXT", options=[option(cookie)])
    assert cookie_of(again) == cookie and records(again, "TXT")
    assert verdict(lab, cookie) == "valid"
    assert verdict(lab, CLIENT) == "valid"  # a client's part alone is no mistake
    assert verdict(lab, cookie[:-1] + bytes([cookie[-1] ^ 1])) == "invalid"


def test_a_forged_cookie_is_answered_with_a_fresh_one_on_every_transport(lab):
    forged = CLIENT + b"\1\0\0\0" + b"forged-cookie"[:12]
    for tcp in (False, True):
        answer = lab.ask("@", "TXT", options=[option(forged)], tcp=tcp)
        assert answer.rcode() == dns.rcode.NOERROR and records(answer, "TXT")
        assert verdict(lab, cookie_of(answer)) == "valid"


def test_lengths_that_no_cookie_has_are_formerr(lab):
    for length in (*range(8), *range(9, 16), 41, 60):
        answer = lab.ask("@", "TXT", options=[option(bytes(length))])
        assert answer.rcode() == dns.rcode.FORMERR and cookie_of(answer) is None, length


def test_of_two_cookies_the_first_is_answered(lab):
    answer = lab.ask("@", "TXT", options=[option(CLIENT), option(b"another!")])
    assert cookie_of(answer)[:8] == CLIENT  # and dnspython has read the whole message


def test_ipv6_clients_have_cookies(lab):
    cookie = learn(lab, ipv6=True)
    assert cookie_of(lab.ask("@", "TXT", options=[option(cookie)], ipv6=True)) == cookie
    assert verdict(lab, cookie) == "invalid"  # it is bound to the address


def test_dig_and_kdig_find_the_cookie_good(lab):
    for words in (["dig", "+cookie=1011121314151617"], ["kdig", "+cookie=1011121314151617"]):
        done = subprocess.run([*words, "-p", str(lab.port), f"@{lab.address}", ZONE, "TXT"], capture_output=True, text=True, timeout=20)
        assert "BADCOOKIE" not in done.stdout and "not steered" in done.stdout, done.stdout + done.stderr
        cookie = re.search(r"COOKIE: ?([0-9A-Fa-f]{48})", done.stdout)
        assert cookie, done.stdout
        assert ("(good)" in done.stdout) == (words[0] == "dig")
        assert verdict(lab, bytes.fromhex(cookie[1])) == "valid"


def test_cookies_survive_a_restart_and_the_secret_is_the_owners_alone(lab):
    cookie = learn(lab)
    path = f"{lab.folder}/state/cookie-secrets.json"
    wait_for(lambda: os.path.exists(path), 10 * SLOW, "the secrets' file")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    lab.stop()
    lab.start()
    assert verdict(lab, cookie) == "valid"
    with open(path) as file:
        secret = re.search(r'"([0-9a-f]{32})"', file.read())[1]
    assert secret not in lab.log() and secret not in lab.cli("status", json_form=False)


def test_a_day_old_secret_is_rolled_and_still_verifies(lab):
    cookie = learn(lab)
    path = f"{lab.folder}/state/cookie-secrets.json"
    wait_for(lambda: os.path.exists(path), 10 * SLOW, "the secrets' file")
    lab.stop()
    with open(path) as file:
        text = file.read()
    lab.write_file("state/cookie-secrets.json", re.sub(r'("made_s": )\d+', r"\g<1>1700000000", text))
    lab.start()
    assert verdict(lab, cookie) == "valid"
    fresh = cookie_of(lab.ask("@", "TXT", options=[option(cookie)]))
    assert fresh != cookie and verdict(lab, fresh) == "valid"  # made with the new secret
    wait_for(lambda: len(re.findall(r'"[0-9a-f]{32}"', open(path).read())) == 2, 10 * SLOW, "both secrets in the file")


def test_servers_that_share_secrets_accept_each_others_cookies_while_they_roll(make_lab):
    labs = [make_lab() for _ in range(2)]
    for lab in labs:
        lab.conf["server"]["cookies"] = {"secrets": "secrets"}
        lab.conf["server"]["listen"] = [f"0.0.0.0:{lab.port6}"]  # so that both are asked from one address
        lab.address, lab.port = "127.0.0.1", lab.port6
        lab.write_file("secrets", SECRETS[0] + "\n")
        os.chmod(f"{lab.folder}/secrets", 0o600)
        lab.start()
    first, second = labs
    cookie = learn(first)
    assert verdict(second, cookie) == "valid" and verdict(first, learn(second)) == "valid"
    assert not os.path.exists(f"{first.folder}/state/cookie-secrets.json")

    # RFC 9018 5: the new one is added to verify, then it signs, then the old one goes
    for stage in (SECRETS[:2], SECRETS[1::-1], SECRETS[1:2]):
        before = [learn(lab) for lab in labs]
        for lab in labs:
            lab.write_file("secrets", "\n".join(stage) + "\n")
            os.chmod(f"{lab.folder}/secrets", 0o600)
            lab.cli("reload")
            for other in labs:
                assert verdict(other, learn(lab)) == "valid"
                assert verdict(other, before[0]) == verdict(other, before[1]) == "valid", stage
    assert verdict(first, cookie) == "invalid"


def test_an_unsound_file_of_secrets_is_told_and_changes_nothing(make_lab):
    lab = make_lab()
    lab.conf["server"]["cookies"] = {"secrets": "secrets"}
    lab.write_file("secrets", SECRETS[0] + "\n")
    os.chmod(f"{lab.folder}/secrets", 0o600)
    lab.start()
    cookie = learn(lab)
    lab.write_file("secrets", "secret\n")
    lab.cli("reload", code=1)
    assert "secrets: line 1: expected a secret of 32 hexadecimal digits" in lab.last.stdout + lab.last.stderr
    assert verdict(lab, cookie) == "valid"


def test_cookies_can_be_switched_off(make_lab):
    lab = make_lab()
    lab.conf["server"]["cookies"] = {"enabled": False}
    lab.start()
    answer = lab.ask("@", "TXT", options=[option()])
    assert cookie_of(answer) is None and records(answer, "TXT")
    assert lab.exchange(bare_query(CLIENT))[3] & 15 == dns.rcode.FORMERR
    assert not os.path.exists(f"{lab.folder}/state/cookie-secrets.json")


class Named:
    """A BIND that insists on server cookies made with a given secret."""

    def __init__(self, folder, address):
        self.folder, self.address, self.port = str(folder), address, free_port(address)
        os.makedirs(self.folder, exist_ok=True)
        with open(f"{self.folder}/zone", "w") as zone:
            zone.write('$TTL 30\n@ SOA ns1 h 1 7200 900 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n@ TXT "theirs"\n')
        with open(f"{self.folder}/named.conf", "w") as conf:
            conf.write(f"""options {{ directory "{self.folder}"; listen-on port {self.port} {{ {address}; }}; listen-on-v6 {{ none; }}; recursion no;
                pid-file "{self.folder}/pid"; session-keyfile "{self.folder}/session"; managed-keys-directory "{self.folder}"; require-server-cookie yes;
                cookie-algorithm siphash24; cookie-secret "{SECRETS[0]}"; minimal-responses yes; }};
                controls {{ }}; zone "{ZONE}" {{ type primary; file "zone"; }};\n""")
        self.log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen(["named", "-g", "-c", f"{self.folder}/named.conf", "-n", "1"], stdout=self.log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    def ask(self, cookie):
        message = dns.message.make_query(ZONE, "TXT", use_edns=0, options=[option(cookie)])
        return dns.query.udp(message, self.address, port=self.port, timeout=2)

    def ready(self):
        assert self.process.poll() is None, open(f"{self.folder}/log").read()
        try:
            return self.ask(CLIENT).rcode() == BADCOOKIE
        except (dns.exception.Timeout, OSError):
            return False

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def free_port(address):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


@pytest.fixture
def named(tmp_path):
    server = Named(tmp_path / "named", "127.0.0.1")
    try:
        wait_for(server.ready, 20, "an answer of named")
        yield server
    finally:
        server.close()


def test_bind_and_we_accept_each_others_cookies(make_lab, named):
    lab = make_lab()
    lab.conf["server"].update({"cookies": {"secrets": "secrets"}, "listen": [f"127.0.0.1:{lab.port6}"]})
    lab.address, lab.port = "127.0.0.1", lab.port6
    lab.write_file("secrets", SECRETS[0] + "\n")
    lab.start()
    ours, theirs = learn(lab), cookie_of(named.ask(CLIENT))
    assert verdict(lab, theirs) == "valid"
    assert named.ask(ours).rcode() == dns.rcode.NOERROR
    assert named.ask(ours[:-1] + bytes([ours[-1] ^ 1])).rcode() == BADCOOKIE  # so it does look at them
