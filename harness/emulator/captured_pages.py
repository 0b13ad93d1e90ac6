"""Pages and files of a captured unit that tell nothing of its state: served as they were."""

from __future__ import annotations

from pathlib import Path

from harness.emulator.http_server import Answer
from harness.emulator.rendering import render_captured
from harness.emulator.skin import Captured, CapturedPage
from harness.emulator.visiting import Admitted, Page, Visit, administrators_only


def captured_at(path: str, captured: Captured) -> Page | None:
    """The captured page of this path."""
    found = captured.page_at(path)
    if found is None:
        return None
    page = found

    async def show(visit: Visit) -> Answer:
        return _answer(page, visit)

    @administrators_only
    async def show_inside(visit: Admitted) -> Answer:
        return _answer(page, visit)

    return show if page.shown_to == "everybody" else show_inside


def _answer(page: CapturedPage, visit: Visit | Admitted) -> Answer:
    if page.content_type == "text/html":
        return render_captured(page, visit.unit, visit.session)
    octets = Path(visit.unit.skin.captured.folder, page.file).read_bytes()
    return Answer(body=octets, content_type=page.content_type or "application/octet-stream")
