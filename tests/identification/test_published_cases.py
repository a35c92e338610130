"""Published graphs: verdicts, sets and formulas of the sources, and the values of all of them.

The cases are data, in ``cases/*.yaml``. What a source does not say is settled from outside too: by fixing, by trying
all subsets, and by exact binary models.
"""

from __future__ import annotations

from collections import Counter

import pytest

from causal_reasoning.estimand import Expression
from causal_reasoning.identification import (
    Hedge,
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    ZeroEffect,
    find_adjustment_set,
    identify_effect,
    is_adjustment_set,
    minimal_adjustment_sets,
    optimal_adjustment_set,
)
from causal_reasoning.identification.front_door import find_front_door, front_door_formula, is_front_door
from causal_reasoning.identification.general import General, id_algorithm
from causal_reasoning.identification.instruments import find_instruments, is_instrument
from tests.identification.exactness import EXACT, difference
from tests.identification.fixing_oracle import identifiable, is_hedge
from tests.identification.formula import evaluate
from tests.identification.front_door_oracle import is_front_door_by_definition, minimal_front_doors
from tests.identification.identification_oracle import BinaryModel, brute_force_sets, minimal_only, subsets
from tests.identification.published import CASES, Published, parse

__all__ = ["CASES", "Published", "parse"]

# Tables of 2^n cells are evaluated, and all 2^n subsets tried; larger graphs are left to the algorithms alone.
LARGEST_TABLE, LARGEST_POWER_SET = 16, 10
MODELS = 3

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def small(case: Published, largest: int) -> bool:
    return len(case.graph.observed) <= largest


def test_there_are_many_and_each_has_a_name() -> None:
    assert len(CASES) >= 180
    assert not [name for name, count in Counter(case.name for case in CASES).items() if count > 1]
    assert all(case.source for case in CASES)
    assert sum(small(case, LARGEST_TABLE) for case in CASES) > 170


@each
def test_the_verdict_is_that_of_the_source_and_of_fixing(case: Published) -> None:
    graph, (do, on, given) = case.graph, case.query
    answer = identify_effect(graph, do, on, given)
    assert answer.verdict == case.verdict
    assert answer.identified == identifiable(graph, do, on, given)
    if small(case, LARGEST_TABLE):
        # A zero effect is one that no model shows; any other is shown by almost every model.
        model = BinaryModel(graph, 0)
        moved = difference(model.effect(do, on, given), model.effect((), on, given)) > EXACT
        assert moved == (case.verdict != "zero_effect")
    general = id_algorithm(graph, do, on, given)
    assert isinstance(general, General) == answer.identified
    if isinstance(general, Hedge):
        assert is_hedge(graph, general.outer, general.inner, do, on, given)
        assert answer.to_dict()["hedge"] == general.to_dict()
    if case.hedge is not None:
        assert is_hedge(graph, *case.hedge, do, on, given)


@each
def test_the_simplest_method_is_chosen(case: Published) -> None:
    """Adjustment before the front door before the general algorithm."""
    graph, (do, on, given) = case.graph, case.query
    answer = identify_effect(graph, do, on, given)
    if case.verdict != "identified":
        assert answer.method is None
    elif find_adjustment_set(graph, do, on + given) is not None:
        assert isinstance(answer, IdentifiedByAdjustment)
        assert answer.adjustment in answer.sets.minimal
    elif isinstance(answer, IdentifiedByAdjustment):
        assert set(answer.treatments) < set(do)  # the effect does not depend on the others
    elif not given and case.frontdoor:
        assert isinstance(answer, IdentifiedByFrontDoor)
        assert answer.frontdoor.mediators in minimal_only(list(case.frontdoor))
    else:
        assert answer.method in {"frontdoor", "idc" if given else "id"}


@each
def test_adjustment_sets(case: Published) -> None:
    graph, (do, on, given) = case.graph, case.query
    targets = tuple(sorted(on + given))
    found = sorted(minimal_adjustment_sets(graph, do, targets, required=case.required.split()))
    if case.adjustment is not None:
        assert tuple(found) == case.adjustment
    if small(case, LARGEST_POWER_SET) and not case.required:
        assert found == sorted(minimal_only(brute_force_sets(graph, do, targets)))
    for names in case.valid:
        assert is_adjustment_set(graph, do, targets, names), names
    for names in case.invalid:
        assert not is_adjustment_set(graph, do, targets, names), names
    if case.optimal is not None:
        assert optimal_adjustment_set(graph, do, on).nodes == (None if case.optimal == "none" else case.optimal)


@each
def test_front_doors(case: Published) -> None:
    graph, (do, on, given) = case.graph, case.query
    if given or not small(case, LARGEST_POWER_SET):
        assert not case.frontdoor
        return
    if case.frontdoor is not None:
        pool = set(graph.observed) - {*do, *on}
        assert case.frontdoor == tuple(sorted(names for names in subsets(pool) if is_front_door(graph, do, on, names)))
        assert minimal_front_doors(graph, do, on) == sorted(minimal_only(list(case.frontdoor)))
    for names in case.not_frontdoor:
        assert not is_front_door(graph, do, on, [name for name in names if name not in graph.latent]), names
    door = find_front_door(graph, do, on)
    if door is None:
        assert not minimal_front_doors(graph, do, on)
    else:
        assert is_front_door_by_definition(graph, do, on, door.mediators, door.covariates)
        check_values(case, front_door_formula(do, on, door.mediators, door.covariates))


@each
def test_instruments(case: Published) -> None:
    if case.instruments is None:
        return
    graph, (do, on, _) = case.graph, case.query
    found = find_instruments(graph, do, on)
    assert {instrument.node for instrument in found} == {names[0] for names in case.instruments}
    for node, *given in case.instruments:
        assert is_instrument(graph, do, on, node, given)
        assert not given or not is_instrument(graph, do, on, node)


def check_values(case: Published, formula: Expression | str) -> None:
    """A formula must give the interventional distribution of random models."""
    for seed in range(MODELS if small(case, LARGEST_TABLE) else 0):
        model = BinaryModel(case.graph, seed)
        joint, truth = model.observed(), model.effect(*case.query)
        value = evaluate(formula, joint) if isinstance(formula, str) else formula.evaluate(joint)
        assert difference(value, truth) < EXACT, formula


@each
def test_values(case: Published) -> None:
    """Those of the source's formula, of both estimands, and of the estimands as they are printed."""
    answer = identify_effect(case.graph, *case.query)
    general = id_algorithm(case.graph, *case.query)
    if case.formula is not None:
        check_values(case, case.formula)
    for result in (answer, general):
        estimand = getattr(result, "estimand", None)
        if isinstance(estimand, Expression):
            check_values(case, estimand)
            check_values(case, estimand.text())
        else:
            assert case.verdict == "not_identified"


def test_three_different_answers() -> None:
    """Nothing to adjust for, no set, no effect."""
    empty = identify_effect(parse("X -> Y"), "X", "Y")
    assert isinstance(empty, IdentifiedByAdjustment)
    assert (empty.adjustment, empty.estimand.text()) == ((), "P(Y | X)")
    assert identify_effect(parse("X -> Y, X <-> Y"), "X", "Y").verdict == "not_identified"
    for edges in ("Y -> X", "X <-> Y", "X <- C -> Y"):
        zero = identify_effect(parse(edges), "X", "Y")
        assert isinstance(zero, ZeroEffect)
        assert zero.estimand.text() == "P(Y)"


def test_a_dense_graph_has_exponentially_many_sets_and_a_cap() -> None:
    """Twelve back-door chains of two nodes: 4096 minimal sets."""
    edges = ", ".join(f"X <- a{i} -> b{i} -> Y" for i in range(12)) + ", X -> Y"
    graph = parse(edges)
    answer = identify_effect(graph, "X", "Y", cap=20)
    assert isinstance(answer, IdentifiedByAdjustment)
    assert answer.sets.capped
    assert len(answer.sets.minimal) == 20
    assert answer.adjustment == tuple(sorted(f"b{i}" for i in range(12)))
    assert answer.adjustment in answer.sets.minimal
    assert sum(1 for _ in minimal_adjustment_sets(graph, "X", "Y")) == 4096


@pytest.mark.parametrize(
    "text",
    ["", "P(y", "P(y) / P(x)", "[P(y)", "P(y | x, y)", "Σ_{z} P(y)", "P(y) ]", "E(y)"],
)
def test_a_published_formula_with_a_mistake_is_not_evaluated(text: str) -> None:
    model = BinaryModel(parse("x -> y"), 0)
    with pytest.raises(ValueError):
        evaluate(text, model.observed())
