"""TLS of GnuTLS on loopback before a plain HTTP server: what comes in is passed on, and what is answered, back.

    python gnutls_front.py CERTIFICATE KEY ADDRESS BACKEND-PORT {PORT PRIORITY}...

Says "ready" when all listen, and ends with its standard input. No server of Debian's that passes requests on lets
GnuTLS speak RC4, so the library is called as a server would call it: each connection has a thread and a session.
"""

from __future__ import annotations

import ctypes
import select
import socket
import sys
import threading

LIBRARY = "libgnutls.so.30"
SERVER, CERTIFICATES, PEM, PEER_CLOSES, REQUIRE = 1, 1, 1, 0, 2
ASKS = b"asks for a certificate:"
"""Before a priority: whose client shows none is refused."""
AGAIN = (-28, -52)
"""GNUTLS_E_AGAIN, GNUTLS_E_INTERRUPTED."""
PIECE = 16384

gnutls = ctypes.CDLL(LIBRARY)
gnutls.gnutls_record_recv.restype = gnutls.gnutls_record_send.restype = ctypes.c_ssize_t
gnutls.gnutls_record_check_pending.restype = ctypes.c_size_t


def checked(status: int) -> None:
    if status < 0:
        gnutls.gnutls_strerror_name.restype = ctypes.c_char_p
        raise OSError(gnutls.gnutls_strerror_name(status).decode())


class Session:
    """A completed handshake over this connection."""

    def __init__(self, connection: socket.socket, credentials: ctypes.c_void_p, priority: bytes) -> None:
        self._session = ctypes.c_void_p()
        checked(gnutls.gnutls_init(ctypes.byref(self._session), SERVER))
        if priority.startswith(ASKS):
            gnutls.gnutls_certificate_server_set_request(self._session, REQUIRE)
        checked(gnutls.gnutls_priority_set_direct(self._session, priority.removeprefix(ASKS), None))
        checked(gnutls.gnutls_credentials_set(self._session, CERTIFICATES, credentials))
        gnutls.gnutls_transport_set_int2(self._session, connection.fileno(), connection.fileno())
        while (status := gnutls.gnutls_handshake(self._session)) in AGAIN:
            pass
        checked(status)

    def close(self) -> None:
        gnutls.gnutls_bye(self._session, PEER_CLOSES)
        gnutls.gnutls_deinit(self._session)

    @property
    def holds_data(self) -> bool:
        return bool(gnutls.gnutls_record_check_pending(self._session))

    def receive(self) -> bytes:
        piece = ctypes.create_string_buffer(PIECE)
        while (count := gnutls.gnutls_record_recv(self._session, piece, PIECE)) in AGAIN:
            pass
        return piece.raw[: max(0, count)]

    def send(self, data: bytes) -> None:
        while data:
            count = gnutls.gnutls_record_send(self._session, data, len(data))
            if count not in AGAIN:
                checked(count)
                data = data[count:]


def answer(client: socket.socket, credentials: ctypes.c_void_p, priority: bytes, backend: tuple[str, int]) -> None:
    with client:
        try:
            session = Session(client, credentials, priority)
        except OSError:
            # A probe hangs up in the middle of a handshake.
            return
        with socket.create_connection(backend) as server:
            pass_on(client, session, server)
        session.close()


def pass_on(client: socket.socket, session: Session, server: socket.socket) -> None:
    """Until one side has nothing more to say."""
    while True:
        ready = [client] if session.holds_data else select.select([client, server], [], [])[0]
        for side in ready:
            piece = session.receive() if side is client else server.recv(PIECE)
            if not piece:
                return
            (server.sendall if side is client else session.send)(piece)


def serve(listener: socket.socket, *arguments: object) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, *arguments), daemon=True).start()


def main(certificate: str, key: str, address: str, backend: int, ports: list[str]) -> None:
    credentials = ctypes.c_void_p()
    checked(gnutls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials)))
    checked(gnutls.gnutls_certificate_set_x509_key_file(credentials, certificate.encode(), key.encode(), PEM))
    for port, priority in zip(ports[::2], ports[1::2], strict=True):
        listener = socket.create_server((address, int(port)), backlog=64)
        arguments = (listener, credentials, priority.encode(), (address, backend))
        threading.Thread(target=serve, args=arguments, daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:])
