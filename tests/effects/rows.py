"""Runs and tables written by hand, with effects that can be counted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from causal_reasoning.files import write_jsonl
from causal_reasoning.graph import load_graph
from causal_reasoning.sweeps.store import SCHEMA

# p(z=1) = .5; p(x=1 | z) = (.2, .9); p(y=1 | x, z): x0 (.1, .6), x1 (.3, .8). In 1,000 rows, (z, x): rows, right.
TOY = {(0, 0): (400, 40), (0, 1): (100, 30), (1, 0): (50, 30), (1, 1): (450, 360)}
DO, OBSERVED = 0.55 - 0.35, 390 / 550 - 70 / 450


def toy_rows(split: str = "same", arm: str | None = None) -> list[dict[str, Any]]:
    """1,000 rows with style as z and skill as x."""
    rows: list[dict[str, Any]] = []
    for (z, x), (count, right) in TOY.items():
        for i in range(count):
            row = {"split": split, "item": len(rows), "style": f"z{z}", "skill": f"x{x}", "exact_match": i < right}
            rows.append(row if arm is None else {"arm": arm, **row})
    return rows


def write_run(
    root: Path, arm: str, rows: list[dict[str, Any]], *, seed: int = 1, kind: str = "graph", graph: str | None = None
) -> Path:
    """A finished run with only what is read of it."""
    folder = root / f"{arm}-s{seed}"
    table = write_jsonl(folder / "answers.jsonl", rows)
    loaded = load_graph(graph) if graph else None
    record = {
        "schema": SCHEMA,
        "experiment": "toy",
        "arm": arm,
        "kind": kind,
        "seed": seed,
        "graph": {"name": loaded.name, "digest": loaded.digest, "text": loaded.text} if loaded else None,
        "answers": {"sha256": hashlib.sha256(table.read_bytes()).hexdigest()},
    }
    (folder / "config.json").write_text(json.dumps({"treatment": "skill"}), encoding="utf-8")
    (folder / "result.json").write_text(json.dumps(record), encoding="utf-8")
    return folder
