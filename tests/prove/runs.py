"""Whole runs of the suite over labs of emulated units, and what became of each claim at each place."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.loopback import network
from tests.whole_run import command, environment

RUN_SECONDS = 3600
RESTART_TIMEOUT = 60
"""For units that never come back, each of which a run waits for so long several times; others are long back."""

PARTS = ("done", "expected", "the unit", "evidence")
"""Of the text of a failed claim: harness.pytest_plugin.failing."""
POWER = 'power = { ssh = "%s", port = 2222, user = "lab", on = "on 7", off = "off 7" }\n'


@dataclass(frozen=True)
class Specimen:
    """One emulated unit of a lab."""

    name: str
    model: str = "MCU 4505"
    firmware: str = "4.3(2.18)"
    defect: str = ""
    second_address: bool = False
    feature_key: bool = True


@dataclass(frozen=True)
class Became:
    """What became of the claims at one place, by their names without the place."""

    failed: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    """And those that a bug of ours left unanswered."""
    held: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    """Those of the failed whose text lacks what was done, what was expected, what the unit did, or the evidence."""
    incidents: frozenset[str] = frozenset()
    """Why claims are blocked, one line each."""

    @property
    def claims(self) -> int:
        return sum(map(len, (self.failed, self.blocked, self.held, self.skipped)))


@dataclass
class Bench:
    """A folder for runs whose profiles are kept from one to the next, as they were after a healthy one."""

    folder: Path
    restart_seconds: float = 1.0
    workers: int = 2
    profiles: Path = field(init=False)
    _runs: int = 0

    def __post_init__(self) -> None:
        self.profiles = self.folder / "profiles"

    def learn(self, specimens: Sequence[Specimen], *arguments: str, power: bool = False) -> dict[str, Became]:
        """A run from which later ones know what is characterised."""
        return self.run(specimens, *arguments, power=power, keep_profiles=True)

    def run(
        self, specimens: Sequence[Specimen], *arguments: str, power: bool = False, keep_profiles: bool = False
    ) -> dict[str, Became]:
        """What became of each place. Raises RuntimeError where the run itself went wrong."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        state = folder / "state"
        state.mkdir(parents=True)
        if self.profiles.is_dir():
            shutil.copytree(self.profiles, state / "profiles")
        lab = folder / "lab.toml"
        lab.write_text(self._lab(specimens, state, power=power), encoding="utf-8")
        junit, output = folder / "junit.xml", folder / "output.txt"
        with output.open("w") as told:
            done = subprocess.run(
                command(lab, junit, "-q", "-n", str(min(self.workers, len(specimens))), *arguments),
                stdout=told,
                stderr=subprocess.STDOUT,
                timeout=RUN_SECONDS,
                check=False,
                env=environment(),
            )
        if done.returncode not in (0, 1, 10) or not junit.exists():
            raise RuntimeError(f"exit status {done.returncode}: {output.read_text(errors='replace')[-3000:]}")
        if keep_profiles:
            shutil.rmtree(self.profiles, ignore_errors=True)
            shutil.copytree(state / "profiles", self.profiles)
        return became(junit, [one.name for one in specimens])

    def _lab(self, specimens: Sequence[Specimen], state: Path, *, power: bool) -> str:
        own, others = network(), network()
        tables = [f'[lab]\nname = "prove"\nstate_dir = "{state}"\n']
        for number, one in enumerate(specimens, 1):
            defect = f', defect = "{one.defect}"' if one.defect else ""
            # A cut that is to hit the flash while it is written needs something to hit.
            slow = ', switches = { "timing.storing" = 0.5 }' if power else ""
            emulated = f'firmware = "{one.firmware}", restart_seconds = {self.restart_seconds}{slow}{defect}'
            tables.append(
                f'[[place]]\nname = "{one.name}"\nmodel = "{one.model}"\naddress = "{own}.{number}"\n'
                f'restart_timeout = {RESTART_TIMEOUT}\nfeatures = ["api", "http", "https", "sip_tls", "power"]\n'
                + (f'also_at = ["{others}.{number}"]\n' if one.second_address else "")
                + ("" if one.feature_key else "feature_key = false\n")
                + f"emulated = {{ {emulated} }}\n"
                + (POWER % f"{own}.{number}" if power else "")
            )
        return "\n".join(tables)


def became(junit: Path, places: Collection[str]) -> dict[str, Became]:
    """As JUnit XML tells it; a place of which it tells nothing has no claims."""
    found: dict[str, dict[str, set[str]]] = {place: {} for place in places}
    for case in ET.parse(junit).getroot().iter("testcase"):
        told = {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}
        if (place := told.get("place")) not in found:
            continue
        name = str(case.get("name")).replace(f"[{place}]", "").replace(f"[{place}-", "[")
        verdict = "blocked" if told["verdict"] == "error" else told["verdict"]
        found[place].setdefault(verdict, set()).add(name)
        if verdict == "failed" and not all(map(told_parts(_text(case)).get, PARTS)):
            found[place].setdefault("untold", set()).add(name)
        if verdict == "blocked":
            found[place].setdefault("incidents", set()).update(
                str(child.get("message") or "").splitlines()[0] for child in case if child.tag in ("error", "failure")
            )
    names = Became.__dataclass_fields__
    return {
        place: Became(**{verdict: frozenset(claims) for verdict, claims in verdicts.items() if verdict in names})
        for place, verdicts in found.items()
    }


def told_parts(text: str) -> dict[str, str]:
    """What the text of a failed claim says, by the label of its part."""
    labels = "|".join(PARTS)
    found = re.findall(rf"^  ({labels}): *(.*?)(?=^  (?:{labels}):|\Z)", text, re.MULTILINE | re.DOTALL)
    return {label: said.strip() for label, said in found if said.strip() not in ("", "False", "AssertionError")}


def _text(case: ET.Element) -> str:
    return "\n".join(f"{child.get('message') or ''}\n{child.text or ''}" for child in case if child.tag == "failure")


def processor_seconds() -> float:
    """Of all processes that have been started from here and are over."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


Verdicts = Mapping[str, Became]
