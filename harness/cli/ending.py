"""How a command that drives a unit ends: one line for what went wrong, and the exit status that says whose it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from certstore import UploadRefused
from harness.cli import EXIT_STATUS
from harness.errors import DeadlineExpired, LabError, UnitError

UNIT_STATUS = 1
BUG_STATUS = 3


@contextmanager
def ending(command: str, place: str) -> Iterator[None]:
    """The block ends the process with 4, 10, 1 or 3 where it raises; otherwise nothing is done."""
    try:
        yield
    except LabError as error:
        status, words = EXIT_STATUS[next(kind for kind in EXIT_STATUS if isinstance(error, kind))], str(error)
    except (UnitError, UploadRefused) as error:
        status, words = UNIT_STATUS, str(error)
    except DeadlineExpired as error:
        status, words = UNIT_STATUS, f"{place}: {error}"
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets one line
        status, words = (
            BUG_STATUS,
            f"a bug of mcu-hil's own: {type(error).__name__}",
        )
    else:
        return
    click.echo(f"mcu-hil {command}: {words}", err=True)
    sys.exit(status)
