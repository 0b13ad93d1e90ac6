"""What holds for every upload there is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certstore import (
    DEFAULT_FIRMWARE,
    OPENSSL_0_9_8,
    OPENSSL_1_0_1,
    Credential,
    Firmware,
    Upload,
    UploadRefused,
    asn1,
    receive,
    structures,
)
from certstore.certificate import read, read_by_template
from certstore.der import encoded
from certstore.pem import Reader
from certstore.rules import Violation

OLD, NEW = (replace(DEFAULT_FIRMWARE, branch=branch) for branch in (OPENSSL_0_9_8, OPENSSL_1_0_1))
SHARED_FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def verdict(upload: Upload, firmware: Firmware) -> Credential | str:
    """A credential or the broken rule; anything else that is raised is a failure."""
    try:
        return receive(upload, firmware)
    except UploadRefused as refused:
        return refused.rule


def blocks(file: bytes, way: Any) -> list[Any]:
    """All blocks of a file, read in one of the two ways, and the rule that ended it."""
    reader, found = Reader(file), []
    try:
        while True:
            found.append((way(reader), reader.line, reader.begin_line, reader.blocks, reader.label))
    except Violation as violation:
        return [*found, violation.rule]


# Pieces of which files are made, and of which mistakes are.
PIECES = [
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
    b"-----BEGIN RSA PRIVATE KEY-----\n",
    b"-----END RSA PRIVATE KEY-----\n",
    b"-----BEGIN ",
    b"-----END ",
    b"-----",
    b"Proc-Type: 4,ENCRYPTED\n",
    b"DEK-Info: DES-CBC,0011223344556677\n",
    b"A" * 64 + b"\n",
    b"MAMCAQA=\n",
    b"QQ==\n",
    b"\n",
    b"\r\n",
    b" ",
    b"\0",
    b"=",
    b"\x80",
    b"x" * 253,
]
FILES = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=12).map(b"".join)


@given(FILES, FILES, st.none() | st.binary(max_size=20))
def test_any_three_fields_give_a_credential_or_a_refusal(certificate: bytes, key: bytes, passphrase: bytes) -> None:
    for firmware in (OLD, NEW):
        verdict(Upload(certificate, key, passphrase), firmware)


@settings(SHARED_FIXTURES)
@given(data=st.data())
def test_one_damaged_byte_gives_a_credential_or_a_refusal(data: st.DataObject, pair: Any) -> None:
    file = data.draw(st.sampled_from([pair.certificate, pair.key, pair.pkcs8]))
    damaged = bytearray(file)
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    good = Upload(pair.certificate, pair.key, b"x")
    field = "certificate" if file is pair.certificate else "private_key"
    for firmware in (OLD, NEW):
        verdict(replace(good, **{field: bytes(damaged)}), firmware)


@settings(SHARED_FIXTURES)
@given(data=st.data())
@pytest.mark.parametrize("fixture", ["pair", "ec_pair", "dsa_pair"])
def test_one_damaged_octet_of_der_gives_a_credential_or_a_refusal(
    data: st.DataObject, fixture: str, request: pytest.FixtureRequest, block: Any
) -> None:
    made = request.getfixturevalue(fixture)
    label, der = data.draw(
        st.sampled_from(
            [
                (b"CERTIFICATE", made.certificate_der),
                (made.label, made.key_der),
                (b"PRIVATE KEY", made.pkcs8_der),
            ]
        )
    )
    damaged = bytearray(der)
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file = block(label, bytes(damaged))
    upload = Upload(file, made.key) if label == b"CERTIFICATE" else Upload(made.certificate, file)
    for firmware in (OLD, NEW):
        verdict(upload, firmware)


@settings(SHARED_FIXTURES)
@given(
    ending=st.sampled_from([b"\n", b"\r\n", b" \n", b"\r\r\n", b"\t\x01\n", b"\x80\n"]),
    before=st.text("abc =:-\n", max_size=300).filter(lambda text: "-----BEGIN" not in text),
    after=st.text("abc =:\n", max_size=300),
    final=st.sampled_from([b"", b"\n", b"\n\n"]),
)
def test_line_ends_and_text_around_change_nothing(
    ending: bytes, before: str, after: str, final: bytes, pair: Any, authority: Any
) -> None:
    def dressed(file: bytes) -> bytes:
        return before.encode() + b"\n" + file.replace(b"\n", ending) + after.encode() + final

    certificate = pair.certificate + authority.certificate
    for firmware in (OLD, NEW):
        plain = verdict(Upload(certificate, pair.key), firmware)
        assert isinstance(plain, Credential)
        assert verdict(Upload(dressed(certificate), dressed(pair.key)), firmware) == plain


@settings(SHARED_FIXTURES)
@given(data=st.data())
def test_a_key_file_cut_short_is_refused(data: st.DataObject, pair: Any) -> None:
    # One byte less is only the last newline.
    cut = data.draw(st.integers(0, len(pair.key) - 2))
    for firmware in (OLD, NEW):
        assert verdict(Upload(pair.certificate, pair.key[:cut]), firmware) in ("bad-end-line", "no-start-line")


@given(FILES)
def test_the_short_cut_for_blocks_is_the_rule(file: bytes) -> None:
    assert blocks(file, Reader.block) == blocks(file, Reader.block_by_lines)


@settings(SHARED_FIXTURES)
@given(data=st.data())
def test_the_short_cut_for_blocks_is_the_rule_for_damaged_files(data: st.DataObject, pair: Any) -> None:
    file = bytearray(pair.certificate + b"text\n" + pair.key)
    at = data.draw(st.integers(0, len(file) - 1))
    file[at : at + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from(PIECES) | st.binary(max_size=2))

    assert blocks(bytes(file), Reader.block) == blocks(bytes(file), Reader.block_by_lines)


@settings(SHARED_FIXTURES, max_examples=300)
@given(data=st.data())
@pytest.mark.parametrize("fixture", ["pair", "ec_pair", "authority"])
def test_the_short_cut_for_certificates_is_the_rule(
    data: st.DataObject, fixture: str, request: pytest.FixtureRequest
) -> None:
    damaged = bytearray(request.getfixturevalue(fixture).certificate_der)
    # The signature and the modulus are no structure: damage there proves little.
    at = data.draw(st.integers(0, 300) | st.integers(0, len(damaged) - 1))
    damaged[at] = data.draw(st.integers(0, 255))
    octets = bytes(damaged)
    for branch in (OPENSSL_0_9_8, OPENSSL_1_0_1):
        answers: list[Any] = []
        for way in (read, read_by_template):
            try:
                answers.append(way(octets, branch))
            except Violation as violation:
                answers.append(violation.rule)
        assert answers[0] == answers[1]


@given(st.recursive(st.binary(max_size=6), lambda inner: st.lists(inner, max_size=4), max_leaves=12), st.data())
def test_any_structure_decodes_or_breaks_a_rule(tree: Any, data: st.DataObject) -> None:
    tags = st.sampled_from([1, 2, 3, 4, 5, 6, 12, 0x1E, 0x30, 0x31, 0x22, 0x24, 0xA0, 0xA1, 0x80, 0x1F])

    def written(node: Any) -> bytes:
        content = node if isinstance(node, bytes) else b"".join(map(written, node))
        return encoded(data.draw(tags), content)

    octets = written(tree)
    for kind in (structures.Certificate, structures.PrivateKeyInfo, structures.RSAPrivateKey, asn1.Any_):
        try:
            end, _ = asn1.decode(kind, octets, OPENSSL_1_0_1)
        except Violation:
            continue
        assert 0 < end <= len(octets)
