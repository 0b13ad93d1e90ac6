"""Advice: what no unit refuses and somebody will regret. A row is a topic, how to see it, and what to do.

Nothing here is a verdict. What clients of today want is said as such; what concerns the unit cites the device
reference, with its mark (D documented, I inferred, R recollected, U unknown).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certstore import Credential, Firmware, Upload, UploadRefused, receive
from harness.judge.certificate_facts import CertificateFacts
from harness.judge.chain import path_from_leaf, signature_is_wrong

WEAK_BITS = 2048  # RSA and DSA; the vendor's advice as well (device-reference 2.5, D)
WEAK_DIGESTS = frozenset({"md2", "md4", "md5", "sha1"})
SOON = timedelta(days=30)
# RFC 5280 4.1.2.5: from 2050 on dates are GeneralizedTime, which old clients and pages read badly or not at all.
UTC_TIME_ENDS = datetime(2050, 1, 1, tzinfo=UTC)
FORM_OCTETS = 31  # the product's usual limit for a string (device-reference 11.4, I)
_PRINTABLE = re.compile(rb"[ -~]*")
_KEY_BLOCK = re.compile(rb"^-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----", re.MULTILINE)


class Topic(StrEnum):
    """What advice can be about; the names are stable."""

    WEAK_KEY = "weak-key"
    WEAK_SIGNATURE = "weak-signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRES_SOON = "expires-soon"
    BEYOND_UTCTIME = "beyond-utctime"
    UNREADABLE = "unreadable"
    NO_ALTERNATIVE_NAME = "no-alternative-name"
    ADDRESS_NOT_NAMED = "address-not-named"
    LEAF_IS_A_CA = "leaf-is-a-ca"
    KEY_USAGE = "key-usage"
    EXTENDED_KEY_USAGE = "extended-key-usage"
    NOT_RSA = "not-rsa"
    DAMAGED_KEY = "damaged-key"
    INTERMEDIATE_MISSING = "intermediate-missing"
    WRONG_ORDER = "wrong-order"
    ROOT_INCLUDED = "root-included"
    DUPLICATE = "duplicate"
    UNRELATED = "unrelated"
    WRONG_SIGNATURE = "wrong-signature"
    KEY_IN_CERTIFICATE_FILE = "key-in-certificate-file"
    PASSPHRASE_UNUSED = "passphrase-unused"
    PASSPHRASE_NOT_PRINTABLE = "passphrase-not-printable"
    PASSPHRASE_OVER_31_BYTES = "passphrase-over-31-bytes"


@dataclass(frozen=True, slots=True)
class Case:
    """An upload that was taken, and what it is looked at by."""

    upload: Upload
    firmware: Firmware
    credential: Credential
    certificates: tuple[CertificateFacts, ...]
    at: datetime
    address: str | None = None
    path: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", path_from_leaf(self.certificates))

    @property
    def leaf(self) -> CertificateFacts:
        return self.certificates[0]

    def numbered(self) -> Iterator[tuple[str, CertificateFacts]]:
        for number, certificate in enumerate(self.certificates, 1):
            yield f"certificate {number}", certificate


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding, and what to do about it."""

    topic: Topic
    finding: str
    remedy: str


def _weak_key(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        if certificate.key_type in ("RSA", "DSA") and (certificate.key_bits or WEAK_BITS) < WEAK_BITS:
            yield f"{name} has a key of {certificate.key_bits} bits; clients of today want {WEAK_BITS}"


def _weak_signature(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        # Nobody checks the signature of a root, or of a leaf that is its own issuer.
        if certificate.digest in WEAK_DIGESTS and not certificate.self_issued:
            yield f"{name} is signed with {certificate.digest.upper()}, which clients of today refuse"


def _expired(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        if certificate.not_after is not None and certificate.not_after < case.at:
            yield f"{name} expired on {certificate.not_after:%Y-%m-%d}"


def _not_yet_valid(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        if certificate.not_before is not None and certificate.not_before > case.at:
            yield f"{name} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC"


def _expires_soon(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        if certificate.not_after is not None and case.at <= certificate.not_after < case.at + SOON:
            yield f"{name} expires on {certificate.not_after:%Y-%m-%d}, within {SOON.days} days"


def _beyond_utctime(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        if certificate.not_after is not None and certificate.not_after >= UTC_TIME_ENDS:
            yield f"{name} is valid until {certificate.not_after:%Y}, a date that UTCTime cannot say"


def _unreadable(case: Case) -> Iterator[str]:
    for name, certificate in case.numbered():
        if certificate.unreadable:
            yield f"{name} has parts that strict readers refuse: {', '.join(certificate.unreadable)}"


def _no_alternative_name(case: Case) -> Iterator[str]:
    if not case.leaf.alternative_names:
        yield "the leaf has no subject alternative name; clients of today do not look at the common name"


def _address_not_named(case: Case) -> Iterator[str]:
    if case.address is not None and not names_address(case.leaf, case.address):
        yield f"the leaf does not name {case.address}"


def _leaf_is_a_ca(case: Case) -> Iterator[str]:
    if case.leaf.is_ca:
        yield "the leaf says that it is a certificate authority (basicConstraints CA:TRUE); some clients refuse that"


def _key_usage(case: Case) -> Iterator[str]:
    if case.leaf.key_type == "RSA" and case.leaf.key_usage is not None:
        # RSA key exchange, which is all that this branch has without DH parameters (device-reference 8, I),
        # encrypts to the key; everything newer signs with it.
        for usage, words in (("key_encipherment", "keyEncipherment"), ("digital_signature", "digitalSignature")):
            if usage not in case.leaf.key_usage:
                yield f"the leaf's key usage lacks {words}"


def _extended_key_usage(case: Case) -> Iterator[str]:
    usages = case.leaf.extended_key_usage
    if usages is not None and not usages & {"server_auth", "any_extended_key_usage"}:
        yield "the leaf's extended key usage lacks serverAuth"


def _not_rsa(case: Case) -> Iterator[str]:
    if case.leaf.key_type not in ("RSA", None):
        yield (
            f"the key is {case.leaf.key_type}: OpenSSL 0.9.8 has no suite for it among its defaults, "
            "and HTTPS would be dead after the restart"
        )


def _damaged_key(case: Case) -> Iterator[str]:
    if case.leaf.key_type not in ("RSA", "EC"):
        return
    try:
        load_pem_private_key(case.credential.private_key_pem(), None)
    except UnsupportedAlgorithm:
        return
    except (ValueError, TypeError):
        yield "the secret numbers of the key do not belong together: it loads, and handshakes with it will fail"


def _intermediate_missing(case: Case) -> Iterator[str]:
    end = case.certificates[case.path[-1]]
    if end.self_issued:
        return
    # A chain of several that ends below its root is the way it should be.
    if len(case.path) == 1 or _outside_path(case):
        issuer = end.issuer or "its name cannot be read"
        yield f"the issuer of certificate {case.path[-1] + 1} is not in the file: {issuer}"


def _wrong_order(case: Case) -> Iterator[str]:
    if list(case.path) != sorted(case.path):
        order = ", ".join(str(at + 1) for at in case.path)
        yield f"each certificate should be followed by its issuer: {order} would be the order"


def _root_included(case: Case) -> Iterator[str]:
    if len(case.path) > 1 and case.certificates[case.path[-1]].self_issued:
        yield f"certificate {case.path[-1] + 1} is the root, which clients must have already"


def _duplicate(case: Case) -> Iterator[str]:
    first: dict[str, int] = {}
    for number, certificate in enumerate(case.certificates, 1):
        if certificate.sha256 in first:
            yield f"certificate {number} is certificate {first[certificate.sha256]} again"
        first.setdefault(certificate.sha256, number)


def _unrelated(case: Case) -> Iterator[str]:
    for at in _outside_path(case):
        yield f"certificate {at + 1} issued none of those before it in the chain"


def _outside_path(case: Case) -> list[int]:
    on_path = {case.certificates[at].sha256 for at in case.path}
    return [at for at, certificate in enumerate(case.certificates) if certificate.sha256 not in on_path]


def _wrong_signature(case: Case) -> Iterator[str]:
    top = case.path[-1]
    links = [
        *pairwise(case.path),
        *([(top, top)] if case.certificates[top].self_issued else []),
    ]
    for child, issuer in links:
        if signature_is_wrong(case.certificates[child], case.certificates[issuer]):
            named = "itself" if child == issuer else f"certificate {issuer + 1}"
            yield f"certificate {child + 1} names {named} as its issuer, whose key did not sign it"


def _key_in_certificate_file(case: Case) -> Iterator[str]:
    found = _KEY_BLOCK.search(case.upload.certificate)
    if found:
        line = case.upload.certificate.count(b"\n", 0, found.start()) + 1
        yield f"line {line} of the certificate file begins a private key, which would travel with the certificate"


def _passphrase_unused(case: Case) -> Iterator[str]:
    if case.upload.passphrase and _taken_without_passphrase(case):
        yield "the key is not encrypted: the passphrase protects nothing"


def _taken_without_passphrase(case: Case) -> bool:
    try:
        receive(Upload(case.upload.certificate, case.upload.private_key), case.firmware)
    except UploadRefused:
        return False
    return True


def _passphrase_not_printable(case: Case) -> Iterator[str]:
    if not _PRINTABLE.fullmatch(case.upload.passphrase or b""):
        yield "the passphrase is not all printable ASCII: what arrives depends on the character set of the form"


def _passphrase_over_31_bytes(case: Case) -> Iterator[str]:
    length = len(case.upload.passphrase or b"")
    if length > FORM_OCTETS:
        yield f"the passphrase has {length} bytes, and fields of the unit's forms usually take {FORM_OCTETS}"


def names_address(certificate: CertificateFacts, address: str) -> bool:
    """Whether clients find this IP address or host name in it: RFC 6125, and the common name if there is no SAN."""
    names = certificate.alternative_names or certificate.common_names
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return any(_covers(name.lower(), address.lower().rstrip(".")) for name in names)
    return any(_is_address(name, wanted) for name in names)


def _covers(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return pattern == host
    # One label, the first, and nothing less than a whole one: RFC 6125 6.4.3.
    return host.partition(".")[2] == pattern[2:] and not host.startswith(".")


def _is_address(name: str, wanted: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return ipaddress.ip_address(name) == wanted
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Row:
    """How a topic is seen in a case (a sentence for each place), and what to do about it."""

    find: Callable[[Case], Iterator[str]]
    remedy: str


ADVICE: dict[Topic, Row] = {
    Topic.WEAK_KEY: Row(_weak_key, "make a new key: openssl genrsa -traditional -des3 -out KEY 2048"),
    Topic.WEAK_SIGNATURE: Row(
        _weak_signature, "ask the authority for SHA-256; the unit does not check it, clients do"
    ),
    Topic.EXPIRED: Row(_expired, "ask the authority for a new one; the unit takes and serves this one all the same"),
    Topic.NOT_YET_VALID: Row(_not_yet_valid, "wait, or look at the clock of whoever signed it"),
    Topic.EXPIRES_SOON: Row(_expires_soon, "get the next one before uploading: each upload costs a restart"),
    Topic.BEYOND_UTCTIME: Row(_beyond_utctime, "let it end before 2050"),
    Topic.UNREADABLE: Row(_unreadable, "have it made again: the unit does not look, its clients do"),
    Topic.NO_ALTERNATIVE_NAME: Row(
        _no_alternative_name, "ask for one with the request: openssl req -new -addext subjectAltName=DNS:NAME"
    ),
    Topic.ADDRESS_NOT_NAMED: Row(
        _address_not_named, "name the address by which people open the unit: subjectAltName=DNS:NAME or IP:ADDRESS"
    ),
    Topic.LEAF_IS_A_CA: Row(
        _leaf_is_a_ca, "self-sign with -addext basicConstraints=critical,CA:FALSE, or have an authority sign"
    ),
    Topic.KEY_USAGE: Row(_key_usage, "ask for keyUsage=digitalSignature,keyEncipherment"),
    Topic.EXTENDED_KEY_USAGE: Row(_extended_key_usage, "ask for extendedKeyUsage=serverAuth"),
    # Device-reference 11.1, "Do not upload EC keys".
    Topic.NOT_RSA: Row(_not_rsa, "use an RSA key: openssl genrsa -traditional -des3 -out KEY 2048"),
    Topic.DAMAGED_KEY: Row(
        _damaged_key, "take the key from a good copy; openssl rsa -check -noout -in KEY finds such"
    ),
    Topic.INTERMEDIATE_MISSING: Row(
        _intermediate_missing,
        "append the issuer's certificate, unless it is a root that clients have: cat LEAF ISSUER >CERTIFICATE",
    ),
    Topic.WRONG_ORDER: Row(_wrong_order, "write them in that order; clients of the unit's age do not sort"),
    Topic.ROOT_INCLUDED: Row(_root_included, "leave it out"),
    Topic.DUPLICATE: Row(_duplicate, "leave the second one out"),
    Topic.UNRELATED: Row(_unrelated, "leave it out, or find the certificate that is missing between"),
    Topic.WRONG_SIGNATURE: Row(
        _wrong_signature, "take both certificates from another copy: the unit does not check, clients do"
    ),
    # Device-reference 11.5: "no key in the file".
    Topic.KEY_IN_CERTIFICATE_FILE: Row(
        _key_in_certificate_file,
        "write the certificates alone: openssl crl2pkcs7 -nocrl -certfile CERTIFICATE | openssl pkcs7 -print_certs",
    ),
    Topic.PASSPHRASE_UNUSED: Row(_passphrase_unused, "upload over HTTPS: the key itself is in clear"),
    Topic.PASSPHRASE_NOT_PRINTABLE: Row(
        _passphrase_not_printable, "encrypt the key anew: openssl rsa -traditional -des3 -in KEY -out NEW"
    ),
    Topic.PASSPHRASE_OVER_31_BYTES: Row(
        _passphrase_over_31_bytes, "encrypt the key anew: openssl rsa -traditional -des3 -in KEY -out NEW"
    ),
}


def advise(case: Case) -> tuple[Advice, ...]:
    """All advice on an upload that was taken, in the order of the table."""
    return tuple(Advice(topic, finding, row.remedy) for topic, row in ADVICE.items() for finding in row.find(case))
