"""Settings that the tests of the project itself share; runs over units know nothing of hypothesis."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no failure: how long things take is measured in benchmarks/, not here.
settings.register_profile("mcu-hil", deadline=None)
settings.load_profile("mcu-hil")
