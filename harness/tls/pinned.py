"""Connections to one unit, by any TLS that can be had from here, pinned to leafs instead of verified."""

from __future__ import annotations

import select
import socket
import ssl

from harness.deadline import Deadline
from harness.errors import UnitError
from harness.tls.client_pair import ClientPair
from harness.tls.handshake import CONNECT_SECONDS, Endpoint
from harness.tls.legacy import LegacySocket, legacy_socket
from harness.tls.pins import LeafPins
from harness.tls.stacks import CHOICES
from harness.transport import DIRECT, Transport

Secured = ssl.SSLSocket | LegacySocket
Socket = socket.socket | LegacySocket

VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""As `ssl` names them, oldest first."""


class NoConnection(Exception):
    """TCP was refused, or the address cannot be reached, or did not answer in time: the cause tells which."""


class TooOld(UnitError):
    """The unit speaks an older version than the lab file wants."""


class PinnedConnections:
    """One a port, kept open, for one thread at a time.

    Every new connection's leaf is put to the pins, before a byte is sent over it.
    """

    def __init__(
        self,
        pins: LeafPins,
        pair: ClientPair | None = None,
        minimum: str = VERSIONS[0],
        through: Transport = DIRECT,
    ) -> None:
        """`pair` is shown to who asks for a certificate; by a version below `minimum` nothing is sent."""
        self._minimum = minimum
        self._pins = pins
        self._pair = pair
        self._through = through
        self._kept: dict[tuple[str, str, int], Socket] = {}
        self._sessions: dict[str, ssl.SSLSession] = {}
        """By port. Whoever resumes one has its master secret, and was found good when it was made (RFC 5246 F.1.4); a
        unit that closes after each answer of its API would otherwise have to use its private key for each."""

    def open(self, scheme: str, host: str, port: int, seconds: float) -> Socket:
        """The one that was kept, if it can carry another request; or a new one, its leaf found good if it is of TLS.

        Raises NoConnection, ssl.SSLError and other OSErrors, and as they are what the pins raise, LegacyMissing and
        WayBroken.
        """
        kept = self._kept.pop((scheme, host, port), None)
        if kept is not None:
            # What can be read now is the end of the connection, since nothing was asked.
            if not _is_readable(kept):
                return kept
            kept.close()
        endpoint = Endpoint(host, port, self._pair, self._through)
        if scheme != "https":
            return _dialled(endpoint, seconds)
        secured = self._secured(endpoint, seconds)
        try:
            self._accept(endpoint, secured)
            self._keep_session(endpoint, secured)
        except BaseException:
            secured.close()
            raise
        return secured

    def keep(self, scheme: str, host: str, port: int, connection: Socket) -> None:
        """It can carry another request."""
        self._kept[scheme, host, port] = connection

    def close(self) -> None:
        """The next request opens a new connection."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _secured(self, endpoint: Endpoint, seconds: float) -> Secured:
        """A completed handshake: of a session that was had before where the unit still knows it, else a full one."""
        if session := self._sessions.pop(str(endpoint), None):
            try:
                secured = _by_ssl(endpoint, seconds, session)
            except TimeoutError:
                raise
            except OSError:
                # One that cannot say no to a session is asked without.
                pass
            else:
                if secured.session_reused:
                    self._sessions[str(endpoint)] = session
                return secured
        return _secured(endpoint, seconds)

    def _keep_session(self, endpoint: Endpoint, secured: Secured) -> None:
        """What a full handshake has made. To ask for a session copies it, so a resumed one is not asked for again."""
        if not isinstance(secured, ssl.SSLSocket) or secured.session_reused:
            return
        # From TLS 1.3 on a session comes after the handshake (RFC 8446 4.6.1).
        if secured.version() != VERSIONS[-1]:
            session = secured.session
            if session is not None and (session.has_ticket or session.id):
                self._sessions[str(endpoint)] = session

    def _accept(self, endpoint: Endpoint, secured: Secured) -> None:
        """It is the unit, and speaks a version that is good enough to send it something."""
        spoken = secured.version() or VERSIONS[0]
        if VERSIONS.index(spoken) < VERSIONS.index(self._minimum):
            raise TooOld(f"{endpoint}: speaks {spoken}, and tls.minimum is {self._minimum}: nothing was sent to it")
        self._pins.check(secured.getpeercert(binary_form=True) or b"")


def _dialled(endpoint: Endpoint, seconds: float) -> socket.socket:
    try:
        return endpoint.connect(seconds)
    except (OSError, UnicodeError) as error:
        # The latter for a host name that is none (RFC 1035 2.3.4).
        raise NoConnection(str(endpoint)) from error


def _secured(endpoint: Endpoint, seconds: float) -> Secured:
    """A completed handshake, by the stack that reaches the server."""
    choice = CHOICES.uses_legacy(endpoint)
    if choice is None:
        try:
            secured = _by_ssl(endpoint, seconds)
        except OSError as error:
            choice = CHOICES.reconsider(endpoint, error, Deadline.after(CONNECT_SECONDS))
            if choice is None:
                raise
        else:
            CHOICES.reached(endpoint)
            return secured
    return legacy_socket(_dialled(endpoint, seconds), endpoint, choice)


def _by_ssl(endpoint: Endpoint, seconds: float, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    plain = _dialled(endpoint, seconds)
    try:
        return endpoint.context.wrap_socket(plain, server_hostname=endpoint.address, session=session)
    except BaseException:
        plain.close()
        raise


def _is_readable(connection: Socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
