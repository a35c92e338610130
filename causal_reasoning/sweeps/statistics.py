"""Means over seeds with intervals, and the share of the gap that an objective closes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

INTERVAL = "95% t interval over seeds"


def summarise(values: Sequence[float]) -> dict[str, Any]:
    """Mean, standard deviation and 95% t interval of one value a seed.

    Parameters
    ----------
    values : sequence of float
        One value a seed; at least one.

    Returns
    -------
    dict
        ``mean``, ``sd``, ``low``, ``high`` and ``values``; with one seed there is no spread and the interval is
        ``None``.

    Examples
    --------
    >>> summary = summarise([0.70, 0.72, 0.74])
    >>> round(summary["low"], 4), round(summary["high"], 4)
    (0.6703, 0.7697)
    """
    mean = statistics.fmean(values)
    if len(values) < 2:
        return {"mean": mean, "sd": None, "low": None, "high": None, "values": list(values)}
    from scipy.stats import t

    sd = statistics.stdev(values)
    half = float(t.ppf(0.975, len(values) - 1)) * sd / math.sqrt(len(values))
    return {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half, "values": list(values)}


def gap_closed(value: float, floor: float, ceiling: float) -> float | None:
    """Share of the way from the floor to the ceiling; ``None`` if the ceiling is not above the floor.

    Examples
    --------
    >>> gap_closed(0.70, 0.40, 0.75)
    0.857...
    """
    return (value - floor) / (ceiling - floor) if ceiling > floor else None


def summary_of(
    records: Iterable[Mapping[str, Any]],
    *,
    experiment: str,
    order: Sequence[str] = (),
    floor: str | None = None,
    failed: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Combine runs into the table that people read.

    Parameters
    ----------
    records : iterable of mapping
        Results of finished runs of one experiment.
    experiment : str
        Its name.
    order : sequence of str
        Names of the arms in the order of the table; others follow.
    floor : str, optional
        The arm from which the gap to the ceiling is measured; by default the first graph.
    failed : sequence of mapping
        ``arm``, ``seed`` and ``error`` of runs that failed.

    Returns
    -------
    dict
        Plain data: per arm and split the summaries over seeds, and the gap closed on the split ``do``.
    """
    by_arm: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        by_arm.setdefault(record["arm"], []).append(record)
    ranks = {"base": 0, "graph": 1, "ceiling": 2}
    names = sorted(
        by_arm,
        key=lambda n: (list(order).index(n) if n in order else len(order), ranks[by_arm[n][0]["kind"]], n),
    )
    if floor is None or floor not in by_arm:
        floor = next((n for n in names if by_arm[n][0]["kind"] == "graph"), None)
    ceiling = next((n for n in names if by_arm[n][0]["kind"] == "ceiling"), None)
    ends = {end: _by_seed(by_arm.get(end or "", [])) for end in (floor, ceiling)}
    arms = []
    for name in names:
        runs = sorted(by_arm[name], key=lambda r: r["seed"])
        closed = [
            share
            for seed, value in _by_seed(runs).items()
            if seed in ends[floor] and seed in ends[ceiling]
            for share in [gap_closed(value, ends[floor][seed], ends[ceiling][seed])]
            if share is not None
        ]
        first = runs[0]
        plan = (first.get("derivation") or {}).get("plan") or {}
        arms.append(
            {
                "name": name,
                "kind": first["kind"],
                "graph": first["graph"]["name"] if first["graph"] else None,
                "estimator": plan.get("estimator") or ("likelihood" if first["kind"] == "ceiling" else None),
                "realisation": plan.get("realisation"),
                "licensed": plan.get("licensed"),
                "adapter": _adapter_kind(first),
                "trainable": (first.get("model") or {}).get("trainable"),
                "seeds": [r["seed"] for r in runs],
                "splits": _splits(runs),
                "gap_closed": summarise(closed) if closed and first["kind"] == "graph" and name != floor else None,
            }
        )
    return {
        "experiment": experiment,
        "arms": arms,
        "reference": {"floor": floor, "ceiling": ceiling, "split": "do"},
        "failed": list(failed),
        "interval": INTERVAL,
    }


def _adapter_kind(run: Mapping[str, Any]) -> str | None:
    """What a run trained; records of the time when there was LoRA only do not say it."""
    settings = run.get("settings") or {}
    return settings.get("adapter", "lora" if "rank" in settings and run["kind"] != "base" else None)


def _by_seed(runs: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    return {r["seed"]: r["splits"]["do"]["exact_match"] for r in runs if "do" in r["splits"]}


def _splits(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for r in runs for name in r["splits"]))
    found: dict[str, Any] = {}
    for name in names:
        measured = [r["splits"][name] for r in runs if name in r["splits"]]
        found[name] = {
            "title": measured[0]["title"],
            "exact_match": summarise([m["exact_match"] for m in measured]),
            "nll": summarise([m["nll"] for m in measured]),
        }
        worst = [m["worst_stratum"]["exact_match"] for m in measured if "worst_stratum" in m]
        if worst:
            found[name]["worst_stratum"] = summarise(worst)
    return found
