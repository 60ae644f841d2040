#!/usr/bin/python3
"""Runs the checks of this folder on the tree, after proving on small broken trees that each of them can fail.

usage: run.py [--counts FILE] [--root FOLDER] [CHECK...]
"""
import argparse
import os
import statistics
import sys

import code_checks
import docs
import headers
import layers
import selftest
import source

CHECKS = {check.__name__: check for module in (layers, headers, code_checks, docs) for check in module.CHECKS}


def run(check, root):
    """(the findings, or None with the reason why the check was skipped)"""
    try:
        return list(check(root)), ""
    except NotImplementedError as reason:
        return None, str(reason)


def sizes(root):
    """One line that tells how large functions are."""
    lines = sorted(n for path in source.files(root, ".c", under=["src"]) for _, _, n in code_checks.functions(source.read(root, path)))
    if not lines:
        return "no function yet"
    return f"{len(lines)} functions: median {statistics.median(lines):.0f} lines, 95th percentile {lines[int(len(lines) * 0.95)]}, longest {lines[-1]}"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--counts", help="file to write 'passed failed skipped' to")
    ap.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    ap.add_argument("checks", nargs="*", metavar="CHECK", help="of: " + ", ".join(CHECKS))
    args = ap.parse_args()
    passed = failed = skipped = 0
    for name in args.checks or CHECKS:
        blind = selftest.blind_spots(name, CHECKS[name])
        for spot in blind:
            print(f"FAIL {name} (its own test): {spot}")
        findings, reason = run(CHECKS[name], args.root)
        if findings is None:
            print(f"skip {name}: {reason}")
        elif findings:
            print(f"FAIL {name}: {CHECKS[name].__doc__.splitlines()[0]}")
            print("".join(f"     | {finding}\n" for finding in findings), end="")
        else:
            print(f"ok   {name}")
        passed += (findings == []) + (not blind)
        failed += bool(findings) + bool(blind)
        skipped += findings is None
    print(f"lint: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "") + f"; {sizes(args.root)}")
    if args.counts:
        with open(args.counts, "w") as out:
            print(passed, failed, skipped, file=out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
