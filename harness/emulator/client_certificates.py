"""Certificates of those who connect: asked for in the handshake, and who they log in (device-reference 2.4)."""

from __future__ import annotations

import ssl
from enum import Enum

from harness.emulator.pair import Pair, new_context
from harness.emulator.skin import TlsSettings
from harness.emulator.trust import Trust, common_name
from harness.emulator.users import User, Users


class Standing(Enum):
    """What somebody's certificate means for their login."""

    PASSWORD = "a password is needed"
    CERTIFICATE = "the certificate is the login"
    NOBODY = "only a certificate would do, and there is none of a user"


# `allowed` takes a certificate and does not insist; OpenSSL breaks off the handshake over one that fails (I).
VERIFY_MODES = {"verify": ssl.CERT_REQUIRED, "allowed": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


def asking_context(pair: Pair, settings: TlsSettings, trust: Trust) -> ssl.SSLContext:
    """As `pair.new_context`, and verifies clients against the HTTPS trust store; without one, none passes."""
    context = new_context(pair, settings)
    context.verify_mode = VERIFY_MODES[trust.client_security]
    if anchors := b"".join(trust.anchors("https")):
        context.load_verify_locations(cadata=anchors)
    return context


def certificate_of(peer: ssl.SSLObject | None) -> bytes | None:
    """What the client showed, in DER; `peer` is None without TLS."""
    return peer.getpeercert(binary_form=True) if peer is not None else None


def user_of(certificate: bytes | None, trust: Trust, users: Users) -> tuple[Standing, User | None]:
    """How somebody with this certificate may log in. The user is told with CERTIFICATE."""
    if trust.client_security not in ("allowed", "required"):
        return Standing.PASSWORD, None
    name = common_name(certificate) if certificate else None
    user = users.get(name) if name is not None else None
    if user is not None:
        return Standing.CERTIFICATE, user
    # With `required` HTTP logins are blocked as well (mark D).
    return (Standing.NOBODY if trust.client_security == "required" else Standing.PASSWORD), None
