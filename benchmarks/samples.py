"""The uploads that are measured: an RSA-2048 key in three forms, its leaf alone and with two authorities above it."""

from __future__ import annotations

import secrets
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import certstore
from harness.pki import Authority, Issued, key_pem

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
ONE_AGAIN = "one chain of three"


# Different leafs under the same authorities and key: more than any cache of the readers holds, as in a lab with many
# units and in a batch.
LEAFS = 300


@dataclass(frozen=True, slots=True)
class Upload:
    """The fields of the form, and the same in files."""

    fields: certstore.Upload
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class Sample:
    """Uploads of one kind, each with a leaf of its own."""

    key_form: str
    chain: str
    uploads: tuple[Upload, ...]

    @property
    def name(self) -> str:
        return f"{self.key_form}, {self.chain}"


def samples(directory: Path) -> list[Sample]:
    """One for each form of key and length of chain, in new files in `directory`."""
    key, authorities, leafs = _issued()
    key_files = {form: directory / f"{form}.key" for form in KEY_FORMS}
    plain_key = directory / "as-made.key"
    plain_key.write_bytes(key_pem(key))
    for form, key_file in key_files.items():
        key_file.write_bytes(key_in(form, plain_key))
    certificate_files = {}
    for chain, rest in zip(CHAINS, (b"", authorities), strict=True):
        certificate_files[chain] = [directory / f"{chain.replace(' ', '-')}-{number}.pem" for number in range(LEAFS)]
        for file, leaf in zip(certificate_files[chain], leafs, strict=True):
            file.write_bytes(leaf + rest)

    def sample(form: str, chain: str) -> Sample:
        key_octets = key_files[form].read_bytes()
        passphrase = None if form == "plain" else PASSPHRASE.encode("ascii")
        uploads = (
            Upload(certstore.Upload(file.read_bytes(), key_octets, passphrase), file, key_files[form])
            for file in certificate_files[chain]
        )
        return Sample(form, chain, tuple(uploads))

    each = [sample(form, chain) for form in KEY_FORMS for chain in CHAINS]
    # One file over and over, as while an upload is minimised or many keys are tried against one certificate.
    again = [Sample(one.key_form, ONE_AGAIN, one.uploads[:1]) for one in each if one.chain == CHAINS[-1]]
    return each + again


def _issued() -> tuple[rsa.RSAPrivateKey, bytes, list[bytes]]:
    """A key, the two authorities above it, and its leafs."""
    first = Authority.create(intermediates=2).issue("mcu.example")
    pems = [ssl.DER_cert_to_PEM_cert(der).encode("ascii") for der in first.chain_der]
    leafs = [_other_leaf(first, number) for number in range(LEAFS)]
    return first.key, b"".join(pems[1:]), leafs


def _other_leaf(first: Issued, number: int) -> bytes:
    """The same leaf with another serial number, signed by its own key: nobody looks at signatures here."""
    leaf = first.chain[0]
    builder = x509.CertificateBuilder(
        issuer_name=leaf.issuer,
        subject_name=leaf.subject,
        public_key=first.key.public_key(),
        serial_number=leaf.serial_number + number,
        not_valid_before=leaf.not_valid_before_utc,
        not_valid_after=leaf.not_valid_after_utc,
        extensions=list(leaf.extensions),
    )
    return builder.sign(first.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def key_in(form: str, plain: Path) -> bytes:
    """The key of a PEM file as one of KEY_FORMS, with PASSPHRASE where that has one."""
    command = ["openssl", *KEY_FORMS[form], "-in", str(plain)]
    return subprocess.run(command, input=PASSPHRASE.encode("ascii"), capture_output=True, check=True).stdout
