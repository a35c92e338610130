"""What a baseline is: a known training objective with its paper, its settings and what it assumes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.license import License
from causal_reasoning.objective.loss import Loss
from causal_reasoning.objective.plan import ForwardPasses, Term

Needed = Literal["none", "groups", "pairs", "spans"]
"""What a baseline needs beside prompts and answers: nothing, the columns of an environment, the view
``"counterfactual"`` of every row, or the view ``"causal"``, which marks the tokens that cause the answer."""

Value = float | str


def setting(default: Value, description: str, **limits: Any) -> Any:
    """Declare a setting of a baseline.

    Parameters
    ----------
    default : float or str
        From the paper or from DomainBed.
    description : str
        One line for people.
    **limits
        ``above`` (excluded), ``least``, ``most`` for numbers, ``choices`` for texts, ``whole`` for integers.
    """
    return field(default=default, metadata={"description": description, **limits})


@dataclass(frozen=True, kw_only=True)
class Baseline(ABC):
    """A training objective that is known by name and not derived from a graph.

    It can always be trained; `license` says whether a graph justifies it for its query.

    Parameters
    ----------
    groups : tuple of str
        The columns whose combinations of values are the groups, for a baseline that compares groups.
    drawn : tuple of str
        The nodes that the counterfactual view of each row draws anew, for a baseline that needs one.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    formula: ClassVar[str]
    latex: ClassVar[str]
    source: ClassVar[str]
    needs: ClassVar[Needed] = "none"
    groups_optional: ClassVar[bool] = False
    #: Whether the loss reads hidden states or attention maps beside likelihoods.
    reads_states: ClassVar[bool] = False

    groups: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()

    @abstractmethod
    def loss(self) -> Loss:
        """The loss, torch-free; see `causal_reasoning.objective.loss`."""

    @abstractmethod
    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Decide whether the graph licenses the method for its query.

        Parameters
        ----------
        graph : AssumptionGraph
            The assumptions.
        verdict : Identification
            The verdict on their query.

        Returns
        -------
        License
            Yes only if the graph implies that the minimiser over all conditional distributions is
            P_π(write | read) under do(treatment).
        """

    @property
    def forward_passes(self) -> ForwardPasses:
        """Forward passes per row."""
        return ForwardPasses(train=1, inference=1)

    @property
    def views(self) -> tuple[str, ...]:
        """The further encodings of every training row that the loss reads."""
        return {"pairs": ("counterfactual",), "spans": ("causal",)}.get(self.needs, ())

    def penalties(self) -> tuple[Term, ...]:
        """The parts of the loss beside the likelihood, each with what it does."""
        return ()

    def settings(self) -> dict[str, Value]:
        """Every setting with its value."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.metadata}

    @classmethod
    def defaults(cls) -> dict[str, Value]:
        """Every setting with its default."""
        return {f.name: f.default for f in fields(cls) if f.metadata and isinstance(f.default, float | str)}

    @classmethod
    def problem(cls, name: str, value: object) -> str | None:
        """Say what is wrong with the value of a setting; ``None`` if nothing is.

        Examples
        --------
        >>> from causal_reasoning.objective.baselines import BASELINES
        >>> BASELINES["groupdro"].problem("eta", -1.0)
        'must be a number above 0, not -1.0'
        """
        limits = next(f.metadata for f in fields(cls) if f.name == name)
        if "choices" in limits:
            choices = limits["choices"]
            return None if value in choices else f"must be one of {', '.join(choices)}, not {value!r}"
        bounds = [
            (f"above {limits['above']:g}" if "above" in limits else ""),
            (f"at least {limits['least']:g}" if "least" in limits else ""),
            (f"at most {limits['most']:g}" if "most" in limits else ""),
        ]
        shown = " and ".join(bound for bound in bounds if bound)
        kind = "a whole number" if limits.get("whole") else "a number"
        bad = (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or value <= limits.get("above", -math.inf)
            or not limits.get("least", -math.inf) <= value <= limits.get("most", math.inf)
            or (limits.get("whole", False) and value != int(value))
        )
        return f"must be {kind} {shown}".rstrip() + f", not {value!r}" if bad else None


@dataclass(frozen=True, kw_only=True)
class ComparesGroups(Baseline):
    """A baseline that compares groups within each batch.

    Parameters
    ----------
    balanced : float
        1: each batch holds equally many rows of each group, as in the papers and in DomainBed, and small groups come up
        more often; 0: rows are drawn alike.
    """

    needs: ClassVar[Needed] = "groups"

    balanced: float = setting(
        1.0, "Whether each batch holds equally many rows of each group (1) or not (0).", least=0, most=1, whole=True
    )
