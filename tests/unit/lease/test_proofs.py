"""Short forms of what `make leases` proves at length."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.lab import Place
from tests.leases.fight import fight
from tests.leases.sharing import share

LOOKS = """
from harness.lab import Place
from harness.unit import Unit


def test_a_unit_is_looked_at(place: Place, unit: Unit) -> None:
    for _ in range(5):
        assert unit.condition().finished_booting
"""


def test_places_that_are_fought_for_have_one_holder_at_a_time(places: Sequence[Place], tmp_path: Path) -> None:
    # A busy machine needs longer until each place has had more than one holder.
    fights = (fight(places, tmp_path / f"{seconds}", 6, seconds) for seconds in (2.0, 8.0, 32.0))
    found = next(found for found in fights if found.doubles or found.holds > len(places))

    assert found.doubles == ()


def test_two_runs_share_places_through_a_coordinator(tmp_path: Path) -> None:
    suite = tmp_path / "test_look.py"
    suite.write_text(LOOKS)

    found = share(tmp_path, 4, suite, [], restart_seconds=0.3)

    assert found.statuses == (0, 0), found.output
    assert found.driven == (4, 4)
    assert found.overlaps == ()
