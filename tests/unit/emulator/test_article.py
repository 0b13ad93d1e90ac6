"""Cisco's article "Certify HTTPS connections on an MCU" (C157), followed with curl and the openssl command line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.emulator.blueprint import Blueprint
from harness.emulator.hosting import HostThread

REACH = ["-tls1", "-cipher", "ALL:@SECLEVEL=0", "-legacy_server_connect"]


class Shell:
    """A folder, and commands run in it."""

    def __init__(self, folder: Path, blueprint: Blueprint) -> None:
        self.folder = folder
        self.web = f"http://{blueprint.address}:{blueprint.http}"
        self.https = f"{blueprint.address}:{blueprint.https}"

    def run(self, *command: str, typed: str = "") -> str:
        """What it printed. It must succeed."""
        done = subprocess.run(
            command, cwd=self.folder, input=typed, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def curl(self, path: str, *options: str) -> str:
        return self.run("curl", "-sS", "--fail", "-L", "-b", "jar", "-c", "jar", *options, self.web + path)

    def submit(self, page: str, button: str, *fields: str) -> str:
        """Press the button on the page: its form's one-time input goes with it."""
        form = next(form for form in re.findall(r"<form.*?</form>", self.curl(page), re.DOTALL) if button in form)
        action = re.search(r'action="([^"]+)"', form)
        assert action
        how = "-F" if "multipart" in form else "-d"
        hidden = [f"{name}={value}" for name, value in re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form)]
        pressed = [f"{name}={button}" for name in re.findall(rf'type="submit" name="(\w+)" value="{button}"', form)]
        return self.curl(action[1], *(word for field in (*hidden, *fields, *pressed) for word in (how, field)))

    def served(self) -> str:
        """The certificate that a completed handshake presents."""
        shown = self.run("openssl", "s_client", "-connect", self.https, *REACH)
        assert "Verify return code" in shown
        assert "Cipher is AES256-SHA" in shown
        return self.run("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-subject", typed=shown)


@pytest.fixture
def shell(tmp_path: Path, blueprint: Blueprint, host: HostThread) -> Shell:
    return Shell(tmp_path, blueprint)


def test_the_article_works_from_key_to_handshake(shell: Shell, blueprint: Blueprint, host: HostThread) -> None:
    subject = f"/C=GB/O=Example/CN={blueprint.address}"
    shell.run(
        "openssl",
        "genrsa",
        "-traditional",
        "-des3",
        "-passout",
        "stdin",
        "-out",
        "privkey.pem",
        "2048",
        typed="horse",
    )
    assert "DEK-Info: DES-EDE3-CBC," in (shell.folder / "privkey.pem").read_text()
    shell.run(
        *("openssl", "req", "-new", "-x509", "-days", "365", "-key", "privkey.pem"),
        *("-passin", "stdin", "-subj", subject, "-out", "cert.pem"),
        typed="horse",
    )
    assert "CN = Codian MCU" in shell.served()

    home = shell.curl(
        "/login_change.html", "-d", "user_name=admin", "-d", f"password={blueprint.password}", "-d", "ok=OK"
    )
    assert "<title>Codian MCU - Home page</title>" in home
    uploaded = shell.submit(
        "/certificates.html",
        "Upload certificate and key",
        *("certificate=@cert.pem", "private_key=@privkey.pem", "private_key_password=horse"),
    )
    assert "Key matches certificate" in uploaded
    assert "must be restarted" in uploaded
    assert "CN = Codian MCU" in shell.served()

    page = "/settings_shutdown.html"
    shell.submit(page, "Shut down MCU")
    shell.submit(page, "Confirm MCU shutdown")
    Deadline.after(60).wait_for("button", lambda: "Restart MCU" in shell.curl(page))
    assert "is restarting" in shell.submit(page, "Restart MCU")
    Deadline.after(60).wait_for("restart", lambda: host.truth("bench-7").boots == 1)

    served = shell.served()
    assert f"subject=C = GB, O = Example, CN = {blueprint.address}" in served
    assert served == shell.run("openssl", "x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha256", "-subject")
