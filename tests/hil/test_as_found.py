"""The unit as it was found, before anything was changed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.experiment import Leaves, experiment
from harness.observation import Look, describes, look, shown_otherwise
from harness.profile import Characterised, line
from harness.unit import OperationalStatus, Page, Service, Unit, keys_for_https


@dataclass(frozen=True)
class AsFound:
    """What was seen of it."""

    seen: Look
    services: dict[str, Service]
    operational_status: OperationalStatus
    features: tuple[str, ...] | None
    help: Page | None
    shown_to_strangers: tuple[str, ...]
    lets_old_session_in: bool
    """Whether a web session still opens pages when it was logged out."""


@experiment(Leaves.UNTOUCHED, restarts=0)
def as_found(unit: Unit) -> AsFound:
    """It is only looked at, with a login, without one, and with one that was given back."""
    services, status, seen = unit.services(), unit.operational_status(), look(unit)
    features, own_help = unit.features(), unit.help_page("certificates")
    strangers, old = unit.shown_to_strangers(), unit.web_pass()
    unit.log_out()
    return AsFound(seen, services, status, features, own_help, strangers, unit.admits(old))


pytestmark = pytest.mark.about(as_found)


def test_https_is_open_and_its_feature_key_is_there(seen: AsFound) -> None:
    """Secure web needs one of two feature keys and the service ticked (device-reference 4 and 6, mark D)."""
    https = seen.services["https"]
    assert https.wanted, "HTTPS is not ticked"
    assert https.open, "HTTPS is ticked and not open"
    if seen.features is not None:
        assert keys_for_https(seen.features), seen.features


def test_the_unit_is_at_work_and_nothing_waits_for_a_restart(seen: AsFound) -> None:
    """Somebody else's change would come into force with ours (device-reference 15.3 step 2)."""
    status = seen.operational_status
    assert status is OperationalStatus.ACTIVE, f"operationalStatus is {status}"
    assert seen.seen.condition.finished_booting, "finishedBooting is false"
    assert not seen.seen.condition.reboot_required, "rebootRequired is true before anything was changed"


def test_the_status_table_describes_the_pair_that_is_served(seen: AsFound) -> None:
    """Stored and running pair are one (device-reference 2.2)."""
    table = seen.seen.certificates.local_certificate
    leaf = seen.seen.handshake.leaf
    assert describes(table, leaf), shown_otherwise(table, leaf)
    assert table.key_matches, f"the Private key row reads {table.private_key!r}"
    told = seen.seen.leaf_elsewhere(leaf)
    assert not told, told


def test_the_unit_has_its_own_help_on_certificates_as_ever(seen: AsFound, characterised: Characterised) -> None:
    """`help_certificates.html` (device-reference 2.1, mark D); who may read it is inferred."""
    characterised("help/certificates", line(seen.help.heading) if seen.help else "none")


def test_nothing_that_needs_a_login_is_shown_without_one(seen: AsFound) -> None:
    """The configuration and the SSL certificates page are for administrators (device-reference 2.1 and 3.1)."""
    told = f"shown to somebody who is not logged in: {', '.join(seen.shown_to_strangers)}"
    assert seen.shown_to_strangers == (), told


def test_a_web_session_that_was_logged_out_is_over(seen: AsFound) -> None:
    """`/logout.html` ends the session (device-reference 3.1, mark D)."""
    assert not seen.lets_old_session_in, "its cookie still opens SSL certificates after the log-out"
