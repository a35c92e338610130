"""Answers by a mixture over strata: against sums over whole answers, enumerated one by one without a cache."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.data.views import Components
from causal_reasoning.evaluation.accuracy import measure
from causal_reasoning.evaluation.mixture import generate_mixture, score_mixture
from causal_reasoning.objective.estimators.distillation import Distillation
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.step import TorchStep

PAD, END, WORDS, LONGEST = 0, 1, 6, 3
PRIOR = np.array([0.7, 0.3])


class Tokenizer:
    """Tokens are digits."""

    pad_token_id, eos_token_id = PAD, END

    def batch_decode(self, ids: torch.Tensor, skip_special_tokens: bool) -> list[str]:
        return [text(row) for row in ids.tolist()]


def text(ids: Sequence[int]) -> str:
    """All tokens before the end."""
    return "".join(str(t) for t in ids).partition(str(END))[0]


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=1.0,
        bos_token_id=None,
        eos_token_id=END,
        pad_token_id=PAD,
    )
    return LlamaForCausalLM(config).eval()


def mixture(
    answers: list[tuple[int, ...]], log_weights: NDArray[np.float64], geometric: bool = False, behind: bool = True
) -> Components:
    """Two components per row: control tokens of different lengths behind a prompt that both share, or before it."""
    prompts = [
        tuple(int(t) for t in np.random.default_rng(i).integers(2, WORDS, 2 + i % 3)) for i in range(len(answers))
    ]
    rows = tuple(
        [
            Encoded((*prompt, *control) if behind else (*control, *prompt), answer)
            for prompt, answer in zip(prompts, answers, strict=True)
        ]
        for control in ((2,), (5, 3))
    )
    return Components(rows, log_weights, geometric)


@torch.no_grad()
def probabilities(model: Any, prompt: tuple[int, ...]) -> dict[tuple[int, ...], float]:
    """p(answer | prompt) of all answers of at most three tokens, ended or cut, by plain forward passes."""
    words = [t for t in range(WORDS) if t != END]
    found: dict[tuple[int, ...], float] = {}
    for answers in (
        *([(*w, END) for w in product(words, repeat=n)] for n in range(LONGEST)),
        list(product(words, repeat=LONGEST)),
    ):
        ids = torch.tensor([[*prompt, *answer] for answer in answers])
        log_p = model(input_ids=ids).logits.double().log_softmax(-1)[:, len(prompt) - 1 : -1]
        written = log_p.gather(2, ids[:, len(prompt) :, None]).sum((1, 2)).exp()
        found.update(zip(answers, written.tolist(), strict=True))
    return found


@pytest.mark.parametrize("behind", [True, False])
def test_greedy_generation_is_that_of_the_sum_over_all_whole_answers(model: Any, behind: bool) -> None:
    weights = np.array([PRIOR, PRIOR, [0.5, 0.5], [1.0, 0.0], [0.02, 0.98]])
    with np.errstate(divide="ignore"):
        together = mixture([(2, END)] * len(weights), np.log(weights), behind=behind)
    found = generate_mixture(model, Tokenizer(), together, max_new_tokens=LONGEST, batch_size=5)
    moved = 0
    for i, answer in enumerate(found):
        one, two = (probabilities(model, rows[i].prompt) for rows in together.rows)
        p = {y: weights[i, 0] * one[y] + weights[i, 1] * two[y] for y in one}
        assert sum(p.values()) == pytest.approx(1, abs=1e-6)
        written: tuple[int, ...] = ()
        while len(written) < LONGEST and END not in written:
            after = [sum(v for y, v in p.items() if y[: len(written) + 1] == (*written, t)) for t in range(WORDS)]
            written = (*written, int(np.argmax(after)))
        assert answer == text(written)
        alone = {generate_alone(model, rows[i].prompt) for rows in together.rows}
        moved += len(alone) > 1
    assert moved  # the strata disagree, so that this is no test of one model


@torch.no_grad()
def generate_alone(model: Any, prompt: tuple[int, ...]) -> tuple[int, ...]:
    written: tuple[int, ...] = ()
    while len(written) < LONGEST and END not in written:
        written = (*written, int(model(input_ids=torch.tensor([[*prompt, *written]])).logits[0, -1].argmax()))
    return written


@pytest.mark.parametrize("behind", [True, False])
def test_the_token_by_token_filter_is_the_sum_of_whole_answers(model: Any, behind: bool) -> None:
    answers = [(2, 3, 4, END), (5, END), (END,), (3, 3, 2, 4, 5, END)]
    together = mixture(answers, np.log(np.tile(PRIOR, (4, 1))), behind=behind)
    nll, exact = score_mixture(model, together, PAD, batch_size=3)
    whole = np.stack([score(model, rows, PAD)[0] for rows in together.rows], axis=1)
    assert nll == pytest.approx(-np.log((PRIOR * np.exp(-whole)).sum(axis=1)), abs=1e-5)
    greedy = generate_mixture(model, Tokenizer(), together, max_new_tokens=8, batch_size=2)
    assert [a == text(y) for a, y in zip(greedy, answers, strict=True)] == exact.tolist()
    written = [tuple(int(t) for t in answer) + (END,) * (len(answer) < 8) for answer in greedy]
    assert score_mixture(model, mixture(written, together.log_weights, behind=behind), PAD)[1].all()


def test_the_prompt_of_a_row_is_computed_once_for_all_components(model: Any) -> None:
    seen: list[tuple[int, ...]] = []
    handle = model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    together = mixture([(2, 3, END), (4, END)], np.log(np.tile(PRIOR, (2, 1))))
    score_mixture(model, together, PAD)
    generate_mixture(model, Tokenizer(), together, max_new_tokens=1, batch_size=8)
    handle.remove()
    # Prompts of two and three tokens, then the control text, and the answer: two rows, and two components of each.
    assert seen[:3] == [(2, 3), (2, 4), (2, 5)]
    assert seen[3:] == [(2, 3), (4, 2)]


def test_one_component_is_the_plain_model(model: Any) -> None:
    rows = mixture([(2, 3, END), (4, END)], np.zeros((2, 2))).rows[1]
    alone = Components((rows,), np.zeros((2, 1)))
    options: dict[str, Any] = {"max_new_tokens": 5, "batch_size": 2}
    one = measure(model, Tokenizer(), alone, ["23", "4"], **options)
    plain = measure(model, Tokenizer(), rows, ["23", "4"], **options)
    assert one.answers == plain.answers
    assert one.nll == pytest.approx(plain.nll, abs=1e-5)


def test_the_geometric_mean_averages_scores_at_each_token(model: Any) -> None:
    together = mixture([(2, 3, END)], np.log([PRIOR]), geometric=True)
    nll, _ = score_mixture(model, together, PAD)
    expected = 0.0
    with torch.no_grad():
        for k, token in enumerate((2, 3, END)):
            scores = [
                model(input_ids=torch.tensor([[*rows[0].prompt, *rows[0].target[:k]]])).logits[0, -1].log_softmax(-1)
                for rows in together.rows
            ]
            mean = sum(float(w) * s for w, s in zip(PRIOR, scores, strict=True))
            expected -= float(torch.as_tensor(mean).log_softmax(-1)[token])
    assert nll == pytest.approx([expected], abs=1e-5)
    (answer,) = generate_mixture(model, Tokenizer(), together, max_new_tokens=1, batch_size=4)
    first = [model(input_ids=torch.tensor([rows[0].prompt])).logits[0, -1].log_softmax(-1) for rows in together.rows]
    assert answer == text([int((PRIOR[0] * first[0] + PRIOR[1] * first[1]).argmax())])


def test_the_teacher_of_distillation_is_the_mixture_of_whole_answers(model: Any) -> None:
    """Rows lie in different strata; each sees its own in the main view and the other in the view 'other 0'."""
    answers = [(2, 3, 4, END), (5, END), (3, 2, END)]
    together = mixture(answers, np.log(np.tile(PRIOR, (3, 1))))
    own = [0, 1, 0]
    main = [together.rows[z][i] for i, z in enumerate(own)]
    other = [together.rows[1 - z][i] for i, z in enumerate(own)]
    student = [Encoded(row.prompt[:-1], row.target) for row in together.rows[0]]
    data = EncodedRows(main, [1.0] * 3, own, {"other 0": other, "student": student})
    step = TorchStep(
        model,
        collate(PAD)([data[i] for i in range(3)]),
        tokens_per_answer=3.0,
        groups=2,
        memory={LOG_PRIOR: torch.tensor(np.log(PRIOR)).float()},
    )
    loss = Distillation()
    teacher = loss.teacher(step)
    assert not teacher.requires_grad
    whole = step.per_row(teacher.gather(1, step.targets().unsqueeze(1)).squeeze(1)) * 3.0
    nll, _ = score_mixture(model, together, PAD)
    assert (-whole).tolist() == pytest.approx(nll, abs=1e-5)
    parts = {name: value.detach() for name, value in loss(step).items()}
    kl = torch.nn.functional.kl_div(
        step.logits("student").detach().log_softmax(-1), teacher, log_target=True, reduction="none"
    )
    assert float(parts["distillation"]) == pytest.approx(float(kl.detach().sum()) / 9, rel=1e-5)
    assert float(parts["loss"]) == pytest.approx(float(step.nll().detach().mean() + parts["distillation"]), rel=1e-6)
