"""A loss with penalties: any objective, plus strength times dependence, with what keeps representations alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from causal_reasoning.graph.representations import State
from causal_reasoning.graph.slots import TokenSlotSpec
from causal_reasoning.graph.spec import HiddenState
from causal_reasoning.objective.loss import MAIN, Array, Equipped, Loss, Needs, Step
from causal_reasoning.objective.penalties.plan import PenaltyPlan
from causal_reasoning.objective.penalties.statistics import TINY, indicators, rows_with_company

SLOT_SHARE = 0.01
"""Share of the squared length of what frozen layers add that a slot is compared with."""


@dataclass(frozen=True)
class PenalisedLoss:
    """L(θ) + Σ strength · (penalty + collapse).

    A penalty alone is smallest for a representation that is switched off. So each comes with a second part,

        collapse = max(0, 1 − activity / (floor · activity in the first batch)),

    which is zero as long as the representation is about as active as the model had it before training, and grows to
    one as it dies; see `Penalty.activity` for what counts. A slot adds nothing at first, so it is compared with a
    hundredth of the squared length of what the frozen layers add at the same places. Penalties of the default kinds are
    between 0 and 1 too.

    Parameters
    ----------
    base : Loss
        The objective.
    penalties : tuple of PenaltyPlan
        What is added.
    groups : tuple of str
        The columns whose combinations ``step.group`` numbers; labels of other columns are asked from ``step.label``.

    Notes
    -----
    A call logs the base loss as ``unpenalised``, each penalty under its name, and under ``NAME.collapse``,
    ``NAME.rows`` (the share of rows whose group has company in the batch, where there are groups) and, for some
    kinds, further notes. The first activities are kept in ``step.memory``, hence in checkpoints.
    """

    base: Loss
    penalties: tuple[PenaltyPlan, ...]
    groups: tuple[str, ...] = ()

    @property
    def needs_whole_batch(self) -> bool:
        """Whether gradients of micro-batches do not add up to that of the batch: penalties are batch statistics."""
        return bool(self.penalties) or bool(getattr(self.base, "needs_whole_batch", False))

    def needs(self) -> Needs:
        """What the base loss needs of the training loop; penalties need nothing more."""
        return self.base.needs() if isinstance(self.base, Equipped) else Needs()

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The parts of the loss of one batch; see the class."""
        # Before the base loss: a step that is asked for hidden states first computes them with the scores in one pass.
        measured = [(plan, *self._measure(plan, step)) for plan in self.penalties]
        parts = dict(self.base(step))
        logged = {"unpenalised": parts["loss"], **parts}
        for plan, value, collapse, notes in measured:
            logged["loss"] = logged["loss"] + plan.strength * (value + collapse)
            logged[plan.name] = value
            logged[f"{plan.name}.collapse"] = collapse
            logged.update({f"{plan.name}.{name}": note for name, note in notes.items()})
        return logged

    def _measure(self, plan: PenaltyPlan, step: Step) -> tuple[Array, Array, dict[str, Array]]:
        """The penalty, the collapse, and what else is logged."""
        read = [
            self._read(name, state, step, MAIN) for name, state in zip(plan.representations, plan.states, strict=True)
        ]
        values = [value for value, _ in read]
        active = list(zip(values, (beside for _, beside in read), strict=True))
        label = self._label(plan.given_columns, step) if plan.given_columns else None
        if plan.view:
            values.append(self._read(plan.representations[0], plan.states[0], step, plan.view)[0])
        elif plan.against_columns:
            values.append(indicators(self._label(plan.against_columns, step), values[0]))
        first, second = values[0], values[1] if len(values) > 1 else None
        value = plan.penalty(first, second, label)
        notes = dict(plan.penalty.notes(first, second))
        if label is not None:
            notes["rows"] = value.detach() * 0 + rows_with_company(label, len(first))
        return value, self._collapse(plan, active, label, step), notes

    @staticmethod
    def _read(name: str, state: State, step: Step, view: str) -> tuple[Array, Array | None]:
        """A representation, and for a slot what the frozen layers add beside it."""
        if isinstance(state, HiddenState):
            return step.representation(state.layer, state.pool, view), None
        tokens = state.measured if isinstance(state, TokenSlotSpec) else ()
        value, beside = step.contribution(name, tokens, state.measured_layers or 0, state.pool, view)
        return value, beside

    def _collapse(
        self, plan: PenaltyPlan, values: Sequence[tuple[Array, Array | None]], label: Array | None, step: Step
    ) -> Array:
        total = 0 * values[0][0].sum()
        for name, (each, beside) in zip(plan.representations, values, strict=True):
            activity = plan.penalty.activity(each, label)
            if beside is not None:
                reference = SLOT_SHARE * (beside * beside).sum(-1).mean()
                share = activity / (plan.floor * reference + TINY)
                total = total + (1 - share).clamp(min=0) * (plan.floor > 0)
                continue
            key = f"{plan.name}.activity.{name}"
            before = step.memory.get(key, 0 * activity.detach())
            # A first batch that shows no activity, such as one of a single row, is no reference.
            first = before + (before <= TINY) * activity.detach()
            step.memory[key] = first
            share = activity / (plan.floor * first + TINY)
            total = total + (1 - share).clamp(min=0) * (first > TINY) * (plan.floor > 0)
        return total / len(values)

    def _label(self, columns: tuple[str, ...], step: Step) -> Array:
        if columns == self.groups:
            return step.group
        return step.label(columns)


def with_penalties(loss: Loss, plans: Sequence[PenaltyPlan], groups: tuple[str, ...] = ()) -> Loss:
    """Add penalties to a loss; without any the loss is returned as it is.

    Parameters
    ----------
    loss : Loss
        The objective.
    plans : sequence of PenaltyPlan
        What `plan_penalties` returned.
    groups : tuple of str
        The columns that ``step.group`` numbers: ``groups`` of the objective plan.

    Raises
    ------
    ValueError
        If two penalties have one name.
    """
    if not plans:
        return loss
    names = [plan.name for plan in plans]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two penalties are called '{twice}'; each needs a name of its own")
    return PenalisedLoss(loss, tuple(plans), groups)


def label_columns(plans: Sequence[PenaltyPlan]) -> tuple[tuple[str, ...], ...]:
    """The combinations of columns that a step must know as labels, sorted."""
    return tuple(sorted({c for plan in plans for c in (plan.given_columns, plan.against_columns) if c}))


def accumulation_refusal(loss: Loss, gradient_accumulation: int, batch_size: int) -> str | None:
    """Say why a loss cannot be trained with gradient accumulation, in one sentence; ``None`` if it can.

    Parameters
    ----------
    loss : Loss
        Any loss; one whose ``needs_whole_batch`` is true is refused.
    gradient_accumulation : int
        Micro-batches in a step.
    batch_size : int
        Rows of a micro-batch.

    Examples
    --------
    >>> from causal_reasoning.objective.loss import WeightedLikelihood
    >>> accumulation_refusal(WeightedLikelihood(), 4, 8) is None
    True
    """
    if gradient_accumulation <= 1 or not getattr(loss, "needs_whole_batch", False):
        return None
    named = ", ".join(plan.name for plan in getattr(loss, "penalties", ())) or "the loss"
    return (
        f"{named} is a statistic of a whole batch, and gradient_accumulation = {gradient_accumulation} would take it "
        f"of micro-batches of {batch_size} rows; set training.gradient_accumulation to 1 and training.batch_size to "
        f"{gradient_accumulation * batch_size}"
    )
