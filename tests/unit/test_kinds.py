"""Each accepted kind is what its name says, and is taken whole by the model of every firmware."""

from __future__ import annotations

import datetime
import itertools

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from certstore import KNOWN_GENERATIONS, Credential, firmware_named, receive
from harness import kinds, pki
from harness.catalogue import Material
from harness.kinds import KINDS

ADDRESS = "127.10.0.3"
NAME = "unit 7"


def made(kind: str) -> Material:
    return KINDS[kind].make(ADDRESS, NAME)


def leaf(kind: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(made(kind).leaf)


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_takes_it_whole(kind: str) -> None:
    material = made(kind)

    credentials: set[Credential] = {receive(material.upload, firmware_named(each)) for each in KNOWN_GENERATIONS}

    [credential] = credentials
    assert credential.certificates == material.chain
    assert NAME.encode() in material.leaf


def test_each_leaf_is_another() -> None:
    assert len({made(kind).leaf for kind in [*KINDS, *KINDS]}) == 2 * len(KINDS)


@pytest.mark.parametrize("bits", [1024, 2048, 3072, 4096])
def test_a_key_has_the_size_that_is_said(bits: int) -> None:
    key = leaf(f"RSA {bits}").public_key()

    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == bits


@pytest.mark.parametrize(("kind", "digest"), [("signed with SHA-1", "sha1"), ("signed with SHA-512", "sha512")])
def test_a_signature_has_the_digest_that_is_said_and_is_good(kind: str, digest: str) -> None:
    found = leaf(kind)

    assert found.signature_hash_algorithm is not None
    assert found.signature_hash_algorithm.name == digest
    authority = x509.load_der_x509_certificate(made("chain of 2 with its root").chain[-1]).public_key()
    assert isinstance(authority, rsa.RSAPublicKey)
    authority.verify(found.signature, found.tbs_certificate_bytes, padding.PKCS1v15(), found.signature_hash_algorithm)


def test_a_chain_is_as_long_as_is_said_and_each_is_issued_by_the_next() -> None:
    for count in range(1, kinds.LONGEST_CHAIN + 1):
        names = [f"chain of {count}", *([f"chain of {count} with its root"] if count > 1 else [])]
        for name in names:
            chain = [x509.load_der_x509_certificate(each) for each in made(name).chain]
            assert len(chain) == count, name
            assert (chain[-1].issuer == chain[-1].subject) is name.endswith("root")
            for issued, issuer in itertools.pairwise(chain):
                issued.verify_directly_issued_by(issuer)


def test_dates_are_past_and_to_come() -> None:
    now = datetime.datetime.now(datetime.UTC)

    assert leaf("expired").not_valid_after_utc < now < leaf("not yet valid").not_valid_before_utc


def alternatives(kind: str) -> list[object]:
    try:
        found = leaf(kind).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.value for name in found]


def test_a_unit_is_named_as_is_said() -> None:
    assert alternatives("named by CN alone") == []
    assert alternatives("named by host") == [pki.HOST]
    assert [str(name) for name in alternatives("named by IP address")] == [ADDRESS]


@pytest.mark.parametrize("kind", ["DES-CBC", "IDEA-CBC", "RC2-CBC", "AES-192-CBC"])
def test_an_encrypted_key_names_its_cipher(kind: str) -> None:
    assert f"DEK-Info: {kind},".encode() in made(kind).upload.private_key


def test_no_text_of_it_shows_a_key() -> None:
    assert not any("PRIVATE" in repr(made(kind)) for kind in kinds.REPRESENTATIVE)


def test_the_representative_ones_are_known() -> None:
    assert set(kinds.REPRESENTATIVE) <= set(KINDS)
