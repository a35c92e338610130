"""Weights from classifiers on embeddings, against the exact probabilities of a world."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.graph import parse_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.head_weights import FittedHeadWeights, fit_head_weights
from causal_reasoning.objective.plan import WeightModel
from causal_reasoning.scm import load_world

GRAPH = """
version: 1
name: g
nodes:
  style:    {role: confounder, bind: {column: style}}
  question: {role: question, bind: {text: question}}
  answer:   {role: answer, bind: {text: answer}}
edges: [style -> question -> answer, style -> answer]
query: {do: question, read: question, write: answer}
objective: {nuisance: head, estimator: weighting}
"""

WORLD = """
version: 1
name: noisy
nodes:
  style: {role: confounder, mechanism: {kind: categorical, values: [plain, polite, terse, story]}}
  wording:
    role: other
    mechanism: {kind: noisy_copy, of: style, fidelity: FIDELITY, otherwise: all}
  words: {role: other, mechanism: {kind: pseudoword, count: 2, length: [4, 7]}}
  question:
    role: question
    mechanism:
      kind: template
      by: wording
      texts:
        plain: "What is the first letter of {words}?"
        polite: "Please tell me the first letter of {words}, thank you!"
        terse: "{words}: first letter"
        story: "Long ago a child found {words} on a stone."
  answer:
    role: answer
    mechanism:
      kind: table
      given: [style, wording]
      values: ["0", "1"]
      rows:
        - {when: {style: plain}, then: {"1": 0.9, "0": 0.1}}
        - {when: {style: polite, wording: plain}, then: {"1": 0.8, "0": 0.2}}
        - {when: {wording: terse}, then: {"1": 0.5, "0": 0.5}}
        - {then: {"1": 0.2, "0": 0.8}}
"""
STYLES = ("plain", "polite", "terse", "story")


def bag(texts: Sequence[str], size: int = 128) -> NDArray[np.float64]:
    """An embedding without a model: the mean of fixed random vectors, one a word."""
    vectors: dict[str, NDArray[np.float64]] = {}
    found = np.zeros((len(texts), size))
    for row, text in zip(found, texts, strict=True):
        words = text.replace(",", " ,").replace("?", " ?").replace(":", " :").split()
        for word in words:
            if word not in vectors:
                vectors[word] = np.random.default_rng(zlib.crc32(word.encode())).normal(size=size)
            row += vectors[word] / len(words)
    return found


def drawn(folder: Path, fidelity: float, rows: int = 4000) -> dict[str, list[str]]:
    path = folder / "noisy.yaml"
    path.write_text(WORLD.replace("FIDELITY", str(fidelity)), encoding="utf-8")
    return load_world(path).sample(rows, 1)


def fitted(columns: dict[str, list[str]], **options: object) -> FittedHeadWeights:
    model = compile_objective(parse_graph(GRAPH)).weights
    assert model is not None
    model = replace(model, options=replace(model.options, **options))  # type: ignore[arg-type]
    return fit_head_weights(model, columns, {"question": bag(columns["question"])})


def exact(columns: dict[str, list[str]], fidelity: float) -> NDArray[np.float64]:
    """P(style) / P(style | question): the styles are equally likely, and the wording is all that shows one."""
    follows = fidelity + (1 - fidelity) / 4
    same = np.array([s == w for s, w in zip(columns["style"], columns["wording"], strict=True)])
    return np.where(same, 0.25 / follows, 0.25 / ((1 - follows) / 3))


def test_weights_are_those_of_the_world_and_the_effect_is_the_interventional_one(tmp_path: Path) -> None:
    columns = drawn(tmp_path, 0.6)
    weights = fitted(columns)
    truth = exact(columns, 0.6)
    assert np.corrcoef(weights.own, truth)[0, 1] > 0.9
    assert weights.own.mean() == pytest.approx(1, abs=0.05)
    quality = weights.report.heads["P(style | question)"]
    assert quality.log_loss < 0.75 * quality.marginal_log_loss
    assert quality.calibration_error < 0.04
    # P(answer = 1 | do(question)) for a plain wording: the mean over styles of .9, .8, .2 and .2.
    plain = np.array(columns["wording"]) == "plain"
    right = np.array(columns["answer"], dtype=float)
    assert np.average(right[plain], weights=weights.own[plain]) == pytest.approx(0.525, abs=0.06)
    assert right[plain].mean() > 0.7


def test_other_rows_get_weights_from_the_same_classifiers(tmp_path: Path) -> None:
    columns = drawn(tmp_path, 0.6, 2500)
    train = {name: values[:2000] for name, values in columns.items()}
    held = {name: values[2000:] for name, values in columns.items()}
    found = fitted(train).apply(held, {"question": bag(held["question"])})
    assert np.corrcoef(found, exact(held, 0.6))[0, 1] > 0.9
    held["style"] = ["unheard of"] * 500
    with pytest.raises(NoValidPlanError, match="no training row has this"):
        fitted(train).apply(held, {"question": bag(held["question"])})


@pytest.mark.parametrize("fidelity", [1.0, 0.99])
def test_a_style_that_the_question_determines_is_refused(tmp_path: Path, fidelity: float) -> None:
    columns = drawn(tmp_path, fidelity, 1500)
    with pytest.raises(NoValidPlanError, match=r"positivity fails: style is as good as a function of question"):
        fitted(columns)
    assert fitted(columns, accept_poor_overlap=True).own.mean() > 0


def test_the_letters_world_shows_its_style_in_every_question() -> None:
    columns = load_world("letters").sample(1500, 1)
    with pytest.raises(NoValidPlanError, match=r"a classifier on embeddings names it right in 100\.0%"):
        fitted(columns)


def test_two_texts_that_tell_of_each_other_get_weights_too(tmp_path: Path) -> None:
    columns = drawn(tmp_path, 0.6, 3000)
    columns["note"] = [f"the {style} one wrote this" for style in columns["style"]]
    graph = parse_graph(GRAPH.replace("bind: {column: style}", "bind: {text: note}"))
    model = compile_objective(graph).weights
    assert model is not None
    assert model.formula == "P(question) / P(question | style) = 1 / [P(question, style) / (P(question) P(style))]"
    embeddings = {name: bag(columns[name]) for name in ("question", "note")}
    weights = fit_head_weights(model, columns, embeddings)
    assert np.corrcoef(weights.own, exact(columns, 0.6))[0, 1] > 0.9


def test_options_tame_the_weights_and_say_what_it_costs(tmp_path: Path) -> None:
    columns = drawn(tmp_path, 0.6, 1200)
    clipped = fitted(columns, clip=1.5)
    assert clipped.own.max() <= 1.5
    assert "weights are clipped at 1.5" in clipped.report.bias[0]
    normalised = fitted(columns, self_normalise=True)
    assert normalised.own.mean() == pytest.approx(1)


def test_a_policy_other_than_the_marginal_needs_a_column(tmp_path: Path) -> None:
    with pytest.raises(NoValidPlanError, match="need the density of the text question"):
        compile_objective(parse_graph(GRAPH.replace("write: answer}", "write: answer, policy: uniform}")))


def test_a_column_given_a_text_takes_any_policy() -> None:
    graph = parse_graph(
        """
        version: 1
        name: g
        nodes:
          note: {role: confounder, bind: {text: note}}
          t: {bind: {column: t}}
          question: {bind: {text: question}}
          answer: {bind: {text: answer}}
        edges: [note -> t -> question -> answer, note -> question]
        query: {do: t, read: question, write: answer, policy: uniform}
        objective: {nuisance: head}
        """
    )
    model = compile_objective(graph).weights
    assert isinstance(model, WeightModel)
    assert model.formula == "π(t) / P(t | note)"
    rng = np.random.default_rng(0)
    kind = rng.integers(2, size=2000)
    t = np.where(rng.random(2000) < np.where(kind, 0.8, 0.3), "1", "0")
    columns = {"t": t.tolist(), "note": [""] * 2000}
    embedded = np.stack([kind, 1 - kind], axis=1) + 0.05 * rng.normal(size=(2000, 2))
    weights = fit_head_weights(model, columns, {"note": embedded})
    truth = 0.5 / np.where(t == "1", np.where(kind, 0.8, 0.3), np.where(kind, 0.2, 0.7))
    assert np.corrcoef(weights.own, truth)[0, 1] > 0.95
    assert [c.treatment for c in weights.report.cells] == [("0",), ("1",)]


def test_the_report_is_plain_data_with_the_keys_of_counted_weights(tmp_path: Path) -> None:
    import json

    report = fitted(drawn(tmp_path, 0.6, 1200)).report
    data = report.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert {
        "rows",
        "effective_sample_size",
        "effective_share",
        "largest_weight",
        "empty_cells",
        "cells",
        "warnings",
    } <= {*data}
    assert set(data["heads"]) == {"P(style | question)"}
    assert data["cells"][0]["stratum"] == {"style": "plain"}
    assert "expected calibration error" in report.lines()[1][1]
