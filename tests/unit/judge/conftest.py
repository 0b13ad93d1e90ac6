"""Materials of the judge's tests: the command-line openssl, and a pair of its making."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Openssl = Callable[..., bytes]


@pytest.fixture(scope="session")
def openssl() -> Openssl:
    """Run openssl with these arguments; its standard output. The legacy provider is on."""

    def run(*arguments: str | Path, given: bytes = b"") -> bytes:
        command, *rest = map(str, arguments)
        done = subprocess.run(
            ["openssl", command, "-provider", "default", "-provider", "legacy", *rest],
            input=given,
            capture_output=True,
            check=False,
            # Without a terminal it asks for passphrases on standard input.
            start_new_session=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
