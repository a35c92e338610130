"""Rows as an arm would train on them, with its weights and a report on the data; nothing is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from causal_reasoning.data.examples import Example, examples
from causal_reasoning.data.load import load_data
from causal_reasoning.data.rendered_views import check_rendering, rendered_table
from causal_reasoning.data.report import DataReport, data_report
from causal_reasoning.data.table import Table, not_categorical
from causal_reasoning.data.views import Encoder
from causal_reasoning.errors import CausalReasoningError, InputError
from causal_reasoning.experiment import Arm, Experiment
from causal_reasoning.objective.loss import MAIN
from causal_reasoning.sweeps.prepare import Prepared, prepare
from causal_reasoning.training.embeddings import embedder

_UNBOUNDED = 1 << 30


@dataclass(frozen=True)
class Preview:
    """What `preview` found.

    Parameters
    ----------
    experiment, arm : str
        Names.
    seed : int
        Seed of the rows.
    formula : str
        What the arm minimises; empty for the base, the ceiling and a refused arm.
    examples : tuple of Example
        Rows of the training part.
    report : DataReport
        What all rows are like.
    overlap : tuple of str
        How far the data carry the arm's weights.
    warnings : tuple of str
        What might be wrong with the rows or the weights.
    refusal : CausalReasoningError or None
        Why the arm cannot be trained, where its query is not identified or its plan does not hold on these rows.
    """

    experiment: str
    arm: str
    seed: int
    formula: str
    examples: tuple[Example, ...]
    report: DataReport
    overlap: tuple[str, ...]
    warnings: tuple[str, ...]
    refusal: CausalReasoningError | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "experiment": self.experiment,
            "arm": self.arm,
            "seed": self.seed,
            "formula": self.formula,
            "examples": [asdict(example) for example in self.examples],
            "report": self.report.to_dict(),
            "overlap": list(self.overlap),
            "warnings": list(self.warnings),
            "refused": None if self.refusal is None else str(self.refusal),
        }


def preview(experiment: Experiment, arm: Arm, seed: int, rows: int = 3) -> Preview:
    """Look at the rows of an arm without training anything.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    arm : Arm
        Whose rows and weights.
    seed : int
        Seed of the rows.
    rows : int
        Training rows to show, taken at even distances.

    Returns
    -------
    Preview
        Examples, report and weights. Rows that nothing should be trained on, and plans that do not hold on them, are
        part of it.

    Raises
    ------
    InputError
        If the rows or the tokenizer cannot be read at all.
    """
    from transformers.utils import logging

    from causal_reasoning.training.model import load_tokenizer

    logging.set_verbosity_error()  # rows that are too long are told below, with their number
    spec = experiment.spec
    tokenizer = load_tokenizer(spec.model, folder=experiment.folder)
    encoder = replace(Encoder.of(experiment, tokenizer), max_length=_UNBOUNDED)
    embed = embedder(spec.model, folder=experiment.folder)
    data = load_data(experiment, seed, interventional=arm.kind == "ceiling", embed=embed, strict=False)
    prepared, refusal = None, None
    try:
        prepared = prepare(experiment, arm, seed, data)
    except InputError:
        raise
    except CausalReasoningError as error:
        refusal = error
    table = _as_trained(experiment, prepared, data.train, seed)
    chosen = [i * len(table) // rows for i in range(rows)] if rows <= len(table) else list(range(len(table)))
    few = table.rows(chosen)
    strata = prepared.strata if prepared else None
    encoded = (encoder.own(strata.model, few) if strata else encoder(few)) if chosen else []
    report = data_report(experiment, data, encoder)
    overlap, warned = _overlap(prepared)
    return Preview(
        experiment=experiment.name,
        arm=arm.name,
        seed=seed,
        formula=prepared.derivation.plan.formula if prepared and prepared.derivation else "",
        examples=examples(few, encoded, tokenizer, _names(experiment, arm, table), _weights(prepared, chosen)),
        report=report,
        overlap=overlap,
        warnings=(*(str(finding.fault) for finding in report.findings if not finding.refuse), *warned),
        refusal=refusal,
    )


def _as_trained(experiment: Experiment, prepared: Prepared | None, table: Table, seed: int) -> Table:
    """The training rows of the main view: written anew where the plan says so."""
    plan = prepared.derivation.plan if prepared and prepared.derivation else None
    renderer = check_rendering(experiment, plan)
    if plan is None or renderer is None:
        return table
    return rendered_table(plan, renderer, table, MAIN, seed)


def _weights(prepared: Prepared | None, chosen: list[int]) -> list[float] | None:
    """The weights of some rows, whether in the loss or in how often a row is drawn, their mean over all rows one."""
    if prepared is None or prepared.weights.overlap is None:
        return None
    product = prepared.weights.loss * prepared.weights.sampling
    scaled = product / np.mean(product)
    return [float(scaled[i]) for i in chosen]


def _names(experiment: Experiment, arm: Arm, table: Table) -> list[str]:
    """The columns of the arm's nodes, and those that the evaluation looks at; texts are shown as they are."""
    names = {name for name in (experiment.treatment, experiment.strata) if name}
    if arm.graph is not None:
        names |= {arm.graph.column(node) for node in arm.graph.causal.observed}
    shown = {*experiment.read, *experiment.write}
    known = (name for name in sorted(names - shown) if name in table.columns)
    return [name for name in known if not_categorical(table, name) is None]


def _overlap(prepared: Prepared | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if prepared is None:
        return (), ()
    lines, warned = [], []
    found = prepared.overlap
    if found:
        lines.append(
            f"{found['effective_sample_size']:,.0f} effective of {found['rows']:,} rows "
            f"({found['effective_share']:.0%}), largest weight {found['largest_weight']:.2f}"
        )
        warned += found["warnings"]
    strata = prepared.strata_record
    if strata:
        lines.append(f"{len(prepared.strata or ()):,} strata are shown to the model")
        warned += strata["warnings"]
    return tuple(lines), tuple(warned)
