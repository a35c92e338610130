"""How answers are held against ours: invented answers of dowhy, right and wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from causal_reasoning.cross_check import compare as comparison
from causal_reasoning.cross_check.agreement import Agreement, Comparison
from causal_reasoning.cross_check.compare import Case, compare
from causal_reasoning.cross_check.protocol import (
    CHECKS,
    DEFAULT,
    EXHAUSTIVE,
    FRONT_DOOR,
    GENERAL,
    INSTRUMENTS,
    MINIMAL,
    PATH,
    Answer,
    Answers,
)
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import Query, identify_effect

#: a - b is a chain on the only back-door path; m and its effect d come after the treatment.
CHAIN = CausalGraph("abxymd", [("a", "x"), ("a", "b"), ("b", "y"), ("x", "m"), ("m", "y"), ("m", "d")])
BOW = CausalGraph("xy", [("x", "y")], [("x", "y")])
#: Pearl's front door, with the smoker's disposition hidden.
SMOKING = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")])
#: z moves x and nothing else; x and y share a hidden cause.
LOTTERY = CausalGraph("zxy", [("z", "x"), ("x", "y")], [("x", "y")])


def case(graph: CausalGraph, do: str = "x", on: str = "y") -> Case:
    return Case(graph, tuple(do), tuple(sorted(on)), identify_effect(graph, tuple(do), tuple(on)))


def told(graph_case: Case, check: str, *found: object, gave_up: bool = False) -> tuple[str, str]:
    answers = Answers("0.0", {PATH: Answer((True,)), check: Answer(found, "", gave_up)}, "not asked")
    (one,) = [one for one in compare(graph_case, answers) if one.check == check]
    return one.status, one.because


@pytest.mark.parametrize("check", [GENERAL, MINIMAL, DEFAULT, EXHAUSTIVE])
def test_a_set_that_does_not_hold_is_a_contradiction(check: str) -> None:
    for wrong in [(), ("m",), ("a", "d")]:
        assert told(case(CHAIN), check, wrong) == (
            "disagree",
            f"dowhy names {{{', '.join(wrong)}}}, which our verifier refuses",
        )


@pytest.mark.parametrize("check", [GENERAL, MINIMAL, DEFAULT])
def test_a_set_that_holds_is_an_agreement_whichever_it_is(check: str) -> None:
    for right in [("a",), ("b",)]:
        assert told(case(CHAIN), check, right)[0] == "agree"
    assert told(case(CHAIN), DEFAULT, ("a",), ("b",), ("a", "b"))[0] == "agree"


def test_the_exhaustive_search_must_find_our_minimal_sets_and_no_others() -> None:
    every = [("a",), ("b",), ("a", "b")]
    assert told(case(CHAIN), EXHAUSTIVE, *every) == ("agree", "{a}, {b}: the same minimal sets as ours")
    status, because = told(case(CHAIN), EXHAUSTIVE, ("b",), ("a", "b"))
    assert (status, because) == ("disagree", "our minimal set {a} is not a minimal one of dowhy's")
    assert told(case(CHAIN), EXHAUSTIVE, ("b",), gave_up=True)[0] == "agree"


def test_a_smaller_set_than_our_smallest_would_be_a_contradiction(monkeypatch: pytest.MonkeyPatch) -> None:
    graph_case = case(CHAIN)
    graph_case.__dict__["back_door_set"] = ("a", "b")  # as if our search had missed {a}
    assert told(graph_case, MINIMAL, ("a",)) == ("disagree", "dowhy's {a} is smaller than our smallest, {a, b}")


def test_no_set_on_either_side_is_an_agreement() -> None:
    assert told(case(BOW), GENERAL) == ("agree", "neither finds an adjustment set")
    assert told(case(BOW), FRONT_DOOR) == ("agree", "neither finds a front door")
    assert told(case(BOW), INSTRUMENTS) == ("agree", "neither finds one")


def test_no_set_where_there_is_one_is_a_contradiction_unless_there_is_a_reason() -> None:
    assert told(case(CHAIN), GENERAL)[0] == "disagree"
    assert told(case(CHAIN), DEFAULT, gave_up=True) == (
        "only ours",
        "{b}: dowhy gave up after its largest number of sets",
    )


def test_sets_with_descendants_of_a_treatment_are_no_back_door_sets() -> None:
    # t <- u <-> y is blocked by u, which opens s -> w -> u <-> y, which w blocks; s influences both.
    arrows = [("s", "w"), ("w", "u"), ("u", "t"), ("s", "y"), ("t", "y")]
    graph = CausalGraph("swuty", arrows, [("u", "y")])
    assert told(case(graph, "st"), GENERAL, ("u", "w"))[0] == "agree"
    status, because = told(case(graph, "st"), MINIMAL)
    assert status == "only ours"
    assert because.startswith("{u, w}: a node that the treatment influences must be adjusted for")


def test_an_outcome_in_the_set_is_only_ours() -> None:
    asked = CausalGraph("sqa", [("q", "s"), ("q", "a"), ("s", "a")])
    status, because = told(case(asked, "s", "aq"), GENERAL)
    assert status == "only ours"
    assert because.startswith("{q}: an outcome must be adjusted for as well")


def test_several_treatments_may_be_missed() -> None:
    graph = CausalGraph("cuvy", [("c", "u"), ("u", "v"), ("c", "y"), ("u", "y"), ("v", "y")])
    assert told(case(graph, "uv"), MINIMAL) == ("only ours", "{c}: dowhy misses sets for several treatments")


def test_front_doors_are_verified() -> None:
    assert told(case(SMOKING), FRONT_DOOR, ("m",)) == ("agree", "{m}: accepted by our verifier")
    assert told(case(SMOKING), FRONT_DOOR)[0] == "disagree"
    open_door = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y"), ("m", "y")])
    assert told(case(open_door), FRONT_DOOR, ("m",)) == ("disagree", "dowhy names {m}, which our verifier refuses")


def test_a_front_door_with_covariates_is_only_ours() -> None:
    graph = CausalGraph("cmxy", [("x", "m"), ("m", "y"), ("c", "m"), ("c", "y")], [("x", "y")])
    status, because = told(case(graph), FRONT_DOOR)
    assert status == "only ours"
    assert "dowhy uses no covariates for it" in because


def test_instruments_are_verified_and_latent_ones_left_out() -> None:
    assert told(case(LOTTERY), INSTRUMENTS, "z") == ("agree", "z: accepted by our verifier")
    hidden = CausalGraph("zxy", LOTTERY.directed, LOTTERY.bidirected, "z")
    assert told(case(hidden), INSTRUMENTS, "z") == (
        "agree",
        "neither finds one (1 latent node left out that dowhy names)",
    )
    assert told(case(LOTTERY), INSTRUMENTS, "hidden_x_y", "z")[0] == "agree"
    spoilt = CausalGraph("zxy", LOTTERY.directed, [("x", "y"), ("z", "y")])
    assert told(case(spoilt), INSTRUMENTS, "z") == ("disagree", "dowhy names z, which our verifier refuses")


def test_an_instrument_that_dowhy_should_find_is_a_contradiction() -> None:
    assert told(case(LOTTERY), INSTRUMENTS) == ("disagree", "z: an instrument for us, and dowhy leaves it out")


def test_front_doors_of_our_own_kinds_are_only_ours() -> None:
    # The first outcome carries the effect to the second one.
    graph = CausalGraph("xyw", [("x", "y"), ("y", "w")])
    assert told(case(graph, "x", "wy"), FRONT_DOOR)[0] == "only ours"


def test_instruments_beyond_direct_causes_are_only_ours() -> None:
    far = CausalGraph("wzxy", [("w", "z"), ("z", "x"), ("x", "y")], [("x", "y")])
    status, because = told(case(far), INSTRUMENTS, "z")
    assert status == "only ours"
    assert because.startswith("w: dowhy looks among direct causes of the treatment")


def test_there_is_nothing_to_ask_where_there_is_no_effect() -> None:
    graph = CausalGraph("xy", [("y", "x")])
    (only,) = compare(case(graph), Answers("0.0", {PATH: Answer((False,))}))
    assert (only.check, only.status) == (PATH, "agree")
    (only,) = compare(case(graph), Answers("0.0", {PATH: Answer((True,))}))
    assert (only.status, only.because) == ("disagree", "dowhy finds a directed path, we find none")


def test_dowhys_rule_for_several_outcomes_is_no_contradiction() -> None:
    graph = CausalGraph("xyz", [("x", "y")])
    first, *_ = compare(case(graph, "x", "yz"), Answers("0.0", {PATH: Answer((False,))}, "not asked"))
    assert first.status == "not comparable"


def test_late_and_broken_answers_are_told_apart() -> None:
    found = compare(case(CHAIN), Answers("0.0", {PATH: Answer((True,)), GENERAL: Answer((), "dowhy stopped")}, "time"))
    assert [one.status for one in found] == ["agree", "not comparable", *["timed out"] * 5]


def test_a_name_that_cannot_be_used_is_a_contradiction() -> None:
    status, because = told(case(BOW), GENERAL, ("hidden_x_y",))
    assert status == "disagree"
    assert because.startswith("dowhy names something that cannot be used: the adjusted node 'hidden_x_y' is no node")


def test_what_identifies_the_effect_contradicts_a_verdict_that_nothing_does() -> None:
    for graph, check in ((SMOKING, FRONT_DOOR), (CHAIN, GENERAL)):
        graph_case = replace(case(graph), verdict=identify_effect(BOW, "x", "y"))
        status, because = told(graph_case, check, ("m",) if check == FRONT_DOOR else ("a",))
        assert status == "disagree"
        assert because.endswith("accepted by our verifier, but the verdict is that the effect is not identified")


def test_a_verdict_that_minds_selection_is_not_contradicted() -> None:
    graph = CausalGraph("xys", [("x", "y"), ("x", "s"), ("y", "s")])
    verdict = identify_effect(graph, "x", "y", selected="s")
    assert not verdict.identified
    assert told(Case(graph, ("x",), ("y",), verdict), GENERAL, ())[0] == "not comparable"


def test_what_our_search_misses_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "find_front_door", lambda *_: None)
    monkeypatch.setattr(comparison, "find_instruments", lambda *_: ())
    assert told(case(SMOKING), FRONT_DOOR, ("m",))[0] == "only dowhy"
    assert told(case(LOTTERY), INSTRUMENTS, "z")[0] == "only dowhy"
    graph_case = case(CHAIN)
    graph_case.__dict__["set_without_outcomes"] = None
    assert told(graph_case, GENERAL, ("a",))[0] == "only dowhy"


QUERY = Query(("x",), ("y",))


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        (("agree", "only ours"), "dowhy agrees with this verdict (1 agree, 1 only ours)"),
        (("agree", "disagree", "agree"), "dowhy contradicts this verdict (2 agree, 1 disagree)"),
        (("timed out",), "dowhy says nothing for or against this verdict (1 timed out)"),
        ((), "dowhy says nothing for or against this verdict (nothing compared)"),
    ],
)
def test_the_outcome_in_words(statuses: tuple[str, ...], words: str) -> None:
    make: Callable[[str], Comparison] = lambda status: Comparison("c", status, "b")  # type: ignore[arg-type]  # noqa: E731
    agreement = Agreement(QUERY, "0.0", tuple(map(make, statuses)), 1.0)
    assert agreement.verdict == words
    assert agreement.text().splitlines()[0] == f"Cross-check with dowhy 0.0: {words}"
    assert agreement.to_dict() == {
        "tool": "dowhy",
        "version": "0.0",
        "query": {"do": ["x"], "on": ["y"], "given": []},
        "verdict": words,
        "contradicted": "disagree" in statuses,
        "comparisons": [{"check": "c", "status": status, "because": "b"} for status in statuses],
    }


def test_every_question_has_a_rule() -> None:
    assert [one.check for one in compare(case(CHAIN), Answers(failure="time"))] == list(CHECKS)
