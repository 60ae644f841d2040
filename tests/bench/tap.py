#!/usr/bin/python3
"""What dnstap and the query log cost the worker that answers: off, on for one of 100 queries, on for each.

usage: tap.py [--rounds N] [--seconds S] [--bin FOLDER] [--before SIPSTEERD]

One sipsteerd for each way stands on core 0 and is asked in turn from core 1, as run.py does; --before is one from before there was any of this.
A figure is the processor time of the worker's own thread for an answer, as the median over the rounds of its ratio to the first way's in the same round, and
what was lost of the queries that were to be shown. The threads that write have a lower priority and the same core: what they lose is what a machine without
a spare core loses.
"""
import argparse
import json
import os
import socket
import statistics
import sys

import run

WAYS = {"off": "", "log 1/100": 'query_log = { file = "q.log"; sample = 100; };', "log 1/1": 'query_log = { file = "q.log"; };',
        "dnstap 1/100": 'dnstap = { file = "t.dnstap"; sample = 100; };', "dnstap 1/1": 'dnstap = { file = "t.dnstap"; };'}
QUERIES = ("static", "geo_srv")


def worker_ns(pid):
    """The processor time of its busiest thread of ordinary priority."""
    most = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat") as f:
            nice = int(f.read().rsplit(")", 1)[1].split()[16])
        with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
            most = max(most, int(f.read().split()[0]) if nice == 0 else 0)
    return most


def ask(control, command):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(control)
        s.sendall(json.dumps({"command": command}).encode() + b"\n")
        return json.loads(s.makefile().readline())[command]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=7)
    ap.add_argument("--seconds", type=float, default=1)
    ap.add_argument("--bin", default=os.path.join(run.ROOT, "build", "bin"))
    ap.add_argument("--before", help="an older sipsteerd, to compare with")
    args = ap.parse_args()
    folder = os.path.join(os.path.dirname(args.bin), "bench")
    database, queries, load = run.made_database(f"{folder}/city.mmdb"), run.query_files(f"{folder}/queries"), f"{args.bin}/bench-load"
    ways = {**({"before": ""} if args.before else {}), **WAYS}
    running, seen, port = {}, {}, 5340
    try:
        for name, group in ways.items():
            at = os.path.join(folder, "tap", name.replace("/", " of "))
            os.makedirs(at, exist_ok=True)
            command, port = run.sipsteerd(at, database, args.before if name == "before" else f"{args.bin}/sipsteerd", port + 1)
            with open(f"{at}/sipsteer.conf", "a") as f:
                f.write(group + "\n")
            running[name] = (run.start(name.replace("/", " of "), command, port, folder, load, queries["static"]), port, at)
        for number in range(args.rounds):
            for kind in QUERIES:
                row = {}
                for name, (process, at_port, _) in running.items():
                    before = worker_ns(process.pid)
                    done = run.measure(load, at_port, queries[kind], process.pid, args.seconds)
                    row[name] = (worker_ns(process.pid) - before) / 1000 / (done["qps"] * args.seconds), done["qps"]
                for name, (us, qps) in row.items():
                    seen.setdefault((kind, name), []).append((us, us / next(iter(row.values()))[0], qps))
            print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        print(f"{'queries':8} {'way':14} {'worker us/answer':>17} {'ratio':>6} {'answers/s':>10}")
        for (kind, name), rows in seen.items():
            us, ratio, qps = (statistics.median(row[i] for row in rows) for i in range(3))
            print(f"{kind:8} {name:14} {us:17.3f} {ratio:6.3f} {qps:10.0f}")
        for name, (_, _, at) in running.items():
            for key in ("dnstap", "query_log") if name in WAYS else ():
                told = ask(f"{at}/control.sock", "status").get(key)
                if told:
                    print(f"{name}: {told['written']} shown, {told['lost_crowded']} lost for want of time, {told['lost_failed']} for want of a target")
    finally:
        for process, *_ in running.values():
            process.terminate()
        for process, *_ in running.values():
            process.wait()


if __name__ == "__main__":
    main()
