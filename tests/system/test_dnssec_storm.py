"""Some seconds in which everything changes at once, with a ZSK and a KSK rolled: nothing is bogus for anybody."""
import random

from storm import Storm

SECONDS = 18


def test_nothing_is_bogus_in_a_storm(tmp_path):
    for name in ("lab", "twin"):
        (tmp_path / name).mkdir()
    storm = Storm(tmp_path, SECONDS, seed=random.randrange(1000))
    try:
        storm.run().check()
        assert len(storm.keys_seen) >= 10, storm.keys_seen  # four of each parent, one of each child at least
    finally:
        storm.end()
    print(storm.counts, storm.serials, len(storm.keys_seen))
