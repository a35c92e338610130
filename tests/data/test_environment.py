"""A policy that is the distribution in a split of the experiment: weights, do split, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from causal_reasoning.data.load import load_data
from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.graph import load_graph
from causal_reasoning.sweeps.prepare import prepare
from causal_reasoning.sweeps.store import run_config

GRAPH = load_graph("reasoning").text
EXPERIMENT = """\
version: 1
name: shifted
data: {world: letters, set: {rho: 0.5}, rows: 400}
arms: [{graph: g.yaml}]
seeds: [1]
evaluation: {items: 60, splits: {odd: {filter: [{column: skill, in: [first, last]}]}}}
"""


def load(folder: Path, policy: str, query: str = "write: answer") -> Experiment:
    text = GRAPH.replace("write: answer}", f"{query}, policy: {policy}}}")
    (folder / "g.yaml").write_text(text, encoding="utf-8")
    (folder / "e.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return load_experiment(folder / "e.yaml")


def test_a_split_of_the_experiment_gives_the_policy_of_weights_and_of_the_do_split(tmp_path: Path) -> None:
    experiment = load(tmp_path, "{split: odd}")
    data = load_data(experiment, 1)
    odd = next(split.table for split in data.splits if split.name == "odd")
    share = {value: count / len(odd) for value, count in Counter(odd.columns["skill"]).items()}
    assert set(share) == {"first", "last"}
    prepared = prepare(experiment, experiment.arms[1], 1, data)
    assert prepared.derivation is not None
    weights = prepared.derivation.plan.weights
    assert weights is not None
    assert weights.to_dict()["policy"] == pytest.approx(share)
    drawn = prepared.weights.sampling
    by_skill = {
        skill: sum(w for w, s in zip(drawn, data.train.columns["skill"], strict=True) if s == skill) / drawn.sum()
        for skill in set(data.train.columns["skill"])
    }
    assert by_skill == pytest.approx({skill: share.get(skill, 0.0) for skill in by_skill}, abs=1e-9)
    done = next(split.table for split in data.splits if split.name == "do")
    assert set(done.columns["skill"]) <= set(share)
    json.dumps(run_config(experiment, experiment.arms[1], 1))


def test_a_file_gives_the_policy_of_the_do_split_too(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"skill": "last"}\n', encoding="utf-8")
    experiment = load(tmp_path, "{like: rows.jsonl}")
    assert experiment.policy == {"last": 1.0}
    done = next(split.table for split in load_data(experiment, 1).splits if split.name == "do")
    assert set(done.columns["skill"]) == {"last"}


@pytest.mark.parametrize("name", ["od", "same", "reversed"])
def test_a_split_that_is_not_the_users_own_is_refused_with_the_nearest_one(tmp_path: Path, name: str) -> None:
    experiment = load(tmp_path, f"{{split: {name}}}")
    with pytest.raises(InputError, match=rf"e\.yaml:4:7: .* the split '{name}', which the experiment does not have"):
        load_data(experiment, 1)


def test_a_value_that_no_row_has_is_refused_whatever_the_objective(tmp_path: Path) -> None:
    """Here plain likelihood is valid for every policy, and needs no weights that would find it."""
    text = GRAPH.replace("  - skill -> answer\n", "").replace("  - confounder -> question\n", "")
    (tmp_path / "plain.yaml").write_text(
        text.replace("write: answer}", "write: answer, policy: {first: 0.5, frist: 0.5}}"), encoding="utf-8"
    )
    (tmp_path / "e.yaml").write_text(
        EXPERIMENT.replace("g.yaml", "plain.yaml, objective: {estimator: likelihood}").replace(
            "seeds:", "ceiling: false\nseeds:"
        ),
        encoding="utf-8",
    )
    experiment = load_experiment(tmp_path / "e.yaml")
    marginal = load(tmp_path, "marginal")
    with pytest.raises(NoValidPlanError, match=r"probability 0.5 to what no training row has: skill = 'frist'; did"):
        prepare(experiment, experiment.arms[1], 1, load_data(marginal, 1))
