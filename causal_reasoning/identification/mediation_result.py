"""The possible answers to a mediation question: one frozen class each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from causal_reasoning.estimand import Expression, latex
from causal_reasoning.identification.derivation import Step
from causal_reasoning.identification.hedge import Hedge


@dataclass(frozen=True)
class Answer(ABC):
    """What is known about one effect.

    Parameters
    ----------
    effect : str
        The difference that is asked for, in words of potential outcomes or ``do``.
    """

    verdict: ClassVar[str]

    effect: str

    @property
    def identified(self) -> bool:
        """Whether the effect can be computed; so it is if it is zero."""
        return self.verdict != "not_identified"

    @abstractmethod
    def reason(self) -> str:
        """Say in one sentence, without a full stop, what the verdict rests on."""

    def text(self) -> str:
        """Print on one line."""
        return f"{self.effect}: {self.verdict.replace('_', ' ')}; {self.reason()}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the same keys for every answer.

        Returns
        -------
        dict
            ``effect``, ``verdict``, ``reason``, ``estimand``, ``distribution``, ``hedge``, ``recanting``.
        """
        return {
            "effect": self.effect,
            "verdict": self.verdict,
            "reason": self.reason(),
            "estimand": None,
            "distribution": None,
            "hedge": None,
            "recanting": None,
            **self._parts(),
        }

    def _parts(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class EffectFormula(Answer):
    """The effect is a function of the observed distribution.

    Parameters
    ----------
    estimand : Expression
        The difference, over outcomes, treatments and the reference values of treatments.
    distribution : Expression
        The first of the two distributions that are subtracted.
    because : str
        By which rule.
    """

    verdict: ClassVar[str] = "identified"

    estimand: Expression
    distribution: Expression
    because: str

    def reason(self) -> str:
        """The rule."""
        return self.because

    def text(self) -> str:
        """Print on one line, with the formula."""
        return f"{self.effect} = {_bare(self.estimand.text())}; {self.because}"

    def _parts(self) -> dict[str, Any]:
        return {
            name: _formula(value) for name, value in (("estimand", self.estimand), ("distribution", self.distribution))
        }


@dataclass(frozen=True)
class NoEffect(Answer):
    """The effect is zero in every model of the graph.

    Parameters
    ----------
    because : str
        Which paths are missing.
    """

    verdict: ClassVar[str] = "zero_effect"

    because: str

    def reason(self) -> str:
        """The missing paths."""
        return self.because


@dataclass(frozen=True)
class EffectHedge(Answer):
    """Already an effect of setting variables is not identifiable.

    Parameters
    ----------
    hedge : Hedge
        The witness.
    of : str
        The effect that it is a witness for.
    """

    verdict: ClassVar[str] = "not_identified"

    hedge: Hedge
    of: str

    def reason(self) -> str:
        """The hedge."""
        return f"{self.of} is not: hedge {self.hedge.text()}"

    def _parts(self) -> dict[str, Any]:
        return {"hedge": self.hedge.to_dict()}


@dataclass(frozen=True)
class RecantingWitness(Answer):
    """A node would have to hear two values of the treatment at once.

    Parameters
    ----------
    node : str
        The witness.
    direct, mediated : str
        A path through it past the mediators, and one through a mediator.
    """

    verdict: ClassVar[str] = "not_identified"

    node: str
    direct: str
    mediated: str

    def reason(self) -> str:
        """The witness and its paths."""
        return f"recanting witness {self.node}: it is on {self.direct} and on {self.mediated}"

    def _parts(self) -> dict[str, Any]:
        return {"recanting": {"nodes": [self.node], "direct": self.direct, "mediated": self.mediated, "hidden": None}}


@dataclass(frozen=True)
class RecantingDistrict(Answer):
    """Nodes that hidden causes connect would have to hear different values of the treatment.

    Parameters
    ----------
    nodes : tuple of str
        The district.
    direct, mediated : str
        A path through one of its nodes past the mediators, and one through another and a mediator.
    hidden : str
        What connects the two nodes.
    """

    verdict: ClassVar[str] = "not_identified"

    nodes: tuple[str, ...]
    direct: str
    mediated: str
    hidden: str

    def reason(self) -> str:
        """The district and its paths."""
        return (
            f"recanting district {{{', '.join(self.nodes)}}}: it is entered by {self.direct} and by {self.mediated}, "
            f"and hidden causes connect {self.hidden}"
        )

    def _parts(self) -> dict[str, Any]:
        return {
            "recanting": {
                "nodes": list(self.nodes),
                "direct": self.direct,
                "mediated": self.mediated,
                "hidden": self.hidden,
            }
        }


def _bare(text: str) -> str:
    """Take off brackets around the whole, which say nothing on a line of their own."""
    depth = 0
    for position, sign in enumerate(text):
        depth += (sign == "[") - (sign == "]")
        if depth == 0 and position < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("[") else text


def _formula(estimand: Expression) -> dict[str, str]:
    return {"text": estimand.text(), "latex": latex(estimand)}


@dataclass(frozen=True)
class Mediation:
    """How an effect splits into what runs through mediators and what does not.

    Parameters
    ----------
    do, on, mediators : tuple of str
        The question.
    reference : tuple of str
        The name of the reference value of each treatment.
    total, controlled, direct, indirect : Answer
        The total, controlled direct, natural direct and natural indirect effect.
    steps : tuple of Step
        How the nested counterfactual behind the natural effects was found; empty if it is not identifiable.
    graph : str
        The name of the graph.
    digest : str
        The digest of the graph.
    """

    do: tuple[str, ...]
    on: tuple[str, ...]
    mediators: tuple[str, ...]
    reference: tuple[str, ...]
    total: Answer
    controlled: Answer
    direct: Answer
    indirect: Answer
    steps: tuple[Step, ...] = ()
    graph: str = ""
    digest: str = ""

    @property
    def parts(self) -> dict[str, Answer]:
        """The four answers by name."""
        return {
            "total effect": self.total,
            "controlled direct effect": self.controlled,
            "natural direct effect": self.direct,
            "natural indirect effect": self.indirect,
        }

    def text(self) -> str:
        """Print on several lines, one for each effect."""
        head = f"effect of {', '.join(self.do)} on {', '.join(self.on)} through {', '.join(self.mediators)}"
        return "\n".join([head, *(f"{name}: {answer.text()}" for name, answer in self.parts.items())])

    def to_dict(self) -> dict[str, Any]:
        """Plain data.

        Returns
        -------
        dict
            ``graph``, ``digest``, ``query``, and one entry for each effect; see `Answer.to_dict`.
        """
        return {
            "graph": self.graph,
            "digest": self.digest,
            "query": {
                "do": list(self.do),
                "on": list(self.on),
                "mediators": list(self.mediators),
                "reference": list(self.reference),
            },
            **{name.replace(" ", "_"): answer.to_dict() for name, answer in self.parts.items()},
            "steps": [step.to_dict() for step in self.steps],
        }
