"""What the window showed, as evidence: in full once for each reason, and then which texts are others."""

from __future__ import annotations

from collections.abc import Callable

from harness.drivers.masking import forms_of, mask_forms, mask_page
from harness.drivers.screen import Screen, texts

SECRET_LINE = 16
"""Characters: a shorter line of a private key tells nothing, and may be anything else."""
BETWEEN = "\0"
"""In no text of a page."""


class PageLog:
    """The pages of one session that were worth to be kept."""

    def __init__(self, record: Callable[[str, dict[str, object]], None], secret: str) -> None:
        self._record = record
        self._secrets = {secret}
        self._forms = set(forms_of(secret))
        self._latest: dict[tuple[str, str], frozenset[str]] = {}
        """What stood there, by why it was kept and in which frame."""

    def hide(self, *secrets: bytes | None) -> None:
        """None of these is in what is kept from now on."""
        for secret in secrets:
            text = (secret or b"").decode("utf-8", "replace")
            fresh = {text, *(line for line in text.split() if len(line) >= SECRET_LINE)} - self._secrets
            self._secrets |= fresh
            self._forms.update(form for one in fresh for form in forms_of(one))

    def keep(self, why: str, screen: Screen) -> None:
        """One line of evidence for each frame."""
        for pane in screen.panes:
            url, frame = pane.document.url.partition("?")[0], pane.name
            now = texts(pane.document)
            before = self._latest.get((why, frame))
            self._latest[why, frame] = now
            if before is None:
                [said] = self._masked(why)
                shown: dict[str, object] = {"markup": mask_page(pane.document.markup, self._secrets)}
            else:
                appeared, gone = sorted(now - before), sorted(before - now)
                said, *changed = self._masked(why, *appeared, *gone)
                changes = {"appeared": changed[: len(appeared)], "gone": changed[len(appeared) :]}
                shown = {name: found for name, found in changes.items() if found} or {"unchanged": True}
            self._record("page", {"why": said, "url": url, "frame": frame, **shown})

    def _masked(self, *said: str) -> list[str]:
        # All at once: there may be a thousand secrets.
        return mask_forms(BETWEEN.join(said), self._forms).split(BETWEEN)
