"""One pass with the mean control text: which embeddings are averaged, what is exact, and what it is off by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Components, Encoder, components
from causal_reasoning.evaluation.accuracy import measure
from causal_reasoning.evaluation.against_sum import against_sum
from causal_reasoning.evaluation.mixture import generate_mixture, score_mixture
from causal_reasoning.evaluation.one_pass import mean_prompt
from causal_reasoning.objective.strata import FittedStrata, StratumModel
from tests.evaluation.test_mixture import PAD, PRIOR, Tokenizer, mixture
from tests.evaluation.test_mixture import model as model  # a fixture


def test_what_differs_is_averaged_place_by_place_and_the_rest_is_taken_as_it_is() -> None:
    embed = torch.nn.Embedding(10, 2)
    with torch.no_grad():
        embed.weight[:] = torch.arange(10.0).unsqueeze(1) * torch.tensor([1.0, 10.0])
    # Prompt 1 2, then 3 against 4 5, then 6.
    found = mean_prompt(embed, [(1, 2, 3, 6), (1, 2, 4, 5, 6)], [0.75, 0.25])
    assert found[:, 0].tolist() == pytest.approx([1, 2, 0.75 * 3 + 0.25 * 4, 5, 6])
    assert found[:, 1].tolist() == pytest.approx([10 * v for v in found[:, 0].tolist()])
    assert mean_prompt(embed, [(1, 2)], [1.0])[:, 0].tolist() == [1, 2]
    # A component without a text of its own in between counts for nothing there.
    assert mean_prompt(embed, [(1, 2), (1, 9, 2)], [0.5, 0.5])[:, 0].tolist() == pytest.approx([1, 9, 2])


def one_pass(given: Components) -> Components:
    return replace(given, one_pass=True)


def test_one_stratum_of_weight_one_is_the_plain_model(model: Any) -> None:
    with np.errstate(divide="ignore"):
        certain = mixture([(2, 3, 1), (4, 1)], np.log([[1.0, 0.0], [0.0, 1.0]]))
    # Both control texts have one token here, so that nothing is left of the other one.
    rows = tuple([replace(row, prompt=(*row.prompt[:2], 3 + z)) for row in part] for z, part in enumerate(certain.rows))
    certain = replace(certain, rows=rows)
    nll, exact = score_mixture(model, certain, PAD)
    mean_nll, mean_exact = score_mixture(model, one_pass(certain), PAD)
    assert mean_nll == pytest.approx(nll, abs=1e-5)
    assert mean_exact.tolist() == exact.tolist()
    options: dict[str, Any] = {"max_new_tokens": 4, "batch_size": 2}
    assert generate_mixture(model, Tokenizer(), one_pass(certain), **options) == generate_mixture(
        model, Tokenizer(), certain, **options
    )


def test_teacher_forced_scores_agree_with_greedy_answers(model: Any) -> None:
    together = one_pass(mixture([(2, 3, 1), (4, 1), (5, 5, 1)], np.log(np.tile(PRIOR, (3, 1)))))
    answers = generate_mixture(model, Tokenizer(), together, max_new_tokens=5, batch_size=2)
    written = [tuple(int(t) for t in answer) + (1,) * (len(answer) < 5) for answer in answers]
    again = mixture(written, together.log_weights)
    assert score_mixture(model, one_pass(again), PAD, batch_size=2)[1].all()
    measured = measure(model, Tokenizer(), together, answers, max_new_tokens=5, batch_size=2)
    assert measured.exact.all()


def test_what_it_is_off_by_is_measured_against_the_exact_sum() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = build_tokenizer()
    torch.manual_seed(0)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            initializer_range=0.5,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).eval()
    table = Table({"question": ["one?", "two?", "three?"], "answer": ["a", "b", "c"], "s": ["u", "v", "u"]}, "rows")
    encoder = Encoder(tokenizer, "{question}\n", ("answer",), 100)
    strata = FittedStrata(StratumModel(("s",), ("s",), "mean_embedding"), (("u",), ("v",)), (0.75, 0.25))
    found = against_sum(network, tokenizer, strata, table, encoder, 0)
    assert found is not None
    exact = components(replace(strata, model=replace(strata.model, answer="sum")), table, encoder)
    mean = components(strata, table, encoder)
    assert exact is not None
    assert mean is not None
    assert mean.one_pass
    one, two = (score_mixture(network, c, tokenizer.pad_token_id)[0] for c in (mean, exact))
    assert found.mean_difference == pytest.approx(float(np.abs(one - two).mean()))
    assert found.mean_difference > 1e-4
    assert found.largest_difference == pytest.approx(float(np.abs(one - two).max()))
    assert [found.nll, found.exact_nll] == pytest.approx([one.mean(), two.mean()])
    assert found.rows == 3
    summed = replace(strata, model=replace(strata.model, answer="sum"))
    assert against_sum(network, tokenizer, summed, table, encoder, 0) is None
