"""Formulas as MathML, and charts."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from causal_reasoning.graph.markup import escape
from causal_reasoning.report.charts import Dots, Line, curve_chart, dot_chart, ticks
from causal_reasoning.report.mathml import mathml
from causal_reasoning.report.results import Number


def text(latex: str) -> str:
    made = mathml(latex)
    assert made is not None
    return "".join(ET.fromstring(made).itertext())


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\sum_{c} P(y \mid x, c)\,P(c)", "∑cP(y∣x,c)P(c)"),
        (r"\frac{P(t)}{P(t \mid z)}", "P(t)P(t∣z)"),
        (r"P(\mathrm{a\_b}' \mid x'')", "P(a_b′∣x′′)"),
        (r"\mathrm{no such thing}", "no such thing"),
        (r"\left(\sum_{x', z} a_i^2\right)", "(∑x′,zai2)"),
        (r"-\log p_\theta", "−logpθ"),
        (r"1 < 2.5 \& a", "1<2.5&a"),
    ],
)
def test_known_formulas(latex: str, expected: str) -> None:
    assert text(latex) == expected


@pytest.mark.parametrize("latex", [r"\unknown", r"\frac{a}", "{a", "a}", r"\left", "x^", ""])
def test_what_is_not_understood_is_not_converted(latex: str) -> None:
    assert mathml(latex) is None


def test_control_characters_do_not_break_xml() -> None:
    ET.fromstring(f"<a b='{escape(chr(0) + chr(27) + chr(0xFFFF))}'>{escape(chr(8))}</a>")


def test_ticks_enclose() -> None:
    for low, high in [(0.0, 1.0), (0.31, 0.32), (-3.0, 17.0), (5.0, 5.0), (0.0, 1e-9), (0.0, 123456.0)]:
        found = ticks(low, high, 5)
        assert found[0] <= low
        assert found[-1] >= high
        assert 2 <= len(found) <= 12


def test_every_seed_is_a_dot_and_every_arm_a_curve() -> None:
    rows = [Dots("a", Number(0.5, 0.4, 0.6, (0.4, 0.5, 0.6)), "arm-0"), Dots("b", None, "arm-1")]
    root = ET.fromstring(dot_chart("t", rows, {"floor": 0.2}))
    assert len([e for e in root.iter() if e.tag == "circle"]) == 3
    lines = [Line("a", "arm-0", (((0.0, 1.0), (10.0, 0.5)), ((0.0, 2.0), (10.0, 1.5), (20.0, 1.0))))]
    paths = [e.get("class") for e in ET.fromstring(curve_chart("t", lines)).iter("path")]
    assert paths.count("seed") == 2
    assert paths.count("curve") == 1
