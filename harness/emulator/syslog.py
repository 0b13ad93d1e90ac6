"""Events that are forwarded to syslog servers (device-reference 10, mark D; the form RFC 3164, I)."""

from __future__ import annotations

import contextlib
import socket

from harness.emulator.event_log import LogEvent
from harness.emulator.skin import SyslogSettings

MOST_SERVERS = 4
"""Mark U."""


def message(event: LogEvent, facility: int, host: str) -> bytes:
    """RFC 3164 4.1: the severity is the documented number."""
    time = f"{event.time:%b} {event.time.day:2} {event.time:%H:%M:%S}"
    return f"<{8 * facility + event.severity.value}>{time} {host} {event.module}: {event.text}".encode()


def forward(event: LogEvent, servers: tuple[str, ...], settings: SyslogSettings, host: str, address: str) -> None:
    """One datagram to each server, from this address; whether it arrives nobody asks."""
    for server in servers:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.bind((address, 0))
            sender.sendto(message(event, settings.facility, host), (server, settings.port))
