"""Front doors against the criterion as it is stated, brute force and exact effects."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import QueryError, causal_nodes
from causal_reasoning.identification.front_door import (
    find_front_door,
    front_door_formula,
    front_door_sets,
    front_door_steps,
    is_front_door,
)
from causal_reasoning.identification.result import FrontDoor
from tests.identification.identification_oracle import BinaryModel, minimal_only, subsets

Names = tuple[str, ...]

SMOKING = CausalGraph("mxy", [("x", "m"), ("m", "y")], [("x", "y")])


def cases(seed: int, count: int, size: int = 7) -> Iterator[tuple[CausalGraph, Names, Names]]:
    """Random graphs with a causal path and, mostly, a hidden cause of treatment and outcome."""
    rng = random.Random(seed)
    while count:
        nodes = [f"v{i}" for i in range(rng.randint(3, size))]
        order = rng.sample(nodes, len(nodes))
        arrows, hidden = rng.choice([0.25, 0.4, 0.6]), rng.choice([0.03, 0.1, 0.2])
        pairs = list(itertools.combinations(order, 2))
        latent = [name for name in nodes if rng.random() < 0.1]
        observed = [name for name in order if name not in latent]
        if len(observed) < 3:
            continue
        at, treatments, outcomes = rng.randrange(len(observed) - 2), rng.choice([1, 1, 2]), rng.choice([1, 1, 2])
        do = observed[at : at + treatments]
        on = [name for name in observed if name not in do][-outcomes:]
        bidirected = [pair for pair in pairs if rng.random() < hidden]
        if rng.random() < 0.8:
            bidirected.append((do[0], on[0]))
        graph = CausalGraph(nodes, [pair for pair in pairs if rng.random() < arrows], bidirected, latent)
        if causal_nodes(graph, do, on):
            count -= 1
            yield graph, tuple(sorted(do)), tuple(sorted(on))


def stated(graph: CausalGraph, do: Names, on: Names, mediators: Names, covariates: Names) -> bool:
    """The criterion with paths and d-separation of networkx."""
    dag = graph.canonical_dag()
    rest = set(on) - {*mediators, *covariates}
    reached = set(do).union(*(nx.descendants(dag, name) for name in do))
    if not rest or set(covariates) & reached:
        return False
    for start, end in itertools.product(do, rest):
        for path in nx.all_simple_paths(dag, start, end):
            if not set(path[1:]) & {*do, *mediators}:
                return False

    def separated(cut: Names, left: set[str], right: set[str], given: set[str]) -> bool:
        graph_cut = dag.copy()
        graph_cut.remove_edges_from([edge for edge in dag.edges if edge[0] in cut])
        return not left or not right or nx.is_d_separator(graph_cut, left, right, given)

    return separated(do, set(do), set(mediators), set(covariates)) and separated(
        mediators, set(mediators), rest, {*do, *covariates}
    )


def others(graph: CausalGraph, *names: Names) -> Names:
    """The observed nodes that are in none of the tuples."""
    used = set().union(*names)
    return tuple(name for name in graph.observed if name not in used)


def assert_exact(graph: CausalGraph, do: Names, on: Names, door: FrontDoor) -> None:
    """The formula gives the effect in a random model of the graph."""
    model = BinaryModel(graph, seed=len(graph.directed))
    value = front_door_formula(do, on, door.mediators, door.covariates).evaluate(model.observed())
    truth, axes = model.effect(do, on), sorted({*do, *on})
    difference = np.abs(value.aligned(axes) - truth.aligned(axes)).max()
    assert difference < 1e-9, (graph, do, on, door, difference)


def test_smoking_tar_and_cancer() -> None:
    # Pearl, Causality (2009), table 3.1: smokers develop less cancer once tar is accounted for.
    share = np.array([[0.475, 0.025], [0.025, 0.475]])  # smoking, tar
    cancer = np.array([[0.10, 0.05], [0.90, 0.85]])
    joint = Factor(("x", "m", "y"), np.stack([share * (1 - cancer), share * cancer], -1))
    door = find_front_door(SMOKING, "x", "y")
    assert door == FrontDoor(("m",))
    effect = front_door_formula(("x",), ("y",), door.mediators).evaluate(joint)
    assert effect.at(y=1).values.tolist() == pytest.approx([0.4975, 0.4525])


@pytest.mark.parametrize(
    ("edges", "hidden", "expected"),
    [
        # A common cause of mediator and outcome is one of the "mediators".
        ("x>m m>y w>m w>y", "xy", FrontDoor(("m", "w"))),
        ("x>m m>y w>m w>y", "xy wm", FrontDoor(("m", "w"))),
        # It also causes the treatment: a covariate.
        ("x>m m>y w>m w>y w>x", "xy", FrontDoor(("m",), ("w",))),
        # Two mediators side by side; one after the other, the first that no hidden cause touches.
        ("x>a x>b a>y b>y", "xy", FrontDoor(("a", "b"))),
        ("x>a a>b b>y", "xy", FrontDoor(("a",))),
        ("x>a a>b b>y", "xy xa", None),
        ("x>a a>b b>y", "xy ay", None),
        ("x>a a>b b>y", "xy ab", FrontDoor(("b",))),
        # A direct arrow, or a hidden cause of mediator and outcome.
        ("x>m m>y x>y", "xy", None),
        ("x>m m>y", "xy my", None),
        # No effect at all.
        ("y>m x>m", "xy", FrontDoor(())),
    ],
)
def test_textbook_graphs(edges: str, hidden: str, expected: FrontDoor | None) -> None:
    directed = [(edge[0], edge[2]) for edge in edges.split()]
    graph = CausalGraph(
        {name for edge in directed for name in edge}, directed, [(pair[0], pair[1]) for pair in hidden.split()]
    )
    assert find_front_door(graph, "x", "y") == expected


def test_a_shown_question_and_a_written_answer() -> None:
    graph = CausalGraph(
        ["skill", "question", "rationale", "answer"],
        [("question", "skill"), ("skill", "rationale"), ("question", "rationale"), ("rationale", "answer")],
        [("skill", "answer")],
    )
    assert find_front_door(graph, "skill", "answer") == FrontDoor(("rationale",), ("question",))
    door = find_front_door(graph, "skill", ["answer", "question"])
    assert door == FrontDoor(("rationale",), ("question",))
    assert_exact(graph, ("skill",), ("answer", "question"), door)
    # The rationale is written as well: it stays, and is not summed over.
    assert find_front_door(graph, "skill", ["answer", "question", "rationale"]) == door
    formula = front_door_formula(("skill",), ("answer", "question", "rationale"), door.mediators, door.covariates)
    assert formula.text() == (
        "P(question) P(rationale | skill, question) "
        "[Σ_{skill'} P(answer | skill', rationale, question) P(skill' | question)]"
    )
    assert_exact(graph, ("skill",), ("answer", "question", "rationale"), door)


def test_the_criterion_as_stated() -> None:
    rng = random.Random(3)
    accepted = 0
    for graph, do, on in cases(3, 500):
        for _ in range(8):
            free = others(graph, do)
            mediators = tuple(name for name in free if rng.random() < 0.4)
            covariates = tuple(name for name in free if name not in mediators and rng.random() < 0.25)
            expected = stated(graph, do, on, mediators, covariates)
            assert is_front_door(graph, do, on, mediators, covariates) == expected, (graph, do, on, mediators)
            if expected:
                accepted += 1
                assert_exact(graph, do, on, FrontDoor(mediators, covariates))
    assert accepted > 50


def test_minimal_sets_are_those_of_brute_force() -> None:
    several = 0
    for graph, do, on in cases(4, 2500):
        pool = others(graph, do)
        accepted = [names for names in subsets(pool) if is_front_door(graph, do, on, names)]
        minimal = minimal_only([names for names in accepted if not set(names) & set(on)]) or minimal_only(accepted)
        found = [door.mediators for door in front_door_sets(graph, do, on)]
        assert sorted(found) == sorted(minimal), (graph, do, on)
        one = find_front_door(graph, do, on)
        assert one is None or one.covariates or one.mediators in minimal
        assert not minimal or (one is not None and not one.covariates)
        several += len(minimal) > 1
    assert several > 8


def test_required_and_excluded_nodes() -> None:
    rng = random.Random(5)
    for graph, do, on in cases(5, 300):
        free = others(graph, do, on)
        required = tuple(name for name in free if rng.random() < 0.15)
        excluded = tuple(name for name in free if name not in required and rng.random() < 0.15)
        pool = others(graph, do, required, excluded)
        accepted = [names for rest in subsets(pool) if is_front_door(graph, do, on, names := required + rest)]
        accepted = [tuple(sorted(names)) for names in accepted]
        minimal = minimal_only([names for names in accepted if not set(names) & set(on)]) or minimal_only(accepted)
        found = [door.mediators for door in front_door_sets(graph, do, on, required=required, excluded=excluded)]
        assert sorted(found) == sorted(minimal), (graph, do, on, required, excluded)


def test_with_covariates_nothing_is_missed_and_nothing_too_much() -> None:
    helped = 0
    for graph, do, on in cases(6, 1500, size=6):
        door = find_front_door(graph, do, on)
        free = others(graph, do)
        if door is None:
            for covariates in subsets(free):
                for mediators in subsets(others(graph, do, covariates)):
                    assert not is_front_door(graph, do, on, mediators, covariates), (graph, do, on, mediators)
            continue
        assert is_front_door(graph, do, on, door.mediators, door.covariates)
        assert_exact(graph, do, on, door)
        helped += bool(door.covariates)
        for name in door.mediators:
            fewer = tuple(other for other in door.mediators if other != name)
            assert not is_front_door(graph, do, on, fewer, door.covariates)
        for name in door.covariates:
            fewer = tuple(other for other in door.covariates if other != name)
            assert not is_front_door(graph, do, on, door.mediators, fewer)
    assert helped > 20


def test_minimal_sets_for_given_covariates() -> None:
    for graph, do, on in cases(7, 150, size=6):
        usable = set(graph.observed) - set(graph.descendants(*do)) - set(on)
        for covariates in subsets(usable):
            pool = others(graph, do, covariates, on)
            accepted = [names for names in subsets(pool) if is_front_door(graph, do, on, names, covariates)]
            found = list(front_door_sets(graph, do, on, covariates, excluded=on))
            assert sorted(door.mediators for door in found) == sorted(minimal_only(accepted))
            assert all(door.covariates == covariates for door in found)


def test_the_answer_does_not_depend_on_the_order_of_the_input() -> None:
    for graph, do, on in cases(8, 60):
        again = CausalGraph(graph.nodes[::-1], graph.directed[::-1], graph.bidirected[::-1], graph.latent[::-1])
        assert find_front_door(graph, do, on) == find_front_door(again, do[::-1], on[::-1])
        assert list(front_door_sets(graph, do, on)) == list(front_door_sets(again, do[::-1], on[::-1]))


def test_steps_show_the_paths() -> None:
    graph = CausalGraph("cmxy", [("x", "m"), ("m", "y"), ("c", "x"), ("c", "m"), ("c", "y")], [("x", "y")])
    steps = front_door_steps(graph, "x", "y", FrontDoor(("m",), ("c",)))
    assert [step.statement for step in steps] == [
        "x has no effect on c",
        "every causal path from x to y meets m",
        "no back-door path from x to m is open given c",
        "every back-door path from m to y is blocked by x, c",
        "P(y | do(x)) = Σ_{c, m} P(c) P(m | x, c) [Σ_{x'} P(y | x', m, c) P(x' | c)]",
    ]
    assert "x <- c -> m: blocked by the fork c" in steps[2].because
    assert "m <- x <-> y: blocked by the chain x" in steps[3].because
    for random_graph, do, on in cases(9, 300):
        door = find_front_door(random_graph, do, on)
        if door is not None:
            assert front_door_steps(random_graph, do, on, door)


def test_refusals() -> None:
    graph = CausalGraph("lmxy", [("x", "m"), ("m", "y"), ("l", "y")], [("x", "y")], "l")
    with pytest.raises(QueryError, match="the mediator 'l' is latent"):
        is_front_door(graph, "x", "y", "l")
    with pytest.raises(QueryError, match="'x' cannot be both a mediator and the treatment"):
        is_front_door(graph, "x", "y", "x")
    with pytest.raises(QueryError, match="'m' cannot be both a mediator and a covariate"):
        is_front_door(graph, "x", "y", "m", "m")
    with pytest.raises(QueryError, match="the mediator 'n' is no node of the graph"):
        is_front_door(graph, "x", "y", "n")
    with pytest.raises(QueryError, match="'m' is no covariate of a front door: it is a descendant of the treatment"):
        list(front_door_sets(graph, "x", "y", "m"))
    with pytest.raises(QueryError, match="'m' cannot be both a required mediator and excluded"):
        find_front_door(graph, "x", "y", required="m", excluded="m")
    with pytest.raises(QueryError, match=r"\{\} is no front door"):
        front_door_steps(graph, "x", "y", FrontDoor(()))
    with pytest.raises(ValueError, match="nothing left for the front door"):
        front_door_formula(("x",), ("y",), ("y",))


def test_three_hundred_nodes_take_a_fraction_of_a_second() -> None:
    rng = random.Random(10)
    nodes = [f"v{i:03}" for i in range(300)]
    pairs = [pair for pair in itertools.combinations(nodes, 2) if rng.random() < 6 / 299]
    graph = CausalGraph(nodes, [pair for pair in pairs if pair != ("v050", "v299")], [("v050", "v299")])
    start = time.perf_counter()
    find_front_door(graph, "v050", "v299")
    list(itertools.islice(front_door_sets(graph, "v050", "v299"), 10))
    assert time.perf_counter() - start < 2
