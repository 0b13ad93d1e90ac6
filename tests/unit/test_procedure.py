"""Installing, removing and going back, each as one act, on an emulated unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from certstore import Refusal, Upload, UploadRefused
from harness import procedure
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.errors import UnitError
from harness.lab import Lab
from harness.pki import Issued, key_pem, run_authority
from harness.unit import Unit
from tests.loopback import address

OURS, OTHER = run_authority().issue("unit.example"), run_authority().issue("other.example")
Opened = tuple[Unit, HostThread]
Open = Callable[..., Opened]


def upload_of(issued: Issued) -> Upload:
    return Upload(issued.certificate_pem, key_pem(issued.key))


def soon() -> Deadline:
    return Deadline.after(20.0)


@contextmanager
def running(defect: str | None) -> Iterator[Opened]:
    emulated = {"firmware": "4.3(2.18)", "restart_seconds": 0.2} | ({"defect": defect} if defect else {})
    table = {
        "name": "unit",
        "model": "MCU 4203",
        "address": address(),
        "ports": {"http": 8080, "https": 8443, "sip_tls": 5061},
        "emulated": emulated,
    }
    [place] = Lab.model_validate({"place": [table]}).places
    with hosted([Blueprint.of(place)]) as host:
        assert not host.failed
        with open_unit(place) as unit:
            yield unit, host


@pytest.fixture
def opened() -> Iterator[Open]:
    """An emulated unit, perhaps with a defect, and the truth about it."""
    with ExitStack() as stack:

        def open_one(defect: str | None = None) -> Opened:
            return stack.enter_context(running(defect))

        yield open_one


def test_an_installation_ends_with_the_proof(opened: Open) -> None:
    unit, host = opened()
    installation = procedure.install(unit, upload_of(OURS), soon())
    assert installation.answer.taken
    assert installation.restart is not None
    assert installation.handshake.presented_chain == OURS.chain_der
    assert host.truth("unit").boots == 1


def test_what_is_served_already_needs_no_restart(opened: Open) -> None:
    unit, host = opened()
    procedure.install(unit, upload_of(OURS), soon())
    again = procedure.install(unit, upload_of(OURS), soon())
    assert again.restart is None
    assert again.handshake.leaf == OURS.chain_der[0]
    assert host.truth("unit").boots == 1


def test_a_refused_upload_is_named_and_does_not_restart_the_unit(opened: Open) -> None:
    unit, host = opened()
    with pytest.raises(UploadRefused) as refused:
        procedure.install(unit, Upload(OURS.certificate_pem, key_pem(OTHER.key)), soon())
    assert refused.value.refusal is Refusal.KEY_MISMATCH
    assert host.truth("unit").boots == 0


def test_a_unit_that_serves_the_old_pair_after_its_restart_is_found_out(
    opened: Open,
) -> None:
    unit, _ = opened("old-pair-after-restart")
    with pytest.raises(UnitError, match=r"unit: serves sha256:.*, want sha256:"):
        procedure.install(unit, upload_of(OURS), soon())


def test_a_removal_brings_back_the_factory_pair(opened: Open) -> None:
    unit, _ = opened()
    factory = unit.baseline.leaf
    procedure.install(unit, upload_of(OURS), soon())
    removal = procedure.remove(unit, soon())
    assert removal.restart is not None
    assert removal.handshake.leaf == factory


def test_nothing_to_remove_needs_no_restart(opened: Open) -> None:
    unit, host = opened()
    assert procedure.remove(unit, soon()).restart is None
    assert host.truth("unit").boots == 0


def test_a_removal_that_changes_nothing_is_found_out(opened: Open) -> None:
    unit, _ = opened("old-pair-after-restart")
    unit.upload(upload_of(OURS))
    unit.restart(soon())
    with pytest.raises(UnitError, match="unit: still serves sha256:"):
        procedure.remove(unit, soon())


Change = Callable[[Unit], object]

# What was done to the unit, and how many restarts it takes to undo that.
CHANGES: dict[str, tuple[Change, int]] = {
    "nothing": (lambda _: None, 0),
    "uploaded": (lambda unit: unit.upload(upload_of(OURS)), 0),
    "installed": (lambda unit: procedure.install(unit, upload_of(OURS), soon()), 1),
    "removal-pending": (lambda unit: (procedure.install(unit, upload_of(OURS), soon()), unit.remove()), 1),
    "uploaded-over-installed": (
        lambda unit: (procedure.install(unit, upload_of(OURS), soon()), unit.upload(upload_of(OTHER))),
        1,
    ),
}


@pytest.mark.parametrize(("change", "restarts"), CHANGES.values(), ids=CHANGES)
def test_going_back_restarts_only_if_it_must(change: Change, restarts: int, opened: Open) -> None:
    unit, host = opened()
    factory = unit.baseline.leaf
    change(unit)
    before = host.truth("unit").boots
    assert procedure.to_baseline(unit, factory, soon()).leaf == factory
    truth = host.truth("unit")
    assert truth.boots - before == restarts
    assert truth.stored == truth.running
    assert not unit.condition().reboot_required


def test_going_back_to_a_pair_of_ones_own_uploads_it(opened: Open) -> None:
    unit, _ = opened()
    procedure.install(unit, upload_of(OTHER), soon())
    shown = procedure.to_baseline(unit, OURS.chain_der[0], soon(), upload_of(OURS))
    assert shown.leaf == OURS.chain_der[0]


def test_a_baseline_that_cannot_be_had_is_an_error(opened: Open) -> None:
    unit, _ = opened()
    with pytest.raises(UnitError, match="want sha256:"):
        procedure.to_baseline(unit, OURS.chain_der[0], soon())


def test_https_that_was_left_off_is_turned_on_on_the_way_back(opened: Open) -> None:
    unit, host = opened()
    leaf = unit.baseline.leaf
    procedure.install(unit, upload_of(OURS), soon())
    unit.switch_https(on=False)
    assert not unit.services()["https"].open

    shown = procedure.to_baseline(unit, leaf, soon())

    assert shown.leaf == leaf
    assert unit.services()["https"].open
    assert host.truth("unit").stored.leaf == leaf
