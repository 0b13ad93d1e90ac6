"""SSH servers that are not ours, each at an address that no other test uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.sshd import SSHD, Sshd, running
from tests.loopback import address

Start = Callable[..., Sshd]
__all__ = ["address"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start OpenSSH's server; options are lines of sshd_config(5)."""
    if SSHD is None:
        pytest.skip("there is no sshd")
    with ExitStack() as stack:
        yield lambda *options, name="sshd", kind="ed25519", port=2022: stack.enter_context(
            running(tmp_path / name, address(), port, *options, host_key_kind=kind)
        )
