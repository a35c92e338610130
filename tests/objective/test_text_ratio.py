"""Weights with texts in them: rewritten without densities of texts, they are the same numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.objective.proof import random_model
from causal_reasoning.objective.ratio import Conditional, Ratio
from causal_reasoning.objective.text_ratio import Estimate, TextRatio, turned_round, without_text_densities


def p(of: str, given: str = "", *, policy: bool = False) -> Conditional:
    return Conditional(tuple((n, 0) for n in of), tuple((n, 0) for n in given), policy)


def value(estimate: Estimate, joint: Factor, policy: Factor) -> Factor:
    """What an estimate stands for, by enumeration."""
    if estimate.kind == "policy":
        return policy
    names = {*estimate.of, *estimate.given}
    both = joint.marginalise(set(joint.axes) - names)
    if estimate.kind != "pairs":
        return both.condition(estimate.given)
    alone = [both.marginalise(part) for part in (estimate.given, estimate.of)]
    return both.divide(alone[0].multiply(alone[1]))


def evaluated(ratio: TextRatio, joint: Factor, policy: Factor) -> np.ndarray:
    total = Factor(joint.axes, np.ones(joint.values.shape))
    for estimate in ratio.above:
        total = total.multiply(value(estimate, joint, policy))
    for estimate in ratio.below:
        total = total.divide(value(estimate, joint, policy))
    return total.aligned(joint.axes)


CHAIN = CausalGraph("aqrw", [("q", "r"), ("w", "r"), ("r", "a")], [("a", "q")])


@pytest.mark.parametrize(
    ("ratio", "texts"),
    [
        (Ratio((), (p("q"),), (p("q", "r"),)), "q"),
        (Ratio((), (p("q"),), (p("q", "r"),)), "qr"),
        (Ratio((), (p("q"),), (p("q", "r"),)), "r"),
        (Ratio((), (p("q"),), (p("q", "rw"),)), "qw"),
        (Ratio((), (p("r", "w"),), (p("r", "qw"),)), "aqrw"),
        (Ratio((), (p("r", "w"),), (p("r", "qw"),)), "arw"),
        (Ratio((), (p("rq"),), (p("rq", "a"),)), "r"),
        (Ratio((), (p("q", policy=True),), (p("q", "r"),)), "r"),
    ],
)
def test_a_rewritten_weight_is_the_same_number_for_every_row(ratio: Ratio, texts: str) -> None:
    joint = random_model(CHAIN, np.random.default_rng(3)).observed()
    policy = joint.marginalise(set(joint.axes) - {"q"})
    policy = Factor(("q",), np.full(policy.values.shape, 1 / policy.values.size))
    expected = np.broadcast_to(1.0, joint.values.shape) * 1.0
    found = ratio.evaluate(joint, policy)
    expected = Factor(joint.axes, expected).multiply(found).aligned(joint.axes)
    for way in (ratio, turned_round(ratio, CHAIN, texts)):
        form = without_text_densities(way, texts)
        assert isinstance(form, TextRatio)
        assert evaluated(form, joint, policy) == pytest.approx(expected)
        # No factor is the probability of a text.
        for estimate in form.above + form.below:
            assert estimate.kind == "pairs" or not set(estimate.of) & set(texts)


def test_a_text_density_that_does_not_cancel_is_named() -> None:
    told = without_text_densities(Ratio((), (p("q", policy=True),), (p("q", "z"),)), "q")
    assert isinstance(told, str)
    assert "need the density of the text" in told
    summed = Ratio((("q", 1),), (Conditional((("q", 1),)),))
    assert "sum over q" in str(without_text_densities(summed, "q"))


def test_turning_round_leaves_one_classifier_for_a_rationale_that_names_its_words() -> None:
    ratio = Ratio((), (p("r", "w"),), (p("r", "qw"),))
    # As it stands, two classifiers of pairs; turned round, one, since question and words are independent.
    straight = without_text_densities(ratio, "aqrw")
    turned = without_text_densities(turned_round(ratio, CHAIN, "aqrw"), "aqrw")
    assert isinstance(straight, TextRatio)
    assert isinstance(turned, TextRatio)
    assert (len(straight.heads), len(turned.heads)) == (2, 1)
    assert turned.text() == "1 / [P(q, r, w) / (P(q) P(r, w))]"
    assert turned.texts == ("q", "r", "w")
    dependent = CausalGraph("aqrw", [("w", "q"), ("q", "r"), ("w", "r"), ("r", "a")], [("a", "q")])
    kept = turned_round(ratio, dependent, "aqrw")
    assert kept.text() == "P(q | w) / P(q | r, w)"


def test_printing_shows_both_forms() -> None:
    form = without_text_densities(Ratio((), (p("q"),), (p("q", "z"),)), "q")
    assert isinstance(form, TextRatio)
    assert form.text() == "P(z) / P(z | q)"
    assert form.latex() == r"\frac{P(\mathrm{z})}{P(\mathrm{z} \mid \mathrm{q})}"
    assert {e.kind for e in itertools.chain(form.above, form.below)} == {"counts", "head"}
