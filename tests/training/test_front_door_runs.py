"""Front doors through a rationale and mediation penalties on the whole path, with a tiny model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.evaluation.splits import evaluate
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.objective.estimators.front_door import FrontDoorLikelihood
from causal_reasoning.objective.text_views import HIDDEN
from causal_reasoning.sweeps.run import prepare, run
from causal_reasoning.sweeps.store import run_config, run_folder
from causal_reasoning.training.step import TorchStep
from tests.tiny import make_model

EXPERIMENT = """
version: 1
name: door
data: {world: WORLD, rows: 300}
model: MODEL
prompt: "PROMPT"
treatment: skill
arms:
  - graph: frontdoor_rationale
    objective: {accept_poor_overlap: true}
  - {graph: frontdoor_rationale, name: average, objective: {estimator: question_average, draws: 3}}
seeds: [1]
base: false
ceiling: false
adapter: {rank: 2, alpha: 4}
training: {steps: 4, batch_size: 8, evaluate_every: 2, checkpoint_every: 2}
evaluation: {items: 6, max_new_tokens: 24}
"""


def experiment(folder: Path, world: str = "rationale", prompt: str = "{question} {words}\\nsteps:\\n") -> Experiment:
    text = EXPERIMENT.replace("MODEL", str(make_model(folder / "model"))).replace("WORLD", world)
    path = folder / "door.yaml"
    path.write_text(text.replace("PROMPT", prompt), encoding="utf-8")
    return load_experiment(path)


def test_a_front_door_trains_and_reports_calibration_answers_and_rationales(tmp_path: Path) -> None:
    found = experiment(tmp_path)
    arm = found.arm("frontdoor_rationale")
    record = run(found, arm, 1, tmp_path / "runs")
    (head,) = record["overlap"]["heads"]
    assert head == "[P(question, rationale, words) / (P(question) P(rationale, words))]"
    assert record["derivation"]["plan"]["estimator"] == "front_door"
    folder = run_folder(tmp_path / "runs", run_config(found, arm, 1), arm)
    logged = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    trained = next(entry for entry in logged if "steps" in entry)
    assert trained["loss"] == pytest.approx(trained["steps"] + trained["answer"] + trained["handed_on"], rel=1e-4)
    assert all(np.isfinite(entry["eval_validation_nll"]) for entry in logged if "eval_validation_nll" in entry)
    same = record["splits"]["same"]
    assert same["nll"] == pytest.approx(same["rationale"]["nll"] + same["rationale"]["answer_nll"], rel=1e-4)
    answers = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert {"written_rationale", "reference_rationale", "answer", "reference"} <= set(answers[0])
    assert answers[0]["reference"].startswith("= ")


def test_an_average_over_questions_is_kept_with_the_adapter_and_measured_again_alike(tmp_path: Path) -> None:
    found = experiment(tmp_path)
    arm = found.arm("average")
    record = run(found, arm, 1, tmp_path / "runs")
    folder = run_folder(tmp_path / "runs", run_config(found, arm, 1), arm)
    about = json.loads((folder / "adapter" / "causal_reasoning.json").read_text())
    assert len(about["questions"]["values"]) == 3
    again, _ = evaluate(found, adapter=folder / "adapter", seed=1)
    assert again["do"]["nll"] == pytest.approx(record["splits"]["do"]["nll"], rel=1e-4)
    assert again["do"]["rationale"] == pytest.approx(record["splits"]["do"]["rationale"], rel=1e-4)


def test_mediation_penalties_train_at_batch_size_one(tmp_path: Path) -> None:
    text = tmp_path / "cot.yaml"
    experiment(tmp_path)
    body = (tmp_path / "door.yaml").read_text().replace("world: rationale", "world: letters, set: {rho: 0.3}")
    body = body[: body.index("arms:")] + "arms:\n  - graph: chain_of_thought\n" + body[body.index("seeds:") :]
    body = body.replace("{question} {words}", "{question}").replace("batch_size: 8", "batch_size: 1")
    text.write_text(body, encoding="utf-8")
    found = load_experiment(text)
    record = run(found, found.arm("chain_of_thought"), 1, tmp_path / "runs")
    arm = found.arm("chain_of_thought")
    folder = run_folder(tmp_path / "runs", run_config(found, arm, 1), arm)
    logged = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    trained = next(entry for entry in logged if "agreement" in entry)
    assert trained["loss"] == pytest.approx(
        trained["unpenalised"] + 0.1 * trained["agreement"] + 0.1 * trained["sensitivity"], rel=1e-4
    )
    assert record["derivation"]["plan"]["forward_passes"]["train"] == 3


def test_the_weights_of_the_plan_label_are_those_of_the_world(tmp_path: Path) -> None:
    """P(plan) / P(plan | question): 1/3 where the plan follows the question, 3 where it does not."""
    experiment(tmp_path)
    graph = tmp_path / "labelled.yaml"
    graph.write_text(
        "version: 1\nname: labelled\nnodes:\n  question: {bind: {text: question}}\n  words: {bind: {text: words}}\n"
        "  plan: {bind: {column: plan}}\n  rationale: {bind: {text: rationale}}\n  answer: {bind: {text: answer}}\n"
        "edges: [question -> plan -> rationale -> answer, question <-> answer, words -> rationale]\n"
        "query: {do: question, read: [question, words], write: [rationale, answer]}\nobjective: {nuisance: head}\n"
    )
    text = (tmp_path / "door.yaml").read_text().replace("rows: 300", "rows: 1500")
    (tmp_path / "big.yaml").write_text(text.replace("graph: frontdoor_rationale\n", f"graph: {graph}\n", 1))
    found = load_experiment(tmp_path / "big.yaml")
    prepared = prepare(found, found.arm("labelled"), 1)
    weights = prepared.weights.loss
    assert (prepared.weights.sampling == 1).all()
    follows = weights < 1
    assert follows.mean() == pytest.approx(0.75, abs=0.04)
    assert weights[follows].mean() == pytest.approx(1 / 3, abs=0.05)
    assert weights[~follows].mean() == pytest.approx(3, abs=0.5)


def test_training_finds_the_front_door_distribution(tmp_path: Path) -> None:
    """Question, rationale and answer of one token each: what is learnt is P(a | do(r)), and not P(a | q, r)."""
    from transformers import LlamaConfig, LlamaForCausalLM

    rng = np.random.default_rng(0)
    rows = 4000
    u = rng.integers(2, size=rows)
    q = np.where(rng.random(rows) < 0.9, u, 1 - u)
    r = np.where(rng.random(rows) < 0.75, q, 1 - q)
    p_a = np.array([[0.1, 0.7], [0.3, 0.9]])  # P(a = 1 | r, u)
    a = (rng.random(rows) < p_a[r, u]).astype(int)
    # P(a = 1 | do(r)) = mean over u; P(a = 1 | q, r) follows u, which q tells with 0.9.
    do = p_a.mean(axis=1)
    seen = np.array([[0.9 * p_a[k, j] + 0.1 * p_a[k, 1 - j] for k in range(2)] for j in range(2)])
    weights = np.where(q == r, 0.5 / 0.75, 0.5 / 0.25)

    def encode(q: int, r: int, a: int, hide: bool = False) -> Encoded:
        return Encoded((1, 7 if hide else 3 + q), (5 + r, 8 + a), (1,))

    own = [encode(*row) for row in zip(q.tolist(), r.tolist(), a.tolist(), strict=True)]
    hidden = [encode(*row, hide=True) for row in zip(q.tolist(), r.tolist(), a.tolist(), strict=True)]
    data = EncodedRows(own, weights.tolist(), views={HIDDEN: hidden})
    torch.manual_seed(0)
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=12,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
        )
    )
    optimiser, together = torch.optim.Adam(model.parameters(), 3e-3), collate(0)
    for _ in range(200):
        batch = together([data[i] for i in rng.integers(rows, size=256).tolist()])
        loss = FrontDoorLikelihood(1)(TorchStep(model, batch))["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        for j in range(2):
            first = model(torch.tensor([[1, 3 + j]])).logits[0, -1].softmax(-1)
            assert float(first[5 + j]) == pytest.approx(0.75, abs=0.06)
            for k in range(2):
                p = float(model(torch.tensor([[1, 3 + j, 5 + k]])).logits[0, -1].softmax(-1)[9])
                assert p == pytest.approx(do[k], abs=0.08)
                assert abs(do[k] - seen[j, k]) > 0.2
