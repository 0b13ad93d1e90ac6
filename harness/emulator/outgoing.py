"""HTTP requests that a unit makes itself: to feedback receivers and OCSP servers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from urllib.parse import SplitResult

from harness.emulator.trust import Trust

SECONDS = 5.0

FAILURES = (OSError, TimeoutError, ssl.SSLError, UnicodeError)
"""Why there may be no answer; UnicodeError is that of a name that no host can have."""


@contextlib.asynccontextmanager
async def posted(
    uri: SplitResult, body: bytes, content_type: str, trust: Trust, address: str
) -> AsyncIterator[asyncio.StreamReader]:
    """What answers a POST to `uri` from `address`, for as long as a request may take. Raises one of FAILURES."""
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection(
            uri.hostname,
            uri.port or (443 if uri.scheme == "https" else 80),
            ssl=_context(trust) if uri.scheme == "https" else None,
            local_addr=(address, 0),
        )
        with contextlib.closing(writer):
            writer.write(_request(uri, body, content_type))
            await writer.drain()
            yield reader


def _request(uri: SplitResult, body: bytes, content_type: str) -> bytes:
    return (
        f"POST {uri.path or '/'} HTTP/1.1\r\nHost: {uri.netloc.rpartition('@')[2]}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


def _context(trust: Trust) -> ssl.SSLContext:
    """`Server certificate security` governs the unit as a client (device-reference 2.4, mark D in part)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.verify_mode = ssl.CERT_REQUIRED if trust.server_security == "verify" else ssl.CERT_NONE
    if anchors := b"".join(trust.anchors("https")):
        context.load_verify_locations(cadata=anchors)
    return context
