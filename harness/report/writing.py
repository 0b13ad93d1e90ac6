"""The report as a file: written whole, or not at all."""

from __future__ import annotations

from pathlib import Path

from harness.report.facts import RunFacts
from harness.report.happenings import keep_restarts, read_happenings, usual_restart
from harness.report.view import BY_HAND, View, view_of
from harness.report.written import write_whole


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
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(view=view, by_hand=BY_HAND)
