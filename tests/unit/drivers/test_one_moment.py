"""What is known of a unit is asked once a moment: until something is done to it, or waited for. And a failure that
comes over and over is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certstore import Upload
from harness.deadline import Deadline
from harness.drivers.mcu import Mcu, open_unit
from harness.errors import BenchError
from harness.observation import look
from harness.pki import key_pem, run_authority

if TYPE_CHECKING:
    from tests.unit.drivers.conftest import Emulate, Stand

ISSUED = run_authority().issue("unit.example")
PAIR = Upload(ISSUED.certificate_pem, key_pem(ISSUED.key))


class Asked:
    """The record of a unit."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, dict[str, object]]] = []

    def note(self, kind: str, facts: dict[str, object]) -> None:
        self.notes.append((kind, facts))

    def answers(self, method: str) -> int:
        """How often this method was answered since this was asked last."""
        taken, self.notes = self.notes, []
        return sum(kind == "answer" and facts["method"] == method for kind, facts in taken)


def test_one_answer_does_for_all_who_ask_in_one_moment(stand: Stand, emulate: Emulate) -> None:
    emulate()
    asked = Asked()
    with open_unit(stand(), asked.note) as unit:
        unit.home_page()
        asked.answers("device.query")
        look(unit)
        assert not unit.condition().reboot_required
        assert unit.serial()
        assert asked.answers("device.query") == 1


def test_a_look_that_was_just_taken_does_for_the_next(stand: Stand, emulate: Emulate) -> None:
    emulate()
    asked = Asked()
    with open_unit(stand(), asked.note) as unit:
        seen = look(unit)
        asked.notes.clear()
        assert look(unit) is seen
        assert asked.notes == []
        unit.upload(PAIR)
        [first, *_] = asked.notes
        assert first[1]["method"] == "POST", "it is sent from the page that was shown last"
        pending = look(unit)
        assert pending.condition.reboot_required
        assert pending.certificates != seen.certificates
        unit.restart(Deadline.after(20))
        assert not look(unit).condition.reboot_required


def test_after_an_act_it_is_asked_anew(stand: Stand, emulate: Emulate) -> None:
    emulate()
    with open_unit(stand()) as unit:
        assert not unit.condition().reboot_required
        unit.upload(PAIR)
        assert unit.condition().reboot_required


def test_after_a_wait_it_is_asked_anew(stand: Stand, emulate: Emulate) -> None:
    emulate()
    asked = Asked()
    looks = 3

    def three_times(unit: Mcu) -> None:
        seen: list[object] = []

        def look_again() -> bool:
            seen.append(unit.condition())
            return len(seen) == looks

        Deadline.after(20).wait_for("third look", look_again, 0.01)

    with open_unit(stand(), asked.note) as unit:
        asked.answers("device.query")
        three_times(unit)
        assert asked.answers("device.query") == looks
        unit.let_be()
        unit.condition()
        assert asked.answers("device.query") == 1


def test_a_failure_that_comes_over_and_over_is_told_once_and_counted(stand: Stand, emulate: Emulate) -> None:
    host = emulate()
    asked = Asked()
    with open_unit(stand(), asked.note) as unit:
        host.power_off("unit")
        asked.notes.clear()
        for _ in range(5):
            with pytest.raises(BenchError):
                unit.serial()
    failed = [facts for kind, facts in asked.notes if kind == "exchange" and "RPC2" in str(facts["url"])]
    assert [facts.get("again") for facts in failed] == [None, 4]
    assert failed[0]["error"] == failed[1]["error"]
