"""What a reload would do to clients, before it is made; and reloads that may not do too much."""
import copy
import json

import pytest

from lab import CLIENT, SITES, SLOW, config_text, wait_for


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A lab that all tests of the module ask; none changes what it serves."""
    from lab import Lab
    lab = Lab(tmp_path_factory.mktemp("plan"), ipv6=True)
    lab.start()
    yield lab
    lab.close()


def write_next(lab, change):
    """A configuration beside the lab's, changed; its path."""
    conf = copy.deepcopy(lab.conf)
    change(conf)
    lab.write_file("next.conf", config_text(conf))
    return f"{lab.folder}/next.conf"


def plan_of(lab, change):
    return lab.cli("plan", "-c", write_next(lab, change), json_form=True)["plan"]


def moves(plan):
    return {(move["from"], move["to"]): round(move["percent"], 2) for move in plan["moves"]}


def far_away(conf):
    """London goes to Sydney: its clients are nearer to ashburn then."""
    conf["sites"][0]["location"] = (-33.9, 151.2)


def test_what_is_in_force_moves_nobody(planned):
    plan = planned.cli("plan", json_form=True)["plan"]
    assert plan["moved_percent"] == 0 and plan["inside_percent"] == 0 and plan["moves"] == []
    assert plan["weighed_by"] == "addresses"
    assert [round(site["before_percent"]) for site in plan["sites"]] == [33, 33, 33]


def test_the_order_of_sites_and_endpoints_in_the_file_moves_nobody(planned):
    def turn(conf):
        conf["sites"].reverse()
        for site in conf["sites"]:
            site["endpoints"].reverse()
    plan = plan_of(planned, turn)
    assert plan["moved_percent"] == 0 and plan["inside_percent"] == 0


def test_weights_move_clients_inside_their_site_alone(planned):
    def change(conf):
        conf["sites"][0]["endpoints"][0]["weight"] = 300  # three quarters of london's instead of a half
    plan = plan_of(planned, change)
    assert plan["moved_percent"] == 0
    assert 100 / 3 * 0.12 < plan["inside_percent"] < 100 / 3 * 0.4


def test_distances_are_told_also_of_those_who_stay(planned):
    def change(conf):
        conf["sites"][2]["location"] = (15.0, 90.0)  # still the nearest to its clients
    plan = plan_of(planned, change)
    assert plan["moved_percent"] == 0
    assert plan["distance"]["mean_after_km"] > plan["distance"]["mean_before_km"] + 500


def test_the_table_tells_it_for_people(planned):
    output = planned.cli("plan", "-c", write_next(planned, far_away))
    assert "moved       33.33 % of them to another site" in output
    assert "weighed by address space: no demand has been measured" in output
    assert "london  ashburn  33.33 %" in output and "SERVICE" in output


def test_files_alone_are_compared_without_a_daemon(planned):
    path = write_next(planned, far_away)
    offline = json.loads(planned.run_alone("plan", "--from", planned.config_path, "-c", path, "--json").stdout)["plan"]
    assert moves(offline) == {("london", "ashburn"): pytest.approx(33.33, abs=0.1)}
    assert offline["before"] == planned.config_path and offline["after"] == path


@pytest.mark.parametrize("words, said", [
    (["plan", "--from", "OLD"], "--from OLD.conf goes with -c NEW.conf"),
    (["status", "--from", "OLD"], "it takes no --from"),
    (["reload", "--max-move", "lots"], "--max-move takes a share from 0 to 100 percent"),
    (["status", "--max-move", "20%"], "it takes no --max-move"),
    (["plan", "-c", "NEW", "--from", "OLD", "-s", "SOCK"], "with --from it reads files"),
])
def test_options_that_make_no_sense_are_refused(planned, words, said):
    done = planned.run_alone(*words)
    assert done.returncode == 2 and said in done.stderr


def test_an_unsound_file_is_refused_with_its_findings(planned):
    planned.cli("plan", "-c", write_next(planned, lambda conf: conf["services"][0].update(sites=["paris"])), code=1)
    assert "paris" in planned.last.stderr and "is unsound" in planned.last.stderr
    planned.cli("plan", "-c", f"{planned.folder}/nothing.conf", code=1)
    assert "nothing.conf" in planned.last.stderr
    assert planned.winner(CLIENT["london"]) == "london"


def test_a_reload_that_moves_more_than_allowed_is_refused_and_changes_nothing(make_lab):
    lab = make_lab().start()
    far_away(lab.conf)
    lab.write()
    output = lab.cli("reload", "--max-move", "20%", code=1)
    assert "refused: 33.3 % of the clients (by address space) would move to another site" in lab.last.stderr
    assert "london" in output and "33.33 %" in output
    assert lab.winner(CLIENT["london"]) == "london"
    assert "ALARM" not in lab.cli("status")
    lab.wait_logged("reload refused: 33.3 %")
    reply = lab.cli("reload", "--max-move", "33.3%", code=1, json_form=True)
    assert not reply["ok"] and reply["plan"]["moved_percent"] == pytest.approx(33.33, abs=0.01)
    lab.cli("reload", "--max-move", "34%")
    assert lab.winner(CLIENT["london"]) == "ashburn"
    lab.conf["sites"][0]["location"] = SITES["london"]
    lab.write()
    lab.cli("reload")  # without a bound there is none
    assert lab.winner(CLIENT["london"]) == "london"


def test_orders_and_verdicts_count_on_both_sides(make_lab):
    lab = make_lab().start()
    lab.cli("drain", "london")
    plan = plan_of(lab, far_away)
    assert plan["moved_percent"] == 0  # nobody is there any more


def test_measured_demand_weighs_clients_as_soon_as_there_is_enough(make_lab):
    lab = make_lab()
    lab.conf["balance"] = {"hold": "4s"}  # enough is known after some seconds
    lab.start()
    for number in range(3000):  # some of them are counted
        lab.ask("_sip._udp", "SRV", CLIENT["singapore" if number % 4 == 0 else "ashburn"])
    wait_for(lambda: lab.cli("demand", json_form=True)["demand"]["known"] >= 0.5, 20 * SLOW, "demand")
    plan = plan_of(lab, far_away)
    assert plan["weighed_by"] == "demand" and plan["moved_percent"] == 0  # nobody of london has asked
    shares = {site["site"]: site["before_percent"] for site in plan["sites"]}
    assert shares["ashburn"] > shares["singapore"] and shares["london"] == 0
