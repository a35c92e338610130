"""Density ratios with texts in them, rewritten so that no density of a text is needed.

The density of a text cannot be estimated from a few thousand rows; how a text goes with something else can. For a text
x, Bayes' rule writes

    P(x | g) = P(x) · D(x; g),   D(x; g) = P(x, g) / (P(x) P(g)).

In a weight the factors P(x) cancel wherever it is a ratio of conditionals of the same text. What is left are
conditionals of *columns* given texts, P(c | x), which a classifier on embeddings of x estimates; and, where g is a text
too, D(x; g), which a classifier estimates that tells real pairs (x, g) from shuffled ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import m_separated
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.ratio import Conditional, Ratio, Variable

Kind = Literal["counts", "policy", "head", "pairs"]


@dataclass(frozen=True)
class Estimate:
    """One factor of a weight, and what can estimate it.

    Parameters
    ----------
    kind : str
        ``"counts"``: P(of | given), columns only, by relative frequencies. ``"policy"``: π(of). ``"head"``:
        P(of | given) of columns given texts (and columns), by a classifier on embeddings. ``"pairs"``:
        P(of, given) / (P(of) P(given)) with a text on both sides, by a classifier of real and shuffled pairs.
    of, given : tuple of str
        Nodes, sorted.
    """

    kind: Kind
    of: tuple[str, ...]
    given: tuple[str, ...] = ()

    def text(self) -> str:
        """Print as ``P(style | question)``."""
        of, given = listed(self.of), listed(self.given)
        if self.kind == "pairs":
            return f"[P({of}, {given}) / (P({of}) P({given}))]"
        bar = f" | {given}" if given else ""
        return f"{'π' if self.kind == 'policy' else 'P'}({of}{bar})"

    def latex(self) -> str:
        r"""Print as ``P(\mathrm{style} \mid \mathrm{question})``."""
        of, given = latex_names(self.of), latex_names(self.given)
        if self.kind == "pairs":
            return rf"\frac{{P({of}, {given})}}{{P({of})\,P({given})}}"
        bar = rf" \mid {given}" if given else ""
        letter = r"\pi" if self.kind == "policy" else "P"
        return f"{letter}({of}{bar})"


@dataclass(frozen=True)
class TextRatio:
    """Π above / Π below, each factor one that can be estimated.

    Parameters
    ----------
    above, below : tuple of Estimate
        The factors, in a fixed order.
    texts : tuple of str
        The nodes among them that must be embedded, sorted.
    """

    above: tuple[Estimate, ...]
    below: tuple[Estimate, ...]
    texts: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[Estimate, ...]:
        """The factors that need embeddings, each once."""
        return tuple(dict.fromkeys(e for e in self.above + self.below if e.kind in ("head", "pairs")))

    def text(self) -> str:
        """Print on one line."""
        return _fraction([e.text() for e in self.above], [e.text() for e in self.below])

    def latex(self) -> str:
        """Print for LaTeX's mathematical mode."""
        top, bottom = (r"\,".join(e.latex() for e in part) for part in (self.above, self.below))
        return rf"\frac{{{top or '1'}}}{{{bottom}}}" if self.below else top or "1"


def _fraction(above: list[str], below: list[str]) -> str:
    top, bottom = " ".join(above) or "1", " ".join(below)
    if not below:
        return top
    return f"{top} / {bottom if len(below) == 1 else f'[{bottom}]'}"


def without_text_densities(ratio: Ratio, text: Iterable[str]) -> TextRatio | str:
    """Rewrite a weight so that every factor can be estimated.

    Parameters
    ----------
    ratio : Ratio
        The weight.
    text : iterable of str
        The nodes that are bound to text.

    Returns
    -------
    TextRatio or str
        A part of a sentence that says what stands in the way: a sum, or a text's own density that does not cancel.

    References
    ----------
    M. Sugiyama, T. Suzuki and T. Kanamori, *Density Ratio Estimation in Machine Learning* (2012), chapter 4, for
    ratios by classification.

    Examples
    --------
    >>> weight = Ratio((), (Conditional((("q", 0),)),), (Conditional((("q", 0),), (("z", 0),)),))
    >>> without_text_densities(weight, ["q"]).text()
    'P(z) / P(z | q)'
    >>> without_text_densities(weight, ["q", "z"]).text()
    '1 / [P(q, z) / (P(q) P(z))]'
    """
    texts = frozenset(text)
    if ratio.over:
        names = listed(tuple(name for name, _ in ratio.over))
        return f"the weights {ratio.text()} sum over {names}, and a classifier on embeddings estimates products only"
    powers: Counter[Estimate] = Counter()
    densities: Counter[tuple[str, ...]] = Counter()
    for parts, sign in ((ratio.above, 1), (ratio.below, -1)):
        for part in parts:
            if isinstance(part, Ratio):
                return f"the weights {ratio.text()} have a ratio inside a ratio"
            for estimate, power in _factors(part, texts, densities, sign):
                powers[estimate] += sign * power
    own = sorted(names for names, power in densities.items() if power)
    if own:
        return f"the weights {ratio.text()} need the density of the text {listed(own[0])}, which does not cancel"
    above = tuple(e for e, power in powers.items() for _ in range(power))
    below = tuple(e for e, power in powers.items() for _ in range(-power))
    named = {node for e in above + below for node in e.of + e.given}
    return TextRatio(above, below, tuple(sorted(named & texts)))


def turned_round(ratio: Ratio, graph: CausalGraph, text: Iterable[str]) -> Ratio:
    """Turn quotients of conditionals of a text round, by Bayes' rule.

    P(x | g) / P(x | g, t) = P(t | g) / P(t | x, g): the text x moves behind the bar. It is the same weight, and often
    one that is easier to estimate: two classifiers that both have to see that a rationale names the words of its
    question become one that need not.

    Parameters
    ----------
    ratio : Ratio
        The weight.
    graph : CausalGraph
        The assumptions, for the independences that shorten the new conditionals.
    text : iterable of str
        The nodes that are bound to text.

    Returns
    -------
    Ratio
        With every such quotient turned round; the weight itself if there is none.

    Examples
    --------
    >>> graph = CausalGraph(["a", "q", "r", "w"], [("q", "r"), ("w", "r"), ("r", "a")], [("q", "a")])
    >>> above, below = (Conditional((("r", 0),), tuple((n, 0) for n in given)) for given in ("w", "qw"))
    >>> turned_round(Ratio((), (above,), (below,)), graph, ["a", "q", "r", "w"]).text()
    'P(q) / P(q | r, w)'
    """
    texts = frozenset(text)
    above, below = list(ratio.above), list(ratio.below)
    if ratio.over:
        return ratio
    for one, other in [(one, other) for one in ratio.above for other in ratio.below]:
        if not isinstance(one, Conditional) or not isinstance(other, Conditional) or one.policy or other.policy:
            continue
        if one not in above or other not in below or one.of != other.of or not texts & {n for n, _ in one.of}:
            continue
        for less, more, behind in ((one, other, False), (other, one, True)):
            extra = tuple(v for v in more.given if v not in less.given)
            if extra and set(less.given) < set(more.given):
                above.remove(one)
                below.remove(other)
                short = _shortened(graph, extra, less.given)
                long = _shortened(graph, extra, (*less.given, *less.of))
                above.append(long if behind else short)
                below.append(short if behind else long)
    return Ratio((), tuple(above), tuple(below))


def _shortened(graph: CausalGraph, of: tuple[Variable, ...], given: tuple[Variable, ...]) -> Conditional:
    """A conditional without the conditions that the graph makes irrelevant."""
    names, left = {n for n, _ in of}, sorted(given)
    for variable in sorted(given):
        rest = [v for v in left if v != variable]
        if m_separated(graph, names, variable[0], {n for n, _ in rest}):
            left = rest
    return Conditional(of, tuple(left))


def _factors(
    part: Conditional, texts: frozenset[str], densities: Counter[tuple[str, ...]], sign: int
) -> Iterable[tuple[Estimate, int]]:
    """The factors of one conditional and their powers; the densities of texts are counted on the side."""
    of = tuple(sorted(name for name, _ in part.of))
    given = tuple(sorted(name for name, _ in part.given))
    written = tuple(name for name in of if name in texts)
    if part.policy and written:
        densities[(f"π({listed(written)})",)] += sign
        return
    if not written:
        kind: Kind = "policy" if part.policy else "head" if texts & set(given) else "counts"
        yield Estimate(kind, of, given), 1
        return
    if columns := tuple(name for name in of if name not in texts):
        # P(x, c | g) = P(x | g) P(c | x, g).
        yield Estimate("head", columns, tuple(sorted({*written, *given}))), 1
    densities[written] += sign
    if texts & set(given):
        first, second = sorted((written, given))
        yield Estimate("pairs", first, second), 1
    elif given:
        yield Estimate("head", given, written), 1
        yield Estimate("counts", given), -1
