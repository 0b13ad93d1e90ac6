"""Emulated units for the driver to drive, each test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, Skins, hosted
from harness.emulator.skin import load_skin
from harness.lab import Lab, Place
from tests.loopback import address

Emulate = Callable[..., HostThread]


Stand = Callable[..., Place]
ADDRESS = address()


@pytest.fixture
def stand() -> Stand:
    """A place for an emulated unit with a password, at an address of this process alone; keys may be changed."""
    table = {
        "name": "unit",
        "model": "MCU 4505",
        "address": ADDRESS,
        "ports": {"http": 8080, "https": 8443, "sip_tls": 5061},
        "login": {"user": "admin", "password": "s3cret & möre"},
        "emulated": {"firmware": "4.3(2.18)", "restart_seconds": 0.2},
    }
    return lambda **keys: Lab.model_validate({"place": [table | keys]}).places[0]


@pytest.fixture
def emulate(stand: Stand) -> Iterator[Emulate]:
    """Start the unit, looking and behaving as told."""

    @contextmanager
    def started(skins: Skins, changes: dict[str, object]) -> Iterator[HostThread]:
        with hosted([Blueprint.from_document(Blueprint.of(stand()).document() | changes)], skins) as host:
            assert not host.failed
            yield host

    with ExitStack() as stack:
        yield lambda skins=load_skin, **changes: stack.enter_context(started(skins, changes))
