"""Random zones, answered as BIND, NSD and Knot DNS answer them: where two of the three agree, so do we (./dev differ runs many more)."""
import os

import differ
import pytest
from peers import PEERS

# A seed makes always the same zones and questions; ./dev differ gives others.
SEED, ZONES = int(os.environ.get("SIPSTEER_DIFFER_SEED", "1")), int(os.environ.get("SIPSTEER_DIFFER_ZONES", "200"))
QUESTIONS = 300  # of one zone


@pytest.fixture
def servers(make_lab, tmp_path):
    """(zones, our asker, {name: asker}) with the same random zones everywhere."""
    zones = differ.make_zones(SEED, ZONES, dname=True)
    lab = make_lab()
    files = {}
    for zone in zones:
        lab.write_file(f"{zone.apex}zone", zone.text())
        lab.conf["zones"].append({"name": zone.apex, "file": f"{zone.apex}zone"})
        files[zone.apex] = f"{lab.folder}/{zone.apex}zone"
    lab.start()
    running, askers = [], []
    try:
        for peer in PEERS:
            running.append(peer(str(tmp_path), files))
        askers = [differ.Asker(server.address, server.port) for server in [lab, *running]]
        yield zones, askers[0], dict(zip((peer.__name__ for peer in PEERS), askers[1:]))
    finally:
        for asker in askers:
            asker.close()
        for peer in running:
            peer.end()


def explained(finding):
    """Where the others agree and we may differ."""
    _, _, mine, theirs = finding
    aliases = {owner: target for owner, kind, _, target in theirs["Knot"]["answer"] if kind == differ.TYPES["CNAME"]}
    if aliases and set(aliases.values()) <= set(aliases):
        return not mine["twice"] or set(aliases) == set(aliases.values())  # a loop: each ends it where it likes, BIND with SERVFAIL
    return False


def test_answers_are_those_that_others_agree_on(servers):
    zones, ours, others = servers
    asked, found = 0, []
    for zone in zones:
        questions = zone.questions(QUESTIONS)
        asked += len(questions)
        answers = {name: asker.ask(questions) for name, asker in others.items()}
        found += [(finding, zone) for finding in differ.findings(questions, ours.ask(questions), answers) if not explained(finding)]
    print(f"{len(zones)} zones, {asked} questions, {len(found)} findings")
    assert asked > ZONES * QUESTIONS / 2
    assert not found, "\n\n".join(differ.report(finding, zone.text()) for finding, zone in found[:5])


def test_a_difference_would_be_seen(servers):
    """One octet of an address is changed on its way."""
    zones, ours, others = servers
    questions = [(owner, 1) for zone in zones for owner, rdtype, _ in zone.sound_rows() if rdtype == "A"]
    answers, theirs = ours.ask(questions), {name: asker.ask(questions) for name, asker in others.items()}
    assert all(explained(finding) for finding in differ.findings(questions, answers, theirs))
    changed = [octets[:-1] + bytes([octets[-1] ^ 1]) if octets[7] and octets[11] == 0 else octets for octets in answers]  # no additional records
    different = sum(a != b for a, b in zip(answers, changed))
    assert different and len(differ.findings(questions, changed, theirs)) == different
