"""The whole default lab behind OpenSSH's sshd, which is the console server of all of it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.sshd import SSHD
from tests.gateway.wired_lab import SSH, wired_lab
from tests.loopback import network

pytestmark = pytest.mark.skipif(SSHD is None or SSH is None, reason="there is no sshd, or no ssh")


def test_the_default_lab_is_driven_through_a_gateway(tmp_path: Path) -> None:
    with wired_lab(tmp_path, network(), 0.3) as lab:
        outcome = lab.run("-m", "smoke")
        places = {place.name for place in lab.places}

    assert outcome.status == 0, outcome.output
    assert set(outcome.cases) == {"held", "skipped"}
    # The two about SIP TLS, which is not ticked at a unit as it leaves the factory.
    assert outcome.cases["skipped"] == 2 * len(places)
    assert {place: outcome.starts(place) for place in outcome.consoles} == dict.fromkeys(places, 2)
    # All of one process share one connection; everybody at the consoles came that way too.
    assert lab.gateway.logins == 1
    assert lab.consoles.logins == 2 * len(places)
    assert outcome.output.count("trusted on first use") >= 3 * len(places)
