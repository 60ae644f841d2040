#!/usr/bin/python3
"""What real resolvers see of a flood of twice what one worker can answer.

usage: flood.py [--rounds N] [--seconds S] [--times T] [--burden N] [--bin FOLDER] [--other PROGRAM]

Each round: what a worker on core 0 answers at most (bench-load on core 1, a window of queries always in flight), then a flood of T times that
(bench-flood): half of it random names below the zone from 300 sources, half real names from forged sources that come once each; and six resolvers
that together ask 500 queries a second, every second of them with cookies, known for four seconds before the flood. The limits are the default ones.
--other is another sipsteerd to compare with, in the same rounds. --burden: so many programs that only count run beside the worker on its core, where one core
cannot send T times what another one answers.

A row tells the flood that was really sent (as a multiple of what can be answered), how many of the resolvers' questions were answered within
800 ms, how long they waited, and what a packet cost the worker that it answered and that it only received.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

import run


def cpu_us(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e3


def counters(bin, folder):
    """Packets received, and answers."""
    text = subprocess.run([f"{bin}/sipsteer", "-s", f"{folder}/control.sock", "status"], capture_output=True, text=True).stdout
    queries, unanswered = (int(n) for n in re.search(r"queries +(\d+) over UDP \((\d+) not", text).groups())
    return queries, queries - unanswered


def one(name, program, port, folder, queries, args):
    command, _ = run.sipsteerd(f"{folder}/{name}", f"{folder}/city.mmdb", program)
    path = f"{folder}/{name}/sipsteer.conf"
    with open(path) as f:
        text = f.read().replace('/state"; };', '/state"; rate_limit = { allow = [ ]; }; };', 1).replace(":5330", f":{port}")
    run.write(path, text)
    burden = [subprocess.Popen(run.pinned(0) + [sys.executable, "-c", "while True: pass"]) for _ in range(args.burden)]
    process = run.start(name, command, port, folder, f"{args.bin}/bench-load", queries["static"])
    try:
        most = run.measure(f"{args.bin}/bench-load", port, queries["static"], process.pid, 2)
        cpu, seen = cpu_us(process.pid), counters(args.bin, f"{folder}/{name}")
        done = subprocess.run(run.pinned(1) + [f"{args.bin}/bench-flood", f"127.0.0.1:{port}", run.ZONE, queries["static"], str(args.seconds), "4",
                                               str(most["qps"] * args.times), "6", "500"], capture_output=True, text=True, check=True)
        cpu, now = cpu_us(process.pid) - cpu, counters(args.bin, f"{folder}/{name}")
    finally:
        for each in (process, *burden):
            each.terminate()
            each.wait()
    row = {key: float(value) for key, value in (part.split("=") for part in done.stdout.split())}
    received, answered = now[0] - seen[0], now[1] - seen[1]
    dropped = received - answered
    return dict(row, most_qps=most["qps"], times=row["flood_qps"] / most["qps"], answer_us=most["cpu_us"], received=received, answered=answered,
                drop_us=(cpu - answered * most["cpu_us"]) / dropped if dropped > received / 4 else float("nan"))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--seconds", type=float, default=10)
    ap.add_argument("--times", type=float, default=2)
    ap.add_argument("--burden", type=int, default=0)
    ap.add_argument("--bin", default=os.path.join(run.ROOT, "build", "bin"))
    ap.add_argument("--other")
    args = ap.parse_args()
    folder = os.path.join(os.path.dirname(args.bin), "bench", "flood")
    run.made_database(f"{folder}/city.mmdb")
    queries = run.query_files(f"{folder}/queries")
    programs = {"sipsteerd": f"{args.bin}/sipsteerd", **({"other": args.other} if args.other else {})}
    seen = {name: [] for name in programs}
    for number in range(args.rounds):
        for i, (name, program) in enumerate(programs.items()):
            seen[name].append(one(name, program, 5340 + i, folder, queries, args))
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
    print(f"{'server':10} {'at most/s':>10} {'flood/s':>9} {'times':>6} {'real answered %':>20} {'no cookie':>10} {'cookie':>7} {'mean ms':>8} {'longest':>8} {'us an answer':>13} {'us a drop':>10}")
    for name, rows in seen.items():
        at = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        least, most = (f(row["real_answered"] for row in rows) for f in (min, max))
        print(f"{name:10} {at['most_qps']:10.0f} {at['flood_qps']:9.0f} {at['times']:6.2f} {at['real_answered']:7.2f} ({least:.1f}-{most:.1f}) {at['without_cookie']:10.2f} "
              f"{at['with_cookie']:7.2f} {at['mean_ms']:8.1f} {max(row['longest_ms'] for row in rows):8.0f} {at['answer_us']:13.2f} {at['drop_us']:10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
