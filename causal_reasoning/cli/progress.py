"""What a person sees while runs go on: bars on a terminal, plain lines otherwise."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from causal_reasoning.experiment import Experiment
from causal_reasoning.sweeps.run import Prepared
from causal_reasoning.sweeps.run import Progress as StepFunction
from causal_reasoning.sweeps.store import RESULT, run_config, run_folder
from causal_reasoning.sweeps.sweep import Event, SweepResult, sweep

_POLL_SECONDS = 1.0


def announce(prepared: Prepared, console: Console | None = None) -> None:
    """Say what an arm minimises and how far the data carry it."""
    out = console or Console(stderr=True)
    for finding in prepared.findings:
        out.print(f"warning: {finding.fault}", markup=False, highlight=False, soft_wrap=True, style="yellow")
    if prepared.derivation is None:
        return
    plan = prepared.derivation.plan
    how = f", {plan.realisation.replace('_', ' ')}" if plan.realisation else ""
    out.print(
        f"{prepared.arm.name}: {plan.estimator}{how}: {plan.formula}", markup=False, highlight=False, soft_wrap=True
    )
    if prepared.overlap:
        o = prepared.overlap
        out.print(
            f"  overlap: {o['effective_sample_size']:,.0f} effective of {o['rows']:,} rows "
            f"({o['effective_share']:.0%}), largest weight {o['largest_weight']:.1f}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for warning in o["warnings"]:
            out.print(f"  warning: {warning}", markup=False, highlight=False, soft_wrap=True, style="yellow")


@contextmanager
def step_bar(title: str, steps: int) -> Iterator[StepFunction]:
    """A bar over the steps of one run; lines at every fifth of them where there is no terminal."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bars(console) as bars:
            task = bars.add_task(title, total=steps)
            yield lambda step, total: bars.update(task, completed=step)
        return
    said = [0]

    def plain(step: int, total: int) -> None:
        if step * 5 // total > said[0]:
            said[0] = step * 5 // total
            console.print(f"{title}: step {step}/{total}", markup=False, highlight=False, soft_wrap=True)

    yield plain


def run_sweep(
    experiment: Experiment,
    root: Path,
    *,
    seeds: Sequence[int] | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> SweepResult:
    """Run a sweep and show its progress on standard error.

    Parameters
    ----------
    experiment : Experiment
        What to compare.
    root : Path
        Where runs are kept.
    seeds : sequence of int, optional
        By default the file's.
    workers : int, optional
        Processes.
    quiet : bool
        Say nothing but warnings.

    Returns
    -------
    SweepResult
        See `sweep`.
    """
    console = Console(stderr=True)
    if not console.is_terminal or quiet:
        return sweep(experiment, root, seeds=seeds, workers=workers, on_event=lambda e: _line(e, console, quiet))
    chosen = list(seeds or experiment.spec.seeds)
    with _bars(console) as bars:
        trained = [(arm, seed) for seed in chosen for arm in experiment.arms if arm.kind != "base"]
        task = bars.add_task("training steps", total=len(trained) * experiment.spec.training.steps)
        folders = [run_folder(root, run_config(experiment, arm, seed), arm) for arm, seed in trained]
        stop = threading.Event()

        def poll() -> None:
            while not stop.wait(_POLL_SECONDS):
                steps = experiment.spec.training.steps
                bars.update(task, completed=sum(_steps(folder, steps) for folder in folders))

        watcher = threading.Thread(target=poll, daemon=True)
        watcher.start()
        try:
            return sweep(
                experiment,
                root,
                seeds=seeds,
                workers=workers,
                on_event=lambda e: _line(e, bars.console, quiet),
            )
        finally:
            stop.set()
            watcher.join()


def _line(event: Event, console: Console, quiet: bool) -> None:
    if event.kind == "prepared":
        if not quiet or (event.detail.overlap and event.detail.overlap["warnings"]):
            announce(event.detail, console)
        return
    if quiet:
        return
    what = f"[{event.finished}/{event.total}] {event.arm}, seed {event.seed}: "
    if event.kind == "failed":
        text = f"{what}failed: {event.detail}"
    else:
        text = what + ("found finished, " if event.kind == "found" else "") + _scores(event.detail)
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _scores(record: dict[str, Any]) -> str:
    shown = ", ".join(f"{split['title']} {split['exact_match']:.2f}" for split in record["splits"].values())
    seconds = sum(record["seconds"].values())
    return f"{shown} ({seconds:.0f} s)"


def _steps(folder: Path, steps: int) -> int:
    """Steps that a run has behind it, read from its log."""
    if (folder / RESULT).is_file():
        return steps
    try:
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        return int(json.loads(lines[-1])["step"])
    except (OSError, ValueError, LookupError):
        return 0


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=False,
    )
