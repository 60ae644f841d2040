"""Orders and the disk: what is on it is what was ordered, whatever the disk does and whatever was on it before."""
import json
import os
import signal

import pytest

from lab import CLIENT, SLOW, wait_for


def saved(lab):
    with open(f"{lab.folder}/state/overrides.json") as f:
        return [(order["order"], order["target"]) for order in json.load(f)["overrides"]]


def alarms(lab):
    return str(lab.cli("status", code=None, json_form=True)["status"]["alarms"])


def hang(lab):
    """A disk that hangs: to open a pipe waits for somebody to read it."""
    os.mkfifo(f"{lab.folder}/state/overrides.json.new")


def let_go(lab):
    """The write that hangs fails, and the next finds an ordinary disk."""
    os.close(os.open(f"{lab.folder}/state/overrides.json.new", os.O_RDONLY | os.O_NONBLOCK))


def test_orders_that_could_not_be_written_are_written_later(lab):
    """What else is written in the meantime says nothing about them."""
    blocked = f"{lab.folder}/state/overrides.json.new"
    os.mkdir(blocked)
    lab.cli("drain", "london")
    assert "cannot be written" in lab.last.stderr and "orders" in alarms(lab)
    lab.cli("drain", "ashburn")
    assert not os.path.exists(f"{lab.folder}/state/overrides.json")
    os.rmdir(blocked)
    wait_for(lambda: os.path.exists(f"{lab.folder}/state/overrides.json"), 5 * SLOW, "the orders are written")
    assert saved(lab) == [("drain", "london"), ("drain", "ashburn")]
    wait_for(lambda: "orders" not in alarms(lab), 5 * SLOW, "the alarm ends")
    assert lab.log().count("can be written again") == 1


def test_a_slow_disk_delays_an_order_and_its_answer_for_seconds_only(lab):
    hang(lab)
    lab.cli("drain", "london")
    assert "not yet on disk" in lab.last.stderr
    assert lab.winner(CLIENT["london"]) != "london"
    assert "not yet on disk" in alarms(lab)
    let_go(lab)
    wait_for(lambda: os.path.exists(f"{lab.folder}/state/overrides.json"), 5 * SLOW, "the orders are written")
    assert saved(lab) == [("drain", "london")]
    wait_for(lambda: alarms(lab) == "[]", 5 * SLOW, "the alarm ends")


def test_a_stop_that_loses_orders_is_no_success(lab):
    hang(lab)
    lab.cli("drain", "london")
    process, lab.process = lab.process, None
    process.send_signal(signal.SIGTERM)
    assert process.wait(10 * SLOW) == 1
    assert "not on disk" in lab.log()


def test_a_stop_waits_for_the_disk(lab):
    hang(lab)
    lab.cli("drain", "london")
    lab.signal(signal.SIGTERM)
    wait_for(lambda: not answers(lab), 5 * SLOW, "it is stopping")
    let_go(lab)  # this write fails; the last one, begun at the stop, does not
    lab.stop()
    assert saved(lab) == [("drain", "london")]


def answers(lab):
    return lab.exchange(lab.query("@", "A").to_wire(), timeout=0.2) is not None


def test_an_unsound_order_does_not_cost_the_others_at_any_later_start(lab):
    path = f"{lab.folder}/state/overrides.json"
    lab.cli("drain", "london", "--reason", "stay")
    lab.crash()
    with open(path) as f:
        state = json.load(f)
    state["overrides"].append({**state["overrides"][0], "order": "drown"})
    with open(path, "w") as f:
        json.dump(state, f)
    lab.start()
    assert "overrides.json.bad" in alarms(lab)
    wait_for(lambda: saved(lab) == [("drain", "london")], 5 * SLOW, "the sound ones are written")
    lab.crash()
    lab.start()
    assert "stay" in lab.cli("overrides") and alarms(lab) == "[]"


@pytest.mark.parametrize("words", [("drain", "ashburn"), ("reload",)], ids=" ".join)
def test_an_unreadable_file_is_an_alarm_until_somebody_acts(lab, words):
    lab.stop()
    with open(f"{lab.folder}/state/overrides.json", "w") as f:
        f.write("{")
    lab.start()
    assert "overrides.json.bad" in alarms(lab)
    lab.cli(*words)
    assert alarms(lab) == "[]"


def test_an_order_with_an_end_brings_back_the_one_before(make_lab):
    lab = make_lab().start()
    lab.cli("disable", "london", "--reason", "flood")
    text = lab.cli("drain", "london", "--for", "3s")
    assert "disabled" in text and "flood" in text and "again" in text
    assert "after the newer" in lab.cli("overrides")
    lab.crash()
    lab.start()
    wait_for(lambda: "drain" not in lab.cli("overrides"), 10 * SLOW, "the order ends")
    assert [order["order"] for order in lab.cli("overrides", json_form=True)["overrides"] if order["active"]] == ["disable"]
    assert lab.winner(CLIENT["london"]) != "london" and "it is again: disable" in lab.log()
    lab.cli("drain", "london")
    assert "flood" not in lab.cli("overrides")
    lab.cli("enable", "london")
    assert lab.winner(CLIENT["london"]) == "london"
