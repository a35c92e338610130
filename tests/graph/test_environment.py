"""Policies taken from other rows: what is counted, what it makes of weights, and where faults are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.graph.edits import edit_graph
from causal_reasoning.objective import derive
from causal_reasoning.objective.explain import to_text
from causal_reasoning.objective.proof import prove
from causal_reasoning.objective.weights import fit_weights

FILE = """\
version: 1
name: g
nodes:
  z: {bind: {column: z}}
  t: {bind: {column: treat}}
  u: {bind: {column: u}}
  x: {bind: {text: x}}
  y: {bind: {text: y}}
edges: [z -> t, z -> u, z -> y, t -> x, u -> x, x -> y, u -> y]
query: {do: DO, read: x, write: y, policy: POLICY}
"""
ROWS = [{"treat": t, "u": u, "s": s} for t, u, s in (("a", 1, "p"), ("a", 2, "p"), ("b", 2, "p"), ("b", 1, "q"))]


def write(folder: Path, policy: str, do: str = "[u, t]", rows: Iterable[object] = ROWS) -> Path:
    (folder / "other.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "g.yaml").write_text(FILE.replace("DO", do).replace("POLICY", policy), encoding="utf-8")
    return folder / "g.yaml"


def load(folder: Path, policy: str, do: str = "[u, t]", rows: Iterable[object] = ROWS) -> AssumptionGraph:
    return load_graph(write(folder, policy, do, rows))


def test_treatments_are_counted_jointly_in_the_order_of_their_names(tmp_path: Path) -> None:
    found = load(tmp_path, "{like: other.jsonl}").environment
    assert found == ((("a", "1"), 0.25), (("a", "2"), 0.25), (("b", "1"), 0.25), (("b", "2"), 0.25))
    some = load(tmp_path, "{like: other.jsonl, where: {s: p}}")
    assert some.environment == ((("a", "1"), 1 / 3), (("a", "2"), 1 / 3), (("b", "2"), 1 / 3))
    assert load(tmp_path, "{like: other.jsonl, where: {s: [q]}}", "t").environment == ((("b",), 1.0),)
    assert "policy for u, t: as in 'other.jsonl' where s is p (a with 1: 0.333, " in to_text(derive(some))


def test_weights_lead_to_the_joint_distribution_of_the_other_rows(tmp_path: Path) -> None:
    plan = derive(load(tmp_path, "{like: other.jsonl, where: {s: p}}")).plan
    assert plan.weights is not None
    assert plan.weights.formula == "π(t, u) / P(t, u | z)"
    columns = {"treat": list("aabbaabb"), "u": list("12121212"), "z": list("vvvvwwww")}
    weights = fit_weights(plan.weights, columns).apply(columns)
    # Each combination has P(t, u | z) = 1/4; the other rows have three of the four, alike.
    assert weights == pytest.approx([4 / 3, 4 / 3, 0, 4 / 3] * 2)
    assert plan.weights.to_dict()["policy"][0] == {"values": ["a", "1"], "probability": 1 / 3}


def test_the_objective_is_proven_for_such_policies(tmp_path: Path) -> None:
    for do in ("t", "[t, u]"):
        proof = prove(derive(load(tmp_path, "{like: other.jsonl}", do)))
        assert proof.proven
        assert proof.plain > 0.01


def test_another_file_is_another_digest_and_a_stored_text_is_read_without_its_rows(tmp_path: Path) -> None:
    one = load(tmp_path, "{like: other.jsonl}", "t")
    two = load(tmp_path, "{like: other.jsonl}", "t", ROWS[:3])
    assert one.digest != two.digest
    stored = parse_graph(one.text)
    assert stored.environment == ()
    assert derive(stored).plan.formula == derive(one).plan.formula
    model = derive(stored).plan.weights
    assert model is not None
    with pytest.raises(NoValidPlanError, match="rows that are known inside an experiment only"):
        fit_weights(model, {"treat": ["a"], "z": ["v"], "u": ["1"]})
    # An edit may change what is set, so what was counted before does not count any more.
    assert edit_graph(one, ["add z -> x"]).environment == ()


def test_what_the_other_rows_have_and_training_lacks_is_named(tmp_path: Path) -> None:
    model = derive(load(tmp_path, "{like: other.jsonl}", "t")).plan.weights
    assert model is not None
    columns = {name: ["a", "a"] for name in model.columns.values()}
    with pytest.raises(NoValidPlanError, match=r"gives probability 0.5 to what no training row has: t = 'b'"):
        fit_weights(model, columns)


@pytest.mark.parametrize(
    ("policy", "rows", "message"),
    [
        ("{like: nowhere.jsonl}", ROWS, r"g\.yaml:10:50: .*nowhere\.jsonl: no such file"),
        ("{like: other.jsonl, where: {s: r}}", ROWS, r"g\.yaml:10:50: .*no row has s = 'r'; known: 'p', 'q'"),
        ("{like: other.jsonl}", [{"treat": "a"}, {"teat": "a"}], r"other\.jsonl:2: this row lacks the column 'treat'"),
        ("{like: other.jsonl}", [{"treat": ["a"]}], r"other\.jsonl:1: the column 'treat' holds no text, number"),
        ("{like: other.jsonl}", [], r"g\.yaml:10:50: .*holds no row that counts"),
        ("{like: other.jsonl, split: s}", ROWS, r"g\.yaml:10:43: a policy is taken from a file .* or from a split"),
        ("{lik: other.jsonl}", ROWS, r"g\.yaml:10:44: unknown key 'lik'; did you mean 'like'\?"),
        ("{where: {s: p}}", ROWS, r"g\.yaml:10:43: a policy is taken from a file"),
        ("[like]", ROWS, r"g\.yaml:10:43: a policy is 'marginal', 'uniform', a mapping"),
    ],
)
def test_faults_have_their_place(tmp_path: Path, policy: str, rows: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, policy, "t", rows)


def test_values_may_be_called_like_keys_and_texts_cannot_be_counted(tmp_path: Path) -> None:
    assert load(tmp_path, "{like: 0.5, split: 0.5}", "t").query.policy == {"like": 0.5, "split": 0.5}
    with pytest.raises(InputError, match=r"the treatment 'x' is text; how often it occurs can be counted for columns"):
        load(tmp_path, "{like: other.jsonl}", "x")
