"""A real RFC 3263 client: Kamailio resolves NAPTR, SRV and A at sipsteerd and completes the request at the steered site.

It resolves by /etc/resolv.conf, so all parts live in a network and mount namespace of their own, with sipsteerd at 127.0.0.1 port 53."""
import re

import pytest

from kamailio import CLIENT as RESOLVING
from kamailio import Kamailio, kamailio  # noqa: F401  (a fixture)
from lab import SITES, ZONE, wait_for
from namespace import namespace  # noqa: F401  (a fixture)


@pytest.fixture
def scene(make_lab, kamailio, namespace):  # noqa: F811
    """sipsteerd, a Kamailio a site and one that resolves; the caller (the resolver's address) is near London."""
    lab = make_lab(hosts=("lb1",), namespace=namespace, listen="127.0.0.1:53")
    lab.nets_text = "127.0.0.0/8 51.5,-0.1\n"
    lab.service(ttl="1s")
    lab.probe_all(timeout="500ms")
    lab.conf["server"]["listen"] = ["127.0.0.1:53"]
    lab.servers = {site: kamailio(site, lab.ip(site, "lb1"), namespace=namespace) for site in lab.sites}
    lab.start()
    kamailio("client", "127.0.0.1", kind=RESOLVING, namespace=namespace)
    return lab


def call(lab, uri):
    """(status, reason) of what an OPTIONS through the resolving Kamailio gets; the reason is the site's name."""
    done = lab.namespace.run("sipsak", "-p", "127.0.0.1:5060", "-vv", "-s", uri, timeout=30)
    final = [(int(status), reason.strip()) for status, reason in re.findall(r"^SIP/2\.0 ([2-6]\d\d) (.*)$", done.stdout + done.stderr, re.MULTILINE)]
    return final[-1] if final else (0, done.stdout + done.stderr)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_request_ends_at_the_nearest_site(scene, transport):
    assert call(scene, f"sip:u@{ZONE[:-1]};transport={transport}") == (200, "london")


def test_without_a_transport_naptr_decides(scene):
    assert call(scene, f"sip:u@{ZONE[:-1]}") == (200, "london")


def test_a_drained_site_gets_no_more_requests(scene):
    uri = f"sip:u@{ZONE[:-1]}"
    scene.cli("drain", "london", "--reason", "test")
    wait_for(lambda: call(scene, uri) == (200, "ashburn"), 10, "requests go to ashburn")
    scene.cli("enable", "london")
    wait_for(lambda: call(scene, uri) == (200, "london"), 10, "requests come back")


def test_a_site_that_dies_is_left_by_clients_that_honour_the_ttl(scene):
    uri = f"sip:u@{ZONE[:-1]}"
    scene.servers["london"].set("silent")
    wait_for(lambda: call(scene, uri) == (200, "ashburn"), 15, "requests go to ashburn")


def test_a_callers_place_decides(scene):
    scene.nets_text = "127.0.0.0/8 1.3,103.8\n"
    scene.write()
    scene.cli("reload")
    wait_for(lambda: call(scene, f"sip:u@{ZONE[:-1]}") == (200, "singapore"), 10, "requests go to singapore")
