"""Units without the feature key for HTTPS are asked what they can show without it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

KEYLESS = "feature_key = false\n"


def test_a_unit_without_feature_key_is_asked_about_that_alone_and_left_as_it_was(bench: LabBench) -> None:
    open_page = bench.emulated("open").replace(" }\n", ', switches = { "certificates.without_key" = "usable" } }\n')
    lab = bench.lab(bench.emulated("greyed") + KEYLESS, open_page + KEYLESS)

    outcome = bench.run(lab, "-m", "full", "-n", "0", "-k", "without_key or as_found or feature_key")

    assert outcome.status == 0, outcome.output
    asked = {claim for claim in outcome.of_place("greyed", "held") if "feature_key" in claim}
    assert len(asked) == 7
    assert outcome.of_place("open", "held") == outcome.of_place("greyed", "held") == asked
    assert bench.experiments_done("open") == ["without-key"]
    # One cannot be sent, the other is stored and removed again.
    profile = "".join(file.read_text() for file in (bench.folder / "state" / "profiles").iterdir())
    assert '"without-key/upload" = { outcome = "cannot be sent"' in profile
    assert '"without-key/upload" = { outcome = "stored"' in profile
    assert not list((bench.folder / "state" / "journal").iterdir())
