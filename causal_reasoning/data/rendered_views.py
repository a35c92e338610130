"""From a plan to rendered rows: the main view of all rows, and further views of the training rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.load import RunData
from causal_reasoning.data.rendering import Renderer, renderer_of
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder
from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.experiment import Experiment
from causal_reasoning.objective.baselines import BASELINES
from causal_reasoning.objective.loss import MAIN
from causal_reasoning.objective.plan import ObjectivePlan

_STREAM = 12


@dataclass(frozen=True)
class RenderedRows:
    """What a run trains on where its plan renders rows.

    Parameters
    ----------
    train, validation : Table
        The rows of the main view: rendered if the plan says so, else as they were.
    views : dict of str to list of Encoded
        Further views of the training rows.
    """

    train: Table
    validation: Table
    views: dict[str, list[Encoded]] = field(default_factory=dict)


def check_rendering(experiment: Experiment, plan: ObjectivePlan | None) -> Renderer | None:
    """Find the renderer that a plan needs and compare what it writes with what the graph says.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    plan : ObjectivePlan or None
        A compiled objective.

    Returns
    -------
    Renderer or None
        ``None`` where nothing is rendered.

    Raises
    ------
    NoValidPlanError
        If the rows cannot be rendered, or rendering writes other texts than the graph declares.
    """
    if plan is None:
        return None
    if not plan.renderings:
        if plan.baseline and BASELINES[plan.estimator].needs == "pairs":
            raise NoValidPlanError(
                f"'{plan.estimator}' needs a second rendering of every row, and the graph names no categorical column "
                "that is drawn anew in it: it has no adjustment set of such columns"
            )
        return None
    renderer = renderer_of(experiment)
    if isinstance(renderer, str):
        raise NoValidPlanError(f"'{plan.estimator}' needs every row's text written anew, but {renderer}")
    if plan.strata is not None:
        raise NoValidPlanError(
            f"'{plan.estimator}' shows the stratum before the prompt, and a second rendering has another stratum; "
            "leave one of the two out"
        )
    for model in plan.renderings:
        written = set(renderer.writes(model.columns))
        drawn = ", ".join(model.columns)
        if missing := sorted(set(model.texts) - written):
            raise NoValidPlanError(
                f"the graph says that '{missing[0]}' is rendered by {drawn}, but no template does it"
            )
        if undeclared := sorted(written & set(experiment.read) - set(model.texts)) if model.texts else []:
            raise NoValidPlanError(
                f"with another {drawn} the text '{undeclared[0]}' is written anew too, which the graph does not say; "
                f"add 'rendered_by' to its binding"
            )
    return renderer


def rendered_table(plan: ObjectivePlan, renderer: Renderer, table: Table, view: str, seed: int) -> Table:
    """Rows as a view shows them.

    Parameters
    ----------
    plan : ObjectivePlan
        Says which nodes a view draws anew; a view that it does not name shows the rows as they are.
    renderer : Renderer
        Writes texts anew.
    table : Table
        N rows.
    view : str
        The view.
    seed : int
        The same seed gives the same rows; each view has draws of its own.
    """
    for number, model in enumerate(plan.renderings):
        if view in model.views:
            rng = np.random.default_rng([seed, _STREAM, number, model.views.index(view), len(table)])
            table = renderer.render(table, model.columns, rng)
    return table


def counterfactual_view(
    plan: ObjectivePlan, renderer: Renderer, table: Table, encoder: Encoder, seed: int
) -> dict[str, list[Encoded]]:
    """Encode rendered rows once for each view that a plan asks for, beside the main one.

    Parameters
    ----------
    plan : ObjectivePlan
        A plan by rendering or matching, a baseline that needs counterfactual pairs, or one with a paired penalty.
    renderer : Renderer
        What `check_rendering` found.
    table : Table
        N training rows as recorded.
    encoder : Encoder
        How rows become tokens.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to list of Encoded
        For instance ``"counterfactual"``: N entries, with the same answers as the rows.

    Raises
    ------
    InputError
        If an answer's tokens depend on what is read.
    """
    names = dict.fromkeys(view for model in plan.renderings for view in model.views if view != MAIN)
    found: dict[str, list[Encoded]] = {}
    own = encoder(table) if names else []
    for name in names:
        shown = rendered_table(plan, renderer, table, name, seed)
        found[name] = encoder(shown)
        for i, (one, other) in enumerate(zip(own, found[name], strict=True)):
            if one.target != other.target:
                message = (
                    f"the tokens of the answer in row {i + 1} depend on how the question is put; let the prompt end in "
                    "a line break, so that no token spans prompt and answer"
                )
                raise InputError([table.fault(i, message)])
    return found


def render_rows(
    experiment: Experiment, plan: ObjectivePlan | None, data: RunData, encoder: Encoder, seed: int
) -> RenderedRows:
    """Everything that a run needs of rendering; without any, the rows as they are.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    plan : ObjectivePlan or None
        The compiled objective.
    data : RunData
        The rows.
    encoder : Encoder
        How rows become tokens.
    seed : int
        Seed of the run.

    Raises
    ------
    NoValidPlanError, InputError
        As `check_rendering` and `counterfactual_view`.
    """
    renderer = check_rendering(experiment, plan)
    if plan is None or renderer is None:
        return RenderedRows(data.train, data.validation)
    return RenderedRows(
        rendered_table(plan, renderer, data.train, MAIN, seed),
        rendered_table(plan, renderer, data.validation, MAIN, seed),
        counterfactual_view(plan, renderer, data.train, encoder, seed),
    )
