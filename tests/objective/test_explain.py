"""The derivation told to people: complete, and well-formed in each format."""

from __future__ import annotations

import re

import pytest

from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.objective import Derivation, derive
from causal_reasoning.objective.explain import story, to_latex, to_markdown, to_text
from causal_reasoning.objective.weights import OverlapReport, fit_weights


@pytest.fixture(scope="module")
def derivation() -> Derivation:
    return derive(load_graph("reasoning"))


@pytest.fixture(scope="module")
def overlap(derivation: Derivation) -> OverlapReport:
    weights = derivation.plan.weights
    assert weights is not None
    return fit_weights(weights, {"skill": list("aabb"), "style": list("uvuv")}).report


def test_nothing_is_left_out(derivation: Derivation, overlap: OverlapReport) -> None:
    told = to_text(derivation, overlap)
    for heading in ("Query", "Verdict", "Proof", "Estimand", "Loss", "Parts", "Cost", "Not valid here", "Overlap"):
        assert f"\n{heading}\n" in told
    data = derivation.to_dict()
    for step in data["proof"]:
        assert step["path"] in told
    assert data["estimand"]["text"] in told
    assert data["plan"]["formula"] in told
    for term in data["plan"]["terms"]:
        assert term["because"] in told
    assert "4 effective of 4 rows (100%)" in told
    assert "warning: " in told


def test_overlap_is_told_only_where_it_is_known(derivation: Derivation) -> None:
    assert "Overlap" not in [section.heading for section in story(derivation)]


def test_markdown_shows_formulas_as_code_and_the_graph_itself(derivation: Derivation) -> None:
    told = to_markdown(derivation)
    assert told.startswith("# reasoning\n")
    assert f"- `{derivation.plan.formula}`" in told
    assert derivation.graph.text.strip() in told
    assert told.count("```") == 2


@pytest.mark.parametrize("name", ["erm", "reasoning", "reasoning_reversed"])
def test_latex_is_balanced_and_has_no_character_that_it_gives_a_meaning(name: str) -> None:
    told = to_latex(derive(load_graph(name)))
    body = "\n".join(line for line in told.splitlines() if not line.startswith("%"))
    assert len(re.findall(r"\\begin\{", body)) == len(re.findall(r"\\end\{", body))
    assert re.findall(r"\\begin\{(.*?)\}", body).count("equation*") == 2
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", body):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    prose = re.sub(r"\\begin\{equation\*\}.*?\\end\{equation\*\}", "", body, flags=re.DOTALL)
    prose = re.sub(r"(?<!\\)\$.*?(?<!\\)\$", "", prose)
    assert not re.search(r"(?<!\\)[_^&#%]", prose)


def test_names_with_underscores_are_escaped_in_latex() -> None:
    text = (
        load_graph("reasoning").text.replace("confounder", "hidden_style").replace("role: hidden_style", "role: other")
    )
    told = to_latex(derive(parse_graph(text)))
    assert r"hidden\_style" in told
    assert not re.search(r"hidden_style", told)


def test_a_policy_is_told_with_its_probabilities() -> None:
    text = load_graph("reasoning").text.replace("write: answer}", "write: answer, policy: {first: 0.25, last: 0.75}}")
    told = to_text(derive(parse_graph(text)))
    assert "policy for skill: first: 0.25, last: 0.75" in told
    assert "π(skill)" in told
