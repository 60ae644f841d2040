"""The audit file and sipsteer history: who did what, from where, when and why; over restarts, rotations and full disks."""
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest
from farm import Farm
from lab import BIN, SLOW, wait_for
from namespace import SmallDisk


def lines(lab, name="audit.jsonl"):
    try:
        with open(f"{lab.folder}/state/{name}") as f:
            return [json.loads(line) for line in f.read().splitlines()]
    except FileNotFoundError:
        return []


def kinds(lab, **wanted):
    return [e for e in lines(lab) if all(e.get(key) == value for key, value in wanted.items())]


def history(lab, *words, **options):
    return [json.loads(line) for line in lab.cli("history", *words, "--json", **options).splitlines()]


@pytest.mark.main
def test_who_did_what_from_where_and_why_is_on_the_disk_within_a_second(lab):
    lab.cli("drain", "london", "--for", "2h", "--reason", "a new kernel")
    given = time.monotonic()
    wait_for(lambda: kinds(lab, kind="order"), 1 * SLOW, "the order is in the file", step=0.02)
    assert time.monotonic() - given < 1 * SLOW
    lab.cli("enable", "london")
    lab.write_file("sipsteer.conf", "zones = 7;")
    lab.cli("reload", code=1)
    lab.write()
    lab.cli("reload")
    lab.cli("reload", "--max-move", "100%")
    wait_for(lambda: len(kinds(lab, kind="reload")) == 3, 2 * SLOW, "the reloads are in the file")
    first, second = kinds(lab, kind="order")
    assert (first["what"], first["target"], first["why"], first["who"]) == ("drain", "london", "a new kernel", "root")
    assert re.fullmatch(r"admin socket, process \d+", first["from"])
    assert first["before"] is None and first["after"]["until_s"] > time.time() + 7000
    assert second["what"] == "enable" and second["before"]["reason"] == "a new kernel" and second["after"] is None
    failed, done, bounded = kinds(lab, kind="reload")
    assert failed["what"] == "failed" and "zones" in failed["after"]["findings"][0]["text"]
    assert done["what"] == "reloaded" and done["before"]["sites"] == 3 and done["after"]["generation"] > done["before"]["generation"]
    assert bounded["after"]["moved_percent"] == 0
    for event in lines(lab):
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert stat.S_IMODE(os.stat(f"{lab.folder}/state/audit.jsonl").st_mode) == 0o640


def test_a_stop_and_a_start_are_in_it_and_numbers_go_on(lab):
    lab.cli("drain", "london")
    lab.stop()
    stopped = lines(lab)
    assert [e["kind"] for e in stopped[-2:]] == ["order", "stop"]
    # Without a daemon the file is read.
    assert [e["id"] for e in history(lab, conf=True)] == [e["id"] for e in stopped]
    assert lab.cli("history", code=3) == ""
    lab.start()
    lab.cli("enable", "london")
    again = history(lab)
    ids = [e["id"] for e in again]
    assert ids == sorted(set(ids)) and len(ids) > len(stopped)
    assert [e["kind"] for e in again[len(stopped):]] == ["start", "order"]
    lab.crash()
    assert [e["id"] for e in history(lab, conf=True)] == ids


def test_filters_and_forms(lab):
    for site in ("london", "ashburn", "london"):
        lab.cli("disable", site, "--for", "1h", "--reason", f"because of {site}")
    lab.signal(signal.SIGHUP)
    wait_for(lambda: history(lab, "--kind", "reload"), 5 * SLOW, "the reload has ended")
    assert [e["target"] for e in history(lab, "--kind", "order")] == ["london", "ashburn", "london"]
    assert [e["target"] for e in history(lab, "--kind", "order,reload", "--target", "LOND")] == ["london", "london"]
    assert len(history(lab, "-n", "1")) == 1
    assert history(lab, "--who", "nobody-at-all") == []
    assert history(lab, "--kind", "reload")[0]["from"] == "signal"
    assert len(history(lab, "--since", "1h")) == len(lines(lab)) and history(lab, "--until", "1h") == []
    shown = lab.cli("history", "--kind", "order").splitlines()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  order  london   disable until 20\d\d-\d\d-\d\d \d\d:\d\d  root  because of london", shown[0])
    assert re.search(r"  order  ashburn  disable", shown[1])
    for words, why in ((("--since", "yesterday"), "--since takes"), (("-n", "0"), "-n takes"), (("--kind", "oders"), "no kind of event"), (("more",), "too many")):
        lab.cli("history", *words, code=2)
        assert why in lab.last.stderr
    assert "--follow" in lab.cli("history", "--help")


def test_following_shows_what_happens_and_waits_for_a_restart(lab):
    follower = subprocess.Popen([f"{BIN}/sipsteer", "-s", lab.socket, "history", "--follow", "--json", "--kind", "order,stop,start"], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)
    try:
        assert json.loads(follower.stdout.readline())["kind"] == "start"
        lab.cli("drain", "london")
        assert json.loads(follower.stdout.readline())["what"] == "drain"
        lab.stop()
        lab.start()
        lab.cli("enable", "london")
        assert [json.loads(follower.stdout.readline())["kind"] for _ in range(3)] == ["stop", "start", "order"]
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


def test_full_files_are_renamed_and_unsound_lines_are_left_out(make_lab):
    lab = make_lab()
    lab.conf["audit"] = {"max_size": 1, "keep": 2}
    os.makedirs(f"{lab.folder}/state")
    row = '{"time":"2026-03-01T08:00:00.000Z","id":%d,"kind":"order","what":"drain","target":"london","why":"' + "x" * 480 + '"}\n'
    first = 1772352000000000
    lab.write_file("state/audit.jsonl", "".join(row % (first + i) for i in range(1820)) + "garbage\n")  # 1 MiB
    lab.start()
    lab.cli("drain", "ashburn")
    wait_for(lambda: kinds(lab, target="ashburn"), 5 * SLOW, "the order is in the new file")
    assert not os.path.exists(f"{lab.folder}/state/audit.jsonl.2")
    with open(f"{lab.folder}/state/audit.jsonl.1") as f:
        old = f.read()
    assert old.startswith(row % first) and "garbage" in old
    everything = history(lab, "-n", "3000")
    assert [e["id"] for e in everything[:1820]] == list(range(first, first + 1820)) and everything[-1]["target"] == "ashburn"
    assert "1 lines" in lab.last.stderr


def test_without_an_audit_file_the_last_events_are_still_told(make_lab):
    lab = make_lab()
    lab.conf["audit"] = {"enabled": False}
    lab.start()
    lab.cli("drain", "london")
    assert [e["kind"] for e in history(lab)] == ["start", "order"]
    assert not os.path.exists(f"{lab.folder}/state/audit.jsonl")


def test_a_full_disk_is_an_alarm_and_costs_neither_events_nor_time(make_lab):
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    lab = make_lab()
    disk = lab.namespace = SmallDisk(f"{lab.folder}/audit")
    lab.conf["audit"] = {"file": "audit/audit.jsonl"}
    lab.probe_all()
    farm = Farm([lab.ip(site, host) for site in lab.sites for host in lab.hosts])
    try:
        lab.start()
        disk.fill()
        lab.cli("drain", "london")
        alarms = lambda: str(lab.cli("status", code=None, json_form=True)["status"]["alarms"])
        wait_for(lambda: "audit file cannot be written" in alarms(), 5 * SLOW, "the alarm")
        begun = time.monotonic()
        lab.cli("enable", "london")
        lab.cli("disable", "ashburn")
        assert time.monotonic() - begun < 2 * SLOW
        assert [e["what"] for e in history(lab, "--kind", "order")] == ["drain", "enable", "disable"]
        disk.clear()
        wait_for(lambda: "audit" not in alarms(), 5 * SLOW, "the alarm is over")
        lab.stop()
        read = subprocess.run([*disk.enter, "cat", f"{lab.folder}/audit/audit.jsonl"], capture_output=True, text=True, check=True).stdout
        told = [json.loads(line) for line in read.splitlines()]
        assert [e["what"] for e in told if e["kind"] == "order"] == ["drain", "enable", "disable"]
        ids = [e["id"] for e in told]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
    finally:
        lab.stop()
        farm.end()
        disk.end()
