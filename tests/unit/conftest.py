"""Settings that the tests of the project itself share; runs over units know nothing of hypothesis."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: how long things take is measured in benchmarks/, not here.
settings.register_profile("mcu-hil", deadline=None)
settings.load_profile("mcu-hil")

HERE = Path(__file__).parent
LONG = (
    "run/test_generations.py",
    "run/test_verdicts.py",
    "run",
    "ssh/test_whole_lab.py",
    "nightly/test_nightly.py",
    "capture/test_skin.py",
    "lease/test_proofs.py",
    "emulator/test_browser.py",
    "test_walk.py",
    "drivers/variants",
)
"""Files and folders whose tests take ten seconds and more, the longest first."""


def pytest_configure() -> None:
    """Tests interrupt processes of theirs: whatever a shell has begun in the background would not hear of it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: at the end of a run, all workers are then done at about the same time."""
    turns = {HERE / part: turn for turn, part in enumerate(LONG)}

    def turn(item: pytest.Item) -> int:
        return min((turns[part] for part in (item.path, *item.path.parents) if part in turns), default=len(LONG))

    items.sort(key=turn)
