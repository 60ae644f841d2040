"""Zone files are plain master files: other people's tools load them unchanged."""
import glob
import os
import shutil
import subprocess

import pytest

from lab import ROOT

ZONES = sorted(glob.glob(f"{ROOT}/zones/*.zone"))


def test_there_are_example_zones():
    assert ZONES


@pytest.mark.parametrize("path", ZONES, ids=os.path.basename)
def test_named_checkzone_loads_it(path):
    tool = shutil.which("named-checkzone") or "/usr/sbin/named-checkzone"
    if not os.path.exists(tool):
        pytest.skip("named-checkzone is not installed")
    name = os.path.basename(path)[:-len(".zone")]
    done = subprocess.run([tool, "-k", "fail", "-n", "fail", name, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_named_checkzone_sees_a_broken_one(tmp_path):
    broken = tmp_path / "broken.zone"
    broken.write_text("@ 30 SOA a b 1 1 1 1 1\n")  # no NS
    assert subprocess.run(["/usr/sbin/named-checkzone" if os.path.exists("/usr/sbin/named-checkzone") else "named-checkzone", "x.test", str(broken)],
                          capture_output=True).returncode != 0


def test_the_labs_own_zones_are_sound_too(lab):
    tool = shutil.which("named-checkzone") or "/usr/sbin/named-checkzone"
    done = subprocess.run([tool, "sip.example.com", f"{lab.folder}/sip.zone"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
