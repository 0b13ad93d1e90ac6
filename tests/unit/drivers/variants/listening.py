"""The web servers of a variant's unit, on loopback."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.unit.drivers.variants.server import REFUSED_WHEN_DOWN, Answer, Request, Unit


class _Handler(http.server.BaseHTTPRequestHandler):
    unit: Unit
    scheme: str
    elsewhere: str
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 30

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._respond(b"")

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers["Content-Length"])))

    def _respond(self, body: bytes) -> None:
        if self.unit.is_down(1 if self.scheme == "http" else REFUSED_WHEN_DOWN):
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        if self.elsewhere:
            answer = Answer(status=302, location=self.elsewhere + self.path)
        else:
            headers = self.headers
            answer = self.unit.answer(
                Request(
                    self.command,
                    self.scheme,
                    headers["Host"],
                    path,
                    query,
                    headers.get("Cookie", ""),
                    headers.get("Content-Type", ""),
                    body,
                )
            )
        charset = self.unit.variant.charset
        content = answer.page.encode("utf-8" if answer.content_type else charset, "xmlcharrefreplace")
        declared = f"; charset={charset}" if self.unit.variant["charset"].endswith("header") else ""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type or f"text/html{declared}")
        self.send_header("Content-Length", str(len(content)))
        if answer.location:
            self.send_header("Location", answer.location)
        if answer.cookie:
            self.send_header("Set-Cookie", answer.cookie)
        self.end_headers()
        self.wfile.write(content)


class _Server(http.server.ThreadingHTTPServer):
    """`contexts` gives the TLS context of now; None for plain HTTP."""

    daemon_threads = True
    contexts: Callable[[], ssl.SSLContext] | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.contexts is not None:
            handler: Any = self.RequestHandlerClass
            if handler.unit.is_down(REFUSED_WHEN_DOWN):
                return
            request = self.contexts().wrap_socket(request, server_side=True)
        try:
            super().finish_request(request, client_address)
        finally:
            request.close()

    def handle_error(self, *_arguments: object) -> None:
        """A client that went away."""


@dataclass(frozen=True)
class Ports:
    http: int
    https: int


@contextmanager
def serving(unit: Unit, contexts: Mapping[bool, ssl.SSLContext]) -> Iterator[Ports]:
    """The unit on two ports of 127.0.0.1, as its variant's `transport` says; `contexts` by whether the custom pair
    is the running one."""
    with ExitStack() as stack:
        transport = unit.variant["transport"]
        https = _closed(stack) if transport == "http" else _start(stack, unit, "https", contexts)
        elsewhere = f"https://127.0.0.1:{https}" if transport == "redirect" else ""
        plain = _closed(stack) if transport == "https" else _start(stack, unit, "http", contexts, elsewhere)
        yield Ports(plain, https)


def _closed(stack: ExitStack) -> int:
    """A port on which nobody listens, and nobody else can."""
    bound = stack.enter_context(socket.socket())
    bound.bind(("127.0.0.1", 0))
    port: int = bound.getsockname()[1]
    return port


def _start(
    stack: ExitStack, unit: Unit, scheme: str, contexts: Mapping[bool, ssl.SSLContext], elsewhere: str = ""
) -> int:
    handler = type("_Pages", (_Handler,), {"unit": unit, "scheme": scheme, "elsewhere": elsewhere})
    server = stack.enter_context(_Server(("127.0.0.1", 0), handler))
    if scheme == "https":
        server.contexts = lambda: contexts[unit.serves_custom]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    stack.callback(thread.join)
    stack.callback(server.shutdown)
    return server.server_port
