"""docs/handshake.md is true to the table of checks."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

import harness
from harness.cli.handshake import handshake
from harness.verdict.table import CHECKS

PAGE = (Path(harness.__file__).parents[1] / "docs" / "handshake.md").read_text(encoding="utf-8")


def test_the_table_of_the_page_is_the_table_of_the_code() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \| `", line)]

    assert rows == [
        f"| {check.number} | `{check.id}` | {check.title} | {check.standard} | {check.severity} |" for check in CHECKS
    ]


def test_checks_are_numbered_from_1_and_no_id_is_there_twice() -> None:
    assert [check.number for check in CHECKS] == [*range(1, 29)]
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_every_option_and_check_that_the_page_names_is_there() -> None:
    options = {name for each in handshake.params if isinstance(each, click.Option) for name in each.opts}
    fields = {"number", "id", "title", "standard", "severity", "outcome", "expected", "observed"}
    document = {"endpoint", "at", "failed", "outcomes", "versions", "suites", "chain", "checks"}
    words = {"held", "broken", "not measurable", "error", "cryptography", "legacy"}
    words |= {"mcu-hil handshake", "make agreement"}
    known = {check.id for check in CHECKS} | fields | document | words | options

    assert set(re.findall(r"--[a-z][a-z-]*", PAGE)) <= options
    assert {quoted for quoted in re.findall(r"`([a-z -]+)`", PAGE) if quoted not in known} == set()


@pytest.mark.parametrize("status", ["0", "1", "4", "10"])
def test_every_exit_status_is_explained(status: str) -> None:
    assert re.search(rf"^\| {status} \| ", PAGE, re.MULTILINE)
