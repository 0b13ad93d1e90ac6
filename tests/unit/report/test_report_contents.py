"""What a report has of a run: read from evidence that may be cut short, compared with others and earlier runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.fault import Verdict
from harness.report.happenings import Happenings, keep_restarts, read_happenings, usual_restart
from harness.report.view import View, view_of
from harness.report.writing import write_report
from tests.unit.report.conftest import BEGAN, CLAIMS, FAILS, SERVED, keep_evidence, run_of


def view(run_folder: Path, places: int, verdict: Verdict = Verdict.HELD, failing: tuple[int, ...] = ()) -> View:
    run = run_of(run_folder, places, verdict, failing)
    files = {place.name: run_folder / "evidence" / f"{place.name}.jsonl" for place in run.places}
    return view_of(run, {name: read_happenings(file) for name, file in files.items()}, {})


def test_a_restart_is_told_from_its_request_on(tmp_path: Path) -> None:
    keep_evidence(tmp_path, "rack", 60.0)

    happenings = read_happenings(tmp_path / "evidence" / "rack.jsonl")

    first = happenings.restarts[0]
    assert len(happenings.restarts) == 3
    assert (first.during, first.way, first.uploads) == ("self-signed", "web", 1)
    assert (first.down, first.web, first.booted, first.tls) == (4.0, 51.0, 60.0, 61.0)
    assert first.at == BEGAN + timedelta(seconds=5)
    assert first.serves == SERVED
    assert [(one.name, one.seconds) for one in happenings.experiments] == [
        ("self-signed", 66.0),
        ("ca-signed", 66.0),
        ("refusals", 66.0),
    ]


def test_evidence_that_was_cut_short_is_told_as_far_as_it_goes(tmp_path: Path) -> None:
    keep_evidence(tmp_path, "rack", 60.0)
    file = tmp_path / "evidence" / "rack.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:8])[:-20])

    happenings = read_happenings(file)

    assert [one.tls for one in happenings.restarts] == [61.0]
    assert [(one.name, one.seconds) for one in happenings.experiments] == [("self-signed", 66.0), ("ca-signed", None)]


def test_a_place_that_was_never_opened_has_no_happenings(tmp_path: Path) -> None:
    assert read_happenings(tmp_path / "none.jsonl") == Happenings((), ())


def test_a_restart_is_compared_with_other_places_and_with_its_own_of_earlier_runs(tmp_path: Path) -> None:
    earlier, now = tmp_path / "1", tmp_path / "2"
    write_report(run_of(earlier, 2, restart=50.0), earlier / "report.html")
    write_report(run_of(now, 2, restart=100.0), now / "report.html")

    page = (now / "report.html").read_text(encoding="utf-8")

    # Of two places the second takes a second longer.
    assert "0.99 times the 101.0 s of other places; 2.00 times the 50.0 s of this one before" in page
    assert "1.01 times the 100.0 s of other places; 1.98 times the 51.0 s of this one before" in page


def test_what_an_earlier_run_left_half_written_is_not_known(tmp_path: Path) -> None:
    for name in "12":
        (tmp_path / name).mkdir()
        keep_restarts(tmp_path / name, {"rack": read_happenings(tmp_path / "none").restarts})
    (tmp_path / "1" / "restarts.json").write_text('{"rack": [5')

    assert usual_restart(tmp_path, but=tmp_path / "3") == {}


@pytest.mark.parametrize(
    ("verdict", "failing", "headline"),
    [
        (Verdict.HELD, (), "All 252 claims that apply held at 3 places"),
        (Verdict.HELD, (1,), "1 claim failed at 1 of 3 places"),
        (Verdict.BLOCKED, (), "252 claims could not be answered at 3 of 3 places"),
        (Verdict.SKIPPED, (), "No claim was answered"),
    ],
)
def test_the_headline_says_the_worst_first(
    tmp_path: Path, verdict: Verdict, failing: tuple[int, ...], headline: str
) -> None:
    assert view(tmp_path, 3, verdict, failing).headline == headline


def test_a_place_that_failed_comes_first_and_its_claim_stands_out_without_colour(tmp_path: Path) -> None:
    first, *others = view(tmp_path, 3, failing=(1,)).places

    number = list(CLAIMS).index(FAILS)
    signs = "".join(stretch.signs for stretch in first.cells[0].stretches)
    assert first.name == "rack00-mcu001"
    assert signs.index("F") == number
    assert first.cells[0].words == "1 failed, 22 held"
    assert {cell.words for place in others for cell in place.cells} == {"23 held", "32 held", "6 held"}


def test_of_many_places_those_at_which_all_held_stand_by_themselves(tmp_path: Path) -> None:
    many = view(tmp_path, 30, failing=(1,))

    assert [place.name for place in many.places] == ["rack00-mcu001"]
    assert len(many.all_held) == 29


def test_a_failure_has_its_evidence_beside_it(tmp_path: Path) -> None:
    found = view(tmp_path, 3, failing=(1,))

    assert found.evidence["rack00-mcu001", "self-signed"] == (
        "    0.0 s  experiment self-signed: begun",
        "    0.0 s  the upload was taken, 1.00 s",
        "   67.0 s  restarted by web: down after 4.0 s, web after 53.0 s, booted after 62.0 s",
        f"   68.0 s  handshake: TLSv1, AES256-SHA, 20 ms, 1 certificate: {SERVED}",
        "   68.0 s  experiment self-signed: observed",
    )


def test_what_happened_at_many_places_is_told_once_with_what_was_seen_then(tmp_path: Path) -> None:
    [incident] = view(tmp_path, 30, Verdict.BLOCKED).incidents

    assert incident.words == "opening the unit: 192.0.2.1:80: no connection: Connection refused"
    assert (incident.claims, len(incident.places)) == (30 * len(CLAIMS), 30)
    assert incident.where.endswith("rack01-mcu011 and 18 more")
    [seen] = incident.seen
    assert seen.startswith("HTTP is silent, HTTPS is silent, gateway is silent, at rack00-mcu000, rack00-mcu001, ")


def test_one_claim_that_fails_at_many_places_is_told_once(tmp_path: Path) -> None:
    [claim] = view(tmp_path, 30, failing=tuple(range(30))).failed

    assert claim.claim == FAILS[1]
    assert len(claim.places) == 30


def test_no_other_host_is_named_and_nothing_is_fetched(tmp_path: Path) -> None:
    write_report(run_of(tmp_path, 3, failing=(0,)), tmp_path / "report.html")

    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert not [word for word in ("http://", "https://", "<script", "@import", "url(") if word in page]


def test_a_report_that_cannot_be_written_leaves_nothing_half_done(tmp_path: Path) -> None:
    run = replace(run_of(tmp_path, 1), folder=tmp_path)
    (tmp_path / "report.html").mkdir()

    with pytest.raises(OSError, match="Is a directory"):
        write_report(run, tmp_path / "report.html")

    assert not list(tmp_path.glob(".report*"))
