#!/usr/bin/python3
"""What 10,000 SIP OPTIONS checks cost and how punctual they are, while the server answers a load generator at full speed.

usage: probe_scale.py [--checks N] [--interval MS] [--seconds S] [--bin FOLDER]

The responder is this program: one UDP socket for all endpoints' checks, whose arrivals are counted by the kernel's own time stamps in steps of 100 ms.
sipsteerd is left to the scheduler; the load generator (bench-load) runs beside it all the time. Needs S + 75 seconds, as lateness is told of the last minute.
"""
import argparse
import json
import multiprocessing
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

import run

SO_TIMESTAMPNS = 35
STEP_NS = 100_000_000
COPIED = re.compile(rb"^(?:via|v|from|f|to|t|call-id|i|cseq)\s*:.*\r\n", re.IGNORECASE | re.MULTILINE)
TO = re.compile(rb"^((?:to|t)\s*:.*)\r\n", re.IGNORECASE | re.MULTILINE)


def respond(s, pipe):
    """Answers until told to stop; then tells the arrivals by step."""
    arrivals = {}
    s.settimeout(0.2)
    while not pipe.poll():
        try:
            for _ in range(1000):
                request, extra, _, peer = s.recvmsg(4096, 64)
                seconds, ns = struct.unpack("qq", extra[0][2][:16])
                step = (seconds * 1_000_000_000 + ns) // STEP_NS
                arrivals[step] = arrivals.get(step, 0) + 1
                headers = TO.sub(rb"\1;tag=scale\r\n", b"".join(COPIED.findall(request)))
                s.sendto(b"SIP/2.0 200 OK\r\n" + headers + b"Content-Length: 0\r\n\r\n", peer)
        except TimeoutError:
            pass
    pipe.send(arrivals)


def configure(folder, args, port, sip_port):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/state")
    rows = run.zone_rows() + ["@ 30 A 127.0.0.1"] + [f"e{i} 30 A 127.0.0.1" for i in range(args.checks)]
    run.write(f"{folder}/zone", f"$ORIGIN {run.ZONE}.\n" + "\n".join(rows) + "\n")
    sites = []
    for i in range(100):
        hosts = ", ".join(f'{{ host = "e{k}.{run.ZONE}."; tier = 1; weight = 100; probes = [ "options" ]; }}' for k in range(i, args.checks, 100))
        sites.append(f'{{ name = "s{i}"; location = ( {i % 60}.0, {i}.0 ); endpoints = ( {hosts} ); }}')
    names = ", ".join(f'"s{i}"' for i in range(100))
    run.write(f"{folder}/sipsteer.conf", f"""server = {{ listen = [ "127.0.0.1:{port}" ]; workers = 1; control = "{folder}/control.sock"; state = "{folder}/state"; rate_limit = {{ allow = [ "127.0.0.0/8" ]; }}; }};
zones = ( {{ name = "{run.ZONE}."; file = "zone"; }} );
probes = {{ options = {{ type = "sip"; transport = "udp"; port = {sip_port}; interval = "{args.interval}ms"; timeout = "1s"; }}; }};
sites = ( {", ".join(sites)} );
services = ( {{ name = "{run.ZONE}."; policy = "nearest"; sites = [ {names} ]; targets = 4; ttl = "30s"; }} );
""")


def status(args, folder):
    text = subprocess.run([f"{args.bin}/sipsteer", "-s", f"{folder}/control.sock", "status", "--json"], capture_output=True, text=True).stdout
    return json.loads(text)["status"]


def thread_cpu_s(pid, name):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as comm, open(f"/proc/{pid}/task/{task}/schedstat") as f:
            if comm.read().strip() == name:
                return int(f.read().split()[0]) / 1e9
    sys.exit(f"sipsteerd has no thread {name}")


def measure(args, folder, port, queries, process, pipe):
    load = [f"{args.bin}/bench-load", f"127.0.0.1:{port}", queries, str(args.seconds + 70), "8", "64", str(process.pid)]
    loader = subprocess.Popen(load, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(65)  # the opening burst and the start are out of the minute's figures
        cpu, began_ns = thread_cpu_s(process.pid, "probe"), time.time_ns()
        time.sleep(args.seconds)
        cpu, ended_ns = thread_cpu_s(process.pid, "probe") - cpu, time.time_ns()
        seen = status(args, folder)
        answered = dict(part.split("=") for part in loader.communicate()[0].split())
    finally:
        loader.kill()
        loader.wait()
    pipe.send("stop")
    arrivals = pipe.recv()
    steps = [arrivals.get(step, 0) for step in range(began_ns // STEP_NS + 1, ended_ns // STEP_NS)]
    return cpu / args.seconds, steps, seen, answered


def report(args, cpu, steps, seen, answered):
    mean, probes = sum(steps) / len(steps), seen["probes"]
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {answered['qps']} queries a second answered beside")
    print(f"endpoints up {seen['endpoints']['up']} of {args.checks}; {mean * 10:.0f} probes a second")
    print(f"engine's thread {100 * cpu:.1f} % of a core; busiest 100 ms {max(steps) / mean:.2f} times the mean")
    print(f"late p99 {probes['late_p99_ms']} ms, at most {probes['late_max_ms']} ms; behind: {probes['behind']}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--checks", type=int, default=10000)
    ap.add_argument("--interval", type=int, default=2000)
    ap.add_argument("--seconds", type=int, default=30)
    ap.add_argument("--bin", default=os.path.join(run.ROOT, "build", "bin"))
    args = ap.parse_args()
    folder = os.path.join(os.path.dirname(args.bin), "bench", "probe_scale")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.bind(("127.0.0.1", 0))
    configure(folder, args, 5350, s.getsockname()[1])
    queries = run.query_files(f"{folder}/queries")["static"]
    pipe, theirs = multiprocessing.Pipe()
    responder = multiprocessing.Process(target=respond, args=(s, theirs), daemon=True)
    responder.start()
    with open(f"{folder}/log", "w") as log:
        process = subprocess.Popen([f"{args.bin}/sipsteerd", "-c", f"{folder}/sipsteer.conf"], stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            if run.answers(f"{args.bin}/bench-load", 5350, queries, process.pid):
                break
            if process.poll() is not None:
                sys.exit("sipsteerd does not start:\n" + open(f"{folder}/log").read())
            time.sleep(0.1)
        report(args, *measure(args, folder, 5350, queries, process, pipe))
    finally:
        process.terminate()
        process.wait()
        responder.kill()
        responder.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
