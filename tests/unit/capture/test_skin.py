"""A captured unit, shown again by an emulated one."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import procedure
from harness.capture.bounds import Bounds
from harness.capture.first_contact import Capture, look_at
from harness.capture.keeping import Folder
from harness.capture.live_page import LivePage, show_certificate, show_identity, show_notes
from harness.capture.skin_making import make_skin
from harness.capture.skin_pages import Made, Reader
from harness.capture.toml_form import toml_of
from harness.cli import group
from harness.deadline import Deadline
from harness.drivers.mcu import open_unit
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import hosted
from harness.emulator.skin import load_skin
from harness.errors import ConfigurationError
from harness.lab import Lab, Place, load_lab
from harness.unit import Identity
from tests.unit.capture.conftest import ADDRESS, PASSWORD, Bench, Start
from tests.unit.drivers.variants.driving import OURS, UPLOAD, opened
from tests.unit.drivers.variants.server import Unit
from tests.unit.drivers.variants.variant import variant
from tests.whole_run import command, environment

ROOT = Path(harness.__file__).parents[1]
SECONDS = 120.0
"""Longer than a slow machine takes."""
AGAIN = """
[lab]
state_dir = "{folder}/state"
[[place]]
name = "unit"
model = "MCU 4505"
address = "{address}"
login = {{ password = "another" }}
emulated = {{ skin = "{folder}/skin", restart_seconds = 0.3 }}
"""


def skinned(start: Start, firmware: str = "4.5(1.71)", switches: str = "") -> Bench:
    """The bench, with a skin of its unit, and a lab file whose unit wears it; the captured unit is there no more."""
    bench = start(firmware, switches)
    result = bench.capture("--shutdown-page", "--skin", str(bench.folder / "skin"))
    assert result.exit_code == 0, result.output
    assert "skin: live are the pages certificates, home, login, services, shutdown" in result.stdout
    bench.stop()
    (bench.folder / "lab.toml").write_text(AGAIN.format(folder=bench.folder, address=ADDRESS))
    return bench


def test_a_unit_with_the_skin_of_a_captured_one_passes_the_suite(start: Start) -> None:
    bench = skinned(start)
    line = command(bench.folder / "lab.toml", bench.folder / "junit.xml", "--place", "unit")
    run = subprocess.run(line, env=environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


@pytest.mark.parametrize("firmware", ["2.4(1)", "4.3(2.18)", "4.5(1.71)"])
def test_a_captured_unit_is_shown_as_it_was(start: Start, firmware: str) -> None:
    bench = skinned(start, firmware)
    (place,) = load_lab(bench.folder / "lab.toml").places
    with hosted([Blueprint.of(place)]):
        assert bench.capture("--shutdown-page", output="again").exit_code == 0
    before, after = (
        {path.name: path.read_bytes() for path in (bench.folder / name / "pages").iterdir() if path.is_file()}
        for name in ("capture", "again")
    )
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == []
    assert bench.manifest("again")["identity"]["software_version"] == firmware


def test_what_differs_from_the_generation_is_taken_over(start: Start) -> None:
    switches = {
        "session.cookie": "Sid",
        "certificates.name_layout": "a line each",
        "certificates.date_format": "%d %b %Y",
        "certificates.key_field": "k",
        "http.after_post": 302,
        "tls.maximum": "TLSv1.2",
        "paths.certificates": "/ssl.html",
        "services.ticked_field": "on_{name}",
    }
    text = ", ".join(f'"{name}" = {value!r}'.replace("'", '"') for name, value in switches.items())
    bench = skinned(start, switches=text)
    skin = tomllib.loads((bench.folder / "skin" / "skin.toml").read_text())
    found = {name: skin.get(name.partition(".")[0], {}).get(name.partition(".")[2]) for name in switches}
    assert found == switches | {"services.ticked_field": None}
    assert {row["name"]: row["ticked_field"] for row in skin["services"]["rows"]}["https"] == "on_https"
    (place,) = load_lab(bench.folder / "lab.toml").places
    with hosted([Blueprint.of(place)]), open_unit(place) as unit:
        assert procedure.install(unit, UPLOAD, Deadline.after(SECONDS)).handshake.leaf == OURS.chain_der[0]
        assert unit.certificate_page().local_certificate.key_matches


def test_no_secret_is_in_a_skin(start: Start) -> None:
    bench = skinned(start)
    for path in (bench.folder / "skin").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            told = (PASSWORD.encode(), PASSWORD.encode().hex().encode(), b"3N9-ENCRYPTION", b"PRIVATE KEY")
            assert [secret for secret in told if secret in content] == [], path


# All else is as the variant's number has it.
STRANGERS = {
    "links, a form for each": {
        "menu": "links",
        "window": "plain",
        "forms": "separate",
        "status": "rows",
        "steps": "two",
    },
    "pictures in frames": {"menu": "images", "window": "three-frames", "status": "lines", "steps": "one"},
    "a list, the session in the path": {
        "menu": "drop-down",
        "session": "path",
        "status": "definitions",
        "forms": "one",
    },
    "one form round all": {"menu": "tree", "forms": "page", "button": "image", "status": "blocks", "steps": "two"},
    "entries sent by GET": {
        "menu": "get-select",
        "window": "plain",
        "steps": "restart-only",
        "status": "headed-rows",
    },
    "buttons of scripts": {"menu": "image-map", "button": "scripted", "forms": "separate", "steps": "one"},
}


@pytest.mark.parametrize("chosen", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_shown_again_so_that_the_driver_can_drive_it(
    chosen: dict[str, str], contexts: Any, tmp_path: Path
) -> None:
    with opened(Unit(variant(3000, **chosen)), contexts) as mcu:
        capture = Capture(mcu.place)
        look_at(capture, mcu, Bounds(), lambda _line: None, shutdown_page=True)
    make_skin(capture, Folder(tmp_path / "skin"))
    place = wearing(tmp_path / "skin")
    with hosted([Blueprint.of(place)]), open_unit(place) as unit:
        assert procedure.install(unit, UPLOAD, Deadline.after(SECONDS)).handshake.leaf == OURS.chain_der[0]
        assert "CN=unit.example" in unit.certificate_page().local_certificate.subject
        assert unit.remove().taken


def wearing(skin: Path, **emulated: object) -> Place:
    table = {
        "name": "unit",
        "model": "MCU 4505",
        "address": ADDRESS,
        "ports": {"http": 8080, "https": 8443, "sip_tls": 5061},
        "emulated": {"skin": str(skin), "restart_seconds": 0.2, **emulated},
    }
    return Lab.model_validate({"place": [table]}).places[0]


WRONG = {
    "none": (None, "cannot be read: No such file or directory"),
    "no-toml": ("=", "Invalid"),
    "no-parent": ('firmware = "4.5(1.71)"', "inherits is None, want one of 2.3, 2.4"),
    "unknown-key": ('inherits = "4.5"\ncolour = "red"', "unknown key 'colour'"),
    "no-file": ('inherits = "4.5"\n[captured.templates]\nhome = "home.html"', "there is no file 'home.html'"),
    "outside": ('inherits = "4.5"\n[captured.templates]\nhome = "../lab.toml"', "there is no file '../lab.toml'"),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG.values(), ids=WRONG)
def test_a_folder_that_holds_no_skin_is_refused_in_one_line(tmp_path: Path, text: str | None, complaint: str) -> None:
    (tmp_path / "lab.toml").write_text("")
    (tmp_path / "skin").mkdir()
    if text is not None:
        (tmp_path / "skin" / "skin.toml").write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Blueprint.of(wearing(tmp_path / "skin"))
    assert str(refused.value).startswith(f"{tmp_path / 'skin' / 'skin.toml'}: ")
    assert complaint in str(refused.value)


def test_a_lab_file_may_name_another_firmware_than_the_captured_one(start: Start) -> None:
    skin = skinned(start).folder / "skin"
    assert Blueprint.of(wearing(skin)).firmware == "4.5(1.71)"
    assert Blueprint.of(wearing(skin, firmware="4.5(1.45)")).firmware == "4.5(1.45)"


IDENTITY = Identity("Cisco", "MCU 4505", "SM123456", "4.5(1.71)", "6.20(1.71)", "mcu")
PAGE = """<html><body class=x><p>host: mcu</p><p>the mcu named mcu, a MCU 4505 {{ 7 * 7 }} {% raw %} {</p>
    <table><tr><td>Subject:<td>CN=a<br>O=b<tr><td>Issuer<td>CN=a<tr><td>Issued<td>1<tr><td>Expires<td>2
    <tr><td>Private <b>key</b><td>Key matches certificate</table></body></html>"""


def test_only_what_is_of_the_unit_becomes_a_placeholder() -> None:
    page = LivePage("http://unit/", PAGE)
    show_notes(page)
    show_identity(page, IDENTITY, "admin")
    assert show_certificate(page)
    template = page.template()
    assert "<p>host: {{ identity.host_name }}</p><p>the mcu named mcu, a {{ identity.model }}" in template
    assert "{{ '{' }}{ 7 * 7 }} {{ '{' }}% raw %} {</p>" in template
    assert '<td>{{ rows[0][1] | join("<br>" | safe) }}<br><tr><td>Issuer<td>{{ rows[1][1] | join(", ") }}' in template
    assert template.startswith("<html><body class=x>{% for text in banners %}")
    headed = LivePage("http://unit/", "<body><table><tr><td>Menu<td><h1>Title</h1>Text</table>")
    show_notes(headed)
    assert headed.template().startswith("<body><table><tr><td>Menu<td>{% for text in banners %}")


APART = """<table><tr><td>Subject<td>CN=a<tr><td>Private key<td>Key matches certificate</table>
    <a href=/up.html>Upload certificate and key</a>"""
UPLOAD_PAGE = """<form action=/do enctype=multipart/form-data method=post>Certificate <input type=file name=c><br>
    Private key <input type=file name=k><br>Private key password <input type=password name=w><br>
    <input type=submit name=u value="Upload certificate and key"></form>"""


def test_a_form_on_a_page_of_its_own_is_the_uploads() -> None:
    made = Made()
    reader = Reader(load_skin("4.5"), b"", made)
    keys = {}
    for path, source in {"/ssl.html": APART, "/up.html": UPLOAD_PAGE}.items():
        page = LivePage(f"http://unit{path}", source)
        keys[path] = reader.key_of(page, inside=True, is_home=False)
        reader.bring_to_life(keys[path], page)
    assert keys == {"/ssl.html": "certificates", "/up.html": "upload"}
    assert made.table("change_paths")["certificates"] == "/do"
    texts = made.table("certificates")
    assert [texts[name] for name in ("certificate_field", "key_field", "passphrase_field")] == ["c", "k", "w"]


PLAIN = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=9) | st.integers() | st.booleans()
TABLES = st.recursive(
    st.dictionaries(st.text(alphabet="ab.\"' é", max_size=4), PLAIN | st.lists(PLAIN, max_size=3), max_size=3),
    lambda inner: st.dictionaries(
        st.text(alphabet="ab", max_size=3), inner | st.lists(inner, max_size=2), max_size=3
    ),
    max_leaves=6,
)


@given(TABLES.filter(lambda table: all(abs(one) < 2**63 for one in numbers(table))))
def test_toml_is_read_as_what_was_written(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml_of(document)) == document


def numbers(value: object) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for one in value for number in numbers(one)]
    return [value] if isinstance(value, int) else []


def test_emulate_says_which_firmware_a_captured_unit_has(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text('[[place]]\nname = "x"\nmodel = "MCU 4505"\nemulated = { skin = "nowhere" }\n')
    result = CliRunner().invoke(group, ["emulate", "--lab", str(tmp_path / "lab.toml")])
    assert isinstance(result.exception, ConfigurationError)
    assert "nowhere/skin.toml: cannot be read" in str(result.exception)
