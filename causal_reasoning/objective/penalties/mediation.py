"""Penalties on what is written after a rationale: plans with their licence from the graph, and the loss with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.spec import MediationKind, PenaltySpec
from causal_reasoning.objective.loss import Array, Equipped, Loss, Needs, Step
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.penalties.agreement import Agreement
from causal_reasoning.objective.penalties.implied import mediated_statement
from causal_reasoning.objective.penalties.sensitivity import Sensitivity
from causal_reasoning.objective.text_views import HIDDEN, HiddenTexts, SwappedText, TextView

if TYPE_CHECKING:
    from causal_reasoning.objective.plan import ObjectivePlan, Term

MARGIN = 1.0


@dataclass(frozen=True)
class MediationPlan:
    """One penalty on what is written after a rationale.

    Parameters
    ----------
    name : str
        The key in the training log.
    kind : "agreement" or "sensitivity"
        What is measured.
    strength : float
        Factor of the penalty in the loss.
    statement : str
        What it makes true.
    formula, latex : str
        The measure as plain text and as LaTeX.
    because : str
        The reason, from the graph.
    implied : bool
        Whether the graph implies it.
    penalty : Agreement or Sensitivity
        What computes it.
    view : HiddenTexts or SwappedText
        The second view of each row.
    """

    name: str
    kind: MediationKind
    strength: float
    statement: str
    formula: str
    latex: str
    because: str
    implied: bool
    penalty: Agreement | Sensitivity
    view: TextView

    @property
    def note(self) -> str:
        """What it costs where it moves the minimiser; empty where the likelihood has the same one."""
        if isinstance(self.penalty, Sensitivity):
            return f"{self.name} pulls answers apart where two rationales rightly give them about the same probability"
        return "" if self.implied else f"{self.name} is not implied by the graph and moves the minimiser"

    def term(self) -> Term:
        """As one part of the loss."""
        from causal_reasoning.objective.plan import Term

        return Term(self.name, "penalty", self.formula, self.latex, f"{self.statement}: {self.because}", self.strength)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the keys that penalties on representations have too."""
        return {
            "name": self.name,
            "kind": self.kind,
            "statement": self.statement,
            "representations": [],
            "strength": self.strength,
            "formula": self.formula,
            "latex": self.latex,
            "because": self.because,
            "implied": self.implied,
            "view": self.view.to_dict(),
        }


@dataclass(frozen=True)
class MediatedLoss:
    """L(θ) + Σ strength · penalty, of penalties on what is written after a rationale.

    A call logs the base loss as ``unpenalised`` and each penalty under its name. Every penalty is a mean over rows and
    finite in every batch, one row included.

    Parameters
    ----------
    base : Loss
        The objective.
    plans : tuple of MediationPlan
        What is added.
    """

    base: Loss
    plans: tuple[MediationPlan, ...]

    @property
    def needs_whole_batch(self) -> bool:
        """Whether gradients of micro-batches do not add up to that of the batch; so it is for some base losses."""
        return bool(getattr(self.base, "needs_whole_batch", False))

    def needs(self) -> Needs:
        """What the base loss needs of the training loop; penalties need nothing more."""
        return self.base.needs() if isinstance(self.base, Equipped) else Needs()

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The parts of the loss of one batch; see the class."""
        parts = dict(self.base(step))
        logged = {"unpenalised": parts["loss"], **parts}
        for plan in self.plans:
            value = plan.penalty(step)
            logged["loss"] = logged["loss"] + plan.strength * value
            logged[plan.name] = value.detach()
            logged.update({f"{plan.name}.{name}": note for name, note in plan.penalty.notes(step).items()})
        return logged


def plan_mediation(graph: AssumptionGraph) -> tuple[MediationPlan, ...]:
    """Plan the penalties on what is written after a rationale that a graph file names.

    They are never added unasked, as each costs a forward pass: where the graph implies agreement, likelihood has it
    too, given enough rows.

    Parameters
    ----------
    graph : AssumptionGraph
        With ``objective.penalties``, checked by the reader.

    Returns
    -------
    tuple of MediationPlan
        In the order of the file.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> [(plan.statement, plan.implied) for plan in plan_mediation(load_graph("chain_of_thought"))][0]
    ('answer ⊥ question | rationale', True)
    """
    found = []
    for name, spec in graph.objective.named_penalties.items():
        kind = spec.kind or name
        if kind in get_args(MediationKind):
            found.append(_agreement(graph, name, spec) if kind == "agreement" else _sensitivity(graph, name, spec))
    return tuple(found)


def with_mediation(graph: AssumptionGraph, plan: ObjectivePlan) -> ObjectivePlan:
    """Add these penalties to a plan."""
    views, added = list(plan.text_views), []
    for one in plan_mediation(graph):
        other = next((view for view in views if view.name == one.view.name and view != one.view), None)
        if other is not None:  # the same name for another text
            view = replace(one.view, name=f"{one.view.name} for {one.name}")
            one = replace(one, view=view, penalty=replace(one.penalty, view=view.name))
        if one.view not in views:
            views.append(one.view)
        added.append(one)
    if not added:
        return plan
    shown = "".join(f" + {p.strength:g} · {p.name}" for p in added)
    shown_latex = "".join(rf" + {p.strength:g}\,\mathrm{{{p.name}}}".replace("_", r"\_") for p in added)
    loss, comma, rest = plan.formula.partition(",  w = ")
    before, quad, after = plan.latex.partition(r",\quad w = ")
    passes = len(views) - len(plan.text_views)
    return replace(
        plan,
        loss=MediatedLoss(plan.loss, tuple(added)),
        formula=f"{loss}{shown}{comma}{rest}",
        latex=f"{before}{shown_latex}{quad}{after}",
        terms=plan.terms + tuple(one.term() for one in added),
        forward_passes=replace(plan.forward_passes, train=plan.forward_passes.train + passes),
        approximate="; ".join(part for part in (plan.approximate, *(one.note for one in added)) if part),
        text_views=tuple(views),
        mediation=tuple(added),
    )


def _agreement(graph: AssumptionGraph, name: str, spec: PenaltySpec) -> MediationPlan:
    found = mediated_statement(graph, spec.against)
    (a,), against, r = found.statement.a, found.statement.b, graph.query.write[:-1]
    rest = tuple(n for n in graph.query.read if n not in against)
    shown, hidden = (*against, *rest, *r), (*rest, *r)
    one, other = f"p_θ({a} | {listed(shown)})", f"p_θ({a} | {listed(hidden)})"
    tex, tex_other = (rf"p_\theta({latex_names((a,))} \mid {latex_names(given)})" for given in (shown, hidden))
    columns = tuple(graph.column(node) for node in against)
    return MediationPlan(
        name=name,
        kind="agreement",
        strength=spec.strength,
        statement=found.statement.text(),
        formula=f"J( {one}, {other} )",
        latex=rf"\mathrm{{J}}\left( {tex}, {tex_other} \right)",
        because=found.because,
        implied=bool(found.kinds),
        penalty=Agreement(HIDDEN, len(graph.query.write) - 1),
        view=HiddenTexts(tuple(against), columns, graph.objective.mask),
    )


def _sensitivity(graph: AssumptionGraph, name: str, spec: PenaltySpec) -> MediationPlan:
    *before, a = graph.query.write
    r, margin = before[-1], spec.margin or MARGIN
    given = listed(graph.query.read)
    acts = r in graph.causal.ancestors(a)
    because = (
        f"{r} is a cause of {a}, so another {r} should lead to another {a}"
        if acts
        else f"not implied by the graph, in which {r} is no cause of {a}; asked for by name"
    )
    own, other = f"log p_θ({a} | {given}, {r})", f"log p_θ({a} | {given}, {r}′)"
    tex, tex_given = latex_names((a,)), latex_names((*graph.query.read, r))
    view = SwappedText(r, graph.column(r), graph.column(a))
    return MediationPlan(
        name=name,
        kind="sensitivity",
        strength=spec.strength,
        statement=f"{a} depends on {r}",
        formula=f"max( 0, {margin:g} − [{own} − {other}] )",
        latex=rf"\max\left( 0, {margin:g} - \left[ \log p_\theta({tex} \mid {tex_given}) - "
        rf"\log p_\theta({tex} \mid {tex_given}') \right] \right)",
        because=because,
        implied=acts,
        penalty=Sensitivity(view.name, len(graph.query.write) - 1, margin),
        view=view,
    )
