"""The live page and the public status page in real Chromium: what they show, what can be done there, for whom, and how quickly."""
import os
import re
import time

import pytest

import browser
from farm import Farm
from lab import SITES, SLOW, Lab, wait_for
from web import TOKENS, Web

SESSION_ERRORS = re.compile(r"/api/v1/login .*401|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET")  # which the browser itself tells of
with open(os.path.join(os.path.dirname(__file__), "page_audit.js")) as script:
    AUDIT = script.read()
CLIENT = {"london": "10.1.2.3", "ashburn": "10.2.2.3", "singapore": "10.3.2.3"}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    if browser.MISSING:
        assert os.environ.get("CI") != "true", browser.MISSING
        pytest.skip(browser.MISSING)
    made = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Three probed sites with capacities, and their SIP servers."""
    lab = Lab(tmp_path_factory.mktemp("page"))
    lab.probe_all(interval="250ms")
    for site in lab.conf["sites"]:
        site.update(capacity=100, region="emea" if site["name"] == "london" else "elsewhere")
    web = Web.configure(lab, public_status=True)
    lab.farm = Farm([lab.ip(site, host) for site in SITES for host in lab.hosts])
    lab.url = f"http://{web.host}:{web.port}/"
    lab.start()
    yield lab
    lab.close()


@pytest.fixture
def page(chromium, scene):
    """The page, freshly opened; nothing that it does may make the browser complain."""
    scene.farm.set("ok")
    wait_for(lambda: all(endpoint["verdict"] == "up" for endpoint in scene.cli("endpoints", json_form=True)["endpoints"]), 20 * SLOW, "all up")
    chromium.view()
    chromium.open(scene.url)
    chromium.wait("document.querySelectorAll('#site-list li').length === 3", "three sites")
    yield chromium
    chromium.run("sessionStorage.clear(); localStorage.clear()")
    assert not [told for told in chromium.complaints() if not SESSION_ERRORS.search(told)]
    assert all(url.startswith(scene.url) for url in chromium.run("return performance.getEntriesByType('resource').map((entry) => entry.name)"))


def sign_in(page, name="ann"):
    page.click("#sign")
    page.fill("#sign-token", TOKENS[name][1])
    page.click("#sign-form [type=submit]")
    page.wait(f"document.getElementById('sign').innerText === 'Sign out {name}'", "signed in")


def fill_order(page, verb, target, span="", reason="", ready="!document.getElementById('order-give').disabled"):
    page.click("#new-order")
    page.run("document.getElementById('order-verb').value = arguments[0]", verb)
    page.fill("#order-target", target)
    page.fill("#order-for", span)
    page.fill("#order-reason", reason)
    page.click("#order-look")
    page.wait(ready, "the preview")


def test_a_failure_is_shown_within_two_seconds_of_the_verdict(page, scene):
    page.run("""const seen = window.seen = {};
        new MutationObserver(() => {
          const at = (key, holds) => { if (holds) seen[key] ??= Date.now(); };
          at("list", /down/.test(document.querySelector("[data-site=london] .site-state").textContent));
          at("map", document.querySelector(".site-mark[aria-label^='london: down']"));
          at("said", /london is down/.test(document.getElementById("announcements").textContent));
        }).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});""")
    scene.farm.set("silent", *[scene.ip("london", host) for host in scene.hosts])
    page.wait("Object.keys(window.seen).length === 3", "the failure")
    known = [endpoint for endpoint in scene.cli("endpoints", json_form=True)["endpoints"] if endpoint["site"] == "london"]
    fallen = time.time() * 1000 - min(endpoint["age_ms"] for endpoint in known)
    seen = page.run("return window.seen")
    assert all(endpoint["verdict"] == "down" for endpoint in known) and all(at - fallen < 2000 * SLOW for at in seen.values()), (seen, fallen)
    page.click("[data-site=london] button")
    page.wait("document.querySelectorAll('.endpoints tbody tr').length === 3", "its endpoints")
    assert "timeout" in page.text(".endpoints .probe") and "0 of 3 endpoints up" in page.text("[data-site=london]")
    page.wait("document.querySelectorAll('#layer-moves .move .arc').length > 0", "callers that have moved")
    page.wait("/london\\/.*down/.test(document.getElementById('event-list').textContent)", "the event")


def test_an_order_given_there_takes_effect_and_can_be_ended(page, scene):
    assert scene.winner(CLIENT["london"]) == "london"
    fill_order(page, "drain", "london", "2h", "new <b>line</b> cards")
    assert "london gets no new callers for 2h" in page.text("#order-preview") and "calls move" in page.text("#order-preview")
    page.click("#order-give")
    page.wait("document.getElementById('sign-dialog').open", "it asks who")
    page.fill("#sign-token", "sst_wrong")
    page.click("#sign-form [type=submit]")
    page.wait("document.getElementById('sign-error').innerText", "the wrong token is refused")
    page.fill("#sign-token", TOKENS["ann"][1])
    page.click("#sign-form [type=submit]")
    page.wait("!document.getElementById('sign-dialog').open", "signed in")
    assert scene.winner(CLIENT["london"]) == "london"
    page.click("#order-give")
    page.wait("!document.getElementById('order-dialog').open", "the order is given")
    wait_for(lambda: scene.winner(CLIENT["london"]) != "london", 5 * SLOW, "callers go elsewhere")
    page.wait("/draining/.test(document.querySelector('[data-site=london] .site-state').textContent)", "the site's state")
    shown = page.text("#order-list")
    assert all(part in shown for part in ("drain london", "in force", "new <b>line</b> cards", "ann", "ends in")), shown
    page.wait("document.querySelector('#order-list .small')", "a button to end it")
    page.click("#order-list .small")
    page.click("#order-look")
    page.wait("!document.getElementById('order-give').disabled", "the preview")
    page.click("#order-give")
    wait_for(lambda: scene.winner(CLIENT["london"]) == "london", 5 * SLOW, "callers are back")
    page.wait("!document.getElementById('order-none').hidden", "no order is left")


def test_a_switch_that_leaves_too_little_takes_a_second_word(page, scene):
    sign_in(page)
    page.click("#new-order")
    page.run("document.getElementById('order-verb').value = 'switch'")
    page.fill("#order-target", "london")
    page.fill("#order-to", "singapore")
    page.click("#order-look")
    page.wait("!document.getElementById('order-force-part').hidden", "that it would be refused")
    told = page.text("#order-preview")
    assert "It would be refused" in told and "singapore" in told and page.run("return document.getElementById('order-give').disabled"), told
    page.click("#order-force")
    page.click("#order-give")
    page.wait("!document.getElementById('order-dialog').open", "the switch is ordered")
    wait_for(lambda: scene.winner(CLIENT["london"]) == "singapore", 5 * SLOW, "callers go to singapore")
    page.wait("/switched/.test(document.querySelector('[data-site=london] .site-state').textContent)", "the site's state")
    page.click("#order-list .small")
    page.click("#order-look")
    page.wait("!document.getElementById('order-give').disabled", "the preview")
    page.click("#order-give")
    wait_for(lambda: scene.winner(CLIENT["london"]) == "london", 5 * SLOW, "callers are back")


def test_who_may_only_view_is_told_so_and_a_bad_order_says_why(page, scene):
    sign_in(page, "bob")
    fill_order(page, "disable", "london")
    page.click("#order-give")
    page.wait("document.getElementById('sign-dialog').open", "it asks for another token")
    page.click("#sign-cancel")
    page.click("#order-cancel")
    page.click("#sign")
    sign_in(page)
    fill_order(page, "drain", "atlantis", ready="document.querySelector('#order-preview .error')")
    assert page.run("return document.getElementById('order-give').disabled")
    page.wait("/atlantis/.test(document.querySelector('#order-preview .error')?.innerText)", "why")
    assert not scene.cli("overrides", json_form=True)["overrides"]
    page.complaints()  # 403 and 409, which the browser tells of


def test_what_if_by_clicking_a_site_on_the_map(page, scene):
    page.click("#mode-fail")
    page.click(".site-mark[aria-label^='ashburn'] .hit")
    page.wait("document.querySelectorAll('#what-if .foreseen').length > 0", "what would be")
    told = page.text("#what-if")
    assert "What if ashburn fails" in told and "% → 0 %" in told and re.search(r"It (holds|does not hold)", told), told
    page.wait("document.querySelectorAll('#layer-guesses .guess').length > 0", "who would move")
    page.click("#mode-look")
    assert page.run("return document.getElementById('what-if').hidden") and not scene.cli("overrides", json_form=True)["overrides"]


def test_an_answer_is_explained_in_sentences(page):
    page.fill("#explain-name", "_sip._udp.sip.example.com")
    page.fill("#explain-client", CLIENT["singapore"])
    page.click("#explain-form [type=submit]")
    page.wait("document.querySelector('.story')", "the story")
    told = page.text("#explained")
    assert "singapore is the nearest site" in told and re.search(r"SRV \d+ \d+ 5060 \w+\.singapore\.", told) and "answer 1" in told, told
    page.fill("#explain-client", "nonsense")
    page.click("#explain-form [type=submit]")
    page.wait("/is no address/.test(document.getElementById('explained').innerText)", "what is wrong")
    page.complaints()  # 400, which the browser tells of


def focused(page):
    return page.run("const at = document.activeElement; return at.id || at.closest('[data-site]')?.dataset.site || at.getAttribute('aria-label') || at.innerText || at.tagName")


def tab_to(page, wanted, most=40):
    way = []
    while wanted not in focused(page):
        page.keys("\ue004")
        way.append(focused(page))
        assert len(way) < most, way


def test_everything_can_be_done_by_keyboard(page, scene):
    tab, enter, escape, right, space = "\ue004", "\ue007", "\ue00c", "\ue014", " "
    page.keys(tab)
    assert focused(page) == "Skip to the sites" and page.run("return document.activeElement.getBoundingClientRect().top >= 0")
    page.keys(enter, tab)
    assert focused(page) == "mode-look"
    tab_to(page, "up, 3 of 3 endpoints")  # one stop for all marks; arrows lead on
    first = focused(page)
    page.keys(right if "singapore" not in first else "\ue012")
    assert focused(page) != first and "endpoints" in focused(page)
    assert page.run("return getComputedStyle(document.activeElement.querySelector('.halo')).stroke !== 'none'")
    chosen = focused(page).split(":")[0]
    page.keys(enter)
    page.wait(f"document.querySelector('#detail-title')?.innerText.includes('{chosen}')", "the site in full")
    assert focused(page) == "detail-title"
    page.keys(escape)
    assert page.run("return document.getElementById('detail').hidden") and focused(page) == chosen
    tab_to(page, "new-order")
    page.keys(space)
    assert focused(page) == "order-target"
    around = set()
    for _ in range(12):  # the dialog keeps the focus
        page.keys(tab)
        around.add(page.run("return document.activeElement === document.body || document.getElementById('order-dialog').contains(document.activeElement)"))
    assert around == {True}
    page.keys(escape)
    assert focused(page) == "new-order" and not page.run("return document.getElementById('order-dialog').open")


def test_it_can_be_read_by_everybody(page, scene):
    scene.farm.set("silent", scene.ip("london", "lb1"), *[scene.ip("ashburn", host) for host in scene.hosts])
    scene.cli("drain", "singapore", "--for", "1h", "--reason", "painting")
    page.click("[data-site=london] button")
    page.wait("document.querySelector('.endpoints tbody tr') && ['london degraded', 'ashburn down', 'singapore draining'].every((one) => {"
              " const [site, state] = one.split(' '); return document.querySelector(`[data-site=${site}] .site-state`).textContent === state; })", "all states")
    page.click("#mode-drain")
    page.click("[data-site=ashburn] button")
    page.wait("document.querySelector('#what-if .foreseen')", "what would be")
    assert len(page.run("document.getElementById('program').style.color = '#999'; return (() => {" + AUDIT + "})()")) == 1  # it does find faults
    page.run("document.getElementById('program').style.color = ''")
    grounds = set()
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")):
        page.view(width, 844, scheme)
        page.wait(f"innerWidth === {width}", "the size")
        grounds.add(page.run("return getComputedStyle(document.body).backgroundColor"))
        assert page.run("return document.documentElement.scrollWidth") <= width
        assert page.run(AUDIT) == []
        page.click("#new-order")
        assert page.run("return document.documentElement.scrollWidth") <= width and page.run(AUDIT) == []
        page.click("#order-cancel")
    assert len(grounds) == 2
    scene.cli("enable", "singapore")


def test_light_and_dark_can_be_chosen(page):
    ground = "return getComputedStyle(document.body).backgroundColor"
    by_system = page.run(ground)
    page.click("#theme")
    assert page.text("#theme") == "Theme: light" and page.run(ground) == by_system
    page.click("#theme")
    assert page.text("#theme") == "Theme: dark" and page.run(ground) != by_system
    page.driver.refresh()
    page.wait("document.querySelector('[data-site]')", "the page again")
    assert page.text("#theme") == "Theme: dark" and page.run(ground) != by_system


def test_an_unreachable_daemon_is_told_and_found_again(chromium, make_lab):
    lab = make_lab()
    web = Web.configure(lab)
    lab.start()
    chromium.view()
    chromium.open(f"http://{web.host}:{web.port}/")
    chromium.wait("document.querySelectorAll('#site-list li').length === 3", "three sites")
    lab.stop()
    told = chromium.wait("!document.getElementById('away').hidden && document.getElementById('away').innerText", "that it is away")
    assert re.search(r"cannot be reached since \d\d:\d\d:\d\d, for \d+ s\. What is shown is from \d\d:\d\d:\d\d\. Trying again", told), told
    assert chromium.run("return document.body.classList.contains('stale') && document.querySelectorAll('#site-list li').length") == 3
    lab.start()
    chromium.wait("document.getElementById('away').hidden && !document.body.classList.contains('stale')", "that it is back")
    assert not [told for told in chromium.complaints() if not SESSION_ERRORS.search(told)]


def test_the_public_page_tells_states_and_nothing_else(page, scene):
    scene.farm.set("silent", scene.ip("ashburn", "lb1"))
    wait_for(lambda: "down" in scene.cli("endpoints"), 10 * SLOW, "the verdict")
    scene.cli("drain", "singapore", "--for", "1h", "--reason", "secret work")
    page.open(f"{scene.url}status")
    page.wait("/degraded/.test(document.querySelectorAll('#sites li')[1]?.innerText) && /maintenance until/.test(document.querySelectorAll('#sites li')[2]?.innerText)", "the states")
    shown = page.text("body")
    assert "1 site has a problem" in shown and "secret" not in shown and "lb1" not in shown and page.run(AUDIT) == []
    page.view(390, 844, "dark")
    assert page.run("return document.documentElement.scrollWidth") <= 390 and page.run(AUDIT) == []
    scene.cli("enable", "singapore")


def test_200_sites_with_5000_endpoints_stay_quick(chromium, make_lab):
    sites = {f"s{i:03d}": (round(-40 + i * 37 % 100, 2), round(-170 + i * 61 % 340, 2)) for i in range(200)}
    lab = make_lab(sites=sites, hosts=tuple(f"lb{i:02d}" for i in range(25)))
    lab.ip = lambda site, host: f"127.9.{list(sites).index(site)}.{lab.hosts.index(host) + 1}"
    names = [f"part{i}" for i in range(5)]  # a record set of all would not fit into a message
    lab.zone_text = "\n".join(["$ORIGIN sip.example.com.", "$TTL 30", "@ SOA ns1 hostmaster 1 7200 900 1209600 60", "@ NS ns1", "ns1 A 192.0.2.53"]
                              + [f"{host}.{site} A {lab.ip(site, host)}\n{names[i % 5]} A {lab.ip(site, host)}" for site in sites for i, host in enumerate(lab.hosts)]) + "\n"
    lab.conf["services"] = [{"name": f"{name}.sip.example.com.", "ttl": "30s"} for name in names]
    web = Web.configure(lab)
    lab.start()
    assert len(web.ask("/api/v1/overview")[2]) < 96 * 1024
    chromium.view()
    chromium.open(f"http://{web.host}:{web.port}/")
    chromium.wait("document.querySelectorAll('#site-list li').length === 200", "200 sites", 20)
    chromium.click("[data-site=s003] button")
    chromium.wait("document.querySelectorAll('.endpoints tbody tr').length === 25", "its endpoints")
    chromium.run("performance.clearMeasures()")
    chromium.wait("performance.getEntriesByName('sipsteer update').length >= 3", "three more seconds")
    for part in ("update", "draw"):
        took = chromium.run(f"return performance.getEntriesByName('sipsteer {part}').map((entry) => entry.duration)")
        assert sorted(took)[len(took) // 2] < 100 * SLOW, (part, took)  # about 10 ms on a machine that has nothing else to do
    assert chromium.run("return document.getElementsByTagName('*').length") < 12000
    marks = chromium.run("""const boxes = [...document.querySelectorAll('.site-mark .ground')].map((node) => node.getBoundingClientRect());
        return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => Math.hypot(a.x - b.x, a.y - b.y) < 20)).length""")
    assert marks == 0 and chromium.run("return document.querySelectorAll('.site-mark').length") < 120
    chromium.fill("#site-filter", "s19")
    assert chromium.run("return document.querySelectorAll('#site-list li').length") == 10
    assert not chromium.complaints()
