"""The possible answers to a query: one frozen class each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from causal_reasoning.estimand import Expression, latex
from causal_reasoning.identification.adjustment import MinimalSets
from causal_reasoning.identification.derivation import Step
from causal_reasoning.identification.hedge import Hedge
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
    def steps(self) -> tuple[Step, ...]:
        """The derivation, one rule after another; none where nothing is identified."""
        return ()

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
            ``instruments``, ``estimand``, ``derivation``, ``hedge``, ``repairs``.
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
            "derivation": [step.to_dict() for step in self.steps],
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
    treatments : tuple of str
        The treatments that the effect depends on: those of the query, or fewer where it has no adjustment set
        with all of them and rule 3 of the do-calculus drops some.
    sets : MinimalSets
        The minimal adjustment sets and the recommended one.
    optimal : OptimalSet
        The set of smallest asymptotic variance, or why none is named.
    estimand : Expression
        The formula with the recommended set.
    proof : AdjustmentProof
        The paths that the recommended set blocks.
    before : tuple of Step
        How the query was simplified first: treatments without effect dropped.
    """

    verdict: ClassVar[str] = "identified"
    method: ClassVar[str | None] = "adjustment"

    treatments: tuple[str, ...]
    sets: MinimalSets
    optimal: OptimalSet
    estimand: Expression
    proof: AdjustmentProof

    before: tuple[Step, ...] = ()

    @property
    def adjustment(self) -> tuple[str, ...]:
        """The recommended set."""
        return self.sets.chosen

    @property
    def steps(self) -> tuple[Step, ...]:
        """The simplification of the query, then the adjustment criterion for the recommended set."""
        blocked = tuple(
            Step("adjustment criterion", path.path.text(), path.text().removeprefix(f"{path.path.text()}: "))
            for path in (*self.proof.closed, *self.proof.colliders)
        )
        causal = tuple(Step("adjustment criterion", path.text(), "causal, left open") for path in self.proof.causal)
        chosen = ", ".join(self.sets.chosen)
        formula = Step(
            "adjustment formula", f"{self.query.text()} = {self.estimand.text()}", f"adjusting for {{{chosen}}}"
        )
        return (*self.before, *blocked, *causal, formula)

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
    derivation : tuple of Step
        The three conditions of the criterion, and why they hold.
    """

    verdict: ClassVar[str] = "identified"
    method: ClassVar[str | None] = "frontdoor"

    frontdoor: FrontDoor
    estimand: Expression
    derivation: tuple[Step, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The conditions of the criterion."""
        return self.derivation

    def _parts(self) -> dict[str, Any]:
        return {"frontdoor": self.frontdoor.to_dict(), "estimand": _formula(self.estimand)}


@dataclass(frozen=True)
class IdentifiedInGeneral(Outcome):
    """The ID algorithm, or IDC for a conditional query, identifies the effect.

    Parameters
    ----------
    estimand : Expression
        The formula.
    derivation : tuple of Step
        The lines of the algorithm.
    selected : tuple of str
        The nodes on which the sample was selected; the formula is then in probabilities among selected rows.
    """

    verdict: ClassVar[str] = "identified"

    estimand: Expression
    derivation: tuple[Step, ...]
    selected: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The lines of the algorithm."""
        return self.derivation

    @property
    def method(self) -> str | None:  # type: ignore[override]
        """``id``, or ``idc`` if the query has a condition."""
        return "idc" if self.query.given else "id"

    def _parts(self) -> dict[str, Any]:
        return {"estimand": _formula(self.estimand)}


@dataclass(frozen=True)
class ZeroEffect(Outcome):
    """Intervening changes nothing: the treatments act on nothing that is asked about.

    Parameters
    ----------
    estimand : Expression
        The distribution without intervention; the treatments do not occur in it.
    derivation : tuple of Step
        Rule 3 of the do-calculus.
    """

    verdict: ClassVar[str] = "zero_effect"

    estimand: Expression
    derivation: tuple[Step, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Rule 3 of the do-calculus."""
        return self.derivation

    def _parts(self) -> dict[str, Any]:
        return {"estimand": _formula(self.estimand)}


@dataclass(frozen=True)
class SetByTheAdapter(Outcome):
    """The treatments are parts of the adapter, which sets them: there is nothing to identify.

    Parameters
    ----------
    estimand : Expression
        The observed distribution: what the adapter sets changes no row.
    open : str
        A path that confounds what is read and what is written, which this intervention does not block; empty if
        there is none.
    """

    verdict: ClassVar[str] = "identified"
    method: ClassVar[str | None] = "construction"

    estimand: Expression
    open: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """What the adapter sees to, and what it does not."""
        t = ", ".join(self.query.do)
        done = Step(
            "set by the adapter",
            f"do({t})",
            f"no row has a value of {t}; the adapter sets it, so the intervention holds by construction as long as "
            f"{t} listens to nothing but its drawn causes",
        )
        if not self.open:
            return (done,)
        return (done, Step("left open", self.open, f"do({t}) does not block it: what it confounds stays confounded"))

    def _parts(self) -> dict[str, Any]:
        return {"estimand": _formula(self.estimand), "open": self.open or None}


@dataclass(frozen=True)
class NotIdentified(Outcome):
    """Two models of the graph agree on everything that is observed and disagree on the effect.

    Parameters
    ----------
    hedge : Hedge
        The witness.
    reason : str
        What it means, in one sentence.
    repairs : tuple of Repair
        Verified changes after which the effect is identified, cheapest first.
    instruments : tuple of Instrument
        What would help with assumptions on the form of the mechanisms.
    """

    verdict: ClassVar[str] = "not_identified"

    hedge: Hedge
    reason: str
    repairs: tuple[Repair, ...] = ()
    instruments: tuple[Instrument, ...] = ()

    def _parts(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "hedge": self.hedge.to_dict(),
            "repairs": [repair.text() for repair in self.repairs],
            "instruments": [instrument.to_dict() for instrument in self.instruments],
        }


@dataclass(frozen=True)
class NotRecovered(Outcome):
    """The rows were selected, and no formula in selected rows was found for the effect in the population.

    Parameters
    ----------
    selected : tuple of str
        The nodes on which the sample was selected.
    reason : str
        What selection distorts.
    """

    verdict: ClassVar[str] = "not_identified"

    selected: tuple[str, ...]
    reason: str

    def _parts(self) -> dict[str, Any]:
        return {"reason": self.reason}


@dataclass(frozen=True)
class NotIdentifiedByAdjustment(Outcome):
    """No adjustment set keeps to what was required and excluded.

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
    | SetByTheAdapter
    | NotIdentified
    | NotRecovered
    | NotIdentifiedByAdjustment
)
"""Any answer; tell them apart with ``isinstance`` or ``match``."""
