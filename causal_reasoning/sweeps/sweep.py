"""Compare graphs: every arm with every seed, on a pool of processes, resumed by the same call."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from causal_reasoning.errors import CausalReasoningError, InputError
from causal_reasoning.experiment import Arm, Experiment
from causal_reasoning.files import write_atomic
from causal_reasoning.sweeps.engines import local
from causal_reasoning.sweeps.run import Prepared, as_json, check_rows, prepare, run
from causal_reasoning.sweeps.statistics import summary_of
from causal_reasoning.sweeps.store import read_result, run_config, run_folder

SUMMARY = "summary.json"


@dataclass(frozen=True)
class SweepResult:
    """All runs of an experiment.

    Parameters
    ----------
    records : tuple of dict
        Results of the finished runs.
    summary : dict
        Means over seeds; see `summary_of`.
    failed : tuple of dict
        ``arm``, ``seed`` and ``error`` of the runs that failed.
    folder : Path
        Where everything lies.
    """

    records: tuple[dict[str, Any], ...]
    summary: dict[str, Any]
    failed: tuple[dict[str, Any], ...]
    folder: Path


@dataclass(frozen=True)
class Event:
    """Something that a person waits for.

    Parameters
    ----------
    kind : str
        ``"prepared"``, ``"found"``, ``"done"`` or ``"failed"``.
    arm : str
        The arm.
    seed : int or None
        The seed; ``None`` for a preparation.
    finished, total : int
        Runs that are over, and all runs.
    detail : object
        A `Prepared`, a record, or an error message.
    """

    kind: str
    arm: str
    seed: int | None
    finished: int
    total: int
    detail: Any


def sweep(
    experiment: Experiment,
    root: Path | str,
    *,
    seeds: Sequence[int] | None = None,
    workers: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> SweepResult:
    """Run every arm with every seed; finished runs are read back.

    Nothing is trained before every arm has been compiled and its overlap measured, so that a graph that is not
    identified or not supported by the data is refused at once.

    Parameters
    ----------
    experiment : Experiment
        What to compare.
    root : path
        Where runs are kept.
    seeds : sequence of int, optional
        By default the file's.
    workers : int, optional
        Processes; by default one per processor, at most one per run, and one where there is a GPU.
    on_event : callable, optional
        Told about preparations and outcomes.

    Returns
    -------
    SweepResult
        Records, summary and failures; the summary is written to ``root/NAME/summary.json``.

    Raises
    ------
    CausalReasoningError
        If an arm cannot be compiled or the data are faulty.
    """
    chosen = list(dict.fromkeys(seeds if seeds is not None else experiment.spec.seeds))
    jobs = [(arm, seed) for seed in chosen for arm in experiment.arms]
    say = on_event or (lambda event: None)
    home = Path(root)
    folders = [run_folder(home, run_config(experiment, arm, seed), arm) for arm, seed in jobs]
    for index, prepared in enumerate([_prepare(experiment, arm, chosen[0]) for arm in experiment.arms]):
        # What a look at the rows has shown is said once.
        told = prepared if index == 0 else replace(prepared, findings=())
        say(Event("prepared", prepared.arm.name, None, 0, len(jobs), told))
    records: dict[int, dict[str, Any]] = {}
    failed: dict[int, dict[str, Any]] = {}
    left: list[int] = []
    for index, (arm, seed) in enumerate(jobs):
        record = read_result(folders[index])
        if record is None:
            left.append(index)
        else:
            records[index] = record
            say(Event("found", arm.name, seed, len(records), len(jobs), record))
    if left:
        check_rows(experiment, chosen[0])
    threads, count = _processes(workers, len(left))
    arguments = [(experiment, jobs[i][0], jobs[i][1], root) for i in left]
    for done in local(run, arguments, count, threads) if left else ():
        index = left[done.job]
        arm, seed = jobs[index]
        if done.error is None:
            records[index] = done.value
        else:
            failed[index] = {"arm": arm.name, "seed": seed, "error": done.error}
        finished = len(records) + len(failed)
        kind = "done" if done.error is None else "failed"
        say(Event(kind, arm.name, seed, finished, len(jobs), done.value if done.error is None else done.error))
    summary = summary_of(
        [records[i] for i in sorted(records)],
        experiment=experiment.name,
        order=[arm.name for arm in experiment.arms],
        floor=experiment.floor,
        failed=[failed[i] for i in sorted(failed)],
    )
    folder = home / experiment.name
    write_atomic(folder / SUMMARY, as_json(summary))
    return SweepResult(
        tuple(records[i] for i in sorted(records)), summary, tuple(failed[i] for i in sorted(failed)), folder
    )


def _prepare(experiment: Experiment, arm: Arm, seed: int) -> Prepared:
    try:
        return prepare(experiment, arm, seed)
    except InputError:
        raise  # it says where in which file
    except CausalReasoningError as error:
        raise type(error)(f"arm '{arm.name}': {error}") from error


def _processes(workers: int | None, jobs: int) -> tuple[int, int]:
    """(threads per process, processes)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers is None:
        import torch

        workers = 1 if torch.cuda.is_available() else cores
    count = max(1, min(workers, jobs))
    # Whoever runs other things beside this one says so in the usual way.
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    most = int(wanted) if wanted.isdecimal() and int(wanted) > 0 else cores
    return max(1, min(cores // count, most)), count


def saved_order(folder: Path) -> tuple[tuple[str, ...], str | None]:
    """The order of the arms, and the one that gaps are measured from, as the sweep that made a folder wrote them.

    Parameters
    ----------
    folder : Path
        The runs of one experiment.

    Returns
    -------
    (tuple of str, str or None)
        Nothing of both where no sweep has ended there, or its summary cannot be read.
    """
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        return tuple(str(arm["name"]) for arm in summary["arms"]), summary["reference"]["floor"]
    except (OSError, ValueError, KeyError, TypeError):
        return (), None
