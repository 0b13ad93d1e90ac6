"""More that must come to nothing: a removal by people who may not, and an upload of more than a unit may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.observation import Look, asks_for_restart, look, look_when_up, table_changed
from harness.profile import Characterised
from harness.unit import Answer, LocalCertificate, Unit, Visitor

OCTETS = 17 * 2**20
"""No limit of a file's size is documented (device-reference 2.5, mark U); some MiB is more than any pair needs."""
BY = {f"by-{visitor.name.lower()}": visitor for visitor in Visitor}


@dataclass(frozen=True)
class Attempts:
    """What was seen of a unit meanwhile, and after the restart that followed."""

    had_a_custom_pair: bool
    before: Look
    removals: Mapping[str, tuple[LocalCertificate, Answer]]
    """What was shown before, and after; by the name in BY, without those whom nobody can play."""
    huge: Material
    large_before: LocalCertificate
    large: Answer
    took_it: bool
    afterwards: Look
    restarted: Look
    shown_to_guests: tuple[str, ...] | None
    """None where nobody is let in as guest."""

    @property
    def removed_by(self) -> list[str]:
        """Who has removed the pair, as far as anything shows it."""
        return [name for name, (before, one) in self.removals.items() if one.taken or one.local_certificate != before]

    def only_if_refused(self) -> None:
        if self.took_it:
            pytest.skip("the unit takes files of that size")
        if self.removed_by:
            pytest.skip("somebody has removed the pair: that is another claim's")


@experiment(Leaves.WHAT_IT_FOUND, restarts=1, selection=Selection.FULL)
def attempts(unit: Unit) -> Attempts:
    """The pair is removed by three people who may not; a good pair is uploaded with 17 MiB of text before its
    certificate; then a restart."""
    before, shown = look(unit), unit.shown_to_guests()
    removals, stored = {}, before.certificates.local_certificate
    for name, visitor in BY.items():
        answer = unit.remove_by(visitor)
        if answer is not None:
            removals[name] = (stored, answer)
            stored = answer.local_certificate
    huge = catalogue.ca_signed(unit.place.address, name := "mcu-hil huge")
    large = unit.upload_padded(huge.upload, OCTETS)
    afterwards = look_when_up(unit)
    # Where the flag alone says that something is stored, it may be something else.
    took_it = name in large.local_certificate.subject
    unit.restart(Deadline.after(unit.place.restart_timeout))
    restarted = look_when_up(unit)
    took_it = took_it or (restarted.served.trouble is None and restarted.handshake.leaf == huge.leaf)
    custom = before.handshake.leaf != unit.baseline.leaf
    return Attempts(custom, before, removals, huge, stored, large, took_it, afterwards, restarted, shown)


pytestmark = pytest.mark.about(attempts)


@pytest.mark.parametrize("name", BY)
def test_nobody_but_an_administrator_can_remove_the_pair(seen: Attempts, name: str) -> None:
    """The page is for administrators (device-reference 2.1, mark I), a session for one address (3.3, mark D)."""
    if name not in seen.removals:
        pytest.skip("nobody can play that visitor here, or there is no button to press")
    if not seen.had_a_custom_pair:
        pytest.skip("there was no custom pair to remove")
    before, after = seen.removals[name]
    assert not after.taken, f"the pair was removed {name}, and rebootRequired is true now"
    assert after.local_certificate == before, f"{name}: {table_changed(before, after.local_certificate)}"


def test_a_guest_is_shown_nothing_that_is_for_administrators(seen: Attempts) -> None:
    """Neither SSL certificates nor configuration.xml (device-reference 2.1, mark I, and 3.1, mark D)."""
    if seen.shown_to_guests is None:
        pytest.skip("nobody is let in as guest")
    assert seen.shown_to_guests == (), f"shown to the user guest: {', '.join(seen.shown_to_guests)}"


def test_an_upload_of_many_octets_is_taken_or_refused_as_ever(seen: Attempts, characterised: Characterised) -> None:
    """No limit of size is documented (device-reference 2.5, mark U)."""
    characterised(f"takes/{OCTETS >> 20} MiB", seen.took_it)


def test_an_upload_of_many_octets_does_not_restart_the_unit(seen: Attempts) -> None:
    """Whether it takes it or not, it waits to be told (device-reference 2.1, mark D)."""
    began, now = seen.before.condition.restart_time, seen.afterwards.condition.restart_time
    assert now == began, f"it started at {began}, and again at {now}, before it was told to"


def test_an_upload_of_many_octets_changes_nothing_that_is_served_before_a_restart(seen: Attempts) -> None:
    assert seen.afterwards.handshake.presented_chain == seen.before.handshake.presented_chain
    told = seen.afterwards.changed_elsewhere(seen.before)
    assert not told, told


def test_nothing_is_stored_of_an_upload_of_too_many_octets(seen: Attempts) -> None:
    """Not a part of it either: neither table nor flag nor banner is another one (device-reference 2.6)."""
    seen.only_if_refused()
    changed = table_changed(seen.large_before, seen.large.local_certificate)
    assert seen.large.local_certificate == seen.large_before, changed
    flags = seen.before.condition.reboot_required, seen.afterwards.condition.reboot_required
    assert flags[0] == flags[1], f"rebootRequired was {flags[0]}, and is {flags[1]} now"
    assert not asks_for_restart(seen.before.home, seen.afterwards.home), "the home page asks for a restart"


def test_after_an_upload_of_many_octets_and_a_restart_a_whole_pair_is_served(seen: Attempts) -> None:
    """The pair from before where it was refused, the uploaded one where it was taken (device-reference 15.1)."""
    if seen.removed_by:
        pytest.skip("somebody has removed the pair: that is another claim's")
    wanted = seen.huge.leaf if seen.took_it else seen.before.handshake.leaf
    assert seen.restarted.handshake.leaf == wanted
    told = seen.restarted.leaf_elsewhere(wanted)
    assert not told, told
    assert seen.restarted.certificates.local_certificate.key_matches
