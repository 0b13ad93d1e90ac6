"""The uploads that are measured: an RSA-2048 key in three forms, its leaf alone and with two authorities above it."""

from __future__ import annotations

import secrets
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from certstore import Upload
from harness.pki import Authority, key_pem

PASSPHRASE = secrets.token_hex(12)
# What openssl writes unless told otherwise; in words, because it decides what PBES2 costs.
PBKDF2_ROUNDS = 2048

# The form: arguments of openssl that write it. The passphrase comes on standard input, never in an argument.
KEY_FORMS: dict[str, tuple[str, ...]] = {
    "plain": ("rsa", "-traditional"),
    "DES-EDE3": ("rsa", "-traditional", "-des3", "-passout", "stdin"),
    "PBES2": (
        *("pkcs8", "-topk8", "-v2", "des3", "-v2prf", "hmacWithSHA1"),
        *("-iter", str(PBKDF2_ROUNDS), "-passout", "stdin"),
    ),
}
CHAINS = ("leaf alone", "chain of three")


@dataclass(frozen=True, slots=True)
class Sample:
    """One upload, and the same in files."""

    key_form: str
    chain: str
    upload: Upload
    certificate_file: Path
    key_file: Path

    @property
    def name(self) -> str:
        return f"{self.key_form}, {self.chain}"


def samples(directory: Path) -> list[Sample]:
    """One for each form of key and length of chain, in new files in `directory`."""
    issued = Authority.create(intermediates=2).issue("mcu.example")
    leaf_first = [ssl.DER_cert_to_PEM_cert(der) for der in issued.chain_der]
    plain_key = directory / "as-made.key"
    plain_key.write_bytes(key_pem(issued.key))
    certificate_files = {}
    for chain, count in zip(CHAINS, (1, 3), strict=True):
        certificate_files[chain] = directory / f"{chain.replace(' ', '-')}.pem"
        certificate_files[chain].write_text("".join(leaf_first[:count]), encoding="ascii")
    found = []
    for form in KEY_FORMS:
        key_file = directory / f"{form}.key"
        key_file.write_bytes(_key_in(form, plain_key))
        for chain, certificate_file in certificate_files.items():
            upload = Upload(
                certificate_file.read_bytes(),
                key_file.read_bytes(),
                None if form == "plain" else PASSPHRASE.encode("ascii"),
            )
            found.append(Sample(form, chain, upload, certificate_file, key_file))
    return found


def _key_in(form: str, plain: Path) -> bytes:
    command = ["openssl", *KEY_FORMS[form], "-in", str(plain)]
    return subprocess.run(command, input=PASSPHRASE.encode("ascii"), capture_output=True, check=True).stdout
