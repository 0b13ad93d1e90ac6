"""`python -m benchmarks.handshake`: CPU time of the checks of a TLS port, beside sslyze's where it is at hand.

sslyze wants libraries of its own: give the Python of an environment that has it, `--sslyze VENV/bin/python`.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives import serialization
from rich.console import Console
from rich.table import Table

from benchmarks.rounds import Contender, measured, own_time
from harness.deadline import Deadline
from harness.pki import Authority, Issued, key_pem
from harness.tls.handshake import Endpoint
from harness.verdict.expectation import Expectation
from harness.verdict.sighting import Sighting
from harness.verdict.table import QUICK, examine

PEM = serialization.Encoding.PEM

AIM_MILLISECONDS = 10.0
AIM_RATIO = 10.0
SUITES = 18

# Prints the CPU seconds of one scan of the port that it is given; imports are not counted, nor are ours.
SSLYZE = """
import json, sys, time
from sslyze import ScanCommand, Scanner, ServerNetworkLocation, ServerScanRequest
versions = ("SSL_2_0", "SSL_3_0", "TLS_1_0", "TLS_1_1", "TLS_1_2", "TLS_1_3")
commands = {ScanCommand.CERTIFICATE_INFO} | {getattr(ScanCommand, v + "_CIPHER_SUITES") for v in versions}
began = time.process_time()
scanner = Scanner()
location = ServerNetworkLocation(hostname=sys.argv[1], port=int(sys.argv[2]), ip_address=sys.argv[1])
scanner.queue_scans([ServerScanRequest(location, scan_commands=commands)])
for result in scanner.get_results():
    assert result.scan_result is not None, result
print(json.dumps(time.process_time() - began))
"""


@contextmanager
def server(directory: Path, issued: Issued) -> Iterator[Endpoint]:
    """The machine's `openssl s_server`, TLS 1.0 to 1.3, in a process of its own."""
    (directory / "key.pem").write_bytes(key_pem(issued.key))
    for name, certificates in {"leaf.pem": issued.chain[:1], "issuers.pem": issued.chain[1:]}.items():
        (directory / name).write_bytes(b"".join(each.public_bytes(PEM) for each in certificates))
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = Endpoint("127.0.0.1", free.getsockname()[1])
    command = ["openssl", "s_server", "-accept", str(endpoint), "-www", "-quiet", "-cipher", "ALL:@SECLEVEL=0"]
    files = ["-cert", "leaf.pem", "-cert_chain", "issuers.pem", "-key", "key.pem"]
    with subprocess.Popen(
        [*command, *files], cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            Deadline.after(10).wait_for("server", lambda: _is_open(endpoint))
            yield endpoint
        finally:
            process.kill()


def _is_open(endpoint: Endpoint) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((endpoint.address, endpoint.port)) == 0


def sslyze_seconds(python: str, endpoint: Endpoint) -> float:
    done = subprocess.run(
        [python, "-c", SSLYZE, endpoint.address, str(endpoint.port)], check=True, capture_output=True, text=True
    )
    return float(json.loads(done.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.handshake", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="(default: %(default)s)")
    parser.add_argument("--sslyze", metavar="PYTHON", help="the Python of an environment that has sslyze")
    options = parser.parse_args()
    authority = Authority.create(intermediates=1)
    root = authority.root.public_bytes(serialization.Encoding.DER)
    expectation = Expectation(at=datetime.now(UTC), names=("127.0.0.1",), trust=(root,))
    with (
        tempfile.TemporaryDirectory(prefix="mcu-hil-bench-") as name,
        server(Path(name), authority.issue("127.0.0.1")) as endpoint,
    ):

        def checks(numbers: frozenset[int]) -> Contender:
            return Contender(
                lambda: list(examine(Sighting(endpoint, None, Deadline.after(60)), expectation, numbers)), own_time
            )

        figures = measured({"1 to 17": checks(QUICK), "1 to 18": checks(QUICK | {SUITES})}, options.rounds)
        ours = {name: 1e3 * found.median for name, found in figures.items()}
        theirs = (
            None
            if options.sslyze is None
            else 1e3 * median(sslyze_seconds(options.sslyze, endpoint) for _ in range(max(3, options.rounds // 3)))
        )
    _show(ours, theirs)
    return 0


def _show(ours: dict[str, float], theirs: float | None) -> None:
    table = Table(title="A TLS port", caption="Client CPU-ms, imports not counted; openssl s_server, RSA-2048")
    for heading in ("", "CPU-ms", "aim", ""):
        table.add_column(heading, justify="right" if heading else "left")
    quick, whole = ours["1 to 17"], ours["1 to 18"]
    table.add_row("checks 1 to 17", f"{quick:.1f}", f"{AIM_MILLISECONDS:g}", _met(is_met=quick < AIM_MILLISECONDS))
    table.add_row("checks 1 to 18: all suites", f"{whole:.1f}", "", "")
    if theirs is not None:
        ratio = theirs / whole
        table.add_row("sslyze: certificate_info, all suites", f"{theirs:.1f}", "", "")
        table.add_row("sslyze, times 1 to 18", f"{ratio:.1f}", f"{AIM_RATIO:g}", _met(is_met=ratio >= AIM_RATIO))
    Console().print(table)


def _met(*, is_met: bool) -> str:
    return "met" if is_met else "[bold]missed[/]"


if __name__ == "__main__":
    sys.exit(main())
