"""`mcu-hil handshake`: what does a TLS port serve, and is it what it should be?"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from rich.console import Console

from harness.deadline import Deadline
from harness.errors import ConfigurationError
from harness.lab import load_lab
from harness.tls.handshake import Endpoint
from harness.verdict import forms
from harness.verdict.expectation import Before, Expectation
from harness.verdict.paths import is_address
from harness.verdict.sighting import Sighting
from harness.verdict.table import CHECKS, QUICK, examine

HTTPS = 443
FINGERPRINT = re.compile(r"(?:sha256:)?((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})", re.IGNORECASE)
FILE = click.Path(path_type=Path)

EPILOG = """\b
Examples:
  mcu-hil handshake mcu.example
  mcu-hil handshake 10.20.0.31 --trust ca.pem --upload cert.pem --key key.pem
  mcu-hil handshake rack2-8510 --lab rack-2.toml
  mcu-hil handshake 10.20.0.31 --json > before.json
  mcu-hil handshake 10.20.0.31 --before before.json --checks 16-18
\b
Exit status: 0 no error; 1 a check of severity error is broken;
4 a mistake in what was asked for; 10 no TCP connection."""


@click.command(epilog=EPILOG)
@click.argument("host", metavar="HOST[:PORT]")
@click.option(
    "--lab",
    "lab_file",
    type=FILE,
    metavar="FILE",
    help="HOST is a place of this lab, and is reached as it is.",
)
@click.option("--trust", type=FILE, metavar="FILE", help="PEM: the authorities whose chains are trusted.")
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="What the leaf must name, if not HOST; repeatable."
)
@click.option("--upload", type=FILE, metavar="FILE", help="PEM: the certificate and chain that were uploaded.")
@click.option("--key", type=FILE, metavar="FILE", help="PEM, not encrypted: the key that was uploaded.")
@click.option("--expect-leaf", metavar="SHA256", help="Fingerprint of the leaf that has to be served.")
@click.option("--old-leaf", metavar="SHA256", help="Fingerprint of the leaf that must be served no more.")
@click.option("--crl", type=FILE, metavar="FILE", help="PEM or DER: the authority's revocation list.")
@click.option("--before", type=FILE, metavar="FILE", help="An earlier --json: versions and suites must be the same.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="The time (UTC) that certificates must be valid at; else now.",
)
@click.option("--days", type=click.IntRange(0), default=30, show_default=True, help="Least life left of the leaf.")
@click.option(
    "--slow", type=click.FloatRange(0), default=5.0, show_default=True, help="Seconds that a step may take."
)
@click.option(
    "--handshakes", type=click.IntRange(2, 64), default=8, show_default=True, help="For `stable`; half at once."
)
@click.option("--checks", metavar="LIST", help=f"Only these, by number or id: 1-{max(QUICK)},stable. Else all.")
@click.option(
    "--timeout", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds for all of it."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def handshake(**options: Any) -> None:
    """Look at what a TLS port serves, SSL 3.0 to TLS 1.3, and put it to a table of 28 checks.

    1 to 6 say whether what was uploaded is installed, 7 to 15 whether it is a good certificate, 16 to 28 whether the
    unit serves it well. Each is held, broken, or not measurable, with the reason. Checks 1 to 17 take fewer than ten
    connections; `suites` takes one for each suite. docs/handshake.md explains every check.
    """
    endpoint = _endpoint(options["host"]) if options["lab_file"] is None else _place(options)
    expectation = _expectation(options, endpoint)
    numbers = _numbers(options["checks"])
    name = next((each for each in (*options["names"], endpoint.address) if not is_address(each)), None)
    sighting = Sighting(endpoint, name, Deadline.after(options["timeout"]))
    judged = list(examine(sighting, expectation, numbers))
    if options["as_json"]:
        click.echo(json.dumps(forms.as_json(sighting, expectation, judged), indent=2))
    elif sys.stdout.isatty():
        Console(highlight=False).print(forms.as_table(judged), f"{endpoint}: {forms.summary(judged)}")
    else:
        click.echo("\n".join([*forms.as_lines(judged), f"{endpoint}: {forms.summary(judged)}"]))
    sys.exit(int(any(each.condemns for each in judged)))


def _place(options: Mapping[str, Any]) -> Endpoint:
    # What drives units takes as long to import as all the rest.
    from harness.bench import endpoint_of

    lab = load_lab(options["lab_file"])
    (place,) = lab.select([options["host"]], [])
    return endpoint_of(place, lab.state_dir)


def _endpoint(text: str) -> Endpoint:
    """`host`, `host:port`, `[v6]:port`."""
    match = re.fullmatch(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\s]+))(?::(?P<port>\d{1,5}))?", text)
    if match is None or not 0 < int(match["port"] or HTTPS) < 2**16:
        raise ConfigurationError(f"{text!r} is not HOST or HOST:PORT, nor [IPv6]:PORT")
    return Endpoint(match["v6"] or match["host"], int(match["port"] or HTTPS))


def _expectation(options: Mapping[str, Any], endpoint: Endpoint) -> Expectation:
    if options["upload"] and options["expect_leaf"]:
        raise ConfigurationError("--upload says which leaf is expected; leave out --expect-leaf")
    at: datetime | None = options["at"]
    return Expectation(
        at=datetime.now(UTC) if at is None else at.replace(tzinfo=UTC),
        names=options["names"] or (endpoint.address,),
        trust=_certificates(options["trust"]),
        chain=_certificates(options["upload"]),
        key=_public_half(options["key"]),
        leaf=_fingerprint("--expect-leaf", options["expect_leaf"]),
        old_leaf=_fingerprint("--old-leaf", options["old_leaf"]),
        crl=_crl(options["crl"]),
        before=_before(options["before"]),
        slow_seconds=options["slow"],
        least_days=options["days"],
        handshakes=options["handshakes"],
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None


def _certificates(path: Path | None) -> tuple[bytes, ...]:
    if path is None:
        return ()
    try:
        found = x509.load_pem_x509_certificates(_read(path))
    except ValueError:
        raise ConfigurationError(f"{path}: no certificates in PEM form") from None
    return tuple(each.public_bytes(serialization.Encoding.DER) for each in found)


def _public_half(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        # The unit checks the key; here only its public half is wanted, and 85 ms are saved.
        key = serialization.load_pem_private_key(_read(path), None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        raise ConfigurationError(
            f"{path}: the key is encrypted; `mcu-hil judge` says whether it is the certificate's"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(f"{path}: no private key in PEM form") from None
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _crl(path: Path | None) -> bytes | None:
    if path is None:
        return None
    content = _read(path)
    try:
        load = x509.load_pem_x509_crl if b"-----BEGIN" in content else x509.load_der_x509_crl
        return load(content).public_bytes(serialization.Encoding.DER)
    except ValueError:
        raise ConfigurationError(f"{path}: no revocation list in PEM or DER form") from None


def _before(path: Path | None) -> Before | None:
    if path is None:
        return None
    try:
        return forms.read_before(json.loads(_read(path)))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{path}: no --json of a run with the check `suites`") from None


def _fingerprint(option: str, text: str | None) -> str | None:
    if text is None:
        return None
    match = FINGERPRINT.fullmatch(text)
    if match is None:
        raise ConfigurationError(f"{option}: {text!r} is not a SHA-256 of 64 hex digits")
    return match[1].replace(":", "").lower()


def _numbers(text: str | None) -> frozenset[int]:
    """`1-17,stable`: numbers, ranges and ids."""
    by_id = {check.id: check.number for check in CHECKS}
    if text is None:
        return frozenset(by_id.values())
    found: set[int] = set()
    for part in text.split(","):
        if part in by_id:
            found.add(by_id[part])
            continue
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", part)
        wanted = set(range(int(match[1]), int(match[2] or match[1]) + 1)) if match else set()
        if not wanted or not wanted <= set(by_id.values()):
            raise ConfigurationError(f"--checks: {part!r} is no check; there are 1-{len(CHECKS)}: {', '.join(by_id)}")
        found |= wanted
    return frozenset(found)
