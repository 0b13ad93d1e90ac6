"""One run as pytest sees it: which lab, which places, where its files go, and which process this is."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import BenchError, ConfigurationError
from harness.known_failures import KnownFailures, load_known_failures
from harness.lab import Lab, Place, load_lab
from harness.profile import load_profiles
from harness.until import STOP_FILE, Until, moment_of

WORKER_INPUT = "mcu_hil"
WORKER_OUTPUT = "mcu_hil"
SECRETS_OUTPUT = "mcu_hil_secrets"
SEAL_OCTETS = 32
EXIT_BLOCKED = 10
"""No claim failed, but the bench left some unanswered."""


@dataclass(frozen=True)
class Run:
    """What every process of one run knows."""

    lab_file: Path
    lab: Lab
    places: tuple[Place, ...]
    """Those that this process may touch; in the controller, all that were chosen."""
    folder: Path
    done: frozenset[str]
    """Node ids that another worker has answered already, before it was lost."""
    known_failures: KnownFailures
    until: Until
    only: frozenset[str] | None = None
    """Node ids, where the user has named the claims by a file."""
    excluded: dict[str, str] = field(default_factory=dict)
    """Places that the controller's preflight keeps the run away from, and why."""
    seal: bytes = field(default=b"", repr=False)
    """By which the processes of this run tell each other of secrets."""
    noticed: list[str] = field(default_factory=list)
    """What units had to tell in the preflight."""

    @property
    def doing(self) -> str:
        """What a run says it is doing, to those who wait for its places."""
        return f"pytest run {self.folder.name}"


def leave_garbage() -> None:
    """What a run leaves in this process goes with it.

    pytest and Python look through all of it for garbage, six times: with thousands of tests and reports that is half
    a second at which nothing is found.
    """
    gc.freeze()


def join_session(config: pytest.Config, file: Path) -> None:
    """Make this pytest process part of a run over the lab in `file`: register what does the work.

    Raises pytest.UsageError, one line, where the lab or the choice of places is wrong; ends the process with
    EXIT_BLOCKED where the lab's coordinator does not answer.
    """
    try:
        lab = load_lab(file)
        known = lab.lab.known_failures
        known_failures = KnownFailures() if known is None else load_known_failures(known)
        given = getattr(config, "workerinput", {}).get(WORKER_INPUT)
        if given is None:
            names, tags = config.getoption("--place"), config.getoption("--tag")
            places = lab.select(names, tags)
            for profile in {place.profile for place in places if place.profile is not None}:
                # Said now, and not when a claim asks for it.
                load_profiles(profile)
            named = config.getoption("--run-folder")
            folder = Path(named).absolute() if named else _new_folder(lab)
            until, only = _until(config.getoption("--until"), folder), _only(config)
            run = Run(
                file, lab, places, folder, frozenset(), known_failures, until, only, seal=os.urandom(SEAL_OCTETS)
            )
        else:
            places = tuple(place for place in lab.places if place.name in given["places"])
            done = frozenset(given["done"])
            folder = Path(given["folder"])
            until, only = _until(given["until"], folder), _only(config)
            excluded, seal = given["excluded"], given["seal"]
            run = Run(file, lab, places, folder, done, known_failures, until, only, excluded, seal)
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    except BenchError as error:
        # The coordinator of the lab.
        pytest.exit(str(error), EXIT_BLOCKED)

    if given is not None:
        from harness.progress import Bookmark, telling
        from harness.pytest_plugin.claims import Claims
        from harness.pytest_plugin.posting import Posted

        lifetime = ExitStack()
        config.add_cleanup(lifetime.close)
        tell = lifetime.enter_context(telling(given["progress"], is_watched=given["watched"]))
        bookmark = Bookmark(Path(given["bookmark"]))
        lifetime.callback(bookmark.close)
        posted = Posted(config, bookmark)
        config.pluginmanager.register(posted, "mcu-hil-posted")
        config.pluginmanager.register(Claims(config, run, tell, posted), "mcu-hil-claims")
        return
    if config.option.plan:
        from harness.pytest_plugin.claims import Claims
        from harness.pytest_plugin.planning import Planner
        from harness.pytest_plugin.posting import Here

        claims = Claims(config, run, lambda message: None, Here())
        config.pluginmanager.register(claims, "mcu-hil-claims")
        config.pluginmanager.register(Planner(claims, run), "mcu-hil-planner")
        return
    from harness.pytest_plugin.characterising import Recorder
    from harness.pytest_plugin.closing import Closing
    from harness.pytest_plugin.display import Display
    from harness.pytest_plugin.ledger import Ledger
    from harness.pytest_plugin.recording import Recording

    if config.option.lab and not config.option.collectonly:
        from harness.pytest_plugin.preflighting import Preflighting

        config.pluginmanager.register(Preflighting(run), "mcu-hil-preflight")
    recorder = Recorder(run, accept=config.option.accept_profile)
    ledger = Ledger(run, recorder)
    recording = Recording(config, run, ledger)
    closing = Closing(config, run, recorder, recording)
    display = Display(config, run, recorder, closing)
    config.pluginmanager.register(recorder, "mcu-hil-recorder")
    config.pluginmanager.register(ledger, "mcu-hil-ledger")
    config.pluginmanager.register(recording, "mcu-hil-recording")
    config.pluginmanager.register(closing, "mcu-hil-closing")
    config.pluginmanager.register(display, "mcu-hil-display")
    if _is_distributed(config):
        from harness.pytest_plugin.dealing import Dealer

        config.pluginmanager.register(
            Dealer(config, run, display.heard, is_watched=display.is_watched), "mcu-hil-dealer"
        )
    else:
        from harness.pytest_plugin.claims import Claims
        from harness.pytest_plugin.posting import Here

        config.pluginmanager.register(Claims(config, run, display.heard, Here()), "mcu-hil-claims")


def _is_distributed(config: pytest.Config) -> bool:
    return bool(getattr(config.option, "numprocesses", None)) or bool(getattr(config.option, "tx", None))


def _until(text: str | None, folder: Path) -> Until:
    """Raises ConfigurationError."""
    return Until(folder / STOP_FILE, None if text is None else moment_of(text, datetime.now().astimezone()))


def _only(config: pytest.Config) -> frozenset[str] | None:
    """Raises ConfigurationError."""
    file = config.getoption("--claims")
    if file is None:
        return None
    try:
        return frozenset(Path(file).read_text(encoding="utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--claims: cannot read {file}: {error}") from error


def _new_folder(lab: Lab) -> Path:
    """Where this run keeps its files; made when something is first written to it."""
    started = datetime.now(UTC).astimezone().strftime("%Y%m%dT%H%M%S")
    return lab.state_dir / "runs" / f"{started}-{os.getpid()}"
