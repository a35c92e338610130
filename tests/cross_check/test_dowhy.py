"""dowhy itself, asked once for a handful of textbook graphs."""

from __future__ import annotations

import pytest

from causal_reasoning.cross_check.compare import Case, compare
from causal_reasoning.cross_check.process import ask_dowhy
from causal_reasoning.cross_check.protocol import CHECKS, EXHAUSTIVE, FRONT_DOOR, GENERAL, INSTRUMENTS, PATH, Answers
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.interchange import to_dowhy
from causal_reasoning.identification import identify_effect

Problem = tuple[CausalGraph, str, str]
PROBLEMS: dict[str, Problem] = {
    "confounder": (CausalGraph("cxy", [("c", "x"), ("c", "y"), ("x", "y")]), "x", "y"),
    "bow": (CausalGraph("xy", [("x", "y")], [("x", "y")]), "x", "y"),
    "front door": (CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")]), "x", "y"),
    "instrument": (CausalGraph("zxy", [("z", "x"), ("x", "y")], [("x", "y")]), "x", "y"),
    "hidden instrument": (CausalGraph("zxy", [("z", "x"), ("x", "y")], [("x", "y")], "z"), "x", "y"),
    "collider": (CausalGraph("xyk", [("x", "y")], [("x", "k"), ("k", "y")]), "x", "y"),
    "napkin": (CausalGraph("wrxy", [("w", "r"), ("r", "x"), ("x", "y")], [("w", "x"), ("w", "y")]), "x", "y"),
    "no effect": (CausalGraph("xyc", [("c", "x"), ("c", "y")]), "x", "y"),
    "confounding outcome": (CausalGraph("sqa", [("q", "s"), ("q", "a"), ("s", "a")]), "s", "qa"),
    "odd names": (
        CausalGraph(["a <-> b", "x.dot", "node"], [("a <-> b", "x.dot"), ("a <-> b", "node"), ("x.dot", "node")]),
        "x.dot",
        "node",
    ),
}


#: dowhy does not adjust for an outcome, and says that there is no effect if one of several outcomes has none; and
#: it knows no instruments given other nodes.
BEYOND = {"confounding outcome": set(CHECKS) - {INSTRUMENTS, FRONT_DOOR}, "napkin": {INSTRUMENTS}}


def nodes(graph: CausalGraph, letters: str) -> tuple[str, ...]:
    return (letters,) if letters in graph else tuple(sorted(letters))


@pytest.fixture(scope="module")
def answers() -> dict[str, Answers]:
    """One process for all problems: dowhy takes seconds to import."""
    asked = [to_dowhy(graph, nodes(graph, do), nodes(graph, on)) for graph, do, on in PROBLEMS.values()]
    return dict(zip(PROBLEMS, ask_dowhy(asked, 120.0), strict=True))


def test_dowhy_answers_as_the_textbooks_do(answers: dict[str, Answers]) -> None:
    assert answers["confounder"].version
    assert answers["confounder"].of(EXHAUSTIVE).found == (("c",),)
    assert answers["bow"].of(GENERAL).found == ()
    assert answers["front door"].of(FRONT_DOOR).found == (("m",),)
    assert answers["instrument"].of(INSTRUMENTS).found == ("z",)
    assert answers["collider"].of(EXHAUSTIVE).found == ((),)
    assert answers["no effect"].of(PATH).found == (False,)
    assert answers["odd names"].of(GENERAL).found == (("a <-> b",),)


@pytest.mark.parametrize("name", PROBLEMS)
def test_dowhy_does_not_contradict_us(name: str, answers: dict[str, Answers]) -> None:
    graph, do, on = PROBLEMS[name]
    treatments, outcomes = nodes(graph, do), nodes(graph, on)
    verdict = identify_effect(graph, treatments, outcomes)
    found = {one.check: one for one in compare(Case(graph, treatments, outcomes, verdict), answers[name])}
    assert not [one for one in found.values() if one.status in ("disagree", "timed out", "only dowhy")]
    beyond = {check for check, one in found.items() if one.status != "agree"}
    assert beyond == BEYOND.get(name, set())
    assert set(found) == ({PATH} if name == "no effect" else set(CHECKS))


def test_latent_instruments_of_dowhys_are_left_out(answers: dict[str, Answers]) -> None:
    assert answers["hidden instrument"].of(INSTRUMENTS).found == ("z",)
    graph, _, _ = PROBLEMS["hidden instrument"]
    found = compare(Case(graph, ("x",), ("y",), identify_effect(graph, "x", "y")), answers["hidden instrument"])
    (line,) = [one.because for one in found if one.check == INSTRUMENTS]
    assert line == "neither finds one (1 latent node left out that dowhy names)"
