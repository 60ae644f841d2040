"""DNS over TCP (RFC 7766, 7828): pipelining, limits, and clients that mean no good."""
import contextlib
import os
import random
import resource
import select
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.rcode
import pytest

import certificates
from lab import SLOW, Lab, read_tcp, records, wait_for
from test_dns import opt, question
from test_tls import TLS_PORT, alarms, context, counted, counters, framed

pytestmark = pytest.mark.main

KEEPALIVE = 11
SOA = question("sip.example.com", rdtype=6)


@pytest.fixture(scope="module")
def tcp_lab(tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("tcp"), ipv6=True)
    lab.zone_text += "".join(f'big TXT "{i:0200d}"\n' for i in range(250))
    lab.start()
    yield lab
    lab.close()


@pytest.fixture
def strict_lab(make_lab):
    """Little of everything."""
    lab = make_lab()
    lab.conf["server"]["listen"] = [f"{lab.address}:{lab.port}", f"[::1]:{lab.port6}"]
    lab.conf["server"]["tcp"] = {"idle": "1s", "clients": 8, "per_client": 3}
    return lab.start()


def connect(lab, ipv6=False, source=None, timeout=5, buffer=None):
    s = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    s.settimeout(timeout * SLOW)
    if buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    if source:
        s.bind((source, 0))
    s.connect(("::1", lab.port6) if ipv6 else (lab.address, lab.port))
    return s


def ask(s, octets=SOA):
    s.sendall(framed(octets))
    return read_tcp(s)


def messages(s, count):
    """The next messages of the stream, each whole."""
    buffer, found = b"", []
    while len(found) < count:
        more = s.recv(65536)
        assert more, f"closed after {len(found)} of {count}"
        buffer += more
        while len(buffer) >= 2 and len(buffer) >= 2 + int.from_bytes(buffer[:2], "big"):
            end = 2 + int.from_bytes(buffer[:2], "big")
            found.append(buffer[2:end])
            buffer = buffer[end:]
    assert not buffer
    return found


def is_closed(s, within=10):
    """Whether the server closes it, in whatever way."""
    s.settimeout(within * SLOW)
    with contextlib.suppress(ConnectionError):
        while True:
            try:
                if not s.recv(65536):
                    break
            except TimeoutError:
                return False
    return True


# --- what a client may expect

@pytest.mark.parametrize("ipv6", [False, True])
@pytest.mark.parametrize("chunk", [1, 2, 13, 1000, 65536])
def test_fifty_pipelined_queries_get_fifty_answers(tcp_lab, chunk, ipv6):
    names = [("_sip._udp.sip.example.com", 33), ("sip.example.com", 6), ("missing.sip.example.com", 1), ("elsewhere.test", 1), ("sip.example.com", 35)]
    octets = b"".join(framed(question(*names[i % 5], ident=i)) for i in range(50))
    with connect(tcp_lab, ipv6) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(octets), chunk):
            s.sendall(octets[at:at + chunk])
        answers = messages(s, 50)
    assert [int.from_bytes(answer[:2], "big") for answer in answers] == list(range(50))
    assert [answer[3] & 15 for answer in answers[:5]] == [0, 0, dns.rcode.NXDOMAIN, dns.rcode.REFUSED, 0]


def test_a_connection_is_used_again_and_again(tcp_lab):
    with connect(tcp_lab) as s:
        for i in range(100):
            assert ask(s, question("sip.example.com", rdtype=6, ident=i))[:2] == struct.pack(">H", i)


def test_keepalive_tells_the_idle_time_and_is_ignored_over_udp(tcp_lab, strict_lab):
    for lab, tenths in ((tcp_lab, 100), (strict_lab, 10)):
        for ipv6 in (False, True):
            answer = lab.ask("@", "SOA", tcp=True, ipv6=ipv6, options=[dns.edns.GenericOption(KEEPALIVE, b"")])
            assert [o.data for o in answer.options if o.otype == KEEPALIVE] == [struct.pack(">H", tenths)]
    assert KEEPALIVE not in [o.otype for o in tcp_lab.ask("@", "SOA", tcp=True).options]
    for data in (b"", b"\0\x64"):
        answer = tcp_lab.ask("@", "SOA", options=[dns.edns.GenericOption(KEEPALIVE, data)])
        assert answer.rcode() == 0 and KEEPALIVE not in [o.otype for o in answer.options]


@pytest.mark.parametrize("data", [b"\0\x64", b"\0", bytes(7)])
def test_a_timeout_from_a_client_is_a_format_error(tcp_lab, data):
    wrong = question("sip.example.com", counts=(1, 0, 0, 1), tail=opt(options=struct.pack(">HH", KEEPALIVE, len(data)) + data))
    with connect(tcp_lab) as s:
        assert ask(s, wrong)[3] & 15 == dns.rcode.FORMERR
        assert ask(s)[3] & 15 == dns.rcode.NOERROR


def test_a_large_answer_comes_whole(tcp_lab):
    short = tcp_lab.ask("big", "TXT", payload=65535)
    assert short.flags & dns.flags.TC
    for ipv6 in (False, True):
        whole = tcp_lab.ask("big", "TXT", tcp=True, ipv6=ipv6)
        assert not whole.flags & dns.flags.TC and len(records(whole, "TXT")) == 250


@pytest.mark.parametrize("name, rdtype, count", [("big", 16, 300), ("_sip._udp", 33, 20000)])
def test_a_slow_reader_gets_all_of_it(tcp_lab, name, rdtype, count):
    query = question(f"{name}.sip.example.com", rdtype=rdtype)
    octets, got, sent = framed(query) * count, 0, 0
    with connect(tcp_lab) as s:
        owed = count * (len(ask(s, query)) + 2)
    with connect(tcp_lab, buffer=4096) as s:
        s.setblocking(False)
        end = time.monotonic() + 60 * SLOW
        while got < owed and time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                sent += s.send(octets[sent:sent + 30000]) if sent < len(octets) else 0
            with contextlib.suppress(BlockingIOError):
                got += len(s.recv(200000))
            time.sleep(0.0005)
        assert got == owed


def test_a_half_closed_client_gets_what_it_asked_for(tcp_lab):
    with connect(tcp_lab) as s:
        s.sendall(framed(SOA) * 2000)
        s.shutdown(socket.SHUT_WR)
        assert len(messages(s, 2000)) == 2000
        assert s.recv(1) == b""


# --- clients that mean no good

@pytest.mark.parametrize("octets", [b"\0\0", b"\0\1a", b"\0\x0bhello world", b"\0\0" + framed(SOA)])
def test_a_length_that_no_query_has_ends_the_connection(tcp_lab, octets):
    with counted(tcp_lab, "tcp_drops", "garbage"), connect(tcp_lab) as s:
        s.sendall(framed(SOA) + octets)
        assert len(messages(s, 1)) == 1
        assert is_closed(s)
    with connect(tcp_lab) as s:
        assert ask(s)[3] & 15 == 0


def test_a_lying_length_and_noise_hurt_nobody(tcp_lab):
    rng = random.Random(3)
    for i in range(200):
        with connect(tcp_lab) as s:
            noise = rng.randbytes(rng.randrange(1, 3000))
            with contextlib.suppress(ConnectionError):
                s.sendall(noise if i % 2 else struct.pack(">H", rng.randrange(12, 65536)) + SOA)
            if i % 5 == 0:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with connect(tcp_lab) as s:
        assert ask(s)[3] & 15 == 0


def test_silence_and_a_query_in_drops_end_after_the_idle_time(strict_lab):
    with counted(strict_lab, "tcp_drops", "idle"), connect(strict_lab) as silent, connect(strict_lab) as dripping, connect(strict_lab) as asking:
        started = time.monotonic()
        for octet in framed(SOA):
            if select.select([dripping], [], [], 0.2)[0]:
                break
            dripping.send(bytes([octet]))
            assert ask(asking)
        assert 0.9 < time.monotonic() - started < 6 * SLOW  # 31 octets of it would take longer
        assert is_closed(dripping, 1) and is_closed(silent, 1)
        assert ask(asking)  # which was never silent for so long


def test_who_never_reads_is_dropped_and_delays_nobody(make_lab):
    lab = make_lab()
    lab.zone_text += "".join(f'big TXT "{i:0200d}"\n' for i in range(250))
    lab.conf["server"]["tcp"] = {"idle": "1s"}
    lab.start()
    query = framed(question("big.sip.example.com", rdtype=16)) * 500
    with counted(lab, "tcp_drops", "not fetching answers"), contextlib.ExitStack() as stack:
        greedy = [stack.enter_context(connect(lab, buffer=4096)) for _ in range(20)]
        for s in greedy:
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                s.send(query)
        other = stack.enter_context(connect(lab))
        for _ in range(50):
            started = time.monotonic()
            assert ask(other)[3] & 15 == 0
            assert time.monotonic() - started < 2 * SLOW
        with open(f"/proc/{lab.process.pid}/status") as f:
            resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
        assert resident < 400_000 * SLOW  # KB; 20 x 500 x 50 KB were asked for
        wait_for(lambda: counters(lab)["tcp_open"] <= 1, 15 * SLOW, "the greedy dropped")


# --- limits

def test_one_client_has_no_more_than_its_places(strict_lab):
    lab = strict_lab
    other = f"{lab.net}.77"
    with contextlib.ExitStack() as stack:
        mine = [stack.enter_context(connect(lab, source=f"{lab.net}.78")) for _ in range(3)]
        assert all(ask(s) for s in mine)
        with counted(lab, "tcp_drops", "too many of one client"):
            assert is_closed(connect(lab, source=f"{lab.net}.78"))
        assert ask(stack.enter_context(connect(lab, source=other)))
        six = [stack.enter_context(connect(lab, ipv6=True)) for _ in range(3)]
        assert all(ask(s) for s in six)
        assert is_closed(connect(lab, ipv6=True))
        mine[0].close()
        wait_for(lambda: not _refused(lab, f"{lab.net}.78"), 5 * SLOW, "a place given back")


def _refused(lab, source):
    with connect(lab, source=source) as s:
        try:
            return not ask(s)
        except ConnectionError:
            return True


def test_the_longest_silent_one_goes_when_all_places_are_taken(make_lab):
    lab = make_lab()
    lab.conf["server"]["tcp"] = {"idle": "1m", "clients": 8}
    lab.start()
    with contextlib.ExitStack() as stack:
        all_places = [stack.enter_context(connect(lab)) for _ in range(8)]
        for s in all_places[1:] + all_places[:1]:  # the second is the longest silent one now
            assert ask(s)
        with counted(lab, "tcp_drops", "all places taken"):
            ninth = stack.enter_context(connect(lab))
            assert ask(ninth)
        assert is_closed(all_places[1], 5)
        assert ask(all_places[0]) and ask(all_places[2])


def test_who_only_knocks_does_not_drive_out_who_talks(make_lab):
    lab = make_lab()
    certificates.make(lab.folder)
    lab.conf["server"]["tcp"] = {"idle": "1m", "clients": 8}
    lab.conf["server"]["tls"] = {"listen": [f"{lab.address}:{TLS_PORT}"], "certificate": "cert.pem", "key": "key.pem", "handshake": "1m"}
    lab.start()
    with contextlib.ExitStack() as stack:
        talking = [stack.enter_context(connect(lab)) for _ in range(2)]
        assert all(ask(s) for s in talking)
        with counted(lab, "tcp_drops", "all places taken"):
            for _ in range(30):
                stack.enter_context(socket.create_connection((lab.address, TLS_PORT), timeout=5 * SLOW))
        wait_for(lambda: counters(lab)["tls_connections"] == 30, 5 * SLOW, "all have knocked")
        assert all(ask(s) for s in talking)
        with socket.create_connection((lab.address, TLS_PORT), timeout=5 * SLOW) as raw, context().wrap_socket(raw) as s:
            assert ask(s)


def test_without_files_the_longest_silent_one_makes_a_place(make_lab):
    lab = make_lab()
    lab.conf["server"]["tcp"] = {"idle": "1m"}
    lab.start()
    limit = len(os.listdir(f"/proc/{lab.process.pid}/fd")) + 8
    _, hard = resource.prlimit(lab.process.pid, resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(connect(lab))
        assert ask(first)
        resource.prlimit(lab.process.pid, resource.RLIMIT_NOFILE, (limit, hard))
        with counted_alone(lab, "no files left") as value:
            more = [stack.enter_context(connect(lab, timeout=15)) for _ in range(10)]
            assert ask(more[-1])
        resource.prlimit(lab.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        assert value() > 0 and is_closed(first, 5)


@contextlib.contextmanager
def counted_alone(lab, why):
    """The tool would need a file of the daemon's, too: what was counted can be read behind the block."""
    yield lambda: wait_for(lambda: counters(lab)["tcp_drops"][why], 10 * SLOW, why)


def test_full_buffers_cost_who_fills_them(make_lab):
    lab = make_lab()
    lab.zone_text += "".join(f'big TXT "{i:0200d}"\n' for i in range(250))
    lab.conf["server"]["tcp"] = {"idle": "1m", "per_client": 1000}
    lab.start()
    query = framed(question("big.sip.example.com", rdtype=16))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with counted(lab, "tcp_drops", "buffers full"), contextlib.ExitStack() as stack:
        other = stack.enter_context(connect(lab))
        for i in range(900):
            s = stack.enter_context(connect(lab, buffer=4096))
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionError):
                s.send(query * 1000)
            if i % 50 == 0:
                assert ask(other)[3] & 15 == 0
        wait_for(lambda: counters(lab)["tcp_drops"]["buffers full"] > 0, 20 * SLOW, "dropped")
        assert ask(other)[3] & 15 == 0
    with open(f"/proc/{lab.process.pid}/status") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    assert peak < 200_000 * SLOW, f"{peak} KB"


# --- addresses

def test_wildcards_answer_from_the_address_asked(make_lab):
    lab = make_lab()
    certificates.make(lab.folder)
    lab.conf["server"]["listen"] = ["0.0.0.0:0", "[::]:0"]
    lab.conf["server"]["tls"] = {"listen": ["0.0.0.0:0", "[::]:0"], "certificate": "cert.pem", "key": "key.pem"}
    lab.start()
    status = lab.cli("status", json_form=True)["status"]
    ports = [int(at.rsplit(":", 1)[1]) for at in status["listen"] + status["tls"]["listen"]]
    for host in (f"{lab.net}.{n}" for n in (1, 77, 200)):
        answer = b""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5 * SLOW)
            s.connect((host, ports[0]))  # takes what comes from there only
            s.send(SOA)
            answer = s.recv(2000)
        with socket.create_connection((host, ports[0]), timeout=5 * SLOW) as s:
            assert ask(s) == answer and s.getpeername()[0] == host
        with socket.create_connection((host, ports[2]), timeout=5 * SLOW) as raw, context().wrap_socket(raw) as s:
            assert ask(s) == answer
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.settimeout(5 * SLOW)
        s.connect(("::1", ports[1]))
        s.send(SOA)
        answer = s.recv(2000)
    with socket.create_connection(("::1", ports[1]), timeout=5 * SLOW) as s:
        assert ask(s) == answer
    with socket.create_connection(("::1", ports[3]), timeout=5 * SLOW) as raw, context().wrap_socket(raw) as s:
        assert ask(s) == answer


def test_limits_take_a_restart_and_say_so(strict_lab):
    strict_lab.conf["server"]["tcp"]["idle"] = "2s"
    strict_lab.write()
    strict_lab.cli("reload")
    assert "server.tcp is not what the daemon was started with: that takes a restart" in strict_lab.last.stderr
    assert alarms(strict_lab) == []
    assert "connections" in strict_lab.cli("status")
