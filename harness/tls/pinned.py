"""HTTPS to a unit through requests: any TLS from 1.0 on, pinned to leafs instead of verified."""

from __future__ import annotations

import ssl
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from harness.tls.context import shared_legacy_context
from harness.tls.pins import LeafPins


class PinnedAdapter(HTTPAdapter):
    """Mounted for `https://` in a session with `verify` off: every new connection's leaf is put to the pins, before
    a byte of a request is sent. What they raise comes out of the request as it is.

    urllib3's own `assert_fingerprint` knows one fingerprint, fixed when the pool is made; ours may grow by a leaf
    that is only seen when it is served.
    """

    def __init__(self, pins: LeafPins) -> None:
        self._pins = pins
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool: Any) -> None:  # noqa: FBT001, FBT002 - requests calls it so
        super().init_poolmanager(connections, maxsize, block, **pool, ssl_context=shared_legacy_context())
        connection = type("_Connection", (_PinnedConnection,), {"pins": self._pins})
        pool_class = type("_Pool", (HTTPSConnectionPool,), {"ConnectionCls": connection})
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": pool_class}


class _PinnedConnection(HTTPSConnection):
    pins: LeafPins

    def connect(self) -> None:
        super().connect()
        try:
            self.pins.check(cast("ssl.SSLSocket", self.sock).getpeercert(binary_form=True) or b"")
        except BaseException:
            self.close()
            raise
        # The pins are the verification; without this urllib3 warns at every request.
        self.is_verified = True
