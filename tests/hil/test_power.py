"""Power cuts: before, in and after an upload, and in a start. The old pair or the new one, whole; never another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from harness import catalogue
from harness.catalogue import Material
from harness.deadline import Deadline
from harness.experiment import Leaves, Selection, experiment
from harness.observation import Serving, how_much, serving
from harness.profile import Characterised, line
from harness.tls.handshake import fingerprint
from harness.unit import Unit

Pairs = Mapping[str, tuple[bytes, ...]]
"""Chains, by what they are."""


@dataclass(frozen=True)
class Cut:
    """One power cut: which pairs may be served after it, and what is."""

    may: Pairs = field(repr=False)
    seen: Serving

    def told(self, moment: str) -> str:
        """For whoever reads that it failed."""
        wanted = " or ".join(f"{what} (sha256:{fingerprint(chain[0])[:16]})" for what, chain in self.may.items())
        found = (
            f"sha256:{fingerprint(self.seen.chain[0])[:16]}" if self.seen.chain else f"nobody: {self.seen.trouble}"
        )
        return f"the power was cut {moment}; wanted is {wanted}; served is {found}"


@dataclass(frozen=True)
class PowerCuts:
    """By moment."""

    of: Mapping[str, Cut]
    reason: str
    """What the restart log has of the first."""
    later: Cut
    """After a restart that followed them all."""


MOMENTS = (
    "with nothing under way",
    "right after an upload",
    "as an upload began",
    "while an upload is stored",
    "in the start after an upload",
)
STORING = 0.65
"""Of the time until an upload is answered: by then it has arrived and been read, and is on its way to flash (R)."""
DONE = (MOMENTS[1], MOMENTS[4])
"""The upload was answered before: the new pair is stored."""


@experiment(Leaves.CUSTOM_PAIR, restarts=6, selection=Selection.FULL, needs=["power"])
def power_cuts(unit: Unit) -> PowerCuts:
    """Five cuts, each with another pair, and a restart at last."""

    def limit() -> Deadline:
        return Deadline.after(unit.place.restart_timeout)

    def new() -> Material:
        return catalogue.ca_signed(unit.place.address)

    old = serving(unit).chain
    unit.power_cut(limit())
    cuts = {MOMENTS[0]: Cut({"the pair from before": old}, serving(unit))}
    reason = unit.restart_log()[-1].reason

    pair = new()
    answer = unit.upload(pair.upload)
    unit.power_cut(limit())
    cuts[MOMENTS[1]] = Cut({"the new pair": pair.chain}, serving(unit))

    for moment, after in ((MOMENTS[2], 0.0), (MOMENTS[3], STORING * answer.seconds)):
        old, pair = serving(unit).chain, new()
        cut = unit.power_cut(limit(), uploading=pair.upload, after=after)
        cuts[moment] = Cut({"the pair from before": old, "the new pair": pair.chain}, serving(unit))

    pair = new()
    unit.upload(pair.upload)
    unit.power_cut(limit(), in_boot=cut.web_seconds / 2)
    cuts[MOMENTS[4]] = Cut({"the new pair": pair.chain}, serving(unit))

    unit.restart(limit())
    return PowerCuts(cuts, reason, Cut({"the new pair": pair.chain}, serving(unit)))


pytestmark = pytest.mark.about(power_cuts)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_leaves_a_whole_pair(seen: PowerCuts, moment: str, characterised: Characterised) -> None:
    """A power cut does what a restart does (device-reference 15.1, mark I): the model of the store has it so."""
    cut = seen.of[moment]
    chains = [chain for chain in cut.may.values() if chain and cut.seen.chain[:1] == chain[:1]]
    assert chains, cut.told(moment)
    assert not cut.seen.otherwise_elsewhere, cut.seen.otherwise_elsewhere
    if moment in DONE:
        characterised(f"served/of-{len(chains[0])}-certificates", how_much(cut.seen.chain, chains[0]))


def test_what_is_served_after_power_cuts_is_served_after_a_restart_too(seen: PowerCuts) -> None:
    [chain] = seen.later.may.values()
    same = seen.later.seen.chain[:1] == chain[:1]
    assert same, seen.later.told("five times, and the unit then restarted")


def test_the_restart_log_names_a_power_cut_as_ever(seen: PowerCuts, characterised: Characterised) -> None:
    """`Cold boot` is documented from API 2.10 on (device-reference 7.5)."""
    characterised("restart-log/reason-by-power", line(seen.reason))
