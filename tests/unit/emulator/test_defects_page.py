"""docs/defects.md says of every defect what the table says."""

from __future__ import annotations

import re
from pathlib import Path

import harness
from harness.emulator.defects import DEFECTS

PAGE = Path(harness.__file__).parents[1] / "docs" / "defects.md"

# In brackets at the end of what it breaks: where that is documented, and how sure it is.
SOURCE = re.compile(r"\(\d+(\.\d+)?( step \d+)?(, \d+\.\d+)*, [DIRU]( text)?\)")


def test_the_page_has_the_rows_of_the_table_and_no_others() -> None:
    rows = re.findall(r"^\| `(.+?)` \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert dict(rows) == {name: defect.breaks for name, defect in DEFECTS.items()}
    assert len(rows) == len(DEFECTS)


def test_every_row_names_its_source_and_mark() -> None:
    assert [name for name, defect in DEFECTS.items() if not SOURCE.search(defect.breaks)] == []
