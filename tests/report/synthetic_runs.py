"""Synthetic records and summaries for the tests of the report: plausible numbers, made up, never measured."""

from __future__ import annotations

import copy
import math
import statistics
from typing import Any

from causal_reasoning.graph import load_graph

SKILLS = ("first", "last", "penultimate", "second")
STYLES = ("capital", "plain", "polite", "terse")
SPLITS = {"same": "same distribution", "do": "do(skill)", "reversed": "reversed styles"}
SCORES: dict[str, dict[str, tuple[float, ...]]] = {
    "base": {"same": (0.0, 0.0, 0.0), "do": (0.0, 0.0, 0.0), "reversed": (0.0, 0.0, 0.0)},
    "erm": {"same": (0.732, 0.716, 0.741), "do": (0.392, 0.401, 0.398), "reversed": (0.104, 0.131, 0.127)},
    "reasoning": {"same": (0.738, 0.729, 0.634), "do": (0.722, 0.688, 0.661), "reversed": (0.70, 0.66, 0.65)},
    "reasoning_reversed": {
        "same": (0.74, 0.712, 0.733),
        "do": (0.388, 0.397, 0.409),
        "reversed": (0.11, 0.12, 0.12),
    },
    "loss_weights": {
        "same": (0.612, 0.583, 0.633),
        "do": (0.571, 0.542, 0.589),
        "reversed": (0.55, 0.53, 0.56),
    },
    "ceiling": {"same": (0.751, 0.738, 0.772), "do": (0.733, 0.748, 0.712), "reversed": (0.72, 0.73, 0.71)},
}
KIND = {"base": "base", "ceiling": "ceiling"}
GRAPH = {
    "erm": "erm",
    "reasoning": "reasoning",
    "reasoning_reversed": "reasoning_reversed",
    "loss_weights": "reasoning",
    "ceiling": "erm",
}


def derivation(graph: str) -> dict[str, Any]:
    """A derivation of the shape that the command line prints."""
    weighted = graph == "reasoning"
    risk = "E_obs[ w · −log p_θ(answer | question) ]" if weighted else "E_obs[ −log p_θ(answer | question) ]"
    latex = r"-\log p_\theta(\mathrm{answer} \mid \mathrm{question})"
    loss = {
        "name": "likelihood",
        "kind": "likelihood",
        "formula": "−log p_θ(answer | question)",
        "latex": latex,
        "because": "the answer is written and the question is read",
        "weight": 1.0,
    }
    weight = {
        "name": "weight",
        "kind": "weight",
        "formula": "w = P(skill) / P(skill | confounder)",
        "latex": r"w = \frac{P(\mathrm{skill})}{P(\mathrm{skill} \mid \mathrm{confounder})}",
        "because": "the path skill <- confounder -> question is open until the weights cut confounder -> skill",
        "weight": 1.0,
    }
    proof = [
        {"path": "skill -> question", "status": "causal", "by": "", "because": "an effect of the treatment"},
        {"path": "skill -> answer", "status": "causal", "by": "", "because": "an effect of the treatment"},
        {
            "path": "skill <- confounder -> question",
            "status": "blocked",
            "by": "confounder",
            "because": "a fork that the adjustment conditions on",
        },
    ]
    return {
        "graph": graph,
        "digest": "0" * 64,
        "query": {
            "do": ["question"] if graph == "erm" else ["skill"],
            "on": ["answer", "question"],
            "given": [],
        },
        "verdict": "identified",
        "method": "adjustment",
        "adjustment": {
            "chosen": ["confounder"] if weighted else [],
            "minimal": [],
            "optimal": [],
            "capped": False,
        },
        "frontdoor": None,
        "instruments": [],
        "estimand": {
            "text": "Σ_{confounder} P(answer, question | confounder, skill) P(confounder)",
            "latex": r"\sum_{\mathrm{confounder}} P(\mathrm{answer}, \mathrm{question} \mid \mathrm{confounder}, "
            r"\mathrm{skill})\,P(\mathrm{confounder})",
        },
        "hedge": None,
        "repairs": [],
        "plan": {
            "estimator": "weighting" if weighted else "likelihood",
            "realisation": "resampling" if weighted else None,
            "formula": risk,
            "latex": r"\mathbb{E}_{\mathrm{obs}}\left[ w \cdot " + latex + r" \right]" if weighted else latex,
            "terms": [loss, weight] if weighted else [loss],
            "weights": None,
            "slots": [],
            "forward_passes": {"train": 1, "inference": 1},
            "refused": [{"estimator": "likelihood", "because": "the back door through confounder stays open"}]
            if weighted
            else [],
        },
        "proof": proof if weighted else proof[:2],
    }


def overlap() -> dict[str, Any]:
    """An overlap report over four skills and four styles."""
    cells = []
    for i, skill in enumerate(SKILLS):
        for j, style in enumerate(STYLES):
            share = 0.85 if i == j else 0.05
            cells.append(
                {
                    "treatment": {"skill": skill},
                    "stratum": {"confounder": style},
                    "rows": int(1600 * share),
                    "probability": share,
                    "weight": 0.25 / share,
                }
            )
    return {
        "rows": 6400,
        "effective_sample_size": 1660.04,
        "effective_share": 0.2594,
        "largest_weight": 5.0,
        "empty_cells": [],
        "cells": cells,
        "warnings": ["Weighting leaves the information of 1,660 of 6,400 rows."],
    }


def record(arm: str, seed: int, score: dict[str, float]) -> dict[str, Any]:
    """One finished run."""
    name = GRAPH.get(arm)
    graph = load_graph(name) if name else None
    splits = {}
    for split, title in SPLITS.items():
        strata = {
            style: {
                "items": 125,
                "exact_match": max(0.0, min(1.0, score[split] + 0.03 * (i - 1.5))),
                "nll": 1.2 - score[split],
            }
            for i, style in enumerate(STYLES)
        }
        worst = min(strata, key=lambda s: strata[s]["exact_match"])
        splits[split] = {
            "title": title,
            "items": 500,
            "exact_match": score[split],
            "nll": 1.3 - score[split],
            "strata": strata,
            "worst_stratum": {"name": worst, "exact_match": strata[worst]["exact_match"]},
        }
    curve = []
    for step in range(25, 301, 25) if arm != "base" else ():
        grown = 1 - math.exp(-step / 90)
        curve.append(
            {
                "step": step,
                "train_loss": 2.6 - 1.9 * grown + 0.03 * math.sin(step + seed),
                "validation_nll": 2.5 - 1.7 * grown + 0.02 * seed,
                "do_nll": 2.6 - (1.9 if score["do"] > 0.5 else 1.1) * grown + 0.02 * seed,
                "do_exact_match": score["do"] * grown,
            }
        )
    return {
        "schema": 1,
        "experiment": "synthetic letters",
        "arm": arm,
        "digest": f"{abs(seed * 7919):012x}",
        "seed": seed,
        "graph": {"name": graph.name, "digest": graph.digest, "text": graph.text} if graph else None,
        "derivation": derivation(name) if name else None,
        "overlap": overlap() if name == "reasoning" else None,
        "rows": {"train": 6400, "validation": 1600},
        "model": {"name": "default", "parameters": 650_000, "trainable": 51_000},
        "settings": {
            "steps": 300,
            "batch_size": 64,
            "learning_rate": 0.001,
            "lora_rank": 8,
            "realisation": "loss_weights" if arm == "loss_weights" else "resampling",
        },
        "splits": splits,
        "curve": curve,
        "selection": {"rule": "last step", "step": 300, "validation_nll": 1.1} if curve else None,
        "seconds": {"train": 50.12, "evaluate": 9.0},
        "versions": {"causal-reasoning": "0.1.0", "torch": "2.6.0", "transformers": "5.23.0"},
    }


def records(seeds: int = 3) -> list[dict[str, Any]]:
    """All runs."""
    return [
        record(arm, i + 1, {split: values[i] for split, values in splits.items()})
        for arm, splits in SCORES.items()
        for i in range(seeds)
    ]


def number(values: tuple[float, ...]) -> dict[str, Any]:
    """Mean and 95 % t interval of up to three values."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return {"mean": mean, "sd": None, "low": None, "high": None, "values": list(values)}
    deviation = statistics.stdev(values)
    half = {2: 12.706, 3: 4.303}[len(values)] * deviation / math.sqrt(len(values))
    return {"mean": mean, "sd": deviation, "low": mean - half, "high": mean + half, "values": list(values)}


def summary(seeds: int = 3) -> dict[str, Any]:
    """The summary of all runs."""
    arms = []
    for arm, splits in SCORES.items():
        shown = {
            split: {
                "title": SPLITS[split],
                "exact_match": number(values[:seeds]),
                "nll": number(tuple(1.3 - v for v in values[:seeds])),
                "worst_stratum": number(tuple(max(0.0, v - 0.045) for v in values[:seeds])),
            }
            for split, values in splits.items()
        }
        pairs = zip(splits["do"][:seeds], SCORES["erm"]["do"], SCORES["ceiling"]["do"], strict=False)
        gaps = tuple((v - low) / (high - low) for v, low, high in pairs)
        arms.append(
            {
                "name": arm,
                "kind": KIND.get(arm, "graph"),
                "graph": GRAPH.get(arm),
                "estimator": "weighting" if GRAPH.get(arm) == "reasoning" else "likelihood" if arm != "base" else "",
                "seeds": list(range(1, seeds + 1)),
                "splits": shown,
                "gap_closed": number(gaps) if arm not in ("base", "ceiling", "erm") else None,
            }
        )
    return copy.deepcopy(
        {
            "experiment": "synthetic letters",
            "arms": arms,
            "reference": {"floor": "erm", "ceiling": "ceiling", "split": "do"},
            "failed": [{"arm": "loss_weights", "seed": 4, "error": "the loss became infinite at step 12"}],
            "interval": "95% t interval over seeds",
        }
    )
