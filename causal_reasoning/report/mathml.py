r"""Formulas for a page: the LaTeX that derivations use, as MathML that browsers set without any help.

Only the commands that appear in derivations are known; a formula with any other is not converted.
"""

from __future__ import annotations

import re

from causal_reasoning.graph.markup import escape

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|[0-9]+(?:\.[0-9]+)?|\s+|\S")
_SPACES = {",": "0.17em", ";": "0.28em", ":": "0.22em", " ": "0.25em", "quad": "1em", "!": "-0.17em"}
_SIGNS = {
    "mid": "∣",
    "cdot": "·",
    "times": "×",
    "sim": "∼",
    "perp": "⟂",
    "le": "≤",
    "ge": "≥",
    "ne": "≠",
    "in": "∈",
    "to": "→",
    "ldots": "…",
    "dots": "…",
    "approx": "≈",
    "infty": "∞",
    "backslash": "\\",
    "lVert": "‖",
    "rVert": "‖",
}
_LETTERS = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "ell": "ℓ",
}
_FUNCTIONS = ("log", "exp", "min", "max", "Pr", "Var", "Cov")
_BIG = {"sum": "∑", "prod": "∏", "int": "∫"}
_BOARD = {"E": "𝔼", "P": "ℙ", "R": "ℝ", "1": "𝟙"}
_BEFORE_A_SIGN = ("(", "[", "{", "=", ",", "|", r"\cdot", r"\mid")
_SCRIPT = {"L": "ℒ", "R": "ℛ", "N": "𝒩"}


class _UnknownError(ValueError):
    """A command that is not known here."""


def mathml(latex: str) -> str | None:
    r"""Convert a formula.

    Parameters
    ----------
    latex : str
        LaTeX of mathematical mode.

    Returns
    -------
    str or None
        A ``math`` element; ``None`` for a formula with unknown commands, to be shown as text instead.

    Examples
    --------
    >>> mathml(r"\frac{a}{b}")
    '<math display="block"><mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac></math>'
    >>> mathml(r"\unheardof{a}") is None
    True
    """
    parser = _Parser(_TOKEN.findall(latex))
    try:
        body = parser.row(None)
    except (_UnknownError, IndexError):
        return None
    return f'<math display="block">{body}</math>' if body else None


class _Parser:
    """Reads tokens one after the other; each method consumes what it converts."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def more(self) -> bool:
        """Skip blanks; say whether anything is left."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.at < len(self.tokens)

    def row(self, end: str | None) -> str:
        """Convert up to a closing piece, or to the end of the formula."""
        parts: list[str] = []
        while self.more():
            if self.tokens[self.at] == end:
                self.at += 1
                return "".join(parts)
            parts.append(self.scripted())
        if end is not None:
            raise _UnknownError(end)
        return "".join(parts)

    def scripted(self) -> str:
        """Convert one thing with what stands below and above it."""
        big = self.tokens[self.at].lstrip("\\") in _BIG
        base = self.atom()
        below = above = ""
        primes = ""
        while self.more() and self.tokens[self.at] in ("_", "^", "'"):
            sign = self.tokens[self.at]
            self.at += 1
            if sign == "'":
                primes += "′"
            elif sign == "_":
                below = self.group()
            else:
                above = self.group()
        if primes:
            above += f"<mo>{primes}</mo>"
        if not below and not above:
            return base
        under, over, both = ("munder", "mover", "munderover") if big else ("msub", "msup", "msubsup")
        if below and above:
            return f"<{both}>{base}<mrow>{below}</mrow><mrow>{above}</mrow></{both}>"
        kind = under if below else over
        return f"<{kind}>{base}<mrow>{below or above}</mrow></{kind}>"

    def group(self) -> str:
        """Convert ``{…}`` or a single thing."""
        self.more()
        if self.tokens[self.at] == "{":
            self.at += 1
            return self.row("}")
        return self.atom()

    def words(self) -> str:
        """Take the text of ``{…}`` as it stands."""
        if self.tokens[self.at] != "{":
            self.at += 1
            return self.tokens[self.at - 1]
        parts: list[str] = []
        depth = 1
        self.at += 1
        while True:
            piece = self.tokens[self.at]
            self.at += 1
            depth += (piece == "{") - (piece == "}")
            if not depth:
                return "".join(parts)
            if piece not in ("{", "}"):
                parts.append(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece)

    def atom(self) -> str:
        """Convert one symbol, command or group."""
        piece = self.tokens[self.at]
        self.at += 1
        if piece[0] != "\\":
            return self.symbol(piece)
        name = piece[1:]
        if name in ("frac", "tfrac", "dfrac"):
            over = self.group()
            return f"<mfrac><mrow>{over}</mrow><mrow>{self.group()}</mrow></mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.group()}</msqrt>"
        if name in ("mathrm", "text", "operatorname", "mathit", "mathsf"):
            return f'<mi mathvariant="normal">{escape(self.words())}</mi>'
        if name in ("mathbb", "mathbf", "mathcal"):
            word = self.words()
            return f"<mi>{escape((_SCRIPT if name == 'mathcal' else _BOARD).get(word, word))}</mi>"
        if name in ("bar", "hat", "tilde", "overline"):
            mark = {"hat": "^", "tilde": "~"}.get(name, "¯")
            return f"<mover><mrow>{self.group()}</mrow><mo>{mark}</mo></mover>"
        if name in ("left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr"):
            fence = self.tokens[self.at]
            self.at += 1
            stretch = "true" if name in ("left", "right") else "false"
            return f'<mo stretchy="{stretch}">{escape(fence.lstrip(chr(92)))}</mo>' if fence != "." else ""
        return self.command(name)

    def command(self, name: str) -> str:
        """Convert a command without arguments."""
        if name in _BIG:
            return f'<mo movablelimits="false">{_BIG[name]}</mo>'
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"/>'
        if name in _FUNCTIONS:
            return f'<mi>{name}</mi><mspace width="0.17em"/>'
        if name in _LETTERS:
            return f"<mi>{_LETTERS[name]}</mi>"
        if name in _SIGNS:
            return f"<mo>{_SIGNS[name]}</mo>"
        if len(name) == 1 and not name.isalpha():
            return f"<mi>{escape(name)}</mi>"
        raise _UnknownError(name)

    def symbol(self, piece: str) -> str:
        """Convert a letter, a number, a sign or a group in braces."""
        if piece == "{":
            return f"<mrow>{self.row('}')}</mrow>"
        if piece in "}_^&~#$%":
            raise _UnknownError(piece)
        if piece[0].isdigit():
            return f"<mn>{piece}</mn>"
        if piece.isalpha():
            return f"<mi>{escape(piece)}</mi>"
        if piece in "()[]|":
            return f'<mo stretchy="false">{escape("∣" if piece == "|" else piece)}</mo>'
        if piece == ",":
            return '<mo separator="true">,</mo>'
        if piece == "-":
            before = next((p for p in reversed(self.tokens[: self.at - 1]) if not p.isspace()), "(")
            sign = ' form="prefix"' if before in _BEFORE_A_SIGN else ""
            return f"<mo{sign}>−</mo>"
        return f"<mo>{escape(piece)}</mo>"
