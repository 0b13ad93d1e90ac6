"""`make gateway`: the suite over the default lab behind OpenSSH's sshd, which is its console server too; once more
with the gateway dropping everybody every few seconds. Exit status 1 where a claim does not hold; of a gateway that
drops everybody, where anything but the bench is blamed, since an upload that is under way then is not repeated.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.gateway.wired_lab import WiredLab, wired_lab

DROP_SECONDS = 7.0
BENCH = 10
"""Exit status of a run in which the bench left claims unanswered."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gateway", description=__doc__)
    parser.add_argument("arguments", nargs="*", help="for pytest, such as -m full (default: -n 2)")
    asked, more = parser.parse_known_args()
    arguments = [*asked.arguments, *more] or ["-n", "2"]
    bad = 0
    for title, drops in (("steady", False), ("dropping", True)):
        with (
            tempfile.TemporaryDirectory(prefix="mcu-hil-gateway-") as folder,
            wired_lab(Path(folder), f"127.81.{1 + drops}") as lab,
        ):
            bad += _told(title, lab, arguments, drops=drops)
    return int(bad > 0)


def _told(title: str, lab: WiredLab, arguments: list[str], *, drops: bool) -> int:
    over = threading.Event()
    dropped = 0

    def drop() -> None:
        nonlocal dropped
        while not over.wait(DROP_SECONDS):
            lab.gateway.drop()
            dropped += 1

    dropper = threading.Thread(target=drop)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    if drops:
        dropper.start()
    try:
        outcome = lab.run(*arguments)
    finally:
        over.set()
        if drops:
            dropper.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{title}: exit status {outcome.status}, {outcome.cases}, {time.monotonic() - began:.0f} s,"
        f" {seconds:.0f} s of processor time; {lab.gateway.logins} logins at the gateway, {dropped} drops; starts at"
        f" the consoles: { {place: outcome.starts(place) for place in sorted(outcome.consoles)} }",
        flush=True,
    )
    is_good = outcome.status == 0 or (drops and outcome.status == BENCH and "failure" not in outcome.cases)
    if not is_good:
        print(outcome.output)
    return int(not is_good)


if __name__ == "__main__":
    sys.exit(main())
