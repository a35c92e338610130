"""Embeddings of texts: a row depends on its own text and on nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from causal_reasoning.data.surrogates import fit_surrogate
from causal_reasoning.graph.surrogates import KMeansSurrogate
from causal_reasoning.training.embeddings import embedder
from causal_reasoning.training.model import load_model
from tests.tiny import make_model


def test_a_row_is_the_mean_hidden_state_of_its_own_text(tmp_path: Path) -> None:
    import torch

    folder = make_model(tmp_path / "model")
    embed = embedder(str(folder))
    texts = ["first letter of abc", "x", "Please tell me the last letter of defg, thank you!", "x"]
    rows = embed(texts)
    assert rows.shape == (4, 16)
    assert np.allclose(rows[[2, 1]], embed([texts[2], texts[1]]), atol=1e-6)
    assert np.allclose(rows[1], rows[3])
    model, tokenizer = load_model(str(folder))
    with torch.no_grad():
        state = model(**tokenizer(texts[0], return_tensors="pt"), output_hidden_states=True).hidden_states[-1]
    assert np.allclose(rows[0], state[0].mean(dim=0).numpy(), atol=1e-5)


def test_clusters_of_embeddings_tell_kinds_of_text_apart(tmp_path: Path) -> None:
    embed = embedder(str(make_model(tmp_path / "model")))
    texts = [f"{'aeiou' * 4}{i}" for i in range(10)] + [f"{'bcdfg' * 4}{i}" for i in range(10)]
    labels = fit_surrogate(KMeansSurrogate(kind="kmeans", of="t", clusters=2), texts, embed).labels(texts, embed)
    assert len(set(labels[:10])) == len(set(labels[10:])) == 1
    assert labels[0] != labels[10]
