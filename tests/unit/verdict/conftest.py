"""An authority, a leaf, and servers that serve what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harness.tls.handshake import Endpoint
from tests.unit.verdict.servers import Made, Serving, answering, make, tls

Serve = Callable[[Serving], AbstractContextManager[Endpoint]]


@pytest.fixture(scope="session")
def root() -> Made:
    return make("test root", is_ca=True)


@pytest.fixture(scope="session")
def intermediate(root: Made) -> Made:
    return make("test intermediate", root, is_ca=True)


@pytest.fixture(scope="session")
def leaf(intermediate: Made) -> Made:
    return make("mcu.example", intermediate, names=("mcu.example", "127.0.0.1"))


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Starts a server of the standard library."""
    return lambda serving: answering(tls(tmp_path, serving))
