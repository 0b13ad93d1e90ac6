"""The suite as a process of its own, started from a test or a long proof."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "tests" / "hil"


def command(lab: Path, junit: Path, *arguments: str, suite: Path = SUITE) -> list[str]:
    """pytest over this lab file, as from the root directory; `junit` is where its verdicts come to lie."""
    own = ["-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    given = ["--lab", str(lab), f"--junitxml={junit}"]
    return [sys.executable, "-m", "pytest", str(suite), *given, *own, *arguments]


def environment() -> dict[str, str]:
    """Ours, without what would tell the inner pytest that it is a worker of the outer one.

    Users have no hypothesis installed; at the end of a run its plugin takes longer than many a run over units.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return ours | {"PYTEST_ADDOPTS": "-p no:hypothesispytest"}
