"""Who chooses the parts of an adapter, and answers that average over all of them, against fixed parts by hand."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.views import Components
from causal_reasoning.errors import InputError
from causal_reasoning.evaluation.accuracy import generate
from causal_reasoning.evaluation.mixture import generate_mixture, score_mixture
from causal_reasoning.graph import load_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.loss import MAIN
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.slots import fit_routers, record, slots_of
from causal_reasoning.training.step import TorchStep
from tests.adapter.small import base, scores
from tests.training.slotted import (
    OTHERS,
    PRIOR,
    ROWS,
    Numbers,
    attached,
    batch,
    changed,
    router_of,
    with_part,
)

# -- who chooses ---------------------------------------------------------------------------------------------------


def routed(model: Any, rows: list[Encoded]) -> list[int]:
    """The parts that a model in use takes for some rows."""
    slots = slots_of(model)
    assert slots is not None
    TorchStep(model.eval(), batch(rows, (0,) * len(rows))).nll()
    known = slots.choices.known("domain")
    assert known is not None
    found: list[int] = known.tolist()
    return found


def test_k_means_is_fitted_before_training_on_what_is_read() -> None:
    graph = changed("iclm", ("kind: vq, parts: 4", "kind: kmeans, parts: 2"))
    model = attached(graph).train()
    with pytest.raises(ValueError, match="a k-means router is fitted before training"):
        TorchStep(model, batch()).nll()
    # Two kinds of prompts, far from each other; what is written must not matter.
    rows = [Encoded((20 + i % 2, 20 + i % 2, 20 + i % 2), (3 + i, 2)) for i in range(12)]
    fit_routers(model, rows, 0, seed=3)
    router = router_of(model)
    assert float(router.seen) == 12
    assert [row % 2 for row in range(12)] in (routed(model, rows), [1 - part for part in routed(model, rows)])
    again = attached(graph).train()
    fit_routers(again, [Encoded(row.prompt, (50, 2)) for row in rows], 0, seed=3)
    assert torch.allclose(router_of(again).prototypes, router.prototypes, atol=1e-6)
    assert router.usage.tolist() == [0.5, 0.5]


def test_a_router_learns_from_a_column() -> None:
    """Which part belongs to which text is said by the rows, and known of new texts afterwards."""
    graph = changed("iclm", ("kind: vq, parts: 4", "kind: label, parts: 3, label: domain"))
    model = attached(graph).train()
    loss = compile_objective(graph).loss
    record(model, loss)
    kinds = [(20, 21, 22), (30, 31, 32), (40, 41, 42)]
    domains = (2, 0, 1)  # not the order of appearance
    rows = [Encoded((*kinds[i % 3][:2], 5 + i), (9, 2)) for i in range(6)]
    for _ in range(3):
        loss(TorchStep(model, batch(rows, tuple(domains[i % 3] for i in range(6)))))
    model.eval()
    unseen = [Encoded((*kind[1:], kind[0]), (9, 2)) for kind in kinds]
    assert routed(model, unseen) == list(domains)


@pytest.mark.parametrize("reads", ["embeddings", "hidden"])
def test_routes_after_loading_are_as_before(reads: str, tmp_path: Path) -> None:
    graph = changed("iclm", ("parts: 4", f"parts: 4, reads: {reads}"))
    model = attached(graph).train()
    rng = np.random.default_rng(0)
    rows = [Encoded(tuple(rng.integers(3, 60, 5).tolist()), (9, 2)) for _ in range(40)]
    for start in range(0, 40, 8):
        TorchStep(model, batch(rows[start : start + 8], (0,) * 8)).nll()
    before, (nll, _) = routed(model.eval(), rows), score(model, rows, 0)
    assert len(set(before)) > 1
    model.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(base(), tmp_path).eval()
    assert routed(again, rows) == before
    assert np.array_equal(score(again, rows, 0)[0], nll)
    for name, value in router_of(model).state_dict().items():
        assert torch.equal(router_of(again).state_dict()[name], value)


def test_routers_do_not_read_what_is_to_be_written() -> None:
    model = attached(load_graph("iclm")).train()
    for _ in range(4):
        TorchStep(model, batch()).nll()
    before = routed(model.eval(), ROWS)
    others = [Encoded(row.prompt, (50, 51, 52, 53, 2)) for row in ROWS]
    assert routed(model, others) == before
    # So in generation, where only the prompt is there, the same part is taken.
    for row, part in zip(ROWS, before, strict=True):
        model.generate(input_ids=torch.tensor([row.prompt]), max_new_tokens=3, do_sample=False, pad_token_id=0)
        known = model.base_model.choices.known("domain")
        assert known.tolist() == [part]


@pytest.mark.parametrize("soft", ["", ", soft: true"])
def test_an_average_over_prompts_routes_each_of_them(soft: str) -> None:
    """Of several prompts of a row each may take another part: what they begin with is not computed once for all."""
    model = attached(changed("iclm", ("parts: 4", f"parts: 3{soft}"))).train()
    for rows in (ROWS, OTHERS):
        TorchStep(model, batch(rows)).nll()
    router_of(model).spread.fill_(40.0)  # not so sure that only the nearest part counts
    shown = tuple([Encoded((*row.prompt, control), row.target) for row in ROWS] for control in (30, 40, 50))
    weights = np.log(np.tile(np.array(PRIOR), (3, 1)))
    mixture = Components(shown, weights)
    parts = np.array([-score(model, rows, 0)[0] for rows in shown])
    expected = -np.logaddexp.reduce(np.log(np.array(PRIOR))[:, None] + parts, axis=0)
    assert score_mixture(model, mixture, 0)[0] == pytest.approx(expected, abs=1e-4)
    # One of them alone is answered as it is by itself.
    alone = Components(shown, np.where(np.arange(3) == 1, 0.0, -np.inf) * np.ones((3, 1)))
    assert generate_mixture(model, Numbers(), alone, max_new_tokens=3, batch_size=9) == generate(
        model, Numbers(), shown[1], 3, 3
    )


# -- averages over parts -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that averages over three domains, with parts that disagree."""
    folder = tmp_path_factory.mktemp("adjusted")
    attached(load_graph("iclm_adjusted"), scale=0.6).save_pretrained(folder)
    return folder


def loaded(folder: Path) -> Any:
    return PeftModel.from_pretrained(base(), folder).eval()


def test_training_rows_use_their_own_part(saved: Path) -> None:
    model = loaded(saved)
    step = TorchStep(model, batch())
    step.choose("domain", torch.tensor([0, 2, 0]), fixed=True)
    own = step.nll()
    for part in range(3):
        with with_part(model, part):
            alone = torch.from_numpy(score(model, ROWS, 0)[0]).float()
        rows = torch.tensor([0, 2, 0]) == part
        assert torch.allclose(own[rows], alone[rows], atol=1e-5)


def test_a_held_out_row_with_an_unknown_value_averages_over_all_parts(saved: Path) -> None:
    model = loaded(saved)
    step = TorchStep(model, batch())
    step.choose("domain", torch.tensor([0, -1, 2]), fixed=True)
    found, averaged = step.nll(), torch.from_numpy(score(model, ROWS, 0)[0]).float()
    assert float(found[1]) == pytest.approx(float(averaged[1]), abs=1e-5)
    for row, part in ((0, 0), (2, 2)):
        with with_part(model, part):
            own = score(model, ROWS, 0)[0]
        assert float(found[row]) == pytest.approx(float(own[row]), abs=1e-5)


def test_an_answer_is_scored_by_the_average_of_the_parts(saved: Path) -> None:
    """log p(answer) = log Σ_z P(z) p(answer | part z), with parts that are fixed one after the other."""
    model = loaded(saved)
    parts = []
    for part in range(3):
        with with_part(model, part):
            parts.append(-score(model, ROWS, 0)[0])
    apart = np.array(parts)
    expected = np.log((np.array(PRIOR)[:, None] * np.exp(apart)).sum(0))
    assert np.ptp(apart, axis=0).min() > 0.1, "the parts disagree"
    assert -score(model, ROWS, 0)[0] == pytest.approx(expected, abs=1e-5)
    # Averaging each token by itself is something else.
    tokens = np.log((np.array(PRIOR)[:, None] * np.exp(apart / 3)).sum(0)) * 3
    assert not np.allclose(tokens, expected, atol=1e-3)


def greedy_by_hand(model: Any, prompt: tuple[int, ...], steps: int) -> list[int]:
    """Weights P(z) Π p_z(token) and scores of each part by itself, without a cache."""
    log_weights, written = np.log(np.array(PRIOR)), list(prompt)
    for _ in range(steps):
        tables = []
        for part in range(3):
            with model.base_model.choices.making({"domain": torch.tensor([part])}):
                tables.append(scores(model, input_ids=torch.tensor([written]))[0, -1].log_softmax(-1).double().numpy())
        mixed = np.logaddexp.reduce(log_weights[:, None] + np.array(tables), axis=0)
        token = int(mixed.argmax())
        log_weights = log_weights + np.array(tables)[:, token]
        written.append(token)
    return written[len(prompt) :]


@pytest.mark.parametrize("cache", [True, False])
def test_answers_are_written_by_the_average_of_the_parts(saved: Path, cache: bool) -> None:
    model = loaded(saved)
    for row in ROWS:
        ids = torch.tensor([row.prompt])
        found = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=5, min_new_tokens=5, do_sample=False,
            use_cache=cache, pad_token_id=0, eos_token_id=None,
        )  # fmt: skip
        assert found[0, len(row.prompt) :].tolist() == greedy_by_hand(model, row.prompt, 5)


def test_answers_of_a_batch_are_those_of_single_rows(saved: Path) -> None:
    model, tokenizer = loaded(saved), Numbers()
    together = generate(model, tokenizer, ROWS, 4, 3)
    assert together == [generate(model, tokenizer, [row], 4, 1)[0] for row in ROWS]
    assert together == [" ".join(map(str, greedy_by_hand(model, row.prompt, 4))) for row in ROWS]


def test_what_chooses_must_be_there() -> None:
    step = TorchStep(copy.deepcopy(base()), batch())
    with pytest.raises(InputError, match="'domain' chooses parts of the adapter, and this one has none"):
        step.choose("domain", torch.tensor([0, 1, 0]), fixed=True)
    assert step.router_loss() is None
    assert step.nll(MAIN).shape == (3,)
