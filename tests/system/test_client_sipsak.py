"""sipsak resolves the service's SRV records by itself and reaches the steered site."""
import re
import shutil

import pytest

from kamailio import kamailio  # noqa: F401  (a fixture)
from lab import ZONE, wait_for
from namespace import namespace  # noqa: F401  (a fixture)


def reached(lab):
    done = lab.namespace.run("sipsak", "-vv", "-s", f"sip:u@{ZONE[:-1]}", timeout=30)
    final = re.findall(r"^SIP/2\.0 200 (.*)$", done.stdout + done.stderr, re.MULTILINE)
    return final[-1].strip() if final else done.stdout + done.stderr


def test_sipsak_reaches_the_steered_site_and_the_next_one_when_it_is_drained(make_lab, kamailio, namespace):  # noqa: F811
    if not shutil.which("sipsak"):
        pytest.skip("sipsak is not installed")
    lab = make_lab(hosts=("lb1",), namespace=namespace, listen="127.0.0.1:53")
    lab.nets_text = "127.0.0.0/8 51.5,-0.1\n"
    lab.service(ttl="1s")
    lab.conf["server"]["listen"] = ["127.0.0.1:53"]
    for site in lab.sites:
        kamailio(site, lab.ip(site, "lb1"), namespace=namespace)
    lab.start()
    assert reached(lab) == "london"
    lab.cli("drain", "london")
    wait_for(lambda: reached(lab) == "ashburn", 10, "ashburn")
