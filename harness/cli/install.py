"""`mcu-hil install`: the vendor's whole procedure for one unit, from the pair to the proof."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from certstore import Refusal, Serving, UploadRefused
from harness import procedure, request
from harness.bench import administered
from harness.cli.ending import ending
from harness.cli.pair import Pair, from_files, kept_key, new_secret, self_signed
from harness.deadline import Deadline
from harness.errors import ConfigurationError, UnitError
from harness.judge.advice import Topic, names_address
from harness.judge.judgement import Circumstances, Taken, TurnedDown
from harness.judge.judgement import judge as judge_upload
from harness.judge.remedies import FileNames
from harness.judge.text_form import printable, where
from harness.key_form import KeyForm
from harness.lab import Lab, Place, load_lab
from harness.progress import Doing, Message
from harness.readiness import State, https_service
from harness.secrecy.known import Secrets
from harness.turns import Turn
from harness.unit import OccupiedUnit
from harness.watched import Watched

FILE = click.Path(path_type=Path)
UNIT_SECONDS = 120.0
"""For everything but the restart itself."""
STILL_SECONDS = 10.0


@click.command()
@click.argument("place_name", metavar="PLACE")
@click.option("--lab", "lab_file", type=FILE, default=Path("lab.toml"), show_default=True, help="The lab.")
@click.option("--certificate", type=FILE, metavar="FILE", help="PEM: the certificate, perhaps with its chain.")
@click.option("--chain", type=FILE, metavar="FILE", help="PEM: the issuers, in any order.")
@click.option("--key", type=FILE, metavar="FILE", help="PEM: the key. [default: the one that --csr has kept]")
@click.option("--passphrase-file", type=FILE, metavar="FILE", help="A file with the passphrase of the key.")
@click.option("--passphrase-env", metavar="NAME", help="An environment variable with it.")
@click.option("--self-signed", is_flag=True, help="Make a key and a certificate; --key keeps the key in a new file.")
@click.option("--csr", type=FILE, metavar="FILE", help="Make a key and a request, write both, and stop.")
@click.option("--bits", type=click.IntRange(1024, 8192), default=2048, show_default=True, help="Of a new key.")
@click.option("--days", type=click.IntRange(1, 7300), default=365, show_default=True, help="Of --self-signed.")
@click.option("--name", "names", multiple=True, help="Host name or address that people open it by; repeatable.")
@click.option("--subject", metavar="NAME", help="Of --csr: more than the common name, such as 'O=Example,C=GB'.")
@click.option("--drop-root", is_flag=True, help="Leave the root out of the chain.")
@click.option(
    "--key-form",
    type=click.Choice([form.value for form in KeyForm]),
    default=KeyForm.AS_IS.value,
    show_default=True,
    help="How the key is sent: plain and des3 are what any firmware reads; des3 is the vendor's own.",
)
@click.option("--anyway", is_flag=True, help="Install what has expired, or does not name what --name says.")
@click.option("--drop-calls", is_flag=True, help="Restart although participants are in a call.")
@click.option("--force", is_flag=True, help="Overwrite key and request files.")
@click.option("--dry-run", is_flag=True, help="Look at everything, say what would be done, and do none of it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of text.")
def install(**options: Any) -> None:
    """Give the unit at PLACE a certificate and key, restart it, and prove by handshake what it serves.

    Exit status: 0 it is served; 1 the unit misbehaved; 3 a bug of mcu-hil's; 4 a mistake in what was asked for, or
    a pair that the firmware would refuse: nothing was sent; 10 the unit cannot be reached or is somebody else's.

    \b
      mcu-hil install rack2-8510 --self-signed
      mcu-hil install rack2-8510 --csr unit.csr
      mcu-hil install rack2-8510 --certificate signed.pem --chain chain.pem
      mcu-hil install rack2-8510 --certificate unit.pem --key unit.key --passphrase-file pass --dry-run
    """
    with ending("install", options["place_name"]):
        lab = load_lab(options["lab_file"])
        (place,) = lab.select([options["place_name"]], [])
        _check_company(options)
        if options["csr"] is not None:
            _request(options, lab, place)
            return
        pair = self_signed(options, place) if options["self_signed"] else from_files(options, lab, place)
        run_dir = lab.state_dir / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-install-{place.name}"
        with administered(place, lab.state_dir, run_dir, "mcu-hil install") as (unit, evidence):
            told = unit.notices
            for notice in told:
                click.echo(printable(notice), err=True)
            taken = _judged(pair, unit, options)
            watched = Watched(unit, evidence, _Teller(), Turn(None), Secrets())
            watched.during = "install"
            found = _before(unit, options)
            if options["dry_run"]:
                _say_plan(options, place, pair, taken, found)
                return
            try:
                with _still():
                    _install(options, watched, pair, taken, evidence.path)
            finally:
                for notice in unit.notices:
                    if notice not in told:
                        click.echo(printable(notice), err=True)


def _check_company(options: dict[str, Any]) -> None:
    ways = [name for name in ("certificate", "self_signed", "csr") if options[name]]
    if len(ways) != 1:
        raise ConfigurationError("give exactly one of --certificate FILE, --self-signed and --csr FILE")
    if options["chain"] is not None and options["certificate"] is None:
        raise ConfigurationError("--chain goes with --certificate")
    if options["subject"] is not None and options["csr"] is None:
        raise ConfigurationError("--subject goes with --csr")


def _request(options: dict[str, Any], lab: Lab, place: Place) -> None:
    """Key and request are written; the unit is not touched."""
    kept, wanted = kept_key(options, lab, place), options["csr"]
    for path in (kept, wanted):
        if path.exists() and not options["force"]:
            raise ConfigurationError(f"{path}: exists already; --force overwrites it")
    key = request.new_key(options["bits"])
    text = request.signing_request(key, options["names"] or (place.address,), options["subject"] or "")
    secret, passphrase = new_secret(options, key)
    if not options["dry_run"]:
        request.write_secret(kept, secret, force=options["force"])
        request.write_secret(wanted, text, force=options["force"])
    would = "would write" if options["dry_run"] else "wrote"
    then = f"mcu-hil install {place.name} --certificate SIGNED --chain FILE"
    if options["key"] is not None:
        then += f" --key {kept}"
    if options["as_json"]:
        paths = {"request": str(wanted), "key": str(kept), "encrypted": passphrase is not None}
        click.echo(json.dumps({"place": place.name, "dry_run": options["dry_run"], **paths, "then": then}))
        return
    locked = "encrypted" if passphrase is not None else "not encrypted"
    click.echo(f"{would} the key {kept} ({locked}, readable by you alone) and the request {wanted}")
    click.echo(f"send the request to your authority; once it is signed: {then}")


def _judged(pair: Pair, unit: OccupiedUnit, options: dict[str, Any]) -> Taken:
    """What the unit's firmware makes of it. ConfigurationError, with the remedy, where it would refuse it, or where
    nobody could use it."""
    firmware = procedure.firmware_of(unit)
    address = (*options["names"], unit.place.address)[0]
    outcome = judge_upload(pair.upload, Circumstances(firmware, pair.names, datetime.now(UTC), address))
    if isinstance(outcome, Taken):
        if not options["anyway"] and (useless := list(_useless(outcome, options["names"]))):
            raise ConfigurationError(f"nothing was sent: {'; '.join(useless)}; --anyway installs it")
        return outcome
    assert isinstance(outcome, TurnedDown)
    words = _refusal_words(outcome.refused, outcome, pair.names, firmware.version)
    if pair.readable and outcome.refused.refusal in KEY_FORMS:
        words += "\n    or let it be done here: the same command with --key-form des3, or --key-form plain"
    raise ConfigurationError(words)


def _refusal_words(refused: UploadRefused, outcome: TurnedDown, names: FileNames, version: str) -> str:
    at = "" if refused.place is None else f" ({where(refused.place, names)})"
    commands = "".join(f"\n    {command}" for command in outcome.remedy.commands)
    return (
        printable(
            f"nothing was sent: firmware {version} would refuse this pair: {refused.refusal}: {refused.detail}{at};"
            f" {outcome.remedy.sentence}"
        )
        + commands
    )


KEY_FORMS = (Refusal.UNSUPPORTED_ENCRYPTION, Refusal.NO_KEY, Refusal.MALFORMED_KEY)
"""Refusals of a key that another form of it may not meet with."""
OUT_OF_TIME = (Topic.EXPIRED, Topic.NOT_YET_VALID)


def _useless(taken: Taken, names: tuple[str, ...]) -> Iterator[str]:
    """Why clients would refuse it whatever the unit does."""
    yield from (one.finding for one in taken.advice if one.topic in OUT_OF_TIME)
    unnamed = [name for name in names if not names_address(taken.served[0], name)]
    if unnamed:
        yield f"the certificate does not name {', '.join(unnamed)}"


def _before(unit: OccupiedUnit, options: dict[str, Any]) -> tuple[str, ...]:
    """What is to be known before; ConfigurationError where calls forbid a restart. The login is tried."""
    notes = []
    if unit.condition().reboot_required:
        notes.append("a change of somebody else's waits for a restart, and comes into force with this one")
    unit.certificate_page()
    notes += _https_notes(unit)
    try:
        calls = unit.calls()
    except UnitError as error:
        if not options["drop_calls"]:
            raise ConfigurationError(
                f"{error}: whether calls are in progress is not known; --drop-calls goes on"
            ) from None
        calls = 0
    if calls and not options["drop_calls"]:
        raise ConfigurationError(
            f"{unit.place.name}: {calls} participants are in a call, which a restart would end: wait, or --drop-calls"
        )
    if calls:
        notes.append(f"the restart ends the calls of {calls} participants")
    return tuple(notes)


def _https_notes(unit: OccupiedUnit) -> list[str]:
    """What is wrong with HTTPS; ConfigurationError where the pair could not be seen in use, whatever it is."""
    service = unit.services().get("https")
    finding = https_service(unit)
    if finding.state is not State.MISSING:
        return []
    words = f"{unit.place.name}: HTTPS: {finding.found}"
    if service is not None and service.wanted and not service.open:
        # Perhaps because the pair that it has cannot be loaded (device-reference 11.6, mark U): another one helps.
        return [f"{words}: {finding.remedy}"]
    raise ConfigurationError(f"{words}: {finding.remedy}; nothing was sent")


def _say_plan(options: dict[str, Any], place: Place, pair: Pair, taken: Taken, found: tuple[str, ...]) -> None:
    advice = _advice(taken)
    count = len(taken.credential.certificates)
    steps = [
        f"log in as {place.login.user} and open Network > SSL certificates",
        f"upload there {_counted(count)} and the key{' with its passphrase' if pair.upload.passphrase else ''}",
        "read there that the key matches, and by the API that a restart is wanted",
        f"restart {place.name} at Settings > Shutdown, and wait up to {place.restart_timeout:g} s until it is back",
        f"prove by handshake that sha256:{taken.credential.leaf_sha256} is served",
        "log out",
    ]
    if options["as_json"]:
        plan = {"place": place.name, "dry_run": True, "changes": pair.changes, "advice": advice, "notes": found}
        click.echo(json.dumps({**plan, "steps": steps}, indent=2))
        return
    for line in (*(f"changed: {one}" for one in pair.changes), *(f"advice: {one}" for one in advice), *found):
        click.echo(printable(line))
    for number, step in enumerate(steps, 1):
        click.echo(f"would {number}. {step}")
    click.echo("dry run: nothing was sent but questions")


def _counted(certificates: int) -> str:
    return "one certificate" if certificates == 1 else f"{certificates} certificates"


OPTIONS = {
    Topic.ROOT_INCLUDED: "--drop-root leaves it out",
    Topic.INTERMEDIATE_MISSING: "--chain FILE appends it, unless it is a root that clients have",
}
"""What is done about it here."""


def _advice(taken: Taken) -> list[str]:
    return [f"{one.topic}: {one.finding}; {OPTIONS.get(one.topic, one.remedy)}" for one in taken.advice]


def _install(options: dict[str, Any], unit: Watched, pair: Pair, taken: Taken, evidence: Path) -> None:
    for line in (*(f"changed: {one}" for one in pair.changes), *(f"advice: {one}" for one in _advice(taken))):
        click.echo(printable(line), err=True)
    began = time.monotonic()
    done = procedure.install(unit, pair.upload, Deadline.after(unit.place.restart_timeout + UNIT_SECONDS))
    chain = done.handshake.presented_chain
    certificates = taken.credential.certificates
    wanted = certificates if procedure.firmware_of(unit).serving is Serving.CHAIN else certificates[:1]
    if chain != wanted:
        raise UnitError(
            f"{unit.place.name}: serves the new leaf, but a chain of {_counted(len(chain))} where {len(wanted)} were"
            " uploaded, or others"
        )
    facts = {
        "place": unit.place.name,
        "served_sha256": done.handshake.fingerprint,
        "certificates": len(chain),
        "protocol_version": done.handshake.protocol_version,
        "private_key": done.answer.local_certificate.private_key,
        "restarted": done.restart is not None,
        "down_seconds": None if done.restart is None else round(done.restart.web_seconds, 1),
        "seconds": round(time.monotonic() - began, 1),
        "changes": pair.changes,
        "advice": _advice(taken),
        "evidence": str(evidence),
    }
    if options["as_json"]:
        click.echo(json.dumps(facts, indent=2))
        return
    how = "after a restart" if done.restart is not None else "as before, without a restart"
    click.echo(
        f"{unit.place.name} serves sha256:{done.handshake.fingerprint} {how}: {_counted(len(chain))},"
        f" {done.handshake.protocol_version}, {facts['seconds']} s"
    )
    click.echo(printable(f"the unit's own words: {facts['private_key']}; evidence: {evidence}"))


class _Teller:
    """Says what is being done; what is done again and again, once."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, message: Message) -> None:
        if isinstance(message, Doing) and message.what and message.what != self._last:
            self._last = message.what
            click.echo(f"{datetime.now():%H:%M:%S} {message.place}: {message.what}", err=True)


@contextmanager
def _still() -> Iterator[None]:
    """A line now and then, so that a person sees that the wait goes on."""
    over, began = threading.Event(), time.monotonic()

    def speak() -> None:
        while not over.wait(STILL_SECONDS):
            click.echo(f"         … {time.monotonic() - began:.0f} s", err=True)

    thread = threading.Thread(target=speak, name="still", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
