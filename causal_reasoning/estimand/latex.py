r"""Expressions in LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from causal_reasoning.estimand.expression import Expression
from causal_reasoning.estimand.render import Notation, Scope

_ESCAPES = {
    "\\": r"\backslash{}",
    "_": r"\_",
    "#": r"\#",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "{": r"\{",
    "}": r"\}",
    "^": r"\hat{}",
    "~": r"\sim{}",
    " ": r"\ ",
}


class Latex:
    """LaTeX for mathematical mode, with nothing but standard commands."""

    def _name(self, name: str, primes: int) -> str:
        escaped = "".join(_ESCAPES.get(letter, letter) for letter in name)
        shown = escaped if len(name) == 1 else rf"\mathrm{{{escaped}}}"
        return shown + "'" * primes

    def _names(self, names: Sequence[str], scope: Scope) -> str:
        return ", ".join(self._name(name, scope[name]) for name in names)

    def probability(self, of: Sequence[str], given: Sequence[str], scope: Scope, selected: Sequence[str] = ()) -> str:
        r"""Write ``P(y \mid x, c)``."""
        chosen = [f"{self._name(name, 0)} = 1" for name in selected]
        behind = ", ".join([*([self._names(given, scope)] if given else []), *chosen])
        bar = rf" \mid {behind}" if behind else ""
        return f"P({self._names(of, scope)}{bar})"

    def product(self, parts: Sequence[tuple[str, str]]) -> str:
        r"""Write the factors with thin spaces; a fraction needs no brackets."""
        return r"\,".join(rf"\left({text}\right)" if kind == "sum" else text for text, kind in parts)

    def quotient(self, numerator: str, denominator: str) -> str:
        r"""Write a ``\frac``."""
        return rf"\frac{{{numerator}}}{{{denominator}}}"

    def sum(self, over: Sequence[str], scope: Scope, body: str, kind: str) -> str:
        r"""Write ``\sum_{c} …``."""
        return rf"\sum_{{{self._names(over, scope)}}} {body}"


_LATEX: Notation = Latex()


def latex(expression: Expression) -> str:
    r"""Write an expression in LaTeX, for mathematical mode.

    Parameters
    ----------
    expression : Expression
        What to write.

    Returns
    -------
    str
        Names of more than one letter are set upright, with what LaTeX would misread escaped.

    Examples
    --------
    >>> from causal_reasoning.estimand.expression import Probability, product, summed
    >>> print(latex(summed(["c"], product(Probability(("y",), ("x", "c")), Probability(("c",))))))
    \sum_{c} P(y \mid x, c)\,P(c)
    """
    return expression.render(_LATEX, dict.fromkeys(expression.free, 0))
