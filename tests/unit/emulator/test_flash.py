"""The stored pair is on certstore's flash: what a power cut, and what damage, leaves of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.tls.handshake import Endpoint, take_handshake


@pytest.fixture
def unit(blueprint: Blueprint) -> Iterator[HostThread]:
    """It restarts so quickly that a test can have many restarts."""
    with hosted([replace(blueprint, restart_seconds=0.02)]) as running:
        yield running


def good(blueprint: Blueprint) -> tuple[Upload, tuple[bytes, ...]]:
    issued = pki.run_authority().issue(blueprint.address)
    return Upload(issued.certificate_pem, pki.key_pem(issued.key)), issued.chain_der


def wait_for_start(unit: HostThread, name: str, boots: int) -> None:
    def started() -> bool:
        truth = unit.truth(name)
        return truth.boots > boots and truth.phase == "active"

    Deadline.after(60).wait_for("start", started, every=0.01)


def restart(unit: HostThread, blueprint: Blueprint) -> None:
    boots = unit.truth(blueprint.name).boots
    unit.restart(blueprint.name)
    wait_for_start(unit, blueprint.name, boots)


def served(blueprint: Blueprint) -> tuple[bytes, ...]:
    return take_handshake(Endpoint(blueprint.address, blueprint.https), Deadline.after(60)).presented_chain


def test_a_power_cut_at_any_step_of_a_removal_leaves_the_pair_or_none(
    blueprint: Blueprint, unit: HostThread, visitor_of: Callable[[Blueprint], Any]
) -> None:
    upload, pair = good(blueprint)
    seen = []
    with visitor_of(blueprint) as visitor:
        for steps in itertools.count():
            visitor.log_in(blueprint.user, blueprint.password)
            visitor.upload(upload)
            restart(unit, blueprint)
            visitor.log_in(blueprint.user, blueprint.password)
            visitor.visit("/certificates.html")
            boots = unit.truth(blueprint.name).boots
            unit.cut_power_after(blueprint.name, steps)
            try:
                visitor.press("Delete custom certificate and key")
            except requests.ConnectionError:
                wait_for_start(unit, blueprint.name, boots)
                seen.append(served(blueprint))
            else:
                break

    # It was cut at least once before and once after the pair's file had gone.
    assert len(seen) >= 2
    assert set(seen) <= {pair, FACTORY.certificates}
    assert seen[0] == pair


def test_what_was_stored_before_the_power_went_is_served_afterwards(
    blueprint: Blueprint, unit: HostThread, visitor_of: Callable[[Blueprint], Any]
) -> None:
    upload, pair = good(blueprint)
    with visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(upload)
    unit.power_off(blueprint.name)
    unit.power_on(blueprint.name)
    wait_for_start(unit, blueprint.name, 0)

    assert served(blueprint) == pair


def test_a_damaged_pair_gives_way_to_the_factory_pair_and_the_event_log_says_so(
    blueprint: Blueprint, unit: HostThread, visitor_of: Callable[[Blueprint], Any]
) -> None:
    upload, pair = good(blueprint)
    with visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(upload)
        restart(unit, blueprint)
        assert served(blueprint) == pair
        unit.damage_flash(blueprint.name)
        restart(unit, blueprint)
        assert served(blueprint) == FACTORY.certificates
        assert any("digest is not that of the file" in event for event in unit.truth(blueprint.name).events)

        # Until another pair is stored.
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(upload)
        restart(unit, blueprint)
        assert served(blueprint) == pair


def test_the_power_can_go_again_while_it_starts(blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any]) -> None:
    upload, pair = good(blueprint)
    with hosted([replace(blueprint, restart_seconds=0.2)]) as unit, visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(upload)
        for _ in range(3):
            unit.cut_power(blueprint.name)
            # The first step of the start is then the last one.
            unit.cut_power_after(blueprint.name, 0)
        wait_for_start(unit, blueprint.name, 0)

        assert served(blueprint) == pair
        assert unit.truth(blueprint.name).boots == 1
