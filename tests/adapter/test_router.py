"""Routers find clusters, keep all prototypes in use, and give calibrated probabilities."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from causal_reasoning.adapter.router import Router, pool

CENTRES = torch.tensor([[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]])


def clusters(rows: int, seed: int, noise: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    true = torch.randint(0, 3, (rows,), generator=generator)
    return CENTRES[true] + noise * torch.randn(rows, 3, generator=generator), true


def agreement(found: torch.Tensor, true: torch.Tensor) -> float:
    """Share of rows whose part is the commonest of their cluster, if parts differ between clusters; else 0."""
    table = torch.stack([torch.bincount(found[true == k], minlength=3) for k in range(3)])
    names = table.argmax(1)
    return float(table.max(1).values.sum() / len(true)) if len(set(names.tolist())) == 3 else 0.0


def learnt(kind: Any, **options: Any) -> Router:
    torch.manual_seed(0)
    router = Router(kind, 3, 3, **options)
    if kind == "kmeans":
        router.fit(clusters(300, 0)[0])
        return router
    optimizer = torch.optim.Adam([router.prototypes], lr=0.05) if kind == "gumbel" else None
    for step in range(150):
        points, true = clusters(32, step)
        _, loss = router.learn(points, true if kind == "label" else None)
        if optimizer is not None:
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return router


@pytest.mark.parametrize("kind", ["vq", "kmeans", "gumbel", "label"])
def test_separate_clusters_are_found(kind: str) -> None:
    router = learnt(kind)
    points, true = clusters(500, 999)
    assert agreement(router.choose(points), true) > 0.97
    if kind == "label":
        assert (router.choose(points) == true).float().mean() > 0.97
    probabilities = router.probabilities(points)
    assert torch.allclose(probabilities.sum(1), torch.ones(500), atol=1e-5)
    assert router.usage.sum().item() == pytest.approx(1.0, abs=1e-4)


def test_dead_prototypes_are_revived() -> None:
    router = Router("vq", 3, 3, decay=0.8)
    points, _ = clusters(64, 0)
    router.learn(points)
    router.prototypes[2] = router.sums[2] = torch.full((3,), 1e3)  # nothing is near it
    router.counts[2] = 1.0
    for step in range(60):
        router.learn(clusters(64, step + 1)[0])
    points, true = clusters(500, 999)
    assert agreement(router.choose(points), true) > 0.97
    assert router.usage.min() > 0.2


def test_codebook_is_the_mean_of_its_rows() -> None:
    """Many batches of the same rows: the moving average converges to the mean of the standardised rows."""
    points, true = clusters(90, 4)
    router = Router("label", 3, 3, decay=0.5)
    for _ in range(60):
        router.learn(points, true)
    standard = (points - points.mean(0)) / points.var(0, unbiased=False).sqrt()
    for part in range(3):
        assert torch.allclose(router.prototypes[part], standard[true == part].mean(0), atol=1e-3)


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match="give one a row"):
        Router("label", 2, 3).learn(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="fitted before training"):
        Router("kmeans", 2, 3).learn(torch.zeros(2, 3))


def test_fewer_points_than_parts_and_single_rows_stay_finite() -> None:
    router = Router("vq", 3, 2)
    for _ in range(3):
        router.learn(torch.ones(1, 2))
    assert bool(router.prototypes.isfinite().all())
    assert bool(router.probabilities(torch.ones(1, 2)).isfinite().all())


def test_pooling_leaves_padding_out() -> None:
    states = torch.tensor([[[9.0], [1.0], [3.0]]])
    assert pool(states, torch.tensor([[0, 1, 1]])).tolist() == [[2.0]]
