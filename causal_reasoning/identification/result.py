"""The possible answers to a query: one frozen class each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from causal_reasoning.estimand import Expression, latex
from causal_reasoning.identification.adjustment import MinimalSets
from causal_reasoning.identification.optimal import OptimalSet
from causal_reasoning.identification.proof import AdjustmentProof
from causal_reasoning.identification.query import Query
from causal_reasoning.identification.repair import Repair


@dataclass(frozen=True)
class Instrument:
    """A variable that moves the treatment and nothing else.

    Parameters
    ----------
    node : str
        The instrument.
    given : tuple of str
        What it is an instrument conditional on.
    """

    node: str
    given: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {"node": self.node, "given": list(self.given)}


@dataclass(frozen=True)
class FrontDoor:
    """A set that carries the whole effect, and what has to be adjusted for beside it.

    Parameters
    ----------
    mediators : tuple of str
        The nodes through which every causal path runs.
    covariates : tuple of str
        Nodes adjusted for on the way; often none.
    """

    mediators: tuple[str, ...]
    covariates: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {"mediators": list(self.mediators), "covariates": list(self.covariates)}


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
    semi-Markovian causal models" (AAAI 2006), definition 6 and theorem 4.
    """

    outer: tuple[str, ...]
    inner: tuple[str, ...]

    def text(self) -> str:
        """Print as ``{x, y} over {y}``."""
        return f"{{{', '.join(self.outer)}}} over {{{', '.join(self.inner)}}}"

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {"outer": list(self.outer), "inner": list(self.inner), "text": self.text()}


@dataclass(frozen=True)
class Outcome(ABC):
    """What all answers have in common.

    Parameters
    ----------
    query : Query
        What was asked.
    graph : str
        The name of the graph.
    digest : str
        The digest of the graph.
    """

    verdict: ClassVar[str]
    method: ClassVar[str | None] = None

    query: Query
    graph: str
    digest: str

    @property
    def identified(self) -> bool:
        """Whether there is an estimand; so it is for a zero effect."""
        return self.verdict != "not_identified"

    @abstractmethod
    def _parts(self) -> dict[str, Any]:
        """Return what this answer adds to the common keys."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the same keys for every answer; ``reason`` is there where there is one.

        Returns
        -------
        dict
            ``graph``, ``digest``, ``query``, ``verdict``, ``method``, ``adjustment``, ``frontdoor``,
            ``instruments``, ``estimand``, ``hedge``, ``repairs``.
        """
        return {
            "graph": self.graph,
            "digest": self.digest,
            "query": self.query.to_dict(),
            "verdict": self.verdict,
            "method": self.method,
            "adjustment": None,
            "frontdoor": None,
            "instruments": [],
            "estimand": None,
            "hedge": None,
            "repairs": [],
            **self._parts(),
        }


def _formula(estimand: Expression) -> dict[str, str]:
    return {"text": estimand.text(), "latex": latex(estimand)}


@dataclass(frozen=True)
class IdentifiedByAdjustment(Outcome):
    """Adjusting for observed nodes, possibly for none, identifies the effect.

    Parameters
    ----------
    sets : MinimalSets
        The minimal adjustment sets and the recommended one.
    optimal : OptimalSet
        The set of smallest asymptotic variance, or why none is named.
    estimand : Expression
        The formula with the recommended set.
    proof : AdjustmentProof
        The paths that the recommended set blocks.
    """

    verdict: ClassVar[str] = "identified"
    method: ClassVar[str | None] = "adjustment"

    sets: MinimalSets
    optimal: OptimalSet
    estimand: Expression
    proof: AdjustmentProof

    @property
    def adjustment(self) -> tuple[str, ...]:
        """The recommended set."""
        return self.sets.chosen

    def _parts(self) -> dict[str, Any]:
        return {
            "adjustment": {
                "chosen": list(self.sets.chosen),
                "minimal": [list(names) for names in self.sets.minimal],
                "optimal": None if self.optimal.nodes is None else list(self.optimal.nodes),
                "capped": self.sets.capped,
            },
            "estimand": _formula(self.estimand),
        }


@dataclass(frozen=True)
class IdentifiedByFrontDoor(Outcome):
    """Mediators that no hidden cause touches identify the effect.

    Parameters
    ----------
    frontdoor : FrontDoor
        The mediators.
    estimand : Expression
        The formula.
    """

    verdict: ClassVar[str] = "identified"
    method: ClassVar[str | None] = "frontdoor"

    frontdoor: FrontDoor
    estimand: Expression

    def _parts(self) -> dict[str, Any]:
        return {"frontdoor": self.frontdoor.to_dict(), "estimand": _formula(self.estimand)}


@dataclass(frozen=True)
class IdentifiedInGeneral(Outcome):
    """The ID algorithm, or IDC for a conditional query, identifies the effect.

    Parameters
    ----------
    estimand : Expression
        The formula.
    """

    verdict: ClassVar[str] = "identified"

    estimand: Expression

    @property
    def method(self) -> str | None:  # type: ignore[override]
        """``id``, or ``idc`` if the query has a condition."""
        return "idc" if self.query.given else "id"

    def _parts(self) -> dict[str, Any]:
        return {"estimand": _formula(self.estimand)}


@dataclass(frozen=True)
class ZeroEffect(Outcome):
    """No directed path leads from a treatment to an outcome or condition: intervening changes nothing.

    Parameters
    ----------
    estimand : Expression
        The distribution without intervention; the treatments do not occur in it.
    """

    verdict: ClassVar[str] = "zero_effect"

    estimand: Expression

    def _parts(self) -> dict[str, Any]:
        return {"estimand": _formula(self.estimand)}


@dataclass(frozen=True)
class NotIdentified(Outcome):
    """Two models of the graph agree on everything that is observed and disagree on the effect.

    Parameters
    ----------
    hedge : Hedge
        The witness.
    repairs : tuple of Repair
        Verified changes after which the effect is identified, cheapest first.
    instruments : tuple of Instrument
        What would help with assumptions on the form of the mechanisms.
    """

    verdict: ClassVar[str] = "not_identified"

    hedge: Hedge
    repairs: tuple[Repair, ...] = ()
    instruments: tuple[Instrument, ...] = ()

    def _parts(self) -> dict[str, Any]:
        return {
            "hedge": self.hedge.to_dict(),
            "repairs": [repair.text() for repair in self.repairs],
            "instruments": [instrument.to_dict() for instrument in self.instruments],
        }


@dataclass(frozen=True)
class NotIdentifiedByAdjustment(Outcome):
    """No adjustment set exists; other methods have not been tried.

    Parameters
    ----------
    reason : str
        One sentence.
    repairs : tuple of Repair
        Verified changes after which an adjustment set exists, cheapest first.
    """

    verdict: ClassVar[str] = "not_identified"

    reason: str
    repairs: tuple[Repair, ...] = ()

    def _parts(self) -> dict[str, Any]:
        return {"reason": self.reason, "repairs": [repair.text() for repair in self.repairs]}


Identification = (
    IdentifiedByAdjustment
    | IdentifiedByFrontDoor
    | IdentifiedInGeneral
    | ZeroEffect
    | NotIdentified
    | NotIdentifiedByAdjustment
)
"""Any answer; tell them apart with ``isinstance`` or ``match``."""
