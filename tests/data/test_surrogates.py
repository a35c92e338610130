"""Computed columns: bins, patterns, clusters and components, learnt on training rows only."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.data.clusters import fit_kmeans, fit_mixture
from causal_reasoning.data.load import load_data
from causal_reasoning.data.surrogates import fit_surrogate, fit_surrogates, read_bound
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment
from causal_reasoning.graph import load_graph
from causal_reasoning.graph.surrogates import (
    AnySurrogate,
    KMeansSurrogate,
    LengthSurrogate,
    MixtureSurrogate,
    RegexSurrogate,
)


def length(**settings: object) -> LengthSurrogate:
    return LengthSurrogate.model_validate({"kind": "length", "of": "t", **settings})


def blobs(rows: int = 300) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    label = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    centres = np.array([[0.0, 0, 0, 0], [6, 0, 0, 0], [0, 6, 0, 0]])
    return centres[label] + rng.normal(size=(rows, 4)), label


def letters(texts: Sequence[str]) -> NDArray[np.float64]:
    """An embedding by hand: how often two letters occur."""
    return np.array([[text.count("a"), text.count("b")] for text in texts], dtype=float)


@pytest.mark.parametrize(
    ("settings", "text", "label"),
    [
        ({"edges": [2, 4]}, "one", "0-1"),
        ({"edges": [2, 4]}, "one two", "2-3"),
        ({"edges": [2, 4]}, "one two three four", "4+"),
        ({"edges": [2, 3]}, "one two", "2"),
        ({"edges": [4, 9], "unit": "characters"}, "abcd", "4-8"),
    ],
)
def test_lengths_fall_into_the_bins_that_are_given(settings: dict[str, object], text: str, label: str) -> None:
    fitted = fit_surrogate(length(**settings), ["a", "a b c d e f"])
    assert fitted.labels([text]) == [label]


def test_quantile_bins_hold_equally_many_training_rows() -> None:
    texts = ["w " * n for n in range(1, 101)]
    labels = fit_surrogate(length(bins=4), texts).labels(texts)
    assert sorted(labels.count(label) for label in set(labels)) == [25, 25, 25, 25]
    skewed = ["w"] * 97 + ["w w"] * 3
    assert set(fit_surrogate(length(), skewed).labels(skewed)) == {"0-1", "2+"}


def test_the_first_pattern_that_is_found_gives_the_label() -> None:
    how = RegexSurrogate.model_validate({"kind": "regex", "of": "t", "patterns": {"polite": "^Please", "asks": r"\?"}})
    fitted = fit_surrogate(how, ["Please?", "no"])
    assert fitted.labels(["Please?", "why?", "because"]) == ["polite", "asks", "other"]


def test_kmeans_reaches_the_inertia_of_another_implementation() -> None:
    cluster = pytest.importorskip("sklearn.cluster")
    points, truth = blobs()
    found = fit_kmeans(points, 3)
    other = cluster.KMeans(3, n_init=20, random_state=0).fit(points)
    distances = ((points[:, None] - found.centres[None]) ** 2).sum(axis=2).min(axis=1).sum()
    assert distances == pytest.approx(other.inertia_, rel=1e-9)
    # Numbered from the largest on, so that they are the true ones.
    assert np.mean(np.array(found.assign(points)) == truth) > 0.99
    assert (fit_kmeans(points, 3).centres == found.centres).all()


def test_the_mixture_agrees_with_another_implementation_and_leaves_no_trace() -> None:
    import pyro
    import torch

    mixture = pytest.importorskip("sklearn.mixture")
    points, truth = blobs()
    torch.manual_seed(7)
    before = (torch.random.get_rng_state().clone(), np.random.get_state()[1].copy(), random.getstate())  # type: ignore[index]
    found = fit_mixture(points, 3, 2)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # type: ignore[index]
    assert random.getstate() == before[2]
    assert not list(pyro.get_param_store().keys())
    assigned = np.array(found.assign(points))
    assert np.mean(assigned == truth) > 0.98
    other = mixture.GaussianMixture(3, covariance_type="diag", random_state=0).fit((points - found.mean) @ found.axes)
    assert np.allclose(np.exp(found.log_weights), sorted(other.weights_)[::-1], atol=0.02)
    assert 0 <= found.doubt < 0.05
    assert np.allclose(found.posterior(points).sum(axis=1), 1)


@pytest.mark.parametrize(
    "how", [KMeansSurrogate(kind="kmeans", of="t", clusters=2), MixtureSurrogate(kind="mixture", of="t", components=2)]
)
def test_embeddings_of_texts_become_categories(how: AnySurrogate) -> None:
    texts = ["aaaa", "aaaab", "bbbb", "bbbba", "aaa"] * 10
    fitted = fit_surrogate(how, texts, letters)
    one, two = fitted.labels(["aaaaa", "bbbbb"], letters)
    assert one.endswith(" 1") and two.endswith(" 2")  # three of five texts are in the first group


def test_what_cannot_be_a_stratum_is_refused() -> None:
    with pytest.raises(ValueError, match="puts all 2 training rows into one category"):
        fit_surrogate(length(edges=[5]), ["a", "b"])
    with pytest.raises(ValueError, match="needs the embeddings of a base model"):
        fit_surrogate(KMeansSurrogate(kind="kmeans", of="t"), ["a", "b"])
    with pytest.raises(ValueError, match="wants 4 groups, and the training rows have 2 different embeddings"):
        fit_surrogate(KMeansSurrogate(kind="kmeans", of="t"), ["a", "b"] * 9, letters)


def test_faults_name_the_data_and_the_surrogate() -> None:
    graph = load_graph("surrogate_length")
    with pytest.raises(InputError, match="there is no column 'question', from which the surrogate 'length'"):
        fit_surrogates([graph], Table({"questions": ["a"]}, "rows.jsonl"))
    with pytest.raises(InputError, match="the data have a column 'length' already"):
        fit_surrogates([graph], Table({"question": ["a"], "length": ["1"]}, "rows.jsonl"))
    with pytest.raises(InputError, match=r"rows.jsonl: the surrogate 'length' .* into one category"):
        fit_surrogates([graph], Table({"question": ["a"]}, "rows.jsonl"))


def test_a_file_is_read_with_its_computed_columns(tmp_path: Path) -> None:
    rows = [{"question": "w " * (5 + 5 * (i % 2)), "skill": "ab"[i // 2 % 2], "answer": "x"} for i in range(40)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = read_bound(path, load_graph("surrogate_length"))
    assert table.columns["length"] == ["0-7", "8-11"] * 20


def test_in_the_letters_world_the_length_is_the_style_in_every_split_and_for_the_ceiling(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(
        "version: 1\nname: s\ndata: {world: letters, rows: 600}\n"
        "arms: [{graph: reasoning}, {graph: surrogate_length}]\nevaluation: {items: 50}\n",
        encoding="utf-8",
    )
    styles = {"0-7": "terse", "8-11": "plain", "12-14": "polite", "15+": "story"}
    experiment = load_experiment(path)
    for ceiling in (False, True):
        data = load_data(experiment, 1, interventional=ceiling)
        for table in (data.train, data.validation, *(split.table for split in data.splits)):
            assert [styles[value] for value in table.columns["length"]] == table.columns["style"]
