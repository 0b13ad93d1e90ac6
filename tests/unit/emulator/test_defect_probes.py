"""Every defect breaks the documented behaviour that its row names; a unit without it keeps it.

For each there is a probe: one look at a unit from outside that tells whether the behaviour is kept.
"""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
import subprocess
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from certstore import Upload
from harness import catalogue, pki
from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.defects import DEFECTS
from harness.emulator.hosting import HostThread, hosted
from harness.emulator.pair import FACTORY
from harness.errors import DeadlineExpired
from harness.kinds import KINDS, ODD_ORGANISATION
from harness.tls.handshake import Endpoint, HandshakeFailed, take_handshake
from tests.loopback import address

PATIENCE = 60.0
"""For what must come."""
GLANCE = 0.3
"""For what must not come, or may not: some fifteen restarts of such a unit."""


@dataclass
class Specimen:
    """One running unit and somebody logged in to it."""

    blueprint: Blueprint
    host: HostThread
    visitor: Any

    @property
    def patience(self) -> float:
        """For what a unit must do, and one with a defect perhaps never does."""
        return PATIENCE if self.blueprint.defect is None else GLANCE

    def issue(self) -> pki.Issued:
        return pki.run_authority().issue(self.blueprint.address)

    def good(self) -> Upload:
        issued = self.issue()
        return Upload(issued.certificate_pem, pki.key_pem(issued.key))

    def upload(self, upload: Upload) -> tuple[bytes, ...]:
        """Its certificates, whatever becomes of it."""
        self.visitor.upload(upload)
        blocks = re.findall(
            rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", upload.certificate, re.DOTALL
        )
        return tuple(map(pki.pem_to_der, blocks))

    def remove(self) -> None:
        self.visitor.visit("/certificates.html")
        self.visitor.press("Delete custom certificate and key")

    def stored(self) -> tuple[bytes, ...]:
        return self.host.truth(self.blueprint.name).stored.certificates

    def served(self, port: int | None = None, address: str | None = None) -> tuple[bytes, ...]:
        endpoint = Endpoint(address or self.blueprint.address, port or self.blueprint.https)
        return take_handshake(endpoint, Deadline.after(PATIENCE)).presented_chain

    def takes(self, upload: Upload) -> bool:
        """Stored whole."""
        return self.upload(upload) == self.stored()

    def call(self, method: str, **arguments: object) -> Any:
        login = {
            "authenticationUser": self.blueprint.user,
            "authenticationPassword": self.blueprint.password,
            **arguments,
        }
        with xmlrpc.client.ServerProxy(f"http://{self.blueprint.address}:{self.blueprint.http}/RPC2") as unit:
            return getattr(unit, method)(login)

    @property
    def boots(self) -> int:
        return self.host.truth(self.blueprint.name).boots

    def phase(self) -> str:
        return self.host.truth(self.blueprint.name).phase

    def starts(self, seconds: float, boots: int) -> bool:
        """Whether it has started once more than `boots` times before that long, and is active."""
        return came(seconds, lambda: self.boots > boots and self.phase() == "active")

    def restart(self, seconds: float = PATIENCE) -> bool:
        """By the API. Whether it is back in that time; then somebody is logged in again."""
        boots = self.boots
        self.call("device.restart")
        return self.starts(seconds, boots)

    def cut_power(self) -> None:
        boots = self.boots
        self.host.cut_power(self.blueprint.name)
        assert self.starts(PATIENCE, boots)

    def log_in(self) -> None:
        self.visitor.log_in(self.blueprint.user, self.blueprint.password)

    def is_open(self, port: int, address: str | None = None) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((address or self.blueprint.address, port)) == 0

    def installed(self) -> tuple[bytes, ...]:
        """The certificates of a pair that is stored and served."""
        certificates = self.upload(self.good())
        self.restart()
        self.log_in()
        return certificates

    def page_says(self, text: str) -> bool:
        return text in self.visitor.page.text


def came(seconds: float, look: Callable[[], bool]) -> bool:
    try:
        return Deadline.after(seconds).wait_for("it", look, every=0.01)
    except DeadlineExpired:
        return False


def takes(change: Callable[[bytes], bytes]) -> Callable[[Specimen], bool]:
    """Both files of a good upload changed like this."""

    def probe(unit: Specimen) -> bool:
        good = unit.good()
        return unit.takes(Upload(change(good.certificate), change(good.private_key)))

    return probe


def rewrapped(text: bytes) -> bytes:
    def block(found: re.Match[bytes]) -> bytes:
        octets = base64.b64decode(found[2])
        return found[1] + base64.encodebytes(octets) + found[3]

    return re.sub(rb"(-----BEGIN [^-]+-----\n)(.*?)(-----END [^-]+-----\n)", block, text, flags=re.DOTALL)


def encrypted(passphrase: bytes) -> Callable[[Specimen], bool]:
    """A key encrypted in the traditional way, AES-256-CBC."""

    def probe(unit: Specimen) -> bool:
        issued = unit.issue()
        key = issued.key.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(passphrase)
        )
        return unit.takes(Upload(issued.certificate_pem, key, passphrase))

    return probe


def pkcs8(unit: Specimen) -> bool:
    issued = unit.issue()
    key = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return unit.takes(Upload(issued.certificate_pem, key))


def converted(command: str, key: bytes) -> bytes:
    """By the openssl command line, with the passphrase `correct horse` for what it writes."""
    with subprocess.Popen(
        ["openssl", *command.split(), "-in", "/dev/stdin", "-passout", "env:NEW"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "NEW": "correct horse"},
    ) as process:
        written, _ = process.communicate(key)
    return written


def openssl_key(command: str) -> Callable[[Specimen], bool]:
    def probe(unit: Specimen) -> bool:
        good = unit.good()
        return unit.takes(Upload(good.certificate, converted(command, good.private_key), b"correct horse"))

    return probe


def expired(unit: Specimen) -> bool:
    key, name = pki.rsa_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    dated = builder.not_valid_before(datetime.now(UTC) - timedelta(9)).not_valid_after(
        datetime.now(UTC) - timedelta(1)
    )
    return unit.takes(Upload(dated.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), pki.key_pem(key)))


def takes_kind(kind: str) -> Callable[[Specimen], bool]:
    return lambda unit: unit.takes(KINDS[kind].make(unit.blueprint.address, "unit").upload)


def no_passphrase_is_remembered(unit: Specimen) -> bool:
    upload = KINDS["AES-128-CBC"].make(unit.blueprint.address, "unit").upload
    unit.upload(Upload(unit.good().certificate, b"nonsense", upload.passphrase))
    return not unit.takes(replace(upload, passphrase=None))


def asks_for_no_certificate(unit: Specimen) -> bool:
    unit.installed()
    shown = take_handshake(Endpoint(unit.blueprint.address, unit.blueprint.https), Deadline.after(PATIENCE))
    return "CertificateRequest" not in [one.name for one in shown.messages]


def reboot_required_after_a_second_upload(unit: Specimen) -> bool:
    unit.upload(unit.good())
    unit.upload(unit.good())
    return bool(unit.call("device.query")["rebootRequired"])


def table_has_no_markup(unit: Specimen) -> bool:
    unit.upload(KINDS["markup in its name"].make(unit.blueprint.address, "unit").upload)
    unit.visitor.visit("/certificates.html")
    return ODD_ORGANISATION in (unit.visitor.table()["Subject"] or "")


def table_describes_the_factory_pair(unit: Specimen) -> bool:
    unit.visitor.visit("/certificates.html")
    return bool(unit.visitor.table()["Subject"])


UPLOADED = "have been uploaded"


def wrong_passphrase_is_told(unit: Specimen) -> bool:
    unit.upload(catalogue.wrong_passphrase("127.0.0.1"))
    return not unit.page_says(UPLOADED)


def mismatch_is_told(unit: Specimen) -> bool:
    unit.upload(Upload(unit.good().certificate, unit.good().private_key))
    return not unit.page_says(UPLOADED)


def mismatch_is_refused(unit: Specimen) -> bool:
    unit.upload(Upload(unit.good().certificate, unit.good().private_key))
    return unit.stored() == FACTORY.certificates


def served_after_restart(unit: Specimen) -> bool:
    return unit.installed() == unit.served()


def served_after_power_cut(unit: Specimen) -> bool:
    certificates = unit.upload(unit.good())
    unit.cut_power()
    return certificates == unit.served()


def removed_for_good(unit: Specimen) -> bool:
    unit.installed()
    unit.remove()
    unit.cut_power()
    return unit.served() == FACTORY.certificates


def whole_after_any_power_cut(unit: Specimen) -> bool:
    old = unit.installed()
    for steps in range(100):
        boots = unit.boots
        new = unit.good()
        unit.host.cut_power_after(unit.blueprint.name, steps)
        try:
            certificates = unit.upload(new)
        except requests.ConnectionError:
            assert unit.starts(PATIENCE, boots)
        else:
            return True
        blocks = re.findall(rb"-----BEGIN CERT.*?END CERTIFICATE-----", new.certificate, re.DOTALL)
        certificates = tuple(map(pki.pem_to_der, blocks))
        now = unit.served()
        if now not in (old, certificates):
            return False
        old = now
        unit.log_in()
    raise AssertionError("an upload takes more than a hundred steps")


def refusal_changes_nothing(unit: Specimen) -> bool:
    certificates = unit.installed()
    unit.upload(Upload(b"nonsense", b"nonsense"))
    return unit.stored() == certificates


def refusal_leaves_what_waits(unit: Specimen) -> bool:
    certificates = unit.upload(unit.good())
    unit.upload(Upload(b"nonsense", b"nonsense"))
    return unit.stored() == certificates


def large_upload_changes_nothing(unit: Specimen) -> bool:
    certificates = unit.installed()
    good = unit.good()
    unit.upload(Upload(b"a line of text\n" * 1200000 + good.certificate, good.private_key))
    return unit.stored() == certificates


def table_tells_the_months(unit: Specimen) -> bool:
    issued = unit.issue()
    unit.upload(Upload(issued.certificate_pem, pki.key_pem(issued.key)))
    expires = x509.load_der_x509_certificate(issued.chain_der[0]).not_valid_after_utc
    unit.visitor.visit("/certificates.html")
    return unit.page_says(f"{expires:%d %B %Y}")


def stays_closed(unit: Specimen) -> bool:
    row = {"name": "https", "setting": False}
    unit.call("services.modify", portA=[row])
    assert came(PATIENCE, lambda: not unit.is_open(unit.blueprint.https))
    assert unit.restart()
    return not unit.is_open(unit.blueprint.https)


def second_upload_counts(unit: Specimen) -> bool:
    unit.installed()
    return unit.takes(unit.good())


def new_pair_waits(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return unit.served() == FACTORY.certificates


def removal_waits(unit: Specimen) -> bool:
    certificates = unit.installed()
    unit.remove()
    return unit.served() == certificates


def every_connection_alike(unit: Specimen) -> bool:
    certificates = unit.installed()
    return all(unit.served() == certificates for _ in range(4))


def sip_tls_alike(unit: Specimen) -> bool:
    return unit.installed() == unit.served(unit.blueprint.sip_tls)


def no_session_outlives_it(unit: Specimen) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")

    def connect(session: ssl.SSLSession | None) -> tuple[ssl.SSLSession | None, bool | None]:
        with (
            socket.create_connection((unit.blueprint.address, unit.blueprint.https), timeout=PATIENCE) as connection,
            context.wrap_socket(connection, session=session) as tls,
        ):
            return tls.session, tls.session_reused

    session, _ = connect(None)
    # The comparison is worth something only where sessions are resumed at all.
    assert connect(session)[1]
    unit.installed()
    return connect(session)[1] is False


def banner_before(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return unit.visitor.page.find(class_="banner") is not None


def no_banner_after(unit: Specimen) -> bool:
    unit.installed()
    return unit.visitor.page.find(class_="banner") is None


def reboot_required_before(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return bool(unit.call("device.query")["rebootRequired"])


def reboot_not_required_after(unit: Specimen) -> bool:
    unit.installed()
    return not unit.call("device.query")["rebootRequired"]


def table_describes_it(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return unit.blueprint.address in unit.visitor.table()["Subject"]


def table_says_match(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return bool(unit.visitor.table()["Private key"] == "Key matches certificate")


def uptime_falls(unit: Specimen) -> bool:
    unit.restart()
    return bool(unit.call("device.query")["uptime"] < 60)


def restart_time_moves(unit: Specimen) -> bool:
    before = unit.call("device.query")["restartTime"]
    unit.restart()
    return bool(str(unit.call("device.query")["restartTime"]) > str(before))


def restart_is_logged_once(unit: Specimen) -> bool:
    unit.restart()
    return len(unit.call("device.restartlog.query")["log"]) == 2


def reason_is_true(unit: Specimen) -> bool:
    unit.restart()
    return bool(unit.call("device.restartlog.query")["log"][-1]["reason"] == "User requested reboot from API")


def finishes_booting(unit: Specimen) -> bool:
    unit.restart()
    return came(unit.patience, lambda: bool(unit.call("device.query")["finishedBooting"]))


def restarts_when_told(unit: Specimen) -> bool:
    return unit.restart(unit.patience)


def restarts_once(unit: Specimen) -> bool:
    return unit.restart() and not came(GLANCE, lambda: unit.boots > 1)


def shuts_down(unit: Specimen) -> bool:
    unit.call("device.restart", shutdownOnly=True)
    return came(unit.patience, lambda: unit.phase() == "shut down")


def post(unit: Specimen, **files: object) -> None:
    unit.visitor.visit("/certificates.html")
    form = unit.visitor.page.find("form", enctype="multipart/form-data")
    fields = {field["name"]: field.get("value", "") for field in form.find_all("input", type="hidden")}
    address = f"http://{unit.blueprint.address}:{unit.blueprint.http}{form['action']}"
    unit.visitor.post(address, data=fields, files=files, allow_redirects=False)


def takes_files_of_other_names(unit: Specimen) -> bool:
    good = unit.good()
    post(unit, certificate=("unit.cer", good.certificate), private_key=("unit.key", good.private_key))
    return unit.stored() != FACTORY.certificates


def waits_to_be_restarted(unit: Specimen) -> bool:
    good = unit.good()
    post(unit, certificate=good.certificate, private_key=good.private_key)
    return not came(GLANCE, lambda: unit.phase() != "active" or unit.boots > 0)


def stays_open(service: str) -> Callable[[Specimen], bool]:
    def probe(unit: Specimen) -> bool:
        unit.restart()
        return unit.is_open(getattr(unit.blueprint, service))

    return probe


def alike_at_port_b(unit: Specimen) -> bool:
    certificates = unit.installed()
    [other] = unit.blueprint.also_at
    return certificates == unit.served() == unit.served(address=other)


def open_at_port_b(unit: Specimen) -> bool:
    unit.restart()
    [other] = unit.blueprint.also_at
    return unit.is_open(unit.blueprint.https, other)


def needs_a_key(service: str) -> Callable[[Specimen], bool]:
    def probe(unit: Specimen) -> bool:
        built = replace(unit.blueprint, name="keyless", address=address(), also_at=(), features=())
        with hosted([built]), socket.socket() as probe:
            return probe.connect_ex((built.address, getattr(built, service))) != 0

    return probe


def strangers_cannot_upload(unit: Specimen) -> bool:
    good = unit.good()
    requests.post(
        f"http://{unit.blueprint.address}:{unit.blueprint.http}/certificates_change.html",
        files={"certificate": good.certificate, "private_key": good.private_key},
        timeout=PATIENCE,
    )
    return unit.stored() == FACTORY.certificates


def guests_are_denied(unit: Specimen) -> bool:
    unit.visitor.visit("/logout.html")
    unit.visitor.log_in("guest", "")
    unit.visitor.visit("/certificates.html")
    return unit.visitor.page.find("input", value="Upload certificate and key") is None


def cookie_is_bound(unit: Specimen) -> bool:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in unit.visitor.session.cookies)
    elsewhere = http.client.HTTPConnection(
        unit.blueprint.address, unit.blueprint.http, timeout=PATIENCE, source_address=("127.0.0.77", 0)
    )
    elsewhere.request("GET", "/certificates.html", headers={"Cookie": cookies})
    with elsewhere.getresponse() as answer:
        shown = answer.read()
    elsewhere.close()
    return b"Upload certificate and key" not in shown


def cookie_ends(unit: Specimen) -> bool:
    unit.restart()
    unit.visitor.visit("/certificates.html")
    return unit.visitor.page.find("input", value="Upload certificate and key") is None


def key_not_on_page(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return "PRIVATE KEY" not in str(unit.visitor.page)


def log_without(secret: str, page: str) -> Callable[[Specimen], bool]:
    """The upload is in the log, the secret is not."""

    def probe(unit: Specimen) -> bool:
        unit.visitor.visit("/audit_log.html")
        unit.visitor.press("Enable auditing")
        good = unit.good()
        unit.upload(Upload(good.certificate, good.private_key, b"correct horse"))
        unit.visitor.visit(page)
        assert unit.page_says("uploaded")
        return not unit.page_says(secret)

    return probe


def audit_goes_on(text: str) -> Callable[[Specimen], bool]:
    """What the page of the audit log says after an upload and a restart."""

    def probe(unit: Specimen) -> bool:
        unit.visitor.visit("/audit_log.html")
        unit.visitor.press("Enable auditing")
        unit.installed()
        unit.visitor.visit("/audit_log.html")
        return unit.page_says(text)

    return probe


def key_not_in_log_after_a_restart(unit: Specimen) -> bool:
    unit.installed()
    unit.visitor.visit("/web_logging.html")
    return not unit.page_says("PRIVATE KEY")


def shown_at(unit: Specimen, path: str) -> str:
    return str(unit.visitor.get(f"http://{unit.blueprint.address}:{unit.blueprint.http}{path}").text)


def key_not_in_web_folder(unit: Specimen) -> bool:
    unit.upload(unit.good())
    return "PRIVATE KEY" not in shown_at(unit, "/privkey.pem")


def guests_get_no_configuration(unit: Specimen) -> bool:
    unit.visitor.visit("/logout.html")
    unit.visitor.log_in("guest", "")
    return "<configuration" not in shown_at(unit, "/configuration.xml")


def key_not_in_configuration(unit: Specimen) -> bool:
    unit.upload(unit.good())
    shown = shown_at(unit, "/configuration.xml")
    assert "<configuration" in shown
    return "PRIVATE KEY" not in shown


def handshakes(unit: Specimen) -> bool:
    unit.installed()
    try:
        unit.served()
    except HandshakeFailed:
        return False
    return True


PROBES: Mapping[str, Callable[[Specimen], bool]] = {
    "windows-line-ends-refused": takes(lambda text: text.replace(b"\n", b"\r\n")),
    "trailing-blanks-refused": takes(lambda text: text.replace(b"\n", b" \n")),
    "long-lines-refused": takes(rewrapped),
    "text-before-block-refused": takes(lambda text: b"Certificate:\n    Data:\n" + text),
    "missing-final-newline-refused": takes(bytes.rstrip),
    "two-objects-in-a-file-refused": lambda unit: unit.takes(
        Upload((good := unit.good()).certificate, good.certificate + good.private_key)
    ),
    "files-cut-at-4096-octets": takes(lambda text: b"    Data:\n" * 500 + text),
    "last-certificate-taken": lambda unit: unit.takes(unit.good()),
    "first-intermediate-only": lambda unit: unit.takes(unit.good()),
    "out-of-date-certificate-refused": expired,
    "pkcs8-refused": pkcs8,
    "encrypted-pkcs8-refused": openssl_key("pkcs8 -topk8 -v1 PBE-SHA1-3DES"),
    "triple-des-missing": openssl_key("rsa -traditional -des3"),
    "aes-missing": encrypted(b"correct horse"),
    "passphrase-cut-at-8": encrypted(b"correct horse"),
    "passphrase-trimmed": encrypted(b" correct horse "),
    "passphrase-in-upper-case": encrypted(b"correct horse"),
    "passphrase-plus-becomes-blank": encrypted(b"correct+horse"),
    "passphrase-through-a-shell": encrypted(b"$HOME and `horse`"),
    "passphrase-remembered": no_passphrase_is_remembered,
    "pem-names-only": takes_files_of_other_names,
    "odd-key-sizes-refused": takes_kind("RSA 1536"),
    "windows-line-ends-in-encrypted-key-refused": takes_kind("encrypted, CRLF"),
    "key-in-certificate-file-refused": takes_kind("one file for both"),
    "version-1-refused": takes_kind("X.509 version 1"),
    "large-certificate-refused": takes_kind("200 host names"),
    "passphrase-for-plain-key-refused": lambda unit: unit.takes(
        Upload((good := unit.good()).certificate, good.private_key, b"correct horse")
    ),
    "wrong-passphrase-reported-as-success": wrong_passphrase_is_told,
    "refusals-reported-as-success": mismatch_is_told,
    "foreign-key-accepted": mismatch_is_refused,
    "upload-not-written": served_after_restart,
    "pair-lost-on-power-cut": served_after_power_cut,
    "pair-torn-by-power-cut": whole_after_any_power_cut,
    "pair-mixed-by-power-cut": whole_after_any_power_cut,
    "former-pair-after-power-cut": served_after_power_cut,
    "removed-pair-returns": removed_for_good,
    "removal-ignored": removed_for_good,
    "refused-upload-clears-pair": refusal_changes_nothing,
    "refused-upload-drops-what-waits": refusal_leaves_what_waits,
    "large-upload-clears-pair": large_upload_changes_nothing,
    "second-upload-ignored": second_upload_counts,
    "old-pair-after-restart": served_after_restart,
    "new-pair-before-restart": new_pair_waits,
    "factory-pair-before-restart": removal_waits,
    "intermediates-dropped": served_after_restart,
    "intermediates-reversed": served_after_restart,
    "leaf-sent-twice": served_after_restart,
    "factory-certificate-appended": served_after_restart,
    "lookalike-served": served_after_restart,
    "some-connections-old-pair": every_connection_alike,
    "first-connection-factory-pair": served_after_restart,
    "port-b-old-pair": alike_at_port_b,
    "port-b-closed-after-restart": open_at_port_b,
    "sip-tls-old-pair": sip_tls_alike,
    "asks-for-client-certificates": asks_for_no_certificate,
    "no-handshake-after-restart": handshakes,
    "old-sessions-resumed": no_session_outlives_it,
    "banner-missing": banner_before,
    "banner-stays": no_banner_after,
    "reboot-required-missing": reboot_required_before,
    "reboot-required-stays": reboot_not_required_after,
    "reboot-required-once": reboot_required_after_a_second_upload,
    "status-table-is-markup": table_has_no_markup,
    "status-table-blank-for-factory": table_describes_the_factory_pair,
    "status-table-stale": table_describes_it,
    "status-table-always-factory": table_describes_it,
    "status-table-says-mismatch": table_says_match,
    "status-table-tells-wrong-months": table_tells_the_months,
    "uptime-not-reset": uptime_falls,
    "restart-time-stale": restart_time_moves,
    "restart-log-missing": restart_is_logged_once,
    "restart-log-twice": restart_is_logged_once,
    "restart-log-wrong-reason": reason_is_true,
    "audit-log-lost-at-restart": audit_goes_on("certificate and private key were uploaded"),
    "auditing-off-after-restart": audit_goes_on("Auditing is enabled"),
    "never-finishes-booting": finishes_booting,
    "restart-ignored": restarts_when_told,
    "restart-hangs": restarts_when_told,
    "restart-loops": restarts_once,
    "shutdown-hangs": shuts_down,
    "restarts-at-upload": waits_to_be_restarted,
    "https-closed-after-restart": stays_open("https"),
    "http-closed-after-restart": stays_open("http"),
    "https-open-again-after-restart": stays_closed,
    "upload-without-login": strangers_cannot_upload,
    "guests-may-upload": guests_are_denied,
    "https-without-feature-key": needs_a_key("https"),
    "sip-tls-without-feature-key": needs_a_key("sip_tls"),
    "cookie-from-anywhere": cookie_is_bound,
    "cookie-outlives-restart": cookie_ends,
    "key-in-page-source": key_not_on_page,
    "key-in-configuration": key_not_in_configuration,
    "key-in-web-folder": key_not_in_web_folder,
    "key-in-event-log-at-start": key_not_in_log_after_a_restart,
    "configuration-for-guests": guests_get_no_configuration,
    "key-in-event-log": log_without("PRIVATE KEY", "/web_logging.html"),
    "passphrase-in-audit-log": log_without("correct horse", "/audit_log.html"),
    "passphrase-in-event-log": log_without("correct horse", "/web_logging.html"),
}

HEALTHY = {name: probe for name, probe in PROBES.items() if next(k for k, v in PROBES.items() if v is probe) == name}
"""Each probe once: several defects may break the same behaviour."""


@contextmanager
def specimen(blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], defect: str | None) -> Iterator[Specimen]:
    built = replace(
        blueprint,
        defect=defect,
        restart_seconds=0.02,
        ticked=("http", "https", "sips_tcp"),
        also_at=(address(),),
    )
    with hosted([built]) as host, visitor_of(built) as visitor:
        unit = Specimen(built, host, visitor)
        unit.log_in()
        yield unit


@pytest.mark.parametrize("defect", PROBES)
def test_a_defect_breaks_what_it_says(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], defect: str
) -> None:
    with specimen(blueprint, visitor_of, defect) as unit:
        assert not PROBES[defect](unit)


@pytest.mark.parametrize("probe", HEALTHY.values(), ids=HEALTHY)
def test_a_unit_without_defect_keeps_it(
    blueprint: Blueprint, visitor_of: Callable[[Blueprint], Any], probe: Callable[[Specimen], bool]
) -> None:
    with specimen(blueprint, visitor_of, None) as unit:
        assert probe(unit)


def test_every_defect_has_a_probe() -> None:
    assert PROBES.keys() == DEFECTS.keys()
