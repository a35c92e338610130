"""A sweep's summary as values: arms, splits, means and intervals, whatever of them there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("base", "graph", "ceiling")


@dataclass(frozen=True)
class Number:
    """A mean over seeds.

    Parameters
    ----------
    mean : float
        The mean.
    low, high : float or None
        Ends of the interval; ``None`` where there is none, as with a single seed.
    values : tuple of float
        One value a seed.
    """

    mean: float
    low: float | None = None
    high: float | None = None
    values: tuple[float, ...] = ()

    @property
    def half(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class SplitResult:
    """One arm on one split; what was not measured is ``None``."""

    exact: Number | None
    nll: Number | None
    worst: Number | None


@dataclass(frozen=True)
class Arm:
    """One row of the results.

    Parameters
    ----------
    name : str
        The arm.
    kind : str
        ``"base"``, ``"graph"`` or ``"ceiling"``.
    graph : str or None
        Name of its graph.
    estimator : str
        How it was trained.
    licensed : bool or None
        Whether the graph implies that the minimiser is what the query asks for; ``None`` where it is not known.
    seeds : tuple of int
        The seeds that finished.
    splits : mapping of str to SplitResult
        By name of the split.
    gap : Number or None
        Share of the way from the floor to the ceiling.
    adapter : str or None
        What kind of adapter was trained.
    trainable : int or None
        Trained parameters.
    """

    name: str
    kind: str
    graph: str | None
    estimator: str
    licensed: bool | None
    seeds: tuple[int, ...]
    splits: Mapping[str, SplitResult]
    gap: Number | None
    adapter: str | None = None
    trainable: int | None = None

    def exact(self, split: str) -> Number | None:
        """Exact match on a split, when it was measured."""
        return self.splits[split].exact if split in self.splits else None


@dataclass(frozen=True)
class Failure:
    """A run that did not finish."""

    arm: str
    seed: str
    error: str


@dataclass(frozen=True)
class Results:
    """A whole summary.

    Parameters
    ----------
    experiment : str
        Its name.
    arms : tuple of Arm
        Untrained base first, ceiling last, otherwise as in the summary.
    titles : mapping of str to str
        Title of each split, in order.
    floor, ceiling : str or None
        The arms between which the gap is measured.
    split : str or None
        The split of the gap: the intervention.
    failed : tuple of Failure
        Runs without a result.
    interval : str
        What the intervals are.
    """

    experiment: str
    arms: tuple[Arm, ...]
    titles: Mapping[str, str]
    floor: str | None
    ceiling: str | None
    split: str | None
    failed: tuple[Failure, ...]
    interval: str

    @property
    def sizes_differ(self) -> bool:
        """Whether the arms train adapters of different kinds or sizes."""
        return len({(arm.adapter, arm.trainable) for arm in self.arms if arm.kind != "base" and arm.trainable}) > 1

    def arm(self, name: str | None) -> Arm | None:
        """The arm of a name, if it is there."""
        return next((arm for arm in self.arms if arm.name == name), None)


def read_results(summary: Mapping[str, Any]) -> Results:
    """Read a summary as a sweep writes it.

    Parameters
    ----------
    summary : mapping
        The summary; every key may be missing.

    Returns
    -------
    Results
        The same as values.

    Examples
    --------
    >>> read_results({"experiment": "letters"}).arms
    ()
    """
    arms = sorted((_arm(arm) for arm in summary.get("arms") or ()), key=lambda arm: KINDS.index(arm.kind))
    titles: dict[str, str] = {}
    for arm in summary.get("arms") or ():
        for name, split in (arm.get("splits") or {}).items():
            titles.setdefault(str(name), str(split.get("title") or name))
    reference = summary.get("reference") or {}
    split = reference.get("split")
    return Results(
        experiment=str(summary.get("experiment") or "experiment"),
        arms=tuple(arms),
        titles=titles,
        floor=reference.get("floor"),
        ceiling=reference.get("ceiling"),
        split=split if split in titles else next((n for n in titles if n == "do"), next(iter(titles), None)),
        failed=tuple(
            Failure(str(f.get("arm", "?")), str(f.get("seed", "?")), str(f.get("error", "no reason was recorded")))
            for f in summary.get("failed") or ()
        ),
        interval=str(summary.get("interval") or ""),
    )


def _arm(arm: Mapping[str, Any]) -> Arm:
    splits = {
        str(name): SplitResult(
            read_number(split.get("exact_match")),
            read_number(split.get("nll")),
            read_number(split.get("worst_stratum")),
        )
        for name, split in (arm.get("splits") or {}).items()
    }
    kind = str(arm.get("kind") or "graph")
    return Arm(
        name=str(arm.get("name", "?")),
        kind=kind if kind in KINDS else "graph",
        graph=arm.get("graph"),
        estimator=str(arm.get("estimator") or ""),
        licensed=arm.get("licensed") if isinstance(arm.get("licensed"), bool) else None,
        seeds=tuple(arm.get("seeds") or ()),
        splits=splits,
        gap=read_number(arm.get("gap_closed")),
        adapter=arm.get("adapter"),
        trainable=arm.get("trainable") if isinstance(arm.get("trainable"), int) else None,
    )


def read_number(found: Any) -> Number | None:
    """Read a mean with its interval; ``None`` for anything that is not a finite number.

    Examples
    --------
    >>> read_number({"mean": 0.5, "low": 0.4, "high": 0.6, "values": [0.5]}).mean
    0.5
    >>> read_number({"mean": float("nan")}) is None
    True
    """
    if not isinstance(found, Mapping):
        mean = finite(found)
        return None if mean is None else Number(mean)
    mean = finite(found.get("mean"))
    if mean is None:
        return None
    values = tuple(v for v in map(finite, found.get("values") or ()) if v is not None)
    low, high = finite(found.get("low")), finite(found.get("high"))
    if low is None or high is None or len(values) == 1:
        low = high = None
    return Number(mean, low, high, values)


def finite(value: Any) -> float | None:
    """Give a finite number as a float, anything else as ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
