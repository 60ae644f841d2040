"""Signatures in time: renewed before their end, served on when they cannot be renewed, by a clock that is not believed when it jumps; serials that only grow."""
import os
import time

import dns.message
import dns.rdatatype
import pytest

from lab import CLIENT, SLOW, wait_for
from signed import ONE, PARENTS, THREE
from test_dnssec import ask, everything_of, judge_all, zones_of

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
OFTEN = {"validity": "60s", "refresh": "58s"}  # renewed each 6 s


def signature(lab, name=ONE, rdtype="SOA"):
    """(serial, RRSIG)"""
    answer = dns.message.from_wire(ask(lab, name, rdtype, CLIENT["london"], tcp=True))
    rrsig = next(s for s in answer.answer if s.rdtype == dns.rdatatype.RRSIG)[0]
    return (answer.answer[0][0].serial if rdtype == "SOA" else None), rrsig


def alarms(lab):
    return lab.cli("status", json_form=True, code=None)["status"]["alarms"]


def test_signatures_of_everything_are_renewed(make_signed):
    lab = make_signed(ttl=1, steered_ttl=1, dnssec=OFTEN)
    zones = zones_of(lab)
    before = {(name, rdtype): signature(lab, name, rdtype) for name, rdtype in ((ONE, "SOA"), (ONE, "A"), (f"_sip._udp.voice.{THREE}", "SRV"), (THREE, "DNSKEY"))}
    for (name, rdtype), (_, old) in before.items():
        wait_for(lambda: signature(lab, name, rdtype)[1].expiration > old.expiration + 2, 20 * SLOW, f"{name} {rdtype} signed anew", step=0.3)
    assert signature(lab)[0] > before[ONE, "SOA"][0]
    judge_all(lab, zones, list(everything_of("voice.", "m.way."))[:200])
    assert not alarms(lab)


def test_without_keys_the_older_signatures_are_served(make_signed):
    lab = make_signed(ttl=1, steered_ttl=1, dnssec=OFTEN)
    zones = zones_of(lab)
    os.rename(lab.keys, lab.keys + ".away")
    told = wait_for(lambda: [a for a in alarms(lab) if "could not be made anew" in a], 20 * SLOW, "an alarm", step=0.3)
    assert "what was made before is still served" in told[0] and lab.keys in told[0]
    judge_all(lab, zones, list(everything_of("voice.", "m.way."))[:100])
    _, old = signature(lab)
    lab.cli("drain", "london", "--reason", "new selections are signed by the keys in memory")
    assert judge_all(lab, zones, list(everything_of("voice.", "m.way.")))["positive"] > 100
    os.rename(lab.keys + ".away", lab.keys)
    wait_for(lambda: not alarms(lab), 30 * SLOW, "no alarm", step=0.3)
    assert signature(lab)[1].expiration > old.expiration
    judge_all(lab, zones, list(everything_of("voice."))[:50])


@pytest.mark.skipif(SLOW > 1 or not os.access(FAKETIME, os.R_OK), reason="libfaketime does not go with sanitizers")
def test_a_jump_of_the_clock_is_told_and_not_believed(make_signed, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    lab = make_signed(start=False, ttl=1, steered_ttl=1, dnssec={"validity": "1h", "refresh": "30m"})
    lab.command = lambda *words: ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={clock}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1",
                                  *words]
    lab.start()
    del lab.command
    zones = zones_of(lab)
    for jump, name in ((7200, "2h"), (-7200 - 3600 * 24, "-26h")):
        clock.write_text(f"{jump:+d}")
        told = wait_for(lambda: [a for a in alarms(lab) if "the clock has jumped" in a], 10, "an alarm", step=0.2)
        assert "signatures go by the time before" in told[0], told
        lab.cli("drain", "london", "--reason", "something to sign")  # by the time before: so the judge, who has the right one, is content
        assert judge_all(lab, zones, list(everything_of("voice.", "m.way."))[:150])["positive"] > 50
        lab.cli("enable", "london")
        clock.write_text("+0")
        wait_for(lambda: not alarms(lab), 10, "no alarm", step=0.2)
        lab.wait_logged("the clock is back where it was")
    clock.write_text("+7200")
    wait_for(lambda: alarms(lab), 10, "an alarm", step=0.2)
    lab.cli("reload")
    assert not alarms(lab)
    for zone in PARENTS:
        assert signature(lab, zone)[1].inception > time.time() + 1800  # a reload takes the new time


def test_the_serial_only_grows(make_signed):
    lab = make_signed(dnssec={"validity": "1h", "refresh": "30m"})
    plain = f"plain.{ONE}"

    def reload(serial, **change):
        lab.serial = serial
        lab.write()
        lab.cli("reload")
        return signature(lab)[0]

    assert signature(lab)[0] == 100
    assert reload(100) == 100  # nothing has changed
    lab.ttl = 61
    assert reload(100) == 101  # the file has changed without its serial
    assert reload(101) == 101  # the file's is the same now, and so is all else
    assert reload(500) == 500  # the file's is newer
    assert reload(7) == 500  # never back
    lab.stop()
    lab.start()
    after_stop = signature(lab)[0]
    assert after_stop > 500  # ECDSA signatures made anew are others
    lab.crash()
    lab.start()
    assert signature(lab)[0] > after_stop
    assert reload(4294967295) != 4294967295  # older by RFC 1982
    assert reload(2000000000) == 2000000000
    assert reload(4000000000) == 4000000000
    assert reload(5) == 5  # newer than 4000000000 by RFC 1982
    assert dns.message.from_wire(ask(lab, plain, "SOA", CLIENT["london"])).answer[0][0].serial == 5
