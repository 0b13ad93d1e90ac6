"""What takes long and is only looked at: made once for all tests of a session, whichever worker asks first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name, which `make` has filled: in this process or in another worker's.

    Where making it has failed, the next one who asks begins anew.
    """
    base = temporary.getbasetemp()
    # Each of pytest-xdist's workers has a folder of its own in that of the session.
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (common / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for attempt in range(100):
            folder = common / f"{name}-{attempt}"
            if (folder / "made").exists():
                return folder
            if not folder.exists():
                folder.mkdir()
                make(folder)
                (folder / "made").touch()
                return folder
    raise AssertionError(f"{name} could not be made")
