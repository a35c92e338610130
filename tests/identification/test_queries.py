"""Questions that make no sense are refused with a sentence; answers have one form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    IdentifiedInGeneral,
    NotIdentified,
    NotIdentifiedByAdjustment,
    QueryError,
    ZeroEffect,
    find_adjustment_set,
    identify_effect,
    m_separated,
    minimal_separator,
)
from tests.identification.test_published_cases import parse

REASONING = parse("confounder -> skill -> question -> answer, confounder -> question, skill -> answer")
HIDDEN = parse("U -> skill -> answer, U -> answer", latent="U")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"do": "skil", "on": "answer"},
            "the treatment 'skil' is no node of the graph; did you mean 'skill'?",
        ),
        (
            {"do": "skill", "on": "anser"},
            "the outcome 'anser' is no node of the graph; did you mean 'answer'?",
        ),
        (
            {"do": "skill", "on": "answer", "given": "Q"},
            "the condition 'Q' is no node of the graph; known: 'answer'",
        ),
        ({"do": "skill", "on": "skill"}, "'skill' cannot be both the treatment and the outcome"),
        (
            {"do": ["skill", "question"], "on": ["question", "answer"]},
            "'question' cannot be both the treatment",
        ),
        (
            {"do": "skill", "on": "answer", "given": "answer"},
            "'answer' cannot be both the outcome and the condition",
        ),
        (
            {"do": "skill", "on": "answer", "given": "skill"},
            "'skill' cannot be both the treatment and the condition",
        ),
        ({"do": [], "on": "answer"}, "there is no treatment"),
        ({"do": "skill", "on": ()}, "there is no outcome"),
        ({"do": [1], "on": "answer"}, "the treatment must be given by names of nodes, not by 1"),
        ({"do": "skill", "on": "answer", "required": "stile"}, "the required node 'stile' is no node"),
        ({"do": "skill", "on": "answer", "required": "skill"}, "'skill' cannot be both required"),
        (
            {"do": "skill", "on": "answer", "required": "confounder", "excluded": "confounder"},
            "'confounder' cannot be both required for adjustment and excluded from it",
        ),
        ({"do": "skill", "on": "answer", "selected": "S"}, "the selection node 'S' is no node"),
    ],
)
def test_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError) as caught:
        identify_effect(REASONING, **arguments)
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("place", ["do", "on", "given", "required", "excluded"])
def test_latent_nodes_cannot_be_asked_about(place: str) -> None:
    arguments: dict[str, Any] = {"do": "skill", "on": "answer"} | {place: "U"}
    with pytest.raises(QueryError, match="'U' is latent"):
        identify_effect(HIDDEN, **arguments)


def test_cap_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        identify_effect(REASONING, "skill", "answer", cap=0)


def test_separation_refuses_overlap() -> None:
    with pytest.raises(QueryError, match="cannot be both"):
        m_separated(REASONING, "skill", "answer", "skill")
    with pytest.raises(QueryError, match="cannot be both"):
        minimal_separator(REASONING, "skill", "answer", required="answer")


def test_any_name_is_a_good_name() -> None:
    for name in ("Q", "P", "do", "no confounding", "täter", "a_b"):
        graph = CausalGraph([name, "y"], [(name, "y")])
        assert isinstance(identify_effect(graph, name, "y"), IdentifiedByAdjustment)


def test_json_has_the_same_keys_for_every_answer() -> None:
    answers = [
        identify_effect(REASONING, "skill", ["question", "answer"], name="reasoning"),
        identify_effect(REASONING, "answer", "skill", name="reasoning"),
        identify_effect(HIDDEN, "skill", "answer"),
    ]
    keys = {
        "graph", "digest", "query", "verdict", "method", "adjustment", "frontdoor", "instruments", "estimand",
        "derivation", "hedge", "repairs",
    }  # fmt: skip
    identified, zero, failed = [answer.to_dict() for answer in answers]
    assert set(identified) == set(zero) == keys
    assert set(failed) == keys | {"reason"}
    assert identified == {
        "graph": "reasoning",
        "digest": REASONING.digest,
        "query": {"do": ["skill"], "on": ["answer", "question"], "given": []},
        "verdict": "identified",
        "method": "adjustment",
        "adjustment": {
            "chosen": ["confounder"],
            "minimal": [["confounder"]],
            "optimal": ["confounder"],
            "capped": False,
        },
        "frontdoor": None,
        "instruments": [],
        "estimand": {
            "text": "Σ_{confounder} P(answer, question | skill, confounder) P(confounder)",
            "latex": r"\sum_{\mathrm{confounder}} P(\mathrm{answer}, \mathrm{question} \mid \mathrm{skill}, "
            r"\mathrm{confounder})\,P(\mathrm{confounder})",
        },
        "derivation": [
            {
                "rule": "adjustment criterion",
                "statement": "skill <- confounder -> question",
                "because": "blocked by adjusting for the fork confounder",
            },
            {
                "rule": "adjustment criterion",
                "statement": "skill -> answer",
                "because": "causal, left open",
            },
            {
                "rule": "adjustment criterion",
                "statement": "skill -> question",
                "because": "causal, left open",
            },
            {
                "rule": "adjustment formula",
                "statement": "P(answer, question | do(skill)) = "
                "Σ_{confounder} P(answer, question | skill, confounder) P(confounder)",
                "because": "adjusting for {confounder}",
            },
        ],
        "hedge": None,
        "repairs": [],
    }
    assert (zero["verdict"], zero["method"], zero["estimand"]["text"]) == ("zero_effect", None, "P(skill)")
    assert (failed["verdict"], failed["method"], failed["estimand"]) == ("not_identified", None, None)
    assert failed["repairs"][0] == "observe U"
    assert failed["reason"].startswith("no set of observed nodes blocks skill <- U -> answer: U is latent; nor does")
    assert failed["hedge"]["text"] == "{answer, skill} over {answer}"
    assert failed["derivation"] == []
    json.dumps([identified, zero, failed])


def test_each_way_has_a_verdict_of_its_own() -> None:
    front = identify_effect(parse("x -> m -> y, x <-> y"), "x", "y")
    assert isinstance(front, IdentifiedByFrontDoor)
    assert front.to_dict()["frontdoor"] == {"mediators": ["m"], "covariates": []}
    assert (front.to_dict()["method"], front.identified) == ("frontdoor", True)
    napkin = identify_effect(parse("w -> r -> x -> y, w <-> x, w <-> y"), "x", "y")
    assert isinstance(napkin, IdentifiedInGeneral)
    assert napkin.to_dict()["method"] == "id"
    conditional = identify_effect(parse("x -> y -> c, x <-> c"), "x", "y", "c")
    assert isinstance(conditional, IdentifiedInGeneral)
    assert conditional.to_dict()["method"] == "idc"
    instrument = identify_effect(parse("z -> x -> y, x <-> y, w -> z, w -> y"), "x", "y")
    assert isinstance(instrument, NotIdentified)
    assert instrument.to_dict()["hedge"]["text"] == "{x, y} over {y}"
    assert instrument.to_dict()["instruments"] == [{"node": "z", "given": ["w"]}]
    assert not instrument.identified


def test_advice_can_be_left_out() -> None:
    silent = identify_effect(parse("z -> x -> y, x <-> y"), "x", "y", advice=False)
    assert isinstance(silent, NotIdentified)
    assert (silent.repairs, silent.instruments) == ((), ())


def test_conditions() -> None:
    before = identify_effect(REASONING, "skill", "answer", "confounder")
    assert isinstance(before, IdentifiedByAdjustment)
    # The condition is the adjustment set itself.
    assert before.adjustment == ("confounder",)
    assert before.estimand.text() == "P(answer | skill, confounder)"
    two = identify_effect(parse("z -> x -> y, z -> y, x <- w -> y"), "x", "y", "z")
    assert isinstance(two, IdentifiedByAdjustment)
    assert two.estimand.text() == "Σ_{w} P(y | x, w, z) P(w | z)"
    hidden = parse("z -> x -> y, z -> y, z <-> x")
    assert isinstance(identify_effect(hidden, "x", "y", "z"), IdentifiedByAdjustment)
    opened = parse("x -> y -> c, x <-> c")
    assert isinstance(identify_effect(opened, "x", "y"), IdentifiedByAdjustment)
    assert isinstance(identify_effect(opened, "x", "y", "c"), IdentifiedInGeneral)
    # A condition that the treatment moves: the effect on the outcome given it need not be zero.
    collider = parse("x -> c <- y")
    assert isinstance(identify_effect(collider, "x", "y"), ZeroEffect)
    assert isinstance(identify_effect(collider, "x", "y", "c"), IdentifiedByAdjustment)


def test_required_and_excluded_nodes() -> None:
    chain = parse("x <- a -> b -> c -> y, x -> y, y -> d")
    assert find_adjustment_set(chain, "x", "y") == ("c",)
    assert find_adjustment_set(chain, "x", "y", excluded=["c"]) == ("b",)
    assert find_adjustment_set(chain, "x", "y", excluded=["a", "b", "c"]) is None
    assert find_adjustment_set(chain, "x", "y", required="a") == ("a",)
    assert find_adjustment_set(parse("x <-> m <-> y, x <- a -> m, x -> y"), "x", "y", required="m") is None
    answer = identify_effect(chain, "x", "y", required="d")
    assert isinstance(answer, NotIdentifiedByAdjustment)
    assert answer.reason == "d is required for adjustment, but is on a causal path or a descendant of one"
    assert answer.repairs == ()
    mine = identify_effect(chain, "x", "y", required="a")
    assert isinstance(mine, IdentifiedByAdjustment)
    assert (mine.adjustment, mine.optimal.nodes) == (("a",), None)


def test_repairs_in_words() -> None:
    both = identify_effect(parse("U -> x -> y, U -> y, x <-> y", latent="U"), "x", "y")
    mediator = "measure a mediator of all of x -> y that shares no hidden cause with either"
    assert both.to_dict()["repairs"] == ["observe U and no hidden cause between x and y", mediator]
    chain = identify_effect(parse("x <- U -> V -> y, x -> y", latent="U V"), "x", "y")
    assert chain.to_dict()["repairs"] == ["observe U", "observe V", mediator]
    # A treatment that causes the confounder of another: no adjustment set, but the g-formula.
    robins = identify_effect(parse("a -> l -> b -> y, l -> y, a -> y"), ["a", "b"], "y")
    assert isinstance(robins, IdentifiedInGeneral)
    assert robins.estimand.text() == "Σ_{l} P(y | a, b, l) P(l | a)"
