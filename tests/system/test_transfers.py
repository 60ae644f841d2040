"""Zone transfers out: dig and dnspython as clients, BIND, NSD and Knot as real secondaries."""
import subprocess

import dns.message
import dns.query
import dns.tsig
import dns.tsigkeyring
import dns.zone
import pytest

import nameservers
from lab import SLOW, ZONE, records, wait_for
from signed import ONE, THREE, SignedLab

pytestmark = pytest.mark.main


def open_to_all(lab, keys=True, notify=()):
    lab.conf = {"keys": nameservers.KEYS, **lab.conf}
    lab.conf["zones"][0]["transfer"] = {"allow": ["127.0.0.0/8"], **({"keys": [nameservers.KEY_NAME]} if keys else {}), "notify": list(notify)}
    return lab


@pytest.fixture
def keyed(make_lab):
    return open_to_all(make_lab()).start()


@pytest.fixture
def make_peer(tmp_path):
    """A function that makes a server of this kind, not started; all are ended."""
    started = []

    def make(kind, lab):
        peer = nameservers.ALL[kind](tmp_path / f"{kind}{len(started)}", f"{lab.net}.{230 + len(started)}")
        started.append(peer)
        return peer

    yield make
    for peer in started:
        peer.close()


def dig(lab, *words, key=True):
    signed = ["-y", f"hmac-sha256:{nameservers.KEY_NAME}:{nameservers.SECRET}"] if key else []
    return subprocess.run(["dig", f"@{lab.address}", "-p", str(lab.port), "+time=3", "+tries=1", *signed, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=20 * SLOW).stdout


def file_records(text):
    zone = dns.zone.from_text(text, ZONE, relativize=False)
    return {(name, rdataset.rdtype, rdata) for name, rdataset in zone.iterate_rdatasets() for rdata in rdataset}


def test_dig_gets_the_zone_as_the_file_has_it(keyed):
    output = dig(keyed, ZONE, "AXFR", "+onesoa", "+nocmd", "+nostats", "+nottl")
    assert "TSIG" in output and "NOERROR" in output  # dig checks every signature itself
    rows = "\n".join(row for row in output.splitlines() if row and not row.startswith(";") and "TSIG" not in row)
    assert file_records(f"$TTL 30\n{rows}\n") == file_records(keyed.zone_text)
    wait_for(lambda: "done: serial 1" in keyed.log(), 5, keyed.log())
    assert "1 sent" in keyed.cli("status")
    assert "serial 1 to 127." in keyed.cli("zones")


def test_who_does_not_sign_with_the_key_is_refused(keyed):
    assert "Transfer failed" in dig(keyed, ZONE, "AXFR", key=False)
    keyed.wait_logged(f"{ZONE}: refused to 127.0.0.1: its address or key is not allowed")
    message = dns.message.make_query(ZONE, "SOA")
    message.use_tsig(dns.tsigkeyring.from_text({nameservers.KEY_NAME: ("hmac-sha256", "d3Jvbmc=")}))
    with pytest.raises(dns.tsig.PeerBadSignature):
        dns.query.udp(message, keyed.address, port=keyed.port, timeout=3 * SLOW)
    assert keyed.cli("status", json_form=True)["status"]["transfers"]["refused"] >= 2


@pytest.mark.parametrize("algorithm", ["hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"])
def test_ordinary_queries_are_answered_signed(make_lab, algorithm):
    lab = open_to_all(make_lab())
    lab.conf["keys"] = tuple({**key, "algorithm": algorithm} for key in nameservers.KEYS)
    lab.start()
    ring = dns.tsigkeyring.from_text({nameservers.KEY_NAME: (algorithm, nameservers.SECRET)})
    for tcp in (False, True):
        for name, rdtype in ((f"_sip._udp.{ZONE}", "SRV"), (ZONE, "SOA"), (f"none.{ZONE}", "A"), ("else.", "A")):
            message = dns.message.make_query(name, rdtype, use_edns=0)
            message.use_tsig(ring, algorithm=algorithm)
            answer = (dns.query.tcp if tcp else dns.query.udp)(message, lab.address, port=lab.port, timeout=3 * SLOW)
            assert answer.had_tsig  # and dnspython has verified it
            if rdtype == "SRV":
                assert len(records(answer, "SRV")) == 4


def test_an_answer_that_has_no_room_for_its_signature_is_truncated_and_signed(keyed):
    message = dns.message.make_query(f"_sip._udp.{ZONE}", "SRV")
    message.use_tsig(nameservers.KEYRING)
    answer = dns.query.udp(message, keyed.address, port=keyed.port, timeout=3 * SLOW)
    assert answer.had_tsig and len(answer.to_wire()) <= 512
    whole = dns.query.tcp(message, keyed.address, port=keyed.port, timeout=3 * SLOW)
    assert whole.had_tsig and not whole.flags & dns.flags.TC


@pytest.mark.parametrize("kind", nameservers.ALL)
def test_a_secondary_takes_the_zone_and_every_change_and_outlives_the_daemon(make_lab, make_peer, kind):
    lab = make_lab()
    peer = make_peer(kind, lab)
    open_to_all(lab, notify=[f"{peer.address}:{peer.port}"]).start()
    peer.secondary(ZONE.rstrip("."), lab.address, lab.port).start()
    peer.wait_serial(ZONE, 1)
    lab.zone_text = lab.zone_text.replace("hostmaster 1 ", "hostmaster 2 ") + f"new TXT \"{'x' * 100}\"\n"
    lab.write()
    lab.cli("reload")
    peer.wait_serial(ZONE, 2)  # within seconds of a NOTIFY; its refresh is two hours
    notices = lambda: lab.cli("zones", json_form=True)["zones"][0]["notify"]
    wait_for(lambda: notices()[0]["answered"] and notices()[0]["serial"] == 2, 10 * SLOW, "NOTIFY is answered")
    assert "1 of 1" in lab.cli("zones")
    lab.stop()
    assert len(records(peer.ask(f"_sip._udp.{ZONE}", "SRV", use_edns=0, payload=4096), "SRV")) == len(lab.sites) * len(lab.hosts)
    assert records(peer.ask(f"new.{ZONE}", "TXT"), "TXT")


def test_a_secondary_that_is_away_is_told_again(make_lab, make_peer):
    lab = make_lab()
    peer = make_peer("knot", lab)
    open_to_all(lab, notify=[f"{peer.address}:{peer.port}"]).start()
    lab.wait_logged("it is tried again")
    notice = lab.cli("zones", json_form=True)["zones"][0]["notify"][0]
    assert not notice["answered"] and notice["problem"] and "0 of 1" in lab.cli("zones")
    peer.secondary(ZONE.rstrip("."), lab.address, lab.port).start()
    lab.wait_logged("knows of serial 1")


@pytest.mark.parametrize("zone", [ONE, THREE])
def test_a_signed_zone_comes_with_all_that_proves_it(tmp_path, zone):
    lab = SignedLab(tmp_path)
    lab.conf = {"keys": nameservers.KEYS, **lab.conf}
    for of in lab.conf["zones"]:
        of["transfer"] = {"allow": ["127.0.0.0/8"], "keys": [nameservers.KEY_NAME]}
    try:
        lab.start()
        rows = [row for row in dig(lab, zone, "AXFR", "+onesoa", "+nocmd", "+nostats").splitlines()
                if row and not row.startswith(";") and "TSIG" not in row]
        assert any("RRSIG" in row for row in rows) and any(" NSEC" in row.replace("\t", " ") for row in rows)
        (tmp_path / "axfr").write_text("\n".join(rows) + "\n")
        for words in (["dnssec-verify", "-q", "-z", "-o", zone, "axfr"], ["ldns-verify-zone", "axfr"]):
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30 * SLOW, cwd=tmp_path)
            assert done.returncode == 0, f"{words[0]}: {done.stdout}{done.stderr}"
    finally:
        lab.close()
