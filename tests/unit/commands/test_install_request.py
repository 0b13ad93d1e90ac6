"""A certificate of an authority, from the request to the proof, as a person types it; on an emulated unit."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import stat
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from certstore import KNOWN_GENERATIONS, Upload, firmware_named, receive
from harness.cli.install import install
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.key_form import Key, KeyForm, written
from harness.lab import load_lab
from harness.pki import Authority
from tests.loopback import address

ADDRESS = address()
LAB = f"""
[lab]
state_dir = "state"
[[place]]
name = "unit"
model = "MCU 4505"
address = "{ADDRESS}"
login = {{ password = "let me in" }}
emulated = {{ firmware = "4.3(2.18)", restart_seconds = 0.2 }}
"""
NAMES = f"--name mcu.example --name {ADDRESS}"
TYPING_SECONDS = 60.0
# The process takes the terminal as its own, as a shell would have given it.
AT_THE_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from harness.cli import main; main()"


def run(command: str) -> Result:
    return CliRunner().invoke(install, ["unit", *command.split()])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.toml").write_text(LAB)
    return tmp_path


@pytest.fixture
def host() -> Iterator[HostThread]:
    (place,) = load_lab(Path("lab.toml")).places
    with hosted([Blueprint.of(place)]) as units:
        yield units


@dataclass
class Signer:
    """An authority with an intermediate that signs what it is asked for."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.root_key, self.key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
        self.root = self._authority("test root", self.root_key, "test root", self.root_key)
        self.issuer = self._authority("test issuer", self.key, "test root", self.root_key)

    def _authority(
        self, name: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey
    ) -> x509.Certificate:
        builder = self._builder(_name(name), _name(issuer), key.public_key(), -1, 900)
        return builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
            issuer_key, hashes.SHA256()
        )

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, begins: int, ends: int
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
            .not_valid_before(self.now + timedelta(days=begins))
            .not_valid_after(self.now + timedelta(days=ends))
        )

    def sign(self, request: Path, begins: int = -1, ends: int = 90) -> bytes:
        asked = x509.load_pem_x509_csr(request.read_bytes())
        assert asked.is_signature_valid
        key = asked.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        builder = self._builder(asked.subject, self.issuer.subject, key, begins, ends)
        for extension in asked.extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        return _pem(builder.sign(self.key, hashes.SHA256()))

    @property
    def chains(self) -> dict[str, bytes]:
        """What an authority may send beside the certificate."""
        issuer, root = _pem(self.issuer), _pem(self.root)
        return {
            "issuer": issuer,
            "issuer-root": issuer + root,
            "root-issuer": root + issuer,
            "twice": issuer + issuer,
        }


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(form.Encoding.PEM)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.mark.parametrize("chain", ["issuer", "issuer-root", "root-issuer", "twice"])
def test_a_request_is_made_signed_and_its_certificate_installed(
    host: HostThread, signer: Signer, folder: Path, chain: str
) -> None:
    asked = run(f"--csr unit.csr --subject O=Example,C=GB {NAMES}")
    assert asked.exit_code == 0, asked.stderr
    assert asked.stdout.splitlines()[-1].endswith("mcu-hil install unit --certificate SIGNED --chain FILE")
    request = x509.load_pem_x509_csr((folder / "unit.csr").read_bytes())
    assert request.subject.rfc4514_string() == "CN=mcu.example,O=Example,C=GB"
    kept = folder / "state" / "keys" / "unit.key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700

    (folder / "signed.pem").write_bytes(signer.sign(folder / "unit.csr"))
    (folder / "chain.pem").write_bytes(signer.chains[chain])
    done = run(f"--certificate signed.pem --chain chain.pem --drop-root --json {NAMES}")
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["certificates"], facts["restarted"]) == (2, True)
    leaf = x509.load_pem_x509_certificate((folder / "signed.pem").read_bytes())
    assert facts["served_sha256"] == leaf.fingerprint(hashes.SHA256()).hex()
    serving = host.truth("unit").serving
    assert serving is not None
    assert serving.certificates == tuple(one.public_bytes(form.Encoding.DER) for one in (leaf, signer.issuer))


@pytest.fixture
def signed(signer: Signer, folder: Path) -> Signer:
    """The request is made, signed, and its chain beside it."""
    assert run(f"--csr unit.csr {NAMES}").exit_code == 0
    (folder / "signed.pem").write_bytes(signer.sign(folder / "unit.csr"))
    (folder / "expired.pem").write_bytes(signer.sign(folder / "unit.csr", -30, -2))
    (folder / "early.pem").write_bytes(signer.sign(folder / "unit.csr", 30, 60))
    (folder / "chain.pem").write_bytes(signer.chains["issuer"])
    foreign = Authority.create().issue("mcu.example")
    (folder / "foreign.pem").write_bytes(foreign.certificate_pem)
    return signer


REFUSED = {
    "foreign": ("--certificate foreign.pem", ["key_mismatch", "openssl x509 -noout -pubkey -in foreign.pem"]),
    "expired": ("--certificate expired.pem --chain chain.pem", ["certificate 1 expired on", "--anyway"]),
    "early": ("--certificate early.pem --chain chain.pem", ["certificate 1 is not valid before", "--anyway"]),
    "names": (
        "--certificate signed.pem --chain chain.pem --name mcu.example --name other.example",
        ["the certificate does not name other.example;"],
    ),
    "request": ("--certificate unit.csr", ["the file is the request; send it to the authority"]),
    "folder": ("--certificate .", [".: Is a directory"]),
    "no-key": ("--certificate signed.pem --key none.key", ["none.key: No such file"]),
}


@pytest.mark.parametrize(("command", "words"), REFUSED.values(), ids=REFUSED)
def test_what_nobody_could_use_is_not_sent(host: HostThread, signed: Signer, command: str, words: list[str]) -> None:
    before = host.truth("unit")
    result = run(command)
    assert result.exit_code == 4, result.stdout
    assert [word for word in words if word not in result.stderr] == []
    assert "Traceback" not in result.stderr
    assert host.truth("unit") == before


def test_what_has_expired_is_installed_when_that_is_said(host: HostThread, signed: Signer) -> None:
    result = run("--certificate expired.pem --chain chain.pem --anyway")
    assert result.exit_code == 0, result.stderr
    assert "advice: expired: certificate 1 expired on" in result.stderr


def test_a_dry_run_says_every_step_and_sends_questions_only(host: HostThread, signed: Signer, folder: Path) -> None:
    before = host.truth("unit")
    result = run("--certificate signed.pem --chain chain.pem --dry-run --json")
    assert result.exit_code == 0, result.stderr
    steps = json.loads(result.stdout)["steps"]
    wanted = ["log in", "upload there 2 certificates", "read there", "restart unit", "prove by handshake", "log out"]
    assert [step[: len(words)] for step, words in zip(steps, wanted, strict=True)] == wanted
    assert host.truth("unit") == before
    [evidence] = (folder / "state" / "runs").rglob("unit.jsonl")
    exchanges = [json.loads(line) for line in evidence.read_text().splitlines()]
    posted = [
        one["url"].rpartition("/")[2] for one in exchanges if one["kind"] == "exchange" and one["method"] != "GET"
    ]
    assert set(posted) == {"RPC2", "login_change.html"}


@dataclass
class Terminal:
    """What a person sees and types; the process that they talk to."""

    master: int
    process: subprocess.Popen[bytes]
    seen: str = ""

    def expect(self, words: str) -> None:
        """These words have come; what came before them is done with. The blank at the end of a question comes when
        what is typed no longer shows: what is typed earlier is thrown away."""
        deadline = Deadline.after(TYPING_SECONDS)
        while words not in self.seen:
            assert not deadline.expired, self.seen
            self._read(deadline)
        self.seen = self.seen.partition(words)[2]

    def type(self, text: str) -> None:
        os.write(self.master, f"{text}\n".encode())

    def end(self) -> tuple[int, str]:
        """The exit status, and what was left to be seen."""
        deadline = Deadline.after(TYPING_SECONDS)
        while self._read(deadline):
            assert not deadline.expired, self.seen
        return self.process.wait(TYPING_SECONDS), self.seen

    def _read(self, deadline: Deadline) -> bool:
        readable, _, _ = select.select([self.master], [], [], deadline.at_most(1.0))
        if not readable:
            return self.process.poll() is None
        try:
            octets = os.read(self.master, 4096)
        except OSError:
            # Linux says so when the last of the other side has gone.
            return False
        self.seen += octets.decode()
        return bool(octets)


@contextmanager
def typed(command: str) -> Iterator[Terminal]:
    """The command at a terminal of its own."""
    master, slave = pty.openpty()
    with ExitStack() as stack:
        stack.callback(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, b"\x18\0\xc8\0\0\0\0\0")
        process = subprocess.Popen(
            [sys.executable, "-c", AT_THE_TERMINAL, "install", "unit", *command.split()],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        stack.enter_context(process)
        stack.callback(process.kill)
        yield Terminal(master, process)


def test_a_passphrase_is_chosen_and_asked_for_at_the_terminal(host: HostThread, signer: Signer, folder: Path) -> None:
    with typed(f"--csr unit.csr --key-form des3 {NAMES}") as terminal:
        terminal.expect("New passphrase for the new key: ")
        terminal.type("correct horse")
        terminal.expect("Repeat for confirmation: ")
        terminal.type("correct house")
        terminal.expect("do not match")
        terminal.expect("New passphrase for the new key: ")
        terminal.type("correct horse")
        terminal.expect("Repeat for confirmation: ")
        terminal.type("correct horse")
        status, seen = terminal.end()
    assert (status, "correct" in seen, "(encrypted, readable by you alone)" in seen) == (0, False, True)
    assert b"DEK-Info: DES-EDE3-CBC," in (folder / "state" / "keys" / "unit.key").read_bytes()

    (folder / "signed.pem").write_bytes(signer.sign(folder / "unit.csr"))
    (folder / "chain.pem").write_bytes(signer.chains["root-issuer"])
    with typed("--certificate signed.pem --chain chain.pem") as terminal:
        terminal.expect("Passphrase of state/keys/unit.key: ")
        terminal.type("wrong horse")
        terminal.expect("that is not its passphrase")
        terminal.expect("Passphrase of state/keys/unit.key: ")
        terminal.type("correct horse")
        status, seen = terminal.end()
    assert status == 0, seen
    assert "changed: put in order, leaf first: 'CN=mcu.example'" in seen
    assert "unit serves sha256:" in seen
    assert "horse" not in seen
    assert host.truth("unit").boots == 1
    kept = [
        path for path in (folder / "state" / "runs").rglob("*") if path.is_file() and b"horse" in path.read_bytes()
    ]
    assert kept == []


def test_a_wrong_passphrase_in_a_file_is_told_before_anything_is_sent(
    host: HostThread, signer: Signer, folder: Path
) -> None:
    before = host.truth("unit")
    for name, text in {"pass": "correct horse", "wrong": "wrong horse"}.items():
        (folder / name).write_text(f"{text}\n")
    assert run(f"--csr unit.csr --passphrase-file pass {NAMES}").exit_code == 0
    (folder / "signed.pem").write_bytes(signer.sign(folder / "unit.csr"))
    result = run("--certificate signed.pem --passphrase-file wrong")
    assert result.exit_code == 4
    assert "would refuse this pair: wrong_passphrase" in result.stderr
    assert "the passphrase is not the key's" in result.stderr
    assert "horse" not in result.stderr
    assert host.truth("unit") == before


def test_a_third_wrong_passphrase_is_the_last(host: HostThread, folder: Path) -> None:
    (folder / "pass").write_text("correct horse\n")
    assert run(f"--csr unit.csr --passphrase-file pass {NAMES}").exit_code == 0
    (folder / "signed.pem").write_bytes(Authority.create().issue("unit.example").certificate_pem)
    with typed("--certificate signed.pem") as terminal:
        for _ in range(3):
            terminal.expect("Passphrase of state/keys/unit.key: ")
            terminal.type("wrong")
            terminal.expect("that is not its passphrase")
        status, seen = terminal.end()
    assert status == 4
    assert "none of 3 passphrases was its own; nothing was sent" in seen
    assert host.truth("unit").boots == 0


KEYS: dict[str, Callable[[], Key]] = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("key_form", [KeyForm.PLAIN, KeyForm.DES3, KeyForm.AES256])
def test_every_form_of_a_key_is_what_openssl_reads(kind: str, key_form: KeyForm, folder: Path) -> None:
    key = KEYS[kind]()
    pem = written(key, key_form, b"p\xc3\xa4ss word")
    (folder / "pass").write_bytes(b"p\xc3\xa4ss word\n")
    (folder / "key.pem").write_bytes(pem)
    command = ["openssl", "pkey", "-in", "key.pem", "-passin", "file:pass", "-outform", "DER", "-pubout"]
    read = subprocess.run(command, capture_output=True, check=True).stdout
    assert read == key.public_key().public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("version", KNOWN_GENERATIONS)
def test_every_firmware_reads_the_vendors_form(version: str) -> None:
    issued = Authority.create().issue("unit.example")
    secret = written(issued.key, KeyForm.DES3, b"correct horse")
    receive(Upload(issued.certificate_pem, secret, b"correct horse"), firmware_named(version))
