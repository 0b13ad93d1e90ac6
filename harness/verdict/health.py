"""Checks 16 to 28: is the unit that serves it well?"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import ocsp

from harness.tls.handshake import Handshake
from harness.verdict.certificates import extension, signed_by
from harness.verdict.expectation import Before, Expectation
from harness.verdict.finding import Finding, Severity, faults, judged
from harness.verdict.flight import Malformed
from harness.verdict.goodness import invalid_at
from harness.verdict.hello import EXTENDED_MASTER_SECRET, RENEGOTIATION_INFO, ClientHello, Version
from harness.verdict.possession import curve_of, prime_bits
from harness.verdict.probe import Reply
from harness.verdict.sighting import Sighting, Unmeasurable


def chain_is_the_same_everywhere(sighting: Sighting, _: Expectation) -> Finding:
    chains = dict(sighting.chains)
    if not chains:
        raise Unmeasurable("it presents no certificate")
    first, *rest = chains
    found = [f"{way} shows another chain than {first}" for way in rest if chains[way] != chains[first]]
    return faults("one chain, whatever the version and the name", found, f"one chain by {', '.join(chains)}")


def versions_are_the_expected(sighting: Sighting, expectation: Expectation) -> Finding:
    titles = [version.title for version in sighting.versions]
    observed = ", ".join(titles) or f"none; to TLS 1.2 it says: {sighting.replies[Version.TLS_1_2].words}"
    if expectation.before is not None:
        expected = f"as before: {', '.join(sorted(expectation.before.versions)) or 'none'}"
        return judged(expected, observed, holds=expectation.before.versions == set(titles), severity=Severity.ERROR)
    new = [version for version in sighting.versions if version >= Version.TLS_1_2]
    return judged(
        "TLS 1.2 or later, and nothing older",
        observed,
        holds=bool(new) and len(new) == len(titles),
        # A port without TLS is worse than one with an old one.
        severity=None if titles else Severity.ERROR,
    )


def suites_are_the_expected(sighting: Sighting, expectation: Expectation) -> Finding:
    accepted = sighting.suites
    if not accepted:
        raise Unmeasurable("it speaks no version of TLS")
    if expectation.before is not None:
        return _as_before(before_of(sighting), expectation.before)
    found = [
        f"{version.title} takes {', '.join(weak)}"
        for version, chosen in accepted.items()
        if (weak := [suite.name for suite in chosen if suite.is_weak])
    ]
    counts = ", ".join(f"{len(chosen)} at {version.title}" for version, chosen in accepted.items())
    return faults("no NULL, anonymous, export, RC4, RC2, DES, 3DES or IDEA suite", found, counts)


def before_of(sighting: Sighting) -> Before:
    """What a later run may be held to."""
    named = {version.title: frozenset(suite.name for suite in found) for version, found in sighting.suites.items()}
    return Before(frozenset(named), named)


def _as_before(now: Before, before: Before) -> Finding:
    lost = [f"{suite} gone at {version}" for version, suite in sorted(before.pairs - now.pairs)]
    new = [f"{suite} new at {version}" for version, suite in sorted(now.pairs - before.pairs)]
    return faults("the suites of before", lost + new, "the same", Severity.ERROR)


LEAST_GROUP_BITS = 2048
CURVES = {19: "P-192", 21: "P-224", 22: "secp256k1", 23: "P-256", 24: "P-384", 25: "P-521", 29: "X25519", 30: "X448"}


def groups_are_large(sighting: Sighting, _: Expectation) -> Finding:
    found: list[str] = []
    seen: list[str] = []
    try:
        finite = sighting.offering(lambda suite: suite.exchange.startswith("DHE_"))
        if finite is not None:
            bits = prime_bits(finite.key_exchange or b"")
            (found if bits < LEAST_GROUP_BITS else seen).append(f"a group of {bits} bits")
        curved = sighting.offering(lambda suite: suite.exchange.startswith("ECDHE_"))
        if curved is not None:
            curve = curve_of(curved.key_exchange or b"")
            (seen if curve in CURVES and curve != 19 else found).append(CURVES.get(curve, f"curve {curve}"))
    except Malformed as error:
        found.append(str(error))
    if not found and not seen:
        raise Unmeasurable("up to TLS 1.2, it takes neither DHE nor ECDHE")
    return faults(f"DHE with {LEAST_GROUP_BITS} bits or more, ECDHE on a known curve", found, ", ".join(seen))


def sessions_resume(sighting: Sighting, _: Expectation) -> Finding:
    seen = sighting.resumption
    if not seen.handed_out:
        raise Unmeasurable("up to TLS 1.2, it hands out neither session ids nor tickets")
    observed = "it was resumed" if seen.resumed else "it was handed out, and not taken back"
    return judged("a session that is offered again is resumed", observed, holds=seen.resumed)


def hello_is_bound(sighting: Sighting, _: Expectation) -> Finding:
    if not sighting.versions:
        raise Unmeasurable("it speaks no version of TLS")
    wanted = {RENEGOTIATION_INFO: "secure renegotiation", EXTENDED_MASTER_SECRET: "extended master secret"}
    found = []
    for version in sighting.versions:
        hello = sighting.replies[version].hello
        if version is Version.TLS_1_3 or hello is None:
            continue
        # SSL 3.0 is asked without extensions, and can answer to RFC 5746's signalling suite alone.
        needed = {k: v for k, v in wanted.items() if version > Version.SSL_3_0 or k == RENEGOTIATION_INFO}
        found += [f"{version.title} without {name}" for kind, name in needed.items() if kind not in hello.extensions]
    return faults("both, or TLS 1.3, which needs neither", found, "none is missing")


def stapled_answer_is_good(sighting: Sighting, expectation: Expectation) -> Finding:
    stapled, leaf = sighting.stapled, sighting.certificates[0]
    expected = "a stapled answer that is good, fresh, signed and of this certificate"
    if stapled is None:
        if extension(leaf, x509.TLSFeature) is None:
            raise Unmeasurable("no answer is stapled, and the certificate does not ask for one")
        return judged(expected, "none, though the certificate says must-staple", holds=False, severity=Severity.ERROR)
    try:
        answer = ocsp.load_der_ocsp_response(stapled)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return judged(expected, f"the responder says {answer.response_status.name.lower()}", holds=False)
        found = _stapling_faults(answer, leaf, sighting.certificates[1:], expectation)
    except (ValueError, UnsupportedAlgorithm) as error:
        found = [f"it cannot be read: {error}"]
    return faults(expected, found, "it is")


def _stapling_faults(
    answer: ocsp.OCSPResponse, leaf: x509.Certificate, issuers: tuple[x509.Certificate, ...], expectation: Expectation
) -> list[str]:
    found = []
    if answer.serial_number != leaf.serial_number:
        found.append("it is of another certificate")
    if answer.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        found.append(f"it says {answer.certificate_status.name.lower()}")
    if answer.this_update_utc > expectation.at:
        found.append(f"it is from the future: {answer.this_update_utc:%Y-%m-%d %H:%M}")
    if answer.next_update_utc is not None and answer.next_update_utc < expectation.at:
        found.append(f"it was good until {answer.next_update_utc:%Y-%m-%d %H:%M}")
    issuer = next((each for each in issuers if signed_by(leaf, each)), None)
    if issuer is None:
        found.append("the issuer is not served, so that its signature cannot be checked")
    elif not any(_signed(answer, by) for by in (issuer, *(c for c in answer.certificates if signed_by(c, issuer)))):
        found.append("it is signed by neither the issuer nor a responder of its")
    return found


def _signed(answer: ocsp.OCSPResponse, by: x509.Certificate) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    key, digest = by.public_key(), answer.signature_hash_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def is_not_revoked(sighting: Sighting, expectation: Expectation) -> Finding:
    if expectation.crl is None:
        raise Unmeasurable("give the authority's list: --crl")
    leaf, found = sighting.certificates[0], []
    crl = x509.load_der_x509_crl(expectation.crl)
    if crl.issuer != leaf.issuer:
        raise Unmeasurable("the list is of another authority than the leaf's")
    if crl.next_update_utc is not None and crl.next_update_utc < expectation.at:
        raise Unmeasurable(f"the list was good until {crl.next_update_utc:%Y-%m-%d %H:%M}")
    if crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None:
        found.append("it is on the list")
    return faults("the leaf is not on its authority's list", found, "it is not")


UNKNOWN_SUITE = 0x0A0A
"""Reserved so that nobody ever knows it (RFC 8701 2)."""

HANDSHAKE_FAILURE, ILLEGAL_PARAMETER, PROTOCOL_VERSION, INSUFFICIENT_SECURITY = 40, 47, 70, 71
UNRECOGNIZED_NAME = 112


def alerts_are_right(sighting: Sighting, _: Expectation) -> Finding:
    if not sighting.versions:
        raise Unmeasurable("it speaks no version of TLS")
    best, found = sighting.versions[-1], []
    no_suite = sighting.ask(ClientHello(best, (UNKNOWN_SUITE,)))
    # RFC 5246 7.2.2, RFC 8446 6.2; TLS 1.3 leaves its server the choice of what was wrong.
    allowed = {HANDSHAKE_FAILURE, INSUFFICIENT_SECURITY} | ({ILLEGAL_PARAMETER} if best is Version.TLS_1_3 else set())
    found += _wrong(no_suite, allowed, "no suite that it knows")
    older = [version for version in Version if version < sighting.versions[0]]
    if older:
        # OpenSSL before 1.1.0 answers to a version that it was not built with by handshake_failure.
        found += _wrong(sighting.replies[older[-1]], {PROTOCOL_VERSION, HANDSHAKE_FAILURE}, older[-1].title)
    named = [reply.offered.version for reply in sighting.readable if reply.offered.version > Version.SSL_3_0]
    if named:
        stranger = sighting.ask(ClientHello.offering_all(named[0], "no-such-name.invalid"))
        if not stranger.speaks:
            found += _wrong(stranger, {UNRECOGNIZED_NAME}, "a name that it does not have")
    return faults("the alert of the standard for each thing it cannot take", found, "each has its own")


def _wrong(reply: Reply, allowed: Collection[int], what: str) -> list[str]:
    if reply.alerts and reply.alerts[-1].fatal and reply.alerts[-1].description in allowed:
        return []
    return [f"to {what} it says: " + ("a ServerHello" if reply.hello else reply.words)]


def is_quick(sighting: Sighting, expectation: Expectation) -> Finding:
    if not sighting.versions:
        raise Unmeasurable("it speaks no version of TLS")
    reply = sighting.replies[sighting.versions[-1]]
    seconds = {"TCP": reply.connect_seconds, "first answer": reply.answer_seconds}
    # Old suites, which nobody here can complete, are timed by what was seen of them.
    with contextlib.suppress(Unmeasurable):
        seconds["whole handshake"] = sighting.handshake.handshake_seconds
    observed = ", ".join(f"{what} {1000 * each:.1f} ms" for what, each in seconds.items())
    expected = f"each step within {expectation.slow_seconds:g} s"
    return judged(expected, observed, holds=max(seconds.values()) <= expectation.slow_seconds)


def is_stable(sighting: Sighting, expectation: Expectation) -> Finding:
    count = expectation.handshakes
    if not isinstance(sighting.handshake, Handshake):
        raise Unmeasurable("no whole handshake")
    taken = sighting.handshakes(count)
    failed = [each for each in taken if isinstance(each, str)]
    other = [each for each in taken if isinstance(each, Handshake) and each.leaf != sighting.handshake.leaf]
    found = [*([f"{len(failed)} failed: {failed[0]}"] if failed else [])]
    if other:
        found.append(f"{len(other)} showed another leaf")
    return faults(f"{count} handshakes, half of them at once, all with one leaf", found, f"{count} completed")


CLOCK_SLACK = timedelta(minutes=5)


def http_answers(sighting: Sighting, expectation: Expectation) -> Finding:
    sighting.handshake  # noqa: B018 - where TLS cannot be completed, HTTP is not to blame
    expected = "an HTTP answer, and a leaf that is valid at its Date"
    try:
        page = sighting.page
    except Unmeasurable as error:
        return judged(expected, str(error), holds=False)
    found = []
    if page.status >= 500:
        found.append(f"status {page.status}")
    if page.date is not None and (why := invalid_at(sighting.certificates[0], page.date)):
        found.append(f"by its own Date {page.date:%Y-%m-%d %H:%M} the leaf {why}")
    clock = "no Date" if page.date is None else f"Date {page.date:%Y-%m-%d %H:%M}"
    return faults(expected, found, f"status {page.status}, {clock}")


KEY_PATHS = (
    "/",
    "/certificates.html",
    "/privkey.pem",
    "/key.pem",
    "/private_key.pem",
    "/server.key",
    "/configuration.xml",
)


def key_is_not_readable(sighting: Sighting, _: Expectation) -> Finding:
    sighting.handshake  # noqa: B018 - as above
    found = [f"{path} holds one" for path in KEY_PATHS if sighting.get(path).holds_key]
    return faults(f"no private key at any of {', '.join(KEY_PATHS)}, without a login", found, "none")
