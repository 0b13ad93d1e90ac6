"""The report as a file: written whole, or not at all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.report.facts import RunFacts
from harness.report.happenings import keep_restarts, read_happenings, usual_restart
from harness.report.view import BY_HAND, View, view_of
from harness.report.written import write_whole

if TYPE_CHECKING:
    import jinja2


def write_report(run: RunFacts, file: Path) -> None:
    """Read what the evidence has of each place, and write the page. OSError where the file cannot be written."""
    happenings = {
        place.name: read_happenings(run.folder / "evidence" / f"{place.name}.jsonl") for place in run.places
    }
    before = usual_restart(run.folder.parent, but=run.folder)
    page = rendered(view_of(run, happenings, before))
    write_whole(file, page)
    keep_restarts(run.folder, {name: found.restarts for name, found in happenings.items()})


def rendered(view: View) -> str:
    return template().render(view=view, by_hand=BY_HAND)


@cache
def template() -> jinja2.Template:
    """The page without a run; it takes longer to make than most runs take to be put into it."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
