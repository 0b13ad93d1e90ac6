"""The web servers of a variant's unit, on loopback."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.unit.drivers.variants.server import REFUSED_WHEN_DOWN, Answer, Request, Unit


class _Handler(socketserver.StreamRequestHandler):
    """HTTP/1.1, and of it what the driver speaks: a library's server would take longer than the driver does."""

    unit: Unit
    scheme: str
    elsewhere: str
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 30

    def handle(self) -> None:
        with suppress(OSError):
            while self._one():
                """One request after the other."""

    def _one(self) -> bool:
        """Whether the connection is still good."""
        first = self.rfile.readline()
        if not first.strip():
            return False
        method, target, _ = first.decode("latin-1").split()
        headers = {}
        while line := self.rfile.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        if self.unit.is_down(1 if self.scheme == "http" else REFUSED_WHEN_DOWN):
            return False
        path, _, query = target.partition("?")
        if self.elsewhere:
            answer = Answer(status=302, location=self.elsewhere + target)
        else:
            cookie, content_type = headers.get("cookie", ""), headers.get("content-type", "")
            host = headers["host"]
            answer = self.unit.answer(Request(method, self.scheme, host, path, query, cookie, content_type, body))
        self._send(answer)
        return True

    def _send(self, answer: Answer) -> None:
        charset = self.unit.variant.charset
        content = answer.page.encode("utf-8" if answer.content_type else charset, "xmlcharrefreplace")
        declared = f"; charset={charset}" if self.unit.variant["charset"].endswith("header") else ""
        head = [
            f"HTTP/1.1 {answer.status} So be it",
            f"Content-Type: {answer.content_type or f'text/html{declared}'}",
            f"Content-Length: {len(content)}",
            *([f"Location: {answer.location}"] if answer.location else ()),
            *([f"Set-Cookie: {answer.cookie}"] if answer.cookie else ()),
        ]
        self.wfile.write("\r\n".join([*head, "\r\n"]).encode("latin-1") + content)
        self.wfile.flush()


class _Server(socketserver.ThreadingTCPServer):
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
    port: int = server.server_address[1]
    return port
