"""`mcu-hil capture`: what does a unit show that nobody has seen before?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from harness.bench import explored
from harness.capture.bounds import Bounds
from harness.capture.first_contact import Capture, default_folder, look_at
from harness.capture.keeping import MANIFEST, Folder
from harness.capture.skin_making import make_skin
from harness.capture.skin_pages import Made
from harness.cli import EXIT_STATUS
from harness.cli.ending import ending
from harness.errors import BenchError
from harness.judge.text_form import printable
from harness.lab import load_lab

INTERRUPTED = 130


@click.command()
@click.argument("place_name", metavar="PLACE")
@click.option(
    "--lab", "lab_file", type=click.Path(path_type=Path), default=Path("lab.toml"), show_default=True, help="The lab."
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="DIR", help="A new folder. [default: in the lab's state_dir]"
)
@click.option(
    "--skin", type=click.Path(path_type=Path), metavar="DIR", help="A new folder: a skin for an emulated unit."
)
@click.option("--pages", type=click.IntRange(1, 10000), default=200, show_default=True, help="Read at most so many.")
@click.option("--seconds", type=click.FloatRange(1), default=900.0, show_default=True, help="Read at most so long.")
@click.option("--shutdown-page", is_flag=True, help="Open Settings > Shutdown too; nothing on it is pressed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of text.")
def capture(
    place_name: str, lab_file: Path, output: Path | None, skin: Path | None, *, as_json: bool, **bounds: Any
) -> None:
    """Save what the unit at PLACE shows: pages, forms, API, TLS. Only questions are sent, no form but the login.

    Secrets are taken out before anything is written; docs/capture.md says which, and what is kept. Links whose text
    or address tells of a change are listed and left alone. The session is given back at the end.

    Exit status: 0 all of it was read; 10 it was not, and the manifest says why; 1 the unit misbehaved; 4 the lab
    file, the place's name or the login is wrong; 3 a bug of mcu-hil's; 130 interrupted. What was read is kept.
    """
    with ending("capture", place_name):
        lab = load_lab(lab_file)
        (place,) = lab.select([place_name], [])
        found = Capture(place)
        folder = Folder(output or default_folder(lab.state_dir, place))
        wanted = None if skin is None else Folder(skin)
        limits = Bounds(pages=bounds["pages"], seconds=bounds["seconds"])
        try:
            with explored(place, lab.state_dir, found.record, "mcu-hil capture") as unit:
                for notice in unit.notices:
                    _tell(notice)
                look_at(found, unit, limits, _tell, shutdown_page=bounds["shutdown_page"])
        except KeyboardInterrupt:
            found.stopped = "interrupted"
        except Exception as error:
            found.stopped = str(error) or type(error).__name__
            raise
        finally:
            manifest = found.keep(folder) if found.walk is not None else {}
        made = None if wanted is None or found.stopped else make_skin(found, wanted)
        if manifest:
            _show(folder, manifest, made, as_json=as_json)
    if found.stopped:
        sys.exit(INTERRUPTED)
    sys.exit(0 if manifest["complete"] else EXIT_STATUS[BenchError])


def _tell(line: str) -> None:
    click.echo(printable(line), err=True)


def _show(folder: Folder, manifest: dict[str, Any], made: Made | None, *, as_json: bool) -> None:
    if as_json:
        facts = {key: manifest[key] for key in ("place", "complete", "why_incomplete", "seconds")}
        facts |= {key: len(manifest[key]) for key in ("pages", "api", "left_alone", "failed")}
        if made is not None:
            facts["skin"] = {"live": sorted(made.templates), "other_pages": len(made.pages), "still": made.still}
        click.echo(json.dumps(facts | {"manifest": str(folder.path / MANIFEST)}))
        return
    pages = [page for page in manifest["pages"] if "forms" in page]
    count = sum(len(page["forms"]) for page in pages)
    alone, failed = manifest["left_alone"], manifest["failed"]
    lines = [
        f"{len(pages)} pages with {count} forms, {len(manifest['pages']) - len(pages)} other answers,"
        f" {len(manifest['api'])} answers of the API",
        *(f"left alone: {one['text'] or '(no text)'} ({one['path']}): {one['why']}" for one in alone),
        *(f"no answer: {one['path']}: {one['why']}" for one in failed),
        *([] if manifest["complete"] else [f"not everything was read: {manifest['why_incomplete']}"]),
        *(_skin_lines(made) if made is not None else []),
        f"manifest: {folder.path / MANIFEST}",
    ]
    for line in lines:
        click.echo(printable(line))


def _skin_lines(made: Made) -> list[str]:
    live = ", ".join(sorted(made.templates))
    return [f"skin: live are the pages {live}; {len(made.pages)} others stay as they are", *made.still]
