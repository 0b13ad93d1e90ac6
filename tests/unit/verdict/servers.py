"""TLS servers on loopback: of the standard library, and ones that send what they are told."""

from __future__ import annotations

import base64
import datetime
import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from harness.pki import NOT_AFTER, NOT_BEFORE, KeyPool, general_name, rsa_key
from harness.tls.handshake import Endpoint

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
WEAK = KeyPool(lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024))

USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key = field(repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )


def usage(*set_bits: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in set_bits for name in USAGES})


def make(
    name: str,
    issuer: Made | None = None,
    *,
    names: Sequence[str] = (),
    key: Key | None = None,
    is_ca: bool = False,
    path_length: int | None = None,
    usages: Sequence[str] | None = None,
    purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.SERVER_AUTH,),
    begins: datetime.datetime = NOT_BEFORE,
    ends: datetime.datetime = NOT_AFTER,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    identifies_issuer: bool = True,
) -> Made:
    """A certificate as today's rules want it, but for what is asked to be otherwise. Self-signed without `issuer`."""
    key = key or rsa_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = key if issuer is None else issuer.key
    if usages is None:
        usages = ("key_cert_sign", "crl_sign") if is_ca else ("digital_signature", "key_encipherment")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if identifies_issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if usages:
        builder = builder.add_extension(usage(*usages), critical=True)
    if names:
        alternatives = x509.SubjectAlternativeName([general_name(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    if purposes and not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return Made(builder.sign(signer, hashes.SHA256()), key)


Answer = Callable[[socket.socket], None]


@contextmanager
def answering(answer: Answer) -> Iterator[Endpoint]:
    """A port whose every connection is handed to `answer`, one after the other."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if ended.is_set():
                connection.close()
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    # The client has seen enough: a probe hangs up in the middle of a handshake.
                    continue

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield endpoint
        finally:
            ended.set()
            # Closing a listener does not wake who accepts from it.
            socket.create_connection((endpoint.address, endpoint.port)).close()
            thread.join()


def saying(*pieces: bytes) -> Answer:
    """Reads the ClientHello, then sends these pieces one by one, and hangs up."""

    def answer(connection: socket.socket) -> None:
        connection.recv(2**16)
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(2**16):
            pass

    return answer


# The 1024-bit group of RFC 2409 6.2.
OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)


def group_pem() -> str:
    """DHParameter of PKCS #3, 9: SEQUENCE of prime and base."""
    der = bytes.fromhex("30818702818100") + OAKLEY_2.to_bytes(128, "big") + bytes.fromhex("020102")
    return f"-----BEGIN DH PARAMETERS-----\n{base64.encodebytes(der).decode()}-----END DH PARAMETERS-----\n"


PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(frozen=True)
class Serving:
    """How a server of the standard library is set up."""

    chain: tuple[Made, ...]
    """Served in this order; the first one's key is used."""
    lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: str = "ALL"
    page: bytes = PAGE
    named: tuple[Made, ...] = ()
    """Served to whoever says a server name; none for the same."""
    forgets: bool = False
    """No session outlives its connection."""


def tls(folder: Path, serving: Serving) -> Answer:
    context = _context(folder, serving, serving.chain)
    if serving.named:
        named = _context(folder, serving, serving.named)

        def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name is not None:
                connection.context = named

        context.sni_callback = choose

    def answer(connection: socket.socket) -> None:
        used = _context(folder, serving, serving.chain) if serving.forgets else context
        with used.wrap_socket(connection, server_side=True) as secured:
            if secured.recv(2**14):
                secured.sendall(serving.page)
                secured.unwrap()

    return answer


def _context(folder: Path, serving: Serving, chain: tuple[Made, ...]) -> ssl.SSLContext:
    pair = folder / "pair.pem"
    pair.write_bytes(chain[0].key_pem + b"".join(made.pem for made in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(f"{serving.ciphers}:@SECLEVEL=0")
    context.load_cert_chain(pair)
    group = folder / "group.pem"
    group.write_text(group_pem())
    context.load_dh_params(str(group))
    context.minimum_version, context.maximum_version = serving.lowest, serving.highest
    return context


def in_turn(*answers: Answer) -> Answer:
    """Each connection is for the next of them."""
    turns = itertools.cycle(answers)
    return lambda connection: next(turns)(connection)
