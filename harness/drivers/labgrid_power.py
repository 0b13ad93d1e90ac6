"""A PDU's outlet by one of labgrid's power drivers: each is a module with `power_set` and `power_get`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from harness.errors import BenchError, ConfigurationError
from harness.lab import LabgridPower
from harness.labgrid_models import PACKAGE, unknown_model


class Switch:
    """One outlet."""

    def __init__(self, power: LabgridPower, where: str, model: Any) -> None:
        # As labgrid's NetworkPowerDriver has it: models without a port of their own have it in their URL.
        self._at = power.host, power.port or getattr(model, "PORT", None), power.index
        self._where = where
        self._model = model

    def turn(self, *, on: bool) -> None:
        """Raises BenchError where the PDU does not do it."""
        self._done("on" if on else "off", self._model.power_set, *self._at, on)

    def state(self) -> bool:
        """Whether it is on. Raises BenchError where the PDU does not tell."""
        return bool(self._done("state", self._model.power_get, *self._at))

    def _done(self, verb: str, act: Callable[..., Any], *arguments: object) -> Any:
        try:
            return act(*arguments)
        except Exception as error:
            # Which errors a model raises is its own affair; what they say may hold a URL with a password in it.
            raise BenchError(f"{self._where}: {verb}: labgrid's driver fails: {_words(error)}") from error


def switch_of(power: LabgridPower, where: str) -> Switch:
    """Raises ConfigurationError where labgrid is not installed, or does not know the model."""
    if unknown := unknown_model(power.labgrid):
        raise ConfigurationError(f"{where}: {unknown}")
    try:
        model = importlib.import_module(f"{PACKAGE}.{power.labgrid}")
    except ImportError as error:
        lacking = error.name or "labgrid"
        hint = "pip install 'mcu-hil[labgrid]'" if lacking.partition(".")[0] == "labgrid" else f"install {lacking}"
        raise ConfigurationError(f"{where}: needs labgrid's driver, which cannot be loaded: {hint}") from error
    return Switch(power, where, model)


def _words(error: Exception) -> str:
    """What kind of trouble it is, without any address."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"the PDU answers HTTP {status}"
    causes: list[BaseException] = [error]
    while (inner := _inside(causes[-1])) is not None and inner not in causes:
        causes.append(inner)
    said = next((one.strerror for one in reversed(causes) if isinstance(one, OSError) and one.strerror), "")
    return said or type(error).__name__


def _inside(error: BaseException) -> BaseException | None:
    wrapped = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
    return next((one for one in wrapped if isinstance(one, BaseException)), None)
