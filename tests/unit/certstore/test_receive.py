"""The whole upload: which reason is given, where, and what a credential is."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import certstore
from certstore import (
    DEFAULT_FIRMWARE,
    OPENSSL_1_0_1,
    Credential,
    Firmware,
    Pkcs8,
    Place,
    Refusal,
    Upload,
    UploadFile,
    UploadRefused,
    receive,
)
from certstore.ber import OBJECT, OCTET_STRING, SEQUENCE
from certstore.branch import KeyType
from certstore.credential import Credential as Made
from certstore.der import encoded, encoded_integer
from certstore.identifiers import oid
from certstore.receiving import REFUSALS, Step
from certstore.rules import Rule

Edit = Callable[[Any, Any, Callable[..., bytes]], Upload]

LOCKED = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,0011223344556677\n\n"
ED25519 = encoded(
    SEQUENCE,
    encoded_integer(0),
    encoded(SEQUENCE, encoded(OBJECT, oid("1.3.101.112"))),
    encoded(OCTET_STRING, b"key"),
)


def unknown_key_algorithm(pair: Any) -> bytes:
    """The certificate with one octet of rsaEncryption changed."""
    der: bytes = pair.certificate_der
    at = der.index(oid("1.2.840.113549.1.1.1"))
    return der[:at] + oid("1.2.840.113549.1.1.9") + der[at + 9 :]


# Refusal: an upload that meets it, made from the pair, another pair and the PEM writer; and the rule broken.
REFUSED: dict[Refusal, tuple[Edit, str]] = {
    Refusal.NO_CERTIFICATE: (lambda p, a, w: Upload(p.key, p.key), "no-start-line"),
    Refusal.MALFORMED_CERTIFICATE: (lambda p, a, w: Upload(p.certificate[:-9], p.key), "bad-end-line"),
    Refusal.MALFORMED_CHAIN: (
        lambda p, a, w: Upload(p.certificate + a.certificate[:-9], p.key),
        "bad-end-line",
    ),
    Refusal.UNSUPPORTED_CERTIFICATE_KEY: (
        lambda p, a, w: Upload(w(b"CERTIFICATE", unknown_key_algorithm(p)), p.key),
        "unknown-key-algorithm",
    ),
    Refusal.NO_KEY: (lambda p, a, w: Upload(p.certificate, p.certificate), "no-start-line"),
    Refusal.MALFORMED_KEY: (lambda p, a, w: Upload(p.certificate, p.key[:-9]), "bad-end-line"),
    Refusal.UNSUPPORTED_KEY_TYPE: (
        lambda p, a, w: Upload(p.certificate, w(b"PRIVATE KEY", ED25519)),
        "unknown-key-algorithm",
    ),
    Refusal.UNSUPPORTED_ENCRYPTION: (
        lambda p, a, w: Upload(p.certificate, w(p.label, b"x" * 8, LOCKED.replace(b"DES-", b"ROT-")), b"x"),
        "unknown-cipher",
    ),
    Refusal.PASSPHRASE_REQUIRED: (
        lambda p, a, w: Upload(p.certificate, w(p.label, b"x" * 8, LOCKED)),
        "no-passphrase",
    ),
    Refusal.PASSPHRASE_TOO_LONG: (
        lambda p, a, w: Upload(p.certificate, w(p.label, b"x" * 8, LOCKED), b"x" * 1025),
        "long-passphrase",
    ),
    Refusal.WRONG_PASSPHRASE: (
        lambda p, a, w: Upload(p.certificate, w(p.label, b"x" * 8, LOCKED), b"x"),
        "bad-decrypt",
    ),
    Refusal.KEY_MISMATCH: (lambda p, a, w: Upload(p.certificate, a.key), "other-key"),
    Refusal.TOO_LARGE: (
        lambda p, a, w: Upload(p.certificate + b"x" * DEFAULT_FIRMWARE.upload_octets, p.key),
        "upload-too-large",
    ),
}


@pytest.mark.parametrize(("refusal", "edit", "rule"), [(r, *row) for r, row in REFUSED.items()], ids=REFUSED)
def test_every_refusal_is_given_for_its_reason(
    refusal: Refusal, edit: Edit, rule: str, firmware: Firmware, pair: Any, authority: Any, block: Any
) -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(edit(pair, authority, block), firmware)

    assert (refused.value.refusal, refused.value.rule) == (refusal, rule)


def test_every_refusal_has_a_case() -> None:
    assert set(REFUSED) == set(Refusal)


def test_every_refusal_can_be_given() -> None:
    given = {refusal for row in REFUSALS.values() for refusal in row.values()}
    given |= {step.malformed for step in Step} | {Refusal.KEY_MISMATCH}

    assert given == set(Refusal)


def test_rules_have_distinct_names_and_sentences() -> None:
    assert len({rule.short_name for rule in Rule}) == len({rule.sentence for rule in Rule}) == len(Rule)
    for rule in Rule:
        assert rule.short_name == rule.name.lower().replace("_", "-")


def test_a_good_upload_is_accepted(pair: Any, authority: Any, firmware: Firmware) -> None:
    credential = receive(Upload(pair.certificate + authority.certificate, pair.key), firmware)

    assert credential.leaf == pair.certificate_der
    assert credential.chain == (authority.certificate_der,)
    assert credential.certificates == (pair.certificate_der, authority.certificate_der)
    assert len(credential.leaf_sha256) == len(credential.public_key_sha256) == 64
    assert len(credential.chain_sha256) == 1


def test_the_place_is_line_block_and_label(pair: Any, authority: Any) -> None:
    damaged = authority.certificate.replace(b"\n-----END", b"A\n-----END")
    with pytest.raises(UploadRefused) as refused:
        receive(Upload(b"text\n" + pair.certificate + damaged, pair.key))

    lines = len((b"text\n" + pair.certificate + damaged).splitlines())
    place = refused.value.place
    assert place == Place(UploadFile.CERTIFICATE, line=lines, block=2, label="CERTIFICATE")
    assert str(refused.value).endswith(f"(certificate file, line {lines}, block 2, 'CERTIFICATE')")


def test_there_is_no_block_where_none_was_found(pair: Any) -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(Upload(pair.certificate, b"text\n"))

    assert refused.value.place == Place(UploadFile.PRIVATE_KEY, line=1)


def test_labels_of_any_bytes_can_be_quoted(pair: Any) -> None:
    file = b"-----BEGIN \xff\x00-----\n-----BEGIN \xe4 X-----\n"
    with pytest.raises(UploadRefused) as refused:
        receive(Upload(file, pair.key))

    assert refused.value.place is not None
    assert refused.value.place.label == r"\xe4 X"


def test_a_mismatch_has_no_place(pair: Any, authority: Any) -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(Upload(pair.certificate, authority.key))

    assert refused.value.place is None
    assert str(refused.value) == "key_mismatch: other-key: the private key is not the leaf's"


def test_a_place_may_be_a_whole_file() -> None:
    assert str(Place(UploadFile.PRIVATE_KEY)) == "private key file"


def test_a_refusal_survives_pickling(pair: Any) -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(Upload(pair.certificate[:-9], pair.key))
    again = pickle.loads(pickle.dumps(refused.value))

    for name in ("args", "refusal", "detail", "place", "rule"):
        assert getattr(again, name) == getattr(refused.value, name)


def test_secrets_are_in_no_repr(pair: Any, block: Any) -> None:
    upload = Upload(pair.certificate, pair.key, b"passphrase!")
    credential = receive(upload)
    secret = pair.key.splitlines()[3].decode()

    assert "passphrase!" not in repr(upload)
    assert secret not in repr(upload)
    numbers = pair.private_key.private_numbers()
    for text in (repr(credential), repr(credential._private_key)):
        assert str(numbers.d) not in text
        assert str(numbers.p) not in text
    assert str(credential._public_key) not in repr(credential)


def test_secrets_are_in_no_refusal(pair: Any, authority: Any, block: Any) -> None:
    for edit, _ in REFUSED.values():
        upload = edit(pair, authority, block)
        with pytest.raises(UploadRefused) as refused:
            receive(replace(upload, passphrase=upload.passphrase and b"sesame" * 200))
        assert "sesame" not in str(refused.value) + repr(refused.value)
        # Nor in what led to it.
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_credentials_compare_by_their_certificates(pair: Any, authority: Any) -> None:
    plain = receive(Upload(pair.certificate, pair.key))

    assert plain == receive(Upload(pair.certificate, pair.pkcs8))
    assert plain != receive(Upload(pair.certificate + authority.certificate, pair.key))
    assert plain != receive(Upload(authority.certificate, authority.key))


def test_a_credential_with_a_foreign_key_cannot_exist(pair: Any, authority: Any, ec_pair: Any) -> None:
    ours, theirs, other = (receive(Upload(made.certificate, made.key)) for made in (pair, authority, ec_pair))

    with pytest.raises(UploadRefused, match="other-key:"):
        Made(ours.leaf, (), _public_key=ours._public_key, _private_key=theirs._private_key)
    with pytest.raises(UploadRefused, match="other-key-type:"):
        Made(ours.leaf, (), _public_key=ours._public_key, _private_key=other._private_key)


def test_values_are_frozen(pair: Any, credential: Credential) -> None:
    for value in (credential, Upload(b"", b"", None), DEFAULT_FIRMWARE, Place(UploadFile.CERTIFICATE)):
        with pytest.raises(FrozenInstanceError):
            setattr(value, fields(value)[0].name, None)


@pytest.mark.parametrize("fixture", ["pair", "ec_pair", "dsa_pair"])
def test_what_is_written_can_be_loaded(
    fixture: str, request: pytest.FixtureRequest, authority: Any, firmware: Firmware
) -> None:
    made = request.getfixturevalue(fixture)
    credential = receive(Upload(made.certificate + authority.certificate, made.pkcs8), firmware)

    assert credential.certificate_pem() == made.certificate + authority.certificate
    leaf = x509.load_pem_x509_certificates(credential.certificate_pem())[0]
    key = load_pem_private_key(credential.private_key_pem(), None)
    assert key.public_key() == leaf.public_key()


def test_firmware_may_take_fewer_forms_of_key(pair: Any, ec_pair: Any, verdict: Callable[..., str]) -> None:
    firmware = replace(
        DEFAULT_FIRMWARE,
        plain_pkcs8=Pkcs8.REFUSE,
        encrypted_pkcs8=Pkcs8.REFUSE,
        key_types=frozenset({KeyType.RSA}),
    )
    locked = pair.pkcs8.replace(b"PRIVATE", b"ENCRYPTED PRIVATE")

    assert verdict(pair.certificate, pair.key, None, firmware) == "accepted"
    assert verdict(pair.certificate, pair.pkcs8, None, firmware) == "pkcs8-switched-off"
    assert verdict(pair.certificate, locked, b"x", firmware) == "pkcs8-switched-off"
    assert verdict(ec_pair.certificate, ec_pair.key, None, firmware) == "key-type-switched-off"


def test_the_size_limit_is_the_firmwares(pair: Any, verdict: Callable[..., str]) -> None:
    size = max(len(pair.certificate), len(pair.key))
    exact, short = (replace(DEFAULT_FIRMWARE, upload_octets=limit) for limit in (size, size - 1))

    assert verdict(pair.certificate, pair.key, None, exact) == "accepted"
    assert verdict(pair.certificate, pair.key, None, short) == "upload-too-large"


def test_the_certificate_is_read_before_the_key(pair: Any) -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(Upload(b"", b""), replace(DEFAULT_FIRMWARE, branch=OPENSSL_1_0_1))

    assert refused.value.refusal is Refusal.NO_CERTIFICATE


def test_the_package_exports_a_closed_list() -> None:
    assert sorted(certstore.__all__, key=str.lower) == sorted(set(certstore.__all__), key=str.lower)
    for name in certstore.__all__:
        assert getattr(certstore, name) is not None
