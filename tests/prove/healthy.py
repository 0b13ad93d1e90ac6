"""Runs over units without a defect: no claim may fail, and none be blocked."""

from __future__ import annotations

from tests.prove.runs import Bench, Specimen

GENERATIONS = (
    ("MCU 4203", "2.4(1.1)"),
    ("MCU MSE 8420", "4.2(1.50)"),
    ("MCU 4505", "4.3(2.18)"),
    ("MCU MSE 8510", "4.5(1.71)"),
    ("Advanced Media Gateway 3610", "4.4(3.57)"),
)
"""Models and firmware."""


def false_alarms(bench: Bench, runs: int, at_once: int) -> tuple[int, int, list[str]]:
    """How many runs of one unit, how many claims, and what did not hold. The first units are learned from."""
    first = [_specimen(number, number) for number in range(len(GENERATIONS))]
    found = bench.learn(first)
    done, claims, alarms = len(first), 0, list[str]()
    while True:
        for name, became in found.items():
            claims += became.claims
            alarms += [f"{name}: failed: {claim}" for claim in sorted(became.failed)]
            alarms += [f"{name}: blocked: {incident}" for incident in sorted(became.incidents)]
        if done >= runs:
            return done, claims, alarms
        share = [_specimen(number, done + number) for number in range(min(at_once, runs - done))]
        found = bench.run(share)
        done += len(share)


def _specimen(number: int, run: int) -> Specimen:
    model, firmware = GENERATIONS[number % len(GENERATIONS)]
    return Specimen(f"run-{run:03}-{firmware.partition('(')[0]}", model, firmware)
