"""Whether a place's restarts take longer from night to night: Theil and Sen's slope, with its interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist, median

LEAST_NIGHTS = 8
FALSE_SHARE = 0.05
"""Of the drifts that are reported, expected to be none (Benjamini and Hochberg)."""
LEAST_CHANGE = 0.05
"""Of the usual time, over all nights: less is of no use to anybody."""
SURE = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Drift:
    """How a place's restart time changes: seconds a night, between which bounds with a confidence of 95 %."""

    place: str
    nights: int
    usual: float
    """The median, in seconds."""
    slope: float
    low: float
    high: float
    probability: float
    """That it would look so if nothing changed (Mann and Kendall)."""
    span: int
    """Nights from the first to the last."""

    @property
    def change(self) -> float:
        """Over all nights, as a share of the usual time."""
        return self.slope * self.span / self.usual if self.usual else 0.0

    def __str__(self) -> str:
        total, bounds = self.slope * self.span, (self.low * self.span, self.high * self.span)
        return (
            f"{self.place}: restarts take {abs(total):.1f} s {'longer' if total > 0 else 'less'} after {self.span} "
            f"nights ({bounds[0]:+.1f} to {bounds[1]:+.1f} s; usually {self.usual:.1f} s)"
        )


def drift_of(place: str, series: Sequence[tuple[int, float]]) -> Drift | None:
    """Of (night, seconds); None where there are too few nights."""
    if len(series) < LEAST_NIGHTS:
        return None
    slopes = sorted((b - a) / (j - i) for (i, a), (j, b) in combinations(series, 2))
    score = sum((slope > 0) - (slope < 0) for slope in slopes)
    count = len(series)
    ties = Counter(seconds for _, seconds in series).values()
    variance = (count * (count - 1) * (2 * count + 5) - sum(tie * (tie - 1) * (2 * tie + 5) for tie in ties)) / 18
    deviation = math.sqrt(variance) if variance > 0 else 0.0
    z = (score - math.copysign(1, score)) / deviation if score and deviation else 0.0
    # Sen 1968: the slopes that many ranks from the middle on either side.
    reach = SURE * deviation
    low = slopes[max(0, math.floor((len(slopes) - reach) / 2))]
    high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))]
    return Drift(
        place,
        count,
        median(seconds for _, seconds in series),
        median(slopes),
        low,
        high,
        2 * NormalDist().cdf(-abs(z)),
        series[-1][0] - series[0][0],
    )


def drifting(found: Iterable[Drift]) -> list[Drift]:
    """Those that are no accident of many places, and large enough to matter; the steepest first."""
    ordered = sorted(found, key=lambda one: one.probability)
    kept = 0
    for rank, one in enumerate(ordered, 1):
        if one.probability <= FALSE_SHARE * rank / len(ordered):
            kept = rank
    sure = [one for one in ordered[:kept] if one.low * one.high > 0 and abs(one.change) >= LEAST_CHANGE]
    return sorted(sure, key=lambda one: -abs(one.change))
