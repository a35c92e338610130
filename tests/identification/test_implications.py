"""The basis implies every m-separation by the semi-graphoid axioms, and what it says is true of exact models."""

from __future__ import annotations

import itertools
import random

import networkx as nx
import numpy as np
import pytest

from causal_reasoning.estimand import Probability
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import QueryError, m_separated, testable
from causal_reasoning.identification.implications import Independence, implied_independence, independence_basis
from tests.identification.identification_oracle import BinaryModel, minimal_only, random_graph, subsets

Pairwise = tuple[frozenset[str], frozenset[str]]
"""Two nodes and what they are independent given: every statement amounts to a set of these."""


def pairwise(statement: Independence) -> set[Pairwise]:
    """A ⊥ B | C holds exactly if a ⊥ b | C, D does for all a in A, b in B and D in the rest of A and B."""
    return {
        (frozenset((a, b)), frozenset((*statement.given, *more)))
        for a, b in itertools.product(statement.a, statement.b)
        for more in subsets({*statement.a, *statement.b} - {a, b})
    }


def consequences(known: set[Pairwise], names: tuple[str, ...]) -> set[Pairwise]:
    """All that follows: from i ⊥ j | K and i ⊥ k | j, K follow i ⊥ k | K and i ⊥ j | k, K, for pairs that is all."""
    known = set(known)
    waiting = list(known)
    while waiting:
        pair, given = waiting.pop()
        for i, j in itertools.permutations(pair):
            for k in names:
                if k in pair or k in given:
                    continue
                new: set[Pairwise] = set()
                if (frozenset((i, k)), given | {j}) in known:
                    new = {(frozenset((i, k)), given), (pair, given | {k})}
                for found in new - known:
                    known.add(found)
                    waiting.append(found)
            for k in given:
                smaller = given - {k}
                if (frozenset((i, k)), smaller) in known:
                    for found in {(pair, smaller), (frozenset((i, k)), smaller | {j})} - known:
                        known.add(found)
                        waiting.append(found)
    return known


def all_separations(graph: CausalGraph) -> set[Pairwise]:
    """By d-separation of networkx in the canonical DAG."""
    dag = graph.canonical_dag()
    return {
        (frozenset((a, b)), frozenset(given))
        for a, b in itertools.combinations(graph.observed, 2)
        for given in subsets(set(graph.observed) - {a, b})
        if nx.is_d_separator(dag, {a}, {b}, set(given))
    }


def mixed_graph(rng: random.Random, size: int) -> CausalGraph:
    """A random order, few or many arrows, few or many hidden causes."""
    names = [f"v{i}" for i in range(size)]
    pairs = list(itertools.combinations(rng.sample(names, size), 2))
    arrows, hidden = rng.choice([0.1, 0.3, 0.5]), rng.choice([0.0, 0.1, 0.3, 0.5, 0.8])
    return CausalGraph(
        names, [pair for pair in pairs if rng.random() < arrows], [pair for pair in pairs if rng.random() < hidden]
    )


def test_all_m_separations_follow_and_no_statement_does_from_the_others() -> None:
    rng = random.Random(41)
    statements = several = 0
    for _ in range(900):
        graph = mixed_graph(rng, rng.choice([3, 4, 5, 5, 5]))
        basis = independence_basis(graph)
        assert not basis.capped
        parts = [pairwise(one) for one in basis.statements]
        truth = all_separations(graph)
        everything: set[Pairwise] = set().union(*parts)
        assert consequences(everything, graph.nodes) == truth, graph
        for one in parts:
            others: set[Pairwise] = set().union(*(part for part in parts if part is not one))
            assert not one <= consequences(others, graph.nodes), graph
        statements += len(parts)
        several += len(parts) >= len(graph)
    assert statements > 1500 and several > 20


def test_all_m_separations_follow_with_latent_nodes() -> None:
    rng = random.Random(42)
    for _ in range(120):
        graph = random_graph(rng, rng.randint(4, 7), latent=0.35)
        if 2 <= len(graph.observed) <= 5:
            parts = [pairwise(one) for one in independence_basis(graph).statements]
            everything: set[Pairwise] = set().union(*parts)
            assert consequences(everything, graph.observed) == all_separations(graph), graph


def test_without_hidden_causes_there_is_at_most_one_statement_for_each_node() -> None:
    rng = random.Random(43)
    for size in (6, 20, 60):
        graph = random_graph(rng, size, hidden_edges=False, latent=0.0)
        basis = independence_basis(graph)
        assert [one.a for one in basis.statements] == [
            (name,)
            for place, name in enumerate(graph.topological_order)
            if set(graph.topological_order[:place]) - set(graph.parents(name))
        ]
        for one in basis.statements:
            place = graph.topological_order.index(one.a[0])
            assert one.given == graph.parents(*one.a)
            assert {*one.b, *one.given} == set(graph.topological_order[:place])


def test_statements_are_true_of_exact_models_and_false_of_others() -> None:
    rng, noise = random.Random(44), np.random.default_rng(44)
    broken = checked = 0
    for seed in range(60):
        graph = random_graph(rng, rng.randint(4, 6), latent=0.2)
        joint = BinaryModel(graph, seed).observed() if graph.observed else None
        for one in independence_basis(graph).statements if joint else ():
            given = one.b + one.given
            for table, expected in ((joint, True), (None, False)):
                if table is None:
                    assert joint is not None
                    values = noise.dirichlet(np.ones(joint.values.size)).reshape(joint.values.shape)
                    table = type(joint)(joint.axes, values)
                value = Probability(one.a, given).evaluate(table)
                moved = value.aligned([*one.b, *(name for name in value.axes if name not in one.b)])
                spread = np.ptp(moved.reshape(2 ** len(one.b), -1), axis=0).max()
                assert (spread < 1e-9) == expected
                checked += expected
                broken += not expected
    assert checked == broken > 50


def test_known_bases() -> None:
    verma = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")], [("b", "d")])
    assert independence_basis(verma).statements == (Independence(("c",), ("a",), ("b",)),)
    front_door = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")])
    assert independence_basis(front_door).statements == ()
    chain = CausalGraph("abcd", [], [("a", "b"), ("b", "c"), ("c", "d")])
    assert [one.text() for one in independence_basis(chain).statements] == ["c ⊥ a", "d ⊥ a, b", "d ⊥ a | c"]


def test_the_cap_is_kept_and_told() -> None:
    names = [f"v{i:02}" for i in range(16)]
    pairs = itertools.combinations(names, 2)
    graph = CausalGraph(names, [], [(a, b) for a, b in pairs if (int(a[1:]) + int(b[1:])) % 3])
    whole, part = independence_basis(graph), independence_basis(graph, cap=20)
    assert not whole.capped and part.capped
    assert len(part.statements) <= 20
    # Every node is served before one gets a second statement.
    assert {one.a for one in part.statements} == {one.a for one in whole.statements}
    with pytest.raises(ValueError, match="cap must be at least 1"):
        independence_basis(graph, cap=0)


def test_a_pair_is_independent_given_the_fewest_nodes() -> None:
    rng = random.Random(45)
    empty = some = 0
    for _ in range(700):
        graph = random_graph(rng, rng.randint(3, 7))
        if len(graph.observed) < 3:
            continue
        a, b = rng.sample(graph.observed, 2)
        dag = graph.canonical_dag()
        truth = [w for w in subsets(set(graph.observed) - {a, b}) if nx.is_d_separator(dag, {a}, {b}, set(w))]
        answer = implied_independence(graph, a, b)
        assert (answer is None) == (not truth)
        if answer is not None:
            assert (answer.a, answer.b) == ((a,), (b,))
            assert answer.given in minimal_only(truth)
            assert len(answer.given) == len(truth[0])
            swapped = implied_independence(graph, b, a)
            assert swapped is not None and swapped.given == answer.given
            empty += not answer.given
            some += bool(answer.given)
    assert empty > 40 and some > 40


def test_sets_of_nodes_and_bad_questions() -> None:
    graph = CausalGraph("abcdu", [("a", "b"), ("a", "c"), ("b", "d"), ("u", "d")], latent="u")
    answer = implied_independence(graph, ["b", "d"], "c")
    assert answer == Independence(("b", "d"), ("c",), ("a",))
    assert answer is not None and m_separated(graph, answer.a, answer.b, answer.given)
    with pytest.raises(QueryError, match="the second set: 'u' is latent"):
        implied_independence(graph, "a", "u")
    with pytest.raises(QueryError, match="the first set is empty"):
        implied_independence(graph, [], "a")
    with pytest.raises(QueryError, match="'a' cannot be both in the first set and in the second"):
        implied_independence(graph, "a", ["a", "b"])


def test_the_report_as_text_and_data() -> None:
    graph = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")], [("b", "d")])
    report = testable.testable_implications(graph)
    assert report.text().splitlines()[0] == "c ⊥ a | b"
    data = report.to_dict()
    assert data["independences"] == [{"a": ["c"], "b": ["a"], "given": ["b"], "text": "c ⊥ a | b"}]
    assert data["capped"] is False
    assert report == testable.testable_implications(graph)
    assert "none" in testable.testable_implications(CausalGraph("xy", [("x", "y")])).text()
    capped = testable.testable_implications(CausalGraph("abcde"), cap=1)
    assert capped.capped and "there may be more" in capped.text()
