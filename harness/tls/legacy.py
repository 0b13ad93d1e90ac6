"""TLS by tlslite-ng, for servers that speak SSL 3.0, RC4 or 3DES alone, as a socket.

It is written in Python: a handshake takes some 12 ms of processor time, and 3DES some 100 KB/s. That is enough for
forms.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.tls.client_pair import ClientPair
from harness.tls.stacks import CHOICES, LEGACY_SUITES, Choice, legacy_stack

if TYPE_CHECKING:
    from harness.tls.handshake import Endpoint

CIPHERS = ["aes256", "aes128", "3des", "rc4"]
MACS = ["sha", "md5", "sha256"]
KEY_EXCHANGES = ["rsa", "dhe_rsa", "ecdhe_rsa"]
LEAST_KEY_BITS = 512
VERSION_NAMES = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2"}
"""As `ssl` has them."""


def legacy_socket(connection: socket.socket, endpoint: Endpoint, choice: Choice) -> LegacySocket:
    """The handshake is completed, or `connection` is closed; the server's next one is then tried anew by `ssl`.

    Raises ssl.SSLError and other OSErrors.
    """
    try:
        return LegacySocket(connection, choice, endpoint.pair)
    except BaseException:
        CHOICES.forget(endpoint)
        connection.close()
        raise


class LegacySocket:
    """A completed handshake, and the connection over it.

    Raises OSErrors, ssl.SSLError among them, as any such socket does: never an exception of tlslite's.
    """

    def __init__(self, connection: socket.socket, choice: Choice, pair: ClientPair | None) -> None:
        """The handshake is completed."""
        tlslite = legacy_stack()
        assert tlslite is not None, "nobody chooses what is not installed"
        settings = tlslite.HandshakeSettings()
        settings.minVersion, settings.maxVersion = (3, 0), divmod(choice.version, 256)
        settings.versions = [version for version in settings.versions if version <= settings.maxVersion]
        settings.cipherNames, settings.macNames, settings.keyExchangeNames = CIPHERS, MACS, KEY_EXCHANGES
        settings.minKeySize = LEAST_KEY_BITS
        self._plain = connection
        self._tls = tlslite.TLSConnection(connection)
        # Old servers end a connection without a word (RFC 5246 7.2.1 allows it for a message that tells its length).
        self._tls.ignoreAbruptClose = True
        chain, key = (None, None) if pair is None else _parsed(tlslite, pair)
        with _as_os_errors():
            self._tls.handshakeClientCert(chain, key, settings=settings)

    @property
    def presented_chain(self) -> tuple[bytes, ...]:
        """DER, as served."""
        chain = self._tls.session.serverCertChain
        return tuple(bytes(one.bytes) for one in chain.x509List) if chain is not None else ()

    def getpeercert(self, binary_form: bool = True) -> bytes:  # noqa: FBT001, FBT002 - as ssl.SSLSocket has it
        """The leaf."""
        assert binary_form, "nobody here asks for another form"
        return next(iter(self.presented_chain), b"")

    def version(self) -> str:
        major, minor = self._tls.version
        return VERSION_NAMES[major << 8 | minor]

    def suite(self) -> str:
        """OpenSSL's name of it."""
        return LEGACY_SUITES.get(self._tls.session.cipherSuite, f"0x{self._tls.session.cipherSuite:04X}")

    # What is used of a socket here.

    def sendall(self, data: bytes) -> None:
        with _as_os_errors():
            self._tls.sendall(data)

    def recv(self, size: int) -> bytes:
        with _as_os_errors():
            return bytes(self._tls.read(max=size, min=1))

    def settimeout(self, seconds: float | None) -> None:
        self._plain.settimeout(seconds)

    def fileno(self) -> int:
        return self._plain.fileno()

    def close(self) -> None:
        try:
            with _as_os_errors():
                self._tls.close()
        except OSError:
            # The other side has gone before.
            pass
        finally:
            self._plain.close()


def _parsed(tlslite: Any, pair: ClientPair) -> tuple[Any, Any]:
    chain = tlslite.X509CertChain()
    chain.parsePemList(pair.certificate.read_text(encoding="ascii", errors="replace"))
    return chain, tlslite.parsePEMKey(pair.plain_key().decode("ascii"), private=True)


@contextmanager
def _as_os_errors() -> Iterator[None]:
    from tlslite.errors import BaseTLSException, TLSLocalAlert, TLSRemoteAlert

    try:
        yield
    except OSError:
        raise
    except (TLSLocalAlert, TLSRemoteAlert) as error:
        # str() of the local one fails where its message is an exception.
        side = "the unit" if isinstance(error, TLSRemoteAlert) else "we"
        raise _failure(f"{side} said: {_alert(error.description)}") from error
    except (BaseTLSException, ValueError, SyntaxError) as error:
        # Malformed messages come as these.
        raise _failure(f"no readable TLS: {type(error).__name__}") from error


def _failure(words: str) -> ssl.SSLError:
    error = ssl.SSLError(ssl.SSL_ERROR_SSL, words)
    # Of those that `ssl` raises itself every one has it.
    error.reason = words
    return error


def _alert(number: int) -> str:
    from tlslite.constants import AlertDescription

    return str(AlertDescription.toStr(number)).replace("_", " ")
