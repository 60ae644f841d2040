"""sipsteer simulate: what it prints and draws, and what it refuses."""
import json
import os
import subprocess
import xml.etree.ElementTree

import pytest

from lab import BIN

SIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../sim")
SHORT = """title = "A short one"; length = "20m"; calls = 20000; start = 13;
@include "callers.conf"
events = ( { what = "fail"; at = "5m"; for = "5m"; sites = ( "london" ); } );
"""


def simulate(*arguments, config=f"{SIM}/world.conf"):
    return subprocess.run([f"{BIN}/sipsteer", "-c", config, "simulate", *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def short(tmp_path):
    for name in ("callers.conf", "places.conf", "agents.conf"):  # an @include counts from the folder of the file that is read
        os.symlink(os.path.join(SIM, name), tmp_path / name)
    (tmp_path / "short.conf").write_text(SHORT)
    return str(tmp_path / "short.conf")


def test_all_policies_meet_the_same_calls_and_the_chart_is_well_formed(short, tmp_path):
    done = simulate(short, "--compare", "--json", "--svg", str(tmp_path / "c.svg"))
    assert done.returncode == 0 and done.stderr == ""
    results = json.loads(done.stdout)["results"]
    assert [result["policy"] for result in results] == ["sipsteer", "nearest", "static", "least-loaded", "shedding"]
    assert len({result["calls"] for result in results}) == 1
    assert all(result["to_dead"] > 0 for result in results)
    root = xml.etree.ElementTree.parse(tmp_path / "c.svg").getroot()
    lines = [line for line in root.iter("{http://www.w3.org/2000/svg}polyline") if line.get("class").startswith("p ")]
    assert len(lines) == 12 * 5


def test_the_table_is_for_people_and_a_seed_repeats_it(short):
    one, two, other = simulate(short), simulate(short, "--seed", "1"), simulate(short, "--seed", "2", "--policy", "nearest")
    assert one.returncode == two.returncode == other.returncode == 0
    assert one.stdout == two.stdout != other.stdout
    assert one.stdout.startswith("A short one\n") and "SWINGS" in one.stdout and "\nsipsteer " in one.stdout
    assert "\nnearest " in other.stdout


@pytest.mark.parametrize("arguments, message", [
    ([], "a scenario is needed"),
    (["a", "b"], "too many arguments"),
    (["--policy", "best", "a"], "--policy is one of"),
    (["--policy", "static", "--compare", "a"], "exclude each other"),
    (["--seed", "-1", "a"], "--seed takes a whole number"),
])
def test_wrong_usage_says_so(arguments, message):
    done = simulate(*arguments)
    assert done.returncode == 2 and message in done.stderr and done.stdout == ""


def test_an_unsound_scenario_or_configuration_is_told_with_its_place(tmp_path):
    wrong = tmp_path / "wrong.conf"
    wrong.write_text('title = "t"; calls = 5; places = ( { name = "a"; network = "10.200.0.0/18"; share = 1; } );\n'
                     'resolvers = ( { name = "r"; share = 1; } ); agents = ( { name = "g"; share = 1; } );\n')
    done = simulate(str(wrong))
    assert done.returncode == 1 and 'the geo data does not know where "a" is' in done.stderr
    wrong.write_text('title = "t";\nevents = ( { what = "fail"; at = 5; sites = ( "lundon" ); } );\n')
    done = simulate(str(wrong))
    assert done.returncode == 1 and f'{wrong}:2: events[0].sites[0]: "lundon": no such site, did you mean "london"?' in done.stderr
    done = simulate(str(wrong), config=str(tmp_path / "none.conf"))
    assert done.returncode == 1 and "none.conf" in done.stderr


def test_a_chart_that_cannot_be_written_is_an_error(short):
    done = simulate(short, "--svg", "/nonexistent/c.svg")
    assert done.returncode == 1 and "/nonexistent/c.svg: No such file or directory" in done.stderr
