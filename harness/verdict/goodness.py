"""Checks 7 to 15: is what is served a good certificate?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from harness.verdict.certificates import extension, is_self_signed, key_words, read_certificate, signed_by, title
from harness.verdict.expectation import Expectation
from harness.verdict.finding import Finding, Severity, faults, judged
from harness.verdict.flight import Malformed
from harness.verdict.hello import Version, suites
from harness.verdict.paths import lenient, names_it, strict
from harness.verdict.sighting import Sighting, Unmeasurable

LEAST_RSA_BITS = 2048
LEAST_EC_BITS = 224
"""SP 800-131A 2 and BR 6.1.5: 112 bits of strength."""
DIGESTS = (hashes.SHA256, hashes.SHA384, hashes.SHA512, hashes.SHA224)

KNOWN_EXTENSIONS = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.INHIBIT_ANY_POLICY,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
}
"""Those that a verifier may be expected to process where they are critical (RFC 5280 4.2)."""


def _anchors(expectation: Expectation) -> list[x509.Certificate]:
    if not expectation.trust:
        raise Unmeasurable("say whom to trust: --trust")
    try:
        return [read_certificate(der, f"anchor {number}") for number, der in enumerate(expectation.trust, 1)]
    except Malformed as error:
        raise Unmeasurable(str(error)) from error


def strict_path(sighting: Sighting, expectation: Expectation) -> Finding:
    anchors = _anchors(expectation)
    why = strict(sighting.certificates, anchors, expectation.names[0], expectation.at)
    return judged("a path to the trusted anchor, by today's rules", why or "there is one", holds=not why)


def lenient_path(sighting: Sighting, expectation: Expectation) -> Finding:
    anchors = _anchors(expectation)
    why = lenient(sighting.certificates, anchors, expectation.at)
    expected = "a path to the trusted anchor, old digests and short keys allowed"
    return judged(expected, f"{why}{_end_of_chain(sighting, anchors)}" if why else "there is one", holds=not why)


def _end_of_chain(sighting: Sighting, anchors: list[x509.Certificate]) -> str:
    """Whose certificate clients lack, where it is an intermediate that is not sent."""
    last = sighting.certificates[-1]
    if is_self_signed(last) or any(signed_by(last, anchor) for anchor in anchors):
        return ""
    issuer = last.issuer.rfc4514_string()
    return f"; nobody sends the certificate of {issuer!r}: upload it behind the leaf, or install it in the clients"


def leaf_names_the_unit(sighting: Sighting, expectation: Expectation) -> Finding:
    leaf = sighting.certificates[0]
    missing = [name for name in expectation.names if not names_it(leaf, name)]
    wanted = f"subjectAltName names {', '.join(expectation.names)}"
    if not missing:
        return judged(wanted, "it does", holds=True)
    common = {str(each.value) for each in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    if common.issuperset(missing):
        # The vendor's own procedure makes such certificates (device-reference 2.5, mark D): no failed installation.
        observed = f"only the common name says {', '.join(missing)}"
        return judged(wanted, observed, holds=False, severity=Severity.WARNING)
    return judged(wanted, f"it does not name {', '.join(missing)}; it is for {title(leaf)}", holds=False)


def is_valid_now(sighting: Sighting, expectation: Expectation) -> Finding:
    clocks = {"our clock": expectation.at}
    if (theirs := _unit_clock(sighting)) is not None:
        clocks["the unit's clock"] = theirs
    found = [
        f"by {whose}, {number} ({title(certificate)}) {why}"
        for whose, at in clocks.items()
        for number, certificate in enumerate(sighting.certificates, 1)
        if (why := invalid_at(certificate, at))
    ]
    days = " and ".join(f"{at:%Y-%m-%d %H:%M} ({whose})" for whose, at in clocks.items())
    return faults("every certificate of the chain is valid", found, f"all are, at {days}")


def invalid_at(certificate: x509.Certificate, at: datetime) -> str:
    """Why it is not valid at this time; "" where it is (RFC 5280 4.1.2.5: both ends belong to it)."""
    if at < certificate.not_valid_before_utc:
        return f"is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M}"
    # Validity is in whole seconds.
    if at.replace(microsecond=0) > certificate.not_valid_after_utc:
        return f"expired {certificate.not_valid_after_utc:%Y-%m-%d %H:%M}"
    return ""


CLOCK_SPREAD_SECONDS = 60


def _unit_clock(sighting: Sighting) -> datetime | None:
    """gmt_unix_time, which old stacks put before the random bytes (RFC 5246 7.4.1.2).

    Random bytes are no clock: two hellos, taken within a minute, have to agree.
    """
    hellos = [reply.hello for reply in sighting.readable]
    if sighting.named is not None:
        hellos.append(sighting.named.hello)
    times = sorted(int.from_bytes(hello.random[:4], "big") for hello in hellos if hello is not None)
    if len(times) < 2 or times[-1] - times[0] > CLOCK_SPREAD_SECONDS:
        return None
    return datetime.fromtimestamp(times[-1], UTC)


def has_life_left(sighting: Sighting, expectation: Expectation) -> Finding:
    leaf = sighting.certificates[0]
    left = (leaf.not_valid_after_utc - expectation.at).days
    whole = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days
    expected = f"at least {expectation.least_days} days left"
    return judged(expected, f"{left} of {whole} days left", holds=left >= expectation.least_days)


def is_strong(sighting: Sighting, _: Expectation) -> Finding:
    found, seen = [], []
    for number, certificate in enumerate(sighting.certificates, 1):
        kind, bits = key_words(certificate)
        digest = certificate.signature_hash_algorithm
        seen.append(f"{kind}{f'-{bits}' if bits else ''}")
        if bits and bits < (LEAST_EC_BITS if kind == "EC" else LEAST_RSA_BITS):
            found.append(f"{number} ({title(certificate)}) has a key of {bits} bits")
        # Nobody relies on the signature of a root by itself (RFC 5280 6.1: it is no part of the path).
        if digest is not None and not isinstance(digest, DIGESTS) and not is_self_signed(certificate):
            found.append(f"{number} ({title(certificate)}) is signed over {digest.name.upper()}")
    return faults(f"RSA of {LEAST_RSA_BITS} bits or more, EC of {LEAST_EC_BITS}, SHA-2", found, ", ".join(seen))


def usage_fits(sighting: Sighting, _: Expectation) -> Finding:
    leaf = sighting.certificates[0]
    found = []
    usage, purposes = extension(leaf, x509.KeyUsage), extension(leaf, x509.ExtendedKeyUsage)
    needed = set(_needed_usages(sighting))
    if usage is not None:
        found += [f"key usage lacks {name}" for name in sorted(needed) if not getattr(usage.value, name)]
    if purposes is not None and not {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    }.intersection(purposes.value):
        found.append("extended key usage lacks serverAuth")
    expected = f"where usages are listed: {', '.join(sorted(needed)) or 'any'}, and serverAuth"
    return faults(expected, found, "none are listed" if usage is None and purposes is None else "listed")


def _needed_usages(sighting: Sighting) -> Iterator[str]:
    """By what was chosen at each version (RFC 5246 7.4.2, RFC 8446 4.4.2.2)."""
    for version in sighting.versions:
        hello = sighting.replies[version].hello
        suite = suites().get(hello.suite) if hello else None
        if version is Version.TLS_1_3 or (suite is not None and suite.exchange.startswith(("DHE_", "ECDHE_"))):
            yield "digital_signature"
        elif suite is not None and suite.exchange in ("RSA", "RSA_EXPORT"):
            yield "key_encipherment"


def constraints_hold(sighting: Sighting, _: Expectation) -> Finding:
    chain, found = sighting.certificates, []
    below = 0
    for number, certificate in enumerate(chain, 1):
        what = f"{number} ({title(certificate)})"
        found += [
            f"{what} has the critical extension {each.oid.dotted_string}, which nobody need know"
            for each in certificate.extensions
            if each.critical and each.oid not in KNOWN_EXTENSIONS
        ]
        if number == 1 or not signed_by(chain[number - 2], certificate):
            continue
        constraints, usage = extension(certificate, x509.BasicConstraints), extension(certificate, x509.KeyUsage)
        if constraints is None or not constraints.value.ca:
            found.append(f"{what} issues, and is no authority")
        elif (length := constraints.value.path_length) is not None and below > length:
            found.append(f"{what} allows {length} authorities below it, and has {below}")
        if usage is not None and not usage.value.key_cert_sign:
            found.append(f"{what} issues, and its key usage lacks keyCertSign")
        # A certificate that is its own issuer is no step of a path (RFC 5280 6.1.4 l).
        below += certificate.subject != certificate.issuer
    return faults(
        "issuers are authorities, within their path lengths; no unknown critical extension", found, "they are"
    )


def is_well_formed(sighting: Sighting, _: Expectation) -> Finding:
    try:
        chain = sighting.certificates
    except Unmeasurable as error:
        if not sighting.chain:
            raise
        return judged("certificates by RFC 5280", str(error), holds=False)
    found = [f"{number} ({title(each)}): {why}" for number, each in enumerate(chain, 1) for why in _flaws(each)]
    return faults("certificates by RFC 5280", found, f"{len(chain)} certificates without a flaw")


def _flaws(certificate: x509.Certificate) -> Iterator[str]:
    serial = certificate.serial_number
    if serial <= 0 or serial.bit_length() > 159:
        yield "the serial number is not a positive one of at most 20 octets (4.1.2.2)"
    if certificate.version is x509.Version.v1:
        yield "version 1, without extensions (4.1.2.1)"
        return
    if certificate.not_valid_before_utc > certificate.not_valid_after_utc:
        yield "its validity ends before it begins (4.1.2.5)"
    if not list(certificate.issuer):
        yield "no issuer (4.1.2.4)"
    if extension(certificate, x509.AuthorityKeyIdentifier) is None and not is_self_signed(certificate):
        yield "no authority key identifier (4.2.1.1)"
    constraints = extension(certificate, x509.BasicConstraints)
    is_authority = constraints is not None and constraints.value.ca
    if is_authority and extension(certificate, x509.SubjectKeyIdentifier) is None:
        yield "no subject key identifier, and it is an authority's (4.2.1.2)"
    names = extension(certificate, x509.SubjectAlternativeName)
    if not list(certificate.subject) and (names is None or not names.critical):
        yield "no subject, and no critical subjectAltName (4.1.2.6)"
