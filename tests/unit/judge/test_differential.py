"""The model and the machine's OpenSSL, asked the same: they agree but for what is named here.

The model's branch is 1.0.1, whose text layer is the unit's and whose algorithms are nearly today's. Where the years
have changed a rule on purpose, the change has a name, and an upload to which none of the names applies is one on
which both must agree.
"""

from __future__ import annotations

import os
import re
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from certstore import DEFAULT_FIRMWARE, OPENSSL_0_9_8, OPENSSL_1_0_1, Branch, Upload
from harness.judge.opinion import Accepted, Judge, Opinion, Refused, differ, model
from harness.judge.second_opinion import MachineOpenssl, machine_openssl

PASSPHRASE = b"secret"


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    command, *rest = arguments
    providers = ["-provider", "default", "-provider", "legacy"]
    done = subprocess.run(["openssl", command, *providers, *rest], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Pair:
    key: bytes
    certificate: bytes


def pair(*algorithm: str) -> Pair:
    key = openssl("genpkey", *algorithm)
    return of_key(key)


def of_key(key: bytes) -> Pair:
    request = ("req", "-new", "-x509", "-key", "/dev/stdin", "-subj", "/CN=unit.example")
    return Pair(key, openssl(*request, given=key))


def dsa_pair() -> Pair:
    parameters = openssl("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024")
    return of_key(openssl("genpkey", "-paramfile", "/dev/stdin", given=parameters))


RSA = pair("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
OTHER = pair("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
EC = pair("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
DSA = dsa_pair()


@pytest.fixture(scope="module")
def machine() -> Iterator[MachineOpenssl]:
    with machine_openssl() as judge:
        yield judge


def unit(branch: Branch) -> Judge:
    return model(replace(DEFAULT_FIRMWARE, branch=branch))


# How today's command line writes a key: arguments, and the branches that read it.
BOTH = (OPENSSL_0_9_8, OPENSSL_1_0_1)
NEWER = (OPENSSL_1_0_1,)
NONE: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class Form:
    arguments: tuple[str, ...]
    readers: tuple[Branch, ...]


def traditional(cipher: str, readers: tuple[Branch, ...] = BOTH) -> Form:
    return Form(("pkey", "-traditional", f"-{cipher}", "-passout", "pass:secret"), readers)


def pkcs8(*arguments: str, readers: tuple[Branch, ...]) -> Form:
    return Form(("pkcs8", "-topk8", *arguments, "-passout", "pass:secret"), readers)


CIPHERS = ("des", "des3", "des-ede-cbc", "desx", "rc2", "bf", "cast", "aes128", "aes192", "aes256")
PBES1 = (
    "PBE-MD5-DES",
    "PBE-SHA1-DES",
    "PBE-SHA1-RC2-64",
    "PBE-MD5-RC2-64",
    "PBE-SHA1-RC4-128",
    "PBE-SHA1-RC4-40",
    "PBE-SHA1-3DES",
    "PBE-SHA1-2DES",
    "PBE-SHA1-RC2-128",
    "PBE-SHA1-RC2-40",
)
FORMS = {
    "traditional": Form(("pkey", "-traditional"), BOTH),
    "pkcs8": Form(("pkcs8", "-topk8", "-nocrypt"), BOTH),
    **{f"traditional-{cipher}": traditional(cipher) for cipher in CIPHERS},
    "traditional-camellia256": traditional("camellia256", NEWER),
    "traditional-seed": traditional("seed", NEWER),
    "traditional-aria256": traditional("aria256", NONE),
    **{scheme.lower(): pkcs8("-v1", scheme, readers=BOTH) for scheme in PBES1},
    **{
        f"pbes2-{cipher}": pkcs8("-v2", cipher, "-v2prf", "hmacWithSHA1", readers=BOTH)
        for cipher in ("des3", "des", "bf-cbc", "cast5-cbc", "aes128", "aes256")
    },
    "pbes2-camellia128": pkcs8("-v2", "camellia128", "-v2prf", "hmacWithSHA1", readers=NEWER),
    **{
        f"pbes2-{prf}": pkcs8("-v2", "aes256", "-v2prf", f"hmacWith{prf}", readers=NEWER)
        for prf in ("SHA224", "SHA256", "SHA384", "SHA512")
    },
    "pbes2-SHA512-256": pkcs8("-v2", "aes256", "-v2prf", "hmacWithSHA512-256", readers=NONE),
    "scrypt": pkcs8("-scrypt", readers=NONE),
}


@pytest.mark.parametrize("branch", BOTH, ids=str)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_today_writes_today_reads_and_a_unit_where_the_table_says_so(
    form: Form, branch: Branch, machine: MachineOpenssl
) -> None:
    upload = Upload(RSA.certificate, openssl(*form.arguments, given=RSA.key), PASSPHRASE)

    assert isinstance(machine(upload), Accepted)
    assert isinstance(unit(branch)(upload), Accepted) is (branch in form.readers)


PAIRS = {"RSA": RSA, "EC": EC, "DSA": DSA}


@pytest.mark.parametrize("subject", PAIRS.values(), ids=PAIRS)
def test_every_type_of_key_belongs_to_its_certificate(subject: Pair, machine: MachineOpenssl) -> None:
    judges: list[Judge] = [machine, unit(OPENSSL_0_9_8), unit(OPENSSL_1_0_1)]

    assert [type(judge(Upload(subject.certificate, subject.key))) for judge in judges] == [Accepted] * 3
    assert [type(judge(Upload(subject.certificate, OTHER.key))) for judge in judges] == [Refused] * 3


# Files put together from pieces, and then damaged.

TRADITIONAL, LOCKED = (openssl(*FORMS[form].arguments, given=RSA.key) for form in ("traditional", "traditional-des3"))
LOCKED_PKCS8 = openssl(*FORMS["pbe-sha1-3des"].arguments, given=RSA.key)
CRL = b"-----BEGIN X509 CRL-----\nMAAwAA==\n-----END X509 CRL-----\n"
TEXT = st.sampled_from([b"", b"\n", b"Bag Attributes\n    friendlyName: unit\n", b"-----BEGIN\n", b"\xc3\xa9\r\n"])
CERTIFICATES = [RSA.certificate, OTHER.certificate, EC.certificate]
KEYS = [RSA.key, TRADITIONAL, LOCKED, LOCKED_PKCS8, OTHER.key, EC.key]
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def file_of(first: list[bytes], others: list[bytes]) -> st.SearchStrategy[bytes]:
    """A file that mostly begins with what it should hold."""
    anything = TEXT | st.sampled_from([*others, CRL])
    return st.tuples(TEXT, st.sampled_from(first) | anything, st.lists(anything, max_size=3)).map(
        lambda parts: parts[0] + parts[1] + b"".join(parts[2])
    )


Damage = Callable[[bytes], bytes]


def on_a_line(change: Callable[[bytes], bytes]) -> st.SearchStrategy[Damage]:
    """The change made to one line; its line end is its own."""

    def damage(at: int) -> Damage:
        def apply(content: bytes) -> bytes:
            lines = content.splitlines(keepends=True)
            if lines:
                lines[at % len(lines)] = change(lines[at % len(lines)])
            return b"".join(lines)

        return apply

    return st.integers(0, 200).map(damage)


def cut(at: int) -> Damage:
    return lambda content: content[: at % (len(content) + 1)]


def character(at: int, other: int) -> Damage:
    """One character of base64 for another; nothing if there is something else at that place."""

    def apply(content: bytes) -> bytes:
        place = at % max(1, len(content))
        if content[place : place + 1] and content[place] in BASE64 and b"-" not in content[place - 40 : place + 40]:
            return content[:place] + BASE64[other : other + 1] + content[place + 1 :]
        return content

    return apply


DAMAGE: st.SearchStrategy[Damage] = st.one_of(
    st.just(lambda content: content),
    st.just(lambda content: content.replace(b"\n", b"\r\n")),
    st.just(lambda content: content.rstrip(b"\n")),
    st.just(lambda content: content.replace(b"\n", b" \t\n")),
    on_a_line(lambda line: b""),
    on_a_line(lambda line: line * 2),
    on_a_line(lambda line: b" " + line),
    on_a_line(lambda line: b"\n" + line),
    on_a_line(lambda line: line[:20] + b"\n" + line[20:]),
    on_a_line(lambda line: line.rstrip(b"\n")),
    st.integers(0, 6000).map(cut),
    st.builds(character, st.integers(0, 6000), st.integers(0, 63)),
)
PASSPHRASES = st.sampled_from([PASSPHRASE, PASSPHRASE, None, b"guess"])


def damaged(content: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(lambda whole, damage: damage(whole), content, DAMAGE)


UPLOADS = st.builds(
    Upload,
    damaged(file_of([RSA.certificate], CERTIFICATES)),
    damaged(file_of(KEYS[:4], [*KEYS, *CERTIFICATES])),
    PASSPHRASES,
)


# What the years have changed.


def rule(opinion: Opinion) -> str | None:
    """The model's rule, the second half of its reason."""
    return opinion.reason.rpartition(", ")[2] if isinstance(opinion, Refused) else None


Shows = Callable[[Upload, Opinion, Opinion], bool]


def out_of_reach(upload: Upload, old: Opinion, new: Opinion) -> bool:
    """No generated upload gets there."""
    return False


def long_line(upload: Upload, old: Opinion, new: Opinion) -> bool:
    return rule(old) == "base64-line-too-long"


DATA_AFTER_PADDING = re.compile(rb"=\s*[A-Za-z0-9+/]")


def data_after_padding(upload: Upload, old: Opinion, new: Opinion) -> bool:
    return any(DATA_AFTER_PADDING.search(content) for content in (upload.certificate, upload.private_key))


def damaged_before_another(upload: Upload, old: Opinion, new: Opinion) -> bool:
    malformed = isinstance(old, Refused) and old.reason.startswith("malformed_key")
    return malformed and upload.private_key.count(b"-----BEGIN ") > 1


def undecodable_extension(upload: Upload, old: Opinion, new: Opinion) -> bool:
    return new == Refused("invalid certificate")


@dataclass(frozen=True)
class Change:
    """A rule that is another one now: since when, an upload on which that shows, and how to tell others."""

    since: str
    example: Upload
    shows: Shows = out_of_reach


def block(label: bytes, der: bytes, after: bytes = b"", columns: int = 64) -> bytes:
    text = b64encode(der)
    lines = [text[at : at + columns] for at in range(0, len(text), columns)]
    return b"-----BEGIN %s-----\n%s\n%s-----END %s-----\n" % (label, b"\n".join(lines), after, label)


def of_block(text: bytes) -> bytes:
    """The DER of a plain block."""
    return b64decode(b"".join(text.splitlines()[1:-1]))


def with_padding(der: bytes) -> bytes:
    """The key with octets after it that nobody reads, so that its base64 ends in padding."""
    return der + bytes(1 + -len(der) % 3)


def encrypted(passphrase: bytes, *arguments: str) -> bytes:
    command = ["openssl", *arguments, "-provider", "default", "-provider", "legacy", "-passout", "env:PASSPHRASE"]
    environment = {**os.environb, b"PASSPHRASE": passphrase}
    return subprocess.run(command, input=RSA.key, capture_output=True, check=True, env=environment).stdout


def plain(private_key: bytes) -> Upload:
    return Upload(RSA.certificate, private_key, PASSPHRASE)


CYRILLIC = "пароль".encode()
BASIC_CONSTRAINTS = bytes.fromhex("30030101ff")
ALTERED_EXTENSION = of_block(RSA.certificate).replace(BASIC_CONSTRAINTS, bytes.fromhex("30030201ff"))
CHANGES = {
    "base64 lines may be longer than 79 characters": Change(
        "1.0.1q", plain(block(b"PRIVATE KEY", of_block(RSA.key), columns=80)), long_line
    ),
    "nothing may follow the padding of base64": Change(
        "1.0.1q", plain(block(b"PRIVATE KEY", with_padding(of_block(RSA.key)), b"AAAA\n")), data_after_padding
    ),
    "a high bit in base64 is an error": Change("1.0.1q", plain(RSA.key.replace(b"\nMII", b"\n\xcdII"))),
    "a damaged block before the key is passed over": Change(
        "3.0", plain(b"-----BEGIN X-----\nMAA=\n-----END Y-----\n" + RSA.key), damaged_before_another
    ),
    "known extensions of certificates are decoded": Change(
        "1.1.0", Upload(block(b"CERTIFICATE", ALTERED_EXTENSION), RSA.key), undecodable_extension
    ),
    "blanks after header names may be missing": Change("1.1.0", plain(LOCKED.replace(b"Proc-Type: ", b"Proc-Type:"))),
    "only a comma may stand before the initial vector": Change("1.1.0", plain(LOCKED.replace(b"-CBC,", b"-CBC;"))),
    "cipher names may be in lower case": Change("1.1.0", plain(LOCKED.replace(b"DES-EDE3-CBC", b"des-ede3-cbc"))),
    "a byte-order mark is passed over": Change("3.0", Upload(b"\xef\xbb\xbf" + RSA.certificate, RSA.key)),
    "pieces of long lines are of 254 bytes": Change("1.1.0", plain(b"#" * 253 + RSA.key)),
    "an empty passphrase is tried": Change(
        "1.0.2p", Upload(RSA.certificate, encrypted(b"", "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"), b"")
    ),
    "passphrases of PKCS#12 schemes are UTF-8": Change(
        "1.1.0",
        Upload(RSA.certificate, encrypted(CYRILLIC, "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"), CYRILLIC),
    ),
    "a label names the type of PKCS#8 below it": Change(
        "1.1.0", Upload(EC.certificate, block(b"RSA PRIVATE KEY", of_block(EC.key)))
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_judges_differ_where_a_rule_has_changed(change: Change, machine: MachineOpenssl) -> None:
    old, new = unit(OPENSSL_1_0_1)(change.example), machine(change.example)

    assert differ(old, new)
    assert change.shows(change.example, old, new) or change.shows is out_of_reach


@settings(
    max_examples=700,
    deadline=None,
    # The same uploads in every run: what a new one shows is news of OpenSSL, not of the change that is being tested.
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(upload=UPLOADS)
def test_the_judges_agree_wherever_no_rule_has_changed(upload: Upload, machine: MachineOpenssl) -> None:
    old, new = unit(OPENSSL_1_0_1)(upload), machine(upload)
    named = [name for name, change in CHANGES.items() if change.shows(upload, old, new)]
    event(f"{type(old).__name__}, {type(new).__name__}")

    assert not differ(old, new) or named
