"""A cut while flash is written leaves what was written until then."""

from __future__ import annotations

import time

import pytest

from certstore.power import PowerCutFiles
from harness.emulator.writing import Writing

SECONDS = 1000.0


def write(files: PowerCutFiles) -> None:
    for name in ("a", "b", "c"):
        files.write(name, b"x")
        files.sync(name)
        files.sync_directory()


@pytest.mark.parametrize(("share", "there"), [(0.0, set()), (0.5, {"a"}), (0.999, {"a", "b", "c"})])
def test_as_much_is_there_as_there_was_time_for(share: float, there: set[str]) -> None:
    writing = Writing(PowerCutFiles().aftermath(lambda _: 0), write, SECONDS, time.monotonic() - share * SECONDS)

    left = writing.interrupted().aftermath(lambda _: 0).files()

    assert {name for name, content in left.items() if content == b"x"} >= there
    assert not writing.is_over


def test_it_is_over_when_its_time_is() -> None:
    assert Writing(PowerCutFiles().aftermath(lambda _: 0), write, SECONDS, time.monotonic() - SECONDS).is_over
