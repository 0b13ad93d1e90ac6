"""A variant's unit as a place, and the driver on it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from certstore import Upload
from harness.drivers.mcu import Mcu, open_unit
from harness.drivers.wire import Record
from harness.lab import Lab
from harness.pki import key_pem, run_authority
from tests.unit.drivers.variants.listening import serving
from tests.unit.drivers.variants.server import PASSWORD, USER, Unit

Contexts = Mapping[bool, ssl.SSLContext]
"""By whether the custom pair is running."""
FACTORY, OURS = run_authority().issue("factory.example"), run_authority().issue("unit.example")
UPLOAD = Upload(OURS.certificate_pem, key_pem(OURS.key))


def _unrecorded(_kind: str, _facts: dict[str, object]) -> None:
    """Nobody keeps a record."""


@contextmanager
def opened(
    unit: Unit,
    contexts: Contexts,
    record: Record = _unrecorded,
    login: Mapping[str, str | float] = MappingProxyType({}),
    *,
    closed_https: bool = False,
) -> Iterator[Mcu]:
    """The driver on this unit, which is live for as long; `login` changes keys of the place's.

    `closed_https`: the place names a port on which nobody listens.
    """
    with serving(unit, contexts) as ports, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        table = {
            "name": f"v{unit.variant.number}",
            "model": "MCU 4505",
            "address": "127.0.0.1",
            "ports": {"http": ports.http, "https": closed.getsockname()[1] if closed_https else ports.https},
            "login": {"user": USER, "password": PASSWORD, **login},
            # Not emulated by us, but as quick.
            "emulated": {"restart_seconds": 0.0},
        }
        [place] = Lab.model_validate({"place": [table]}).places
        with open_unit(place, record) as mcu:
            yield mcu
