#!/usr/bin/python3
"""Plays the scenarios beside this file under all policies, and prints the comparison as Markdown or writes it into docs/steering.md."""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("SIPSTEER_BIN", os.path.join(HERE, "../../build/bin"))
PAGE = os.path.join(HERE, "../../docs/steering.md")
POLICIES = ["sipsteer", "static", "least-loaded", "shedding", "nearest"]
# In the order of the page.
SCENARIOS = ["regional-failure", "thundering-return", "brown-out", "flapping", "stale-reports", "carrier", "growth"]


def play(name, *options, config="world.conf"):
    """The figures of a scenario, by policy."""
    command = [f"{BIN}/sipsteer", "-c", os.path.join(HERE, config), "simulate", os.path.join(HERE, f"{name}.conf"), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def play_all(names, svg=None):
    def one(name):
        return play(name, "--compare", *(["--svg", os.path.join(svg, f"{name}.svg")] if svg else []))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(one, names)))


def rows(played):
    """The table's rows for one scenario."""
    results = {result["policy"]: result for result in played["results"]}
    for policy in POLICIES:
        figures = results[policy]
        swings = "sustained" if figures["sustained_swing"] else str(figures["swings"])
        settled = "no" if figures["settled_minutes"] < 0 else f"{figures['settled_minutes']:.0f} min"
        yield [policy, str(figures["to_dead"]), str(figures["to_full"]), f"{figures['bad_percent']:.2f} %", str(figures["lost"]),
               f"{figures['mean_extra_km']:.0f} km", f"{figures['p99_extra_km']:.0f} km", f"{figures['moved_percent']:.1f} %",
               f"{figures['peak_percent']:.0f} %", settled, swings]


HEADINGS = ["policy", "to dead", "to full", "bad", "lost", "extra", "99th pct.", "moved/min", "peak", "settled", "swings"]


def line(cells):
    return "| " + " | ".join(cells) + " |"


def table(played):
    """The whole comparison."""
    text = []
    for name, one in played.items():
        text += [f"**{one['title']}** (`{name}`, {one['results'][0]['calls']} calls)", "", line(HEADINGS), line(["---"] + ["--:"] * 10)]
        text += [line(cells) for cells in rows(one)] + [""]
    return "\n".join(text)


def write(text):
    """Puts the comparison into its place on the page."""
    with open(PAGE) as page:
        before = page.read()
    after = re.sub(r"(<!-- comparison -->\n).*?(?=<!-- end of the comparison -->)", lambda match: match[1] + "\n" + text + "\n", before, flags=re.DOTALL)
    assert after != before or text in before, "the page has no place for it"
    with open(PAGE, "w") as page:
        page.write(after)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--svg", metavar="FOLDER", help="draw each into FOLDER/SCENARIO.svg")
    parser.add_argument("--write", action="store_true", help="write it into docs/steering.md")
    parser.add_argument("scenarios", nargs="*", default=SCENARIOS)
    arguments = parser.parse_args()
    if arguments.svg:
        os.makedirs(arguments.svg, exist_ok=True)
    comparison = table(play_all(arguments.scenarios, arguments.svg))
    if arguments.write:
        write(comparison)
    else:
        print(comparison)
