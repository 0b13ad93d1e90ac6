"""Replacing the certificate and key, as the vendor's article has it: upload, restart, look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness import catalogue, pki
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.lab import Place
from harness.observation import Look, describes, how_much, look, look_when_up, pages_that_ask, rows_shown
from harness.profile import Characterised, line
from harness.unit import Answer, OperationalStatus, Restart, Service, Unit, Way

# Of the documented reasons (device-reference 7.5): what a restart by web or API is not.
OTHER_REASONS = ("upgrade", "console", "ftp", "supervisor", "configuration", "cold boot")

CLOCK_SECONDS = 2.0
"""An uptime is told in whole seconds."""


@dataclass(frozen=True)
class Replacement:
    """What was seen of a unit while its pair was replaced by another."""

    material: Material
    services: tuple[dict[str, Service], dict[str, Service]]
    """Before the upload, and after the restart."""
    before: Look
    answer: Answer
    uploaded: Look
    restart: Restart
    restarted: Look
    operational_status: OperationalStatus


def replace(unit: Unit, make: Callable[[str], Material], way: Way) -> Replacement:
    material = make(unit.place.address)
    open_before, before = unit.services(), look(unit)
    answer = unit.upload(material.upload)
    uploaded = look_when_up(unit)
    restart = unit.restart(Deadline.after(unit.place.restart_timeout), way)
    restarted = look(unit)
    services = open_before, unit.services()
    return Replacement(material, services, before, answer, uploaded, restart, restarted, unit.operational_status())


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.SMOKE)
def self_signed(unit: Unit) -> Replacement:
    """The article's own commands: a self-signed certificate, its key encrypted with DES-EDE3; restarted by web."""
    return replace(unit, catalogue.article_self_signed, Way.WEB)


@experiment(Leaves.CUSTOM_PAIR, restarts=1)
def ca_signed(unit: Unit) -> Replacement:
    """A leaf signed by an authority, two intermediates appended, the key plain; restarted by API where it can be."""
    return replace(unit, catalogue.ca_signed, Way.API if Way.API in unit.ways() else Way.WEB)


pytestmark = pytest.mark.about(self_signed, ca_signed)


# Before.


def test_https_is_open_before_the_upload(seen: Replacement) -> None:
    """Secure web needs a feature key and the service ticked (device-reference 4)."""
    assert seen.services[0]["https"].wanted
    assert seen.services[0]["https"].open


def test_no_restart_is_pending_before_the_upload(seen: Replacement) -> None:
    assert not seen.before.condition.reboot_required


# After the upload, before the restart.


def test_an_upload_sets_reboot_required_as_ever(seen: Replacement, characterised: Characterised) -> None:
    """The flag is documented; that an upload of a certificate sets it is inferred (device-reference 2.6, mark I)."""
    assert seen.uploaded.condition.reboot_required == seen.answer.reboot_required_after
    characterised("reboot-required/after-upload", seen.answer.taken)


def test_the_status_table_says_that_the_key_matches(seen: Replacement) -> None:
    assert seen.uploaded.certificates.local_certificate.key_matches


def test_the_same_pages_as_ever_ask_for_the_restart(seen: Replacement, characterised: Characterised) -> None:
    """That a restart is needed is documented, a banner that says so is inferred (device-reference 2.6, mark I)."""
    characterised("pages-that-ask/after-upload", pages_that_ask(seen.before, seen.uploaded))


def test_the_pair_from_before_is_served_until_the_restart(seen: Replacement) -> None:
    assert seen.uploaded.handshake.presented_chain == seen.before.handshake.presented_chain


def test_the_upload_alone_does_not_restart_the_unit(seen: Replacement) -> None:
    assert seen.uploaded.condition.restart_time == seen.before.condition.restart_time
    assert seen.uploaded.restart_log == seen.before.restart_log


# The restart.


def test_the_unit_says_when_it_restarted(seen: Replacement) -> None:
    assert seen.restart.restart_time_after > seen.restart.restart_time_before


def test_the_uptime_begins_anew_with_the_restart(seen: Replacement) -> None:
    """`uptimeSeconds` of /system.xml falls after a restart (device-reference 7.10)."""
    assert seen.restart.uptime_seconds <= seen.restart.booted_seconds + CLOCK_SECONDS


def test_the_same_services_are_open_after_the_restart(seen: Replacement) -> None:
    """What is ticked is open (device-reference 4)."""
    told = [{name: service.open for name, service in services.items()} for services in seen.services]
    assert told[0] == told[1]


def test_the_restart_is_in_the_restart_log_once(seen: Replacement) -> None:
    """One line more, and the others kept: nobody else's restart came in between."""
    assert seen.restarted.restart_log[:-1] == seen.before.restart_log


def test_the_restart_log_tells_no_other_reason(seen: Replacement, characterised: Characterised) -> None:
    """Which of the documented reasons a restart by web has before API 2.10 is open; older ones tell none (7.5)."""
    characterised("restart-log/told", bool(seen.restarted.restart_log))
    if not seen.restarted.restart_log:
        return
    reason = line(seen.restarted.restart_log[-1].reason)
    assert not [word for word in OTHER_REASONS if word in reason.lower()]
    characterised(f"restart-log/reason-by-{seen.restart.way}", reason)


def test_the_unit_works_again_after_the_restart(seen: Replacement) -> None:
    assert seen.restarted.condition.finished_booting
    assert seen.operational_status is OperationalStatus.ACTIVE


def test_no_restart_is_pending_after_the_restart(seen: Replacement) -> None:
    assert not seen.restarted.condition.reboot_required


def test_the_same_pages_as_ever_ask_for_a_restart_after_it(seen: Replacement, characterised: Characterised) -> None:
    """None should; but a page that tells when the unit was restarted has a new text about a restart, too."""
    characterised("pages-that-ask/after-restart", pages_that_ask(seen.before, seen.restarted))


# What is served then.


def test_the_uploaded_leaf_is_served_after_the_restart(seen: Replacement) -> None:
    """The handshake was completed, so the unit holds the leaf's private key too."""
    assert seen.restarted.handshake.leaf == seen.material.leaf


def test_a_leaf_is_served_with_as_much_of_its_chain_as_ever(seen: Replacement, characterised: Characterised) -> None:
    """Whole and in order, or the leaf alone: which, is unknown (device-reference 11.5, mark U)."""
    served = seen.restarted.handshake.presented_chain
    if served[0] != seen.material.leaf:
        known = {look.handshake.leaf: look.handshake.presented_chain for look in (seen.before, seen.uploaded)}
        assert served == known.get(served[0]), "a leaf that was not uploaded, and with another chain than before"
        return
    characterised(f"served/of-{len(seen.material.chain)}-certificates", how_much(served, seen.material.chain))


def test_an_uploaded_leaf_that_is_served_names_the_unit(seen: Replacement, place: Place) -> None:
    """By the host name or IP address under which people open the unit (device-reference 2.5)."""
    served = {look.handshake.leaf for look in (seen.uploaded, seen.restarted)} & {seen.material.leaf}
    assert [leaf for leaf in served if not pki.names_address(leaf, place.address)] == []


def test_sip_tls_shares_the_pair_with_https(seen: Replacement, characterised: Characterised) -> None:
    """There is one pair for both (device-reference 2.1 and 8, mark D for 4.x), where SIP TLS is open."""
    characterised("sip-tls/open", seen.before.sip is not None)
    if seen.before.sip is not None:
        assert seen.restarted.sip is not None
        assert seen.restarted.sip.leaf in (seen.restarted.handshake.leaf, seen.material.leaf)


def test_the_status_table_describes_what_was_uploaded_or_what_is_served(
    seen: Replacement, characterised: Characterised
) -> None:
    """Subject, issuer and dates are documented, how they are printed is not (device-reference 2.2)."""
    table = seen.restarted.certificates.local_certificate
    characterised("status-table/rows", ", ".join(rows_shown(table)))
    leafs = (seen.material.leaf, seen.restarted.handshake.leaf)
    assert any(describes(table, leaf) for leaf in leafs), table


def test_no_other_unit_is_touched(seen: Replacement) -> None:
    """While all units of the lab are being changed, this one serves its own pairs only."""
    own = {seen.before.handshake.leaf, seen.material.leaf}
    assert {look.handshake.leaf for look in (seen.before, seen.uploaded, seen.restarted)} <= own
