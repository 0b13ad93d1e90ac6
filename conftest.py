"""Settings that every test of the project shares."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["pytester"]

# A busy machine is no failure: how long things take is measured in benchmarks/, not here.
settings.register_profile("mcu-hil", deadline=None)
settings.load_profile("mcu-hil")
