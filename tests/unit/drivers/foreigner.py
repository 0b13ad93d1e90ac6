"""One more unit written from the device reference alone, unlike the emulated ones in how it speaks and keeps time.

HTTP/1.0 with bodies that end with the connection, HTTPS that opens after HTTP, a login that leads back to the page
that was asked for, a shutdown that takes its time on a page that keeps itself up to date, clocks of two time zones.
"""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from certstore import CertStore, Upload, UploadRefused, receive
from harness.drivers.mcu import Mcu, open_unit
from harness.lab import Lab

DOWN_SECONDS = 0.4
BANNER = "The unit must be restarted before changes take effect"
HEAD = "<HTML><HEAD><TITLE>Codian MCU - {title}</TITLE>{more}</HEAD><BODY BGCOLOR=#FFFFFF>"
MENU = """<TABLE WIDTH=100%><TR><TD><A HREF=/home.htm>Home</A>&nbsp;|&nbsp;<A HREF=/net/>Network</A>&nbsp;|&nbsp;
<A HREF="/set.htm">Settings</A><TD ALIGN=right>
{banner}<A HREF=/logout.html>Change log in</A></TABLE><HR>"""
LOGIN = """<H2>Log in</H2><FORM METHOD=post ACTION=login_change.html>
<INPUT TYPE=hidden NAME=requested_page VALUE="{page}">
Username:&nbsp;<INPUT NAME=user_name MAXLENGTH=31><BR>Password:&nbsp;<INPUT TYPE=PassWord NAME=password><BR>
<INPUT TYPE=submit NAME=ok VALUE=" OK "></FORM>"""
CERTIFICATES = """<H2>SSL Certificates</H2>{said}<TABLE BORDER=0><TR><TH COLSPAN=2>Local certificate</TH></TR>
<TR><TD>Subject&nbsp;:</TD><TD>C&nbsp;=&nbsp;GB<BR>CN&nbsp;=&nbsp;{name}</TD></TR>
<TR><TD>Issuer&nbsp;:</TD><TD>C&nbsp;=&nbsp;GB<BR>CN&nbsp;=&nbsp;{name}</TD></TR>
<TR><TD>Issued&nbsp;:</TD><TD>Thursday, 1 January 2009, 00:00:00</TD></TR>
<TR><TD>Expires&nbsp;:</TD><TD>Tuesday, 1 January 2039, 00:00:00</TD></TR>
<TR><TD>Private key&nbsp;:</TD><TD>Key matches certificate</TD></TR></TABLE>
<FORM ID=f1 METHOD=post ENCTYPE=multipart/form-data ACTION=/net/cert_change.htm></FORM>
<P>The certificate and the private key must be uploaded at the same time.
<TABLE><TR><TD>Certificate&nbsp;:<TD><INPUT FORM=f1 TYPE=file NAME=c><TR><TD>Private key&nbsp;:<TD>
<INPUT FORM=f1 TYPE=file NAME=k><TR><TD>Private key encryption password&nbsp;:<TD>
<INPUT FORM=f1 TYPE=password NAME=p>
<TR><TD><TD>
<BUTTON FORM=f1 NAME=up VALUE=1><B>Upload certificate and key</B></BUTTON>
<BUTTON FORM=f1 NAME=rm VALUE=1>Delete custom certificate and key</BUTTON></TABLE>"""
SHUTDOWN = """<H2>Shutdown</H2>{said}<FORM METHOD=post ACTION=/shutdown_change.htm>
<INPUT TYPE=hidden NAME=once VALUE={once}>
{button}</FORM>"""
IMAGE = '<INPUT TYPE=image SRC=b.gif NAME=go ALT="{}">'


@dataclass
class Foreigner:
    """What it is like, and what it knows."""

    api: str = "2.9"
    lacking: frozenset[str] = frozenset()
    """Members of device.query that it does not have."""
    clock_after: timedelta = timedelta()
    """How its clock has jumped after a restart."""
    zone: timedelta = timedelta()
    """`restartTime` is in local time, that much ahead; `currentTime` is not."""
    framing: str = "close"
    """How bodies end: "close", "chunked" or "length"."""
    https_late: float = 0.3
    after_login: int = 302
    shutting_down: float = 0.3
    store: CertStore = field(default_factory=CertStore)
    now: timedelta = timedelta()
    started: float = field(default_factory=lambda: time.monotonic() - 3600)
    down_until: float = 0.0
    session: str = ""
    once: int = 0
    shut_at: float = 0.0
    asked: bool = False
    said: str = ""
    restarts: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def clock(self) -> datetime:
        return datetime.now().replace(microsecond=0) + self.now

    @property
    def is_shut(self) -> bool:
        return 0 < self.shut_at <= time.monotonic()

    def is_closed(self, scheme: str) -> bool:
        return time.monotonic() < self.down_until + (self.https_late if scheme == "https" else 0.0)

    def restart(self) -> None:
        self.restarts += 1
        self.store = self.store.restart()
        self.down_until = time.monotonic() + DOWN_SECONDS
        self.started, self.now = self.down_until, self.clock_after
        self.session, self.shut_at, self.asked = "", 0.0, False


class Answering(socketserver.StreamRequestHandler):
    unit: Foreigner
    scheme: str
    timeout = 20

    def handle(self) -> None:
        with suppress(OSError):
            method, target, _ = self.rfile.readline().decode().split()
            headers: dict[str, str] = {}
            while line := self.rfile.readline().strip():
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", "0")))
            if not self.unit.is_closed(self.scheme):
                self._answer(method, target, headers, body)

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        unit, path = self.unit, target.partition("?")[0]
        if path == "/system.xml":
            uptime = max(0, int(time.monotonic() - unit.started))
            self._send(
                '<?xml version="1.0"?>\n<!-- facts -->\n<system>\n <manufacturer>TANDBERG</manufacturer>\n'
                f" <model>Codian MCU 4505</model>\n <softwareVersion>4.3(2.18)</softwareVersion>\n <uptimeSeconds>"
                f" {uptime} </uptimeSeconds>\n</system>"
            )
        elif path == "/RPC2":
            self._call(body)
        elif path == "/login.html":
            self._send(HEAD.format(title="Login", more="") + LOGIN.format(page="home.htm"))
        elif path == "/login_change.html":
            sent = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
            wanted = {"user_name": "admin", "password": "pw", "requested_page": "home.htm", "ok": " OK "}
            if sent != wanted:
                self._send(HEAD.format(title="Access denied", more="") + "<H2>Access denied</H2>")
                return
            unit.session = f"{time.monotonic_ns():x}"
            cookie = f'codian="{unit.session}"; Version=1; Path="/"; Discard'
            self._send("Moved", unit.after_login, Location=sent["requested_page"], **{"Set-Cookie": cookie})
        elif path == "/logout.html":
            unit.session = ""
            self._send("<P>Bye")
        elif not unit.session or unit.session not in headers.get("cookie", ""):
            self._send("Found", 302, Location="/login.html?requested_page=" + path.strip("/"))
        else:
            self._page(method, path, headers, body)

    def _page(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        unit = self.unit
        match method, path:
            case _, "/home.htm":
                self._shown("Home page", "<H1>Welcome</H1>")
            case _, "/net/":
                links = "<A HREF=port_a.htm>Port A</A> <A HREF=cert.htm>SSL Certificates</A>"
                self._shown("Network", links, below="net/")
            case _, "/set.htm":
                self._shown("Settings", "<A HREF=shutdown.htm>Shutdown</A> <A HREF=time.htm>Time</A>")
            case _, "/net/cert.htm":
                name = "custom" if unit.store.stored else "factory"
                self._shown("SSL Certificates", CERTIFICATES.format(said=unit.said, name=name), below="net/")
                unit.said = ""
            case "POST", "/net/cert_change.htm":
                self._stored(headers["content-type"], body)
                self._send("", 302, Location="cert.htm")
            case _, "/shutdown.htm":
                unit.asked = False
                self._shutdown()
            case "POST", "/shutdown_change.htm":
                self._pressed(body)
            case _:
                self._send("<H1>404</H1>", 404)

    def _stored(self, content_type: str, body: bytes) -> None:
        unit, sent = self.unit, {}
        for part in body.split(b"--" + content_type.partition("boundary=")[2].encode())[1:-1]:
            head, _, value = part.partition(b"\r\n\r\n")
            sent[head.partition(b'name="')[2].partition(b'"')[0].decode()] = value.removesuffix(b"\r\n")
        if "rm" in sent and "up" not in sent:
            unit.said = "<P>Deleted." if unit.store.stored else "<P><FONT COLOR=red>There is nothing to delete."
            unit.store = unit.store.remove()
        elif sent.keys() == {"c", "k", "p", "up"}:
            try:
                unit.store = unit.store.upload(receive(Upload(sent["c"], sent["k"], sent["p"] or None)))
                unit.said = "<P>Certificate uploaded."
            except UploadRefused:
                unit.said = "<P><FONT COLOR=red>Error: the certificate or the key is not valid."
        else:
            unit.wrong.append(str(sorted(sent)))

    def _shutdown(self) -> None:
        unit = self.unit
        unit.once += 1
        if unit.shut_at and not unit.is_shut:
            more = "<META HTTP-EQUIV=refresh CONTENT=1>"
            self._shown("Shutdown", "<H2>Shutdown</H2><P>The MCU is shutting down...", more=more)
            return
        words = "Restart MCU" if unit.is_shut else "Confirm MCU shutdown" if unit.asked else "Shut down MCU"
        self._shown("Shutdown", SHUTDOWN.format(said="", once=unit.once, button=IMAGE.format(words)))

    def _pressed(self, body: bytes) -> None:
        unit = self.unit
        sent = parse_qs(body.decode())
        if sent.get("once") != [str(unit.once)] or "go.x" not in sent:
            unit.wrong.append(body.decode())
        if unit.is_shut:
            # It is gone before it has answered.
            unit.restart()
            return
        if unit.asked:
            unit.shut_at = time.monotonic() + unit.shutting_down
        unit.asked = not unit.asked
        self._shutdown()

    def _shown(self, title: str, content: str, more: str = "", below: str = "") -> None:
        banner = f"<B>{BANNER}</B> " if self.unit.store.restart_required else ""
        address: Any = self.server.server_address
        base = f'<BASE HREF="{self.scheme}://{address[0]}:{address[1]}/{below}">'
        menu = MENU.format(banner=banner)
        self._send(HEAD.format(title=title, more=more + base) + menu + content)

    def _call(self, body: bytes) -> None:
        unit = self.unit
        asked: Any = xmlrpc.client.loads(body)
        [arguments], method = asked
        started = unit.clock - timedelta(seconds=int(time.monotonic() - unit.started))
        device: dict[str, Any] = {
            "currentTime": unit.clock,
            "restartTime": started + unit.zone,
            "serial": "SM1",
            "softwareVersion": "4.3(2.18)",
            "model": "Codian MCU 4505",
            "apiVersion": unit.api,
            "shutdownStatus": "shutdown" if unit.is_shut else "notShutdown",
            "rebootRequired": unit.store.restart_required,
            "finishedBooting": True,
        }
        device = {name: value for name, value in device.items() if name not in unit.lacking}
        answer: Any = (device,) if method == "device.query" else xmlrpc.client.Fault(1, "method not supported")
        if arguments.get("authenticationPassword") != "pw":
            answer = xmlrpc.client.Fault(14, "authorization failed")
        if unit.api == "none":
            self._send("<H1>Not found</H1>", 404)
        else:
            self._send(xmlrpc.client.dumps(answer, methodresponse=True))

    def _send(self, page: str, status: int = 200, **headers: str) -> None:
        content, framing = page.encode("iso-8859-1"), self.unit.framing
        version = "HTTP/1.1" if framing == "chunked" else "HTTP/1.0"
        lines = [
            f"{version} {status} X",
            "Content-type: text/html",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if framing == "chunked":
            lines += ["Transfer-Encoding: chunked", "Connection: close"]
            pieces = [content[at : at + 100] for at in range(0, len(content), 100)]
            content = (
                b"".join(f"{len(piece):x};x=y\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"
            )
        elif framing == "length":
            lines.append(f"Content-length: {len(content)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + content)


class _Server(socketserver.ThreadingTCPServer):
    unit: Foreigner
    contexts: Mapping[bool, ssl.SSLContext] | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.contexts is not None:
            if self.unit.is_closed("https"):
                return
            request = self.contexts[self.unit.store.running is not None].wrap_socket(request, server_side=True)
        try:
            super().finish_request(request, client_address)
        finally:
            # Without close_notify, as old servers do.
            request.close()

    def handle_error(self, *_arguments: object) -> None:
        """A client that went away."""


@contextmanager
def opened(unit: Foreigner, contexts: Mapping[bool, ssl.SSLContext]) -> Iterator[Mcu]:
    with ExitStack() as stack:
        ports = {}
        for scheme in ("http", "https"):
            handler = type("_Answering", (Answering,), {"unit": unit, "scheme": scheme})
            server = stack.enter_context(_Server(("127.0.0.1", 0), handler))
            server.unit, server.contexts = unit, contexts if scheme == "https" else None
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            ports[scheme] = int(server.server_address[1])
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        table = {
            "name": "rack3",
            "model": "MCU 4505",
            "address": "127.0.0.1",
            "ports": ports | {"sip_tls": closed.getsockname()[1]},
            "login": {"user": "admin", "password": "pw"},
            # Not emulated by us, but as quick.
            "emulated": {"restart_seconds": DOWN_SECONDS},
        }
        [place] = Lab.model_validate({"place": [table]}).places
        yield stack.enter_context(open_unit(place))
