"""Who may log in (device-reference 3.4)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class User:
    name: str
    password: str = field(repr=False)
    is_administrator: bool


GUEST = User("guest", password="", is_administrator=False)
"""On every fresh unit, like the administrator (mark D)."""


def users_of(administrator: str, password: str) -> dict[str, User]:
    """By name, which is case sensitive."""
    return {GUEST.name: GUEST, administrator: User(administrator, password, is_administrator=True)}
