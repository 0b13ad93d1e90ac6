"""`python -m tests.agreement --sslyze VENV/bin/sslyze`: does `mcu-hil handshake` say what other tools say?

Thirteen servers of five makers on loopback, each looked at by `mcu-hil handshake`, sslyze and testssl.sh. It prints
where they differ; exit status 1 where they do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.agreement import readings
from tests.agreement.readings import Reading
from tests.agreement.servers import SERVERS, Material, Server, running


@dataclass(frozen=True)
class Compared:
    server: Server
    differences: tuple[str, ...]
    seen: Reading
    """By `mcu-hil handshake`."""

    @property
    def words(self) -> str:
        seen = self.seen
        flags = {
            "in order": seen.in_order,
            "path": seen.is_path_good,
            "name": seen.is_named,
            "dates": seen.is_valid_now,
        }
        told = ", ".join(f"{name} {'good' if is_good else 'bad'}" for name, is_good in flags.items())
        suites = sum(map(len, seen.suites.values()))
        return f"{', '.join(sorted(seen.versions))}; {suites} suites; {seen.number} certificates, {told}"


def differences(mine: Reading, theirs: Reading) -> Iterator[str]:
    """In words; nothing where they agree on all that both tell."""
    for name in ("versions", "chain", "leaf", "number", "in_order", "is_named", "is_valid_now", "is_path_good"):
        one, other = getattr(mine, name), getattr(theirs, name)
        if None not in (one, other) and one != other:
            yield f"{name}: {_words(one)}, not {_words(other)}"
    if mine.is_all_good != theirs.is_all_good:
        yield f"is_all_good: {mine.is_all_good}, not {theirs.is_all_good}"
    for version in sorted(mine.versions | theirs.versions):
        one, other = mine.suites.get(version, frozenset()), theirs.suites.get(version, frozenset())
        if theirs.asked is not None:
            one &= theirs.asked[version]
        if one != other:
            yield f"{version}: {_words(one - other)} only here, {_words(other - one)} only there"


def _words(value: object) -> str:
    return ", ".join(sorted(map(str, value))) or "nothing" if isinstance(value, frozenset) else str(value)


def compare(server: Server, material: Material, folder: Path, tool: Path) -> Compared:
    place = folder / str(SERVERS.index(server))
    root = folder / "root.pem"
    with running(server, material, place, tool.parent / "python") as endpoint:
        mine = readings.ours(endpoint, root, place)
        found = {
            "sslyze": readings.sslyze(endpoint, root, place, tool),
            "testssl.sh": readings.testssl(endpoint, root, place),
        }
    told = tuple(f"{name}: {text}" for name, theirs in found.items() for text in differences(mine, theirs))
    wrong = () if mine.is_all_good is server.is_good else (f"a chain that is {server.chain} is not told as one",)
    return Compared(server, (*wrong, *told), mine)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.agreement", description=__doc__)
    parser.add_argument("--sslyze", type=Path, required=True, help="of an environment that has tlslite-ng as well")
    parser.add_argument("--jobs", type=int, default=2, help="servers at once (default: %(default)s)")
    parser.add_argument("only", nargs="*", help="words of the servers' names; else all")
    options = parser.parse_args()
    chosen = [server for server in SERVERS if all(word in server.name for word in options.only)]
    material, disagree = Material(), 0
    with tempfile.TemporaryDirectory(prefix="mcu-hil-agreement-") as name, ThreadPoolExecutor(options.jobs) as pool:
        folder = Path(name)
        (folder / "root.pem").write_bytes(material.root.pem)
        tool = options.sslyze.absolute()
        for found in pool.map(lambda server: compare(server, material, folder, tool), chosen):
            disagree += bool(found.differences)
            print(f"{found.server.name}: {found.words}")
            print("".join(f"  {text}\n" for text in found.differences) or "  all agree", flush=True)
    print(f"{len(chosen) - disagree} of {len(chosen)} agree")
    return 1 if disagree else 0


if __name__ == "__main__":
    sys.exit(main())
