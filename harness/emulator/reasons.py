"""Restart-log reasons of the ways to go down that are neither web nor API (device-reference 7.5)."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """Mark D for API 2.10, I for 2.9."""

    FTP = "User requested reboot from FTP"
    CONSOLE = "User requested reboot from console"
    SUPERVISOR = "User requested reboot from supervisor"
    SUPERVISOR_SHUTDOWN = "User requested shutdown from supervisor"
    RESET = "User reset configuration"


FIRST_WITH_REASONS = (2, 9)
"""API 2.6 and 2.7 know unknown, shutdown and upgrade only (mark D), and 2.8 as the skins have it (I); where it
changed is unknown."""

UNKNOWN = "unknown"
EARLY = {Reason.SUPERVISOR_SHUTDOWN: "User requested shutdown"}


def in_words(reason: Reason, api_version: str) -> str:
    """As the restart log of a unit with this API says it."""
    version = tuple(int(part) for part in api_version.split("."))
    return reason.value if version >= FIRST_WITH_REASONS else EARLY.get(reason, UNKNOWN)
