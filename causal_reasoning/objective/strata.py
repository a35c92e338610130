"""Strata of an adjustment set: how a model is told which one it is in, and how probable each is.

A plan by standardization fits p_θ(y | x, z) on rows that show z as control text with the prompt, and answers with
an average over z. The control text stands behind the prompt unless the graph file says otherwise: the prompt is then
computed once for all strata. Everything here is free of torch: the plan says what is shown and how answers are
averaged, `fit_strata` counts P(z) on the training rows, and the rest is encoding.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.files.templates import TemplateError, fields_of, fill

CONTROL = "[{name}: {value}]\n"
"""Control text of one node of the adjustment set, a line of its own. Several nodes follow each other, sorted."""

MOST_STRATA = 64
"""Strata that an exact sum goes through at most: each costs a forward pass in use."""

MOST_DISTILLED = 16
"""Strata that distillation goes through at most: each costs a forward pass in every training step."""

FEW_ROWS_IN_STRATUM = 10

Values = tuple[str, ...]
Place = Literal["before", "after"]
Answer = Literal["sum", "draws", "geometric_mean", "mean_embedding", "plain"]
"""How the model answers: log Σ_z P(z) p(y | x, z); the same with strata drawn from P(z); the normalised geometric mean
of p(next token | z) with exponents P(z); in one pass, shown the mean over P(z) of the control texts' embeddings; or
without control text, like any other model."""


@dataclass(frozen=True)
class StratumModel:
    r"""An adjustment set whose values are shown to the model as control text.

    Parameters
    ----------
    nodes, columns : tuple of str
        The set z, sorted, and the columns that hold it.
    answer : str
        How an answer is made of the strata; see `Answer`.
    control : str
        Template of the control text of one node, with the fields ``{name}`` and ``{value}``.
    draws : int
        Strata drawn per row where the answer is made of draws.
    most : int
        The largest number of strata; more are refused.
    accept_poor_overlap : bool
        Go on where the text of the treatment gives the stratum away.
    place : "before" or "after"
        Where the control text stands: before the prompt, or behind it, so that all strata share the prompt.
    slots : tuple of str
        Slots whose part the stratum chooses, in the place of a control text: the adapter then sums by itself.

    Raises
    ------
    InputError
        For a template that does not show the value, or has other fields.

    Examples
    --------
    >>> StratumModel(("source", "year"), ("source", "year"), "sum").text(("a", "2020"))
    '[source: a]\n[year: 2020]\n'
    """

    nodes: tuple[str, ...]
    columns: tuple[str, ...]
    answer: Answer
    control: str = CONTROL
    draws: int = 0
    most: int = MOST_STRATA
    accept_poor_overlap: bool = False
    place: Place = "after"
    slots: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            found = set(fields_of(self.control))
        except TemplateError as error:
            raise InputError.at("objective", f"the template of the control text has {error}") from error
        if "value" not in found or not found <= {"name", "value"}:
            raise InputError.at(
                "objective",
                f"the template of the control text, '{self.control}', must have the field {{value}} and may have "
                "{name}; write for instance '[{name}: {value}]'",
            )

    def text(self, values: Values) -> str:
        """The control text of a stratum."""
        pairs = zip(self.nodes, values, strict=True)
        return "".join(fill(self.control, {"name": name, "value": value}) for name, value in pairs)

    def shown(self) -> str:
        """The control text and its place in words: ``'[source: …]' behind the prompt``."""
        if self.slots:
            return f"a part of its own in {', '.join(self.slots)}"
        text = " ".join(self.text(tuple("…" for _ in self.nodes)).split())
        return f"'{text}' {'before' if self.place == 'before' else 'behind'} the prompt"

    def rows(self, columns: Mapping[str, Sequence[str]]) -> list[Values]:
        """The stratum of each row."""
        return list(zip(*(columns[name] for name in self.columns), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "nodes": list(self.nodes),
            "columns": list(self.columns),
            "answer": self.answer,
            "control": self.control,
            "draws": self.draws,
            "most": self.most,
            "accept_poor_overlap": self.accept_poor_overlap,
            "place": self.place,
            **({"slots": list(self.slots)} if self.slots else {}),
        }


@dataclass(frozen=True)
class View:
    """A further encoding of the training rows that a loss asks for by name: the same rows with another prompt.

    Parameters
    ----------
    name : str
        Its name for the loss; see `causal_reasoning.objective.loss.Step`.
    shows : "nothing" or "others"
        No control text; or that of every stratum but the row's own, in sorted order: K − 1 encodings with the names
        ``NAME 0``, ``NAME 1``, and so on. The main encoding shows the row's own stratum.
    """

    name: str
    shows: Literal["nothing", "others"]

    def to_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return {"name": self.name, "shows": self.shows}


@dataclass(frozen=True)
class FittedStrata:
    """The strata of the training rows with their frequencies.

    Parameters
    ----------
    model : StratumModel
        What the strata are.
    values : tuple of tuple of str
        All strata, sorted.
    probabilities : tuple of float
        P(z), all positive.
    warnings : tuple of str
        Sentences for the user; often none.
    """

    model: StratumModel
    values: tuple[Values, ...]
    probabilities: tuple[float, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def log_probabilities(self) -> NDArray[np.float64]:
        """Log P(z), in nats."""
        return np.asarray(np.log(np.array(self.probabilities)))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what `from_dict` reads back."""
        return {
            **self.model.to_dict(),
            "strata": [
                {"values": list(z), "probability": p} for z, p in zip(self.values, self.probabilities, strict=True)
            ],
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, data: Any, source: str) -> FittedStrata:
        """Read what `to_dict` wrote.

        Parameters
        ----------
        data : Any
            Plain data.
        source : str
            Where it comes from, for messages.

        Raises
        ------
        InputError
            If it is something else.
        """
        try:
            answer = data["answer"]
            if answer not in get_args(Answer):
                raise ValueError(f"there is no answer '{answer}'")
            place = data.get("place", "before")
            if place not in get_args(Place):
                raise ValueError(f"there is no place '{place}'")
            model = StratumModel(
                nodes=tuple(str(n) for n in data["nodes"]),
                columns=tuple(str(c) for c in data["columns"]),
                answer=answer,
                control=str(data["control"]),
                draws=int(data["draws"]),
                most=int(data["most"]),
                accept_poor_overlap=bool(data["accept_poor_overlap"]),
                # Records from before there was a choice had it before the prompt.
                place=place,
                slots=tuple(str(s) for s in data.get("slots", ())),
            )
            values = tuple(tuple(str(v) for v in stratum["values"]) for stratum in data["strata"])
            probabilities = tuple(float(stratum["probability"]) for stratum in data["strata"])
            if len(model.nodes) != len(model.columns) or any(len(z) != len(model.nodes) for z in values):
                raise ValueError("nodes, columns and values differ in number")
            if not all(p > 0 for p in probabilities) or not math.isclose(math.fsum(probabilities), 1, abs_tol=1e-6):
                raise ValueError("the probabilities of the strata are not positive numbers that sum to 1")
        except (KeyError, TypeError, ValueError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise InputError.at(source, f"the record of the strata cannot be read: {reason}; train again") from error
        return cls(model, values, probabilities)


def fit_strata(model: StratumModel, columns: Mapping[str, Sequence[str]]) -> FittedStrata:
    """Estimate P(z) by relative frequencies.

    Parameters
    ----------
    model : StratumModel
        What the strata are.
    columns : mapping of str to sequence of str
        The training columns, each with N values.

    Returns
    -------
    FittedStrata
        The strata that occur, sorted.

    Raises
    ------
    NoValidPlanError
        If there are more strata than the model takes.

    Examples
    --------
    >>> fit_strata(StratumModel(("z",), ("z",), "sum"), {"z": list("abbb")}).probabilities
    (0.25, 0.75)
    """
    counts = Counter(model.rows(columns))
    names = ", ".join(model.nodes)
    if len(counts) > model.most:
        instead = "" if model.answer == "draws" else ", or use the estimator 'monte_carlo', which draws a few"
        cost = "a training step" if model.answer == "plain" else "an answer"
        raise NoValidPlanError(
            f"{names} {'has' if len(model.nodes) == 1 else 'have'} {len(counts):,} strata in the training rows, and "
            f"{cost} takes a forward pass for each: at most {model.most} are allowed; merge values{instead}"
        )
    total = sum(counts.values())
    values = tuple(sorted(counts))
    thin = [z for z in values if counts[z] < FEW_ROWS_IN_STRATUM]
    warnings = []
    if len(values) == 1:
        warnings.append(
            f"all training rows have {_shown(model, values[0])}: there is nothing to average over, and what the graph "
            "calls a confounder does not vary"
        )
    if thin:
        least = min(thin, key=lambda z: (counts[z], z))
        warnings.append(
            f"{len(thin)} of {len(values)} strata hold fewer than {FEW_ROWS_IN_STRATUM} rows (the smallest: "
            f"{_shown(model, least)} with {counts[least]}): what the model says there is a guess"
        )
    return FittedStrata(model, values, tuple(counts[z] / total for z in values), tuple(warnings))


def _shown(model: StratumModel, values: Values) -> str:
    return ", ".join(f"{name} = '{value}'" for name, value in zip(model.nodes, values, strict=True))
