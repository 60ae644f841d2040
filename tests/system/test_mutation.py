"""Nearly right packets, very many of them, over UDP, TCP and TLS: the daemon goes on, its memory stays as it is, and its answers are right.
./dev soak sends 100,000 under ASan."""
import os
import select
import socket
import struct

import pytest

from conftest import STATIC_ZONE
from lab import CLIENT, SLOW, Lab
from mutation import Mutations
from soak import resident_kb
from test_tls import connect, with_tls

pytestmark = pytest.mark.main

COUNT = int(os.environ.get("SIPSTEER_MUTATIONS", "20000"))  # over UDP; a fifth of it over TCP and over TLS each
ROUNDS = 5
GROWTH_KB = 8192 * (4 if SLOW > 1 else 1)  # after the first round has warmed everything up


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = with_tls(Lab(tmp_path_factory.mktemp("mutation"), ipv6=True))
    lab.conf["zones"].append({"name": "static.test.", "file": "static.zone"})
    lab.write_file("static.zone", STATIC_ZONE)
    lab.start()
    yield lab
    lab.close()


def over_udp(lab, mutations, count):
    answers = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((lab.address, lab.port))
        s.setblocking(False)
        for i in range(count):
            try:
                s.send(mutations.packet())
            except BlockingIOError:
                pass
            if i % 16 == 15:
                select.select([s], [], [], 0.05)
            while True:
                try:
                    octets = s.recv(65535)
                except BlockingIOError:
                    break
                answers += 1
                assert octets[2] & 0x80 and len(octets) >= 12 and len(octets) <= 1232
    return answers


def over_stream(lab, mutations, count, secure):
    """Some with a right length before them, some with a lying one, some with none; a connection takes up to 50."""
    answers = 0
    while count > 0:
        part, octets = min(count, 50), b""
        for _ in range(part):
            packet = mutations.packet()
            lie = mutations.rng.random()
            length = len(packet) if lie < 0.97 else mutations.rng.randrange(65536)
            octets += (struct.pack(">H", length) if lie < 0.99 else b"") + packet
        count -= part
        s = connect(lab) if secure else socket.create_connection((lab.address, lab.port), timeout=5 * SLOW)
        with s:
            try:
                s.sendall(octets)
                if not secure:
                    s.shutdown(socket.SHUT_WR)
                s.settimeout(0.2)
                while True:
                    more = s.recv(65535)
                    if not more:
                        break
                    answers += 1
            except OSError:  # TimeoutError, ConnectionError, SSLError
                pass  # closed in the middle of it, or waiting for what a lying length promised
    return answers


def still_right(lab):
    assert lab.process.poll() is None
    for via in ({}, {"tcp": True}, {"ipv6": True}):
        answer = lab.ask("alias2.static.test.", "A", **via)
        assert [rrset.name.to_text().split(".")[0] for rrset in answer.answer] == ["alias2", "alias", "www"]
        assert lab.winner(CLIENT["ashburn"], **via) == "ashburn"


@pytest.mark.timeout(900)
def test_nearly_right_packets_change_nothing(lab):
    mutations = Mutations(lab, 54)
    memory, answers = [], [0, 0, 0]
    for _ in range(ROUNDS):
        answers[0] += over_udp(lab, mutations, COUNT // ROUNDS)
        answers[1] += over_stream(lab, mutations, COUNT // ROUNDS // 5, secure=False)
        answers[2] += over_stream(lab, mutations, COUNT // ROUNDS // 5, secure=True)
        still_right(lab)
        memory.append(resident_kb(lab.process.pid))
    print(f"{COUNT} packets over UDP: {answers[0]} answers; {COUNT // 5} over TCP, {COUNT // 5} over TLS; resident {memory} kB")
    assert answers[0] > COUNT / 4 and answers[1] and answers[2]
    assert memory[-1] < memory[0] + GROWTH_KB, memory
