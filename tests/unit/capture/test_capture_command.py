"""`mcu-hil capture`, on emulated units over loopback."""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from click.testing import CliRunner
from cryptography import x509

from harness.cli.capture import capture
from harness.lease import lease
from tests.unit.capture.conftest import ADDRESS, PASSWORD, Start

FEATURE_KEYS = ("53454-MANAGE-HTTPS", "3N9-ENCRYPTION")


def page_at(manifest: dict[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(page for page in manifest["pages"] if page["path"] == path and page["logged_in"])
    return found


@pytest.mark.parametrize("firmware", ["2.4(1)", "4.5(1.71)"])
def test_every_page_that_links_lead_to_is_kept(start: Start, firmware: str) -> None:
    bench = start(firmware)
    result = bench.capture()
    assert result.exit_code == 0, result.output
    manifest = bench.manifest()
    assert manifest["complete"]
    headings = {page.get("heading") for page in manifest["pages"]}
    assert headings >= {"SSL certificates", "Services", "System users", "Upgrade", "Event log", "Login page"}
    assert manifest["identity"]["software_version"] == firmware
    assert manifest["cookies"] == ["session_id; Path=/"]
    assert {"method": "POST", "path": "/login_change.html", "status": 303, "location": "/"} in manifest["redirects"]
    assert {answer["method"] for answer in manifest["api"]} >= {"device.query", "services.query"}


def test_each_file_is_in_the_manifest_with_its_digest_and_only_for_its_owner(start: Start) -> None:
    bench = start()
    assert bench.capture().exit_code == 0
    folder = bench.folder / "capture"
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    told = {file["name"]: file for file in bench.manifest()["files"]}
    assert files.keys() - {"manifest.json"} == told.keys()
    for name, file in told.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == file["sha256"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}


def test_forms_are_told_with_their_fields_by_name_and_label(start: Start) -> None:
    bench = start()
    assert bench.capture().exit_code == 0
    forms = page_at(bench.manifest(), "/certificates.html")["forms"]
    [upload] = [form for form in forms if any(field["name"] == "private_key" for field in form["fields"])]
    assert (upload["method"], upload["path"], upload["enctype"]) == (
        "post",
        "/certificates_change.html",
        "multipart/form-data",
    )
    fields = {field["name"]: field for field in upload["fields"]}
    assert fields["private_key_password"]["label"] == "Private key encryption password"
    assert fields["upload"]["caption"] == "Upload certificate and key"
    assert (fields["form_id"]["one_time"], fields["form_id"]["value"]) == (True, "***")


def test_what_the_tls_port_serves_is_kept(start: Start) -> None:
    bench = start()
    assert bench.capture().exit_code == 0
    tls = bench.manifest()["tls"]
    assert tls["versions"] == ["TLS 1.0"]
    assert tls["suites"]["TLS 1.0"] == ["RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_AES_256_CBC_SHA"]
    served = x509.load_pem_x509_certificates((bench.folder / "capture" / "chain.pem").read_bytes())
    assert len(served) == len(tls["chain"]) == 1


def test_nothing_is_changed_and_the_one_session_there_is_is_given_back(start: Start) -> None:
    bench = start(switches='"session.limit" = 1')
    before = bench.host.truth("unit")
    for output in ("first", "second"):
        assert bench.capture("--shutdown-page", output=output).exit_code == 0
        posted = {one["path"] for one in bench.manifest(output)["exchanges"] if one["method"] != "GET"}
        assert posted == {"/login_change.html", "/RPC2"}
    assert bench.host.truth("unit") == before


def test_the_shutdown_page_is_opened_only_when_that_is_said(start: Start) -> None:
    bench = start()
    assert bench.capture().exit_code == 0
    alone = {(one["text"], one["why"]) for one in bench.manifest()["left_alone"]}
    assert ("Shutdown", "leads to the shutdown") in alone
    assert ("Log out", "ends the session") in alone
    assert bench.capture("--shutdown-page", output="more").exit_code == 0
    [form] = page_at(bench.manifest("more"), "/settings_shutdown.html")["forms"]
    assert "Shut down MCU" in {field.get("caption") for field in form["fields"]}


def test_no_secret_is_in_any_file(start: Start) -> None:
    bench = start()
    assert bench.capture("--shutdown-page").exit_code == 0
    octets = PASSWORD.encode()
    forms = [octets, quote(octets).encode(), quote_plus(octets).encode(), octets.hex().encode()]
    forms += [base64.b64encode(octets).rstrip(b"=")[:-1], base64.b64encode(b"admin:" + octets)[8:-4], b"PRIVATE KEY"]
    forms += [key.encode() for key in FEATURE_KEYS]
    for path in (bench.folder / "capture").rglob("*.*"):
        content = path.read_bytes()
        assert [form for form in forms if form in content] == [], path
        if path.suffix == ".html":
            assert b'name="form_id"' not in content or b'value="***"' in content


def test_a_bound_is_kept_and_told(start: Start) -> None:
    bench = start()
    result = bench.capture("--pages", "7")
    assert result.exit_code == 10
    assert "not everything was read: 7 pages have been read, which is the bound (--pages)" in result.stdout
    assert len(bench.manifest()["pages"]) == 7


def test_what_was_seen_before_a_refused_log_in_is_kept(start: Start) -> None:
    bench = start()
    lab = bench.folder / "lab.toml"
    lab.write_text(lab.read_text().replace(PASSWORD, "another"))
    result = bench.capture()
    assert (result.exit_code, result.stderr.splitlines()[-1].startswith("mcu-hil capture: unit: ")) == (4, True)
    manifest = bench.manifest()
    assert not manifest["complete"]
    assert "/login.html" in {page["path"] for page in manifest["pages"]}


def test_a_unit_that_is_not_there_leaves_no_folder(tmp_path: Path) -> None:
    head = f"[lab]\nstate_dir = '{tmp_path}/state'\n"
    place = f'[[place]]\nname = "unit"\nmodel = "MCU 4505"\naddress = "{ADDRESS}"\nemulated = {{}}\n'
    (tmp_path / "lab.toml").write_text(head + place)
    arguments = ["unit", "--lab", str(tmp_path / "lab.toml"), "--output", str(tmp_path / "new")]
    result = CliRunner().invoke(capture, arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (10, 1)
    assert not (tmp_path / "new").exists()


def test_a_place_that_somebody_works_on_is_left_alone(start: Start) -> None:
    bench = start()
    with lease("unit", bench.folder / "state", "a nightly run"):
        result = bench.capture()
    assert (result.exit_code, "is held by" in result.stderr) == (10, True)
    assert not (bench.folder / "capture").exists()


def test_a_folder_that_exists_is_not_written_into(start: Start) -> None:
    bench = start()
    (bench.folder / "capture").mkdir()
    result = bench.capture()
    assert (result.exit_code, "exists already" in result.stderr) == (4, True)
    result = bench.capture("--skin", str(bench.folder / "capture"), output="new")
    assert (result.exit_code, "exists already" in result.stderr) == (4, True)
    assert not (bench.folder / "new").exists()
