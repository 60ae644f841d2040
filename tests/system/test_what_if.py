"""What if sites fail, are drained or can take more: predicted, with and without a daemon; and what cannot be predicted."""
import json

import pytest

from lab import CLIENT, Lab, wait_for

CAPACITY = {"london": 300, "ashburn": 200, "singapore": 100}


def make(folder):
    lab = Lab(folder)
    for site in lab.conf["sites"]:
        site["capacity"] = CAPACITY[site["name"]]
    return lab


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A lab whose sites have capacities; nobody has asked it anything."""
    lab = make(tmp_path_factory.mktemp("whatif")).start()
    yield lab
    lab.close()


def told(lab, *words, code=0, conf=False):
    return lab.cli("what-if", *words, code=code, json_form=True, conf=conf)["what_if"]


def then(answer):
    return {site["site"]: round(site["then"]["calls"]) for site in answer["sites"]}


@pytest.mark.parametrize("conf", [False, True], ids=["daemon", "files"])
def test_the_nearest_with_room_take_what_a_failing_site_had(loaded, conf):
    answer = told(loaded, "fail", "london", "--calls", "150", conf=conf)
    assert then(answer) == {"london": 0, "ashburn": 100, "singapore": 50}
    assert answer["holds"] and answer["moved_percent"] == pytest.approx(33.3, abs=0.1)
    assert [(move["from"], move["to"]) for move in answer["moves"]] == [("london", "ashburn")]
    assert answer["farther_km"] == pytest.approx(5917, abs=10) and answer["calls_by"] == "given"


def test_what_the_nearest_has_no_room_for_goes_farther(loaded):
    answer = told(loaded, "fail", "london", "--calls", "210")
    calls = then(answer)
    assert answer["holds"] and calls["london"] == 0 and calls["ashburn"] == pytest.approx(140, abs=8) and sum(calls.values()) == 210
    answer = told(loaded, "fail", "london", "--calls", "240")
    assert answer["holds"] and max(then(answer).values()) <= 162  # 160 is ashburn's target


def test_exit_1_when_a_site_would_be_past_its_max(loaded):
    answer = told(loaded, "fail", "london", code=1)
    assert not answer["holds"] and answer["calls_by"] == "targets" and answer["calls"] == 480
    assert {site["site"]: site["then"]["level"] for site in answer["sites"]} == {"london": "room", "ashburn": "past max", "singapore": "past max"}
    assert "It does not hold" in loaded.cli("what-if", "fail", "london", code=1)


def test_a_drained_site_gets_nobody_new_and_more_capacity_brings_them_back(loaded):
    assert then(told(loaded, "drain", "singapore", "--calls", "150")) == {"london": 100, "ashburn": 50, "singapore": 0}
    tight = told(loaded, "nothing", "--calls", "480")
    wide = told(loaded, "capacity", "singapore=500", "--calls", "480")
    assert then(tight)["singapore"] == pytest.approx(80, abs=2) and then(wide)["singapore"] == pytest.approx(160, abs=2)


def test_each_site_fails_in_turn_the_worst_first(loaded):
    reply = loaded.cli("what-if", "each", code=1, json_form=True)
    assert [(one["site"], one["holds"]) for one in reply["each"]] == [("london", False), ("ashburn", False), ("singapore", True)]
    assert loaded.cli("what-if", "each", "--calls", "100", conf=True).splitlines()[-1] == "N+1 holds: the rest can take the calls of any one of 3 sites."
    assert "N+1 does not hold: sites without which the rest would be past its max: 2." in loaded.cli("what-if", "each", code=1)


def test_where_all_fail_callers_find_no_site_whatever_is_answered(loaded):
    answer = told(loaded, "fail", "london", "ashburn", "singapore", "--calls", "60", code=1)
    assert not answer["holds"] and answer["calls_without_site"] == pytest.approx(60)


@pytest.mark.parametrize("words, code, said", [
    (["fail", "londno"], 1, 'did you mean "london"?'),
    (["fail", "london", "london"], 1, "site london is there twice"),
    (["capacity", "london"], 1, "SITE=CALLS was expected"),
    (["capacity", "london=many"], 1, "SITE=CALLS was expected"),
    (["capacity", "london=0"], 1, "ask what-if fail"),
    (["fail"], 2, "a site is missing"),
    (["each", "london"], 2, "it takes no sites"),
    (["explode", "london"], 2, "was expected"),
    ([], 2, "was expected"),
    (["fail", "london", "--calls", "0"], 2, "--calls takes a number"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_what_makes_no_sense_is_refused_with_and_without_a_daemon(loaded, words, code, said):
    for conf in (False, True):
        loaded.cli("what-if", *words, code=code, conf=conf)
        assert said in loaded.last.stderr


def test_without_any_capacity_nothing_can_be_said(make_lab):
    lab = make_lab().start()
    lab.cli("what-if", "fail", "london", code=1)
    assert "no site has a capacity" in lab.last.stderr
    lab.cli("what-if", "each", code=1, conf=True)
    assert "no site has a capacity" in lab.last.stderr


def test_asking_changes_nothing_and_orders_count(tmp_path):
    lab = make(tmp_path).start()
    try:
        lab.cli("drain", "ashburn")
        answer = told(lab, "fail", "london", "--calls", "30")
        assert then(answer) == {"london": 0, "ashburn": 0, "singapore": 30}
        assert lab.winner(CLIENT["london"]) == "london"
        assert told(lab, "nothing", "--calls", "30", conf=True)["sites"][1]["then"]["calls"] == 0  # the saved order holds of files, too
    finally:
        lab.close()


def test_an_unsound_file_is_told(loaded):
    loaded.write_file("broken.conf", "sites = ( { name = 5; } );\n")
    done = loaded.run_alone("what-if", "-c", f"{loaded.folder}/broken.conf", "fail", "london", "--json")
    assert done.returncode == 1 and not json.loads(done.stdout)["ok"] and json.loads(done.stdout)["findings"]


def test_measured_load_and_demand_say_how_many_calls_there_are(tmp_path):
    lab = make(tmp_path)
    lab.conf["loads"] = {"told": {"type": "push", "interval": "30s"}}
    lab.conf["balance"] = {"interval": "1s"}
    for site in lab.conf["sites"]:
        site["load"] = ["told"]
    lab.start()
    try:
        for number in range(3000):  # some of them are counted
            lab.ask("_sip._udp", "SRV", CLIENT["london" if number % 3 else "ashburn"])
        for site, calls in (("london", 100), ("ashburn", 50), ("singapore", 0)):
            lab.cli("push-load", site, str(calls), "--for", "5m")
        answer = wait_for(lambda: (lambda now: now["calls_by"] == "measured" and now)(told(lab, "fail", "london", code=None)), 30, "measured calls")
        assert answer["weighed_by"] == "demand"
        assert {site["site"]: site["now"].get("measured_calls") for site in answer["sites"]} == {"london": 100, "ashburn": 50, "singapore": 0}
        calls = then(answer)
        assert answer["calls"] > 0 and calls["london"] == 0 and sum(calls.values()) == pytest.approx(answer["calls"], rel=0.02)
        assert "as load and demand are measured" in lab.cli("what-if", "fail", "london", code=None)
        assert told(lab, "fail", "london", "--calls", "90")["calls"] == pytest.approx(90)
        lab.cli("drain", "london")  # acts at once, and warns when that comes to too much
        assert "warning" not in lab.last.stderr
        lab.cli("drain", "ashburn")
        assert "warning: singapore comes to 1" in lab.last.stderr and "(max 100 %)" in lab.last.stderr
    finally:
        lab.close()
