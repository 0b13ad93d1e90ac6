"""Generations of firmware, and what is switchable in them."""

from __future__ import annotations

import pytest

from certstore import (
    BRANCHES,
    DEFAULT_FIRMWARE,
    KNOWN_GENERATIONS,
    OPENSSL_0_9_8,
    OPENSSL_1_0_1,
    MismatchedPair,
    Pkcs8,
    Serving,
    firmware_named,
)


@pytest.mark.parametrize("generation", ["2.3", "2.4", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5"])
def test_every_generation_is_known(generation: str) -> None:
    firmware = firmware_named(generation)

    assert firmware.generation == firmware.version == generation
    assert firmware.branch is OPENSSL_0_9_8


@pytest.mark.parametrize(
    ("version", "generation"),
    [("4.3(2.18)", "4.3"), ("2.4(1)", "2.4"), ("4.5(1.71)", "4.5"), ("4.0(1.18)", "4.0")],
)
def test_a_version_belongs_to_its_generation(version: str, generation: str) -> None:
    firmware = firmware_named(version)

    assert (firmware.version, firmware.generation) == (version, generation)


@pytest.mark.parametrize("version", ["3.0", "", "4", "4.6(1.0)", "(4.3)", "5.0", "4.30", "x4.3"])
def test_other_versions_are_unknown_and_the_known_ones_listed(version: str) -> None:
    with pytest.raises(ValueError, match=", ".join(KNOWN_GENERATIONS)):
        firmware_named(version)


def test_the_default_is_the_newest() -> None:
    assert DEFAULT_FIRMWARE.generation == KNOWN_GENERATIONS[-1] == "4.5"


def test_the_unknown_is_set_to_what_openssl_does() -> None:
    assert DEFAULT_FIRMWARE.mismatched_pair is MismatchedPair.REFUSE
    assert DEFAULT_FIRMWARE.serving is Serving.CHAIN
    assert DEFAULT_FIRMWARE.plain_pkcs8 is DEFAULT_FIRMWARE.encrypted_pkcs8 is Pkcs8.ACCEPT


def test_branches_are_known_by_name() -> None:
    assert BRANCHES == {"0.9.8": OPENSSL_0_9_8, "1.0.1": OPENSSL_1_0_1}
    assert [str(branch) for branch in BRANCHES.values()] == list(BRANCHES)
