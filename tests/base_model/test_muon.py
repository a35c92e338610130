"""The optimiser agrees with two others: Adam on vectors, torch's Muon on matrices."""

from __future__ import annotations

import pytest
import torch

from causal_reasoning.base_model.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(5, 5), (4, 9), (9, 4), (1, 6)])
def test_singular_values_come_near_one_and_vectors_stay(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    found = left.T @ orthogonal(matrix) @ right.T
    # Singular values far below the largest are not all brought up in five rounds.
    large = values > 0.1 * values.max()
    assert torch.allclose(found, torch.diag(torch.diagonal(found)), atol=1e-4)
    assert bool(((torch.diagonal(found) > 0.6) & (torch.diagonal(found) < 1.3))[large].all())
    assert torch.allclose(orthogonal(5 * matrix), orthogonal(matrix), atol=1e-4)


def test_vectors_are_trained_like_adam() -> None:
    ours, theirs = (torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0])) for _ in range(2))
    muon = Muon([], [ours], ratio=1.0, weight_decay=0.0)
    adam = torch.optim.Adam([theirs], lr=0.1, betas=(0.9, 0.98), eps=1e-8)
    for step in range(5):
        for group in muon.param_groups:
            group["lr"] = 0.1
        for parameter, optimizer in ((ours, muon), (theirs, adam)):
            parameter.grad = (parameter.detach() * torch.tensor([1.0, 0.5, -2.0])) ** (step % 2 + 1)
            optimizer.step()
    assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this version of torch has no Muon")
@pytest.mark.parametrize("shape", [(6, 10), (10, 6)])
def test_matrices_are_trained_like_the_muon_of_torch(shape: tuple[int, int]) -> None:
    source = torch.Generator().manual_seed(1)
    start = torch.randn(shape, generator=source)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    muon = Muon([ours], [], ratio=2.0, weight_decay=0.1)
    other = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, momentum=0.95)
    for _ in range(4):
        gradient = torch.randn(shape, generator=source)
        for group in muon.param_groups:
            group["lr"] = 0.01
        for parameter, optimizer in ((ours, muon), (theirs, other)):
            parameter.grad = gradient.clone()
            optimizer.step()
    # Theirs iterates in 16 bits.
    assert torch.allclose(ours, theirs, atol=4e-3)
    assert (ours - start).abs().max() > 0.02
