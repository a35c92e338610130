"""Steps of a derivation: which rule turned which statement into which."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Parameters
    ----------
    rule : str
        What was applied, by its name in the literature: ``"ID line 4"``, ``"do-calculus rule 2"``,
        ``"adjustment criterion"``.
    statement : str
        What it gives: an equation, or a path and what blocks it.
    because : str
        Why the rule applies to this graph.

    Examples
    --------
    >>> print(Step("do-calculus rule 3", "P(y | do(x)) = P(y)", "no directed path leads from x to y").text())
    P(y | do(x)) = P(y)  [do-calculus rule 3: no directed path leads from x to y]
    """

    rule: str
    statement: str
    because: str = ""

    def text(self) -> str:
        """Print on one line, with the rule in brackets."""
        return f"{self.statement}  [{self.rule}{f': {self.because}' if self.because else ''}]"

    def to_dict(self) -> dict[str, str]:
        """Plain data under the names of the fields."""
        return {"rule": self.rule, "statement": self.statement, "because": self.because}


def some(names: tuple[str, ...], most: int = 8) -> str:
    """List names, the first few of many.

    Examples
    --------
    >>> some(("a", "b", "c"), most=2)
    'a, b, … (3 nodes)'
    """
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])}, … ({len(names)} nodes)"
