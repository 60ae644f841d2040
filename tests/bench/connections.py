#!/usr/bin/python3
"""What idle connections cost sipsteerd in memory and UDP queries in time, and how long a TCP query waits while TLS handshakes come in.

usage: connections.py [--count N] [--rounds N] [--rate HANDSHAKES-A-SECOND]

Two daemons run with the same zone: one without connections, one that holds N of them. In each round both are asked the same over UDP, one after the
other; the figure is the median over the rounds of the processor time for an answer. Needs the programs of `./dev build` and bench-load.
"""
import argparse
import multiprocessing
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import test_tcp  # noqa: E402
import test_tls  # noqa: E402
from lab import BIN, Lab  # noqa: E402


def resident_kb(lab):
    with open(f"/proc/{lab.process.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def start(folder, name, count):
    os.mkdir(f"{folder}/{name}")
    lab = test_tls.with_tls(Lab(f"{folder}/{name}"))
    lab.conf["server"]["tcp"] = {"idle": "1h", "clients": count + 100, "per_client": count + 100}
    return lab.start()


def udp_cost(lab, queries, seconds):
    done = subprocess.run([f"{BIN}/bench-load", f"{lab.address}:{lab.port}", queries, str(seconds), "4", "32", str(lab.process.pid)],
                          capture_output=True, text=True, timeout=60, check=True)
    return dict(pair.split("=") for pair in done.stdout.split())


def hold(lab, count, tls):
    """That many connections, each of which has asked once."""
    ctx, held = test_tls.context(), []
    for i in range(count):
        s = socket.create_connection((lab.address, test_tls.TLS_PORT if tls else lab.port), timeout=30, source_address=(f"{lab.net}.{i // 5000 + 1}", 0))
        held.append(ctx.wrap_socket(s) if tls else s)
        assert test_tcp.ask(held[-1])
    return held


def idle(folder, count, rounds, tls):
    alone, full = start(folder, f"alone{tls:d}", count), start(folder, f"full{tls:d}", count)
    queries = f"{folder}/queries"
    with open(queries, "w") as f:
        f.write("_sip._udp.sip.example.com 33 10.1.2.0/24\nsip.example.com 1 10.2.2.0/24\n")
    try:
        before, started = resident_kb(full), time.monotonic()
        held = hold(full, count, tls)
        print(f"{count} idle {'TLS' if tls else 'TCP'} connections, made in {time.monotonic() - started:.1f} s: {before / 1024:.1f} MB resident before, "
              f"{resident_kb(full) / 1024:.1f} MB with them, {(resident_kb(full) - before) / count:.1f} KB each", flush=True)
        costs = {lab: [] for lab in (alone, full)}
        for i in range(rounds):
            for lab in ((alone, full) if i % 2 else (full, alone)):
                costs[lab].append(float(udp_cost(lab, queries, 1.5)["cpu_us"]))
        ratio = statistics.median(b / a for a, b in zip(costs[alone], costs[full]))
        print(f"  UDP: {statistics.median(costs[alone]):.2f} us an answer without them, {statistics.median(costs[full]):.2f} us with; "
              f"ratio in the same round {ratio:.3f}", flush=True)
        for s in held:
            s.close()
    finally:
        alone.close()
        full.close()


def shake_hands(address, rate, seconds, done):
    ctx, end, next_at = test_tls.context(), time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        with ctx.wrap_socket(socket.create_connection((address, test_tls.TLS_PORT), timeout=10)):
            done.value += 1
        next_at += 1 / rate
        time.sleep(max(0, next_at - time.monotonic()))


def latencies(lab, seconds):
    found, end = [], time.monotonic() + seconds
    with test_tcp.connect(lab) as s:
        while time.monotonic() < end:
            started = time.monotonic()
            test_tcp.ask(s)
            found.append((time.monotonic() - started) * 1e3)
            time.sleep(0.005)
    return sorted(found)


def describe(found):
    return f"{statistics.median(found):.2f} ms median, {found[int(len(found) * 0.99)]:.2f} ms at 99 %, {found[-1]:.2f} ms at most"


def storm(folder, rate, key):
    lab, seconds, workers = start(folder, f"storm-{key}", 1000), 6, 4
    test_tls.certificates.make(lab.folder, key=key)
    lab.cli("reload")
    try:
        print(f"a TCP query, {key} certificate: {describe(latencies(lab, 3))} in peace", flush=True)
        counts = [multiprocessing.Value("i", 0) for _ in range(workers)]
        crowd = [multiprocessing.Process(target=shake_hands, args=(lab.address, rate / workers, seconds, count)) for count in counts]
        for process in crowd:
            process.start()
        time.sleep(0.5)
        found = latencies(lab, seconds - 1)
        for process in crowd:
            process.join()
        print(f"  {describe(found)} while {sum(count.value for count in counts) / seconds:.0f} handshakes a second come in", flush=True)
    finally:
        lab.close()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--count", type=int, default=10000)
    ap.add_argument("--rounds", type=int, default=7)
    ap.add_argument("--rate", type=int, default=500)
    args = ap.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        for tls in (False, True):
            idle(folder, args.count, args.rounds, tls)
        for key in ("ec", "rsa"):
            storm(folder, args.rate, key)


if __name__ == "__main__":
    main()
