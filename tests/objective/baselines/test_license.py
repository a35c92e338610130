"""What graphs license: sentences on known graphs, and the minimisers on random models of all small graphs."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.identification import identify
from causal_reasoning.objective.baselines import BASELINES, License
from causal_reasoning.objective.estimators.likelihood import plan_likelihood
from causal_reasoning.objective.plan import ObjectivePlan

NODES = {
    "z": "z: {role: domain, bind: {column: zc}}",
    "t": "t: {role: skill, bind: {column: tc}}",
    "x": "x: {role: question, bind: {text: x}}",
    "y": "y: {role: answer, bind: {text: y}}",
}


def graph(edges: str, query: str = "do: t, read: x, write: y", **nodes: str) -> AssumptionGraph:
    lines = {**NODES, **nodes}
    text = "version: 1\nname: g\nnodes:\n" + "".join(f"  {line}\n" for line in lines.values())
    text += ("edges: [" + ", ".join(edges.split("; ")) + "]\n" if edges else "") + f"query: {{{query}}}\n"
    return parse_graph(text, "g.yaml")


def license_of(name: str, where: AssumptionGraph, **options: Any) -> License:
    if BASELINES[name].needs == "groups":
        options.setdefault("groups", ("zc",))
    return BASELINES[name](**options).license(where, identify(where))


CONFOUNDED = "z -> t -> x -> y; z -> x; t -> y"


@pytest.mark.parametrize("edges", [CONFOUNDED, "t -> x -> y", "z -> t -> x; t -> y", "t -> z -> x -> y; t -> y", ""])
def test_erm_is_licensed_as_plain_likelihood_is(edges: str) -> None:
    where = graph(edges)
    planned = isinstance(plan_likelihood(where, identify(where)), ObjectivePlan)
    assert license_of("erm", where).licensed is planned
    for name in ("swa", "mixup"):
        found = license_of(name, where)
        assert found.licensed is planned
        assert license_of("erm", where).because in found.because


def test_a_conditional_that_intervening_leaves_alone_is_licensed_although_the_rows_count_differently() -> None:
    """z -> t -> x -> y, z -> x: the joint of x and y is confounded, and P(y | x) is the mechanism of y."""
    where = graph("z -> t -> x -> y; z -> x")
    for name in ("erm", "groupdro", "irm"):
        found = license_of(name, where)
        assert found.licensed
        assert "P(y | x) is the same under do(t)" in found.because
        assert "only the rows count differently" in found.because
    assert not license_of("erm", graph(CONFOUNDED)).licensed


def test_a_treatment_without_effect_that_is_read_is_no_licence_for_likelihood() -> None:
    """u -> style, u -> y: the style says something about y as observed, and nothing under do(style)."""
    style = {"u": "u: {}", "style": "style: {bind: {text: style}}"}
    where = graph("x -> y; u -> style; u -> y", "do: style, read: [x, style], write: y", **style)
    found = license_of("erm", where)
    assert not found.licensed
    assert "setting style changes nothing, but seeing it tells about y, and the model reads it" in found.because
    assert license_of("erm", graph("x -> y; u -> style", "do: style, read: [x, style], write: y", **style)).licensed


def test_methods_that_compare_groups_need_a_conditional_that_groups_share() -> None:
    # z moves the question only: y ⟂ z | x, but some questions are harder.
    moved = graph("t -> x -> y; z -> x")
    for name in ("groupdro", "irm"):
        found = license_of(name, moved)
        assert found.licensed
        assert found.because.startswith("y ⟂ z | x: ")
    for name in ("vrex", "coral"):
        found = license_of(name, moved)
        assert not found.licensed
        assert found.because.startswith("x <- z is open: ")
    # z moves the answer: nobody is licensed.
    for name in ("groupdro", "irm", "vrex", "coral"):
        found = license_of(name, graph("t -> x -> y; z -> y"))
        assert not found.licensed
        assert "y <- z is open" in found.because
    # z moves nothing: everybody is.
    for name in ("groupdro", "irm", "vrex", "coral"):
        assert license_of(name, graph("t -> x -> y")).licensed


def test_invariance_alone_is_not_the_effect() -> None:
    confounded = "w -> t; w -> y; t -> x; t -> y; z -> x"
    found = license_of("irm", graph(confounded, w="w: {bind: {column: w}}"))
    assert not found.licensed
    assert found.because.startswith("y <- t -> x <- z is open given x: ")
    shared = graph("w -> t; w -> y; t -> x; t -> y", w="w: {bind: {column: w}}")  # z is idle
    for name in ("irm", "vrex", "coral", "groupdro"):
        found = license_of(name, shared)
        assert not found.licensed
        assert "but that is not P_π(y | x) under do(t): the observed distribution is confounded" in found.because


def test_both_reasons_are_given_where_both_premises_fail() -> None:
    found = license_of("irm", graph(CONFOUNDED))
    assert "y <- t <- z is open given x" in found.because
    assert "P(y | x) differs between groups" in found.because
    assert "nor is plain likelihood's minimiser the target: the observed distribution is confounded" in found.because


def test_a_column_that_no_node_is_bound_to_is_not_decided() -> None:
    found = license_of("irm", graph("t -> x -> y"), groups=("zcc",))
    assert not found.licensed
    assert found.because.startswith("the graph has no node for the column 'zcc', so it says nothing about it")
    assert found.because.endswith("did you mean 'zc'?")


def test_the_reasoning_graph_licenses_nothing_but_randomised_rendering() -> None:
    where = load_graph("reasoning")
    for name, kind in BASELINES.items():
        options = {"groups": ("style",)} if kind.needs == "groups" else {}
        assert not license_of(name, where, **options).licensed
    both = license_of("counterfactual", where)
    assert "with share 1 it is the target" in both.because
    only = license_of("counterfactual", where, share=1.0)
    assert only.licensed
    assert "confounder is an adjustment set for do(skill)" in only.because
    assert "not implied by the graph" in license_of("counterfactual", where, share=1.0, consistency=1.0).because


@pytest.mark.parametrize(
    ("edges", "drawn", "phrase"),
    [
        ("z -> t -> x; z -> x; t -> y; z -> y", ("z",), "z -> y reaches the answer around what is read"),
        ("t -> z -> x -> y; t -> y", ("z",), "z is caused by t: drawn anew, it loses an influence"),
        ("z -> t -> x; z -> x; t -> y", ("t",), "'t' is the treatment"),
        ("z -> t -> x; z -> x; t -> y", ("x",), "'x' is what is read"),
        ("z -> t -> x; z -> x; t -> y", ("y",), "'y' is what is written"),
        ("t -> x; t -> y", (), "no node is named"),
        ("z -> t -> x; w -> t; w -> x; z -> x; t -> y", ("z",), "t <- w -> x stays open"),
    ],
)
def test_a_view_that_does_not_show_the_mutilated_world_is_refused_with_the_reason(
    edges: str, drawn: tuple[str, ...], phrase: str
) -> None:
    where = graph(edges, w="w: {bind: {column: w}}")
    found = license_of("counterfactual", where, drawn=drawn, share=1.0)
    assert not found.licensed
    assert phrase in found.because


def test_further_reasons_against_a_counterfactual_view() -> None:
    edges = "z -> t -> x; z -> x; t -> y"
    uniform = graph(edges, "do: t, read: x, write: y, policy: uniform")
    assert "the policy differs from it" in license_of("counterfactual", uniform, share=1.0).because
    latent = graph(edges, z="z: {}", w="w: {bind: {column: w}}")
    assert "no adjustment set" in license_of("counterfactual", latent, share=1.0).because
    free = graph("z -> x; t -> x; t -> y", z="z: {}")
    assert "'z' is latent" in license_of("counterfactual", free, drawn=("z",), share=1.0).because
    # Nothing is confounded, so both views are right.
    assert license_of("counterfactual", graph("z -> x; t -> x; t -> y"), drawn=("z",)).licensed


def test_what_is_about_tokens_and_features_is_never_licensed() -> None:
    for name in ("cft", "cat"):
        assert not license_of(name, graph("t -> x -> y")).licensed


# -- licences against numbers: binary models of all graphs over z, t, x, y with the order of the letters below --------

ORDER = ("z", "t", "x", "y")
PAIRS = [(a, b) for i, a in enumerate(ORDER) for b in ORDER[i + 1 :]]
AXIS = {name: i for i, name in enumerate(ORDER)}
Joint = NDArray[np.float64]


class Model:
    """Random tables p(v = 1 | parents), as arrays over (z, t, x, y) that do not vary along other axes."""

    def __init__(self, edges: list[tuple[str, str]], rng: np.random.Generator) -> None:
        self.parents = {v: [a for a, b in edges if b == v] for v in ORDER}
        self.tables: dict[str, Joint] = {}
        for v in ORDER:
            shape = [2 if p in self.parents[v] else 1 for p in ORDER]
            one = rng.uniform(0.12, 0.88, shape)
            self.tables[v] = np.concatenate([1 - one, one], axis=AXIS[v])

    def joint(self, **replaced: Joint) -> Joint:
        result = np.ones((2, 2, 2, 2))
        for v in ORDER:
            result = result * replaced.get(v, self.tables[v])
        return result


def over(joint: Joint, *names: str) -> Joint:
    """The marginal over some nodes, as an array over all axes."""
    result: Joint = joint.sum(axis=tuple(AXIS[v] for v in ORDER if v not in names), keepdims=True)
    return result


def written(joint: Joint) -> Joint:
    """P(y | x)."""
    both = over(joint, "x", "y")
    result: Joint = both / both.sum(axis=AXIS["y"], keepdims=True)
    return result


ALL = [[p for p, kept in zip(PAIRS, flags, strict=True) if kept] for flags in product((0, 1), repeat=len(PAIRS))]


@pytest.mark.parametrize("edges", ALL, ids=lambda edges: " ".join(a + b for a, b in edges) or "none")
def test_a_licensed_minimiser_is_the_one_asked_for(edges: list[tuple[str, str]]) -> None:
    where = graph("; ".join(f"{a} -> {b}" for a, b in edges))
    model = Model(edges, np.random.default_rng(len(edges)))
    observed = model.joint()
    mutilated = model.joint(t=over(observed, "t"))
    target = written(mutilated)
    if license_of("erm", where).licensed:
        assert np.allclose(written(observed), target)
    given_z = observed / over(observed, "z")
    for name in ("groupdro", "irm"):
        if license_of(name, where).licensed:
            for z in (0, 1):  # every mixture of groups has the same conditional
                assert np.allclose(written(given_z[[z]]), target)
    for name in ("vrex", "coral"):
        if license_of(name, where).licensed:
            assert np.allclose(written(observed), target)
            assert np.allclose(over(given_z[[0]], "x", "y"), over(given_z[[1]], "x", "y"))
    if ("x", "y") in edges:
        return  # the premise that rendering keeps the answer fails in such a model
    if license_of("counterfactual", where, drawn=("z",), share=1.0).licensed:
        # x' is rendered from z' ~ P(z), the rest of the row is kept.
        kept = over(observed, "z", "t", "y")  # axis x summed out: P(z, t, y)
        anew = np.einsum("a,zty,atx->xy", over(observed, "z").ravel(), kept[:, :, 0, :], rendering(model))
        assert np.allclose(anew / anew.sum(1, keepdims=True), target[0, 0])


def rendering(model: Model) -> Joint:
    """P(x | z, t) as an array over (z, t, x)."""
    return np.broadcast_to(model.tables["x"][..., 0], (2, 2, 2))


def test_the_numbers_above_tell_licensed_from_unlicensed_graphs() -> None:
    counts = dict.fromkeys(("erm", "irm", "vrex", "counterfactual"), 0)
    for edges in ALL:
        where = graph("; ".join(f"{a} -> {b}" for a, b in edges))
        for name in counts:
            options: dict[str, Any] = {"drawn": ("z",), "share": 1.0} if name == "counterfactual" else {}
            counts[name] += license_of(name, where, **options).licensed
    assert counts["erm"] > counts["irm"] > counts["vrex"] > 0
    assert counts["counterfactual"] > 0
