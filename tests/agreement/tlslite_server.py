"""A TLS server of tlslite-ng on loopback: `python tlslite_server.py PORT CHAIN KEY LOWEST HIGHEST`.

Versions are 0 for SSL 3.0 and 1 to 4 for TLS 1.0 to 1.3.

It runs in the environment of the scanners, and imports nothing of the project.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

PAGE = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
SECONDS = 10.0


def main(port: int, chain: Path, key: Path, lowest: int, highest: int) -> None:
    certificates = X509CertChain()
    certificates.parsePemList(chain.read_text(encoding="ascii"))
    private = parsePEMKey(key.read_text(encoding="ascii"), private=True)
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, lowest), (3, highest)
    settings.cipherNames = [*settings.cipherNames, "3des", "rc4"]
    settings.macNames = [*settings.macNames, "md5"]

    def answer(connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        # A scanner hangs up in the middle of a handshake, or says what makes the library give up.
        with connection, contextlib.suppress(Exception):
            secured = TLSConnection(connection)
            secured.handshakeServer(certChain=certificates, privateKey=private, settings=settings)
            if secured.recv(16_384):
                secured.sendall(PAGE)
                secured.close()

    with socket.create_server(("127.0.0.1", port), backlog=64) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
