"""Client settings that reach units from TLS 1.0 on."""

from __future__ import annotations

import ssl
import warnings

from harness.once import once


def legacy_context() -> ssl.SSLContext:
    """A new client context that accepts TLS 1.0, SHA-1, 1024-bit keys and servers without RFC 5746.

    It verifies nothing: a unit's certificate is what we are here to look at, and many are self-signed,
    expired or the factory's. Whoever sends secrets over it pins the leaf's fingerprint.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # OpenSSL 3 allows TLS 1.0 and 1024-bit keys at security level 0 only.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    # Firmware before OpenSSL 0.9.8m does not know RFC 5746 (device-reference 8, mark I).
    context.options |= ssl.OP_LEGACY_SERVER_CONNECT if hasattr(ssl, "OP_LEGACY_SERVER_CONNECT") else 0x4
    return context


@once
def shared_legacy_context() -> ssl.SSLContext:
    """One context for all connections of this process, however many threads ask for the first: making one costs as
    much as a fifth of a handshake, and a session can be resumed only in the context that it was made in."""
    return legacy_context()
