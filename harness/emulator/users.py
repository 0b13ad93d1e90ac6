"""Who may log in, and how well their passwords keep others out (device-reference 3.4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum

from harness.emulator.skin import AccountSettings


class Privilege(Enum):
    """From administrator down to none (mark D; the names between are R)."""

    ADMINISTRATOR = "administrator"
    FULL_CONTROL = "full_control"
    CREATION = "creation"
    DETAIL = "detail"
    LIST_ONLY = "list_only"
    NONE = "none"


@dataclass(frozen=True)
class User:
    name: str
    password: str = field(repr=False)
    privilege: Privilege
    changed: datetime | None = None
    """When the password was last changed; None is before the emulation began."""

    @property
    def is_administrator(self) -> bool:
        return self.privilege is Privilege.ADMINISTRATOR


@dataclass(frozen=True)
class _Failures:
    """Wrong passwords in a row."""

    number: int
    last: datetime


class LoginFault(Enum):
    WRONG = "wrong user name or password"
    LOCKED = "the account is disabled"
    REVOKED = "the certificate has been revoked"
    NO_STATUS = "nobody says whether the certificate has been revoked"


@dataclass(frozen=True)
class LoginRefused(Exception):
    fault: LoginFault


class Users:
    """The accounts of one unit, by name, which is case sensitive."""

    def __init__(
        self, administrator: str, password: str, rules: AccountSettings, now: Callable[[], datetime]
    ) -> None:
        # Both are on every fresh unit (mark D).
        first = [User("guest", "", Privilege.LIST_ONLY), User(administrator, password, Privilege.ADMINISTRATOR)]
        self._users = {user.name: user for user in first}
        self._kept = frozenset(self._users)
        self._failures: dict[str, _Failures] = {}
        self._rules = rules
        self._now = now
        self.advanced = rules.advanced
        """Advanced account security is on."""

    def __getitem__(self, name: str) -> User:
        return self._users[name]

    def __iter__(self) -> Iterator[User]:
        return iter(self._users.values())

    def get(self, name: str) -> User | None:
        return self._users.get(name)

    def log_in(self, name: str, password: bytes) -> User:
        """The user, whose password this is. Raises LoginRefused."""
        user = self._users.get(name)
        if user is None or user.privilege is Privilege.NONE:
            raise LoginRefused(LoginFault.WRONG)
        if self.is_locked(name):
            raise LoginRefused(LoginFault.LOCKED)
        if user.password.encode() != password:
            self._failures[name] = _Failures(self._failed(name) + 1, self._now())
            raise LoginRefused(LoginFault.WRONG)
        self._failures.pop(name, None)
        return user

    def _failed(self, name: str) -> int:
        known = self._failures.get(name)
        return known.number if known else 0

    def is_locked(self, name: str) -> bool:
        """Three failures lock: administrators for 30 minutes, others until an administrator says otherwise (D)."""
        known = self._failures.get(name)
        if not self.advanced or known is None or known.number < self._rules.failures:
            return False
        if not self._users[name].is_administrator:
            return True
        if self._now() - known.last < timedelta(minutes=self._rules.lock_minutes):
            return True
        del self._failures[name]
        return False

    def enable(self, name: str) -> None:
        self._failures.pop(name, None)

    def is_expired(self, user: User) -> bool:
        """The password has to be changed before anything else (D: after 60 days; I: also one that is too weak)."""
        if not self.advanced:
            return False
        age = timedelta(days=self._rules.expire_days)
        if user.changed is not None:
            return self._now() - user.changed >= age
        return not self.is_strong(user.password)

    def is_strong(self, password: str) -> bool:
        """What advanced account security asks of a password (D)."""
        kinds = Counter(_kind(character) for character in password)
        return (
            len(password) >= self._rules.length
            and all(kinds[kind] >= self._rules.of_each_kind for kind in ("upper", "lower", "digit", "special"))
            # "At most 2 repeats" (D) taken as: no character more than twice in a row.
            and not re.search(rf"(.)\1{{{self._rules.repeats}}}", password)
        )

    def is_acceptable(self, password: str) -> bool:
        return not self.advanced or self.is_strong(password)

    def may_be_called(self, name: str) -> bool:
        taken = {*self._users, *self._rules.reserved}
        return name not in taken and 0 < len(name) <= self._rules.longest

    @property
    def is_full(self) -> bool:
        return len(self._users) >= self._rules.most_users

    def add(self, user: User) -> None:
        self._users[user.name] = replace(user, changed=self._now())

    def set_password(self, name: str, password: str) -> None:
        self._users[name] = replace(self._users[name], password=password, changed=self._now())

    def replace(self, users: Iterable[User]) -> None:
        """These and no others; nobody of them is disabled."""
        self._users = {user.name: user for user in users}
        self._failures = {}

    def delete(self, name: str) -> bool:
        """Whether it could be: the users that every unit has stay."""
        return name not in self._kept and self._users.pop(name, None) is not None


def _kind(character: str) -> str:
    if character.isupper():
        return "upper"
    if character.islower():
        return "lower"
    return "digit" if character.isdigit() else "special"
