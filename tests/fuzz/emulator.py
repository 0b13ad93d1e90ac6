"""Throws malformed TLS, HTTP, multipart, XML, SIP and FTP at an emulated unit, and sees that nothing comes of it.

    nice python -m tests.fuzz.emulator --requests 300000 --seed 1

Two units run in one process. The first is the target of every request; the second, which has another state, must
stay as it is. After each thousand requests: both answer, the target has not restarted and has the factory pair, the
neighbour is as it was, and the process has written nothing about a bug of its own. The same seed gives the same
requests (not the same timing). Exit status 1 when something is found; the requests since the last look are kept.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests

from harness.emulator.blueprint import Blueprint

AT_ONCE = 48
PATIENCE = 0.08
"""For an answer; most malformed requests are answered in a millisecond or never."""
LOOK_EVERY = 1000

TARGET, NEIGHBOUR = "127.98.7.1", "127.98.7.2"
PASSWORD = "let me in"
SIP = 5061

LOGIN = b"user_name=admin&password=let+me+in&ok=OK"
# Not the right one: a unit has room for few sessions.
LOGIN_REFUSED = b"user_name=admin&password=let+me+out&ok=OK"
CALL = (
    b'<?xml version="1.0"?>\n<methodCall><methodName>device.query</methodName><params><param><value><struct>'
    b"<member><name>authenticationUser</name><value><string>admin</string></value></member>"
    b"<member><name>authenticationPassword</name><value><string>let me in</string></value></member>"
    b"</struct></value></param></params></methodCall>"
)
PART = b'--limit\r\nContent-Disposition: form-data; name="%s"; filename="a.pem"\r\n\r\n%s\r\n'
PEM = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,0123456789ABCDEF\n\nMIIB\n-----END RSA PRIVATE KEY-----\n"  # noqa: E501
FORM = (
    b"".join(PART % (name, PEM) for name in (b"certificate", b"private_key"))
    + b'--limit\r\nContent-Disposition: form-data; name="form_id"\r\n\r\nFORMID\r\n--limit--\r\n'
)


@dataclass(frozen=True)
class Web:
    """A request whose body can be damaged with its length still right."""

    line: bytes
    body: bytes = b""
    field: bytes = b"Accept: */*"

    def octets(self) -> bytes:
        head = [self.line + b" HTTP/1.1", b"Host: mcu", b"Cookie: session_id=COOKIE", self.field]
        head += [b"Content-Length: %d" % len(self.body)] if self.body else []
        return b"\r\n".join(head) + b"\r\n\r\n" + self.body

    def damaged(self, dice: random.Random) -> bytes:
        if self.body and dice.random() < 0.6:
            return replace(self, body=mutated(self.body, dice)).octets()
        return mutated(self.octets(), dice)


MULTIPART = b"Content-Type: multipart/form-data; boundary=limit"
URLENCODED = b"Content-Type: application/x-www-form-urlencoded"
WEB = [
    Web(b"GET /"),
    Web(b"GET /system.xml"),
    Web(b"GET /certificates.html"),
    Web(b"GET /configuration.xml"),
    Web(b"GET /login.html?requested_page=certificates.html"),
    Web(b"POST /login_change.html", LOGIN_REFUSED, URLENCODED),
    Web(b"POST /certificates_change.html", FORM, MULTIPART),
    Web(b"POST /network_services_change.html", b"form_id=0&http_enabled=1&http_port=80", URLENCODED),
    Web(b"POST /RPC2", CALL, b"Content-Type: text/xml"),
    Web(b"POST /RPC2", CALL.replace(b"device.query", b"device.restartlog.query"), b"Transfer-Encoding: chunked"),
]
HELLO = bytes.fromhex(
    "16030100610100005d0301" + "5a" * 32 + "00001600350"
    "02f000a00050004c014c013c009c00a00330039006700ff01000" + "01e000b000403000102000a000a0008001d0017001800190"
    "0230000000f000101"
)
TLS = [HELLO, HELLO[:40], b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x00\xff\xff", b"\x80\x2e\x01\x03\x01" + HELLO]
SIP_LINES = [
    b"OPTIONS sip:mcu@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS a\r\nTo: <sip:b>\r\nContent-Length: 0\r\n\r\n",
    b"INVITE sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\nv=0\r\n",
    b"\r\n\r\n",
]
FTP = 2121
FTP_LINES = [
    b"USER admin\r\nPASS let me in\r\nTYPE I\r\nPASV\r\nRETR configuration.xml\r\n",
    b"USER admin\r\nPASS let me in\r\nEPSV\r\nSTOR configuration.xml\r\nNLST\r\nQUIT\r\n",
    b"USER guest\r\nPASS \r\nPASV\r\nRETR configuration.xml\r\n",
]
TOKENS = [
    b"\r\n",
    b"\x00",
    b"\xff",
    b"--limit",
    b"%",
    b"<",
    b"&a;",
    b"A" * 5000,
    b"Content-Length: 99999999999",
    b"]]>",
]


def mutated(seed: bytes, dice: random.Random) -> bytes:
    """Changed in one to three places."""
    text = bytearray(seed)
    for _ in range(dice.randint(1, 3)):
        at, length = dice.randrange(len(text) + 1), dice.choice((1, 1, 2, 7, 60))
        match dice.randrange(5):
            case 0:
                text[at : at + length] = dice.randbytes(length)
            case 1:
                del text[at : at + length]
            case 2:
                text[at:at] = dice.choice(TOKENS)
            case 3:
                text[at:at] = text[at : at + length] * dice.choice((1, 2, 40))
            case _:
                text[at:] = text[at:][: dice.randrange(len(text) + 1)]
    return bytes(text)


@dataclass(frozen=True)
class Shot:
    port: int
    octets: bytes
    in_tls: bool


def shots(dice: random.Random) -> Iterator[Shot]:
    while True:
        match dice.randrange(40):
            case 0:
                yield Shot(SIP, mutated(dice.choice(SIP_LINES), dice), in_tls=True)
            case 1:
                yield Shot(FTP, mutated(dice.choice(FTP_LINES), dice), in_tls=False)
            case number if number < 10:
                yield Shot(dice.choice((8443, SIP)), mutated(dice.choice(TLS), dice), in_tls=False)
            case _:
                yield Shot(8080, dice.choice(WEB).damaged(dice), in_tls=False)


def client_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def fire(shot: Shot, visit: Visit, context: ssl.SSLContext) -> str:
    """What came back, in a word."""
    writer = None
    try:
        reader, writer = await asyncio.open_connection(TARGET, shot.port, ssl=context if shot.in_tls else None)
        writer.write(visit.filled_in(shot.octets))
        answer = await asyncio.wait_for(reader.read(4096), PATIENCE)
    except TimeoutError:
        return "no answer"
    except (OSError, ssl.SSLError) as error:
        return type(error).__name__
    finally:
        if writer is not None:
            writer.transport.abort()
    status = re.match(rb"(HTTP|SIP)/\d\.\d (\d{3})", answer)
    return f"{status[1].decode()} {status[2].decode()}" if status else ("closed" if not answer else "other octets")


@dataclass
class Visit:
    """A session of somebody who is logged in, so that requests get past the login."""

    cookie: bytes
    forms: list[bytes]
    """One-time inputs that have not been used."""

    def filled_in(self, octets: bytes) -> bytes:
        if b"FORMID" in octets and self.forms:
            octets = octets.replace(b"FORMID", self.forms.pop())
        return octets.replace(b"COOKIE", self.cookie)


class Emulator:
    """The process, and what it has written about bugs of its own."""

    def __init__(self, process: subprocess.Popen[str], complaints: Path) -> None:
        self.process = process
        self.complaints = complaints
        assert process.stdin is not None
        assert process.stdout is not None
        units = [
            Blueprint(name, "MCU 4505", address, 8080, 8443, "4.3(2.18)", 0.2, password=PASSWORD, ticked=ticked)
            for name, address, ticked in (
                ("target", TARGET, ("http", "https", "sips_tcp")),
                ("neighbour", NEIGHBOUR, ("http", "https")),
            )
        ]
        process.stdin.write(json.dumps({"units": [unit.document() for unit in units]}) + "\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        assert not told["failed"], told["failed"]
        self._desk, self._headers = told["desk"], {"Authorization": f"Bearer {told['token']}"}
        self._neighbour = self._truth("neighbour")
        self._cookie = ""

    def visit(self) -> Visit:
        with requests.Session() as session:
            web = f"http://{TARGET}:8080"
            session.get(f"{web}/logout.html", headers={"Cookie": f"session_id={self._cookie}"}, timeout=10)
            session.post(f"{web}/login_change.html", data=LOGIN, headers=_form_type(), timeout=10)
            pages = [session.get(f"{web}/certificates.html", timeout=10).text for _ in range(8)]
            forms = [form.encode() for page in pages for form in re.findall(r'name="form_id" value="(\w+)"', page)]
            self._cookie = session.cookies["session_id"]
            return Visit(self._cookie.encode(), forms)

    def faults(self) -> list[str]:
        """What is wrong now."""
        found = [f"the process has ended: {self.process.returncode}"] if self.process.poll() is not None else []
        for address in (TARGET, NEIGHBOUR):
            if "<serial>" not in requests.get(f"http://{address}:8080/system.xml", timeout=10).text:
                found.append(f"{address} does not answer")
        target = self._truth("target")
        if target["boots"] or target["phase"] != "active" or len(target["stored"]) != 1:
            found.append(f"the target has changed: {target}")
        if self._truth("neighbour") != self._neighbour:
            found.append("the neighbour has changed")
        if text := self.complaints.read_text():
            found.append(text[:3000])
        return found

    def resident_kib(self) -> int:
        [resident] = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(resident)

    def _truth(self, name: str) -> dict[str, Any]:
        truth = requests.get(f"{self._desk}units/{name}", headers=self._headers, timeout=10).json()
        # Refused logins are events, and rightly so.
        return {fact: value for fact, value in truth.items() if fact != "events"}


def _form_type() -> dict[str, str]:
    return {"Content-Type": "application/x-www-form-urlencoded"}


async def run(emulator: Emulator, number: int, seed: int) -> int:
    """The exit status."""
    stream, context, outcomes = shots(random.Random(seed)), client_context(), Counter[str]()
    began = time.monotonic()
    for _ in range(0, number, LOOK_EVERY):
        visit = await asyncio.to_thread(emulator.visit)
        batch = [next(stream) for _ in range(LOOK_EVERY)]
        waiting = iter(batch)

        async def fire_all(waiting: Iterator[Shot] = waiting, visit: Visit = visit) -> None:
            for shot in waiting:
                outcomes[await fire(shot, visit, context)] += 1

        await asyncio.gather(*(fire_all() for _ in range(AT_ONCE)))
        if faults := await asyncio.to_thread(emulator.faults):
            kept = Path(tempfile.mkdtemp()) / "requests.jsonl"
            kept.write_text("".join(json.dumps([shot.port, shot.octets.hex()]) + "\n" for shot in batch))
            sys.stderr.write("\n".join([*faults, f"requests: {kept}", ""]))
            return 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    seconds = time.monotonic() - began
    sys.stdout.write(f"{outcomes.total()} requests in {seconds:.0f} s: {told}\n{emulator.resident_kib()} KiB\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz an emulated unit.")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with (
        tempfile.NamedTemporaryFile("w") as complaints,
        subprocess.Popen(
            [sys.executable, "-m", "harness.emulator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
        contextlib.ExitStack() as ending,
    ):
        ending.callback(process.terminate)
        return asyncio.run(run(Emulator(process, Path(complaints.name)), options.requests, options.seed))


if __name__ == "__main__":
    sys.exit(main())
