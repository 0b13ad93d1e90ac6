"""The store of one pair: what each event leaves stored and running."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from certstore import CertStore, Credential, Event, Upload, receive
from certstore.store import TRANSITIONS


@pytest.fixture(scope="session")
def other(authority: Any) -> Credential:
    return receive(Upload(authority.certificate, authority.key))


def test_a_fresh_unit_has_the_factory_pair() -> None:
    assert CertStore() == CertStore(stored=None, running=None)
    assert not CertStore().restart_required


def test_an_upload_waits_for_a_restart(credential: Credential) -> None:
    uploaded = CertStore().upload(credential)
    assert uploaded == CertStore(stored=credential, running=None)
    assert uploaded.restart_required

    restarted = uploaded.restart()
    assert restarted == CertStore(credential, credential)
    assert not restarted.restart_required


def test_a_second_upload_replaces_the_first(credential: Credential, other: Credential) -> None:
    assert CertStore(credential, credential).upload(other) == CertStore(other, credential)


def test_removal_waits_for_a_restart_too(credential: Credential) -> None:
    removed = CertStore(credential, credential).remove()

    assert removed == CertStore(None, credential)
    assert removed.restart() == CertStore()


def test_power_loss_starts_what_is_stored(credential: Credential, other: Credential) -> None:
    assert CertStore(credential, other).power_loss() == CertStore(credential, credential)


def test_a_factory_reset_forgets_everything(credential: Credential, other: Credential) -> None:
    assert CertStore(credential, other).factory_reset() == CertStore()


def test_uploading_what_is_running_needs_no_restart(credential: Credential) -> None:
    assert not CertStore(credential, credential).upload(credential).restart_required
    assert not CertStore(None, credential).upload(credential).restart_required


def test_an_event_leaves_the_value_before_it_alone(credential: Credential) -> None:
    before = CertStore()
    before.upload(credential)

    assert before == CertStore()


def test_every_event_has_a_transition() -> None:
    assert set(TRANSITIONS) == set(Event)


_MADE: list[Credential] = []


class Lifetime(RuleBasedStateMachine):
    """Any life of a unit, beside two variables."""

    def __init__(self) -> None:
        super().__init__()
        self.store = CertStore()
        self.stored: Credential | None = None
        self.running: Credential | None = None

    @rule(which=st.sampled_from([0, 1]))
    def upload(self, which: int) -> None:
        self.store = self.store.upload(_MADE[which])
        self.stored = _MADE[which]

    @rule()
    def remove(self) -> None:
        self.store = self.store.remove()
        self.stored = None

    @rule()
    def restart(self) -> None:
        self.store = self.store.restart()
        self.running = self.stored

    @rule()
    def power_loss(self) -> None:
        self.store = self.store.power_loss()
        self.running = self.stored

    @rule()
    def factory_reset(self) -> None:
        self.store = self.store.factory_reset()
        self.stored = self.running = None

    @invariant()
    def agrees(self) -> None:
        assert (self.store.stored, self.store.running) == (self.stored, self.running)
        assert self.store.restart_required == (self.stored != self.running)


def test_no_life_of_a_unit_disagrees(credential: Credential, other: Credential) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    _MADE[:] = [credential, other]
    run_state_machine_as_test(Lifetime, settings=settings(max_examples=30, stateful_step_count=20, deadline=None))
