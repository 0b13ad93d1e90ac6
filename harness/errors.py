"""Whose fault it is: one exception type for each party that can be wrong.

The upload itself is the fifth party: `certstore.UploadRefused`. Anything else that is raised is our own bug.
Every message is one line that names the file, key, place or unit, and what to do about it.
"""


class LabError(Exception):
    """Something on our side of the unit: never reported as a fault of its firmware."""


class ConfigurationError(LabError):
    """What the user wrote or typed is wrong; nothing was started. Exit status 4."""


class BenchError(LabError):
    """The bench (network, gateway, console server, PDU, port, lease) is in the way. Exit status 10."""


class TimeIsUp(BenchError):
    """The run's time is over, or somebody has asked it to end: this was not begun."""


class UnitError(Exception):
    """The unit did what its documentation does not allow."""


class DeadlineExpired(Exception):
    """A named condition did not come about in time."""

    def __init__(self, condition: str, seconds: float) -> None:
        super().__init__(condition, seconds)
        self.condition = condition
        self.seconds = seconds

    def __str__(self) -> str:
        return f"no {self.condition} within {self.seconds:g} s"
