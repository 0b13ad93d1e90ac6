"""TLS servers of other makers on loopback, each with a chain that is right or wrong in one way."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from harness.deadline import Deadline
from harness.tls.handshake import Endpoint
from tests.unit.verdict.servers import Made, make

HERE = Path(__file__).parent
ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")
SECONDS = 60.0


class Material:
    """A root, two intermediates below it, and leaves."""

    def __init__(self) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        self.root = make("agreement root", is_ca=True)
        self.upper = make("agreement upper", self.root, is_ca=True)
        self.lower = make("agreement lower", self.upper, is_ca=True)
        leaf = make(ADDRESS, self.lower, names=NAMES)
        expired = make(
            ADDRESS, self.lower, names=NAMES, begins=now - timedelta(days=60), ends=now - timedelta(days=30)
        )
        elsewhere = make("elsewhere.example", self.lower, names=["elsewhere.example"])
        self.chains: Mapping[str, tuple[Made, ...]] = {
            "right": (leaf, self.lower, self.upper),
            "root too": (leaf, self.lower, self.upper, self.root),
            "wrong order": (leaf, self.upper, self.lower),
            "missing intermediate": (leaf, self.upper),
            "leaf alone": (leaf,),
            "expired": (expired, self.lower, self.upper),
            "wrong name": (elsewhere, self.lower, self.upper),
        }


@dataclass(frozen=True)
class Files:
    """Of one server, in a folder of its own."""

    folder: Path
    port: int
    python: Path
    """That has tlslite-ng."""

    def command(self, *words: str) -> list[str]:
        names = {"PORT": str(self.port), "PYTHON": str(self.python), "AT": f"{ADDRESS}:{self.port}"}
        return [names.get(word, word) for word in words]


def _nginx(files: Files) -> list[str]:
    (files.folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ }}
http {{
  access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
  uwsgi_temp_path t; scgi_temp_path t;
  server {{
    listen {ADDRESS}:{files.port} ssl;
    ssl_certificate chain.pem; ssl_certificate_key key.pem;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;
    location / {{ return 200 ok; }}
  }}
}}
""")
    return ["nginx", "-p", str(files.folder), "-c", "nginx.conf", "-e", "stderr"]


def _openssl(*options: str) -> Callable[[Files], list[str]]:
    words = ("openssl", "s_server", "-accept", "AT", "-www", "-quiet", "-cert", "leaf.pem", "-cert_chain")
    return lambda files: files.command(*words, "issuers.pem", "-key", "key.pem", *options)


def _gnutls(priority: str) -> Callable[[Files], list[str]]:
    words = ("gnutls-serv", "--http", "--quiet", "--port", "PORT", "--x509certfile", "chain.pem")
    return lambda files: files.command(*words, "--x509keyfile", "key.pem", "--priority", priority)


def _java(files: Files) -> list[str]:
    return files.command("java", str(HERE / "Server.java"), "PORT", "pair.p12", "passphrase")


def _tlslite(lowest: int, highest: int) -> Callable[[Files], list[str]]:
    words = ("PYTHON", str(HERE / "tlslite_server.py"), "PORT", "chain.pem", "key.pem", str(lowest), str(highest))
    return lambda files: files.command(*words)


PAST = ("+VERS-TLS1.0", "+VERS-TLS1.1", "+3DES-CBC", "+ARCFOUR-128", "+MD5")
ALL = ("-cipher", "ALL:@SECLEVEL=0")


@dataclass(frozen=True)
class Server:
    maker: str
    chain: str
    """Of `Material.chains`."""
    command: Callable[[Files], list[str]]

    @property
    def is_good(self) -> bool:
        """What is served in another order, or beside what is needed, still leads to the root."""
        return self.chain in ("right", "root too", "wrong order")

    @property
    def name(self) -> str:
        return f"{self.maker}, {self.chain}"


SERVERS: Sequence[Server] = (
    Server("nginx", "right", _nginx),
    Server("nginx", "root too", _nginx),
    Server("nginx", "wrong order", _nginx),
    Server("OpenSSL with all suites", "right", _openssl(*ALL)),
    Server("OpenSSL with TLS 1.2 alone", "missing intermediate", _openssl("-tls1_2")),
    Server("OpenSSL with TLS 1.0 alone", "expired", _openssl("-tls1", *ALL)),
    Server("OpenSSL with TLS 1.3 alone", "wrong name", _openssl("-tls1_3")),
    Server("GnuTLS", "wrong name", _gnutls("NORMAL")),
    Server("GnuTLS with the past", "root too", _gnutls(f"LEGACY:{':'.join(PAST)}")),
    Server("Java", "right", _java),
    Server("Java", "expired", _java),
    Server("tlslite-ng", "right", _tlslite(1, 4)),
    Server("tlslite-ng up to TLS 1.2", "leaf alone", _tlslite(1, 3)),
)


@contextmanager
def running(server: Server, material: Material, folder: Path, python: Path) -> Iterator[Endpoint]:
    """The server, listening; gone afterwards. Raises FileNotFoundError where its program is missing."""
    folder.mkdir()
    chain = material.chains[server.chain]
    _write(folder, chain)
    with socket.create_server((ADDRESS, 0)) as free:
        endpoint = Endpoint(ADDRESS, free.getsockname()[1])
    command = server.command(Files(folder, endpoint.port, python))
    with (
        (folder / "said").open("wb") as said,
        subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as process,
    ):
        try:
            Deadline.after(SECONDS).wait_for(server.name, lambda: _is_open(endpoint))
            yield endpoint
        finally:
            process.kill()


def _write(folder: Path, chain: Sequence[Made]) -> None:
    leaf, *issuers = chain
    (folder / "leaf.pem").write_bytes(leaf.pem)
    (folder / "issuers.pem").write_bytes(b"".join(made.pem for made in issuers))
    (folder / "chain.pem").write_bytes(b"".join(made.pem for made in chain))
    (folder / "key.pem").write_bytes(leaf.key_pem)
    passphrase = secrets.token_hex(16)
    (folder / "passphrase").write_text(passphrase, encoding="ascii")
    assert isinstance(leaf.key, rsa.RSAPrivateKey)
    bundle = pkcs12.serialize_key_and_certificates(
        b"pair",
        leaf.key,
        leaf.certificate,
        [made.certificate for made in issuers],
        BestAvailableEncryption(passphrase.encode()),
    )
    (folder / "pair.p12").write_bytes(bundle)


def _is_open(endpoint: Endpoint) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((endpoint.address, endpoint.port)) == 0
