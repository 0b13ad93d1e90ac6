"""What the API answers, as evidence: in full once, and then what has changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

HIDDEN = "***"
SECRET_NAME = re.compile(r"passw|passphrase|secret|key$|pin$", re.IGNORECASE)
"""Names of members whose value is nobody's business: passwords, and the keys by which features are bought."""


class AnswerLog:
    """The answers of one unit since it was opened."""

    def __init__(self, record: Callable[[str, dict[str, object]], None]) -> None:
        self._record = record
        self._latest: dict[str, Mapping[str, object]] = {}

    def note(self, method: str, members: Mapping[str, object]) -> None:
        """All members the first time, then those that are otherwise than the time before."""
        before = self._latest.get(method)
        self._latest[method] = members
        if before is None:
            self._record("answer", {"method": method, "members": _shown(members)})
            return
        changed = _shown(
            {name: value for name, value in members.items() if name not in before or before[name] != value}
        )
        gone = [name for name in before if name not in members]
        facts: dict[str, object] = {"method": method, "changed": changed}
        if gone:
            facts["gone"] = gone
        self._record("answer", facts)

    def fault(self, method: str, code: int, text: str) -> None:
        self._record("answer", {"method": method, "fault": code, "text": text[:200]})


def _shown(members: Mapping[str, object]) -> dict[str, object]:
    return {name: _without_secrets(name, value) for name, value in members.items()}


def _without_secrets(name: str, value: object) -> object:
    if SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {inner: _without_secrets(str(inner), one) for inner, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets("", one) for one in value]
    return value
