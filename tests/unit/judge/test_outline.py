"""What a report may say of an upload: its shape, and nothing of the key."""

from __future__ import annotations

import re

from certstore import Upload
from harness.assortment import KEY_FORMS, samples
from harness.judge.outline import outline

CERTIFICATE = b"subject=x\n-----BEGIN CERTIFICATE-----\nQUJD\nQUJD\n\nQQ==\n-----END CERTIFICATE-----"
KEY = (
    b"-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: DES-EDE3-CBC,0011223344556677\r\n\r\n"
    b"QUJDREVG\r\n-----END RSA PRIVATE KEY-----\r\n"
)


def test_the_lines_are_told_and_their_octets_counted() -> None:
    assert outline(Upload(CERTIFICATE, KEY, b"secret")).splitlines() == [
        "certificate file: [9 bytes]; -----BEGIN CERTIFICATE-----; 2 x [4 bytes]; [blank]; [4 bytes];"
        " -----END CERTIFICATE----- without line end",
        "private key file: -----BEGIN RSA PRIVATE KEY----- CRLF; Proc-Type: 4,ENCRYPTED CRLF;"
        " DEK-Info: DES-EDE3-CBC,... CRLF; [blank] CRLF; [8 bytes] CRLF; -----END RSA PRIVATE KEY----- CRLF",
        "a passphrase of 6 bytes",
    ]


def test_an_empty_file_is_told_as_such() -> None:
    assert outline(Upload(b"", KEY, None)).startswith("certificate file: empty\n")


def test_nothing_of_a_key_or_passphrase_is_in_an_outline() -> None:
    for sample in list(samples("127.10.0.3"))[: len(KEY_FORMS)]:
        told = outline(sample.upload).encode()
        for secret in re.findall(rb"[A-Za-z0-9+/=]{16,}", sample.upload.private_key):
            assert secret not in told, sample.name
        assert (
            not sample.upload.passphrase or len(sample.upload.passphrase) < 2 or sample.upload.passphrase not in told
        )
