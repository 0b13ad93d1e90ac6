"""The command `mcu-hil`: a group whose commands are imported when they are called, so that start-up stays quick."""

from __future__ import annotations

import importlib
import sys

import click

from harness.errors import BenchError, ConfigurationError, LabError

EXIT_STATUS: dict[type[LabError], int] = {ConfigurationError: 4, BenchError: 10}

COMMANDS = {
    "judge": ("harness.cli.judge", "Say whether a unit would take a certificate and key, and if not, why."),
    "handshake": ("harness.cli.handshake", "Say what a TLS port serves, and whether it is as it should be."),
    "install": ("harness.cli.install", "Give one unit a certificate and key, restart it, and prove what it serves."),
    "doctor": ("harness.cli.doctor", "Say what is ready at a place and what is missing, with the remedy."),
    "capture": ("harness.cli.capture", "Save what a unit shows that nobody has seen before, without its secrets."),
    "profile": (
        "harness.cli.profile",
        "Show and accept what units do where no document says what is right.",
    ),
    "evidence": ("harness.cli.evidence", "Show, export, verify and search what a run has seen of its units."),
    "report": ("harness.cli.report", "Write the reports of a run, of one that was killed too."),
    "lab": ("harness.cli.lab", "List, recover and set aside the places of a lab."),
    "history": ("harness.cli.history", "Say what changed over the nights: new failures, fixed, flaky, slower."),
    "nightly": ("harness.cli.nightly", "Run the suite unattended, in a given time, and sum the night up."),
    "emulate": ("harness.cli.emulate", "Start the emulated units of a lab file and show where they are."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and first line, and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Overridden because the original imports every command to read its first line.
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mcu-hil")
def group() -> None:
    """Replace the TLS certificate and key of a Cisco TelePresence MCU, restart it, and prove what it serves.

    The hardware suite itself is run by pytest: pytest tests/hil --lab lab.toml -n auto
    """


def main() -> None:
    """Run the command. A mistake of the user's, or of the bench, ends in one line and the exit status of its kind."""
    try:
        group(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_STATUS[ConfigurationError])
    except click.Abort:
        sys.exit(130)
    except LabError as error:
        click.echo(f"mcu-hil: {error}", err=True)
        sys.exit(next(status for kind, status in EXIT_STATUS.items() if isinstance(error, kind)))
