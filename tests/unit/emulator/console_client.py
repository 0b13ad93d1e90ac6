"""The ordinary ssh client at emulated console servers and PDUs."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.lines import Login


def ssh(login: Login, *command: str) -> list[str]:
    return [
        "ssh",
        "-F",
        "none",
        *("-o", "StrictHostKeyChecking=no"),
        *("-o", "UserKnownHostsFile=/dev/null"),
        *("-o", "LogLevel=ERROR"),
        *("-o", "BatchMode=yes"),
        *("-p", str(login.port)),
        f"{login.user}@{login.address}",
        *command,
    ]


def switch(unit: Blueprint, verb: str) -> subprocess.CompletedProcess[str]:
    assert unit.outlet is not None
    command = ssh(unit.outlet.login, f"{verb} {unit.outlet.number}")
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL)


@dataclass
class Terminal:
    """An ssh client at a console."""

    process: subprocess.Popen[bytes]
    seen: str = ""

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait_for(self, text: str, seconds: float = 10.0) -> None:
        """Reads until it has been shown since the last time that something was waited for."""
        assert self.process.stdout is not None
        deadline = Deadline.after(seconds)
        while text not in self.seen:
            readable, _, _ = select.select([self.process.stdout], [], [], deadline.at_most(seconds))
            more = os.read(self.process.stdout.fileno(), 65536) if readable else b""
            if not more:
                raise AssertionError(f"no {text!r} in {self.seen!r}")
            self.seen += more.decode()
        self.seen = self.seen.partition(text)[2]


@contextmanager
def console(unit: Blueprint, prompt: str = "> ") -> Iterator[Terminal]:
    assert unit.console is not None
    with subprocess.Popen(
        ssh(unit.console.login), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        terminal = Terminal(process)
        try:
            # Attached for certain when something has answered.
            terminal.type("")
            terminal.wait_for(prompt)
            yield terminal
        finally:
            process.kill()
