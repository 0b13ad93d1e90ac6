"""How much of the suite a run asks for, and what the full one finds beyond the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench


def names(claims: set[str]) -> set[str]:
    return {claim.partition("[")[0] for claim in claims}


def test_smoke_is_one_install_and_back_and_expected_to_last_as_long_again(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("unit"))

    outcome = bench.run(lab, "-n", "0", "-m", "smoke")
    plan = bench.run(lab, "--plan", "-m", "smoke")

    assert outcome.status == 0, outcome.output
    assert "2 restarts, 2 needed at least" in outcome.output
    held = outcome.of_place("unit", "held")
    assert "test_the_uploaded_leaf_is_served_after_the_restart" in names(held)
    assert "test_the_factory_pair_is_served_after_the_restart" in names(held)
    assert not any("ca-signed" in claim for claim in held)
    assert plan.status == 0, plan.output
    assert "up to" not in plan.output


def test_a_run_writes_its_report_where_it_is_told(bench: LabBench) -> None:
    named = bench.folder / "named.html"
    suite = bench.folder / "test_suite.py"
    suite.write_text("def test_is_here(unit):\n    assert unit.identity.serial\n")
    lab = bench.lab(bench.emulated("unit"))

    for file in (named, "/dev/null/report.html"):
        outcome = bench.run(lab, "-n", "0", "--report", str(file), tests=suite)
        assert outcome.status == 0, outcome.output

    assert "All 1 claims that apply held at 1 places." in named.read_text(encoding="utf-8")
    assert list((bench.folder / "state" / "runs").glob("*/report.html")) == []
    assert "no report: /dev/null/report.html: Not a directory; name another file with --report" in outcome.output


def test_the_default_asks_for_no_hundreds_of_uploads_and_collecting_touches_no_unit(bench: LabBench) -> None:
    outcome = bench.run(bench.lab(bench.emulated("a")), "-n", "0", "--collect-only", "-q")

    assert outcome.status == 0
    assert "test_a_bad_upload_is_refused[a-key-der]" in outcome.output
    assert "test_agreement.py" not in outcome.output
    assert not (bench.folder / "state" / "runs").exists()


def test_the_full_suite_tells_what_unit_and_model_do_not_agree_on(bench: LabBench) -> None:
    lab = bench.lab(bench.emulated("strict", defect="long-lines-refused"))

    outcome = bench.run(lab, "-n", "0", "-m", "full", "-k", "decided")

    assert outcome.status == 1, outcome.output
    assert outcome.of_place("strict", "failure") == {
        "test_a_certificate_file_is_decided_as_by_the_model[a leaf, lines of 76 columns]"
    }
    assert "the model says accepted, the unit did not take it" in outcome.output
    assert "-----BEGIN CERTIFICATE-----; " in outcome.output
