"""Writing to flash takes time, and power may go meanwhile: which of its steps are done at a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from certstore.power import Image, PowerCutFiles, interruptions

Write = Callable[[PowerCutFiles], None]


@dataclass(frozen=True)
class Writing:
    """One write that was begun, its steps spread evenly over so many seconds."""

    before: Image
    """What was on flash."""
    write: Write
    seconds: float
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def onto(cls, files: PowerCutFiles, write: Write, seconds: float) -> Writing:
        """Onto files of which everything is on flash."""
        return cls(files.aftermath(lambda count: count - 1), write, seconds)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.began + self.seconds

    def interrupted(self) -> PowerCutFiles:
        """The files without power, as the write has left them now."""
        stages = list(interruptions(self.write, lambda: PowerCutFiles(self.before)))
        share = (time.monotonic() - self.began) / self.seconds
        return stages[min(int(share * len(stages)), len(stages) - 1)]
