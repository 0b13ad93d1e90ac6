"""What the units of variants serve TLS with."""

from __future__ import annotations

import ssl

import pytest

from harness.pki import key_pem
from tests.unit.drivers.variants.driving import FACTORY, OURS, Contexts


@pytest.fixture(scope="session")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """The factory pair and ours, ready to serve."""
    folder = tmp_path_factory.mktemp("pairs")
    made = {}
    for custom, issued in ((False, FACTORY), (True, OURS)):
        path = folder / f"{custom}.pem"
        path.write_bytes(issued.certificate_pem + key_pem(issued.key))
        made[custom] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made[custom].load_cert_chain(path)
    return made
