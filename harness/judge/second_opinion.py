"""The second opinion: what the OpenSSL on this machine says about an upload.

The three calls behind `ssl.SSLContext.load_cert_chain` are those that a unit is taken to make: the chain file, the
key file, the comparison. So that only the releases differ, security level 0 is set and the legacy provider is
active, which reads what was ordinary in the unit's days.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from certstore import Upload
from harness.deadline import Deadline
from harness.errors import BenchError
from harness.judge.opinion import Accepted, Opinion, Refused, Undecided

CHILD = Path(__file__).with_name("openssl_child.py")

# config(5ossl), provider section. It is read by the child alone, before its first use of OpenSSL.
CONFIGURATION = b"""\
openssl_conf = init
[init]
providers = providers
[providers]
default = active
legacy = active
[active]
activate = 1
"""

# PBKDF2 with a count of 2**32 would take an hour; an ordinary upload takes 3 ms.
ANSWER_SECONDS = 10.0


class MachineOpenssl:
    """The OpenSSL of this interpreter, in a process of its own: a judge that can be called any number of times."""

    def __init__(self, configuration: int, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._configuration = configuration
        self._answer_seconds = answer_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self.version = ""
        self._start()

    def __call__(self, upload: Upload) -> Opinion:
        """Accepted or Refused; Undecided if no answer came in time. BenchError if the process cannot be run."""
        request = {
            "certificate": b64encode(upload.certificate).decode("ascii"),
            "private_key": b64encode(upload.private_key).decode("ascii"),
            "passphrase": None if upload.passphrase is None else b64encode(upload.passphrase).decode("ascii"),
        }
        child = self._child or self._start()
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            child.stdin.flush()
            line = self._line(child)
        except BrokenPipeError:
            line = b""
        except TimeoutError:
            self.close()
            return Undecided(f"no answer within {self._answer_seconds:g} s")
        if not line:
            self.close()
            return Undecided("its process ended without an answer")
        reason = json.loads(line)
        return Accepted() if reason is None else Refused(reason)

    def close(self) -> None:
        """End the process; the next call starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            # Closes the pipes and waits.
            with child:
                pass

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SSL_")}
        environment["OPENSSL_CONF"] = f"/proc/self/fd/{self._configuration}"
        child = self._child = subprocess.Popen(
            [sys.executable, "-I", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pass_fds=[self._configuration],
        )
        try:
            line = self._line(child)
        except TimeoutError:
            line = b""
        if not line:
            self.close()
            raise BenchError(f"{sys.executable}: its ssl module cannot be asked for a second opinion")
        self.version = json.loads(line)
        return child

    def _line(self, child: subprocess.Popen[bytes]) -> bytes:
        """The next line; empty at the end of the pipe, TimeoutError when it does not come in time."""
        assert child.stdout is not None
        return _line_before(Deadline.after(self._answer_seconds), child.stdout)


def _line_before(deadline: Deadline, pipe: IO[bytes]) -> bytes:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        line = b""
        # Below the buffer of the pipe object, which select does not see.
        while not line.endswith(b"\n"):
            if not selector.select(deadline.remaining):
                raise TimeoutError
            piece = os.read(pipe.fileno(), 65536)
            if not piece:
                return b""
            line += piece
        return line


@contextmanager
def machine_openssl(answer_seconds: float = ANSWER_SECONDS) -> Iterator[MachineOpenssl]:
    """The judge, for the block. BenchError if this interpreter's ssl module cannot be run."""
    configuration = os.memfd_create("openssl.cnf")
    try:
        os.write(configuration, CONFIGURATION)
        judge = MachineOpenssl(configuration, answer_seconds)
        try:
            yield judge
        finally:
            judge.close()
    finally:
        os.close(configuration)
