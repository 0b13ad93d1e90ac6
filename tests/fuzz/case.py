"""One case of the fuzzer: three byte strings, an OpenSSL branch and a firmware's switches, as a single byte string.

    octet 0      switches, one bit each
    octets 1-2   length of the certificate file
    octets 3-4   length of the key file
    the rest     certificate file, key file, passphrase

Any byte string is a case: what is too short is empty.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntFlag

from certstore import (
    DEFAULT_FIRMWARE,
    OPENSSL_0_9_8,
    OPENSSL_1_0_1,
    Credential,
    Firmware,
    Pkcs8,
    Upload,
    UploadRefused,
    receive,
)
from certstore.branch import KeyType

LENGTHS = struct.Struct(">HH")
HEAD = 1 + LENGTHS.size
LONGEST_FILE = 0xFFFF

# Enough to go round the loop, and few enough to keep an execution below a millisecond. Higher counts are refused
# under the firmware's own limit, so its comparison is covered as well.
ITERATIONS = 8
# Below the size of most files.
SMALL_UPLOAD = 300


class Switch(IntFlag):
    """What a case sets besides the three fields."""

    NEWER_BRANCH = 1
    NO_PLAIN_PKCS8 = 2
    NO_ENCRYPTED_PKCS8 = 4
    RSA_ONLY = 8
    SMALL_UPLOADS = 16
    NO_PASSPHRASE = 32


ALL_SWITCHES = sum(Switch)


def _firmware(bits: int) -> Firmware:
    switches = Switch(bits)
    return replace(
        DEFAULT_FIRMWARE,
        branch=OPENSSL_1_0_1 if Switch.NEWER_BRANCH in switches else OPENSSL_0_9_8,
        plain_pkcs8=Pkcs8.REFUSE if Switch.NO_PLAIN_PKCS8 in switches else Pkcs8.ACCEPT,
        encrypted_pkcs8=Pkcs8.REFUSE if Switch.NO_ENCRYPTED_PKCS8 in switches else Pkcs8.ACCEPT,
        key_types=frozenset({KeyType.RSA}) if Switch.RSA_ONLY in switches else DEFAULT_FIRMWARE.key_types,
        upload_octets=SMALL_UPLOAD if Switch.SMALL_UPLOADS in switches else LONGEST_FILE,
        iterations=ITERATIONS,
    )


_FIRMWARES = tuple(_firmware(bits) for bits in range(ALL_SWITCHES + 1))


@dataclass(slots=True)
class Case:
    """The parts; `switches` are those of `Switch`, as a number because this is read once per execution."""

    switches: int
    certificate: bytes
    private_key: bytes
    passphrase: bytes

    @classmethod
    def read(cls, octets: bytes) -> Case:
        if len(octets) < HEAD:
            octets = octets.ljust(HEAD, b"\0")
        certificate, private_key = LENGTHS.unpack_from(octets, 1)
        middle = HEAD + certificate
        end = middle + private_key
        return cls(octets[0] & ALL_SWITCHES, octets[HEAD:middle], octets[middle:end], octets[end:])

    def written(self) -> bytes:
        certificate, private_key = self.certificate[:LONGEST_FILE], self.private_key[:LONGEST_FILE]
        head = bytes([self.switches]) + LENGTHS.pack(len(certificate), len(private_key))
        return b"".join((head, certificate, private_key, self.passphrase))

    @property
    def upload(self) -> Upload:
        passphrase = None if self.switches & Switch.NO_PASSPHRASE.value else self.passphrase
        return Upload(self.certificate, self.private_key, passphrase)

    @property
    def firmware(self) -> Firmware:
        return _FIRMWARES[self.switches]


def execute(octets: bytes) -> Credential | UploadRefused:
    """Any three byte strings give a Credential or UploadRefused and nothing else, within bounded time and memory.

    A credential must also be able to say what it holds, and a refusal where it lies.
    """
    case = Case.read(octets)
    try:
        credential = receive(case.upload, case.firmware)
    except UploadRefused as refused:
        str(refused)
        return refused
    str((credential.leaf_sha256, credential.chain_sha256, credential.public_key_sha256))
    credential.certificate_pem()
    credential.private_key_pem()
    return credential
