"""A capture of units that look like none of ours, and of one that tells its secrets and sets traps."""

from __future__ import annotations

import base64
import html
import http.server
import json
import re
import secrets
import signal
import subprocess
import sys
import threading
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import pytest

from harness.capture.bounds import Bounds
from harness.capture.first_contact import Capture, look_at
from harness.capture.keeping import Folder
from harness.drivers.mcu import open_unit
from harness.lab import Lab, Place
from harness.pki import Authority, key_pem
from tests.unit.drivers.variants.driving import opened
from tests.unit.drivers.variants.server import PASSWORD, Unit
from tests.unit.drivers.variants.variant import variant

# Those that can be gone through by GET alone.
MENUS = ("links", "images", "image-map", "tree", "drop-down", "get-buttons", "scripted-buttons", "get-select")
LOUD_PASSWORD = "Tr0ub4dor & 3"
SECONDS = 60.0
PASSPHRASE = "open, sésame"
SESSION_IN_A_PATH = re.compile(rb"/s[0-9a-f]{12}")
KEY = key_pem(Authority.create().issue("unit.example").key).decode()


def captured(place: Place, folder: Path, unit: Any, capture: Capture, **bounds: int) -> dict[str, Any]:
    try:
        look_at(capture, unit, Bounds(**bounds), lambda _line: None, shutdown_page=False)
    finally:
        manifest = capture.keep(Folder(folder))
    return manifest


@pytest.mark.parametrize("menu", MENUS)
def test_a_stranger_is_captured_and_left_as_it_was(menu: str, contexts: Any, tmp_path: Path) -> None:
    number = 2000 + MENUS.index(menu) % 3
    unit = Unit(variant(number, menu=menu))
    with opened(unit, contexts) as mcu:
        capture = Capture(mcu.place)
        # What the driver says on the way is a part of the capture only where the driver is opened for it.
        manifest = captured(mcu.place, tmp_path / str(number), mcu, capture)
    texts = [path.read_bytes() for path in (tmp_path / str(number)).rglob("*.*")]
    told = f"{unit.variant.choices}"
    assert any(b"Key matches" in text or b"Matches" in text or b"Yes" in text for text in texts), told
    buttons = {
        field.get("caption")
        for page in manifest["pages"]
        for form in page.get("forms", ())
        for field in form["fields"]
    }
    assert unit.variant["upload"] in buttons or unit.variant["button"] == "scripted", told
    done = unit.counts
    assert (done.wrong, done.uploads, done.removals, done.shutdowns, done.restarts) == ([], 0, 0, 0, 0), told
    assert unit.session == "", told
    assert not any(PASSWORD.encode() in text or PASSWORD.encode("latin-1") in text for text in texts), told
    assert not any(SESSION_IN_A_PATH.search(text) for text in texts), told


class Loud(http.server.BaseHTTPRequestHandler):
    """A unit that says its secrets in every way, and has links that must not be followed."""

    asked: list[str]
    cookie: str
    once: int
    lets_go: threading.Event | None = None
    """The page Network is not answered before."""
    is_asked: threading.Event

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/net" and self.lets_go is not None:
            self.is_asked.set()
            self.lets_go.wait(SECONDS)
        if self.path == "/endless":
            self._stream()
        elif self.path == "/system.xml":
            self._send(
                "<system><model>MCU 4505</model><softwareVersion>4.4(3.42)</softwareVersion>"
                f"<uptimeSeconds>9</uptimeSeconds><hostName>{html.escape(LOUD_PASSWORD)}</hostName></system>",
                "text/xml",
            )
        elif self.path == "/login.html" or f"Sid={self.cookie}" not in self.headers.get("Cookie", ""):
            self._send(
                "<form action=/in method=post>Username <input name=u>Password <input type=password name=p>"
                "<input type=submit value=OK></form>"
            )
        else:
            self._send(self._page())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/RPC2":
            answer = {"apiVersion": "2.9", "activatedFeatures": [{"feature": "Encryption", "key": "AB12-CD34"}]}
            self._send(xmlrpc.client.dumps((answer | {"echo": LOUD_PASSWORD},), methodresponse=True), "text/xml")
            return
        self.asked.append(f"POST {self.path}")
        good = parse_qs(body.decode())["p"] == [LOUD_PASSWORD]
        self._send("<meta http-equiv=refresh content='0;url=/'>" if good else "Access denied", cookie=good)

    def _page(self) -> str:
        type(self).once += 1
        octets = LOUD_PASSWORD.encode()
        return f"""<title>Codian MCU - Home</title><!-- {LOUD_PASSWORD} {self.cookie} -->
            <a href=/endless>Streaming</a>
            <a href=/net>Network</a> <a href=/ssl.html>SSL certificates</a> <a href='/logout.html'>Log out</a>
            <a href=/a?do=restart>Now</a> <a href=/b>Delete all conferences</a> <a href=/reboot_now.html>Home</a>
            <a href=/d_change.html>Status</a> <a href=/configuration.xml>Settings</a> <a href=/e?disconnect=1>x</a>
            <a href=http://203.0.113.9/>elsewhere</a> <a href=/f?sid={self.cookie}>Streaming</a>
            <img src=/clear.gif> <img src=/logo.gif> <form action=/go><input type=submit value=Reset></form>
            <a href=/list?n={self.once}>more</a>
            <a href=/put.html>Upload certificate and key</a> <form method=post action=/x>
            <input type=hidden name=n value=token{self.once:04}> <input name=snmp_community value=orange-juice>
            <input type=password name=pw value='{LOUD_PASSWORD}'></form>
            <i>{PASSPHRASE} {quote(PASSPHRASE)} {base64.b64encode(PASSPHRASE.encode()).decode()}</i>
            <script>var a="{base64.b64encode(b"admin:" + octets).decode()}", b='{octets.hex()}';</script>
            <script>var c="{PASSPHRASE.encode().hex()}";</script>
            <p>{quote(LOUD_PASSWORD)} {json.dumps(LOUD_PASSWORD)} AB12-CD34<textarea>{KEY}</textarea>"""

    def _stream(self) -> None:
        """Goes on until nobody listens."""
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(bytes(2**20))

    def _send(self, text: str, kind: str = "text/html", *, cookie: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if cookie:
            self.send_header("Set-Cookie", f"Sid={self.cookie}; Path=/; HttpOnly")
        self.end_headers()
        self.wfile.write(text.encode())


@contextmanager
def loud() -> Iterator[tuple[type[Loud], Place]]:
    handler = type(
        "_Loud", (Loud,), {"asked": [], "is_asked": threading.Event(), "cookie": secrets.token_hex(12), "once": 0}
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        port = server.server_port
        # HTTPS is asked of a port that speaks none.
        table = {
            "name": "loud",
            "model": "MCU 4505",
            "address": "127.0.0.1",
            "ports": {"http": port, "https": port},
            "login": {"password": LOUD_PASSWORD},
            "baseline": {"certificate": "unit.pem", "private_key": "unit.key", "passphrase": PASSPHRASE},
        }
        try:
            yield handler, Lab.model_validate({"place": [table]}).places[0]
        finally:
            server.shutdown()
            thread.join()


def test_a_unit_that_tells_its_secrets_and_sets_traps(tmp_path: Path) -> None:
    with loud() as (handler, place):
        capture = Capture(place)
        with open_unit(place, capture.record) as unit:
            manifest = captured(place, tmp_path / "capture", unit, capture)
    assert [(one["path"], "without an end" in one["why"]) for one in manifest["failed"]] == [("/endless", True)]
    opened_paths = {path.partition("?")[0] for path in handler.asked}
    assert {"/net", "/ssl.html", "/logo.gif", "/list", "/f", "/put.html"} <= opened_paths
    traps = {"/a", "/b", "/reboot_now.html", "/d_change.html", "/configuration.xml", "/e", "/clear.gif", "/go", "/x"}
    assert opened_paths & traps == set()
    assert handler.asked[-1] == "/logout.html"
    assert sum(path.startswith("/list") for path in handler.asked) <= 2 * Bounds().of_one_path
    octets = LOUD_PASSWORD.encode()
    told = [LOUD_PASSWORD, handler.cookie, quote(LOUD_PASSWORD), octets.hex(), "AB12-CD34", "orange-juice", "token0"]
    told += ["Tr0ub4dor", base64.b64encode(b"admin:" + octets).decode()[8:-3], KEY.splitlines()[1], "BEGIN"]
    octets = PASSPHRASE.encode()
    told += [PASSPHRASE, quote(PASSPHRASE), octets.hex(), base64.b64encode(octets).decode()[:-2]]
    for path in (tmp_path / "capture").rglob("*.*"):
        content = path.read_text()
        assert [secret for secret in told if secret in content] == [], path


def test_what_was_seen_before_an_interruption_is_kept_and_the_session_given_back(tmp_path: Path) -> None:
    with loud() as (handler, place):
        handler.lets_go = threading.Event()
        ports = f"{{ http = {place.ports.http}, https = {place.ports.https} }}"
        table = f'name = "loud"\nmodel = "MCU 4505"\naddress = "127.0.0.1"\nports = {ports}'
        head = f"[lab]\nstate_dir = '{tmp_path}/state'\n"
        (tmp_path / "lab.toml").write_text(f"{head}[[place]]\n{table}\nlogin = {{ password = '{LOUD_PASSWORD}' }}\n")
        command = "from harness.cli import main; main()", "capture", "loud", "--output", "new"
        with subprocess.Popen([sys.executable, "-c", *command], cwd=tmp_path, stderr=subprocess.PIPE) as process:
            assert handler.is_asked.wait(SECONDS)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=SECONDS)
        handler.lets_go.set()
    assert (process.returncode, b"Traceback" in told) == (130, False)
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert (manifest["complete"], manifest["why_incomplete"]) == (False, "interrupted")
    assert "/login.html" in {page["path"] for page in manifest["pages"]}
    assert handler.asked[-1] == "/logout.html"
