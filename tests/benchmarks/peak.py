"""Peak memory of a process, so that arms of a benchmark can be measured in processes of their own."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import torch


def peak() -> float:
    """Peak MiB of this process so far: of the GPU, or of all its memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage also counts what the process that started this one held
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def peak_of(module: str, arguments: list[str]) -> float:
    """Run a benchmark module in a process of its own, which prints its peak at the end, and read that."""
    command = [sys.executable, "-m", module, *arguments]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])
