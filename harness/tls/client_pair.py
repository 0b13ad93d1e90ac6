"""The certificate and key by which we log in to a unit that asks for one."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from harness.errors import ConfigurationError
from harness.lab import Place
from harness.tls.context import legacy_context


@dataclass(frozen=True)
class ClientPair:
    """Files in PEM form that fit each other, as `ssl` found when this was made."""

    certificate: Path
    """Perhaps with its chain."""
    private_key: Path
    owner: str
    """Names it in errors: `rack2-8510: client certificate`."""
    passphrase: str | None = field(default=None, repr=False)
    context: ssl.SSLContext = field(init=False, repr=False, compare=False)
    """A client's, as `legacy_context`, that shows the certificate to who asks."""

    def __post_init__(self) -> None:
        """Raises ConfigurationError where a file cannot be read, the passphrase is wrong, or they do not fit."""
        for path in (self.certificate, self.private_key):
            try:
                path.read_bytes()
            except OSError as error:
                raise ConfigurationError(f"{self.owner}: cannot read {path}: {error.strerror}") from error
        context = legacy_context()
        try:
            # A passphrase is always given, or OpenSSL would ask for one at the terminal.
            context.load_cert_chain(self.certificate, self.private_key, lambda: self.passphrase or "")
        except ssl.SSLError as error:
            what = (error.reason or "no PEM in it").replace("_", " ").lower()
            raise ConfigurationError(
                f"{self.owner}: {self.certificate} and {self.private_key} cannot be used: {what};"
                " want a certificate and its key in PEM form, and the key's passphrase where it has one"
            ) from error
        object.__setattr__(self, "context", context)

    @classmethod
    def of(cls, place: Place) -> ClientPair | None:
        """That of the place's login; None where it has none. Raises ConfigurationError."""
        files = place.login.client_certificate
        if files is None:
            return None
        owner = f"{place.name}: login.client_certificate"
        secret = files.passphrase
        passphrase = None if secret is None else secret.reveal(f"{owner} passphrase")
        return cls(files.certificate, files.private_key, owner, passphrase)

    def plain_key(self) -> bytes:
        """PKCS#8 in PEM form, not encrypted."""
        secret = self.passphrase.encode() if self.passphrase else None
        key = serialization.load_pem_private_key(self.private_key.read_bytes(), secret)
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
