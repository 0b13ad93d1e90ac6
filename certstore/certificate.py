"""Certificates: decoded to the end, believed to the letter, checked in nothing.

No signature, date, name or extension is looked at; d2i_X509 and d2i_X509_AUX, crypto/asn1/x_x509.c.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from certstore import asn1, plain_certificate, public_key, structures
from certstore.asn1 import BitString, Value
from certstore.ber import BIT_STRING, OBJECT, SEQUENCE, UTF8_STRING
from certstore.branch import Branch
from certstore.der import encoded, reencoded
from certstore.public_key import PublicKey
from certstore.rules import Rule, Violation


class Certificate(NamedTuple):
    """A certificate as it would be sent, and its SubjectPublicKeyInfo as it came."""

    encoding: bytes
    key_info: bytes

    def public_key(self, branch: Branch) -> PublicKey:
        """The public key; Violation if the branch cannot use it."""
        _, ((algorithm, parameters), key) = asn1.decode(structures.SubjectPublicKeyInfo, self.key_info, branch)
        return public_key.read(algorithm, parameters, key.octets, branch)


def read(octets: bytes, branch: Branch) -> tuple[Certificate, int]:
    """The certificate at the start of `octets` and where it ends; Violation if there is none."""
    key_info = plain_certificate.key_info(octets)
    if key_info is not None:
        return Certificate(octets, key_info), len(octets)
    return read_by_template(octets, branch)


def read_by_template(octets: bytes, branch: Branch) -> tuple[Certificate, int]:
    """What `read` is defined to be."""
    end, (tbs, signature_algorithm, signature) = asn1.decode(structures.Certificate, octets, branch)
    if branch.canonicalises_names:
        _check_name(tbs.fields[_ISSUER])
        _check_name(tbs.fields[_SUBJECT])
    encoding = _encoding(tbs.encoding, signature_algorithm, signature)
    return Certificate(encoding, tbs.fields[_KEY_INFO].encoding), end


_ISSUER, _SUBJECT, _KEY_INFO = 3, 5, 6

# UTF8_getc, a_utf8.c: no overlong forms, but surrogates and everything up to 31 bits.
_UTF8 = re.compile(
    rb"(?:[\x00-\x7f]"
    rb"|[\xc2-\xdf][\x80-\xbf]"
    rb"|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf7][\x80-\xbf]{3}"
    rb"|\xf8[\x88-\xbf][\x80-\xbf]{3}|[\xf9-\xfb][\x80-\xbf]{4}"
    rb"|\xfc[\x84-\xbf][\x80-\xbf]{4}|\xfd[\x80-\xbf]{5})*+"
)


def _check_name(name: Any) -> None:
    """x509_name_canon: every string is converted to UTF-8, which only a UTF8String can fail."""
    for attributes in name:
        for _, value in attributes:
            if value.tag == UTF8_STRING and not value.content.isascii() and not _UTF8.fullmatch(value.content):
                raise Violation(Rule.BAD_UTF8)


def _encoding(tbs: bytes, signature_algorithm: tuple[bytes, Value | None], signature: BitString) -> bytes:
    """What i2d_X509 sends: the signed part as it came, everything around it in DER."""
    identifier, parameters = signature_algorithm
    return encoded(
        SEQUENCE,
        tbs,
        encoded(SEQUENCE, encoded(OBJECT, identifier), b"" if parameters is None else reencoded(parameters)),
        encoded(BIT_STRING, bytes([signature.unused if signature.octets else 0]), signature.octets),
    )


def read_trusted(octets: bytes, branch: Branch) -> Certificate:
    """A certificate that may be followed by trust settings and, unless those are there, by nothing else."""
    certificate, end = read(octets, branch)
    if end != len(octets):
        asn1.decode(structures.CertificateAux, octets[end:], branch)
    return certificate
