"""A unit that shares no path, field name or layout with the emulated ones.

It is of the age of frames: image links, unclosed upper-case tags, one form round two sections, one-time values in
addresses, a confirmation for the removal. It answers over plain HTTP; what it knows is kept in one object.
"""

from __future__ import annotations

import http.server
import socket
import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.drivers.mcu import Mcu, open_unit
from harness.lab import Lab

DOWN_SECONDS = 0.3
NEWER = ("rebootRequired", "finishedBooting", "operationalStatus", "log", "portA", "portB", "participants")
"""Members, and methods that answer nothing else, which the old API lacks."""
NAVIGATION = """<TITLE>Menu</TITLE><CENTER><A HREF=/x/1 TARGET=work><IMG SRC=n.gif ALT=Network></A><BR>
    <A HREF="/x/2" TARGET=work><IMG SRC=s.gif ALT=" Settings "></A>"""
LOGIN = """<TITLE>Welcome</TITLE><TABLE><FORM ACTION="/in" METHOD=POST><TR><TD>Username:<TD><INPUT NAME=who>
    <TR><TD>Password:<TD><INPUT TYPE=PASSWORD NAME=word><TR><TD><TD><INPUT TYPE=IMAGE NAME=b SRC=ok.gif ALT="Log in">
    <INPUT TYPE=HIDDEN NAME=lang VALUE=en></FORM></TABLE>"""
CERTIFICATES = """<TITLE>SSL certificates</TITLE>
    <FORM ACTION="/x/9?once={once}" METHOD=POST ENCTYPE=multipart/form-data><TABLE WIDTH=100%>
    <TR><TD><FONT SIZE=+1><B>HTTPS trust store</B></FONT><TR><TD>Certificate <INPUT TYPE=FILE NAME=a1>
    <INPUT TYPE=SUBMIT NAME=ts VALUE="Upload trust store"><TR><TD><FONT SIZE=+1><B>Local certificate</B></FONT>
    <TR><TD><TABLE><TR><TD>Subject<TD><TABLE><TR><TD>CN<TD>{name}</TABLE>
    <TR><TD>Private key<TD>Key matches certificate</TABLE>
    <TR><TD><FONT SIZE=+1><B>Local certificate configuration</B></FONT><TR><TD><TABLE>
    <TR><TD>Certificate<TR><TD><INPUT TYPE=FILE NAME=a3><TR><TD>Private key<TR><TD><INPUT TYPE=FILE NAME=a2>
    <TR><TD>Private key encryption password<TR><TD><INPUT TYPE=PASSWORD NAME=a4></TABLE><INPUT TYPE=SUBMIT NAME=go
    VALUE="Upload certificate and key"> <INPUT TYPE=SUBMIT NAME=rm VALUE="Delete custom certificate and key">
    <INPUT TYPE=HIDDEN NAME=keep VALUE="me &amp; you"></TABLE></FORM>"""
ASK = """<TITLE>Question</TITLE>Really?<FORM ACTION=/x/8 METHOD=POST><INPUT TYPE=SUBMIT NAME=yes VALUE=Yes>
    <INPUT TYPE=SUBMIT NAME=no VALUE=No></FORM>"""
REMOVAL = '<INPUT TYPE=SUBMIT NAME=rm VALUE="Delete custom certificate and key">'
UPLOAD_LINK = "</FORM><A HREF=/x/u>Upload certificate and key</A>"
REMOVAL_LINK = "<A HREF=/x/r>Delete custom certificate and key</A>"
ASK_AGAIN = f"<TITLE>Question</TITLE>Really?<FORM ACTION=/x/8 METHOD=POST>{REMOVAL}</FORM><A HREF=/x/3>Back</A>"
SHUTDOWN = """<TITLE>Shutdown</TITLE><FORM ACTION=/x/7 METHOD=POST><INPUT TYPE=SUBMIT NAME=z VALUE="{button}"></FORM>
    <A HREF=/help_shutdown.html>Shutdown</A>"""


@dataclass
class Stranger:
    """What the unit knows, and how it takes a restart."""

    password: str = "pw"
    restarts: bool = True
    top: str = "<FRAMESET COLS=20%,*><FRAME NAME=menu SRC=/nav><FRAME NAME=work SRC=/hi></FRAMESET>"
    menu: str = NAVIGATION
    login: str = LOGIN
    api: str = "whole"
    """Or "old", without the methods and members of later versions, or "none"."""
    banner: str = ""
    """What stands on every page while something waits for a restart."""
    removal: str = "button"
    """Or "link", or "asked with the same button"."""
    upload_apart: bool = False
    """The form of the upload stands on a page of its own."""
    refusal: str = ""
    """What the page says to somebody who is not let in."""
    restarts_at_upload: bool = False
    resets: int = 0
    """How many API requests end in a reset connection."""
    api_version: str = "2.10"
    started: datetime = field(default_factory=lambda: datetime.now() - timedelta(hours=1))
    down_until: float = 0.0
    session: str = ""
    once: int = 0
    status: str = "active"
    confirming: bool = False
    pending: bool = False
    stored: dict[str, bytes] = field(default_factory=dict)
    logins: int = 0
    logged_out: int = 0


class Pages(http.server.BaseHTTPRequestHandler):
    unit: Stranger

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        path, unit = urlsplit(self.path).path, self.unit
        if time.monotonic() < unit.down_until:
            return
        if path == "/system.xml":
            uptime = int((datetime.now() - unit.started).total_seconds())
            self._send(
                "<system><manufacturer>Codian</manufacturer><model>MCU 4510</model><serial>X</serial>"
                f"<softwareVersion>4.4(3.42)</softwareVersion><uptimeSeconds>{uptime}</uptimeSeconds></system>"
            )
        elif path == "/RPC2":
            self._call(body)
        elif path == "/login.html":
            self._send(unit.login)
        elif path == "/in":
            unit.logins += 1
            sent = parse_qs(body.decode(), keep_blank_values=True)
            good = (
                sent["who"] == ["admin"]
                and sent["word"] == [unit.password]
                and sent["lang"] == ["en"]
                and "b.x" in sent
            )
            if good:
                unit.session = f"s{time.monotonic_ns()}"
                self._send(
                    "<META HTTP-EQUIV=Refresh CONTENT='0; URL=/top'>One moment", cookie=f"Sid={unit.session}; path=/"
                )
            else:
                self._send(f"<TITLE>Codian MCU - Access failed</TITLE>{unit.refusal}")
        elif path == "/logout.html":
            unit.session = ""
            unit.logged_out += 1
            self._send("Bye")
        elif self.headers.get("Cookie", "") != f"Sid={unit.session}" or not unit.session:
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/login.html")
            self.end_headers()
        else:
            self._send((f"<P>{unit.banner}" if unit.pending else "") + self._page(path, body))

    def _page(self, path: str, body: bytes) -> str:
        unit = self.unit
        match path:
            case "/top":
                return unit.top
            case "/nav":
                return unit.menu
            case "/hi":
                return "<TITLE>Codian MCU - Home</TITLE><H1>Welcome</H1>"
            case "/x/1":
                return "<A HREF=/x/3?t=5>SSL certificates</A> <A HREF=/x/4>Services</A>"
            case "/x/2":
                return "<A HREF=/x/5>Shutdown</A> <A HREF=/x/6>Time</A>"
            case "/x/3":
                unit.once += 1
                page = CERTIFICATES.format(once=unit.once, name="custom" if unit.stored else "factory")
                if unit.upload_apart:
                    return page.partition("<TR><TD><FONT SIZE=+1><B>Local certificate configuration")[0] + UPLOAD_LINK
                return page.replace(REMOVAL, "") + REMOVAL_LINK if unit.removal == "link" else page
            case "/x/u":
                return CERTIFICATES.format(once=unit.once, name="").replace(
                    "Private key<TD>Key matches certificate", ""
                )
            case "/x/r":
                return ASK
            case "/x/9" if f"once={unit.once}" in self.path:
                head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
                parts = BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
                sent = {
                    str(part.get_param("name", header="content-disposition")): part.get_content() for part in parts
                }
                if "rm" in sent:
                    return ASK if unit.removal == "button" else ASK_AGAIN
                unit.stored = {
                    name: value if isinstance(value, bytes) else value.encode() for name, value in sent.items()
                }
                unit.pending = True
                if unit.restarts_at_upload:
                    self._restart()
                return "<P>Thank you"
            case "/x/8" if body in (b"yes=Yes", b"rm=Delete+custom+certificate+and+key"):
                unit.stored, unit.pending = {}, True
                return "<P>Gone"
            case "/x/5":
                return SHUTDOWN.format(button="Restart MCU" if unit.status == "shutdown" else "Shut down MCU")
            case "/x/7":
                return self._shutdown()
        return "<TITLE>Not found</TITLE>"

    def _restart(self) -> None:
        unit = self.unit
        unit.down_until = time.monotonic() + DOWN_SECONDS
        unit.started = datetime.now() + timedelta(seconds=DOWN_SECONDS)
        unit.status, unit.session, unit.pending = "active", "", False

    def _shutdown(self) -> str:
        unit = self.unit
        if unit.status == "shutdown":
            if unit.restarts:
                self._restart()
            return "<P>Restarting"
        if unit.confirming:
            unit.status, unit.confirming = "shutdown", False
            return SHUTDOWN.format(button="Restart MCU")
        unit.confirming = True
        return SHUTDOWN.format(button="Confirm MCU shutdown")

    def _call(self, body: bytes) -> None:
        unit = self.unit
        if unit.resets:
            unit.resets -= 1
            # Closing with something unread, and without lingering, is a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            return
        [arguments], method = xmlrpc.client.loads(body)
        answers: dict[str | None, dict[str, Any]] = {
            "device.query": {
                "currentTime": datetime.now().replace(microsecond=0),
                "restartTime": unit.started.replace(microsecond=0),
                "rebootRequired": unit.pending,
                "finishedBooting": True,
                "apiVersion": unit.api_version,
            },
            "device.health.query": {"operationalStatus": unit.status},
            "device.restartlog.query": {
                "log": [
                    {"time": unit.started, "reason": "unknown"},
                    {"time": datetime(2011, 1, 2), "reason": "Cold boot"},
                ]
            },
            "services.query": {
                "portA": {"tcp": [{"name": "http", "type": "tcp", "setting": True, "enabled": True, "port": 80}]},
                "portB": {"tcp": [{"name": "http", "type": "tcp", "setting": False, "enabled": False}]},
            },
        }
        if unit.api == "none":
            self.send_error(404)
            return
        if unit.api == "old":
            answers = {
                name: {key: told for key, told in answer.items() if key not in NEWER}
                for name, answer in answers.items()
            }
        refused = arguments != {"authenticationUser": "admin", "authenticationPassword": unit.password}
        unknown = xmlrpc.client.Fault(1, "method not supported")
        known: Any = (answers[method],) if answers.get(method) else unknown
        result = xmlrpc.client.Fault(14, "authorization failed") if refused else known
        self._send(xmlrpc.client.dumps(result, methodresponse=True))

    def _send(self, page: str, cookie: str = "") -> None:
        content = page.encode("iso-8859-1")
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=ISO-8859-1")
        self.send_header("Content-Length", str(len(content)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(content)


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A connection that was reset on purpose."""


@contextmanager
def opened(stranger: Stranger) -> Iterator[Mcu]:
    with ExitStack() as stack:
        server = stack.enter_context(Quiet(("127.0.0.1", 0), type("_Pages", (Pages,), {"unit": stranger})))
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.shutdown)
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        table = {
            "name": "rack2",
            "model": "MCU MSE 8510",
            "address": "127.0.0.1",
            "ports": {"http": server.server_port, "https": closed.getsockname()[1]},
            "login": {"user": "admin", "password": "pw"},
            # Not emulated by us, but as quick.
            "emulated": {"restart_seconds": DOWN_SECONDS},
        }
        [place] = Lab.model_validate({"place": [table]}).places
        yield stack.enter_context(open_unit(place))
