"""HTTPS turned off under Network > Services, a pair uploaded meanwhile, a restart, and HTTPS on again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness import catalogue
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.errors import BenchError
from harness.experiment import Leaves, Selection, experiment
from harness.observation import LOOK_SECONDS, Look, Serving, how_much, look, serving
from harness.profile import Characterised
from harness.tls.handshake import Handshake, HandshakeFailed, fingerprint
from harness.unit import Service, Unit

ENCRYPTED = ("https", "sips_tcp")
"""The services that need the pair, by their API names (device-reference 4)."""


@dataclass(frozen=True)
class Without:
    """What a unit does at its HTTPS port while that is off."""

    services: dict[str, Service]
    handshake: Handshake | None
    """With the HTTPS port; None where nobody listens there, or no TLS is spoken."""
    sip: Handshake | None


@dataclass(frozen=True)
class Interlude:
    """What was seen of a unit whose HTTPS was off for a while."""

    before: Look
    services: dict[str, Service]
    material: Material
    off: Without
    taken: bool
    restarted: Without
    """Still off, after a restart."""
    on: Serving
    """Right after it was turned on, without another restart."""
    services_on: dict[str, Service]
    afterwards: Look


@experiment(Leaves.CUSTOM_PAIR, restarts=1, selection=Selection.FULL, needs=["api", "http"])
def without_https(unit: Unit) -> Interlude:
    """HTTPS is turned off, a pair uploaded over HTTP, the unit restarted, and HTTPS turned on again."""
    before, services = look(unit), unit.services()
    if not services["http"].open:
        raise BenchError(f"{unit.place.name}: HTTP is closed: without HTTPS nobody could turn that on again")
    material = catalogue.ca_signed(unit.place.address)
    try:
        unit.switch_https(on=False)
        off = _without(unit)
        answer = unit.upload(material.upload)
        unit.restart(Deadline.after(unit.place.restart_timeout))
        restarted = _without(unit)
    finally:
        unit.switch_https(on=True)
    on = serving(unit)
    after = look(unit)
    return Interlude(before, services, material, off, answer.taken, restarted, on, unit.services(), after)


def _without(unit: Unit) -> Without:
    soon = Deadline.after(LOOK_SECONDS)
    try:
        shown = unit.handshake(soon)
    except (BenchError, HandshakeFailed):
        shown = None
    return Without(unit.services(), shown, unit.sip_handshake(soon))


pytestmark = pytest.mark.about(without_https)


def test_https_is_closed_at_once_when_it_is_turned_off(seen: Interlude) -> None:
    """Changing a service applies at once (device-reference 4, mark D)."""
    assert not seen.off.services["https"].open
    told = f"HTTPS is off, and its port serves {_told(seen.off.handshake)}"
    assert seen.off.handshake is None, told


def test_https_is_still_off_after_a_restart(seen: Interlude) -> None:
    """What is ticked is open (device-reference 4, mark D), and a restart ticks nothing."""
    assert not seen.restarted.services["https"].wanted
    assert not seen.restarted.services["https"].open
    told = f"HTTPS is off since before the restart, and its port serves {_told(seen.restarted.handshake)}"
    assert seen.restarted.handshake is None, told


def test_an_upload_is_taken_without_https_as_ever(seen: Interlude, characterised: Characterised) -> None:
    """The page is of use where the feature key is there (device-reference 2.1, mark D); of the service nothing is
    said."""
    characterised("without-https/upload-sets-reboot-required", seen.taken)


def test_the_pair_uploaded_meanwhile_is_served_when_https_is_turned_on(seen: Interlude) -> None:
    """A restart has been between upload and use, as it has to be (device-reference 2.1, mark D); and services open at
    once (4, mark D)."""
    told = f"a pair was uploaded while HTTPS was off, and the unit restarted: {seen.on.trouble}"
    assert seen.on.chain, told
    assert seen.on.chain[0] == seen.material.leaf
    assert seen.afterwards.handshake.leaf == seen.on.chain[0]
    told = seen.afterwards.leaf_elsewhere(seen.material.leaf)
    assert not told, told


def test_as_much_of_its_chain_as_ever_is_served_then(seen: Interlude, characterised: Characterised) -> None:
    if not seen.on.chain or seen.on.chain[0] != seen.material.leaf:
        pytest.skip("the uploaded leaf is not served: that is another claim's")
    characterised(f"served/of-{len(seen.material.chain)}-certificates", how_much(seen.on.chain, seen.material.chain))


def test_sip_tls_goes_on_without_https_as_ever(seen: Interlude, characterised: Characterised) -> None:
    """It is a service of its own, with the same pair (device-reference 2.1 and 4, mark D), where it is open: the pair
    from before until the restart, then the new one."""
    characterised("without-https/sip-tls-is-open", seen.off.sip is not None)
    if seen.off.sip is not None:
        assert seen.off.sip.leaf == seen.before.handshake.leaf, f"SIP TLS serves {_told(seen.off.sip)}"
    if seen.restarted.sip is not None:
        assert seen.restarted.sip.leaf == seen.material.leaf, f"SIP TLS serves {_told(seen.restarted.sip)}"


def test_no_other_service_is_touched_by_turning_https_off_and_on(seen: Interlude) -> None:
    """Each row has a tick box of its own (device-reference 4, mark D)."""
    for now in (seen.off.services, seen.restarted.services):
        others = {name: one for name, one in now.items() if name not in ENCRYPTED}
        assert others == {name: one for name, one in seen.services.items() if name not in ENCRYPTED}
    assert seen.services_on == seen.services


def test_nothing_waits_for_a_restart_when_https_is_back(seen: Interlude) -> None:
    """The restart was done while it was off (device-reference 15.1)."""
    assert not seen.afterwards.condition.reboot_required
    assert seen.afterwards.certificates.local_certificate.key_matches


def _told(shown: Handshake | None) -> str:
    return f"sha256:{fingerprint(shown.leaf)}" if shown else "nobody"
