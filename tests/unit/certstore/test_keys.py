"""Private keys: labels, forms, and what makes them fit a certificate."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1, Branch, Firmware, Upload, receive
from certstore.ber import BIT_STRING, INTEGER, NULL, OBJECT, OCTET_STRING, SEQUENCE, SET, UTF8_STRING
from certstore.branch import CERTIFICATE_ALGORITHMS
from certstore.curves import Form
from certstore.der import encoded, encoded_integer
from certstore.ec_group import EcGroup, read_group
from certstore.identifiers import (
    DH_KEY_AGREEMENT,
    DSA,
    DSA_WITH_SHA1,
    EC_PUBLIC_KEY,
    RSA_ENCRYPTION,
    RSA_X500,
    oid,
)
from certstore.private_key import MAX_DSA_BITS
from certstore.public_key import DsaPublicKey

Verdict = Callable[..., str]
Write = Callable[..., bytes]

BOTH = (OPENSSL_0_9_8, OPENSSL_1_0_1)


def both(verdict: Verdict, certificate: bytes, key: bytes) -> tuple[str, str]:
    """The verdicts of 0.9.8 and of 1.0.1."""
    old, new = (verdict(certificate, key, None, branch) for branch in BOTH)
    return old, new


# Label and what stands under it: what the two branches say of it.
LABELS = {
    "rsa": (b"RSA PRIVATE KEY", "key_der", "accepted", "accepted"),
    "pkcs8": (b"PRIVATE KEY", "pkcs8_der", "accepted", "accepted"),
    "pkcs8-as-rsa": (b"RSA PRIVATE KEY", "pkcs8_der", "asn1-tag", "accepted"),
    "pkcs8-as-ec": (b"EC PRIVATE KEY", "pkcs8_der", "asn1-tag", "accepted"),
    "pkcs8-as-dsa": (b"DSA PRIVATE KEY", "pkcs8_der", "asn1-tag", "accepted"),
    "rsa-as-pkcs8": (b"PRIVATE KEY", "key_der", "asn1-tag", "asn1-tag"),
    "rsa-as-ec": (b"EC PRIVATE KEY", "key_der", "asn1-tag", "asn1-tag"),
    "mixed-case-type": (b"Rsa PRIVATE KEY", "key_der", "no-start-line", "accepted"),
    "lower-case": (b"RSA private key", "key_der", "no-start-line", "no-start-line"),
    "any": (b"ANY PRIVATE KEY", "key_der", "bad-private-key", "bad-private-key"),
    "hmac": (b"HMAC PRIVATE KEY", "key_der", "no-start-line", "key-not-usable"),
    "cmac": (b"CMAC PRIVATE KEY", "key_der", "no-start-line", "no-start-line"),
    "dh": (b"DH PRIVATE KEY", "key_der", "no-start-line", "no-start-line"),
    "openssh": (b"OPENSSH PRIVATE KEY", "key_der", "no-start-line", "no-start-line"),
    "no-type-but-a-blank": (b" PRIVATE KEY", "key_der", "no-start-line", "no-start-line"),
    "public": (b"RSA PUBLIC KEY", "key_der", "no-start-line", "no-start-line"),
}


@pytest.mark.parametrize(("label", "form", "old", "new"), LABELS.values(), ids=LABELS)
def test_a_key_is_found_by_its_label(
    label: bytes, form: str, old: str, new: str, pair: Any, block: Write, verdict: Verdict
) -> None:
    assert both(verdict, pair.certificate, block(label, getattr(pair, form))) == (old, new)


def test_the_first_key_decides(pair: Any, authority: Any, branch: Branch, verdict: Verdict) -> None:
    assert verdict(pair.certificate, pair.key + authority.key, None, branch) == "accepted"
    assert verdict(pair.certificate, authority.key + pair.key, None, branch) == "other-key"
    assert verdict(pair.certificate, pair.key + b"-----BEGIN X-----\n", None, branch) == "accepted"


def test_both_may_be_in_one_file(pair: Any, branch: Branch, verdict: Verdict) -> None:
    for file in (pair.key + pair.certificate, pair.certificate + b"text\n" + pair.key):
        assert verdict(file, file, None, branch) == "accepted"


def rsa(*numbers: bytes, version: bytes = encoded_integer(0), after: bytes = b"") -> bytes:
    return encoded(SEQUENCE, version, *numbers, after)


RSA_FORMS: dict[str, tuple[Callable[[list[bytes]], bytes], str]] = {
    "as-written": (lambda n: rsa(*n), "accepted"),
    "version-7": (lambda n: rsa(*n, version=encoded_integer(7)), "accepted"),
    "version-of-nine-octets": (lambda n: rsa(*n, version=encoded_integer(2**64)), "asn1-value"),
    "trailing-octets": (lambda n: rsa(*n) + b"more", "accepted"),
    "tenth-number": (lambda n: rsa(*n, after=encoded_integer(1)), "asn1-length"),
    "eight-numbers": (lambda n: rsa(*n[:-1]), "asn1-missing"),
    "nonsense-for-secrets": (lambda n: rsa(*n[:2], *[encoded_integer(1)] * 6), "accepted"),
    "negative-modulus": (lambda n: rsa(encoded(INTEGER, n[0][-128:]), *n[1:]), "accepted"),
    "leading-zeros": (lambda n: rsa(encoded(INTEGER, b"\0\0" + n[0][-128:]), *n[1:]), "accepted"),
    "other-exponent": (lambda n: rsa(n[0], encoded_integer(3), *n[2:]), "other-key"),
    "other-modulus": (lambda n: rsa(encoded_integer(15), *n[1:]), "other-key"),
}


@pytest.mark.parametrize(("form", "outcome"), RSA_FORMS.values(), ids=RSA_FORMS)
def test_only_the_public_half_of_an_rsa_key_counts(
    form: Callable[[list[bytes]], bytes],
    outcome: str,
    branch: Branch,
    pair: Any,
    block: Write,
    verdict: Verdict,
) -> None:
    key = pair.private_key.private_numbers()
    public = key.public_numbers
    values = (public.n, public.e, key.d, key.p, key.q, key.dmp1, key.dmq1, key.iqmp)
    der = form([encoded_integer(value) for value in values])

    found = verdict(pair.certificate, block(pair.label, der), None, branch)
    # 1.0.1 tries PKCS#8 when the traditional form fails, and then says what is wrong with that.
    assert found == outcome or (branch is OPENSSL_1_0_1 and outcome.startswith("asn1") and found.startswith("asn1"))


def pkcs8(
    key: bytes,
    identifier: bytes = RSA_ENCRYPTION,
    parameters: bytes = encoded(NULL),
    version: bytes = encoded_integer(0),
    rest: bytes = b"",
) -> bytes:
    return encoded(SEQUENCE, version, encoded(SEQUENCE, encoded(OBJECT, identifier), parameters), key, rest)


ATTRIBUTE = encoded(SEQUENCE, encoded(OBJECT, oid("1.2.3")), encoded(SET, encoded(NULL)))
PKCS8_FORMS: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "as-written": (lambda k: pkcs8(encoded(OCTET_STRING, k)), "accepted", "accepted"),
    "no-parameters": (lambda k: pkcs8(encoded(OCTET_STRING, k), parameters=b""), "accepted", "accepted"),
    "odd-parameters": (lambda k: pkcs8(encoded(OCTET_STRING, k), parameters=ATTRIBUTE), "accepted", "accepted"),
    "version-1": (lambda k: pkcs8(encoded(OCTET_STRING, k), version=encoded_integer(1)), "accepted", "accepted"),
    "trailing-octets": (lambda k: pkcs8(encoded(OCTET_STRING, k)) + b"more", "accepted", "accepted"),
    "octets-in-pieces": (
        lambda k: pkcs8(encoded(0x24, encoded(OCTET_STRING, k[:50]), encoded(OCTET_STRING, k[50:]))),
        "accepted",
        "accepted",
    ),
    "attributes": (
        lambda k: pkcs8(encoded(OCTET_STRING, k), rest=encoded(0xA0, ATTRIBUTE)),
        "accepted",
        "accepted",
    ),
    "attribute-that-is-no-set": (
        lambda k: pkcs8(
            encoded(OCTET_STRING, k),
            rest=encoded(0xA0, encoded(SEQUENCE, encoded(OBJECT, oid("1.2.3")), encoded(NULL))),
        ),
        "asn1-tag",
        "asn1-tag",
    ),
    "public-key": (
        lambda k: pkcs8(encoded(OCTET_STRING, k), rest=encoded(0x81, b"\0k")),
        "asn1-tag",
        "asn1-tag",
    ),
    "no-octet-string": (lambda k: pkcs8(k), "accepted", "accepted"),
    "key-in-another-string": (lambda k: pkcs8(encoded(UTF8_STRING, k)), "accepted", "bad-private-key"),
    "key-in-a-bit-string": (lambda k: pkcs8(encoded(BIT_STRING, b"\0" + k)), "accepted", "bad-private-key"),
    "key-in-an-integer": (lambda k: pkcs8(encoded(INTEGER, k)), "accepted", "bad-private-key"),
    "no-key": (lambda k: pkcs8(encoded(NULL)), "bad-private-key", "bad-private-key"),
    "alias": (lambda k: pkcs8(encoded(OCTET_STRING, k), RSA_X500), "unknown-key-algorithm", "accepted"),
    "ed25519": (
        lambda k: pkcs8(encoded(OCTET_STRING, k), oid("1.3.101.112")),
        "unknown-key-algorithm",
        "unknown-key-algorithm",
    ),
    "dh": (
        lambda k: pkcs8(
            encoded(OCTET_STRING, encoded_integer(3)),
            DH_KEY_AGREEMENT,
            encoded(SEQUENCE, encoded_integer(23), encoded_integer(5)),
        ),
        "unknown-key-algorithm",
        "key-not-usable",
    ),
    "dh-with-an-even-modulus": (
        lambda k: pkcs8(
            encoded(OCTET_STRING, encoded_integer(3)),
            DH_KEY_AGREEMENT,
            encoded(SEQUENCE, encoded_integer(24), encoded_integer(5)),
        ),
        "unknown-key-algorithm",
        "bad-private-key",
    ),
    "dh-without-parameters": (
        lambda k: pkcs8(encoded(OCTET_STRING, encoded_integer(3)), DH_KEY_AGREEMENT),
        "unknown-key-algorithm",
        "bad-private-key",
    ),
}


@pytest.mark.parametrize(("form", "old", "new"), PKCS8_FORMS.values(), ids=PKCS8_FORMS)
def test_forms_of_pkcs8(
    form: Callable[[bytes], bytes], old: str, new: str, pair: Any, block: Write, verdict: Verdict
) -> None:
    key = block(b"PRIVATE KEY", form(pair.key_der))

    assert both(verdict, pair.certificate, key) == (old, new)


def dsa_numbers(pair: Any) -> tuple[list[bytes], bytes, bytes]:
    numbers = pair.private_key.private_numbers()
    public = numbers.public_numbers
    parameters = public.parameter_numbers
    return (
        [encoded_integer(number) for number in (parameters.p, parameters.q, parameters.g)],
        encoded_integer(public.y),
        encoded_integer(numbers.x),
    )


DSA_FORMS: dict[str, tuple[Callable[[list[bytes], bytes, bytes], bytes], str, str]] = {
    "as-written": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, x), DSA, encoded(SEQUENCE, *p)),
        "accepted",
        "accepted",
    ),
    "alias": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, x), DSA_WITH_SHA1, encoded(SEQUENCE, *p)),
        "unknown-key-algorithm",
        "accepted",
    ),
    "parameters-inside": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, encoded(SEQUENCE, encoded(SEQUENCE, *p), x)), DSA, encoded(NULL)),
        "accepted",
        "accepted",
    ),
    "netscape": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, encoded(SEQUENCE, y, x)), DSA, encoded(SEQUENCE, *p)),
        "accepted",
        "accepted",
    ),
    "no-octet-string": (
        lambda p, y, x: pkcs8(encoded(SEQUENCE, y, x), DSA, encoded(SEQUENCE, *p)),
        "accepted",
        "accepted",
    ),
    "no-parameters": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, x), DSA, encoded(NULL)),
        "bad-private-key",
        "bad-private-key",
    ),
    "three-values": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, encoded(SEQUENCE, y, x, x)), DSA, encoded(SEQUENCE, *p)),
        "bad-private-key",
        "bad-private-key",
    ),
    "second-value-no-number": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, encoded(SEQUENCE, y, encoded(NULL))), DSA, encoded(SEQUENCE, *p)),
        "bad-private-key",
        "bad-private-key",
    ),
    "modulus-zero": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, x), DSA, encoded(SEQUENCE, encoded_integer(0), *p[1:])),
        "bad-private-key",
        "bad-private-key",
    ),
    "modulus-that-hangs": (
        lambda p, y, x: pkcs8(
            encoded(OCTET_STRING, x), DSA, encoded(SEQUENCE, encoded_integer(2**MAX_DSA_BITS), *p[1:])
        ),
        "too-many-bits",
        "too-many-bits",
    ),
    "other-secret": (
        lambda p, y, x: pkcs8(encoded(OCTET_STRING, encoded_integer(5)), DSA, encoded(SEQUENCE, *p)),
        "other-key",
        "other-key",
    ),
    "negative-secret": (
        # Read without its sign by 1.0.1, taken as its opposite by 0.9.8.
        lambda p, y, x: pkcs8(
            encoded(OCTET_STRING, encoded(INTEGER, (-int.from_bytes(x[2:])).to_bytes(21, signed=True))),
            DSA,
            encoded(SEQUENCE, *p),
        ),
        "accepted",
        "other-key",
    ),
}


@pytest.mark.parametrize(("form", "old", "new"), DSA_FORMS.values(), ids=DSA_FORMS)
def test_forms_of_dsa_keys(
    form: Callable[[list[bytes], bytes, bytes], bytes],
    old: str,
    new: str,
    dsa_pair: Any,
    block: Write,
    verdict: Verdict,
) -> None:
    key = block(b"PRIVATE KEY", form(*dsa_numbers(dsa_pair)))

    assert both(verdict, dsa_pair.certificate, key) == (old, new)


def test_the_traditional_dsa_form_says_what_y_is(dsa_pair: Any, block: Write, verdict: Verdict) -> None:
    parameters, y, x = dsa_numbers(dsa_pair)
    one = encoded_integer(1)
    for p, mine, secret, outcome in (
        (parameters, y, x, "accepted"),
        ([one, one, one], y, one, "accepted"),
        (parameters, one, x, "other-key"),
    ):
        key = block(b"DSA PRIVATE KEY", encoded(SEQUENCE, encoded_integer(0), *p, mine, secret))
        assert both(verdict, dsa_pair.certificate, key) == (outcome, outcome)


def certified(block: Write, algorithm: bytes, parameters: bytes, key: bytes) -> bytes:
    """A certificate, as small as they come, for any key."""
    identifier = encoded(SEQUENCE, encoded(OBJECT, algorithm), parameters)
    dates = encoded(SEQUENCE, encoded(0x17), encoded(0x17))
    name, version = encoded(SEQUENCE), encoded(0xA0, encoded_integer(2))
    key_info = encoded(SEQUENCE, identifier, encoded(BIT_STRING, b"\0", key))
    signed = encoded(SEQUENCE, version, encoded_integer(1), identifier, name, dates, name, key_info)
    return block(b"CERTIFICATE", encoded(SEQUENCE, signed, identifier, encoded(BIT_STRING, b"\0")))


DSA_PUBLIC: dict[str, tuple[Callable[[list[bytes], bytes], tuple[bytes, bytes]], str, str]] = {
    "as-written": (lambda p, y: (encoded(SEQUENCE, *p), y), "accepted", "accepted"),
    "other-parameters": (lambda p, y: (encoded(SEQUENCE, *[encoded_integer(1)] * 3), y), "accepted", "accepted"),
    "no-parameters": (lambda p, y: (b"", y), "accepted", "accepted"),
    "null-parameters": (lambda p, y: (encoded(NULL), y), "accepted", "accepted"),
    "odd-parameters": (lambda p, y: (encoded_integer(1), y), "accepted", "bad-public-key"),
    "parameters-inside": (lambda p, y: (b"", encoded(SEQUENCE, y, *p)), "accepted", "asn1-tag"),
    "negative": (lambda p, y: (b"", encoded(INTEGER, y[-128:])), "accepted", "other-key"),
    "no-number": (lambda p, y: (b"", encoded(NULL)), "asn1-tag", "asn1-tag"),
}


@pytest.mark.parametrize(("form", "old", "new"), DSA_PUBLIC.values(), ids=DSA_PUBLIC)
def test_forms_of_dsa_public_keys(
    form: Callable[[list[bytes], bytes], tuple[bytes, bytes]],
    old: str,
    new: str,
    dsa_pair: Any,
    block: Write,
    verdict: Verdict,
) -> None:
    numbers, y, x = dsa_numbers(dsa_pair)
    if form is DSA_PUBLIC["negative"][0]:
        # A y whose first bit is set, so that it reads as negative without its leading zero.
        y = encoded_integer(2**1023 + 1)
        key = block(b"DSA PRIVATE KEY", encoded(SEQUENCE, encoded_integer(0), *numbers, y, x))
    else:
        key = dsa_pair.key
    parameters, public = form(numbers, y)

    assert both(verdict, certified(block, DSA, parameters, public), key) == (old, new)


P256_NAME = encoded(OBJECT, oid("1.2.840.10045.3.1.7"))


@pytest.fixture(scope="session")
def p256() -> EcGroup:
    from certstore import asn1

    return read_group(asn1.decode(asn1.Any_, P256_NAME, OPENSSL_1_0_1)[1], OPENSSL_1_0_1)


@pytest.fixture(scope="session")
def written_out(p256: EcGroup) -> EcGroup:
    """P-256 with its parameters written out."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return EcGroup(p256.curve, p256.generator, cofactor=1, order=order)


SCALAR = 1000


def sec1(scalar: bytes, parameters: bytes = b"", public: bytes = b"", version: int = 1) -> bytes:
    tagged = encoded(0xA0, parameters) if parameters else b""
    point = encoded(0xA1, encoded(BIT_STRING, b"\0", public)) if public else b""
    return encoded(SEQUENCE, encoded_integer(version), encoded(OCTET_STRING, scalar), tagged, point)


@pytest.fixture
def ec_files(p256: EcGroup, block: Write) -> Callable[..., tuple[bytes, bytes]]:
    """Writes certificate and key for a small scalar on P-256, in any of their forms."""
    point = p256.curve.multiple(SCALAR, p256.generator)

    def write(
        *,
        certified_parameters: bytes = P256_NAME,
        certified_form: int = Form.UNCOMPRESSED,
        parameters: bytes = P256_NAME,
        form: int | None = Form.UNCOMPRESSED,
        scalar: bytes = SCALAR.to_bytes(32),
        outer: bytes | None = None,
        version: int = 1,
        label: bytes | None = None,
    ) -> tuple[bytes, bytes]:
        public = p256.curve.octets(point, certified_form)
        certificate = certified(block, EC_PUBLIC_KEY, certified_parameters, public)
        mine = b"" if form is None else p256.curve.octets(point, form)
        key = sec1(scalar, parameters, mine, version)
        if outer is None:
            return certificate, block(label or b"EC PRIVATE KEY", key)
        return certificate, block(label or b"PRIVATE KEY", pkcs8(encoded(OCTET_STRING, key), EC_PUBLIC_KEY, outer))

    return write


EC_FORMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "as-written": ({}, "accepted", "accepted"),
    "compressed": ({"form": Form.COMPRESSED}, "accepted", "accepted"),
    "hybrid-in-the-certificate": ({"certified_form": Form.HYBRID}, "accepted", "accepted"),
    "version-7": ({"version": 7}, "accepted", "accepted"),
    "scalar-zero": ({"scalar": b""}, "accepted", "accepted"),
    "scalar-of-nobody": ({"scalar": b"\xff" * 50}, "accepted", "accepted"),
    "no-public-key": ({"form": None}, "no-public-key", "accepted"),
    "no-public-key-and-another-scalar": ({"form": None, "scalar": b"\1"}, "no-public-key", "other-key"),
    "no-parameters": ({"parameters": b""}, "bad-curve", "asn1-header"),
    "implicit-parameters": ({"parameters": encoded(NULL)}, "bad-curve", "asn1-header"),
    "unknown-curve": ({"parameters": encoded(OBJECT, oid("1.2.3"))}, "unknown-curve", "asn1-header"),
    "pkcs8": ({"outer": P256_NAME}, "accepted", "accepted"),
    "pkcs8-without-inner-parameters": ({"outer": P256_NAME, "parameters": b""}, "accepted", "accepted"),
    "pkcs8-without-public-key": (
        {"outer": P256_NAME, "parameters": b"", "form": None},
        "accepted",
        "accepted",
    ),
    "pkcs8-without-outer-parameters": ({"outer": b""}, "bad-curve", "bad-curve"),
    "pkcs8-as-rsa": ({"outer": P256_NAME, "label": b"RSA PRIVATE KEY"}, "asn1-tag", "accepted"),
}


@pytest.mark.parametrize(("changes", "old", "new"), EC_FORMS.values(), ids=EC_FORMS)
def test_forms_of_ec_keys(
    changes: dict[str, Any], old: str, new: str, ec_files: Callable[..., tuple[bytes, bytes]], verdict: Verdict
) -> None:
    assert both(verdict, *ec_files(**changes)) == (old, new)


def test_a_named_curve_is_the_same_written_out(
    ec_files: Callable[..., tuple[bytes, bytes]], written_out: EcGroup, verdict: Verdict
) -> None:
    encoding = written_out.encoding()
    for files in (
        ec_files(parameters=encoding),
        ec_files(certified_parameters=encoding),
        ec_files(parameters=encoding, certified_parameters=encoding),
    ):
        assert both(verdict, *files) == ("accepted", "accepted")


def test_a_key_without_cofactor_fits_nothing(
    ec_files: Callable[..., tuple[bytes, bytes]], written_out: EcGroup, verdict: Verdict
) -> None:
    bare = EcGroup(written_out.curve, written_out.generator, cofactor=0, order=written_out.order).encoding()

    assert both(verdict, *ec_files(parameters=bare)) == ("other-key", "other-key")
    assert both(verdict, *ec_files(certified_parameters=bare)) == ("accepted", "accepted")


def test_the_point_at_infinity_is_a_key(p256: EcGroup, block: Write, verdict: Verdict) -> None:
    certificate = certified(block, EC_PUBLIC_KEY, P256_NAME, b"\0")
    key = block(b"EC PRIVATE KEY", sec1(b"", P256_NAME, b"\0"))
    other_field = certified(block, EC_PUBLIC_KEY, encoded(OBJECT, oid("1.3.132.0.1")), b"\0")

    assert both(verdict, certificate, key) == ("accepted", "accepted")
    assert both(verdict, other_field, key) == ("other-key", "other-key")
    for branch in BOTH:
        credential = receive(Upload(certificate, key), Firmware("x", "x", branch))
        assert credential.public_key_sha256
        assert b"EC PRIVATE KEY" in credential.private_key_pem()


def test_a_broken_key_may_be_followed_by_a_good_one(pair: Any, block: Write, verdict: Verdict) -> None:
    """d2i_ECPrivateKey has moved on when it fails, and what it moved to is then tried as PKCS#8."""
    broken = sec1(b"\1")

    assert both(verdict, pair.certificate, block(b"EC PRIVATE KEY", broken + pair.pkcs8_der)) == (
        "bad-curve",
        "accepted",
    )


def test_a_public_key_is_written_with_the_parameters_it_has() -> None:
    with_parameters, without = DsaPublicKey(5, (23, 11, 4)), DsaPublicKey(5, None)

    for key, inside in ((with_parameters, True), (without, False)):
        assert (encoded_integer(23) in key.subject_public_key_info()) is inside


def test_types_must_agree(pair: Any, ec_pair: Any, dsa_pair: Any, branch: Branch, verdict: Verdict) -> None:
    pairs = (pair, ec_pair, dsa_pair)
    for mine in pairs:
        for other in pairs:
            outcome = "accepted" if mine is other else "other-key-type"
            assert verdict(mine.certificate, other.key, None, branch) == outcome


def test_every_algorithm_has_a_type() -> None:
    for branch in BOTH:
        assert set(branch.pkcs8_algorithms) <= set(CERTIFICATE_ALGORITHMS)


@pytest.mark.parametrize("fixture", ["pair", "ec_pair", "dsa_pair"])
def test_hashes_are_those_that_openssl_computes(
    fixture: str, request: pytest.FixtureRequest, firmware: Firmware
) -> None:
    made = request.getfixturevalue(fixture)
    credential = receive(Upload(made.certificate, made.key), firmware)

    public = subprocess.run(
        ["openssl", "pkey", "-pubout", "-outform", "DER"],
        input=credential.private_key_pem(),
        capture_output=True,
        check=True,
    ).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=public, capture_output=True, check=True)
    assert digest.stdout.decode().split()[0] == credential.public_key_sha256


@pytest.mark.parametrize("fixture", ["pair", "ec_pair", "dsa_pair"])
def test_the_traditional_form_is_written_again(
    fixture: str, request: pytest.FixtureRequest, firmware: Firmware
) -> None:
    made = request.getfixturevalue(fixture)

    for key in (made.key, made.pkcs8):
        assert receive(Upload(made.certificate, key), firmware).private_key_pem() == made.key
