"""Firmware that lets in, or gives away, what it should not."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from certstore import Upload
from harness.emulator.conduct import Conduct
from harness.emulator.sessions import Session
from harness.emulator.skin import Skin
from harness.emulator.store import Store
from harness.emulator.users import User


class LetsStrangersUpload(Conduct):
    def stranger(self, page: str) -> Session | None:
        return _AnyForm("admin", "", (), time.monotonic(), outstanding=1) if page == "change_certificates" else None

    def is_from(self, session: Session, address: str) -> bool:
        return isinstance(session, _AnyForm) or super().is_from(session, address)


class _AnyForm(Session):
    def submit(self, form: str) -> bool:
        return True


class LetsGuestsAdminister(Conduct):
    def may_administer(self, user: User) -> bool:
        return True


@dataclass(frozen=True)
class NeedsNoKey(Conduct):
    services: Collection[str]

    def needs_key(self, service: str) -> bool:
        return service not in self.services


class CookieFromAnywhere(Conduct):
    def is_from(self, session: Session, address: str) -> bool:
        return True


class KeepsSessions(Conduct):
    def forgets_sessions(self) -> bool:
        return False


@dataclass(frozen=True)
class KeyInPage(Conduct):
    on: str

    def page(self, text: str, page: str, store: Store) -> str:
        return f"{text}<!-- {store.stored.private_key.decode()} -->" if page == self.on else text


class ConfigurationForGuests(Conduct):
    def may_see(self, user: User, page: str) -> bool:
        return page == "download" or super().may_see(user, page)


class KeyInWebFolder(Conduct):
    def file_at(self, path: str, store: Store) -> bytes | None:
        return store.stored.private_key if path == "/privkey.pem" else None


class KeyInEventLogAtStart(Conduct):
    def event_at_start(self, store: Store) -> str:
        return f"loaded {store.running.private_key.decode()}"


class KeyInConfiguration(Conduct):
    def exports_key(self, skin: Skin) -> bool:
        return True


class PassphraseInAuditLog(Conduct):
    def audit_of_upload(self, upload: Upload) -> str:
        return f"{super().audit_of_upload(upload)}, password {(upload.passphrase or b'').decode('latin-1')}"


class KeyInEventLog(Conduct):
    def event_of_upload(self, upload: Upload) -> str:
        return f"{super().event_of_upload(upload)}: {upload.private_key.decode('latin-1')}"


class PassphraseInEventLog(Conduct):
    def event_of_upload(self, upload: Upload) -> str:
        return f"{super().event_of_upload(upload)}, password {(upload.passphrase or b'').decode('latin-1')}"
