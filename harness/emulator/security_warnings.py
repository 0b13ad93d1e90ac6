"""The warnings of Status > Security (device-reference 10): when each holds. Their words are the skin's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.emulator.unit import EmulatedUnit

WARNINGS: Mapping[str, Callable[[EmulatedUnit], bool]] = {
    "default_certificate": lambda unit: unit.store.stored.is_factory,
    "admin_password": lambda unit: any(user.is_administrator and not user.password for user in unit.users),
    "advanced_security": lambda unit: not unit.users.advanced,
    "http_open": lambda unit: unit.is_open("http") and not unit.administration.security.redirect,
    "ftp_open": lambda unit: unit.is_open("ftp"),
    "audit_log": lambda unit: not unit.administration.audit.enabled,
}


def pending_warnings(unit: EmulatedUnit) -> Iterator[str]:
    """The names, in the skin's `warnings`, of those that hold now."""
    return (name for name, holds in WARNINGS.items() if name in unit.skin.warnings and holds(unit))
