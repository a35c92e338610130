"""A bar for work that is counted in steps, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def counter(title: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show how much of something is done; nothing is shown where there is no terminal.

    Parameters
    ----------
    title : str
        What is counted.
    total : int
        How many there are.

    Yields
    ------
    callable
        To be called with the number done and the number of all.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(title, total=total)
        yield lambda done, total: bars.update(task, completed=done, total=total)
