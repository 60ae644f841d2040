"""sipsteer keys: keys made, listed and rolled in their files; what others think of them; and the daemon that signs with them."""
import json
import os
import re
import shutil
import subprocess
import time

import dns.dnssec
import dns.name
import dns.rrset
import pytest

from lab import BIN, SLOW, ZONE, records, wait_for

NAME = dns.name.from_text(ZONE)


class Keys:
    """A configuration with one signed zone, and no daemon."""

    def __init__(self, folder, dnssec="", soa="1 3600 600 604800 30"):
        self.folder = str(folder)
        with open(f"{folder}/conf", "w") as f:
            f.write(f'server = {{ control = "{folder}/none.sock"; }};\n'
                    f'zones = ( {{ name = "{ZONE}"; file = "zone"; dnssec = {{ {dnssec} }}; }} );\n')
        with open(f"{folder}/zone", "w") as f:
            f.write(f"$TTL 300\n@ SOA ns1 h {soa}\n@ NS ns1\nns1 A 192.0.2.1\n")

    def run(self, *words, code=0, told=False):
        if words and words[0] in ("generate", "roll", "ds-seen") and not told:
            words = (*words, "--no-reload")
        done = subprocess.run([f"{BIN}/sipsteer", "keys", "-c", f"{self.folder}/conf", ZONE, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20 * SLOW)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def list(self, code=0):
        return json.loads(self.run("list", "--json", code=code))

    def shift(self, seconds):
        """All times of all keys as if it were so many seconds later."""
        for name in os.listdir(f"{self.folder}/keys"):
            path = f"{self.folder}/keys/{name}"
            with open(path) as f:
                text = f.read()

            def earlier(match):
                at = time.mktime(time.strptime(match[2], "%Y%m%d%H%M%S")) - seconds
                return match[1] + time.strftime("%Y%m%d%H%M%S", time.localtime(at))
            with open(path, "w") as f:
                f.write(re.sub(r"^((?:; )?[A-Z][A-Za-z]+: )(\d{14})", earlier, text, flags=re.MULTILINE))


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


def of_state(description, state):
    return [key for key in description["keys"] if key["state"] == state]


def test_without_keys_it_says_what_to_do(keys):
    assert "generate" in keys.run("list", code=1)
    os.mkdir(f"{keys.folder}/keys")
    assert "there is no key: sipsteer keys sip.example.com. generate" in keys.run("list", code=1)
    assert "no key that the parent should know" in keys.run("ds", code=1)
    assert "no KSK or CSK to replace" in keys.run("roll", code=1)


@pytest.mark.parametrize("algorithm", ["ECDSAP256SHA256", "ED25519", "RSASHA256", "ECDSAP384SHA384"])
def test_a_first_key_signs_at_once_and_bind_reads_it(keys, algorithm):
    assert "sipsteer reload" in keys.run("generate", "--algorithm", algorithm)
    (key,) = keys.list()["keys"]
    assert (key["role"], key["algorithm"], key["state"]) == ("CSK", algorithm, "published, signs")
    assert not key["cds"] and key["next"]["what"] == "CDS names it"
    assert oct(os.stat(f"{key['file']}.private").st_mode)[-3:] == "600"
    settime = shutil.which("dnssec-settime")
    if settime:
        told = subprocess.run([settime, "-u", "-p", "all", key["file"]], capture_output=True, text=True)
        assert told.returncode == 0 and f"Activate: {key['times']['Activate']}" in told.stdout, told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(keys):
    os.mkdir(f"{keys.folder}/keys")
    os.chown(f"{keys.folder}/keys", 12345, 23456)
    keys.run("generate")
    for name in os.listdir(f"{keys.folder}/keys"):
        at = os.stat(f"{keys.folder}/keys/{name}")
        assert (at.st_uid, at.st_gid) == (12345, 23456)


def test_the_ds_is_that_of_other_software(keys):
    keys.run("generate")
    (key,) = keys.list()["keys"]
    for digest in ("sha256", "sha384"):
        line = keys.run("ds", "--digest", digest).splitlines()[-1]
        with open(f"{key['file']}.key") as f:
            record = [row for row in f if not row.startswith(";")][0].split(None, 4)
        dnskey = dns.rrset.from_text(NAME, 3600, "IN", "DNSKEY", record[4])[0]
        ours = dns.rrset.from_text(NAME, 3600, "IN", "DS", line.split(" DS ")[1])[0]
        assert ours == dns.dnssec.make_ds(NAME, dnskey, digest.upper())


def test_a_second_key_is_made_only_with_times_of_its_own(keys):
    keys.run("generate")
    assert "roll replaces it" in keys.run("generate", code=1)
    keys.run("generate", "--publish", "+1d", "--activate", "+2d")
    (new,) = of_state(keys.list(), "not yet published")
    assert new["times"]["Activate"] - new["times"]["Publish"] == 86400


def test_a_zsk_beside_a_csk_is_published_before_it_signs(keys):
    assert "KSK" in keys.run("generate", "--zsk", code=1)
    keys.run("generate", "--ksk")
    keys.run("generate", "--zsk")
    now = keys.list()
    assert {key["role"]: key["state"] for key in now["keys"]} == {"KSK": "published, signs", "ZSK": "published, does not sign yet"}
    keys.shift(3 * 3600)
    assert {key["state"] for key in keys.list()["keys"]} == {"published, signs"}


def test_a_zsk_rolls_without_anybody(keys):
    keys.run("generate", "--ksk")
    keys.run("generate", "--zsk")
    keys.shift(10 * 86400)
    assert "which one" in keys.run("roll", code=1)
    keys.run("roll", "--zsk")
    assert "a rollover is under way" in keys.run("roll", "--zsk", code=1)
    assert len(of_state(keys.list(), "published, does not sign yet")) == 1
    keys.shift(3 * 3600)
    assert len(of_state(keys.list(), "published, signs no more")) == 1
    keys.shift(3 * 3600)
    after = keys.list()
    (old,) = of_state(after, "removed")
    assert any(str(old["tag"]) in line and "may go" in line for line in after["todo"]) and not after["warnings"]
    keys.run("roll", "--zsk")


@pytest.mark.parametrize("algorithm", [None, "ED25519"])
def test_a_csk_rolls_with_the_parent(keys, algorithm):
    keys.run("generate")
    keys.shift(10 * 86400)
    (old,) = keys.list()["keys"]
    assert old["cds"]
    keys.run("roll", *(["--algorithm", algorithm] if algorithm else []))
    assert "too early" in keys.run("ds-seen", code=1)
    keys.shift(12 * 3600)
    now = {key["tag"]: key for key in keys.list()["keys"]}
    new = next(key for tag, key in now.items() if tag != old["tag"])
    assert new["cds"] and not now[old["tag"]]["cds"]
    assert any("ds-seen" in line for line in keys.list()["todo"])
    assert f" DS {new['tag']} " in keys.run("ds") and f" DS {old['tag']} " not in keys.run("ds")
    keys.run("ds-seen", "--ds-ttl", "1h")
    assert "no rollover waits" in keys.run("ds-seen", code=1)
    assert len(of_state(keys.list(), "published, signs")) == 2
    keys.shift(12 * 3600)
    assert [key["tag"] for key in of_state(keys.list(), "removed")] == [old["tag"]]


def test_a_key_that_ends_without_successor_is_warned_of(keys):
    keys.run("generate")
    (key,) = keys.list()["keys"]
    with open(f"{key['file']}.private", "a") as f:
        f.write("Inactive: 20990101000000\n")
    told = keys.run("list", code=1)
    assert "WARNING: from 2099-01-01 00:00:00 UTC on no key is published and signs" in told


@pytest.mark.parametrize("words", [(), ("nonsense",), ("list", "more"), ("list", "--zsk"), ("ds", "--algorithm", "ED25519"), ("ds", "--digest", "md5"),
                                   ("generate", "--algorithm", "RSAMD5"), ("roll", "--nonsense"), ("generate", "--json")], ids=" ".join)
def test_wrong_usage_ends_with_2(keys, words):
    os.mkdir(f"{keys.folder}/keys")
    assert keys.run(*words, code=2)
    assert os.listdir(f"{keys.folder}/keys") == []


@pytest.mark.parametrize("words", [("generate", "--publish", "soon"), ("generate", "--activate", "20270230000000"), ("generate", "--propagation", "x")],
                         ids=" ".join)
def test_a_wrong_time_makes_nothing(keys, words):
    assert keys.run(*words, code=1)
    assert os.listdir(f"{keys.folder}/keys") == []


def test_a_broken_key_is_told_with_its_file(keys):
    keys.run("generate")
    (key,) = keys.list()["keys"]
    with open(f"{key['file']}.private", "w") as f:
        f.write("nonsense\n")
    assert f"{key['file']}: it does not begin with" in keys.run("list", code=1)
    assert "it does not begin with" in keys.run("roll", code=1)


def test_zones_that_are_not_signed_or_not_there_are_told(tmp_path, keys):
    with open(f"{tmp_path}/conf", "w") as f:
        f.write(f'zones = ( {{ name = "{ZONE}"; file = "zone"; }} );\n')
    assert "dnssec = { };" in keys.run("list", code=1)
    done = subprocess.run([f"{BIN}/sipsteer", "keys", "-c", f"{tmp_path}/conf", "other.example", "list"], capture_output=True, text=True)
    assert done.returncode == 1 and "is no zone of" in done.stderr


# --- with the daemon

def published(lab):
    return {dns.dnssec.key_id(key) for key in records(lab.ask("@", "DNSKEY", tcp=True), "DNSKEY")}


def signers(lab, rdtype):
    message = lab.query("@", rdtype)
    message.want_dnssec()
    return {sig.key_tag for sig in records(lab.send(message, tcp=True), "RRSIG")}


@pytest.fixture
def signed(make_lab):
    lab = make_lab()
    lab.conf["zones"][0]["dnssec"] = {}
    lab.write()
    lab.cli("keys", ZONE, "generate", conf=True)
    return lab.start()


def tags(lab):
    return [key["tag"] for key in json.loads(lab.cli("keys", ZONE, "list", "--json", conf=True, code=None))["keys"]]


def test_the_daemon_signs_with_a_new_key_after_a_reload(signed):
    (first,) = tags(signed)
    assert published(signed) == signers(signed, "DNSKEY") == signers(signed, "TXT") == {first}
    signed.cli("keys", ZONE, "roll", conf=True)
    both = set(tags(signed))
    assert len(both) == 2
    signed.cli("reload")
    wait_for(lambda: published(signed) == signers(signed, "DNSKEY") == signers(signed, "TXT") == both, 10 * SLOW, "both keys")


def test_a_change_reloads_the_daemon_by_itself(signed):
    (first,) = tags(signed)
    assert "the daemon takes this up at" in signed.cli("keys", ZONE, "roll", "--no-reload", conf=True).lower()
    assert published(signed) == {first}
    signed.cli("reload")
    wait_for(lambda: len(published(signed)) == 2, 10 * SLOW, "the rolled key")
    out = signed.cli("keys", ZONE, "generate", "--publish", "now", "--activate", "+1d", conf=True)
    assert "The daemon has taken this up (reload)." in out
    wait_for(lambda: published(signed) == set(tags(signed)) and len(published(signed)) == 3, 10 * SLOW, "the new key, not asked for")


def test_a_daemon_that_cannot_be_told_of_a_rollover_is_an_error(keys):
    keys.run("generate", told=True)
    keys.run("generate", "--zsk", told=True)  # nobody knows the zone's keys yet
    keys.shift(3 * 86400)
    before = len(keys.list()["keys"])
    out = keys.run("roll", "--zsk", code=1, told=True)
    assert "none.sock" in out and "Run sipsteer reload at" in out and "dnssec-settime" in out
    assert len(keys.list()["keys"]) == before + 1


def test_delv_validates_with_the_ds_of_the_tool(signed):
    tool = shutil.which("delv")
    if not tool:
        pytest.skip("delv is not installed")
    ds = signed.cli("keys", ZONE, "ds", conf=True).splitlines()[-1].split(" DS ")[1].split()
    with open(f"{signed.folder}/anchor", "w") as f:
        f.write(f'trust-anchors {{ {ZONE} static-ds {ds[0]} {ds[1]} {ds[2]} "{ds[3]}"; }};\n')
    for name, rdtype in ((ZONE, "NAPTR"), (f"_sip._udp.{ZONE}", "SRV"), (ZONE, "TXT"), (f"none.{ZONE}", "A")):
        done = subprocess.run([tool, f"@{signed.address}", "-p", str(signed.port), "-a", f"{signed.folder}/anchor", f"+root={ZONE}", name, rdtype],
                              capture_output=True, text=True, timeout=20 * SLOW)
        assert "fully validated" in done.stdout, done.stdout + done.stderr


def test_the_daemon_obeys_the_times_by_itself(signed):
    (first,) = tags(signed)
    signed.cli("keys", ZONE, "generate", "--publish", "+4s", "--activate", "+8s", conf=True)
    signed.cli("reload")
    (second,) = set(tags(signed)) - {first}
    assert published(signed) == {first}
    wait_for(lambda: published(signed) == {first, second}, 15 * SLOW, "the second key published")
    wait_for(lambda: signers(signed, "TXT") == {first, second}, 15 * SLOW, "the second key signing")


def test_a_zone_without_keys_stops_the_start_and_a_reload(signed):
    for name in os.listdir(f"{signed.folder}/keys"):
        os.rename(f"{signed.folder}/keys/{name}", f"{signed.folder}/{name}")
    assert "no key of sip.example.com. here" in signed.cli("check", conf=True, code=1)
    before = published(signed)
    signed.cli("reload", code=1)
    assert published(signed) == before


def test_cds_asks_to_remove_the_ds(signed):
    signed.conf["zones"][0]["dnssec"] = {"cds": "delete"}
    signed.write()
    signed.cli("reload")
    wait_for(lambda: [cds.to_text() for cds in records(signed.ask("@", "CDS"), "CDS")] == ["0 0 0 00"], 10 * SLOW, "CDS 0 0 0 00")
    assert records(signed.ask("@", "CDNSKEY"), "CDNSKEY")[0].to_text().startswith("0 3 0 AA")
