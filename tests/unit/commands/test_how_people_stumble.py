"""How people stumble (device-reference 12), row by row: what somebody types, and what they read then."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import mechanicalsoup
import pytest
import requests
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.serialization import pkcs12

from certstore import Refusal, Upload
from harness.cli import group
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread, hosted
from harness.lab import Place, load_lab
from harness.pki import Authority, key_pem
from tests.loopback import address
from tests.passphrases import wrong_for

ADDRESS = address()
AUTHORITY = Authority.create(intermediates=1)
OURS, OTHER = AUTHORITY.issue(ADDRESS), AUTHORITY.issue("other.example")
STRANGER = AUTHORITY.issue("unit.example")
LEAF, INTERMEDIATE = OURS.certificate_blocks
DER = x509.load_pem_x509_certificate(LEAF).public_bytes(form.Encoding.DER)
PASSPHRASE = b"correct horse"
DAMAGED = LEAF.replace(b"MII", b"MAA", 1)


def written_by(command: str, key: bytes = key_pem(OURS.key)) -> bytes:
    return subprocess.run(["openssl", *shlex.split(command)], input=key, capture_output=True, check=True).stdout


VENDORS = written_by("rsa -traditional -des3 -passout pass:'correct horse'")
FILES: Mapping[str, bytes] = {
    "windows-ca.cer": DER,
    "wizard.pfx": pkcs12.serialize_key_and_certificates(
        b"unit", OURS.key, x509.load_pem_x509_certificate(LEAF), None, form.BestAvailableEncryption(PASSPHRASE)
    ),
    "unit.pem": LEAF + INTERMEDIATE,
    "leaf.pem": LEAF,
    "stranger.pem": STRANGER.certificate_pem,
    "upside-down.pem": INTERMEDIATE + LEAF,
    "crlf.pem": (LEAF + INTERMEDIATE).replace(b"\n", b"\r\n"),
    "mac.pem": (LEAF + INTERMEDIATE).replace(b"\n", b"\r"),
    "damaged.pem": DAMAGED,
    "damaged-chain.pem": LEAF + DAMAGED,
    "huge.pem": LEAF + b"#" * 2**24,
    "unit.key": key_pem(OURS.key),
    "stranger.key": key_pem(STRANGER.key),
    "other.key": key_pem(OTHER.key),
    "damaged.key": key_pem(OURS.key).replace(b"MII", b"MAA", 1),
    "pkcs8.key": OURS.key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.BestAvailableEncryption(PASSPHRASE)
    ),
    "vendor.key": VENDORS,
    "odd.key": written_by("rsa -traditional -des3 -passout pass:'schön+&%'"),
    "pass": PASSPHRASE + b"\n",
    "odd.pass": "schön+&%\n".encode(),
    "wrong.pass": wrong_for(VENDORS) + b"\n",
    "endless.pass": b"x" * 1100 + b"\n",
    "ed25519.key": written_by("genpkey -algorithm ed25519", b""),
    "root.pem": AUTHORITY.root_pem,
}
LAB = """
[lab]
state_dir = "{folder}/state"
[[place]]
name = "unit"
model = "MCU 4505"
address = "{address}"
ports = {{ http = 8080, https = {https} }}
emulated = {{ firmware = "{firmware}", restart_seconds = 0.2, switches = {{ {switches} }} }}
"""


@dataclass
class Bench:
    """A folder with the files, and a unit when it is wanted."""

    folder: Path
    stack: ExitStack
    host: HostThread | None = None

    def lab(self, **changes: object) -> Place:
        plain = {"folder": self.folder, "address": ADDRESS, "https": 8443, "firmware": "4.5(1.71)", "switches": ""}
        (self.folder / "lab.toml").write_text(LAB.format(**(plain | changes)))
        return load_lab(self.folder / "lab.toml").places[0]

    def start(self, **changes: object) -> Place:
        place = self.lab(**changes)
        self.host = self.stack.enter_context(hosted([Blueprint.of(place)]))
        return place

    def reads(self, command: str, status: int) -> str:
        """What somebody reads who types this, white space folded."""
        result = CliRunner(env={"COLUMNS": "800"}).invoke(group, shlex.split(command))
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return " ".join(result.output.split())

    def store(self, upload: Upload) -> None:
        """A pair is uploaded, and nobody restarts the unit."""
        with open_unit(load_lab(self.folder / "lab.toml").places[0]) as unit:
            assert unit.upload(upload).taken

    def restart(self) -> None:
        assert self.host is not None
        self.host.restart("unit")
        host = self.host
        Deadline.after(20).wait_for("start", lambda: host.truth("unit").phase == "active", 0.05)

    def set(self, page: str, setting: str, *, value: str | bool) -> None:
        """A setting of the unit's own pages is changed, as a person does."""
        with mechanicalsoup.StatefulBrowser(soup_config={"features": "lxml"}) as browser:
            browser.open(f"http://{ADDRESS}:8080/")
            browser.select_form()
            browser["user_name"], browser["password"] = "admin", ""
            browser.submit_selected()
            browser.open(f"http://{ADDRESS}:8080{page}")
            control = browser.page.find(id=setting) or browser.page.find(attrs={"name": setting})
            browser.select_form(control.find_parent("form"))
            browser[control["name"]] = value
            # Where it then leads to HTTPS, this browser is too young for the unit.
            with suppress(requests.exceptions.SSLError):
                browser.submit_selected()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


def says(text: str, *sentences: str) -> None:
    assert [sentence for sentence in sentences if sentence not in text] == [], text


def test_a_der_file_from_a_windows_ca(bench: Bench) -> None:
    bench.start()
    remedy = "the file is DER; the unit reads PEM", "openssl x509 -inform DER -in windows-ca.cer -out"
    says(bench.reads("judge windows-ca.cer unit.key", 1), "refused: no_certificate", *remedy)
    told = bench.reads("install unit --certificate windows-ca.cer --key unit.key", 4)
    says(told, "nothing was sent: firmware 4.5(1.71) would refuse this pair", *remedy)


def test_a_pair_that_a_wizard_has_locked_into_a_pfx(bench: Bench) -> None:
    told = bench.reads("judge wizard.pfx wizard.pfx", 1)
    says(
        told,
        "refused: no_certificate",
        "the file is PKCS#12 (.pfx, .p12), which holds certificate and key: take it apart",
        "openssl pkcs12 -in wizard.pfx -nokeys -out",
        "openssl rsa -traditional -des3 -in",
    )


def test_the_restart_was_forgotten(bench: Bench) -> None:
    bench.start()
    bench.store(Upload(FILES["unit.pem"], FILES["unit.key"]))
    told = bench.reads(f"handshake {ADDRESS}:8443 --upload unit.pem", 1)
    says(told, "leaf-uploaded broken", ": a unit serves what it had until it is restarted")
    told = bench.reads("doctor unit", 10)
    says(told, "a change waits for a restart: until then, the certificate of before is served", "Settings > Shutdown")


def test_the_certificate_does_not_name_what_people_type(bench: Bench) -> None:
    bench.start()
    command = "install unit --certificate stranger.pem --key stranger.key"
    told = bench.reads(f"{command} --name {ADDRESS}", 4)
    says(told, f"nothing was sent: the certificate does not name {ADDRESS}; --anyway installs it")
    says(
        bench.reads(f"{command} --dry-run", 0),
        f"address-not-named: the leaf does not name {ADDRESS}; name the address by which people open the unit",
    )
    bench.store(Upload(FILES["stranger.pem"], FILES["stranger.key"]))
    bench.restart()
    told = bench.reads(f"handshake {ADDRESS}:8443 --trust root.pem", 1)
    says(told, f"it does not name {ADDRESS}; it is for 'unit.example'")


def test_the_browser_warns_of_the_certificate_of_the_factory(bench: Bench) -> None:
    bench.start()
    told = bench.reads("doctor unit", 0)
    says(
        told,
        f"it is for 'Codian MCU', and not for {ADDRESS}: whoever opens that is warned",
        "mcu-hil install unit gives it a pair of its own; the one of the factory is on every unit",
    )
    says(
        bench.reads(f"handshake {ADDRESS}:8443 --trust root.pem", 1), "path-lenient broken", "self-signed certificate"
    )


NO_KEY = '"features.secure_management" = false, "features.encryption" = false'


def test_there_is_no_feature_key(bench: Bench) -> None:
    bench.start(switches=NO_KEY)
    says(
        bench.reads("doctor unit", 10),
        "feature key MISSING neither of the two; there are MCU activation",
        "enter the key Secure management (HTTPS) or Encryption at Settings > Upgrade; the maker has it",
        "HTTPS MISSING it is ticked, and not open",
    )
    told = bench.reads("install unit --self-signed", 1)
    says(told, "no button that uploads the pair", "(greyed out)", "needs the Secure management (HTTPS)")


def test_https_is_not_ticked(bench: Bench) -> None:
    bench.start()
    bench.set("/network_services.html", "https", value=False)
    told = bench.reads("doctor unit", 10)
    says(told, "HTTPS MISSING it is not ticked tick HTTPS (Secure web before 4.4) at Network > Services")
    told = bench.reads("install unit --self-signed", 4)
    says(told, "unit: HTTPS: it is not ticked: tick HTTPS", "nothing was sent")


def test_https_is_at_another_port(bench: Bench) -> None:
    bench.start()
    bench.lab(https=8444)
    told = bench.reads("install unit --self-signed", 4)
    says(told, "unit: HTTPS: open at port 8443; lab.toml says 8444: write ports.https = 8443; nothing was sent")
    assert bench.host is not None
    assert bench.host.truth("unit").boots == 0


def test_locked_out_by_a_client_certificate_mode(bench: Bench) -> None:
    bench.start()
    bench.set("/certificates.html", "client_security", value="required")
    why = "if the unit wants a client certificate, give it login.client_certificate"
    says(bench.reads("doctor unit", 10), "authorization failed; this was over HTTP, since HTTPS fails", why)
    told = bench.reads("install unit --self-signed", 4)
    says(told, "it is administered over HTTP, where passwords and keys can be read", why)


def test_locked_out_by_a_redirect_to_an_https_that_is_not_there(bench: Bench) -> None:
    bench.start()
    bench.set("/settings_security.html", "redirect", value=True)
    bench.lab(https=8444)
    told = bench.reads("doctor unit", 10)
    says(told, "HTTPS MISSING open at port 8443; lab.toml says 8444 write ports.https = 8443")


def test_clients_do_not_know_the_intermediate(bench: Bench) -> None:
    bench.start()
    told = bench.reads("install unit --certificate leaf.pem --key unit.key --dry-run", 0)
    says(told, "intermediate-missing", "--chain FILE appends it")
    bench.store(Upload(FILES["leaf.pem"], FILES["unit.key"]))
    bench.restart()
    told = bench.reads(f"handshake {ADDRESS}:8443 --trust root.pem", 1)
    says(
        told,
        "unable to get local issuer certificate; nobody sends the certificate of 'CN=mcu-hil test inter",
    )
    says(told, "upload it behind the leaf, or install it in the clients")


def test_browsers_of_today_do_not_reach_an_old_unit(bench: Bench) -> None:
    bench.start(firmware="2.4(1.2)")
    told = bench.reads(f"handshake {ADDRESS}:8443", 1)
    says(told, "versions broken: warning", "TLS 1.0; expected: TLS 1.2 or later")


@dataclass(frozen=True)
class Judged:
    """An upload of files, and what is read of it."""

    files: str
    refusal: Refusal | None
    says: tuple[str, ...]
    firmware: str = "4.5"


PKCS8 = "openssl rsa -traditional -des3 -in pkcs8.key -out for-unit.key"
JUDGED = {
    "pkcs8": Judged(
        "unit.pem pkcs8.key --passphrase-file pass",
        Refusal.UNSUPPORTED_ENCRYPTION,
        ("write the key in its traditional form: this firmware cannot read PBES2", PKCS8),
    ),
    "chain order": Judged(
        "upside-down.pem unit.key",
        Refusal.KEY_MISMATCH,
        ("put the unit's own certificate first, then its issuer, and so on up",),
    ),
    "CRLF": Judged("crlf.pem unit.key", None, ("accepted",)),
    "lone CR": Judged("mac.pem unit.key", Refusal.NO_CERTIFICATE, ("the lines end in CR alone", "tr '\\r' '\\n'")),
    "odd password characters": Judged(
        "unit.pem odd.key --passphrase-file odd.pass",
        None,
        ("passphrase-not-printable: the passphrase is not all printable ASCII", "encrypt the key anew"),
    ),
    "mixed upload": Judged(
        "unit.pem other.key",
        Refusal.KEY_MISMATCH,
        ("the key is not the certificate's: find the key that the request was made with",),
    ),
    "the vendor's own form": Judged("unit.pem vendor.key --passphrase-file pass", None, ("accepted",)),
    "no passphrase": Judged("unit.pem vendor.key", Refusal.PASSPHRASE_REQUIRED, ("passphrase",)),
    "wrong passphrase": Judged(
        "unit.pem vendor.key --passphrase-file wrong.pass", Refusal.WRONG_PASSPHRASE, ("passphrase",)
    ),
    "endless passphrase": Judged(
        "unit.pem vendor.key --passphrase-file endless.pass", Refusal.PASSPHRASE_TOO_LONG, ("passphrase",)
    ),
    "key in both fields": Judged("unit.key unit.key", Refusal.NO_CERTIFICATE, ("the file",)),
    "certificate in both fields": Judged("unit.pem unit.pem", Refusal.NO_KEY, ("the file",)),
    "damaged certificate": Judged("damaged.pem unit.key", Refusal.MALFORMED_CERTIFICATE, ("damaged.pem",)),
    "damaged issuer": Judged("damaged-chain.pem unit.key", Refusal.MALFORMED_CHAIN, ("damaged-chain.pem",)),
    "damaged key": Judged("unit.pem damaged.key", Refusal.MALFORMED_KEY, ("damaged.key",)),
    "young key": Judged("unit.pem ed25519.key", Refusal.UNSUPPORTED_KEY_TYPE, ("RSA",)),
    "huge file": Judged("huge.pem unit.key", Refusal.TOO_LARGE, ("huge.pem",)),
    "young certificate": Judged("ed25519.pem ed25519.key", Refusal.UNSUPPORTED_CERTIFICATE_KEY, ("RSA",)),
}


@pytest.mark.parametrize("case", JUDGED.values(), ids=JUDGED)
def test_what_is_read_of_files_that_people_upload(case: Judged, bench: Bench) -> None:
    if "ed25519.pem" in case.files:
        command = "req -x509 -key ed25519.key -subj /CN=unit -days 30 -out ed25519.pem"
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
    told = bench.reads(f"judge {case.files} --firmware {case.firmware}", 0 if case.refusal is None else 1)
    says(told, *case.says, *([f"refused: {case.refusal}", "remedy"] if case.refusal else ["accepted"]))


def test_every_refusal_is_read_by_somebody() -> None:
    assert {case.refusal for case in JUDGED.values()} - {None} == set(Refusal)
