"""`--plan` says what a run would do, with how many restarts and how long it would take, and touches no unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench


def real(name: str) -> str:
    # A name that no resolver knows (RFC 6761 6.4): whoever touched it would fail.
    head = f"[[place]]\nname = '{name}'\nmodel = 'MCU 4505'\naddress = '{name}.invalid'\nrestart_timeout = 600\n"
    return head + "login = { user = 'admin', password = 'x' }\n"


def test_a_plan_names_experiments_and_restarts_without_a_unit(bench: LabBench) -> None:
    outcome = bench.run(bench.lab(real("rack-1"), real("rack-2")), "--plan", "-n", "2")

    assert outcome.status == 0, outcome.output
    rows = [line.split() for line in outcome.output.splitlines() if line.startswith("rack-")]
    assert [row[:1] + row[2:3] for row in rows] == [["rack-1", "4"], ["rack-2", "4"]]
    assert "up to 40 min" in outcome.output
    assert "as-found, self-signed, ca-signed, refusals, accepted-kinds, mismatch, secrets, removal" in " ".join(
        outcome.output.split()
    )
    assert "no unit was touched" in outcome.output
    assert not (bench.folder / "state").exists()


def test_a_plan_follows_the_selection(bench: LabBench) -> None:
    outcome = bench.run(bench.lab(real("rack-1")), "--plan", "-m", "smoke")

    assert "up to 20 min  self-signed, removal" in outcome.output
