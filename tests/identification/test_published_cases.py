"""Published graphs and what their sources say about adjustment."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    IdentifiedByAdjustment,
    NotIdentifiedByAdjustment,
    ZeroEffect,
    identify_effect,
    is_adjustment_set,
    minimal_adjustment_sets,
)
from tests.identification.identification_oracle import brute_force_sets


class Published(NamedTuple):
    name: str
    source: str
    edges: str
    do: str
    on: str
    minimal: list[str] | None
    latent: str = ""
    valid: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()


def parse(edges: str, latent: str = "") -> CausalGraph:
    """Chains of `a -> b <- c <-> d`, separated by commas."""
    directed, bidirected, nodes = [], [], set()
    for chain in edges.split(","):
        words = chain.split()
        nodes.update(words[::2])
        for a, mark, b in zip(words[::2], words[1::2], words[2::2], strict=False):
            if mark == "<->":
                bidirected.append((a, b))
            else:
                directed.append((a, b) if mark == "->" else (b, a))
    return CausalGraph(nodes, directed, bidirected, latent.split())


CINELLI = "Cinelli, Forney and Pearl, 'A crash course in good and bad controls' (2022), model "
CAUSALITY = "Pearl, Causality (2009), "
SHRIER = (
    "Coach -> Motivation -> WarmUp -> IntraProprioception -> Injury, Coach -> Fitness, Genetics -> Fitness, "
    "Genetics -> Fatigue -> Injury, Genetics -> Disorder -> Fatigue, Disorder -> Weakness -> Injury, "
    "Fitness -> PreProprioception -> WarmUp, Fitness -> Fatigue -> IntraProprioception, "
    "Motivation -> Previous, Contact -> Previous, Contact -> IntraProprioception"
)
FIGURE_3_4 = "X1 -> X3 -> Xi -> X6 -> Xj, X1 -> X4 -> Xi, X2 -> X4 -> Xj, X2 -> X5 -> Xj"

CASES = [
    Published(
        "back-door",
        CAUSALITY + "figure 3.4",
        FIGURE_3_4,
        "Xi",
        "Xj",
        ["X1 X4", "X2 X4", "X3 X4", "X4 X5"],
        valid=("X3 X4", "X4 X5", "X1 X2 X3 X4 X5"),
        invalid=("X4", "X4 X5 X6", "X3 X5", ""),
    ),
    Published(
        "warm-up",
        "Shrier and Platt (2008), figure 2a; they recommend fatigue and weakness",
        SHRIER,
        "WarmUp",
        "Injury",
        [
            "Coach Fitness",
            "Coach PreProprioception",
            "Disorder Fatigue",
            "Fatigue Weakness",
            "Fitness Genetics",
            "Fitness Motivation",
            "Motivation PreProprioception",
        ],
        invalid=("", "Previous", "IntraProprioception Coach Fitness"),
    ),
    Published(
        "M-bias",
        "Greenland, Pearl and Robins (1999)",
        "X <-> M <-> Y, X -> Y",
        "X",
        "Y",
        [""],
        invalid=("M",),
    ),
    Published(
        "butterfly",
        "Ding and Miratrix (2015), butterfly bias",
        "A -> X, A -> M <- B, B -> Y, M -> X, M -> Y, X -> Y",
        "X",
        "Y",
        ["A M", "B M"],
        valid=("A B M",),
        invalid=("M", "A B"),
    ),
    Published("bow", CAUSALITY + "figure 3.5", "X -> Y, X <-> Y", "X", "Y", None),
    Published("front door", CAUSALITY + "figure 3.5", "X -> M -> Y, X <-> Y", "X", "Y", None, invalid=("M",)),
    Published("instrument", "Bowden and Turkington (1984)", "Z -> X -> Y, X <-> Y", "X", "Y", None, invalid=("Z",)),
    Published("napkin", "Pearl and Mackenzie (2018)", "W -> R -> X -> Y, W <-> X, W <-> Y", "X", "Y", None),
    Published(
        "time-varying treatment",
        "Robins (1986)",
        "A0 -> L -> A1, A0 -> Y, L -> Y, A1 -> Y",
        "A0 A1",
        "Y",
        None,
        invalid=("L", ""),
    ),
    Published(
        "two treatments, one confounder each",
        "Shpitser, VanderWeele and Robins (2010), setting of section 4",
        "C1 -> X1 -> Y, C1 -> Y, C2 -> X2 -> Y, C2 -> Y",
        "X1 X2",
        "Y",
        ["C1 C2"],
        invalid=("C1", "C2"),
    ),
    Published("good 1", CINELLI + "1", "Z -> X -> Y, Z -> Y", "X", "Y", ["Z"]),
    Published("good 2", CINELLI + "2", "U -> Z -> X -> Y, U -> Y", "X", "Y", ["Z"], "U"),
    Published("good 3", CINELLI + "3", "U -> X -> Y, U -> Z -> Y", "X", "Y", ["Z"], "U"),
    Published("good 4", CINELLI + "4", "Z -> X -> M -> Y, Z -> M", "X", "Y", ["Z"], invalid=("M Z",)),
    Published("good 5", CINELLI + "5", "U -> Z -> X -> M -> Y, U -> M", "X", "Y", ["Z"], "U"),
    Published("good 6", CINELLI + "6", "U -> X -> M -> Y, U -> Z -> M", "X", "Y", ["Z"], "U"),
    Published("bad 7", CINELLI + "7", "A -> X -> Y, A -> Z <- B -> Y", "X", "Y", [""], "A B", invalid=("Z",)),
    Published("neutral 8", CINELLI + "8", "Z -> Y <- X", "X", "Y", [""], valid=("Z",)),
    Published("neutral 9", CINELLI + "9", "Z -> X -> Y", "X", "Y", [""], valid=("Z",)),
    Published("bad 10", CINELLI + "10", "Z -> X -> Y <- U -> X", "X", "Y", None, "U", invalid=("Z",)),
    Published("bad 11", CINELLI + "11", "X -> Z -> Y", "X", "Y", [""], invalid=("Z",)),
    Published("bad 12", CINELLI + "12", "X -> M -> Y, M -> Z", "X", "Y", [""], invalid=("Z", "M")),
    Published("neutral 13", CINELLI + "13", "X -> M -> Y, Z -> M", "X", "Y", [""], valid=("Z",)),
    Published("neutral 14", CINELLI + "14", "X -> Y, X -> Z", "X", "Y", [""], valid=("Z",)),
    Published(
        "neutral 15",
        CINELLI + "15",
        "X -> Z -> W <- U -> Y <- X",
        "X",
        "Y",
        [""],
        "U",
        valid=("Z", "W Z"),
        invalid=("W",),
    ),
    Published("bad 16", CINELLI + "16", "X -> Z <- U -> Y <- X", "X", "Y", [""], "U", invalid=("Z",)),
    Published("bad 17", CINELLI + "17", "X -> Y -> Z <- X", "X", "Y", [""], invalid=("Z",)),
    Published("bad 18", CINELLI + "18", "X -> Y -> Z", "X", "Y", [""], invalid=("Z",)),
    Published(
        "a descendant of a mediator that also looks like a back door",
        "van der Zander, Liśkiewicz and Textor (2019): forbidden nodes come out before the search",
        "C -> X -> M -> Y, C -> D <- M, C -> Y",
        "X",
        "Y",
        ["C"],
        invalid=("D", "C D", "M", "C M"),
    ),
    Published(
        "a hidden confounder reached through a mediator only",
        "the same",
        "X -> M -> Y, M <-> Y",
        "X",
        "Y",
        [""],
        invalid=("M",),
    ),
    Published(
        "outcome that confounds",
        "a question that sets the skill",
        "Q -> S -> A <- Q",
        "S",
        "A Q",
        ["Q"],
        valid=("Q",),
        invalid=("",),
    ),
    Published(
        "confounded pair of outcomes",
        "a style behind skill and question",
        "C -> S -> Q -> A <- S, C -> Q",
        "S",
        "A Q",
        ["C"],
        invalid=("", "Q"),
    ),
    Published(
        "an outcome could be adjusted for, but need not",
        "a style behind skill and question, a question that the skill does not reach",
        "S <- C -> Q -> A <- S",
        "S",
        "A Q",
        ["C"],
        valid=("Q", "C Q"),
        invalid=("",),
    ),
    Published(
        "between two treatments, on no proper causal path",
        "van der Zander, Liśkiewicz and Textor (2019): causal paths that meet a second treatment do not count",
        "X1 -> V -> X2 -> Y, X1 -> Y, V <- C -> Y",
        "X1 X2",
        "Y",
        ["C"],
        valid=("C V",),
        invalid=("V", ""),
    ),
    Published("an outcome beside the path", "independent question", "S -> A <- Q", "S", "A Q", [""], valid=("Q",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_published(case: Published) -> None:
    graph = parse(case.edges, case.latent)
    do, on = case.do.split(), case.on.split()
    answer = identify_effect(graph, do, on)
    if case.minimal is None:
        assert isinstance(answer, NotIdentifiedByAdjustment)
        assert answer.reason
    else:
        assert isinstance(answer, IdentifiedByAdjustment)
        assert sorted(answer.sets.minimal) == sorted(tuple(names.split()) for names in case.minimal)
        assert answer.adjustment in answer.sets.minimal
        assert answer.adjustment in brute_force_sets(graph, tuple(do), tuple(sorted(on)))
    for names in case.valid:
        assert is_adjustment_set(graph, do, on, names.split()), names
    for names in case.invalid:
        assert not is_adjustment_set(graph, do, on, names.split()), names


def test_three_different_answers() -> None:
    """Nothing to adjust for, no set, no effect."""
    empty = identify_effect(parse("X -> Y"), "X", "Y")
    assert isinstance(empty, IdentifiedByAdjustment)
    assert (empty.adjustment, empty.estimand.text()) == ((), "P(Y | X)")
    assert isinstance(identify_effect(parse("X -> Y, X <-> Y"), "X", "Y"), NotIdentifiedByAdjustment)
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
