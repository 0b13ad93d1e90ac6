"""The pytest face: options, and nothing else until a lab is there to be driven.

Every pytest start on the machine imports this module, whether it has to do with us or not: it imports nothing
beyond pytest itself. `claims` turns tests into claims on places, `dealing` shares places out to xdist's workers,
`display` shows the run.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

DEFAULT_LAB = "lab.toml"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mcu-hil", "hardware in the loop (mcu-hil)")
    group.addoption(
        "--lab",
        metavar="FILE",
        help=f"lab file whose units the claims are put to (default: {DEFAULT_LAB} in the root directory)",
    )
    group.addoption(
        "--place", action="append", default=[], metavar="NAME", help="only this place of the lab (repeatable)"
    )
    group.addoption(
        "--tag", action="append", default=[], metavar="TAG", help="only places with this tag (repeatable)"
    )
    group.addoption(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long to wait for a place that somebody else holds (default: not at all; its claims are blocked)",
    )
    group.addoption(
        "--until",
        metavar="TIME",
        help="begin nothing that would not be over by then, as 06:00 or 2026-11-24T06:00: what is left is reported as"
        " not done, and every unit goes back to its baseline",
    )
    group.addoption("--claims", metavar="FILE", help="only the claims whose node ids are in this file, one a line")
    group.addoption(
        "--run-folder",
        metavar="FOLDER",
        help="where the run keeps its files (default: a new folder in `runs` of the lab's state_dir)",
    )
    group.addoption("--plan-to", metavar="FILE", help="as --plan, and the plan is written to FILE as JSON too")
    group.addoption(
        "--plan",
        action="store_true",
        help="print what the selected claims would do to each place, how many restarts and how long, and touch none",
    )
    group.addoption(
        "--report",
        metavar="FILE",
        help="where the HTML report of the run is written (default: report.html beside the run's evidence)",
    )
    group.addoption(
        "--step-summary",
        metavar="FILE",
        help='append the run as Markdown to this file, as "$GITHUB_STEP_SUMMARY"',
    )
    group.addoption(
        "--allure",
        metavar="FOLDER",
        help="write Allure results to this folder (needs the extra allure)",
    )
    group.addoption(
        "--accept-profile",
        action="store_true",
        help="take over into the profiles what units do otherwise than recorded, in place of failing",
    )


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, object, object]:
    if config.getoption("--plan") or config.getoption("--plan-to"):
        config.option.plan = True
        # One process knows the whole plan; xdist looks at these next.
        config.option.numprocesses, config.option.dist, config.option.tx = 0, "no", []
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "about(*experiments): the experiments whose observations this claim reads")
    config.addinivalue_line("markers", "smoke: one install and back, the fewest restarts")
    config.addinivalue_line("markers", "default: what a run does that is given no -m")
    config.addinivalue_line("markers", "full: everything, hundreds of uploads among it")
    asked = config.getoption("--lab")
    file = Path(asked) if asked else config.rootpath / DEFAULT_LAB
    if asked or file.is_file():
        from harness.pytest_plugin.session import join_session

        join_session(config, file)
