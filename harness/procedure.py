"""What is done to a unit as one act: put a pair in, take it out, go back to how it was found.

Written against the Protocol of a unit; whose unit and by which driver is no matter here. Each act ends with a
proof: a completed handshake, never a page.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from certstore import DEFAULT_FIRMWARE, Credential, Firmware, Upload, UploadRefused, firmware_named, receive
from harness import pki
from harness.deadline import Deadline
from harness.errors import BenchError, DeadlineExpired, UnitError
from harness.tls.handshake import Handshake, HandshakeFailed, fingerprint
from harness.unit import Answer, CertificatePage, OperationalStatus, Restart, Unit, Way

PROOF_SECONDS = 60.0
"""How long HTTPS may take to open once the unit says that it has booted."""
LOOK_SECONDS = 0.25
LONGEST_WORDS = 200
"""What a unit says in more letters than this is no message."""


@dataclass(frozen=True)
class Installation:
    """A pair that is in use, and how it came there."""

    answer: Answer
    restart: Restart | None
    """None where the unit served this very pair already."""
    handshake: Handshake
    """The proof."""


@dataclass(frozen=True)
class Removal:
    """The factory pair is in use."""

    answer: Answer
    restart: Restart | None
    """None where it was in use already."""
    handshake: Handshake
    """What is served now."""


def install(unit: Unit, upload: Upload, deadline: Deadline, way: Way | None = None) -> Installation:
    """The unit serves the pair of this upload, seen in a handshake after a restart in this way.

    Raises UploadRefused, and does not restart, where the unit did not take it for a reason that the model of its
    firmware knows; UnitError where the model knows none, or where another pair is served in the end.
    """
    page = unit.certificate_page()
    table = page.local_certificate
    answer = unit.upload(upload)
    verdict = _verdict(upload, firmware_of(unit))
    changed = answer.local_certificate != table and answer.local_certificate.key_matches
    # Where a change was waiting before, the flag tells nothing: the handshake after the restart will.
    if answer.reboot_required_after or changed:
        leaf = _leaf(unit, upload, verdict)
        restart = unit.restart(deadline, way)
        return Installation(answer, restart, prove(unit, leaf, deadline))
    if isinstance(verdict, UploadRefused):
        raise verdict
    served = unit.handshake(deadline)
    if served.leaf == verdict.leaf:
        # Storing again what is running changes nothing, and needs no restart.
        return Installation(answer, None, served)
    raise UnitError(
        f"{unit.place.name}: did not take an upload that its firmware should take: rebootRequired is false,"
        f" the Private key row reads {answer.local_certificate.private_key!r}{_said(answer, page)}"
    )


def remove(unit: Unit, deadline: Deadline) -> Removal:
    """The unit has no custom pair, and after a restart, where one was needed, serves another leaf than before.

    Raises UnitError where it still serves the leaf of the custom pair.
    """
    before = unit.handshake(deadline)
    answer = unit.remove()
    if not answer.reboot_required_after:
        return Removal(answer, None, before)
    restart = unit.restart(deadline)
    after = _handshake(unit, deadline)
    if answer.taken and after.leaf == before.leaf:
        raise UnitError(f"{unit.place.name}: still serves sha256:{after.fingerprint} after its removal and a restart")
    return Removal(answer, restart, after)


def to_baseline(
    unit: Unit, leaf: bytes, deadline: Deadline, pair: Upload | None = None, way: Way | None = None
) -> Handshake:
    """The unit serves this leaf, is active, and nothing waits for a restart; it was restarted only if it had to be.

    `pair` is what to upload where the leaf is not the factory's. Raises UnitError where another leaf is served
    in the end, UploadRefused where `pair` is refused.
    """
    condition = unit.condition()
    active = unit.operational_status() is OperationalStatus.ACTIVE
    serves_it = _serves(unit, leaf, deadline)
    if not serves_it and _opens_https(unit):
        serves_it = _serves(unit, leaf, deadline)
    if serves_it and active and not condition.reboot_required:
        return prove(unit, leaf, deadline)
    if pair is not None:
        return install(unit, pair, deadline, way).handshake
    try:
        waiting = unit.remove().reboot_required_after
    except UnitError:
        # Without a custom pair there may be no button to remove it; then a change must be waiting, or the unit
        # cannot be brought back this way.
        if not condition.reboot_required:
            raise
        waiting = True
    if waiting or not active or not serves_it:
        unit.restart(deadline, way)
    return prove(unit, leaf, deadline)


def without_custom_pair(unit: Unit, deadline: Deadline, way: Way | None = None) -> None:
    """Of a unit that has no HTTPS, so that nobody is shown a pair: nothing waits for a restart; what did was removed,
    and only where that was not enough was it restarted."""
    if not unit.condition().reboot_required:
        return
    with suppress(UnitError):
        # There may be no such button without a feature key.
        unit.remove()
    if unit.condition().reboot_required:
        unit.restart(deadline, way)


def prove(unit: Unit, leaf: bytes, deadline: Deadline) -> Handshake:
    """A completed handshake that shows this leaf.

    Raises UnitError where it shows another, DeadlineExpired where HTTPS does not open.
    """
    shown = _handshake(unit, deadline)
    if shown.leaf != leaf:
        raise UnitError(f"{unit.place.name}: serves sha256:{shown.fingerprint}, want sha256:{fingerprint(leaf)}")
    return shown


def _handshake(unit: Unit, deadline: Deadline) -> Handshake:
    soon = Deadline.after(min(PROOF_SECONDS, deadline.remaining))
    last = ""

    def look() -> Handshake | None:
        nonlocal last
        try:
            return unit.handshake(soon)
        except (BenchError, HandshakeFailed) as error:
            last = str(error)
            return None

    try:
        return soon.wait_for(f"TLS handshake with {unit.place.name}", look, LOOK_SECONDS)
    except DeadlineExpired as expired:
        raise DeadlineExpired(f"{expired.condition} ({last})", expired.seconds) from None


def _serves(unit: Unit, leaf: bytes, deadline: Deadline) -> bool:
    try:
        return unit.handshake(deadline).leaf == leaf
    except (BenchError, HandshakeFailed):
        # HTTPS is closed: whatever the reason, it does not serve this leaf.
        return False


def _opens_https(unit: Unit) -> bool:
    """Whether HTTPS was not ticked, and is now: whoever turned it off for a while did not come to the end of it."""
    https = unit.services().get("https")
    if https is None or https.wanted or not unit.place.has("api"):
        return False
    unit.switch_https(on=True)
    return True


def _said(answer: Answer, before: CertificatePage) -> str:
    """What the answer's page has to say, which the page before it did not have."""
    new = sorted(line for line in answer.page.lines - before.page.lines if len(line) <= LONGEST_WORDS)
    return "; the page says " + ", ".join(map(repr, new[:3])) if new else ""


def firmware_of(unit: Unit) -> Firmware:
    """The model of the unit's firmware."""
    try:
        return firmware_named(unit.identity.software_version)
    except ValueError:
        # A version that the model does not know reads files no worse than the newest that it knows.
        return DEFAULT_FIRMWARE


def _verdict(upload: Upload, firmware: Firmware) -> Credential | UploadRefused:
    try:
        return receive(upload, firmware)
    except UploadRefused as refused:
        return refused


def _leaf(unit: Unit, upload: Upload, verdict: Credential | UploadRefused) -> bytes:
    """What has to be served. The unit may have taken what the model refuses; then it is the file's first."""
    if isinstance(verdict, Credential):
        return verdict.leaf
    try:
        return pki.pem_to_der(upload.certificate)
    except ValueError as error:
        raise UnitError(f"{unit.place.name}: took an upload that holds no readable certificate") from error
