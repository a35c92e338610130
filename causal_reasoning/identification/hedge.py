"""Hedges: why an effect cannot be identified by anybody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hedge:
    """A witness that an effect is not identifiable: two forests of hidden causes with the same roots.

    Parameters
    ----------
    outer : tuple of str
        Nodes of the larger forest, which contains a treatment.
    inner : tuple of str
        Nodes of the smaller forest, which contains none.

    References
    ----------
    I. Shpitser and J. Pearl, "Identification of joint interventional distributions in recursive
    semi-Markovian causal models" (AAAI 2006): hedges, and line 5 of ID, which finds one.
    """

    outer: tuple[str, ...]
    inner: tuple[str, ...]

    @property
    def treated(self) -> tuple[str, ...]:
        """The nodes of the outer forest that the inner one lacks."""
        return tuple(name for name in self.outer if name not in self.inner)

    def text(self) -> str:
        """Print as ``{x, y} over {y}``."""
        return f"{{{', '.join(self.outer)}}} over {{{', '.join(self.inner)}}}"

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {"outer": list(self.outer), "inner": list(self.inner), "text": self.text()}
