"""Replacing the certificate and key, as the vendor's article has it: upload, restart, look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness import catalogue, pki
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.errors import BenchError, DeadlineExpired, LabError, UnitError
from harness.experiment import BrokenOff, Leaves, Selection, experiment
from harness.lab import Place
from harness.observation import (
    LOOK_SECONDS,
    Look,
    Sight,
    Unseen,
    describes,
    how_much,
    look,
    look_when_up,
    moments_of_change,
    pages_that_ask,
    rows_shown,
    shown_otherwise,
    sight,
    way_of_turn,
)
from harness.profile import Characterised, line
from harness.table_words import dates_are_of, left_out
from harness.tls.handshake import HandshakeFailed, fingerprint
from harness.tls.resumption import TlsSession
from harness.unit import (
    Answer,
    Condition,
    NotRestarted,
    OperationalStatus,
    Restart,
    RestartLogEntry,
    Service,
    Unit,
    WebPass,
)

# Of the documented reasons (device-reference 7.5): what a restart in another way is not.
OTHER_REASONS = ("upgrade", "console", "ftp", "supervisor", "configuration", "cold boot")

CERTIFICATE_REQUEST = "CertificateRequest"

CLOCK_SECONDS = 2.0
"""An uptime is told in whole seconds."""
AGREE_SECONDS = 10.0
"""Clocks of a unit may be read one after the other."""
CROWD = 8
"""Handshakes at once: units may take no more connections than that (device-reference 7.1, mark D for the API)."""


@dataclass(frozen=True)
class After:
    """What was seen of the unit from its restart on."""

    restart: Restart
    seen: Look
    services: dict[str, Service]
    operational_status: OperationalStatus
    leafs_met: frozenset[str]
    """Those that were served on HTTPS since the restart, the first connection included."""
    lets_old_session_in: bool
    """Whether a web session from before still opens pages."""
    crowd: tuple[bytes, ...] = ()
    """The leafs that many connections at once were served."""
    resumed: bool | None = None
    """Whether a TLS session from before was taken up; None where the unit never does that."""


@dataclass(frozen=True)
class Replacement:
    """What was seen of a unit while its pair was replaced by another."""

    material: Material
    services: dict[str, Service]
    before: Look
    answer: Answer
    uploaded: Look
    asked: Condition
    """Right before it was told to restart."""
    after: Sight[After]
    served: Sight[bytes]
    """The leaf after the restart."""

    @property
    def restarted_by_itself(self) -> bool:
        began = self.before.condition.restart_time
        return not self.uploaded.condition.restart_time == self.asked.restart_time == began

    @property
    def pending(self) -> Look:
        """Between upload and restart. Raises Unseen where there was no such time."""
        if self.restarted_by_itself:
            raise Unseen(UnitError("it restarted by itself before it was told to"))
        return self.uploaded

    @property
    def restarted(self) -> Look:
        """Raises Unseen where it was not seen to come back."""
        return self.after.value.seen

    @property
    def new_in_log(self) -> tuple[RestartLogEntry, ...]:
        """What the restart log has more than before the restart."""
        before, after = self.uploaded.restart_log, self.restarted.restart_log
        return after[len(before) :] if after[: len(before)] == before else after

    @property
    def was_taken(self) -> bool:
        """Whether anything shows that the unit has stored something."""
        tables = [seen.certificates.local_certificate for seen in (self.before, self.uploaded)]
        return (
            self.answer.taken
            or tables[0] != tables[1]
            or pages_that_ask(self.before, self.uploaded) != "none"
            or (self.served.trouble is None and self.served.value == self.material.leaf)
        )


def replace(unit: Unit, make: Callable[[str], Material], turn: int, crowd: int = 0) -> Replacement:
    material = make(unit.place.address)
    open_before, before = unit.services(), look(unit)
    answer = unit.upload(material.upload)
    uploaded = look_when_up(unit)
    unit.let_be()
    try:
        old, session, asked = _kept(unit, crowd)
    except (BenchError, HandshakeFailed):
        # It may have gone down by itself: then it comes back, and says that it has started anew.
        uploaded = look_when_up(unit)
        old, session, asked = _kept(unit, crowd)
    try:
        restart, asked = _restarted(unit, turn, asked)
        met = unit.leafs_met()
        seen = look_when_up(unit)
        after = After(
            restart,
            seen,
            unit.services(),
            unit.operational_status(),
            met,
            unit.admits(old),
            tuple(one.leaf for one in unit.handshakes(crowd, Deadline.after(LOOK_SECONDS))) if crowd else (),
            None if session is None else unit.resumes(session, Deadline.after(LOOK_SECONDS)),
        )
    except (LabError, UnitError, DeadlineExpired) as error:
        served = Sight[bytes](trouble=error) if isinstance(error, NotRestarted) else sight(lambda: _leaf(unit))
        begun = Replacement(material, open_before, before, answer, uploaded, asked, Sight(trouble=error), served)
        raise BrokenOff(begun, error) from error
    leaf = Sight[bytes](trouble=seen.served.trouble) if seen.served.trouble else Sight(seen.handshake.leaf)
    return Replacement(material, open_before, before, answer, uploaded, asked, Sight(after), leaf)


def _kept(unit: Unit, crowd: int) -> tuple[WebPass, TlsSession | None, Condition]:
    """What is to be tried after the restart, and how the unit is right before it."""
    session = unit.tls_session(Deadline.after(LOOK_SECONDS)) if crowd else None
    return unit.web_pass(), session, unit.condition()


def _restarted(unit: Unit, turn: int, asked: Condition) -> tuple[Restart, Condition]:
    """A restart, and how the unit was before; where it went down by itself just then, it is asked again."""
    limit = Deadline.after(unit.place.restart_timeout)
    try:
        return unit.restart(limit, way_of_turn(unit, turn)), asked
    except BenchError:
        now = look_when_up(unit).condition
        if now.restart_time == asked.restart_time:
            raise
        return unit.restart(limit, way_of_turn(unit, turn)), now


def _leaf(unit: Unit) -> bytes:
    return unit.handshake(Deadline.after(LOOK_SECONDS)).leaf


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.SMOKE)
def self_signed(unit: Unit) -> Replacement:
    """As in the vendor's article: a self-signed certificate, its key encrypted with DES-EDE3; restarted by web."""
    return replace(unit, catalogue.article_self_signed, 0)


@experiment(Leaves.CUSTOM_PAIR, restarts=1)
def ca_signed(unit: Unit) -> Replacement:
    """A leaf signed by an authority, two intermediates appended, the key plain; restarted by API where it can be."""
    return replace(unit, catalogue.ca_signed, 1, CROWD)


pytestmark = pytest.mark.about(self_signed, ca_signed)


def only_if_in_force(seen: Replacement) -> None:
    if seen.served.value != seen.material.leaf:
        pytest.skip("the uploaded leaf is not served: that is another claim's")


def only_if_taken(seen: Replacement) -> None:
    if not seen.was_taken:
        pytest.skip("the unit took nothing: that is another claim's")


# After the upload, before the restart.


def test_the_upload_is_taken(seen: Replacement) -> None:
    """Something shows that it is stored: rebootRequired, the status table, a page, or that it is served later."""
    told = f"Private key: {seen.answer.local_certificate.private_key!r}; nothing on its pages or in its API changed"
    assert seen.was_taken, told


def test_an_upload_sets_reboot_required_as_ever(seen: Replacement, characterised: Characterised) -> None:
    """The flag is documented; that an upload of a certificate sets it is inferred (device-reference 2.6, mark I)."""
    only_if_taken(seen)
    assert seen.pending.condition.reboot_required == seen.answer.reboot_required_after
    if not seen.answer.reboot_required_before:
        characterised("reboot-required/after-upload", seen.answer.taken)


def test_the_status_table_says_that_the_key_matches(seen: Replacement) -> None:
    row = seen.uploaded.certificates.local_certificate
    assert row.key_matches, f"after the upload the Private key row reads {row.private_key!r}"


def test_the_same_pages_as_ever_ask_for_the_restart(seen: Replacement, characterised: Characterised) -> None:
    """That a restart is needed is documented, a banner that says so is inferred (device-reference 2.6, mark I)."""
    only_if_taken(seen)
    characterised("pages-that-ask/after-upload", pages_that_ask(seen.before, seen.pending))


def test_the_pair_from_before_is_served_until_the_restart(seen: Replacement) -> None:
    """At each of its addresses."""
    assert seen.pending.handshake.presented_chain == seen.before.handshake.presented_chain
    told = seen.pending.changed_elsewhere(seen.before)
    assert not told, told


def test_the_upload_alone_does_not_restart_the_unit(seen: Replacement) -> None:
    """It waits to be told (device-reference 2.1, mark D)."""
    began, now = (
        seen.before.condition.restart_time,
        max(seen.uploaded.condition.restart_time, seen.asked.restart_time),
    )
    assert now == began, f"it started at {began}, and again at {now}, before it was told to"
    # Clocks show whole seconds, and some units start in less.
    logged = len(seen.uploaded.restart_log) - len(seen.before.restart_log)
    assert logged <= 0, f"{logged} more in its restart log after the upload than before, before it was told to"


# The restart.


def test_the_unit_goes_down_and_comes_back_when_it_is_told_to_restart(seen: Replacement) -> None:
    """Within `restart_timeout` of the lab file it comes to the end of its shutdown, goes down, and comes back."""
    trouble = seen.after.trouble
    if isinstance(trouble, NotRestarted):
        pytest.fail(f"the unit never {trouble.step}: {trouble}", pytrace=False)
    assert seen.after.value


def test_the_unit_says_when_it_restarted(seen: Replacement) -> None:
    """`restartTime` of device.query (device-reference 7.2)."""
    restart = seen.after.value.restart
    told = f"restartTime is {restart.restart_time_after} after it, and was {restart.restart_time_before} before"
    assert restart.restart_time_after > restart.restart_time_before, told


def test_the_unit_restarts_once_when_it_is_told_to_once(seen: Replacement) -> None:
    """And stays up then."""
    first, now = seen.after.value.restart.restart_time_after, seen.restarted.condition.restart_time
    assert now == first, f"it started at {first}, and again at {now}"
    if not seen.restarted_by_itself:
        starts = sorted({entry.time for entry in seen.new_in_log})
        assert len(starts) <= 1, f"the restart log has starts at {', '.join(map(str, starts))}"


def test_the_uptime_begins_anew_with_the_restart(seen: Replacement) -> None:
    """`uptimeSeconds` of /system.xml falls after a restart (device-reference 7.10)."""
    restart = seen.after.value.restart
    told = f"uptimeSeconds is {restart.uptime_seconds}, {restart.booted_seconds:.1f} s after it was told to restart"
    assert restart.uptime_seconds <= restart.booted_seconds + CLOCK_SECONDS, told


def test_restart_time_and_uptime_agree_as_ever(seen: Replacement, characterised: Characterised) -> None:
    """What has passed since `restartTime` is the uptime (device-reference 7.2 and 7.10, marks D), unless the unit's
    clock is set while it starts."""
    now = seen.restarted.condition
    if now.current_time is None:
        pytest.skip("the unit does not tell the time")
    passed = (now.current_time - now.restart_time).total_seconds()
    characterised("uptime/agrees-with-restart-time", abs(passed - now.uptime_seconds) <= AGREE_SECONDS)


def test_the_same_services_are_open_after_the_restart(seen: Replacement) -> None:
    """What is ticked is open (device-reference 4)."""
    now, before = seen.after.value.services, seen.services
    changed = [
        f"{now.get(name)}, which was {before.get(name)}" for name in now | before if now.get(name) != before.get(name)
    ]
    assert not changed, "; ".join(changed)


def test_the_restart_is_in_the_restart_log_once(seen: Replacement, characterised: Characterised) -> None:
    """One line for each time at which it started, and those of earlier restarts are kept (device-reference 7.5)."""
    characterised("restart-log/told", bool(seen.restarted.restart_log))
    before = seen.uploaded.restart_log
    assert seen.restarted.restart_log[: len(before)] == before, "entries from before the restart are gone"
    twice = [time for time, lines in Counter(entry.time for entry in seen.new_in_log).items() if lines > 1]
    assert twice == [], f"more than one line for the start at {', '.join(map(str, twice))}"
    if seen.restarted.restart_log:
        assert seen.new_in_log, f"no line is new; the last one is {before[-1].reason!r} of {before[-1].time}"
    asked, restart = seen.asked.current_time, seen.after.value.restart
    if (
        asked is not None
        and not seen.restarted_by_itself
        and restart.restart_time_after > restart.restart_time_before
    ):
        assert [entry.time for entry in seen.new_in_log if entry.time < asked] == []
        now = seen.restarted.condition.current_time or restart.restart_time_after
        assert [entry.time for entry in seen.new_in_log if entry.time > now] == []


def test_the_restart_log_tells_no_other_reason(seen: Replacement, characterised: Characterised) -> None:
    """Which of the documented reasons a restart by web has before API 2.10 is open; older ones tell none (7.5)."""
    if not seen.new_in_log:
        pytest.skip("the restart log has no entry for it")
    way = seen.after.value.restart.way
    reason = line(seen.new_in_log[-1].reason)
    other = [word for word in OTHER_REASONS if word in reason.lower() and word != way]
    assert not other, f"it was restarted by {way}, and the restart log says {reason!r}"
    characterised(f"restart-log/reason-by-{way}", reason)


def test_the_unit_works_again_after_the_restart(seen: Replacement) -> None:
    seconds = seen.after.value.restart.booted_seconds
    assert seen.restarted.condition.finished_booting, f"finishedBooting is false {seconds:.0f} s after the restart"
    status = seen.after.value.operational_status
    assert status is OperationalStatus.ACTIVE, f"operationalStatus is {status}"


def test_no_restart_is_pending_after_the_restart(seen: Replacement) -> None:
    assert not seen.restarted.condition.reboot_required, "rebootRequired is true after the restart"


def test_the_same_pages_as_ever_ask_for_a_restart_after_it(seen: Replacement, characterised: Characterised) -> None:
    """None should; but a page that tells when the unit was restarted has a new text about a restart, too."""
    characterised("pages-that-ask/after-restart", pages_that_ask(seen.before, seen.restarted))


def test_a_web_session_from_before_the_restart_is_over(seen: Replacement) -> None:
    """A restart ends all sessions (device-reference 15.3 step 10)."""
    told = "a cookie from before the restart still opens SSL certificates"
    assert not seen.after.value.lets_old_session_in, told


# What is served then.


def test_https_works_after_the_restart(seen: Replacement) -> None:
    """A TLS handshake is completed, at each of its addresses; what is served in it is other claims' matter."""
    trouble = seen.restarted.served.trouble
    assert trouble is None, str(trouble)
    lost = {
        address: str(now.trouble)
        for address, now in seen.restarted.elsewhere.items()
        if now.trouble is not None and seen.before.elsewhere[address].trouble is None
    }
    assert not lost, "; ".join(f"at {address}, where HTTPS was open before: {why}" for address, why in lost.items())


def test_the_uploaded_leaf_is_served_after_the_restart(seen: Replacement) -> None:
    """The handshake was completed, so the unit holds the leaf's private key too; at each of its addresses."""
    only_if_taken(seen)
    assert seen.served.value == seen.material.leaf
    told = seen.restarted.leaf_elsewhere(seen.material.leaf)
    assert not told, told


def test_tls_is_spoken_as_ever(seen: Replacement, characterised: Characterised) -> None:
    """Which versions and suites there are is inferred (device-reference 8); a new pair is none of their business."""
    shown = seen.restarted.handshake
    characterised("tls/spoken", f"{shown.protocol_version} {shown.cipher_suite}")
    # Asked for in the modes of 4.4 and later alone, which nobody has switched on (8, mark D). Not every stack of ours
    # tells.
    if shown.messages:
        characterised("tls/asks-for-a-certificate", any(one.name == CERTIFICATE_REQUEST for one in shown.messages))


def test_every_connection_since_the_restart_was_served_one_leaf(seen: Replacement) -> None:
    """The first one included: there is one pair, and it is in force from the start on (device-reference 2.1)."""
    assert len(seen.after.value.leafs_met) <= 1, ", ".join(f"sha256:{one}" for one in seen.after.value.leafs_met)


@pytest.mark.about(ca_signed)
def test_many_connections_at_once_are_served_one_leaf(seen: Replacement) -> None:
    """Of those that are served at all: there is one pair (device-reference 2.1, mark D)."""
    leafs = Counter(fingerprint(leaf) for leaf in seen.after.value.crowd)
    told = ", ".join(f"{count} times sha256:{leaf}" for leaf, count in leafs.items())
    assert len(leafs) == 1, f"of {CROWD} handshakes at once: {told or 'none was completed'}"


@pytest.mark.about(ca_signed)
def test_no_tls_session_from_before_the_restart_is_resumed(seen: Replacement, characterised: Characterised) -> None:
    """One that is resumed shows no certificate: its client would never learn of the new pair."""
    only_if_in_force(seen)
    if seen.pending.handshake.leaf == seen.material.leaf:
        pytest.skip("the uploaded leaf was served before the restart: that is another claim's")
    resumed = seen.after.value.resumed
    characterised("tls/sessions-are-resumed", resumed is not None)
    assert not resumed, "a TLS session from before the restart was taken up, and no certificate was shown"


def test_a_leaf_is_served_with_as_much_of_its_chain_as_ever(seen: Replacement, characterised: Characterised) -> None:
    """Whole and in order, or the leaf alone: which, is unknown (device-reference 11.5, mark U)."""
    served = seen.restarted.handshake.presented_chain
    if served[0] != seen.material.leaf:
        known = {one.handshake.leaf: one.handshake.presented_chain for one in (seen.before, seen.uploaded)}
        assert served == known.get(served[0]), "a leaf that was not uploaded, and with another chain than before"
        return
    characterised(f"served/of-{len(seen.material.chain)}-certificates", how_much(served, seen.material.chain))
    # That another leaf is served there is another claim's matter.
    told = seen.restarted.chain_elsewhere(served) if not seen.restarted.leaf_elsewhere(served[0]) else ""
    assert not told, told


def test_no_pair_of_another_unit_is_served(seen: Replacement, place: Place) -> None:
    """All units of the lab are being changed at once; each of our leafs names the address of its unit."""
    served = {seen.before.handshake.leaf, seen.uploaded.handshake.leaf, seen.served.value}
    assert [leaf for leaf in served if pki.is_ours(leaf) and not pki.names_address(leaf, place.address)] == []


def test_sip_tls_shares_the_pair_with_https(seen: Replacement, characterised: Characterised) -> None:
    """There is one pair for both (device-reference 2.1 and 8, mark D for 4.x), where SIP TLS is open."""
    characterised("sip-tls/open", seen.before.sip is not None)
    if seen.before.sip is not None:
        leafs = (seen.restarted.handshake.leaf, seen.material.leaf)
        assert seen.restarted.sip is not None
        assert seen.restarted.sip.leaf in leafs
        if seen.restarted.sip.leaf == seen.restarted.handshake.leaf:
            same = seen.restarted.sip.presented_chain == seen.restarted.handshake.presented_chain
            characterised("sip-tls/has-the-chain-of-https", same)


def test_sip_tls_serves_the_pair_from_before_until_the_restart(seen: Replacement) -> None:
    """It shares the pair with HTTPS (device-reference 2.1, mark D for 4.x), and goes on with it, as that does."""
    if seen.before.sip is None:
        pytest.skip("SIP TLS is closed")
    assert seen.pending.sip is not None
    if seen.pending.handshake.leaf == seen.before.handshake.leaf:
        assert seen.pending.sip.presented_chain == seen.before.sip.presented_chain


def test_the_status_table_describes_what_was_uploaded_or_what_is_served(
    seen: Replacement, characterised: Characterised
) -> None:
    """Subject, issuer and dates are documented, how they are printed is not (device-reference 2.2)."""
    only_if_taken(seen)
    table = seen.restarted.certificates.local_certificate
    characterised("status-table/rows", ", ".join(rows_shown(table)))
    leafs = (seen.material.leaf, seen.served.value)
    assert any(describes(table, leaf) for leaf in leafs), shown_otherwise(table, *leafs)
    described = next(leaf for leaf in leafs if describes(table, leaf))
    characterised("status-table/dates", dates_are_of(table, described))
    characterised(f"status-table/of-{len(seen.material.chain)}-leaves-out", left_out(table, described))


def test_the_status_table_changes_when_it_ever_did(seen: Replacement, characterised: Characterised) -> None:
    """With the upload, or with the restart: which, is unknown (device-reference 2.2, mark U)."""
    only_if_in_force(seen)
    characterised("status-table/changes", moments_of_change("upload", seen.before, seen.pending, seen.restarted))
