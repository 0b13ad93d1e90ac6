"""A unit without the feature key for HTTPS: what listens there, and what becomes of an upload over HTTP."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.deadline import Deadline
from harness.errors import BenchError, ConfigurationError, UnitError
from harness.experiment import Leaves, Selection, experiment
from harness.observation import LOOK_SECONDS, rows_shown, table_changed
from harness.profile import Characterised
from harness.tls.handshake import Handshake, HandshakeFailed, fingerprint
from harness.unit import Answer, Condition, LocalCertificate, Service, Unit, keys_for_https


@dataclass(frozen=True)
class Seen:
    """What is there at one moment."""

    services: dict[str, Service]
    https: Handshake | None
    """With the HTTPS port; None where nobody listens there, or no TLS is spoken."""
    sip: Handshake | None
    table: LocalCertificate
    condition: Condition


@dataclass(frozen=True)
class Keyless:
    """What was seen of a unit without the key while a good pair was uploaded to it over HTTP, and removed."""

    before: Seen
    answer: Answer | None
    """None where the page has no form for it that can be sent."""
    uploaded: Seen
    afterwards: Seen

    @property
    def became(self) -> str:
        """Of the upload, in words."""
        if self.answer is None:
            return "cannot be sent"
        return "stored" if self.answer.taken or self.uploaded.table != self.before.table else "not stored"


@experiment(Leaves.WHAT_IT_FOUND, restarts=0, selection=Selection.FULL, needs=["http"], feature_key=False)
def without_key(unit: Unit) -> Keyless:
    """It is looked at; a good pair is uploaded over HTTP, if the page lets one do that, and removed, if it is
    stored."""
    if names := keys_for_https(unit.features() or ()):
        raise ConfigurationError(
            f"{unit.place.name}: lab.toml has feature_key = false, and the unit has {names[0]!r}"
        )
    before, answer = _seen(unit), None
    with suppress(UnitError):
        answer = unit.upload(catalogue.ca_signed(unit.place.address).upload)
    uploaded = _seen(unit)
    if uploaded.table != before.table or uploaded.condition.reboot_required > before.condition.reboot_required:
        unit.remove()
    return Keyless(before, answer, uploaded, _seen(unit))


def _seen(unit: Unit) -> Seen:
    soon = Deadline.after(LOOK_SECONDS)
    try:
        shown = unit.handshake(soon)
    except (BenchError, HandshakeFailed):
        shown = None
    table = unit.certificate_page().local_certificate
    return Seen(unit.services(), shown, unit.sip_handshake(soon), table, unit.condition())


pytestmark = pytest.mark.about(without_key)


def test_https_is_closed_without_its_feature_key(seen: Keyless) -> None:
    """It needs Secure management (HTTPS) or Encryption (device-reference 4 and 6, mark D), ticked or not."""
    told = f"there is no feature key for it, and its port serves {_told(seen.before.https)}"
    assert seen.before.https is None, told
    https = seen.before.services.get("https")
    assert https is None or not https.open, "services.query tells that HTTPS is enabled"


def test_sip_tls_is_closed_without_a_feature_key(seen: Keyless) -> None:
    """It needs one of the same two (device-reference 4, mark D)."""
    told = f"there is no feature key for it, and its port serves {_told(seen.before.sip)}"
    assert seen.before.sip is None, told
    sip = seen.before.services.get("sips_tcp")
    assert sip is None or not sip.open, "services.query tells that SIP TLS is enabled"


def test_the_status_table_is_filled_without_a_feature_key_as_ever(
    seen: Keyless, characterised: Characterised
) -> None:
    """The page is of no use then (device-reference 2.1, mark D); how it looks is unknown."""
    characterised("without-key/status-table", ", ".join(rows_shown(seen.before.table)) or "nothing")
    characterised("without-key/key-matches", seen.before.table.key_matches)


def test_an_upload_without_a_feature_key_is_stored_or_not_as_ever(
    seen: Keyless, characterised: Characterised
) -> None:
    """Of uploads to such a unit no document says anything (device-reference 2.1)."""
    characterised("without-key/upload", seen.became)


def test_an_upload_opens_nothing_without_a_feature_key(seen: Keyless) -> None:
    """A pair is not what HTTPS and SIP TLS lack (device-reference 4, mark D)."""
    for now in (seen.uploaded, seen.afterwards):
        opened = {name: one for name, one in now.services.items() if one != seen.before.services.get(name)}
        assert not opened, f"after an upload: {'; '.join(map(str, opened.values()))}"
        before = (seen.before.https is None, seen.before.sip is None)
        told = f"after an upload HTTPS serves {_told(now.https)}, SIP TLS {_told(now.sip)}"
        assert (now.https is None, now.sip is None) == before, told


def test_an_upload_without_a_feature_key_does_not_restart_the_unit(seen: Keyless) -> None:
    """It waits to be told (device-reference 2.1, mark D)."""
    began, now = seen.before.condition.restart_time, seen.afterwards.condition.restart_time
    assert now == began, f"it started at {began}, and again at {now}, before it was told to"


def test_nothing_is_left_of_an_upload_without_a_feature_key(seen: Keyless) -> None:
    """It was not stored, or was removed, which brings the pair from before back (device-reference 2.1, mark D)."""
    changed = table_changed(seen.before.table, seen.afterwards.table)
    assert seen.afterwards.table == seen.before.table, changed


def _told(shown: Handshake | None) -> str:
    return f"sha256:{fingerprint(shown.leaf)}" if shown else "nobody"
