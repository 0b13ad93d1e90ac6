"""Trust stores and the settings beside them (device-reference 2.4), and files that are no PEM (2.5, 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

from certstore import Upload
from harness import pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.emulator.skin import load_skin

TEXTS = load_skin("4.5").pages["trust"].texts
NAME = "O=mcu-hil"


@pytest.fixture
def host(blueprint: Blueprint) -> Iterator[HostThread]:
    """Of 4.5, which has both stores."""
    with hosted([replace(blueprint, firmware="4.5(1.71)")]) as units:
        yield units


def upload(visitor: Any, store: str, content: bytes) -> str:
    """What the page says."""
    visitor.visit("/certificates.html")
    field = visitor.page.find(id=f"{store}-file")
    field["value"] = BytesIO(content)
    press(visitor, store, "Upload trust store")
    return str(visitor.page.find(class_="notice").string)


def press(visitor: Any, store: str, button: str) -> None:
    form = visitor.page.find(id=f"{store}-file").find_parent("form")
    visitor.select_form(form)
    visitor.submit_selected(btnName=form.find("input", value=button))


@pytest.mark.parametrize("store", ["sip", "https"])
def test_a_trust_store_is_shown_until_its_deletion_is_confirmed(visitor: Any, store: str) -> None:
    assert upload(visitor, store, pki.run_authority().root_pem) == TEXTS["uploaded"]
    assert NAME in visitor.page.text

    press(visitor, store, "Delete trust store")
    assert TEXTS["sure"] in visitor.page.text
    assert NAME in visitor.page.text

    press(visitor, store, "Confirm deletion of trust store")
    assert visitor.page.find(class_="notice").string == TEXTS["deleted"]
    assert NAME not in visitor.page.text


def test_a_store_must_be_in_pem_form(visitor: Any) -> None:
    der = x509.load_pem_x509_certificate(pki.run_authority().root_pem).public_bytes(Encoding.DER)

    assert upload(visitor, "https", der) == TEXTS["refused"]
    assert NAME not in visitor.page.text


CHOSEN = {"client_security": "allowed", "server_security": "verify", "ocsp_url": "http://ocsp.example/"}


def test_settings_are_kept_over_a_restart(visitor: Any, blueprint: Blueprint, host: HostThread) -> None:
    upload(visitor, "sip", pki.run_authority().root_pem)
    for field, values in (("sip_verification", {"sip_verification": "outgoing"}), ("client_security", CHOSEN)):
        visitor.select_form(visitor.page.find(id=field).find_parent("form"))
        for name, value in values.items():
            visitor[name] = value
        if field == "client_security":
            visitor["ocsp_check"] = visitor["ocsp_nonce"] = "1"
        visitor.submit_selected()
        assert visitor.page.find(class_="notice").string == TEXTS["applied"]

    host.restart(blueprint.name)
    Deadline.after(60).wait_for("start", lambda: host.truth(blueprint.name).boots == 1, every=0.02)
    Deadline.after(60).wait_for("end of it", lambda: host.truth(blueprint.name).phase == "active", every=0.02)
    visitor.log_in(blueprint.user, blueprint.password)
    visitor.visit("/certificates.html")

    page = visitor.page
    assert NAME in page.text
    assert page.select_one("#sip_verification option[selected]")["value"] == "outgoing"
    assert page.select_one("#client_security option[selected]")["value"] == "allowed"
    assert page.select_one("#server_security option[selected]")["value"] == "verify"
    assert page.find(id="ocsp_url")["value"] == "http://ocsp.example/"
    assert page.find(id="ocsp_check").has_attr("checked")
    assert page.find(id="ocsp_nonce").has_attr("checked")


def as_der(issued: pki.Issued) -> Upload:
    return Upload(issued.chain_der[0], pki.key_pem(issued.key))


def as_pkcs_12(issued: pki.Issued) -> Upload:
    leaf = x509.load_der_x509_certificate(issued.chain_der[0])
    file = pkcs12.serialize_key_and_certificates(b"mcu", issued.key, leaf, None, NoEncryption())
    return Upload(file, file)


@pytest.mark.parametrize("form", [as_der, as_pkcs_12])
def test_pkcs_12_is_no_certificate_and_no_key(
    visitor: Any, host: HostThread, blueprint: Blueprint, form: Callable[[pki.Issued], Upload]
) -> None:
    """They must be converted by openssl first; nor is DER."""
    visitor.upload(form(pki.run_authority().issue(blueprint.address)))

    assert load_skin("4.5").certificates.refused in visitor.page.find(class_="notice").string
    assert host.truth(blueprint.name).stored == FACTORY
