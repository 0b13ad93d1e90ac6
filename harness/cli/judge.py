"""`mcu-hil judge`: would a unit take this certificate and key, and if not, exactly why?"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from certstore import BRANCHES, DEFAULT_FIRMWARE, KNOWN_GENERATIONS, Firmware, Refusal, Upload
from certstore.batch import answers
from harness.cli import EXIT_STATUS
from harness.deadline import Deadline
from harness.errors import BenchError, ConfigurationError, LabError
from harness.judge import json_form, shrinking, text_form
from harness.judge.inputs import Files, PassphraseSource, named_firmware
from harness.judge.judgement import Circumstances, Judgement, SecondOpinion, TurnedDown
from harness.judge.judgement import judge as judge_upload
from harness.judge.judges import firmware_judge, judge_named
from harness.judge.opinion import Undecided
from harness.judge.saved_upload import refuse_existing, save
from harness.judge.second_opinion import machine_openssl

BUDGET_SECONDS = 60.0
# Of the options that belong to one way of asking: the option that chooses it.
BELONGS_TO = {
    "--jobs": "--batch",
    "--against": "--minimise",
    "--out": "--minimise",
    "--budget": "--minimise",
}


@click.command()
@click.argument("certificate", required=False, type=click.Path(path_type=Path))
@click.argument("key", required=False, type=click.Path(path_type=Path))
@click.option(
    "--passphrase-file", type=click.Path(path_type=Path), metavar="FILE", help="A file with the passphrase."
)
@click.option("--passphrase-env", metavar="NAME", help="An environment variable with the passphrase.")
@click.option(
    "--firmware",
    "version",
    default=DEFAULT_FIRMWARE.version,
    show_default=True,
    metavar="VERSION",
    help=f"The unit's firmware: a version of {', '.join(KNOWN_GENERATIONS)}.",
)
@click.option(
    "--openssl", type=click.Choice(sorted(BRANCHES)), help="Read as this release does, whatever the firmware."
)
@click.option("--address", metavar="NAME", help="Host name or IP address that the certificate should name.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="Advise as on this day. [default: today]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of text.")
@click.option("--batch", metavar="FILE", help="Judge the uploads of a file of JSON lines; - for standard input.")
@click.option("--jobs", type=click.IntRange(min=0), metavar="N", help="With --batch: processes; 0 for one a core.")
@click.option("--minimise", is_flag=True, help="Find the smallest upload on which two judges disagree.")
@click.option(
    "--against", metavar="JUDGE", help="With --minimise: openssl (this machine's), 0.9.8, 1.0.1 or a firmware."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="With --minimise: a new directory for it."
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help=f"With --minimise: how long to look. [default: {BUDGET_SECONDS:g}]",
)
def judge(**options: Any) -> None:
    """Say whether a unit would take CERTIFICATE and KEY, and if not, which rule they break and what to do.

    The exit status is 0 if it would, 1 if not, 4 if the question cannot be asked. Nothing is sent anywhere.

    \b
      mcu-hil judge cert.pem privkey.pem
      mcu-hil judge --firmware 4.3 --passphrase-file pass --address 10.20.0.31 cert.pem privkey.pem
      mcu-hil judge --batch uploads.jsonl --jobs 0
      mcu-hil judge --minimise --against openssl --out smallest cert.pem privkey.pem
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names in certificates may be beyond the character set of the terminal.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _check_company(options)
        firmware = named_firmware(options["version"], options["openssl"])
        if options["batch"] is not None:
            status = _batch(options, firmware)
        elif options["minimise"]:
            status = _minimise(options, firmware)
        else:
            status = _judge(options, firmware)
    except LabError as error:
        click.echo(f"mcu-hil judge: {error}", err=True)
        status = EXIT_STATUS[type(error)]
    sys.exit(status)


def _check_company(options: Mapping[str, Any]) -> None:
    """ConfigurationError for options that mean nothing together."""
    for option, owner in BELONGS_TO.items():
        if options[option.removeprefix("--")] is not None and not options[owner.removeprefix("--")]:
            raise ConfigurationError(f"{option} goes with {owner}")
    if options["batch"] is not None:
        for name in ("certificate", "key", "passphrase_file", "passphrase_env", "address", "at", "minimise"):
            if options[name]:
                raise ConfigurationError(
                    f"--batch does not go with {name.upper() if name in FILES else _option(name)}"
                )
    elif options["key"] is None:
        raise ConfigurationError("give the files CERTIFICATE and KEY, or --batch FILE")
    if options["minimise"]:
        for name in ("against", "out"):
            if options[name] is None:
                raise ConfigurationError(f"--minimise needs {_option(name)}")


FILES = ("certificate", "key")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _batch(options: Mapping[str, Any], firmware: Firmware) -> int:
    """Answer each line; 1 if one of them was no record."""
    # 0 for one a core; absent for one.
    jobs = 1 if options["jobs"] is None else options["jobs"] or os.cpu_count() or 1
    with _lines(options["batch"]) as lines:
        status = 0
        for answer in answers(lines, firmware, options["openssl"], jobs):
            click.echo(json.dumps(answer))
            status |= answer["verdict"] == "error"
    return status


@contextmanager
def _lines(name: str) -> Iterator[Iterable[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed below; only opening may fail as a mistake of the user's
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}") from None
    with file:
        yield file


def _files(options: Mapping[str, Any]) -> Files:
    source = PassphraseSource(options["passphrase_file"], options["passphrase_env"])
    return Files(options["certificate"], options["key"], source)


def _judge(options: Mapping[str, Any], firmware: Firmware) -> int:
    """Show the judgement; 1 if the upload is refused."""
    files = _files(options)
    upload = files.read(firmware)
    at = datetime.now(UTC) if options["at"] is None else options["at"].replace(tzinfo=UTC)
    circumstances = Circumstances(firmware, files.names, at, options["address"])
    outcome = judge_upload(upload, circumstances)
    if _lacks_passphrase(outcome) and not files.passphrase.named and sys.stdin.isatty():
        typed = click.prompt("Passphrase of the key", hide_input=True, default="", show_default=False, err=True)
        upload = Upload(upload.certificate, upload.private_key, os.fsencode(typed))
        outcome = judge_upload(upload, circumstances)
    judgement = Judgement(firmware, files.names, outcome, _second_opinion(upload))
    _show(json_form.as_json(judgement) if options["as_json"] else text_form.as_text(judgement))
    return int(isinstance(outcome, TurnedDown))


def _lacks_passphrase(outcome: object) -> bool:
    return isinstance(outcome, TurnedDown) and outcome.refused.refusal is Refusal.PASSPHRASE_REQUIRED


def _second_opinion(upload: Upload) -> SecondOpinion:
    """It stands beside the verdict: a machine without it still gives the verdict."""
    try:
        with machine_openssl() as machine:
            return SecondOpinion(machine.version, machine(upload))
    except BenchError as error:
        return SecondOpinion("OpenSSL", Undecided(str(error)))


def _minimise(options: Mapping[str, Any], firmware: Firmware) -> int:
    """Write the smallest upload and show what it is; 1 if there is no disagreement to begin with."""
    out: Path = options["out"]
    refuse_existing(out)
    upload = _files(options).read(firmware)
    seconds = BUDGET_SECONDS if options["budget"] is None else options["budget"]
    with judge_named(options["against"]) as against, _progress() as watch:
        result = shrinking.shrink(upload, firmware_judge(firmware), against, Deadline.after(seconds), watch)
    if isinstance(result, shrinking.Shrunk):
        save(result.minimised.upload, out)
    _show(shrinking.as_json(result, out) if options["as_json"] else shrinking.as_text(result, out))
    return int(isinstance(result, shrinking.Agreement))


@contextmanager
def _progress() -> Iterator[shrinking.Watch]:
    """A line that changes, on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda questions, left: None
        return
    with console.status("asking both judges") as status:
        yield lambda questions, left: status.update(f"{left} bytes left after {questions} questions")


def _show(form: Mapping[str, Any] | Iterable[Text]) -> None:
    if isinstance(form, Mapping):
        click.echo(json.dumps(form, indent=2))
        return
    # No wrapping: a command that is to be pasted must stay one line.
    console = Console(highlight=False)
    for line in form:
        console.print(line, soft_wrap=True)
