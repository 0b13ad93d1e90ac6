"""The table as docs/defects.md shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.prove.table import ROWS, Row

HEADING = "## Found by"
MANY = 4
PAIR = ("[self-signed]", "[ca-signed]")


def section() -> str:
    """From its heading to the end of the page."""
    rows = "\n".join(f"- `{defect}`: {_words(row)}" for defect, row in ROWS.items())
    return (
        f"{HEADING}\n\n"
        "The claims of the suite that fail at a unit with the defect; all others hold, or are blocked by what the\n"
        "unit does. `[both]` stands for `[self-signed]` and `[ca-signed]`. `make prove` shows that it is so.\n\n"
        f"{rows}\n"
    )


def _words(row: Row) -> str:
    parts = []
    if row.fails:
        parts.append(_list(row.fails))
    if row.more:
        parts.append(f"in the selection `full` {'also ' if row.fails else ''}{_list(row.more)}")
    if row.one_of:
        parts.append(f"at least one of {_list(row.one_of)}")
    if row.may:
        parts.append(f"by chance {_list(row.may)}")
    return "; ".join(parts)


def _list(claims: Iterable[str]) -> str:
    return ", ".join(f"`{claim}`" for claim in sorted(_counted(set(_paired(set(claims))))))


def _counted(claims: set[str]) -> Iterator[str]:
    """Where a test fails for many things, how many these are."""
    by_test: dict[str, list[str]] = {}
    for claim in claims:
        by_test.setdefault(claim.partition("[")[0], []).append(claim)
    for test, found in by_test.items():
        if len(found) > MANY:
            yield f"{test}` of {len(found)} things, as `{min(found).partition('[')[2][:-1]}"
        else:
            yield from found


def _paired(claims: set[str]) -> Iterator[str]:
    for claim in claims:
        name = claim.partition("[")[0]
        if {name + one for one in PAIR} <= claims and claim.endswith(PAIR):
            if claim.endswith(PAIR[0]):
                yield f"{name}[both]"
        else:
            yield claim
