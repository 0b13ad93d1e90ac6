"""Every named upload is what its name says, judged by certstore and by the openssl command line."""

from __future__ import annotations

import pytest

from certstore import KNOWN_GENERATIONS, Refusal, UploadRefused, firmware_named, receive
from harness import catalogue, pki

ADDRESS = "127.10.0.3"

GOOD = {"article-self-signed": catalogue.article_self_signed, "ca-signed": catalogue.ca_signed}
REFUSALS = {
    "wrong-passphrase": Refusal.WRONG_PASSPHRASE,
    "no-passphrase": Refusal.PASSPHRASE_REQUIRED,
    "fields-swapped": Refusal.NO_CERTIFICATE,
    "certificate-der": Refusal.NO_CERTIFICATE,
    "key-der": Refusal.NO_KEY,
    "pkcs12": Refusal.NO_CERTIFICATE,
    "empty": Refusal.NO_CERTIFICATE,
    "certificate-missing": Refusal.NO_CERTIFICATE,
    "key-missing": Refusal.NO_KEY,
    "key-cut-off": Refusal.MALFORMED_KEY,
    "certificate-cut-off": Refusal.MALFORMED_CERTIFICATE,
    "passphrase-too-long": Refusal.PASSPHRASE_TOO_LONG,
    "encryption-unknown": Refusal.UNSUPPORTED_ENCRYPTION,
    "key-type-unknown": Refusal.UNSUPPORTED_KEY_TYPE,
    "certificate-key-unknown": Refusal.UNSUPPORTED_CERTIFICATE_KEY,
}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_a_good_upload_is_taken_whole(make: catalogue.Make) -> None:
    material = make(ADDRESS)

    credential = receive(material.upload)

    assert (credential.leaf, *credential.chain) == material.chain
    assert pki.names_address(material.leaf, ADDRESS)


@pytest.mark.parametrize("version", KNOWN_GENERATIONS)
@pytest.mark.parametrize("name", catalogue.REFUSED)
def test_a_bad_upload_is_refused_for_its_own_reason_by_every_firmware(name: str, version: str) -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(catalogue.REFUSED[name](ADDRESS), firmware_named(version))

    assert refused.value.refusal is REFUSALS[name]


def test_a_foreign_key_is_good_and_belongs_to_another_certificate() -> None:
    with pytest.raises(UploadRefused) as refused:
        receive(catalogue.foreign_key(ADDRESS))

    assert refused.value.refusal is Refusal.KEY_MISMATCH


def test_the_articles_key_has_the_form_that_the_vendors_procedure_yields() -> None:
    """`RSA PRIVATE KEY`, DES-EDE3-CBC (device-reference 2.5, mark I, certain)."""
    key = catalogue.article_self_signed(ADDRESS).upload.private_key

    assert key.startswith(b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,")


def test_a_chain_has_two_intermediates() -> None:
    assert len(catalogue.ca_signed(ADDRESS).chain) == 3


def test_a_host_name_is_named_too() -> None:
    material = catalogue.article_self_signed("mcu.example")

    assert pki.names_address(material.leaf, "mcu.example")
