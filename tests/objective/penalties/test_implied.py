"""Which statements a graph makes about its representations: the cases by hand, and laws over random graphs."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import m_separated, minimal_separator
from causal_reasoning.identification.implications import Independence
from causal_reasoning.objective.penalties import implied_independences
from tests.objective.penalties.graphs import graph
from tests.objective.penalties.random_graphs import random_assumptions
from tests.objective.penalties.semigraphoid import Elementary, closure, elementary


def said(assumptions: AssumptionGraph) -> list[tuple[str, str]]:
    """Statement and default kind of each."""
    return [(one.statement.text(), (*one.kinds, "-")[0]) for one in implied_independences(assumptions)]


CASES = {
    # R1: no path from the question: constant.
    "a root": ("q -> y; s -> y", [("s ⊥ q", "variance")]),
    # R3: the label of the skill acts on the question and on the state.
    "a label": ("k -> q -> y; k -> s -> y", [("s ⊥ q | k", "variance")]),
    "a label with a cause": ("t -> k -> q -> y; t -> q; k -> s -> y", [("s ⊥ q | k", "variance")]),
    "two labels": ("k -> q -> y; t -> q; k -> s; t -> s; s -> y", [("s ⊥ q | k, t", "variance")]),
    # R2: the template is irrelevant given the content, which is free text.
    "a content": ("content -> q -> y; t -> q; content -> s -> y", [("s ⊥ q | content", "paired")]),
    # The question may be heard: nothing is left to ask, whatever else acts on it.
    "the question": ("k -> q -> y; q -> s -> y", []),
    "one of two texts": (
        "q -> y; q2 -> y; q2 -> q; q -> s -> y",
        [("s ⊥ q2 | q", "paired")],
    ),
    # R5: two modules with a common effect, with the answer as common cause, and with the domain.
    "a collider": ("u -> q; v -> q; u -> a -> y; v -> b -> y; q -> y", [("a ⊥ b", "hsic")]),
    "the answer as cause": (
        "y -> u; y -> v; u -> q; v -> q; u -> a; v -> b",
        [("a ⊥ b | y", "hsic")],
    ),
    "the domain as cause": (
        "d -> u; d -> v; u -> q; v -> q; u -> a -> y; v -> b -> y; q -> y",
        [("a ⊥ b | d", "hsic")],
    ),
    # A module that is a function of the label is not also compared with one that is independent of the label.
    "a label and a source": (
        "k -> q; u -> q; k -> a -> y; u -> b -> y; q -> y",
        [("a ⊥ q | k", "variance"), ("b ⊥ k", "hsic")],
    ),
    # Invariance: the state hears a hidden cause of the question and not the domain.
    "a domain to forget": ("d -> q; u -> q; u -> s -> y; q -> y", [("s ⊥ d", "hsic")]),
    # What acts on the question by way of t alone is dealt with by t.
    "a chain to forget": ("d -> t -> q; u -> q; u -> s -> y; q -> y", [("s ⊥ t", "hsic")]),
    # t does not act on the question: no function of the question depends on it.
    "what the data see to": ("t -> y; u -> q; u -> s -> y; q -> y", []),
    # Both constant or both heard: nothing between them.
    "two constants": ("q -> y; a -> y; b -> y", [("a ⊥ q", "variance"), ("b ⊥ q", "variance")]),
    "one acts on the other": ("u -> q -> y; u -> a; a -> b -> y", []),
    # Pooled over the answer, of which it is a cause, a state may not listen to the answer.
    "pooled over its effect": ("k -> q -> y; k -> late -> y", [("late ⊥ q | k", "variance")]),
    # Pooled over the answer, which is its cause: constant within answers.
    "pooled over its cause": ("q -> y -> late", [("late ⊥ q | y", "variance")]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_graph_says(name: str) -> None:
    edges, expected = CASES[name]
    query = "do: q, read: [q, q2], write: y" if "q2" in edges else "do: q, read: q, write: y"
    assert said(graph(edges, query=query)) == expected


def test_a_collider_is_not_conditioned_on_and_the_reason_says_so() -> None:
    (one,) = implied_independences(graph(CASES["a collider"][0]))
    assert one.because == "no path between a and b is open; y is their common effect and must not be conditioned on"
    assert one.kinds == ("hsic", "cross_covariance", "lautum")
    (other,) = implied_independences(graph(CASES["the answer as cause"][0]))
    assert other.because.startswith("{y} blocks every path between a and b; rows are grouped by the whole y")
    # The published estimator has no conditional version.
    assert other.kinds == ("hsic", "cross_covariance")


def test_what_nothing_can_measure_is_told_with_the_reason() -> None:
    edges = "content -> q; u -> q; u -> s -> y; q -> y"
    (one,) = implied_independences(graph(edges))
    assert (one.statement.text(), one.kinds) == ("s ⊥ content", ())
    assert "free text ('content')" in one.because


def test_the_number_of_statements_is_linear() -> None:
    columns = {f"c{i}": f"bind: {{column: c{i}}}" for i in range(30)}
    edges = "; ".join(["u -> q", "u -> s", "s -> y", "q -> y", *[f"c{i} -> q" for i in range(30)]])
    assert len(implied_independences(graph(edges, **columns))) == 30


# -- laws ----------------------------------------------------------------------------------------------------------


def facts(assumptions: AssumptionGraph) -> set[Elementary]:
    """What holds whatever the model computes: the data's independences, and that representations are functions."""
    data, states = assumptions.causal.observed, tuple(assumptions.representations)
    found = set()
    for i, j in itertools.combinations(data, 2):
        rest = [n for n in data if n not in (i, j)]
        for size in range(len(rest) + 1):
            for given_ in itertools.combinations(rest, size):
                if m_separated(assumptions.causal, i, j, given_):
                    found.add((frozenset((i, j)), frozenset(given_)))
    for s in states:
        inputs = set(assumptions.inputs(s))
        found |= elementary((s,), {*data, *states} - inputs - {s}, inputs)
    return found


def enforced(assumptions: AssumptionGraph, statement: Independence) -> set[Elementary]:
    """What a statement makes true: one about all that a state may hear makes it a function of the condition."""
    (s,) = statement.a
    everything = {*assumptions.causal.observed, *assumptions.representations}
    may_hear = {x for x in assumptions.inputs(s) if s not in assumptions.causal.ancestors(x)}
    if may_hear <= {*statement.b, *statement.given}:
        return elementary((s,), everything - {s, *statement.given}, statement.given)
    return elementary(statement.a, statement.b, statement.given)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_every_statement_is_implied_has_a_minimal_condition_and_none_follows_from_the_others(seed: int) -> None:
    """m-separation in the graph; and by brute force over all semi-graphoid consequences, in a random graph."""
    assumptions = random_assumptions(seed)
    causal = assumptions.causal
    nodes = {*causal.observed, *assumptions.representations}
    found = implied_independences(assumptions)
    always = facts(assumptions)
    for one in found:
        statement = one.statement
        assert m_separated(causal, statement.a, statement.b, statement.given)
        heard = {x for x in assumptions.inputs(statement.a[0]) if minimal_separator(causal, x, statement.a) is None}
        for name in set(statement.given) - heard:
            rest = [n for n in statement.given if n != name]
            assert not m_separated(causal, statement.a, statement.b, rest)
        others = [other.statement for other in found if other.kinds and other is not one]
        consequences = closure(nodes, always.union(*[enforced(assumptions, other) for other in others]))
        assert not elementary(statement.a, statement.b, statement.given) <= consequences
    pairs = [frozenset((*one.statement.a, other)) for one in found for other in one.statement.b]
    assert len(pairs) == len(set(pairs))


def plain_cause(seed: int) -> AssumptionGraph | None:
    """A random graph in which all that representations listen to is a column or what is read, or ``None``."""
    assumptions = random_assumptions(seed)
    causal, states = assumptions.causal, tuple(assumptions.representations)
    hidden = set(causal.ancestors(*states)) & set(causal.latent) - set(states)
    texts = any(assumptions.is_text(n) for n in causal.observed if n not in ("q", "r", "y"))
    pooled = any(state.pool == "answer" for state in assumptions.representations.values())
    return None if hidden or texts or pooled or causal.bidirected else assumptions


def test_with_observed_causes_everything_that_the_graph_implies_follows() -> None:
    """Then the few statements say all that the graph says about its representations; by brute force, 40 graphs."""
    found_some = 0
    for assumptions in itertools.islice(filter(None, map(plain_cause, itertools.count())), 40):
        causal, states = assumptions.causal, tuple(assumptions.representations)
        found = [one.statement for one in implied_independences(assumptions)]
        always = facts(assumptions)
        consequences = closure({*causal.observed, *states}, always.union(*[enforced(assumptions, s) for s in found]))
        for s, n in itertools.product(states, causal.observed):
            rest = [x for x in causal.observed if x != n]
            for size in range(len(rest) + 1):
                for given_ in itertools.combinations(rest, size):
                    if m_separated(causal, s, n, given_):
                        statement = (frozenset((s, n)), frozenset(given_))
                        assert statement in consequences
                        found_some += statement not in always
    assert found_some > 100
