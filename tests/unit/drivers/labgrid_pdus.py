"""PDUs of three models that labgrid knows, on loopback, by the protocols that their makers document."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit


class Pdu(http.server.BaseHTTPRequestHandler):
    """One outlet, number 3, behind each of the models' paths."""

    switch: Callable[[bool], None]
    is_on: list[bool]
    broken = False

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        match parts.path.strip("/").split("/"):
            # A Raspberry Pi with relays, as labgrid's `simplerest` wants it.
            case ["pi", "3", value]:
                self._turn(value == "1")
                self._say("ok")
            case ["pi", "3"]:
                self._say("1" if self.is_on[-1] else "0")
            # Shelly, Gen1 Device API: GET and POST /relay/N.
            case ["shelly", "relay", "3"]:
                self._say(json.dumps({"ison": self.is_on[-1], "has_timer": False}))
            # Gude, EPC-HTTP-Interface: /status.json?components=N&cmd=1&p=PORT&s=STATE.
            case ["status.json"]:
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                if asked.get("cmd") == "1" and asked["p"] == "3":
                    self._turn(asked["s"] == "1")
                outputs = [{"name": f"port {n}", "state": int(n == 3 and self.is_on[-1])} for n in (1, 2, 3, 4)]
                self._say(json.dumps({"outputs": outputs} if asked["components"] == "1" else {}))
            case _:
                self._say("no such outlet", 404)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path != "/shelly/relay/3":
            self._say("no such relay", 404)
            return
        self._turn(sent["turn"] == ["on"])
        self.do_GET()

    def _turn(self, on: bool) -> None:  # noqa: FBT001 - as it came
        if not self.broken:
            self.switch(on)
            self.is_on.append(on)

    def _say(self, text: str, status: int = 200) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def pdu(switch: Callable[[bool], None], *, broken: bool = False) -> Iterator[tuple[int, list[bool]]]:
    """Its port, and what the outlet was: it is on at first. A broken one takes every command and switches nothing."""
    is_on = [True]
    members = {"switch": staticmethod(switch), "is_on": is_on, "broken": broken}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("_Pdu", (Pdu,), members)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_port, is_on
        finally:
            server.shutdown()
            thread.join()
