"""What a person sees of a pretraining run: bars and a table on a terminal, plain lines otherwise."""

from __future__ import annotations

from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from causal_reasoning.base_model.examples import DIRECT, STEP_BY_STEP
from causal_reasoning.base_model.measure import Score

_TITLES = (DIRECT, STEP_BY_STEP, "all steps right", "fine-tuning format")


class Display:
    """Shows the progress of a run on standard error; a context manager.

    Parameters
    ----------
    steps : int
        Of the whole run.
    console : Console, optional
        By default standard error.
    """

    def __init__(self, steps: int, console: Console | None = None) -> None:
        self._steps = steps
        self._console = console or Console(stderr=True)
        self._shown = -1
        self._begun: tuple[int, float] | None = None
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task("pretraining", total=steps)
        self._live = Live(console=self._console, refresh_per_second=4) if self._console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
            self._live.update(self._bar)
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, step: int, seconds: float, curve: list[dict[str, Any]]) -> None:
        """Take in that a step is done; see `train`."""
        self._bar.update(self._task, completed=step)
        new = len(curve) > max(self._shown, 0) and curve[-1]["step"] == step
        if not new:
            return
        self._shown = len(curve)
        if self._live is not None:
            self._live.update(Group(self._bar, loss_table(curve[-1])))
            return
        self.say(self._line(step, seconds, curve[-1]))

    def say(self, text: str) -> None:
        """Print a line as it is."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _line(self, step: int, seconds: float, point: dict[str, Any]) -> str:
        if self._begun is None:
            self._begun = (step, seconds)
            left = seconds / step * (self._steps - step)
        else:
            left = (seconds - self._begun[1]) / (step - self._begun[0]) * (self._steps - step)
        worlds = "  ".join(
            f"{name} {'/'.join(f'{losses[kind]:.3f}' if kind in losses else '–' for kind in (DIRECT, STEP_BY_STEP))}"
            for name, losses in point["worlds"].items()
        )
        time = f"{seconds / 60:.1f} min, {left / 60:.1f} left"
        return f"step {step}/{self._steps}  loss {point['loss']:.4f}  ({worlds})  {time}"


def loss_table(point: dict[str, Any]) -> Table:
    """Make a table of the losses of each world, in nats per token.

    Parameters
    ----------
    point : dict
        One point of the curve; see `train`.

    Returns
    -------
    Table
        One row a world.
    """
    table = Table("world", title=f"loss after {point['step']} steps, nats per token", title_justify="left")
    for kind in (DIRECT, STEP_BY_STEP):
        table.add_column(kind, justify="right")
    for name, losses in point["worlds"].items():
        table.add_row(name, *(f"{losses[kind]:.4f}" if kind in losses else "–" for kind in (DIRECT, STEP_BY_STEP)))
    return table


def in_words(name: str, score: Score) -> str:
    """Say what a model can do in one world, on one line.

    Parameters
    ----------
    name : str
        The world.
    score : Score
        From `measure`.

    Examples
    --------
    >>> in_words("dates", Score(100, 0.25, 0.875, 0.5, 0.0))
    'dates: direct 0.250, step by step 0.875, all steps right 0.500, fine-tuning format 0.000'
    """
    shares = zip(_TITLES, (score.direct, score.step_by_step, score.chain, score.format), strict=True)
    return f"{name}: " + ", ".join(f"{title} {share:.3f}" for title, share in shares if share is not None)


def score_table(scores: dict[str, Score]) -> Table:
    """Make a table of what a model can do.

    Parameters
    ----------
    scores : dict of str to Score
        From `measure`.

    Returns
    -------
    Table
        One row a world.
    """
    table = Table("world")
    for title in ("questions", *_TITLES):
        table.add_column(title, justify="right")
    for name, score in scores.items():
        shares = (score.direct, score.step_by_step, score.chain, score.format)
        table.add_row(name, f"{score.questions:,}", *("–" if share is None else f"{share:.3f}" for share in shares))
    return table
