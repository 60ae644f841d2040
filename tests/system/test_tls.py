"""DNS over TLS (RFC 7858) as clients meet it, and certificates as operators renew them."""
import contextlib
import hashlib
import os
import random
import socket
import ssl
import struct
import subprocess
import time

import dns.edns
import dns.message
import dns.rcode
import pytest

import certificates
from lab import SLOW, Lab, free_port6, read_tcp, records, wait_for
from test_dns import opt, question

pytestmark = pytest.mark.main

TLS_PORT = 8853
KEEPALIVE, PADDING, BLOCK = 11, 12, 468


def with_tls(lab, **tls):
    lab.tls6 = free_port6()
    certificates.make(lab.folder, address=lab.address)
    lab.conf["server"]["tls"] = {"listen": [f"{lab.address}:{TLS_PORT}", f"[::1]:{lab.tls6}"], "certificate": "cert.pem", "key": "key.pem", **tls}
    return lab


@pytest.fixture(scope="module")
def tls_lab(tmp_path_factory):
    lab = with_tls(Lab(tmp_path_factory.mktemp("tls"), ipv6=True), handshake="1s").start()
    yield lab
    lab.close()


def context(least=None, most=None, alpn=()):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if least:
        made.minimum_version = least
    if most:
        made.maximum_version = most
    if alpn:
        made.set_alpn_protocols(alpn)
    return made


def connect(lab, ipv6=False, timeout=5, ragged=True, session=None, ctx=None, **options):
    raw = socket.create_connection(("::1", lab.tls6) if ipv6 else (lab.address, TLS_PORT), timeout=timeout * SLOW)
    return (ctx or context(**options)).wrap_socket(raw, suppress_ragged_eofs=ragged, session=session)


def framed(octets):
    return struct.pack(">H", len(octets)) + octets


def ask(s, octets):
    s.sendall(framed(octets))
    return read_tcp(s)


def ask_name(lab, s, name="@", rdtype="SOA", options=()):
    return dns.message.from_wire(ask(s, lab.query(name, rdtype, options=options).to_wire()))


def shown(lab, **options):
    """The digest of the certificate that a new client is shown."""
    with connect(lab, **options) as s:
        return hashlib.sha256(s.getpeercert(binary_form=True)).hexdigest()


def counters(lab):
    return lab.cli("status", json_form=True, code=None)["status"]["counters"]


def alarms(lab):
    return lab.cli("status", json_form=True, code=None)["status"]["alarms"]


@contextlib.contextmanager
def counted(lab, *path):
    """That this counter has grown at the end."""
    def value():
        at = counters(lab)
        for key in path:
            at = at[key]
        return at
    before = value()
    yield
    wait_for(lambda: value() > before, 10 * SLOW, f"one more of {path}")


# --- clients

@pytest.mark.parametrize("where", ["v4", "v6"])
@pytest.mark.parametrize("check", ["opportunistic", "ca", "pin"])
def test_kdig_gets_the_steered_answer(tls_lab, where, check):
    lab, cert = tls_lab, f"{tls_lab.folder}/cert.pem"
    at = ["@::1", "-p", str(lab.tls6)] if where == "v6" else [f"@{lab.address}", "-p", str(TLS_PORT)]
    how = {"opportunistic": ["+tls"], "ca": [f"+tls-ca={cert}", "+tls-hostname=ns1.test"], "pin": [f"+tls-pin={certificates.pin(cert)}"]}[check]
    done = subprocess.run(["kdig", *at, *how, "+subnet=10.1.2.0/24", "+timeout=5", "_sip._udp.sip.example.com.", "SRV"], capture_output=True, text=True,
                          timeout=30 * SLOW)
    assert done.returncode == 0 and "TLS session (TLS1.3)" in done.stdout, done.stdout + done.stderr
    first = next(line for line in done.stdout.splitlines() if "\tSRV\t10 " in line)
    assert ".london." in first, done.stdout


def test_kdig_that_wants_another_name_or_key_refuses(tls_lab):
    for how in ([f"+tls-ca={tls_lab.folder}/cert.pem", "+tls-hostname=other.test"], ["+tls-pin=" + "A" * 43 + "="]):
        done = subprocess.run(["kdig", f"@{tls_lab.address}", "-p", str(TLS_PORT), *how, "+timeout=3", "+retry=0", "sip.example.com.", "SOA"],
                              capture_output=True, text=True, timeout=30 * SLOW)
        assert "NOERROR" not in done.stdout, done.stdout


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("ipv6", [False, True])
def test_tls_1_2_and_1_3_are_spoken(tls_lab, version, ipv6):
    with connect(tls_lab, ipv6=ipv6, least=version, most=version) as s:
        assert s.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
        assert "GCM" in s.cipher()[0] or "CHACHA20" in s.cipher()[0]
        assert ask_name(tls_lab, s).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("options", [["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
                                     ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"]])
def test_old_versions_and_ciphers_are_refused(tls_lab, options):
    with counted(tls_lab, "tcp_drops", "failed handshake"):
        done = subprocess.run(["openssl", "s_client", "-connect", f"{tls_lab.address}:{TLS_PORT}", *options], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30 * SLOW)
    assert done.returncode != 0 and "alert" in done.stderr, done.stderr


def test_alpn_is_dot_or_absent(tls_lab):
    with connect(tls_lab, alpn=["h2", "dot"]) as s:
        assert s.selected_alpn_protocol() == "dot" and ask_name(tls_lab, s).rcode() == 0
    with connect(tls_lab) as s:
        assert s.selected_alpn_protocol() is None and ask_name(tls_lab, s).rcode() == 0
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        connect(tls_lab, alpn=["h2"])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_resumed(tls_lab, version):
    ctx = context(least=version, most=version)
    with connect(tls_lab, ctx=ctx) as s:
        assert ask_name(tls_lab, s).rcode() == 0 and not s.session_reused
        session = s.session
    with counted(tls_lab, "tls_resumed"):
        with connect(tls_lab, ctx=ctx, session=session) as s:
            assert ask_name(tls_lab, s).rcode() == 0 and s.session_reused


# --- EDNS

@pytest.mark.parametrize("name, rdtype", [("@", "SOA"), ("_sip._udp", "SRV"), ("missing", "A"), ("@", "NAPTR"), ("sip.example.org.", "A")])
def test_answers_are_padded_to_blocks_when_the_query_is(tls_lab, name, rdtype):
    plain = tls_lab.query(name, rdtype).to_wire()
    padded = tls_lab.query(name, rdtype, options=[dns.edns.GenericOption(PADDING, bytes(20))]).to_wire()
    with connect(tls_lab) as s:
        whole, bare = ask(s, padded), ask(s, plain)
    message = dns.message.from_wire(whole)
    assert len(whole) % BLOCK == 0 and message.options[-1].otype == PADDING
    assert not any(message.options[-1].data)
    assert len(bare) % BLOCK and PADDING not in [o.otype for o in dns.message.from_wire(bare).options]


def test_nothing_is_padded_in_the_clear(tls_lab):
    query = tls_lab.query("@", "SOA", options=[dns.edns.GenericOption(PADDING, bytes(20))])
    for tcp in (False, True):
        assert PADDING not in [o.otype for o in tls_lab.send(query, tcp=tcp).options]


def test_keepalive_tells_the_idle_time(tls_lab):
    with connect(tls_lab) as s:
        answer = ask_name(tls_lab, s, options=[dns.edns.GenericOption(KEEPALIVE, b"")])
        assert [o.data for o in answer.options if o.otype == KEEPALIVE] == [struct.pack(">H", 100)]
        assert KEEPALIVE not in [o.otype for o in ask_name(tls_lab, s).options]
        assert ask(s, question("sip.example.com", counts=(1, 0, 0, 1), tail=opt(options=b"\0\x0b\0\2\0\x64")))[3] & 15 == dns.rcode.FORMERR


# --- streams

@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_fifty_pipelined_queries_get_fifty_answers(tls_lab, chunk):
    octets = b"".join(framed(question("sip.example.com", rdtype=6, ident=i)) for i in range(50))
    with connect(tls_lab) as s:
        for at in range(0, len(octets), chunk):
            s.sendall(octets[at:at + chunk])
        buffer, idents = b"", []
        while len(idents) < 50:
            more = s.recv(65536)
            assert more
            buffer += more
            while len(buffer) >= 2 and len(buffer) >= 2 + int.from_bytes(buffer[:2], "big"):
                idents.append(int.from_bytes(buffer[2:4], "big"))
                buffer = buffer[2 + int.from_bytes(buffer[:2], "big"):]
        assert idents == list(range(50)) and not buffer


def test_a_slow_reader_gets_all_of_it(tls_lab):
    count, octets, got = 5000, question("_sip._udp.sip.example.com", rdtype=33), 0
    answer = len(tls_lab.exchange(octets)) + 2
    whole = framed(octets) * count
    with connect(tls_lab) as s:
        s.setblocking(False)
        sent, end = 0, time.monotonic() + 30 * SLOW
        while got < count * answer and time.monotonic() < end:
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                sent += s.send(whole[sent:sent + 16384]) if sent < len(whole) else 0
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                got += len(s.recv(8000))
            time.sleep(0.002)
    assert got == count * answer


def test_clients_that_go_before_they_read_hurt_nobody(tls_lab):
    rng = random.Random(5)
    for i in range(60):
        s = connect(tls_lab)
        s.sendall(framed(question("_sip._udp.sip.example.com", rdtype=33)) * rng.randrange(1, 300))
        if i % 3 == 0:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        elif i % 3 == 1:
            s.shutdown(socket.SHUT_RDWR)
        s.close()
    with connect(tls_lab) as s:
        assert ask_name(tls_lab, s).rcode() == 0
    wait_for(lambda: counters(tls_lab)["tcp_open"] == 0, 15 * SLOW, "all of them closed")


def test_what_was_asked_before_the_end_is_answered(tls_lab):
    ends = ssl.SSLContext.wrap_bio
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ends(context(), incoming, outgoing)
    with socket.create_connection((tls_lab.address, TLS_PORT), timeout=5 * SLOW) as raw:
        def pump(step, *words):
            while True:
                try:
                    return step(*words)
                except ssl.SSLWantReadError:
                    raw.sendall(outgoing.read())
                    octets = raw.recv(65536)
                    incoming.write(octets) if octets else incoming.write_eof()
        pump(tls.do_handshake)
        tls.write(framed(question("sip.example.com", rdtype=6)) * 20)
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.unwrap()  # our close_notify, right behind the queries
        raw.sendall(outgoing.read())
        raw.shutdown(socket.SHUT_WR)
        received = b""
        while octets := raw.recv(65536):
            received += octets
    assert len(received) > 20 * 60


def test_garbage_and_plain_dns_end_the_handshake(tls_lab):
    for octets in (b"\0" * 100, framed(question("sip.example.com")), b"GET / HTTP/1.1\r\n\r\n", random.Random(1).randbytes(2000)):
        with counted(tls_lab, "tcp_drops", "failed handshake"), socket.create_connection((tls_lab.address, TLS_PORT), timeout=5 * SLOW) as s:
            s.sendall(octets)
            with contextlib.suppress(ConnectionError):
                while s.recv(4096):
                    pass
    with connect(tls_lab) as s:
        assert ask_name(tls_lab, s).rcode() == 0


def test_a_handshake_that_stalls_is_dropped(tls_lab):
    hello = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context().wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
    first = hello.read()
    for octets in (b"", first[:50], first):
        with counted(tls_lab, "tcp_drops", "slow handshake"), socket.create_connection((tls_lab.address, TLS_PORT), timeout=10 * SLOW) as s:
            started = time.monotonic()
            s.sendall(octets)
            with contextlib.suppress(ConnectionError):
                while s.recv(4096):
                    pass
            assert time.monotonic() - started > 0.5


def test_an_idle_connection_ends_with_close_notify(make_lab):
    lab = with_tls(make_lab())
    lab.conf["server"]["tcp"] = {"idle": "1s"}
    lab.start()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with counted(lab, "tcp_drops", "idle"), connect(lab, ragged=False, least=version, most=version) as s:
            assert ask_name(lab, s).rcode() == 0
            assert s.recv(100) == b""  # an end without it would be an SSLEOFError


# --- certificates

def test_a_renewed_certificate_is_shown_without_a_word(make_lab):
    lab = with_tls(make_lab()).start()
    old, first = shown(lab), connect(lab)
    new = certificates.make(lab.folder, name="ns2.test", key="rsa")
    wait_for(lambda: shown(lab) == new, 15 * SLOW, "the new certificate", step=0.5)
    assert new != old and ask_name(lab, first).rcode() == 0  # what was begun goes on
    first.close()
    assert alarms(lab) == []


@pytest.mark.parametrize("how", ["watched", "reload"])
def test_a_broken_renewal_changes_nothing_and_is_told(make_lab, how):
    lab = with_tls(make_lab()).start()
    old = shown(lab)
    broken = {"cert.pem": "no certificate\n", "key.pem": ""} if how == "watched" else {"cert.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}
    for name, text in broken.items():
        lab.write_file(name, text)
    if how == "reload":
        lab.cli("reload")
        assert "the one before is still shown" in lab.last.stderr
    wait_for(lambda: any("certificate" in alarm and "the one before is still shown" in alarm for alarm in alarms(lab)), 15 * SLOW, "the alarm", step=0.5)
    lab.wait_logged("cert.pem: ")
    assert shown(lab) == old
    new = certificates.make(lab.folder, name="ns3.test")
    if how == "reload":
        lab.cli("reload")
    wait_for(lambda: shown(lab) == new, 15 * SLOW, "the new certificate", step=0.5)
    assert alarms(lab) == []


def test_a_reload_may_name_other_files_but_no_other_address(make_lab):
    lab = with_tls(make_lab()).start()
    new = certificates.make(lab.folder, name="ns4.test", files=("other.pem", "other.key"))
    lab.conf["server"]["tls"].update(certificate="other.pem", key="other.key")
    lab.write()
    lab.cli("reload")
    assert shown(lab) == new and "restart" not in lab.last.stderr
    lab.conf["server"]["tls"]["listen"] = [f"{lab.address}:8854"]
    lab.write()
    lab.cli("reload")
    assert "server.tls.listen is not what the daemon was started with: that takes a restart" in lab.last.stderr
    assert shown(lab) == new


def test_a_certificate_that_ends_soon_is_an_alarm(make_lab):
    lab = with_tls(make_lab())
    certificates.make(lab.folder, days=13)
    lab.start()
    assert [alarm for alarm in alarms(lab) if "cert.pem ends in 13 days" in alarm]
    lab.wait_logged("cert.pem ends in 13 days")
    certificates.make(lab.folder, days=16)
    wait_for(lambda: alarms(lab) == [], 15 * SLOW, "no alarm", step=0.5)
    text = lab.cli("status")
    assert f"{lab.address}:{TLS_PORT}" in text and "cert.pem, ends 2" in text


def test_the_whole_chain_is_shown_and_the_first_to_end_counts(make_lab):
    lab = with_tls(make_lab())
    certificates.make(lab.folder, name="above.test", days=5, files=("above.pem", "above.key"))
    certificates.make(lab.folder, chain=[f"{lab.folder}/above.pem"])
    lab.start()
    done = subprocess.run(["openssl", "s_client", "-showcerts", "-connect", f"{lab.address}:{TLS_PORT}"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30 * SLOW)
    assert done.stdout.count("BEGIN CERTIFICATE") == 2
    assert [alarm for alarm in alarms(lab) if "cert.pem ends in 5 days" in alarm]


@pytest.mark.parametrize("what, told", [("missing", "cert.pem: No such file or directory"), ("garbage", "cert.pem: "), ("another key", "key.pem: key values mismatch"),
                                        ("pass phrase", "key.pem: ")])
def test_a_start_and_a_check_without_a_sound_certificate_fail(make_lab, what, told):
    lab = with_tls(make_lab())
    if what == "missing":
        os.unlink(f"{lab.folder}/cert.pem")
    elif what == "garbage":
        lab.write_file("cert.pem", "garbage\n")
    elif what == "another key":
        certificates.make(lab.folder, files=("other.pem", "key.pem"))
    else:
        certificates.openssl("pkey", "-in", f"{lab.folder}/key.pem", "-aes256", "-passout", "pass:secret", "-out", f"{lab.folder}/new.pem")
        os.replace(f"{lab.folder}/new.pem", f"{lab.folder}/key.pem")
    lab.start(wait=False)
    assert lab.process.wait(20 * SLOW) == 1
    assert "server.tls: " in lab.log() and told in lab.log()
    lab.process = None
    lab.cli("check", conf=True, code=1)
    assert told in lab.last.stdout + lab.last.stderr


def test_dns_without_tls_is_untouched(tls_lab):
    assert [r.mname.to_text() for r in records(tls_lab.ask("@", "SOA", tcp=True), "SOA")] == ["ns1.sip.example.com."]
