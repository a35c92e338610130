"""The likelihood of whole answers, held against a double loop, torch's own loss and a model run row by row."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate
from causal_reasoning.training.likelihood import score, sequence_nll


def by_hand(logits: torch.Tensor, labels: torch.Tensor) -> NDArray[np.float64]:
    """−Σ log p of the labelled tokens in plain Python."""
    scores, tokens = logits.double().tolist(), labels.tolist()
    totals = []
    for row, targets in zip(scores, tokens, strict=True):
        total = 0.0
        for t in range(1, len(targets)):
            if targets[t] != IGNORED:
                peak = max(row[t - 1])
                normaliser = peak + math.log(math.fsum(math.exp(s - peak) for s in row[t - 1]))
                total += normaliser - row[t - 1][targets[t]]
        totals.append(total)
    return np.array(totals)


def random_batch(seed: int, rows: int, length: int, vocabulary: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, length, vocabulary, generator=generator) * 4
    labels = torch.randint(vocabulary, (rows, length), generator=generator)
    labels[torch.rand(rows, length, generator=generator) < 0.4] = IGNORED
    return logits, labels


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 6))
def test_the_sum_is_the_one_of_a_double_loop(seed: int, rows: int, length: int) -> None:
    logits, labels = random_batch(seed, rows, length)
    assert sequence_nll(logits, labels).numpy() == pytest.approx(by_hand(logits, labels), rel=1e-5, abs=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 6))
def test_value_and_gradient_are_those_of_torchs_summed_cross_entropy(seed: int, rows: int, length: int) -> None:
    logits, labels = random_batch(seed, rows, length)
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    total = sequence_nll(ours, labels).sum()
    loss = torch.nn.CrossEntropyLoss(reduction="sum", ignore_index=IGNORED)
    expected = loss(theirs[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    torch.testing.assert_close(total, expected)
    torch.testing.assert_close(torch.autograd.grad(total, ours), torch.autograd.grad(expected, theirs))


def test_a_row_is_worth_the_same_in_any_batch_and_under_any_padding() -> None:
    logits, labels = random_batch(3, 6, 8)
    together = sequence_nll(logits, labels)
    apart = torch.cat([sequence_nll(logits[i : i + 1], labels[i : i + 1]) for i in range(6)])
    torch.testing.assert_close(together, apart)
    # Padding has no label; whatever the model says there is of no account.
    noise = torch.full((6, 3, 7), float("nan"))
    padded = sequence_nll(torch.cat([logits, noise], 1), torch.cat([labels, torch.full((6, 3), IGNORED)], 1))
    torch.testing.assert_close(together, padded)


def test_rows_without_a_labelled_token_are_worth_nothing_and_the_first_token_is_never_predicted() -> None:
    logits, _ = random_batch(0, 2, 4)
    labels = torch.full((2, 4), IGNORED)
    labels[1, 0] = 3
    assert sequence_nll(logits, labels).tolist() == [0.0, 0.0]


def test_half_precision_scores_are_summed_in_single_precision() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(4, 400, 50, generator=generator)
    labels = torch.randint(50, (4, 400), generator=generator)
    rounded = logits.bfloat16()
    nll = sequence_nll(rounded, labels)
    assert nll.dtype == torch.float32
    # Only the rounding of the scores is left: summing 399 terms in bfloat16 would be wrong by whole nats.
    assert nll.numpy() == pytest.approx(by_hand(rounded, labels), rel=1e-5)
    assert nll.numpy() == pytest.approx(by_hand(logits, labels), rel=2e-3)


class Bigrams(torch.nn.Module):
    """A model whose next-token scores are a table of the last token; counts its calls."""

    def __init__(self, vocabulary: int = 9) -> None:
        super().__init__()
        table = torch.randn(vocabulary, vocabulary, generator=torch.Generator().manual_seed(5)) * 3
        self.table = torch.nn.Parameter(table)
        self.batches: list[tuple[int, ...]] = []

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, use_cache: bool) -> SimpleNamespace:
        assert not self.training
        self.batches.append(tuple(input_ids.shape))
        return SimpleNamespace(logits=self.table[input_ids])


def some_rows(number: int) -> list[Encoded]:
    rng = np.random.default_rng(4)
    return [
        Encoded(
            tuple(rng.integers(1, 9, rng.integers(1, 8)).tolist()),
            tuple(rng.integers(1, 9, rng.integers(1, 5)).tolist()),
        )
        for _ in range(number)
    ]


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_scores_are_those_of_the_rows_one_by_one_in_their_order(batch_size: int) -> None:
    model, rows = Bigrams(), some_rows(23)
    nll, exact = score(model, rows, pad=0, batch_size=batch_size)
    log_p = torch.log_softmax(model.table.detach().double(), 1).numpy()
    best = log_p.argmax(1)
    for i, row in enumerate(rows):
        steps = list(zip((row.prompt[-1], *row.target), row.target, strict=False))
        assert nll[i] == pytest.approx(-sum(log_p[a, b] for a, b in steps), rel=1e-5)
        assert exact[i] == all(best[a] == b for a, b in steps)
    assert len(model.batches) == -(-23 // batch_size)


def test_an_answer_is_exact_when_greedy_decoding_writes_it() -> None:
    model = Bigrams()
    best = model.table.argmax(1).tolist()
    start = 3
    greedy = [best[start], best[best[start]]]
    wrong = [greedy[0], (greedy[1] + 1) % 9]
    _, exact = score(model, [Encoded((1, start), tuple(greedy)), Encoded((1, start), tuple(wrong))], pad=0)
    assert exact.tolist() == [True, False]


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_model_is_restored(training: bool) -> None:
    model = Bigrams().train(training)
    score(model, some_rows(3), pad=0)
    assert model.training is training
    assert not any(parameter.grad is not None for parameter in model.parameters())


def test_the_batch_that_is_scored_is_the_batch_that_is_trained() -> None:
    model, rows = Bigrams().eval(), some_rows(5)
    batch = collate(0)([EncodedRows(rows, [1.0] * 5)[i] for i in range(5)])
    logits = model(batch["input_ids"], batch["attention_mask"], use_cache=False).logits
    torch.testing.assert_close(
        sequence_nll(logits, batch["labels"]).detach().double(), torch.from_numpy(score(model, rows, pad=0)[0])
    )
