"""TLS servers of other makers before the HTTP port of an emulated unit, each speaking one version and suite."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.tls.stacks import Stack

HERE = Path(__file__).parent
SECONDS = 60.0
PASSPHRASE = "a passphrase of the test"


@dataclass(frozen=True)
class Case:
    """What one port speaks, and what the client has to find."""

    name: str
    words: tuple[str, ...]
    """For the maker's server."""
    stack: Stack
    version: str
    suite: str


OLD, NEW = Stack.LEGACY, Stack.STANDARD
BASE = "+COMP-NULL:+SIGN-ALL:+SHA1:+MD5:+RSA"

OF_OPENSSL = (Case("TLS 1.0 alone", (), NEW, "TLSv1", "AES256-SHA"),)
OF_GNUTLS = (
    Case(
        "TLS 1.0 without RFC 5746",
        (f"NONE:{BASE}:+VERS-TLS1.0:+AES-128-CBC:%DISABLE_SAFE_RENEGOTIATION",),
        NEW,
        "TLSv1",
        "AES128-SHA",
    ),
    Case("TLS 1.0 with RC4", (f"NONE:{BASE}:+VERS-TLS1.0:+ARCFOUR-128:-MD5",), OLD, "TLSv1", "RC4-SHA"),
    Case(
        "TLS 1.0 with RC4, asking for a certificate",
        (f"asks for a certificate:NONE:{BASE}:+VERS-TLS1.0:+ARCFOUR-128:-MD5",),
        OLD,
        "TLSv1",
        "RC4-SHA",
    ),
    Case("TLS 1.0 with 3DES", (f"NONE:{BASE}:+VERS-TLS1.0:+3DES-CBC",), OLD, "TLSv1", "DES-CBC3-SHA"),
    Case("TLS 1.0 with RC4 and MD5", (f"NONE:{BASE}:+VERS-TLS1.0:+ARCFOUR-128:-SHA1",), OLD, "TLSv1", "RC4-MD5"),
)
OF_JAVA = (
    Case("TLS 1.0", ("TLSv1", "TLS_RSA_WITH_AES_128_CBC_SHA"), NEW, "TLSv1", "AES128-SHA"),
    Case("TLS 1.0 with RC4", ("TLSv1", "SSL_RSA_WITH_RC4_128_SHA"), OLD, "TLSv1", "RC4-SHA"),
    Case("SSL 3.0 with AES", ("SSLv3", "TLS_RSA_WITH_AES_128_CBC_SHA"), OLD, "SSLv3", "AES128-SHA"),
    Case("SSL 3.0 with RC4 and MD5", ("SSLv3", "SSL_RSA_WITH_RC4_128_MD5"), OLD, "SSLv3", "RC4-MD5"),
    Case("SSL 3.0 with 3DES", ("SSLv3", "SSL_RSA_WITH_3DES_EDE_CBC_SHA"), OLD, "SSLv3", "DES-CBC3-SHA"),
)


@dataclass(frozen=True)
class Files:
    """An RSA key of 1024 bits, and a certificate signed with SHA-1."""

    certificate: Path
    key: Path
    bundle: Path


def make_files(folder: Path) -> Files:
    """By the machine's OpenSSL: `cryptography` signs no SHA-1."""
    files = Files(folder / "certificate.pem", folder / "key.pem", folder / "pair.p12")
    _openssl("req", "-x509", "-newkey", "rsa:1024", "-sha1", "-nodes", "-days", "30", "-subj", "/CN=old unit",
             "-keyout", str(files.key), "-out", str(files.certificate))  # fmt: skip
    _openssl("pkcs12", "-export", "-in", str(files.certificate), "-inkey", str(files.key), "-out", str(files.bundle),
             "-passout", f"pass:{PASSPHRASE}")  # fmt: skip
    return files


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@dataclass(frozen=True)
class Stand:
    """What a server needs to know."""

    folder: Path
    files: Files
    address: str
    backend: int
    """Port of plain HTTP."""
    ports: tuple[int, ...]
    """Of the cases, in their order."""


def _stunnel(stand: Stand, cases: Sequence[Case]) -> list[str]:
    [port] = stand.ports
    configuration = stand.folder / "stunnel.conf"
    configuration.write_text(f"""
foreground = yes
debug = 4
pid =
[unit]
accept = {stand.address}:{port}
connect = {stand.address}:{stand.backend}
cert = {stand.files.certificate}
key = {stand.files.key}
sslVersion = TLSv1
ciphers = AES256-SHA:@SECLEVEL=0
securityLevel = 0
""")
    return ["stunnel4", str(configuration)]


def _gnutls(stand: Stand, cases: Sequence[Case]) -> list[str]:
    words = [sys.executable, str(HERE / "gnutls_front.py"), str(stand.files.certificate), str(stand.files.key)]
    return [*words, stand.address, str(stand.backend), *_each(stand, cases)]


def _java(stand: Stand, cases: Sequence[Case]) -> list[str]:
    words = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(HERE / "Front.java"), str(stand.files.bundle)]
    return [*words, PASSPHRASE, stand.address, str(stand.backend), *_each(stand, cases)]


def _each(stand: Stand, cases: Sequence[Case]) -> Iterator[str]:
    for port, case in zip(stand.ports, cases, strict=True):
        yield from (str(port), *case.words)


@dataclass(frozen=True)
class Maker:
    name: str
    program: str
    package: str
    command: Callable[[Stand, Sequence[Case]], list[str]]
    cases: tuple[Case, ...]


OPENSSL = Maker("OpenSSL", "stunnel4", "stunnel4", _stunnel, OF_OPENSSL)
GNUTLS = Maker("GnuTLS", sys.executable, "libgnutls30", _gnutls, OF_GNUTLS)
JAVA = Maker("Java", "javac", "default-jdk-headless", _java, OF_JAVA)
MAKERS = (OPENSSL, GNUTLS, JAVA)


@contextmanager
def standing(maker: Maker, folder: Path, files: Files, address: str, backend: int) -> Iterator[tuple[int, ...]]:
    """The ports of the maker's cases, all listening."""
    if shutil.which(maker.program) is None:
        pytest.skip(f"there is no {maker.program}: package {maker.package}")
    ports = tuple(_free_ports(address, len(maker.cases)))
    command = maker.command(Stand(folder, files, address, backend, ports), maker.cases)
    with (
        (folder / f"{maker.name}.log").open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as process,
    ):
        try:
            Deadline.after(SECONDS).wait_for(f"listening {maker.name}", lambda: _all_open(address, ports))
            yield ports
        finally:
            process.kill()


def _free_ports(address: str, count: int) -> list[int]:
    held = [socket.create_server((address, 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in held]
    for listener in held:
        listener.close()
    return ports


def _all_open(address: str, ports: Sequence[int]) -> bool:
    return all(_is_open(address, port) for port in ports)


def _is_open(address: str, port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((address, port)) == 0
