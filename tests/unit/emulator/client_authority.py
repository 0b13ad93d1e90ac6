"""An authority for the certificates of people and programs, and an OCSP server of its own (RFC 6960)."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID

from harness import pki

NOW = datetime.now(UTC).replace(microsecond=0)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass
class ClientAuthority:
    name: str = "People"
    key: rsa.RSAPrivateKey = field(default_factory=pki.rsa_key, repr=False)
    revoked: set[int] = field(default_factory=set)
    """Serial numbers."""

    @property
    def certificate(self) -> x509.Certificate:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        return (
            self._certificate(self.name, self.key)
            .add_extension(constraints, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, common_name: str, folder: Path) -> Path:
        """A file with a certificate and its key, for the user of this name."""
        key = pki.rsa_key()
        leaf = self._certificate(common_name, key).sign(self.key, hashes.SHA256())
        file = folder / f"{leaf.serial_number}.pem"
        file.write_bytes(leaf.public_bytes(Encoding.PEM) + pki.key_pem(key))
        return file

    def revoke(self, file: Path) -> None:
        self.revoked.add(x509.load_pem_x509_certificate(file.read_bytes()).serial_number)

    def _certificate(self, common_name: str, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=1))
        )


@dataclass
class OcspServer:
    """Answers for one authority."""

    url: str
    asked: list[ocsp.OCSPRequest] = field(default_factory=list)


@contextmanager
def answering(
    authority: ClientAuthority, address: str, signer: ClientAuthority | None = None
) -> Iterator[OcspServer]:
    """An OCSP server at this address, whose answers `signer` signs, usually the authority itself."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ocsp.load_der_ocsp_request(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(request)
            body = _answer(request, authority, signer or authority)
            self.send_response(200)
            self.send_header("Content-Type", "application/ocsp-response")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    listener = http.server.ThreadingHTTPServer((address, 0), Handler)
    server = OcspServer(f"http://{address}:{listener.server_port}/ocsp")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def _answer(request: ocsp.OCSPRequest, authority: ClientAuthority, signer: ClientAuthority) -> bytes:
    is_revoked = request.serial_number in authority.revoked
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=request.issuer_name_hash,
        issuer_key_hash=request.issuer_key_hash,
        serial_number=request.serial_number,
        algorithm=request.hash_algorithm,
        cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=NOW,
        next_update=NOW + timedelta(hours=1),
        revocation_time=NOW if is_revoked else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)
