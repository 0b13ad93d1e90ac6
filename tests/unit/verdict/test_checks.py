"""Every check, on a server where it holds and on one where it breaks."""

from __future__ import annotations

import datetime
import functools
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from harness.deadline import Deadline
from harness.errors import BenchError
from harness.tls.handshake import Endpoint, fingerprint
from harness.verdict.expectation import Before, Expectation
from harness.verdict.finding import Judged, Outcome, Severity
from harness.verdict.hello import Version
from harness.verdict.sighting import Sighting
from harness.verdict.table import CHECKS, examine
from tests.unit.verdict.old_server import exchanging
from tests.unit.verdict.servers import WEAK, Answer, Made, Serving, answering, in_turn, make, saying, tls
from tests.unit.verdict.wire import certificates, message, record, server_hello, signed_parameters, vector

AT = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
HOST = "mcu.example"
BY_ID = {check.id: check.number for check in CHECKS}
TLS_1_2 = {"lowest": ssl.TLSVersion.TLSv1_2, "highest": ssl.TLSVersion.TLSv1_2}
OLD = {"lowest": ssl.TLSVersion.TLSv1, "highest": ssl.TLSVersion.TLSv1}
DONE = message(14, b"")


class World:
    """Certificates of one authority; made when a test first wants one."""

    def __init__(self) -> None:
        self.root = make("test root", is_ca=True)
        self.intermediate = make("test intermediate", self.root, is_ca=True)
        self.leaf = self.issue()
        self.other = self.issue()
        self.chain = (self.leaf, self.intermediate)

    def issue(self, name: str = HOST, issuer: Made | None = None, **how: Any) -> Made:
        return make(name, issuer or self.intermediate, **{"names": (HOST, "127.0.0.1"), **how})


@functools.cache
def world() -> World:
    return World()


def ders(*made: Made) -> tuple[bytes, ...]:
    return tuple(each.der for each in made)


def public(made: Made) -> bytes:
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return made.certificate.public_key().public_bytes(*form)


def crl(*revoked: Made) -> bytes:
    issuer = world().intermediate
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(AT - DAY).next_update(AT + DAY)
    for each in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(AT - DAY).build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def flight(*between: bytes, version: int = 0x0301, suite: int = 0x0005, chain: tuple[Made, ...] = ()) -> Answer:
    """A server of which one thing is known: it answers so, whatever it is asked."""
    chain = chain or world().chain
    return saying(record(22, server_hello(version, suite) + certificates(*ders(*chain)) + b"".join(between) + DONE))


def stapling(status: ocsp.OCSPCertStatus, ends: datetime.datetime = AT + DAY) -> Answer:
    leaf, issuer = world().leaf.certificate, world().intermediate
    gone = None if status is not ocsp.OCSPCertStatus.REVOKED else AT - 3 * DAY
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(leaf, issuer.certificate, hashes.SHA256(), status, AT - 2 * DAY, ends, gone, None)
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
        .sign(issuer.key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    return flight(message(22, b"\1" + vector(3, answer)))


def wrongly_signed() -> Answer:
    key = world().leaf.key
    assert isinstance(key, rsa.RSAPrivateKey)
    # Signed with the right key, over another client's random.
    return flight(message(12, signed_parameters(key, b"another client's random, 32 bytes")), suite=0x0014)


@dataclass(frozen=True)
class Case:
    """A server, and what is expected of it; made late, because certificates cost time."""

    chain: Callable[[World], tuple[Made, ...]] = lambda w: w.chain
    how: dict[str, Any] = field(default_factory=dict)
    expect: Callable[[World], dict[str, Any]] = lambda w: {}
    answer: Callable[[], Answer] | None = None
    name: str | None = None
    says: str = ""


def turns(folder: Path) -> Answer:
    one, two = folder / "one", folder / "two"
    for each in (one, two):
        each.mkdir()
    return in_turn(tls(one, Serving((world().leaf,))), tls(two, Serving((world().other,))))


HOLDS = {
    "leaf-uploaded": Case(expect=lambda w: {"chain": ders(*w.chain)}),
    "old-leaf-gone": Case(expect=lambda w: {"old_leaf": fingerprint(w.other.der)}),
    "key-fits-leaf": Case(expect=lambda w: {"chain": ders(w.leaf), "key": public(w.leaf)}),
    "key-held": Case(says="the signature is good"),
    "chain-in-order": Case(expect=lambda w: {"chain": ders(*w.chain)}, says="2 certificates, the same"),
    "nothing-needless": Case(),
    "path-strict": Case(),
    "path-lenient": Case(),
    "names": Case(expect=lambda w: {"names": (HOST, "127.0.0.1")}),
    "valid-now": Case(),
    "life-left": Case(),
    "strong": Case(),
    "usage": Case(),
    "constraints": Case(),
    "well-formed": Case(),
    "same-everywhere": Case(name=HOST, says="server_name"),
    "versions": Case(how={"lowest": ssl.TLSVersion.TLSv1_2}, says="TLS 1.2, TLS 1.3"),
    "suites": Case(how={"ciphers": "HIGH:!aNULL"}),
    "groups": Case(how={"ciphers": "ECDHE"}),
    "resumption": Case(how=TLS_1_2),
    "bound": Case(),
    "stapling": Case(answer=lambda: stapling(ocsp.OCSPCertStatus.GOOD)),
    "not-revoked": Case(expect=lambda w: {"crl": crl(w.other)}),
    "alerts": Case(how={"lowest": ssl.TLSVersion.TLSv1_2}),
    "quick": Case(),
    "stable": Case(),
    "http-answers": Case(),
    "key-unreadable": Case(),
}

BREAKS = {
    "leaf-uploaded": Case(expect=lambda w: {"leaf": fingerprint(w.other.der)}),
    "old-leaf-gone": Case(expect=lambda w: {"old_leaf": fingerprint(w.leaf.der)}, says="TLS 1.2 serves it"),
    "key-fits-leaf": Case(expect=lambda w: {"chain": ders(w.leaf), "key": public(w.other)}),
    "key-held": Case(answer=wrongly_signed, says="TLS 1.0: the signature is not by it"),
    "chain-in-order": Case(lambda w: (w.leaf, w.root, w.intermediate), says="1 ('mcu.example') is not signed by 2"),
    "nothing-needless": Case(lambda w: (*w.chain, w.root), says="3 ('test root') is a root"),
    "path-strict": Case(lambda w: (w.leaf,)),
    "path-lenient": Case(lambda w: (w.leaf,), says="unable to get local issuer certificate"),
    "names": Case(expect=lambda w: {"names": ("other.example",)}, says="does not name other.example"),
    "valid-now": Case(lambda w: (w.issue(ends=AT - DAY), w.intermediate), says="expired 2026-05-31"),
    "life-left": Case(lambda w: (w.issue(ends=AT + 3 * DAY), w.intermediate), says="3 of"),
    "strong": Case(lambda w: (w.issue(key=WEAK.take()), w.intermediate), says="key of 1024 bits"),
    "usage": Case(lambda w: (w.issue(usages=("crl_sign",)), w.intermediate), says="lacks digital_signature"),
    "constraints": Case(
        lambda w: (w.issue(issuer=w.other), w.other, w.intermediate), says="issues, and is no authority"
    ),
    "well-formed": Case(lambda w: (w.issue(identifies_issuer=False),), says="no authority key identifier"),
    "same-everywhere": Case(how={"named": None}, name=HOST, says="server_name mcu.example shows another chain"),
    "versions": Case(how=OLD, says="TLS 1.0"),
    "suites": Case(says="DH_anon"),
    "groups": Case(says="a group of 1024 bits"),
    "resumption": Case(how={**TLS_1_2, "forgets": True}, says="not taken back"),
    "bound": Case(answer=flight, says="TLS 1.0 without secure renegotiation"),
    "stapling": Case(answer=lambda: stapling(ocsp.OCSPCertStatus.REVOKED), says="it says revoked"),
    "not-revoked": Case(expect=lambda w: {"crl": crl(w.leaf)}, says="it is on the list"),
    "alerts": Case(answer=flight, says="to no suite that it knows it says: a ServerHello"),
    "quick": Case(expect=lambda w: {"slow_seconds": 0.0}),
    "stable": Case(how={"turns": True}, says="showed another leaf"),
    "http-answers": Case(how={"page": b"220 not HTTP\r\n"}, says="no page from"),
    "key-unreadable": Case(how={"page": b"HTTP/1.0 200 OK\r\n\r\n-----BEGIN PRIVATE KEY-----"}, says="/ holds one"),
}


def answer_of(case: Case, folder: Path) -> Answer:
    if case.answer is not None:
        return case.answer()
    how = dict(case.how)
    if how.pop("turns", False):
        return turns(folder)
    if "named" in how:
        how["named"] = (world().other,)
    return tls(folder, Serving(case.chain(world()), **how))


def put(endpoint: Endpoint, name: str | None = None, only: str | None = None, **expect: Any) -> dict[str, Judged]:
    expectation = Expectation(**{"at": AT, "names": (HOST,), "trust": ders(world().root), "handshakes": 4, **expect})
    numbers = BY_ID.values() if only is None else {BY_ID[only]}
    sighting = Sighting(endpoint, name, Deadline.after(60))
    return {each.check.id: each for each in examine(sighting, expectation, set(numbers))}


def look(case: Case, check: str, folder: Path) -> Judged:
    with answering(answer_of(case, folder)) as endpoint:
        return put(endpoint, case.name, check, **case.expect(world()))[check]


def test_every_check_has_a_server_on_which_it_holds_and_one_on_which_it_breaks() -> None:
    assert list(HOLDS) == list(BREAKS) == list(BY_ID)


@pytest.mark.parametrize("check", BY_ID)
def test_holds(check: str, tmp_path: Path) -> None:
    judged = look(HOLDS[check], check, tmp_path)

    assert judged.finding.outcome is Outcome.HELD, judged.finding
    assert HOLDS[check].says in judged.finding.observed
    assert judged.finding.expected
    assert not judged.condemns


@pytest.mark.parametrize("check", BY_ID)
def test_breaks(check: str, tmp_path: Path) -> None:
    judged = look(BREAKS[check], check, tmp_path)

    assert judged.finding.outcome is Outcome.BROKEN, judged.finding
    assert BREAKS[check].says in judged.finding.observed
    assert judged.finding.expected
    assert judged.condemns == (judged.check.severity is Severity.ERROR)


ALSO_BREAKS = {
    "missing intermediate, and it was uploaded": (
        "chain-in-order",
        Case(lambda w: (w.leaf,), expect=lambda w: {"chain": ders(*w.chain)}, says="1 certificates: 1 missing"),
    ),
    "uploaded chain in another order": (
        "chain-in-order",
        Case(expect=lambda w: {"chain": ders(w.intermediate, w.leaf)}, says="in another order"),
    ),
    "leaf twice": ("nothing-needless", Case(lambda w: (w.leaf, w.leaf, w.intermediate), says="2 is 1 again")),
    "leaf twice, in order": ("chain-in-order", Case(lambda w: (w.leaf, w.leaf, w.intermediate))),
    "a stranger in the chain": (
        "nothing-needless",
        Case(lambda w: (*w.chain, w.other), says="has signed none of the others"),
    ),
    "not yet valid": (
        "valid-now",
        Case(lambda w: (w.issue(begins=AT + DAY), w.intermediate), says="is not valid before 2026-06-02"),
    ),
    "expired, strictly": ("path-strict", Case(lambda w: (w.issue(ends=AT - DAY), w.intermediate))),
    "expired, leniently": (
        "path-lenient",
        Case(lambda w: (w.issue(ends=AT - DAY), w.intermediate), says="certificate has expired"),
    ),
    "another authority": ("path-lenient", Case(expect=lambda w: {"trust": ders(w.other)})),
    "wrong name, strictly": ("path-strict", Case(expect=lambda w: {"names": ("other.example",)})),
    "wrong address": ("names", Case(expect=lambda w: {"names": ("192.0.2.7",)})),
    "another purpose": (
        "usage",
        Case(lambda w: (w.issue(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)),), says="lacks serverAuth"),
    ),
    "an unknown critical extension": (
        "constraints",
        Case(
            lambda w: (
                w.issue(extra=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]),
            ),
            says="has the critical extension 1.2.3.4",
        ),
    ),
    "must-staple, and nothing is": (
        "stapling",
        Case(
            lambda w: (w.issue(extra=[(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)]),),
            says="must-staple",
        ),
    ),
    "a stale answer": ("stapling", Case(answer=lambda: stapling(ocsp.OCSPCertStatus.GOOD, AT - DAY))),
    "a version has gone": (
        "versions",
        Case(how=OLD, expect=lambda w: {"before": Before(frozenset({"TLS 1.0", "SSL 3.0"}), {})}),
    ),
    "a suite has gone": (
        "suites",
        Case(
            how={**OLD, "ciphers": "AES128-SHA"},
            expect=lambda w: {"before": Before(frozenset(), {"TLS 1.0": frozenset({"RSA_WITH_RC4_128_SHA"})})},
            says="RSA_WITH_RC4_128_SHA gone at TLS 1.0; RSA_WITH_AES_128_CBC_SHA new at TLS 1.0",
        ),
    ),
}


@pytest.mark.parametrize("what", ALSO_BREAKS)
def test_also_breaks(what: str, tmp_path: Path) -> None:
    check, case = ALSO_BREAKS[what]

    judged = look(case, check, tmp_path)

    assert judged.finding.outcome is Outcome.BROKEN, judged.finding
    assert case.says in judged.finding.observed


def test_yesterday_s_key_is_taken_leniently(tmp_path: Path) -> None:
    judged = look(Case(lambda w: (w.issue(key=WEAK.take()), w.intermediate)), "path-lenient", tmp_path)

    assert judged.finding.outcome is Outcome.HELD


def test_a_common_name_alone_is_a_warning(tmp_path: Path) -> None:
    judged = look(Case(lambda w: (w.issue(names=()), w.intermediate)), "names", tmp_path)

    assert judged.finding.outcome is Outcome.BROKEN
    assert judged.severity is Severity.WARNING
    assert judged.finding.observed == "only the common name says mcu.example"


def test_the_unit_s_own_clock_is_read_from_its_hello() -> None:
    late = int((AT + 40 * 365 * DAY).timestamp()).to_bytes(4, "big")
    random = late + b"r" * 28
    shown = record(22, server_hello(0x0301, 0x0005, random=random) + certificates(*ders(*world().chain)) + DONE)
    with answering(saying(shown)) as endpoint:
        judged = put(endpoint, HOST, "valid-now")["valid-now"]

    assert judged.finding.outcome is Outcome.BROKEN
    assert judged.finding.observed.startswith("by the unit's clock, 1 ('mcu.example') expired 2045-01-01")


NEEDED = {
    "leaf-uploaded": "--expect-leaf",
    "old-leaf-gone": "--old-leaf",
    "key-fits-leaf": "--key",
    "path-strict": "--trust",
    "path-lenient": "--trust",
    "not-revoked": "--crl",
}


@pytest.mark.parametrize("check", NEEDED)
def test_what_is_not_given_cannot_be_measured(check: str, tmp_path: Path) -> None:
    judged = look(Case(expect=lambda w: {"trust": ()}), check, tmp_path)

    assert judged.finding.outcome is Outcome.NOT_MEASURABLE
    assert NEEDED[check] in judged.finding.observed
    assert not judged.condemns


def test_a_port_without_tls_breaks_the_versions_and_leaves_the_rest_open() -> None:
    with answering(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as endpoint:
        found = put(endpoint)

    assert found["versions"].condemns
    assert "not a TLS record" in found["versions"].finding.observed
    del found["versions"]
    assert {each.finding.outcome for each in found.values()} == {Outcome.NOT_MEASURABLE}


def test_a_key_that_cannot_be_proven_is_not_measurable() -> None:
    with answering(flight(version=0x0300)) as endpoint:
        judged = put(endpoint, only="key-held")["key-held"]

    assert judged.finding.outcome is Outcome.NOT_MEASURABLE
    assert judged.finding.observed == "it closed the connection before its Finished"


@pytest.mark.parametrize("guess", [None, b"a guess" * 7])
def test_the_key_of_a_unit_with_ssl_3_and_rc4_alone_is_proven(guess: bytes | None) -> None:
    old = exchanging(world().leaf, Version.SSL_3_0, 0x0005, knows=guess)
    with answering(old) as endpoint:
        judged = put(endpoint, only="key-held")["key-held"]

    assert judged.finding.outcome is (Outcome.HELD if guess is None else Outcome.BROKEN)
    assert judged.finding.observed.startswith("RSA_WITH_RC4_128_SHA: ")


def test_a_certificate_that_is_none_is_malformed_and_nothing_else_fails() -> None:
    shown = record(22, server_hello(0x0301, 0x0005) + certificates(b"\x30\x03\x02\x01\x05") + DONE)
    with answering(saying(shown)) as endpoint:
        found = put(endpoint)

    assert found["well-formed"].finding.outcome is Outcome.BROKEN
    assert found["names"].finding.outcome is Outcome.NOT_MEASURABLE


def test_an_unreachable_port_is_the_bench_s_fault() -> None:
    with answering(flight()) as endpoint:
        pass

    with pytest.raises(BenchError, match="no TCP connection"):
        put(endpoint)
