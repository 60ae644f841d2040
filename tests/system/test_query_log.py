"""The query log: true to what was answered, and changed by reloads."""
import json
import os
import resource
import signal

import dns.message
import pytest

from lab import CLIENT, SLOW, ZONE, ecs_of, records, wait_for
from test_dnstap import tap, wait_written
from test_rate_limit import burst, limits


def lines(lab, name="q.log"):
    with open(f"{lab.folder}/{name}") as f:
        return [json.loads(line) for line in f]


def tries(lab, count=30):
    """The log's lines for so many queries from all over, each held against its answer."""
    octets = [lab.exchange(lab.query("_sip._udp", "SRV", f"10.{1 + i % 3}.{i}.1").to_wire(), timeout=3 * SLOW) for i in range(count)]
    wait_for(lambda: len(lines(lab)) >= count, 10 * SLOW, "all lines")
    for line, whole in zip(lines(lab), octets, strict=True):
        answer = dns.message.from_wire(whole)
        first = min(records(answer, "SRV"), key=lambda r: r.priority).target.to_text()
        assert line["endpoint"] == first and line["site"] == lab.site_at(first)[0], (line, answer)
        assert line["size"] == len(whole) and line["scope"] == ecs_of(answer).scopelen
        assert line["ecs"] == f"{ecs_of(answer).address}/24" and line["service"] == ZONE and line["qtype"] == "SRV"
    return lines(lab)


@pytest.mark.main
def test_each_line_tells_the_decision_that_was_answered(make_lab):
    lab = make_lab()
    lab.conf["query_log"] = {"file": "q.log"}
    lab.start()
    seen = tries(lab)
    assert {line["nearest_is"] for line in seen} == {"up"}
    assert all(line["site"] == line["nearest"] for line in seen)
    before = seen[-1]["generation"]

    lab.cli("disable", "london", "--reason", "test")
    os.rename(f"{lab.folder}/q.log", f"{lab.folder}/q.old")  # as logrotate does
    wait_for(lambda: os.path.exists(f"{lab.folder}/q.log"), 10 * SLOW, "a new file")
    seen = tries(lab)
    away = [line for line in seen if line["nearest"] == "london"]
    assert away and all(line["site"] != "london" and line["nearest_is"] == "disabled" for line in away)
    assert all(line["nearest_is"] == "up" for line in seen if line["nearest"] != "london")
    assert seen[0]["generation"] > before

    lab.ask("nope", "A", tcp=True)
    lab.ask("@", "NAPTR")
    wait_for(lambda: len(lines(lab)) == 32, 10 * SLOW, "two more")
    missing, naptr = lines(lab)[-2:]
    assert missing["rcode"] == "NXDOMAIN" and missing["transport"] == "tcp" and "service" not in missing and missing["server"] == lab.address
    assert naptr["qtype"] == "NAPTR" and naptr["service"] == ZONE and "site" not in naptr and "ecs" not in naptr


def test_a_reload_turns_it_on_changes_it_and_names_things_anew(make_lab):
    lab = make_lab()
    lab.start()
    lab.ask("@", "A")
    assert tap(lab, "query_log") is None
    lab.conf["query_log"] = {"file": "q.log"}
    lab.write()
    lab.cli("reload")
    tries(lab)
    lab.conf["query_log"]["sample"] = 10
    lab.conf["sites"][0]["name"] = "bristol"  # the same site, by another name
    lab.write()
    lab.cli("reload")
    os.truncate(f"{lab.folder}/q.log", 0)
    for i in range(300):
        lab.ask("@", "A", CLIENT["london"])
    wait_for(lambda: len(lines(lab)) >= 25, 10 * SLOW, "about 30 lines")
    assert len(lines(lab)) <= 35 and {line["site"] for line in lines(lab)} == {"bristol"}
    lab.conf.pop("query_log")
    lab.write()
    lab.cli("reload")
    count = len(lines(lab))
    lab.ask("@", "A", CLIENT["london"])
    assert tap(lab, "query_log")["on"] is False and len(lines(lab)) == count


def test_limited_queries_are_told_as_such(make_lab):
    lab = limits(make_lab(), slip=0)
    lab.conf["query_log"] = {"file": "q.log"}
    lab.start()
    seen = burst(lab, 50)
    wait_written(lab, 50, "query_log")
    assert [line.get("dropped") for line in lines(lab)].count("over limit") == 50 - seen["whole"] > 0
    assert all(("rcode" in line) != ("dropped" in line) for line in lines(lab))


def test_a_full_disk_costs_lines_is_told_and_heals(make_lab):
    """Stood in for by the limit on the size of files; the daemon's other files are smaller than that."""
    lab = make_lab()
    lab.conf["query_log"] = {"file": "q.log"}
    lab.start()
    with open(f"{lab.folder}/q.log", "a") as f:
        f.write("{}\n" * 100000)
    soft, hard = resource.prlimit(lab.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(lab.process.pid, resource.RLIMIT_FSIZE, (200000, hard))
    for i in range(5):
        lab.ask("@", "A")
    wait_for(lambda: tap(lab, "query_log")["lost_failed"] >= 5, 10 * SLOW, "lost lines")
    assert any("query_log: cannot write" in text for text in lab.cli("status", json_form=True, code=1)["status"]["alarms"])
    resource.prlimit(lab.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
    wait_for(lambda: tap(lab, "query_log")["works"], 10 * SLOW, "it works again")
    lab.ask("@", "A")
    wait_written(lab, 1, "query_log")
    assert lines(lab)[-1]["qtype"] == "A"
    lab.signal(signal.SIGHUP)
    lab.wait_logged("reloaded")
