"""Counterfactual twins: rows of two worlds with the same noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from causal_reasoning.scm.interventions import Interventions
from causal_reasoning.scm.reader import Compiled
from causal_reasoning.scm.sampling import Columns, blocks


@dataclass(frozen=True)
class Pairs:
    """Rows and their twins.

    Parameters
    ----------
    factual : dict of str to list of str
        One column for every node.
    counterfactual : dict of str to list of str
        The same rows, had some nodes been set.
    changing : tuple of str
        The nodes that are set and their descendants, in the order of the file; all others are equal in both.
    """

    factual: Columns
    counterfactual: Columns
    changing: tuple[str, ...]

    def columns(self, suffix: str = "_cf") -> Columns:
        """Put both into one table: all factual columns, and with a suffix the counterfactual ones that can differ."""
        return {**self.factual, **{f"{name}{suffix}": self.counterfactual[name] for name in self.changing}}

    @classmethod
    def joined(cls, parts: Sequence[Pairs]) -> Pairs:
        """Put parts together, in order."""
        first = parts[0]
        factual: Columns = {name: [] for name in first.factual}
        counterfactual: Columns = {name: [] for name in first.counterfactual}
        for part in parts:
            for name in factual:
                factual[name].extend(part.factual[name])
                counterfactual[name].extend(part.counterfactual[name])
        return cls(factual, counterfactual, first.changing)


def pairs(
    compiled: Compiled,
    rows: int,
    seed: int,
    factual: Interventions,
    counterfactual: Interventions,
    different: Sequence[str],
    evidence: Mapping[str, int],
) -> Iterator[Pairs]:
    """Draw rows and their twins, block by block.

    Parameters
    ----------
    compiled : Compiled
        The world.
    rows, seed : int
        As in `blocks`.
    factual, counterfactual : Interventions
        What is done in each world.
    different : sequence of str
        The nodes that are set in the counterfactual world only, or otherwise.
    evidence : mapping of str to int
        What holds in the factual world.

    Yields
    ------
    Pairs
        The next rows.
    """
    below = set(compiled.graph.descendants(*different))
    changing = tuple(name for name in compiled.nodes if name in below)
    for one, other in blocks(compiled, rows, seed, [factual, counterfactual], evidence):
        yield Pairs(one, other, changing)


def resliced(parts: Iterator[Columns], chunk: int) -> Iterator[Columns]:
    """Cut columns into parts of another size, the last one perhaps smaller.

    Parameters
    ----------
    parts : iterator of columns
        In order.
    chunk : int
        Rows in each part.

    Yields
    ------
    columns
        In order.

    Examples
    --------
    >>> list(resliced(iter([{"a": ["1"]}, {"a": ["2", "3"]}]), 2))
    [{'a': ['1', '2']}, {'a': ['3']}]
    """
    left: Columns = {}
    for part in parts:
        left = {name: left.get(name, []) + column for name, column in part.items()}
        rows = _length(left)
        for start in range(0, rows - chunk + 1, chunk):
            yield {name: column[start : start + chunk] for name, column in left.items()}
        done = rows - rows % chunk
        left = {name: column[done:] for name, column in left.items()}
    if _length(left):
        yield left


def _length(columns: Columns) -> int:
    return max(map(len, columns.values()), default=0)
