"""A unit that is no longer ours is not changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.lease import LeaseLost
from harness.pki import key_pem, run_authority
from harness.unit import Way

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Emulate, Stand

OURS = run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))


def test_each_step_that_changes_the_unit_is_asked_about_first(stand: Stand, emulate: Emulate) -> None:
    host, place = emulate(), stand()
    deadline = Deadline.after(60)
    lost = False

    def check() -> None:
        if lost:
            raise LeaseLost("unit: somebody else's by now")

    with open_unit(place, check=check) as unit:
        unit.upload(UPLOAD)
        lost = True
        before = host.truth(place.name)
        for change in (
            lambda: unit.upload(UPLOAD),
            lambda: unit.upload_cut(UPLOAD),
            unit.remove,
            lambda: unit.restart(deadline),
            lambda: unit.restart(deadline, Way.API),
        ):
            with pytest.raises(LeaseLost):
                change()
        # It can still be looked at.
        assert unit.certificate_page().local_certificate.key_matches
        assert unit.condition().reboot_required
        assert host.truth(place.name) == before
