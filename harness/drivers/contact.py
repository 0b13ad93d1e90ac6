"""The first question to whatever answers at an address: who is it, and is its HTTPS open?"""

from __future__ import annotations

from http import HTTPStatus

from harness.drivers import system_xml
from harness.drivers.system_xml import read_system_xml
from harness.drivers.wire import REDIRECTED, Broken, NotOpen, Wire
from harness.errors import ConfigurationError, UnitError
from harness.tls.handshake import HandshakeFailed
from harness.unit import Identity


def identity_of(wire: Wire) -> Identity:
    """Who answers; from here on the wire uses HTTPS only if that was open."""
    try:
        reply = wire.get(wire.url(system_xml.PATH))
    except (NotOpen, Broken, HandshakeFailed) as error:
        wire.scheme = "http"
        wire.https_trouble = "" if isinstance(error, NotOpen) else str(error)
        reply = wire.get(wire.url(system_xml.PATH))
        if reply.status in REDIRECTED and reply.location.startswith("https:"):
            raise ConfigurationError(
                f"{wire.place.name}: HTTPS is not open on port {wire.place.ports.https}, and HTTP only leads to"
                f" {reply.location.partition('?')[0][:200]}: correct ports.https, or open HTTPS at the console"
            ) from None
    if reply.status != HTTPStatus.OK:
        raise UnitError(f"{wire.place.name}: {system_xml.PATH} answers HTTP {reply.status}")
    return read_system_xml(reply.body).identity
