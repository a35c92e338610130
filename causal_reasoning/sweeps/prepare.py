"""What is known before training: the derivation of an arm, and how far the data carry it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from causal_reasoning.data.checks import check_lengths
from causal_reasoning.data.environment import check_policy, with_split
from causal_reasoning.data.load import RunData, load_data
from causal_reasoning.data.rendered_views import check_rendering, render_rows
from causal_reasoning.data.rows import Finding
from causal_reasoning.data.text_overlap import TextOverlap, text_overlap
from causal_reasoning.data.text_views import encode_text_views
from causal_reasoning.data.views import Encoder, prompts
from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.experiment import Arm, Experiment
from causal_reasoning.objective import Derivation, ObjectivePlan, derive
from causal_reasoning.objective.questions import DrawnQuestions, draw_questions
from causal_reasoning.objective.strata import FittedStrata, fit_strata
from causal_reasoning.training.adapters import check_adapter, objective_refusal
from causal_reasoning.training.embeddings import embedder
from causal_reasoning.training.weighting import RowWeights, row_weights


@dataclass(frozen=True)
class Prepared:
    """What is known before training: the derivation and how far the data carry it.

    Parameters
    ----------
    arm : Arm
        The arm.
    derivation : Derivation or None
        The compiled objective; ``None`` for the base and the ceiling.
    weights : RowWeights
        Weights of the training and validation rows.
    strata : FittedStrata or None
        The strata that the model is shown, for a plan by standardization.
    text_overlap : TextOverlap or None
        How far these can be read off the text that is the treatment.
    findings : tuple of Finding
        What a look at the rows has shown.
    questions : DrawnQuestions or None
        The questions that answers are averaged over, for a plan that does so.
    """

    arm: Arm
    derivation: Derivation | None
    weights: RowWeights
    strata: FittedStrata | None = None
    text_overlap: TextOverlap | None = None
    findings: tuple[Finding, ...] = ()
    questions: DrawnQuestions | None = None

    @property
    def overlap(self) -> dict[str, Any] | None:
        """The overlap report of the weights as plain data; ``None`` when all are one."""
        return self.weights.overlap.to_dict() if self.weights.overlap else None

    @property
    def strata_record(self) -> dict[str, Any] | None:
        """The strata as plain data, with their overlap; ``None`` where none are shown."""
        if self.strata is None or self.text_overlap is None:
            return None
        found = self.strata.to_dict()
        warned = [*found["warnings"], *self.text_overlap.warnings]
        return {**found, "warnings": warned, "text_overlap": self.text_overlap.to_dict()}


def prepare(experiment: Experiment, arm: Arm, seed: int, data: RunData | None = None) -> Prepared:
    """Compile an arm and estimate its weights, without training anything.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    arm : Arm
        The arm.
    seed : int
        Seed of the data.
    data : RunData, optional
        The rows, if they are loaded already.

    Returns
    -------
    Prepared
        Derivation and weights.

    Raises
    ------
    CausalReasoningError
        If the query is not identified, no plan is valid, or the data are faulty.
    """
    derivation = derive(arm.graph) if arm.graph is not None else None
    if data is None:
        data = load_data(
            experiment,
            seed,
            interventional=arm.kind == "ceiling",
            embed=embedder(experiment.spec.model, folder=experiment.folder),
        )
    graph = with_split(arm.graph, experiment, data.splits) if arm.graph is not None else None
    if graph is not None:
        derivation = derive(graph)  # again, with the policy that the rows tell
        check_policy(graph, data.train)
    plan = derivation.plan if derivation else None
    _check_adapter(experiment, arm, plan)
    check_rendering(experiment, plan)
    embed = embedder(experiment.spec.model, folder=experiment.folder)
    weights = row_weights(plan, data.train, data.validation, embed)
    questions = draw_questions(plan.questions, data.train.columns, seed) if plan and plan.questions else None
    strata, overlap = _strata(experiment, plan, data)
    return Prepared(arm, derivation, weights, strata, overlap, findings=data.findings, questions=questions)


def _strata(
    experiment: Experiment, plan: ObjectivePlan | None, data: RunData
) -> tuple[FittedStrata | None, TextOverlap | None]:
    """Count the strata of a plan on the training rows, and see whether the text gives them away."""
    if plan is None or plan.strata is None:
        return None, None
    model = plan.strata
    try:
        fitted = fit_strata(model, data.train.columns)
        overlap = text_overlap(prompts(data.train, experiment.spec.prompt), model.rows(data.train.columns))
        overlap.require(", ".join(model.nodes), accept=model.accept_poor_overlap)
    except NoValidPlanError as error:
        raise NoValidPlanError(f"{data.train.source}: {error}") from error
    return fitted, overlap


def _check_adapter(experiment: Experiment, arm: Arm, plan: ObjectivePlan | None) -> None:
    """Refuse an objective that cannot be used with what the arm trains."""
    if plan is None:
        return
    answer = plan.strata.answer if plan.strata else None
    refusal = objective_refusal(experiment.adapter(arm), plan.loss, answer)
    if refusal:
        raise experiment.document.error(experiment.adapter_place(arm), f"{arm.name}: {refusal}")


def check_rows(experiment: Experiment, seed: int) -> None:
    """Tokenise all rows of a seed and look at the model, so that what does not fit is found before anything is trained.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    seed : int
        Seed of the data.

    Raises
    ------
    InputError
        If the model's tokenizer cannot be loaded, the model cannot have an arm's adapter, a row, as it is or as an
        objective renders it, is longer than ``training.max_length`` tokens, or an answer from a file is longer than
        ``evaluation.max_new_tokens``.
    """
    from causal_reasoning.training.model import load_tokenizer

    tokenizer = load_tokenizer(experiment.spec.model, folder=experiment.folder)
    encoder = Encoder.of(experiment, tokenizer)
    data = load_data(experiment, seed, embed=embedder(experiment.spec.model, folder=experiment.folder))
    _check_adapters(experiment)
    plans = [derive(arm.graph).plan for arm in experiment.arms if arm.graph is not None]
    shown = [fit_strata(plan.strata, data.train.columns) for plan in plans if plan.strata is not None]
    for table in (data.train, data.validation, *(split.table for split in data.splits)):
        encoder(table)
        for strata in shown:
            encoder.longest(strata, table)
    check_lengths(experiment, data, encoder)
    for views in dict.fromkeys(plan.text_views for plan in plans if plan.text_views):
        for table in (data.train, data.validation):
            encode_text_views(views, table, encoder, seed)
    for plan in {plan.renderings: plan for plan in plans if plan.renderings}.values():
        _check_rendered(experiment, plan, data, encoder, seed)


def _check_adapters(experiment: Experiment) -> None:
    """See whether the model can have what the arms train."""
    trained = {experiment.adapter(arm).model_dump_json(): arm for arm in experiment.arms if arm.kind != "base"}
    for arm in trained.values():
        if experiment.adapter(arm).kind == "slots":
            continue  # told by the graph's own file when it is attached
        try:
            check_adapter(experiment.spec.model, experiment.adapter(arm), folder=experiment.folder)
        except InputError as error:
            place = experiment.adapter_place(arm)
            raise InputError(
                experiment.document.fault((*place, *f.file.split(".")[1:]), f.message) for f in error.faults
            ) from error


def _check_rendered(experiment: Experiment, plan: ObjectivePlan, data: RunData, encoder: Encoder, seed: int) -> None:
    """Tokenise rows as an objective renders them, with the draws of this seed."""
    try:
        rendered = render_rows(experiment, plan, data, encoder, seed)
        encoder(rendered.train)
        encoder(rendered.validation)
    except InputError as error:
        drawn = ", ".join(dict.fromkeys(name for model in plan.renderings for name in model.columns))
        raise InputError(
            replace(fault, message=f"rendered anew for another {drawn}, {fault.message}") for fault in error.faults
        ) from error
