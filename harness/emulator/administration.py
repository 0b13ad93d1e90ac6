"""What an administrator sets on a unit, beside services and certificates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from harness.emulator.audit import AuditLog
from harness.emulator.conduct import Conduct
from harness.emulator.skin import Skin
from harness.emulator.trust import NO_TRUST, Trust
from harness.emulator.users import Users


@dataclass(frozen=True)
class Security:
    """Settings > Security (device-reference 3.4 and 9, mark D)."""

    redirect: bool
    idle_minutes: int
    hide_log: bool = False
    no_input: bool = False
    require_login: bool = False
    console_minutes: int = 60


class Administration:
    """All of it survives a restart, but for what `started` forgets."""

    def __init__(self, skin: Skin, administrator: str, password: str, now: Callable[[], datetime]) -> None:
        self.users = Users(administrator, password, skin.accounts, now)
        self.audit = AuditLog(now)
        self.security = Security(redirect=False, idle_minutes=skin.session.idle_minutes)
        self.trust = NO_TRUST
        self.trust_in_use = NO_TRUST
        """Differs only where a change waits for a restart."""
        self.media_encryption = True
        """As `device.encryption` has it; it needs the key too."""
        self.syslog: tuple[str, ...] = ()
        """The servers that events are forwarded to."""
        self.acknowledged: set[str] = set()
        self._takes_effect = skin.trust.takes_effect

    def change_trust(self, trust: Trust) -> None:
        self.trust = trust
        if self._takes_effect == "at once":
            self.trust_in_use = trust

    def started(self, conduct: Conduct) -> None:
        if not conduct.keeps_audit_log():
            self.audit.delete()
        self.audit.enabled = self.audit.enabled and conduct.keeps_auditing()
        # A reboot clears the acknowledgements of security warnings (5.1, mark D).
        self.acknowledged.clear()
        self.trust_in_use = self.trust
