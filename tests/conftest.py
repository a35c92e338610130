"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# The same examples every time, and no limit on a single one: machines are slow and busy at times.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
