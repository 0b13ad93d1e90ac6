"""One driver and one suite for every firmware: with and without device.restart, under all their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.drivers.emulated import emulated_units
from harness.drivers.mcu import open_unit
from harness.lab import load_lab
from harness.profile import load_profiles
from harness.unit import Way

if TYPE_CHECKING:
    from tests.unit.run.conftest import LabBench

# A build of each generation, and how it can be restarted (device-reference 1.1 and 7.6).
GENERATIONS = {
    "2.3(1.0)": (Way.WEB,),
    "2.4(1.2)": (Way.WEB,),
    "4.0(1.44)": (Way.WEB,),
    "4.2(1.50)": (Way.WEB,),
    "4.3(2.32)": (Way.WEB, Way.API),
    "4.4(3.57)": (Way.WEB, Way.API),
    "4.5(1.71)": (Way.WEB, Way.API),
}

EXPERIMENTS = [
    "as-found",
    "self-signed",
    "ca-signed",
    "refusals",
    "accepted-kinds",
    "mismatch",
    "secrets",
    "removal",
]
"""Of the default selection; with 4 restarts."""


def name(firmware: str) -> str:
    return "fw-" + firmware.partition("(")[0]


def test_every_generation_keeps_the_contract(bench: LabBench) -> None:
    lab = bench.lab(*(bench.emulated(name(firmware), firmware=firmware) for firmware in GENERATIONS))

    outcome = bench.run(lab, "-n", "0")

    assert outcome.status == 0, outcome.output
    others = {claim: verdict for claim, verdict in outcome.verdicts.items() if verdict != "held"}
    assert set(others.values()) <= {"skipped"}
    # SIP TLS is not ticked at a unit as it leaves the factory.
    assert [claim for claim in others if not claim.startswith("test_sip_tls_")] == []
    for place in map(name, GENERATIONS):
        assert bench.experiments_done(place) == EXPERIMENTS
    assert f"{4 * len(GENERATIONS)} restarts, {4 * len(GENERATIONS)} needed at least" in outcome.output


# What the device reference leaves open, one way or the other, and what the profile then has to say.
SWITCHES: dict[str, tuple[str, dict[str, object]]] = {
    "leaf-only": (
        '"upload.serving" = "leaf only", "upload.plain_pkcs8" = "refuse", "upload.encrypted_pkcs8" = "refuse"',
        {"served/of-3-certificates": "the leaf alone"},
    ),
    "mismatch-stored": (
        '"upload.mismatched_pair" = "store", "shutdown.steps" = 1, "tls.maximum" = "TLSv1.2"',
        {"mismatch/stored": True, "mismatch/private-key-row": "Key does not match certificate"},
    ),
    "running-shown": (
        '"certificates.shows" = "running", "api.connection" = "reset", "tls.unloadable_pair" = "closed"',
        {"mismatch/stored": False, "restart-log/reason-by-web": "User requested reboot from web interface"},
    ),
    "running-shown-mismatch-stored": (
        '"certificates.shows" = "running", "upload.mismatched_pair" = "store", "http.to_login" = 303',
        {"mismatch/stored": True},
    ),
}


def test_a_healthy_unit_is_whole_whatever_it_does_where_nothing_is_documented(bench: LabBench) -> None:
    """Not failed and not forgiven: known, and told apart."""
    lab = bench.lab(
        *(
            bench.emulated(name).replace(" }\n", f", switches = {{ {switches} }} }}\n")
            for name, (switches, _) in SWITCHES.items()
        )
    )

    outcome = bench.run(lab, "-n", "0")

    assert outcome.status == 0, outcome.output
    recorded = {
        found.place: {key: each.outcome for key, each in profile.items()}
        for file in (bench.folder / "state" / "profiles").iterdir()
        for profile in load_profiles(file).values()
        for found in profile.values()
    }
    assert {name: {key: recorded[name][key] for key in wanted} for name, (_, wanted) in SWITCHES.items()} == {
        name: wanted for name, (_, wanted) in SWITCHES.items()
    }


@pytest.mark.parametrize(("firmware", "ways"), GENERATIONS.items(), ids=GENERATIONS)
def test_a_unit_is_restarted_by_api_only_where_its_version_can(
    bench: LabBench, firmware: str, ways: tuple[Way, ...]
) -> None:
    [place] = load_lab(bench.lab(bench.emulated("unit", firmware=firmware))).places

    with emulated_units([place]), open_unit(place) as unit:
        assert unit.ways() == ways
