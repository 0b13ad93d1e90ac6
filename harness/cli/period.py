"""Periods as people type them: 45s, 30m, 12h, 2d, 1h30m."""

from __future__ import annotations

import re
from datetime import timedelta

from harness.errors import ConfigurationError

PERIODS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
WRITTEN = re.compile(r"(?:\d+\s*[smhd]\s*)+")


def period(option: str, text: str) -> timedelta:
    """Raises ConfigurationError, which names the option."""
    if WRITTEN.fullmatch(text.strip()) is None:
        raise ConfigurationError(f"{option} is {text!r}: want a number with m, h or d, as 12h")
    try:
        return sum((int(count) * PERIODS[unit] for count, unit in re.findall(r"(\d+)\s*([smhd])", text)), timedelta())
    except OverflowError:
        raise ConfigurationError(f"{option} is {text!r}: that is too long") from None
