#!/usr/bin/python3
"""Runs the unit test programs that ctest knows of, two at a time, and counts their cases.

usage: run.py [--counts FILE] BUILD-FOLDER [NAME-PART...]

Each program speaks TAP (cmocka does when asked); a program that crashes, hangs or tells nothing is one failure more.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

CASE = re.compile(r"^(ok|not ok) \d+(?: - (.*))?$")
SKIPPED = re.compile(r"# SKIP", re.IGNORECASE)
TIMEOUT_S = 300


def programs(folder, parts):
    text = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout
    for test in json.loads(text)["tests"]:
        if not parts or any(part in test["name"] for part in parts):
            yield test["name"], test.get("command", [])


def run(name, command):
    """(name, passed, failed, skipped, output if anything went wrong)"""
    if not command or not os.path.exists(command[0]):
        return name, 0, 1, 0, "was not built\n"
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", UBSAN_OPTIONS="print_stacktrace=1")
    try:
        # Binary-safe: a test may print anything.
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=TIMEOUT_S)
        code, output = done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        code, output = None, (late.stdout or b"").decode("utf-8", "replace") + f"\nno end after {TIMEOUT_S} s\n"
    passed = failed = skipped = 0
    for line in output.splitlines():
        case = CASE.match(line)
        if case and case[1] == "ok" and SKIPPED.search(line):
            skipped += 1
        elif case:
            passed, failed = (passed + 1, failed) if case[1] == "ok" else (passed, failed + 1)
    if code != 0 and failed == 0:
        failed = 1  # a crash, a hang, a sanitizer's finding at the end
        output += f"\nended with {code}\n"
    elif passed + failed + skipped == 0:
        failed = 1
        output += "\nran no test\n"
    return name, passed, failed, skipped, output if failed else ""


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--counts", help="file to write 'passed failed skipped' to")
    ap.add_argument("folder")
    ap.add_argument("parts", nargs="*")
    args = ap.parse_args()
    todo = list(programs(args.folder, args.parts))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda test: run(*test), todo))
    for name, passed, failed, skipped, output in done:
        print(f"{'FAIL' if failed else 'ok':4} {name}: {passed} passed" + (f", {failed} failed" if failed else "") + (f", {skipped} skipped" if skipped else ""))
        if output:
            print("".join(f"     | {line}\n" for line in output.splitlines()), end="")
    sums = [sum(column) for column in zip(*(row[1:4] for row in done))] or [0, 1, 0]
    if args.counts:
        with open(args.counts, "w") as out:
            print(*sums, file=out)
    print(f"unit: {sums[0]} passed, {sums[1]} failed" + (f", {sums[2]} skipped" if sums[2] else "") + f" in {len(done)} programs")
    return 1 if sums[1] else 0


if __name__ == "__main__":
    sys.exit(main())
