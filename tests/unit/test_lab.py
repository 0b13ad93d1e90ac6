"""lab.toml: what is refused, and in which words; what is read, and with which defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab import Lab, load_lab

UNIT = '[[place]]\nname = "a"\nmodel = "MCU 4505"\n'
REAL = UNIT + 'address = "10.20.0.31"\n'
EMULATED = UNIT + "emulated = {}\n"


def read(tmp_path: Path, text: str) -> Lab:
    path = tmp_path / "lab.toml"
    path.write_text(text)
    return load_lab(path)


REFUSED = {
    "unknown-top-table": (REAL + "[resutls]\n", "the file has the unknown key 'resutls': did you mean 'results'?"),
    "unknown-lab-key": ('[lab]\nnme = "x"\n' + REAL, "[lab] has the unknown key 'nme': did you mean 'name'?"),
    "misspelt-emulated": (
        UNIT + "emulatd = {}",
        "[[place]] 'a' has the unknown key 'emulatd': did you mean 'emulated'?",
    ),
    "misspelt-inner-key": (
        UNIT + 'emulated = { firmwre = "4.3(2.18)" }',
        "[[place]] 'a' emulated has the unknown key 'firmwre': did you mean 'firmware'?",
    ),
    "unlike-anything-known": (
        REAL + "zzz = 1",
        "[[place]] 'a' has the unknown key 'zzz': known are address, also_at, baseline, console, emulated, "
        "feature_key, features, firmware, gateway, labgrid, login, model, name, ports, power, profile, "
        "restart_timeout, serial, supervisor, tags, tls",
    ),
    "power-that-only-comes-on": (
        REAL + 'power = { ssh = "pdu", user = "lab", on = "on 7" }',
        '[[place]] \'a\' power: want the commands "on" and "off", or "cycle" alone',
    ),
    "power-misspelt": (
        REAL + 'power = { ssh = "pdu", usr = "lab", on = "on 7", off = "off 7" }',
        "[[place]] 'a' power has the unknown key 'usr': did you mean 'user'?",
    ),
    "labgrid-misspelt": (
        REAL + 'power = { labgrid = "gude8031", host = "pdu", indx = 7 }',
        "[[place]] 'a' power has the unknown key 'indx': did you mean 'index'?",
    ),
    "labgrid-unknown-model": (
        REAL + 'power = { labgrid = "gude8032", host = "pdu", index = 7 }',
        "[[place]] 'a' power: labgrid has no driver for power switches of the model 'gude8032': did you mean "
        "'gude8031' or 'gude8316' or 'gude8225'?",
    ),
    "a-box-has-no-supervisor": (
        REAL + 'supervisor = { address = "10.0.0.9", slot = 3 }',
        "[[place]] 'a': has a supervisor, but MCU 4505 is no blade (MCU MSE 8420, MCU MSE 8510)",
    ),
    "no-address": (UNIT, "[[place]] 'a' lacks the key 'address'"),
    "no-name": ('[[place]]\nmodel = "MCU 4505"\naddress = "x"', "[[place]] number 1 lacks the key 'name'"),
    "no-place": ("", "the file lacks the key 'place'"),
    "place-not-a-table-array": ("place = 3", "the file: 'place' is 3, want tables, each headed [[place]]"),
    "single-bracket-place": ('[place]\nname = "x"', "the file: 'place' want tables, each headed [[place]]"),
    "string-for-number": (
        UNIT + 'emulated = { restart_seconds = "5" }',
        "[[place]] 'a' emulated: 'restart_seconds' is '5', want a number",
    ),
    "number-for-string": (
        UNIT + "emulated = { firmware = 4.3 }",
        "[[place]] 'a' emulated: 'firmware' is 4.3, want a string",
    ),
    "port-out-of-range": (
        REAL + "ports = { http = 99999 }",
        "[[place]] 'a' ports: 'http' is 99999, want less than or equal to 65535",
    ),
    "unknown-model": (
        '[[place]]\nname = "a"\nmodel = "MCU 99"\naddress = "x"',
        "[[place]] 'a': 'model' is 'MCU 99', want 'MCU 4203', 'MCU 4505', 'MCU MSE 8420', 'MCU MSE 8510' or "
        "'Advanced Media Gateway 3610'",
    ),
    "unknown-feature": (
        REAL + 'features = ["https", "pwoer"]',
        "[[place]] 'a': 'features' is 'pwoer', want 'api', 'http', 'https', 'sip_tls', 'console' or 'power'",
    ),
    "unknown-tls-version": (
        REAL + 'tls = { minimum = "TLS1" }',
        "[[place]] 'a' tls: 'minimum' is 'TLS1', want 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2' or 'TLSv1.3'",
    ),
    "two-secret-sources": (
        REAL + 'login = { password = { env = "X", file = "y" } }',
        "[[place]] 'a' login.password: want a string, or exactly one of the keys env, file, keyring",
    ),
    "unknown-secret-source": (
        REAL + 'login = { password = { environment = "X" } }',
        "[[place]] 'a' login.password has the unknown key 'environment': known are env, file, keyring, text",
    ),
    "unknown-baseline": (
        REAL + 'baseline = "fctory"',
        "[[place]] 'a' baseline: is 'fctory': want \"factory\" or { certificate = ..., private_key = ... }",
    ),
    "baseline-without-key": (
        REAL + 'baseline = { certificate = "c.pem" }',
        "[[place]] 'a' baseline lacks the key 'private_key'",
    ),
    "labgrid-without-coordinator": (REAL + 'labgrid = "mcu01"', "[[place]] 'a' labgrid lacks the key 'coordinator'"),
    "same-name-twice": (EMULATED + EMULATED, "the file: 2 places have the name 'a'"),
    "same-address-twice": (
        EMULATED + EMULATED.replace('"a"', '"b"') + 'address = "127.10.0.1"',
        "the file: 2 places have the address '127.10.0.1'",
    ),
    "emulated-off-loopback": (
        EMULATED + 'address = "10.0.0.1"',
        "[[place]] 'a': address is '10.0.0.1', but an emulated unit lives in 127.0.0.0/8",
    ),
    "an-address-of-another-place": (
        EMULATED + EMULATED.replace('"a"', '"b"') + 'also_at = ["127.10.0.1"]',
        "the file: 2 places have the address '127.10.0.1'",
    ),
    "its-own-address-once-more": (
        EMULATED + 'also_at = ["127.10.0.1"]',
        "the file: place 'a' has the address '127.10.0.1' twice",
    ),
    "emulated-also-off-loopback": (
        EMULATED + 'also_at = ["127.10.9.1", "10.0.0.1"]',
        "[[place]] 'a': also_at is '10.0.0.1', but an emulated unit lives in 127.0.0.0/8",
    ),
    "textfile-that-nobody-reads": (
        EMULATED + '[results]\ntextfile = "/var/lib/mcu-hil.txt"',
        "[results.textfile]: is '/var/lib/mcu-hil.txt': want a name that ends in .prom, or node_exporter does not"
        " read it",
    ),
    "webhook-that-is-no-text": (
        EMULATED + "[results]\nwebhook = 7",
        "[results.webhook]: want a string, or exactly one of the keys env, file, keyring",
    ),
    "not-toml": ("[[place]", "Expected ']]' at the end of an array declaration (at line 1, column 8)"),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_one_line_that_quotes_file_table_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)

    assert str(refused.value) == f"{tmp_path}/lab.toml: {sentence}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml: cannot be read: No such file or directory"):
        load_lab(tmp_path / "absent.toml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigurationError, match=r"lab\.toml: is not UTF-8 text"):
        load_lab(tmp_path / "lab.toml")


def test_a_wrong_password_type_is_not_quoted_back(tmp_path: Path) -> None:
    """Whatever stands where a password should stand may be one."""
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, REAL + "login = { password = 271828 }")

    assert "271828" not in str(refused.value)


def test_a_real_unit_has_the_ports_and_login_it_left_the_factory_with(tmp_path: Path) -> None:
    [place] = read(tmp_path, REAL).places

    assert (place.ports.http, place.ports.https, place.ports.sip_tls) == (80, 443, 5061)
    assert (place.login.user, place.login.password.reveal("a")) == ("admin", "")
    assert place.restart_timeout == 900
    assert place.baseline is None


def test_emulated_units_live_on_loopback_addresses_of_their_own(tmp_path: Path) -> None:
    first, second = read(tmp_path, EMULATED + EMULATED.replace('"a"', '"b"')).places

    assert (first.address, second.address) == ("127.10.0.1", "127.10.0.2")
    assert (first.ports.http, first.ports.https) == (8080, 8443)


def test_given_ports_of_an_emulated_unit_are_kept(tmp_path: Path) -> None:
    [place] = read(tmp_path, EMULATED + "ports = { https = 9443 }").places

    assert (place.ports.http, place.ports.https) == (8080, 9443)


def test_a_fingerprint_is_read_with_or_without_colons(tmp_path: Path) -> None:
    plain, colons = "ab" * 32, ":".join(["AB"] * 32)

    for written in (plain, colons):
        [place] = read(tmp_path, REAL + f'tls = {{ fingerprint = "sha256:{written}" }}').places
        assert place.tls.pin == plain


SECRETS = {
    "string": '"hunter2"',
    "environment": '{ env = "UNIT_PASSWORD" }',
    "file": '{ file = "SECRET_FILE" }',
}


@pytest.mark.parametrize("written", SECRETS.values(), ids=SECRETS)
def test_a_password_is_found_where_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    monkeypatch.setenv("UNIT_PASSWORD", "hunter2")
    written = written.replace("SECRET_FILE", str(tmp_path / "password"))

    [place] = read(tmp_path, REAL + f"login = {{ password = {written} }}").places

    assert place.login.password.reveal("a: login password") == "hunter2"
    assert "hunter2" not in repr(place)


LACKING = {
    "environment": ('{ env = "NO_SUCH_VARIABLE" }', "environment variable NO_SUCH_VARIABLE is not set"),
    "file": ('{ file = "/nonexistent/password" }', "cannot read /nonexistent/password: "),
}


@pytest.mark.parametrize(("written", "reason"), LACKING.values(), ids=LACKING)
def test_a_password_that_is_not_there_is_missed_by_its_owner(tmp_path: Path, written: str, reason: str) -> None:
    [place] = read(tmp_path, REAL + f"login = {{ password = {written} }}").places

    with pytest.raises(ConfigurationError, match=f"^a: login password: {reason}"):
        place.login.password.reveal("a: login password")


CHOICES = {
    "all": ([], [], ["a", "b", "c"]),
    "by-name-in-the-files-order": (["c", "a"], [], ["a", "c"]),
    "by-tag": ([], ["nightly"], ["a", "b"]),
    "each-tag-is-needed": ([], ["nightly", "rack-2"], ["b"]),
    "name-and-tag": (["a"], ["nightly"], ["a"]),
}

TAGGED = "".join(
    EMULATED.replace('"a"', f'"{name}"') + f"tags = {tags}\n"
    for name, tags in {"a": '["nightly"]', "b": '["nightly", "rack-2"]', "c": "[]"}.items()
)


@pytest.mark.parametrize(("names", "tags", "chosen"), CHOICES.values(), ids=CHOICES)
def test_places_are_chosen_by_name_and_tag(
    tmp_path: Path, names: list[str], tags: list[str], chosen: list[str]
) -> None:
    assert [place.name for place in read(tmp_path, TAGGED).select(names, tags)] == chosen


WRONG_CHOICES = {
    "unknown-name": (["aa"], [], "no place 'aa' in this lab: did you mean 'a'?"),
    "unknown-tag": ([], ["nighty"], "no tag 'nighty' in this lab: did you mean 'nightly'?"),
    "nothing-left": (["c"], ["nightly"], "no place has all of the tags nightly"),
}


@pytest.mark.parametrize(("names", "tags", "sentence"), WRONG_CHOICES.values(), ids=WRONG_CHOICES)
def test_a_wrong_choice_of_places_says_what_there_is(
    tmp_path: Path, names: list[str], tags: list[str], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, TAGGED).select(names, tags)

    assert str(refused.value) == sentence


def test_the_default_lab_has_one_emulated_unit_of_each_model() -> None:
    lab = load_lab(Path(__file__).parents[2] / "lab.toml")

    assert [place.model for place in lab.places] == [
        "MCU 4203",
        "MCU MSE 8420",
        "MCU 4505",
        "MCU MSE 8510",
        "Advanced Media Gateway 3610",
    ]
    assert all(place.emulated for place in lab.places)
