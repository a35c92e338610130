"""Settings of all tests."""

from __future__ import annotations

import os

# Before anything imports the hub's client: no test asks a hub, and a client that has none tries for a minute.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from hypothesis import settings

# The same examples every time, and no limit on a single one: machines are slow and busy at times.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
