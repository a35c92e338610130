"""The ID and IDC algorithms: textbook formulas, the lines that lead to them, and hedges."""

from __future__ import annotations

import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import QueryError
from causal_reasoning.identification.general import General, id_algorithm
from causal_reasoning.identification.hedge import Hedge
from tests.identification.test_published_cases import parse


def formula(edges: str, do: str, on: str, given: str = "", latent: str = "") -> str:
    """The estimand as text, or the hedge."""
    answer = id_algorithm(parse(edges, latent), do.split(), on.split(), given.split())
    return answer.estimand.text() if isinstance(answer, General) else answer.text()


def rules(edges: str, do: str, on: str, given: str = "") -> list[str]:
    """The rules of the derivation."""
    answer = id_algorithm(parse(edges), do.split(), on.split(), given.split())
    assert isinstance(answer, General)
    return [step.rule for step in answer.steps]


@pytest.mark.parametrize(
    ("edges", "do", "on", "text"),
    [
        # Pearl, Causality (2009), theorem 3.3.4.
        ("X -> M -> Y, X <-> Y", "X", "Y", "Σ_{M} P(M | X) [Σ_{X'} P(Y | M, X') P(X')]"),
        # Pearl and Mackenzie, The Book of Why (2018): Σ_w P(x, y | r, w) P(w) / Σ_w P(x | r, w) P(w), for any r.
        (
            "W -> R -> X -> Y, W <-> X, W <-> Y",
            "X",
            "Y",
            "Σ_{R} P(R) [[Σ_{W} P(X, Y | R, W) P(W)] / [Σ_{W} P(X | R, W) P(W)]]",
        ),
        # Tian and Pearl (2002), Verma's graph: Σ_b P(d | a, b, c) P(b | a), for any a.
        ("A -> B -> C -> D, B <-> D", "C", "D", "Σ_{A} P(A) [Σ_{B} P(D | A, B, C) P(B | A)]"),
        ("C -> X -> Y, C -> Y", "X", "Y", "Σ_{C} P(Y | C, X) P(C)"),
    ],
)
def test_textbook_formulas(edges: str, do: str, on: str, text: str) -> None:
    assert formula(edges, do, on) == text


def test_a_derivation_names_the_lines() -> None:
    assert rules("X -> M -> Y, X <-> Y", "X", "Y") == [
        "ID line 4",
        "ID line 7",
        "ID line 2",
        "ID line 1",
        "ID line 2",
        "ID line 6",
    ]
    napkin = rules("W -> R -> X -> Y, W <-> X, W <-> Y", "X", "Y")
    assert napkin == ["ID line 3", "ID line 7", "ID line 2", "ID line 6", "constant"]


def test_seeing_a_condition_is_setting_it() -> None:
    # Rule 2 makes do(c) of the confounder c, and nothing is left to adjust for.
    assert formula("C -> X -> Y, C -> Y", "X", "Y", "C") == "P(Y | C, X)"
    assert rules("C -> X -> Y, C -> Y", "X", "Y", "C")[0] == "do-calculus rule 2"


def test_conditioning_can_destroy_identifiability() -> None:
    # The collider M opens X <-> M <-> Y; without it nothing needs adjusting.
    assert formula("X <-> M <-> Y, X -> Y, X -> M", "X", "Y") == "P(Y | X)"
    assert formula("X <-> M <-> Y, X -> Y, X -> M", "X", "Y", "M") == "{M, X, Y} over {M, Y}"


@pytest.mark.parametrize(
    ("edges", "do", "on", "outer", "inner"),
    [
        ("X -> Y, X <-> Y", "X", "Y", "X Y", "Y"),  # the bow
        ("Z -> X -> Y, X <-> Y", "X", "Y", "X Y", "Y"),  # an instrument does not help by itself
        ("X -> M -> Y, X <-> M, M <-> Y", "X", "Y", "M X Y", "M Y"),
        # Shpitser and Pearl (2006): the effect on Y of two treatments, one of which is tied to Y through the other.
        ("X1 -> Y, X2 -> Y, X1 <-> X2, X2 <-> Y", "X1 X2", "Y", "X1 X2 Y", "Y"),
    ],
)
def test_hedges(edges: str, do: str, on: str, outer: str, inner: str) -> None:
    answer = id_algorithm(parse(edges), do.split(), on.split())
    assert answer == Hedge(tuple(outer.split()), tuple(inner.split()))


def test_latent_nodes_are_projected_first() -> None:
    # On the graph with the latent node as an ordinary one the effect would be Σ_u P(y | x, u) P(u).
    assert formula("U -> X -> Y, U -> Y", "X", "Y", latent="U") == "{X, Y} over {Y}"
    assert formula("U -> X -> M -> Y, U -> Y", "X", "Y", latent="U") == ("Σ_{M} P(M | X) [Σ_{X'} P(Y | M, X') P(X')]")


def test_bad_queries_are_refused() -> None:
    graph = CausalGraph("xyu", [("x", "y")], latent="u")
    with pytest.raises(QueryError, match="'q' is no node"):
        id_algorithm(graph, "q", "y")
    with pytest.raises(QueryError, match="latent"):
        id_algorithm(graph, "u", "y")
    with pytest.raises(QueryError, match="both the treatment and the outcome"):
        id_algorithm(graph, "x", "x")
