"""What the commands about identification print: proofs, witnesses, mediation, implications, alternatives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import call

MEDIATION = """\
version: 1
name: med
nodes:
  skill:     {bind: {column: skill}}
  rationale: {role: rationale, bind: {column: rationale}}
  answer:    {role: answer, bind: {text: answer}}
  question:  {role: question, bind: {text: question}}
edges:
  - skill -> rationale -> answer
  - skill -> answer
  - question -> answer
query: {do: skill, read: question, write: answer}
"""


def said(*arguments: str, code: int = 0) -> str:
    """Standard output of a command that ends as expected."""
    found, out, err = call(*arguments)
    assert found == code, err
    return out


def test_a_proof_names_the_rule_of_every_step() -> None:
    text = said("identify", "frontdoor_plan", "--proof")
    assert text.startswith("P(answer, question | do(skill)): identified by the front door\n  mediators       {plan}\n")
    for rule in ("criterion (i):", "criterion (ii):", "criterion (iii):", "front-door formula"):
        assert rule in text
    napkin = said("identify", "napkin", "--proof")
    assert "identified by the ID algorithm" in napkin
    assert "ID line 7" in napkin


def test_a_query_with_a_condition_that_is_as_good_as_set_needs_no_adjustment() -> None:
    text = said("identify", "reasoning", "--on", "answer", "--given", "question", "--proof")
    assert "adjust for      {}" in text
    assert "do-calculus rule 2" in text


def test_what_is_not_identified_comes_with_repairs_and_two_models() -> None:
    text = said("identify", "bow", "--witness", code=3)
    assert "hedge           {answer, skill} over {answer}" in text
    assert "what would help no hidden cause between answer and skill" in text
    assert "Two models of the graph agree on all that is observed" in text
    data = json.loads(said("identify", "bow", "--witness", "--json", code=3))
    assert data["verdict"] == "not_identified"
    assert data["witness"]["gap"] > 0.1


def test_direct_and_indirect_effects(tmp_path: Path) -> None:
    file = tmp_path / "med.yaml"
    file.write_text(MEDIATION)
    text = said("identify", str(file), "--on", "answer", "--through", "rationale")
    assert "natural indirect effect: " in text
    assert "Σ_{rationale} P(answer | skill*, rationale) [P(rationale | skill) - P(rationale | skill*)]" in text
    data = json.loads(said("identify", str(file), "--on", "answer", "--through", "rationale", "--json"))
    assert data["query"]["mediators"] == ["rationale"]
    code, _, err = call("identify", str(file), "--through", "rational")
    assert code == 2
    assert "'rational' is no node of the graph; did you mean 'rationale'?" in err
    code, _, err = call("identify", str(file), "--through", "rationale", "--given", "question")
    assert code == 2
    assert "--through asks another question" in err


def test_implications() -> None:
    assert said("implications", "reasoning") == "answer ⊥ confounder | question, skill\n"
    data = json.loads(said("implications", "napkin", "--json"))
    assert [one["independent_of"] for one in data["verma"]] == [["template"]]


def test_alternatives_are_grouped_by_what_becomes_of_the_verdict() -> None:
    text = said("alternatives", "reasoning")
    assert text.startswith("reasoning: P(answer, question | do(skill)) is identified, adjusting for {confounder}\n")
    assert "\nnot identified: 3\n  add answer <-> skill\n  add question <-> skill\n  hide confounder\n" in text
    data = json.loads(said("alternatives", "reasoning", "--json"))
    changes = {row["change"]: row["summary"] for row in data["alternatives"]}
    assert changes["drop confounder -> skill"] == "identified, adjusting for {}"
    assert changes["hide skill"] == "no longer a question"
    assert not data["capped"]
    assert "(the first 3; --cap looks at more)" in said("alternatives", "reasoning", "--cap", "3")


def test_equivalent_graphs_cannot_be_told_apart_and_may_differ_in_the_verdict() -> None:
    data = json.loads(said("alternatives", "reasoning", "--equivalent", "--json"))
    assert len(data["alternatives"]) == 9
    assert {row["summary"] for row in data["alternatives"]} >= {"identified, adjusting for {}", "zero effect"}


@pytest.mark.parametrize("graph", ["reasoning", "frontdoor_plan", "napkin", "erm"])
def test_derive_can_prove_what_it_compiles(graph: str) -> None:
    text = said("derive", graph, "--prove")
    assert "Proof by numbers\n  minimiser = P_π(write | read) to " in text
    assert json.loads(said("derive", graph, "--prove", "--json"))["proof_by_numbers"]["proven"] is True
