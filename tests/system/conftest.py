"""Fixtures: a lab for each test or module, always taken down; and the counts that ./dev test adds up."""
import os

import pytest

from lab import BIN, Lab
from signed import SignedLab


def pytest_collection_modifyitems(items):
    assert os.access(f"{BIN}/sipsteerd", os.X_OK), f"{BIN}/sipsteerd is not built (./dev build)"


def pytest_terminal_summary(terminalreporter):
    """Runs once, also with parallel workers."""
    path = os.environ.get("SIPSTEER_COUNTS")
    if not path:
        return
    passed, failed, skipped = (sum(len(terminalreporter.stats.get(kind, [])) for kind in kinds)
                               for kinds in (("passed", "xpassed"), ("failed", "error"), ("skipped", "xfailed")))
    if passed + failed == 0:
        failed = 1  # that no test ran is no success
    with open(path, "w") as out:
        print(passed, failed, skipped, file=out)


@pytest.fixture
def make_lab(tmp_path):
    """A function that makes labs (not started); all are taken down at the end."""
    labs = []

    def make(**options):
        folder = tmp_path / f"lab{len(labs)}"
        folder.mkdir()
        labs.append(Lab(folder, **options))
        return labs[-1]

    yield make
    failures = []
    for lab in labs:
        try:
            lab.close()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def lab(make_lab):
    """A lab of three sites with nothing probed, running."""
    return make_lab(ipv6=True).start()


STATIC_ZONE = """$ORIGIN static.test.
$TTL 300
@ SOA ns1 hostmaster 7 7200 900 1209600 60
@ NS ns1
@ NS ns2
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
ns2 A 192.0.2.54
www A 192.0.2.1
www AAAA 2001:db8::1
alias CNAME www
alias2 CNAME alias
loop1 CNAME loop2
loop2 CNAME loop1
dangling CNAME missing
out CNAME www.example.org.
*.wild A 192.0.2.9
*.wild TXT "w"
stop.wild TXT "x"
a.b.ent TXT "deep"
mail MX 10 www
unknown TYPE65280 \\# 4 0A000001
child NS ns.child
child DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000
ns.child A 192.0.2.60
ns.child AAAA 2001:db8::60
""" + "".join(f'big TXT "{i:0200d}"\n' for i in range(10)) + "".join(f"_sip._udp.many SRV {i} 0 5060 t{i}\nt{i} A 192.0.2.{100 + i}\nt{i} AAAA 2001:db8::{i}\n"
                                                                     for i in range(12))


@pytest.fixture(scope="module")
def static_lab(tmp_path_factory):
    """A lab with a second zone, static.test, of everything that is not steered; shared by a module's tests, which only ask."""
    lab = Lab(tmp_path_factory.mktemp("static"), ipv6=True)
    lab.conf["zones"].append({"name": "static.test.", "file": "static.zone"})
    lab.write_file("static.zone", STATIC_ZONE)
    lab.start()
    yield lab
    lab.close()


@pytest.fixture
def make_signed(tmp_path):
    """A function that makes and starts labs of signed zones (signed.py)."""
    labs = []

    def make(start=True, **options):
        folder = tmp_path / f"signed{len(labs)}"
        folder.mkdir()
        labs.append(SignedLab(folder, **options))
        return labs[-1].start() if start else labs[-1]

    yield make
    for lab in labs:
        lab.close()
