"""The defects of serving break what they say and nothing else. test_defect_probes.py has a test for every one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.tls.handshake import Endpoint, take_handshake


@dataclass(frozen=True)
class Seen:
    """What is seen by somebody who uploads a good pair, restarts, uploads a pair that does not match, restarts."""

    uploaded: tuple[bytes, ...]
    before_restart: tuple[bytes, ...]
    after_restart: tuple[bytes, ...]
    private_key_row: str
    restart_required: bool
    at_last: tuple[bytes, ...]


def look(blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any]) -> Seen:
    good, other = (pki.run_authority().issue(blueprint.address) for _ in range(2))
    with hosted([blueprint]) as host, visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(Upload(good.certificate_pem, pki.key_pem(good.key)))
        before = served(blueprint)
        restart(host, blueprint)
        after = served(blueprint)
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(Upload(other.certificate_pem, pki.key_pem(good.key)))
        row, banner = visitor.table()["Private key"], visitor.page.find(class_="banner")
        restart(host, blueprint)
        return Seen(good.chain_der, before, after, row, banner is not None, served(blueprint))


def served(blueprint: Blueprint) -> tuple[bytes, ...]:
    return take_handshake(Endpoint(blueprint.address, blueprint.https), Deadline.after(60)).presented_chain


def restart(host: HostThread, blueprint: Blueprint) -> None:
    boots = host.truth(blueprint.name).boots
    host.cut_power(blueprint.name)
    Deadline.after(60).wait_for("boot", lambda: host.truth(blueprint.name).boots > boots, every=0.01)


HEALTHY = {
    "before_restart": lambda seen: seen.before_restart == FACTORY.certificates,
    "after_restart": lambda seen: seen.after_restart == seen.uploaded,
    "private_key_row": lambda seen: seen.private_key_row == "Key matches certificate",
    "restart_required": lambda seen: not seen.restart_required,
    "at_last": lambda seen: seen.at_last == seen.uploaded,
}
"""What holds of firmware without a defect."""

DIFFERENT: dict[str | None, dict[str, Callable[[Seen], bool]]] = {
    None: {},
    "old-pair-after-restart": {
        "after_restart": lambda seen: seen.after_restart == FACTORY.certificates,
        "at_last": lambda seen: seen.at_last == FACTORY.certificates,
    },
    "new-pair-before-restart": {"before_restart": lambda seen: seen.before_restart == seen.uploaded},
    "intermediates-dropped": {
        "after_restart": lambda seen: seen.after_restart == seen.uploaded[:1],
        "at_last": lambda seen: seen.at_last == seen.uploaded[:1],
    },
    "foreign-key-accepted": {
        "private_key_row": lambda seen: seen.private_key_row == "Key does not match certificate",
        "restart_required": lambda seen: seen.restart_required,
    },
}
"""What each defect changes."""


@pytest.mark.parametrize("defect", DIFFERENT, ids=str)
def test_a_defect_breaks_what_it_says_and_nothing_else(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], defect: str | None
) -> None:
    seen = look(replace(blueprint, defect=defect), visitor_of)

    expected = {**HEALTHY, **DIFFERENT[defect]}
    assert [name for name, holds in expected.items() if not holds(seen)] == []
