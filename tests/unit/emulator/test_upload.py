"""Network > SSL certificates: what is stored, what is said about it, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from certstore import Refusal, Upload
from harness import pki
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.emulator.skin import generations, load_skin

TEXTS = load_skin("4.3").certificates
RESTART_REQUIRED = load_skin("4.3").banners.restart_required


def issued(address: str) -> Upload:
    """A leaf with two intermediates, its key plain."""
    credential = pki.run_authority().issue(address)
    return Upload(credential.certificate_pem, pki.key_pem(credential.key))


def test_a_fresh_unit_shows_the_factory_pair(visitor: Any) -> None:
    visitor.visit("/certificates.html")

    assert visitor.table() == {
        "Subject": "C=GB, ST=Berkshire, L=Langley, O=Codian Ltd, OU=Engineering, CN=Codian MCU",
        "Issuer": "C=GB, ST=Berkshire, L=Langley, O=Codian Ltd, OU=Engineering, CN=Codian MCU",
        "Issued": "Wednesday, 01 January 2003, 00:00:00",
        "Expires": "Saturday, 01 January 2033, 00:00:00",
        "Private key": "Key matches certificate",
    }


def test_an_upload_is_stored_and_not_yet_served(visitor: Any, host: HostThread, article_upload: Upload) -> None:
    visitor.upload(article_upload)

    truth = host.truth("bench-7")
    assert truth.stored.leaf == pki.pem_to_der(article_upload.certificate)
    assert truth.running == truth.serving == FACTORY
    assert TEXTS.uploaded in visitor.page.text
    assert visitor.table()["Subject"] == "O=Example, CN=mcu"
    assert visitor.table()["Private key"] == "Key matches certificate"


def test_every_page_says_that_a_restart_is_required(visitor: Any, article_upload: Upload) -> None:
    assert RESTART_REQUIRED not in visitor.page.text
    visitor.upload(article_upload)

    for path in ("/", "/certificates.html", "/network_services.html", "/settings_shutdown.html"):
        visitor.visit(path)
        assert visitor.page.find(class_="banner").string == RESTART_REQUIRED


def test_the_chain_is_stored_in_the_order_of_the_file(visitor: Any, host: HostThread, blueprint: Blueprint) -> None:
    credential = pki.run_authority().issue(blueprint.address)
    visitor.upload(Upload(credential.certificate_pem, pki.key_pem(credential.key)))

    assert host.truth("bench-7").stored.certificates == credential.chain_der


REFUSED = {
    "no certificate": (lambda good: replace(good, certificate=b""), Refusal.NO_CERTIFICATE),
    "the files swapped": (
        lambda good: Upload(good.private_key, good.certificate, good.passphrase),
        Refusal.NO_CERTIFICATE,
    ),
    "no key": (lambda good: replace(good, private_key=b"\n"), Refusal.NO_KEY),
    "no passphrase": (lambda good: replace(good, passphrase=None), Refusal.PASSPHRASE_REQUIRED),
    "another passphrase": (lambda good: replace(good, passphrase=b"correct horse "), Refusal.WRONG_PASSPHRASE),
    "another key": (lambda good: replace(issued("mcu"), certificate=good.certificate), Refusal.KEY_MISMATCH),
}


@pytest.mark.parametrize(("spoil", "refusal"), REFUSED.values(), ids=REFUSED)
def test_a_refused_upload_changes_nothing_and_says_why(
    visitor: Any, host: HostThread, article_upload: Upload, spoil: Any, refusal: Refusal
) -> None:
    visitor.upload(spoil(article_upload))

    assert TEXTS.refusals[refusal] in visitor.page.find(class_="notice").string
    assert host.truth("bench-7").stored == FACTORY
    assert RESTART_REQUIRED not in visitor.page.text


def test_a_refused_upload_leaves_an_earlier_one_stored(
    visitor: Any, host: HostThread, article_upload: Upload
) -> None:
    visitor.upload(article_upload)
    before = host.truth("bench-7")
    visitor.upload(replace(article_upload, passphrase=b"wrong"))

    assert host.truth("bench-7") == before


def test_deleting_the_custom_pair_stores_the_factory_pair_again(
    visitor: Any, host: HostThread, article_upload: Upload
) -> None:
    visitor.upload(article_upload)
    visitor.press("Delete custom certificate and key")

    assert host.truth("bench-7").stored == FACTORY
    assert TEXTS.deleted in visitor.page.text
    assert RESTART_REQUIRED not in visitor.page.text


def test_there_is_nothing_to_delete_on_a_fresh_unit(visitor: Any) -> None:
    visitor.visit("/certificates.html")
    visitor.press("Delete custom certificate and key")

    assert TEXTS.nothing_to_delete in visitor.page.text


@pytest.mark.parametrize("passphrase", [b"sm\xf6rg\xe5sbord", b"a+b%20&c=d;\"e'", b"  spaces  "])
def test_the_passphrase_reaches_the_reader_byte_for_byte(
    visitor: Any, host: HostThread, blueprint: Blueprint, article_upload: Upload, passphrase: bytes
) -> None:
    # Made by hand: which bytes a browser sends for a character depends on the browser.
    visitor.visit("/certificates.html")
    form = visitor.page.find("input", value=TEXTS.upload_button).find_parent("form")
    fields = {
        "form_id": form.find(attrs={"name": "form_id"})["value"].encode(),
        "certificate": article_upload.certificate,
        "private_key": recrypted(article_upload, passphrase),
        "private_key_password": passphrase,
    }
    body = b"".join(
        b'--limit\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), content)
        for name, content in fields.items()
    )
    visitor.post(
        f"http://{blueprint.address}:{blueprint.http}/certificates_change.html",
        data=body + b"--limit--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=limit"},
    )

    assert host.truth("bench-7").stored.leaf == pki.pem_to_der(article_upload.certificate)


def recrypted(upload: Upload, passphrase: bytes) -> bytes:
    """The upload's key under another passphrase."""
    key = serialization.load_pem_private_key(upload.private_key, upload.passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(passphrase),
    )


@pytest.mark.parametrize("generation", generations())
def test_every_refusal_has_a_text(generation: str) -> None:
    assert load_skin(generation).certificates.refusals.keys() == set(Refusal)


def test_the_table_may_show_the_running_pair_instead(
    blueprint: Blueprint, article_upload: Upload, visitor_of: Any
) -> None:
    skin = load_skin("4.3")
    running = replace(skin, certificates=replace(skin.certificates, shows="running"))
    with hosted([blueprint], lambda _: running), visitor_of(blueprint) as visitor:
        visitor.log_in(blueprint.user, blueprint.password)
        visitor.upload(article_upload)

        assert "CN=Codian MCU" in visitor.table()["Subject"]
