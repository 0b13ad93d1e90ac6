"""OpenSSH's own server on loopback, as whoever runs the tests, with one key that gets in."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.deadline import Deadline
from harness.transport import DIRECT

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SECONDS = 20.0
PRIVILEGES = Path("/run/sshd")
"""Without it, sshd does not start for root; Debian's service makes it."""


@dataclass
class Sshd:
    """A server that is started, stopped, and started again; its keys stay."""

    folder: Path
    address: str
    port: int
    options: tuple[str, ...] = ()
    host_key_kind: str = "ed25519"
    process: subprocess.Popen[bytes] | None = None

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def key_file(self) -> Path:
        return self._key("id", "ed25519")

    @property
    def host_key(self) -> Path:
        return self._key("host", self.host_key_kind)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def logins(self) -> int:
        return self.log.count("Accepted publickey")

    @property
    def table(self) -> dict[str, object]:
        """As a lab file has it."""
        return {"ssh": self.address, "port": self.port, "user": self.user, "key_file": str(self.key_file)}

    @property
    def toml(self) -> str:
        inner = ", ".join(f'{key} = "{value}"' for key, value in self.table.items() if key != "port")
        return f"{{ {inner}, port = {self.port} }}"

    def start(self) -> None:
        """It listens."""
        assert SSHD is not None
        if os.geteuid() == 0:
            PRIVILEGES.mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "config"
        allowed = self.key_file.with_suffix(".pub")
        lines = (
            f"ListenAddress {self.address}:{self.port}",
            f"HostKey {self.host_key}",
            f"AuthorizedKeysFile {allowed}",
            "PidFile none",
            "StrictModes no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "MaxStartups 100",
            *self.options,
        )
        config.write_text("".join(f"{line}\n" for line in lines))
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=log)
        Deadline.after(SECONDS).wait_for("sshd", self._listens, 0.02)

    def stop(self) -> None:
        """Nothing listens, and nobody is connected."""
        if self.process is None:
            return
        self.drop()
        self.process.kill()
        self.process.wait()
        self.process = None

    def drop(self) -> None:
        """Whoever is connected no longer is; it goes on to listen."""
        for child in self.children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def hang(self) -> None:
        """Whoever is connected gets no answer any more."""
        for child in self.children():
            os.kill(child, signal.SIGSTOP)

    def hang_whole(self) -> None:
        """Whoever connects later does not either."""
        self.hang()
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def forget_host_key(self) -> None:
        """At the next start it has another."""
        for path in self.folder.glob("host*"):
            path.unlink()

    def children(self) -> list[int]:
        """The processes of this server's connections, and theirs."""
        assert self.process is not None
        found: list[int] = []
        parents = [self.process.pid]
        while parents:
            parent = parents.pop()
            with suppress(OSError):
                below = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
                found += map(int, below.split())
                parents += map(int, below.split())
        return found

    def _key(self, name: str, kind: str) -> Path:
        path = self.folder / f"{name}-{kind}"
        if not path.exists():
            make_key(path, kind)
        return path

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            DIRECT.connect(self.address, self.port, 1.0).close()
        except OSError:
            return False
        return True


def make_key(path: Path, kind: str) -> None:
    bits = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-f", str(path)], check=True)


@contextmanager
def running(folder: Path, address: str, port: int, *options: str, host_key_kind: str = "ed25519") -> Iterator[Sshd]:
    folder.mkdir(exist_ok=True)
    server = Sshd(folder, address, port, options, host_key_kind)
    server.start()
    try:
        yield server
    finally:
        server.stop()
