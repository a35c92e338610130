"""Weights with texts on tables: texts are embedded once, and words have a say in positivity too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.data.table import Table
from causal_reasoning.data.text_weights import fit_text_weights
from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.graph import parse_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.plan import WeightModel
from causal_reasoning.training.weighting import row_weights

GRAPH = parse_graph(
    """
    version: 1
    name: g
    nodes:
      style: {bind: {column: style}}
      question: {bind: {text: asked}}
      answer: {bind: {text: answer}}
    edges: [style -> question -> answer, style -> answer]
    query: {do: question, read: question, write: answer}
    objective: {nuisance: head, estimator: weighting}
    """
)


def table(rows: int, follows: float, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    style = rng.integers(2, size=rows)
    word = np.where(rng.random(rows) < follows, style, 1 - style)
    asked = [f"{'please' if w else 'now'} take {i % 7}" for i, w in enumerate(word)]
    return Table({"style": [f"s{k}" for k in style], "asked": asked, "answer": ["a"] * rows}, "rows.jsonl")


def weights() -> WeightModel:
    model = compile_objective(GRAPH).weights
    assert model is not None
    return model


def test_equal_texts_are_embedded_once_and_only_those_that_are_needed() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float64]:
        asked.extend(texts)
        return np.array([[text.startswith("please"), len(text)] for text in texts], dtype=float)

    rows = table(600, 0.8)
    fitted = fit_text_weights(weights(), rows, embed)
    assert sorted(asked) == sorted(set(rows.columns["asked"]))
    # P(style) / P(style | question): .5/.8 where the word follows the style, .5/.2 where it does not.
    assert sorted(np.unique(fitted.own.round(1)))[0] == pytest.approx(0.6, abs=0.11)
    assert fitted.own.mean() == pytest.approx(1, abs=0.05)
    assert fitted.apply(table(50, 0.8, 1)).shape == (50,)


def test_what_embeddings_do_not_show_is_not_thereby_absent() -> None:
    """An embedding that sees nothing would call every style equally likely: the words give it away."""

    def blind(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.random.default_rng(len(texts)).normal(size=(len(texts), 3))

    with pytest.raises(NoValidPlanError, match="style can be read off the text"):
        fit_text_weights(weights(), table(600, 1.0), blind)


def test_a_run_is_refused_with_the_rows_it_is_about() -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[text.startswith("please"), 1 - text.startswith("please")] for text in texts], dtype=float)

    plan = compile_objective(GRAPH)
    with pytest.raises(NoValidPlanError, match=r"^rows.jsonl: positivity fails"):
        row_weights(plan, table(600, 1.0), table(50, 1.0, 1), embed)
    found = row_weights(plan, table(600, 0.8), table(50, 0.8, 1), embed)
    assert found.overlap is not None
    assert "heads" in found.overlap.to_dict()
    # Weights of rows, realised in the sampler.
    assert (found.loss == 1).all()
    assert found.sampling.std() > 0.3
