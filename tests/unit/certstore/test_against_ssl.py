"""The same uploads through `ssl.load_cert_chain`, where OpenSSL 3 must say what its ancestors said.

It makes the very calls that the unit is taken to make. Left out is what has changed since: the quirks of base64 and
of line ends, odd DER, PKCS#8 under other labels, non-ASCII passphrases for PKCS#12 schemes, and empty ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from certstore import OPENSSL_0_9_8, OPENSSL_1_0_1

CONFIGURATION = """\
openssl_conf = all
[all]
providers = providers
[providers]
default = on
legacy = on
[on]
activate = 1
"""

# Reads uploads as JSON lines, writes true or false for each. The callable must raise: without it, ssl would ask on
# the terminal.
JUDGE = """\
import json, ssl, sys, tempfile
from base64 import b64decode
from pathlib import Path

def refuse():
    raise LookupError("no passphrase")

with tempfile.TemporaryDirectory() as folder:
    certificate, key = Path(folder, "certificate"), Path(folder, "key")
    for line in sys.stdin:
        fields = json.loads(line)
        certificate.write_bytes(b64decode(fields["certificate"]))
        key.write_bytes(b64decode(fields["private_key"]))
        passphrase = fields["passphrase"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        try:
            context.load_cert_chain(
                certificate, key, refuse if passphrase is None else lambda: b64decode(passphrase)
            )
        except (ssl.SSLError, LookupError, ValueError):
            print("false")
        else:
            print("true")
"""


def by_openssl(command: list[str], plain: bytes) -> bytes:
    providers = ["-provider", "legacy", "-provider", "default"]
    return subprocess.run(
        ["openssl", *command, *providers, "-passout", "pass:secret"], input=plain, capture_output=True, check=True
    ).stdout


Case = tuple[bytes, bytes, bytes | None]


@pytest.fixture(scope="module")
def cases(pair: Any, authority: Any, ec_pair: Any, dsa_pair: Any) -> dict[str, Case]:
    certificate, key = pair.certificate, pair.key
    traditional = {
        cipher: by_openssl(["rsa", "-traditional", f"-{cipher}"], key)
        for cipher in ("des3", "des", "aes128", "aes256", "camellia128", "seed")
    }
    locked = {
        name: by_openssl(["pkcs8", "-topk8", *arguments], pair.pkcs8)
        for name, arguments in {
            "pbes1": ["-v1", "PBE-MD5-DES"],
            "pkcs12": ["-v1", "PBE-SHA1-3DES"],
            "rc4": ["-v1", "PBE-SHA1-RC4-128"],
            "pbes2": ["-v2", "aes256", "-v2prf", "hmacWithSHA1"],
        }.items()
    }
    des3 = traditional["des3"]
    found: dict[str, Case] = {
        "plain": (certificate, key, None),
        "plain-with-passphrase": (certificate, key, b"unused"),
        "pkcs8": (certificate, pair.pkcs8, None),
        "ec": (ec_pair.certificate, ec_pair.key, None),
        "ec-pkcs8": (ec_pair.certificate, ec_pair.pkcs8, None),
        "dsa": (dsa_pair.certificate, dsa_pair.key, None),
        "foreign-key": (certificate, authority.key, None),
        "key-of-another-type": (certificate, ec_pair.key, None),
        "chain": (certificate + authority.certificate, key, None),
        "chain-out-of-order": (authority.certificate + certificate, key, None),
        "chain-with-text": (certificate + b"\ntext\n" + authority.certificate + b"text", key, None),
        "chain-cut-off": (certificate + authority.certificate[:-9], key, None),
        "chain-with-bad-base64": (
            certificate + authority.certificate.replace(b"\n-----END", b"A\n-----END"),
            key,
            None,
        ),
        "chain-with-half-a-begin-line": (certificate + b"-----BEGIN CERT", key, None),
        "two-files-without-a-newline": (certificate.rstrip() + authority.certificate, key, None),
        "one-file": (certificate + key, key + certificate, None),
        "empty-certificate": (b"", key, None),
        "empty-key": (certificate, b"", None),
        "certificate-for-key": (certificate, certificate, None),
        "key-for-certificate": (key, key, None),
        "der": (pair.certificate_der, pair.key_der, None),
        "crlf": (certificate.replace(b"\n", b"\r\n"), key.replace(b"\n", b"\r\n"), None),
        "cr": (certificate.replace(b"\n", b"\r"), key, None),
        "no-final-newline": (certificate.rstrip(), key.rstrip(), None),
        "leading-text": (b"subject: x\n" + certificate, b"Bag Attributes\n" + key, None),
        "blank-before-begin": (b" " + certificate, key, None),
        "other-end-label": (certificate, key.replace(b"END RSA", b"END DSA"), None),
        "text-after-end": (certificate.rstrip() + b" x\n", key, None),
        "lower-case": (certificate.lower(), key, None),
        "old-label": (certificate.replace(b"CERT", b"X509 CERT"), key, None),
        "trusted-label": (certificate.replace(b"CERT", b"TRUSTED CERT"), key, None),
        "openssh-label": (certificate, key.replace(b"RSA", b"OPENSSH"), None),
        "76-columns-encrypted": (certificate, des3.replace(b"=\n", b"\n"), b"secret"),
        "empty-line-in-encrypted-data": (certificate, des3.replace(b"=\n", b"=\n\n"), b"secret"),
        "no-proc-type": (certificate, des3.replace(b"Proc-Type: 4,ENCRYPTED\n", b""), b"secret"),
        "unknown-cipher": (certificate, des3.replace(b"DES-EDE3", b"ROT"), b"secret"),
        "short-initial-vector": (certificate, des3.replace(b"CBC,", b"CBC,zz"), b"secret"),
        "1024-byte-passphrase": (certificate, des3, b"x" * 1024),
        "1025-byte-passphrase": (certificate, des3, b"x" * 1025),
    }
    for name, file in (traditional | locked).items():
        found[f"{name}-right"] = (certificate, file, b"secret")
        found[f"{name}-wrong"] = (certificate, file, b"wrong")
        found[f"{name}-none"] = (certificate, file, None)
        found[f"{name}-foreign"] = (authority.certificate, file, b"secret")
    return found


@pytest.fixture(scope="module")
def openssl_says(cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    folder: Path = tmp_path_factory.mktemp("openssl")
    (folder / "openssl.cnf").write_text(CONFIGURATION)

    def text(octets: bytes | None) -> str | None:
        return None if octets is None else b64encode(octets).decode()

    lines = "".join(
        json.dumps({"certificate": text(certificate), "private_key": text(key), "passphrase": text(passphrase)})
        + "\n"
        for certificate, key, passphrase in cases.values()
    )
    done = subprocess.run(
        [sys.executable, "-c", JUDGE],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENSSL_CONF": str(folder / "openssl.cnf")},
    )
    return dict(zip(cases, map(json.loads, done.stdout.splitlines()), strict=True))


def test_openssl_3_says_the_same(
    cases: dict[str, Case], openssl_says: dict[str, bool], verdict: Callable[..., str]
) -> None:
    ours = {name: verdict(*case, OPENSSL_1_0_1) == "accepted" for name, case in cases.items()}

    assert ours == openssl_says


def test_0_9_8_differs_in_what_it_lacks_only(
    cases: dict[str, Case], openssl_says: dict[str, bool], verdict: Callable[..., str]
) -> None:
    ours = {name: verdict(*case, OPENSSL_0_9_8) == "accepted" for name, case in cases.items()}

    assert {name for name in cases if ours[name] != openssl_says[name]} == {"camellia128-right", "seed-right"}


def test_the_oracle_can_tell(openssl_says: dict[str, bool]) -> None:
    """The control: not everything is accepted, nor everything refused, and the legacy ciphers are there."""
    assert openssl_says["des-right"]
    assert openssl_says["rc4-right"]
    assert not openssl_says["foreign-key"]
    assert 20 < sum(openssl_says.values()) < len(openssl_says) - 20
