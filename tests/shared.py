"""Data and models that may lie beside the repository; tests that need them are skipped where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(relative: str) -> Path:
    """A file or folder of the shared material; the test is skipped where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(f"shared/{relative} does not lie beside the repository")
    return path
