"""The driver on hundreds of units that all look different, and on some where a person would not know what to press.

A variant is the same in every run: the message of one that fails has its number and all its choices, and its block is
the number divided by BLOCK.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import procedure
from harness.deadline import Deadline
from harness.drivers.mcu import Mcu
from harness.errors import UnitError
from tests.unit.drivers.variants.driving import OURS, UPLOAD, Contexts, opened
from tests.unit.drivers.variants.server import Unit
from tests.unit.drivers.variants.variant import variant

VARIANTS = 500
BLOCK = 25
THREADS = 3
"""Of one block at once. A variant waits now and then; more than a few only wait for each other."""
SECONDS = 120.0
"""Longer than a whole block takes on a slow machine."""


def driven(unit: Unit, contexts: Contexts) -> None:
    """Everything that a run does, over pages alone, to the unit of this variant."""
    with opened(unit, contexts) as mcu:
        (_over_http if unit.variant["transport"] == "http" else _over_https)(mcu, unit)
    assert unit.session == "", "still logged in"


def _over_https(mcu: Mcu, unit: Unit) -> None:
    deadline = Deadline.after(SECONDS)
    installed = procedure.install(mcu, UPLOAD, deadline)
    assert installed.handshake.leaf == OURS.chain_der[0]
    assert "CN=custom" in mcu.certificate_page().local_certificate.subject
    assert mcu.remove().taken


def _over_http(mcu: Mcu, unit: Unit) -> None:
    deadline = Deadline.after(SECONDS)
    assert mcu.upload(UPLOAD).taken
    mcu.restart(deadline)
    assert unit.serves_custom
    assert "CN=custom" in mcu.certificate_page().local_certificate.subject
    assert mcu.remove().taken


def fault_of(number: int, contexts: Contexts) -> str:
    """What went wrong with this variant; nothing if nothing did."""
    unit = Unit(variant(number))
    try:
        driven(unit, contexts)
        done = unit.counts
        assert done.wrong == []
        assert (done.uploads, done.removals, done.restarts) == (1, 1, 1)
        assert done.shutdowns == (1 if unit.variant["steps"] in ("one", "two") else 0)
    except Exception as error:  # noqa: BLE001 - one of many; all are told together
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"variant {number}: {type(error).__name__}: {error} ({last.name}:{last.lineno})\n  {_told(unit)}"
    return ""


def _told(unit: Unit) -> str:
    return f"{unit.counts}; " + ", ".join(f"{axis}={choice!r}" for axis, choice in unit.variant.choices.items())


@pytest.mark.parametrize("block", range(VARIANTS // BLOCK))
def test_every_variant_is_served_from_login_to_logout(block: int, contexts: Contexts) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        numbers = range(block * BLOCK, (block + 1) * BLOCK)
        faults = [fault for fault in pool.map(lambda number: fault_of(number, contexts), numbers) if fault]
    assert not faults, "\n".join(faults)


FLAWS: Mapping[str, tuple[str, dict[str, str]]] = {
    "no-certificates-link": ("no link to Network > SSL certificates", {"menu": "links"}),
    "two-certificates-links": ("2 places for the link to Network > SSL certificates", {"menu": "links"}),
    "no-key-label": ("private key file field", {"layout": "table"}),
    "no-labels": ("no certificate file field", {"layout": "table"}),
    "same-labels": ("2 of the certificate file field", {"layout": "table"}),
    "upload-unknown": ("no button that uploads the pair", {"decoys": "trust search"}),
    "greyed-out": ("(greyed out)", {"button": "input", "decoys": "trust search"}),
    "two-uploads": ("2 forms have the button that uploads the pair", {"forms": "separate"}),
    "trust-only": ("another section", {"forms": "separate", "decoys": ""}),
    "feature-key": ("no feature key for Secure management", {"decoys": ""}),
}


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("number", range(1000, 1006))
def test_nothing_is_sent_on_a_guess(flaw: str, number: int, contexts: Contexts) -> None:
    says, chosen = FLAWS[flaw]
    unit = Unit(variant(number, **chosen), flaw)
    with pytest.raises(UnitError) as refused:
        driven(unit, contexts)
    assert says in str(refused.value), _told(unit)
    done = unit.counts
    assert (done.wrong, done.uploads, done.removals, done.shutdowns, done.restarts) == ([], 0, 0, 0, 0)
    assert unit.session == "", "still logged in"
