"""Weights with texts in them, on tables: texts are embedded, and a second look is taken at positivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.surrogates import Embed
from causal_reasoning.data.table import Table
from causal_reasoning.data.text_overlap import FEW_ROWS, READABLE, text_overlap
from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective.head_report import HeadReport
from causal_reasoning.objective.head_weights import FittedHeadWeights, fit_head_weights
from causal_reasoning.objective.plan import WeightModel


@dataclass(frozen=True)
class TextWeights:
    """Fitted weights that embed texts themselves.

    Parameters
    ----------
    fitted : FittedHeadWeights
        The weights.
    embed : callable
        What texts are embedded with.
    """

    fitted: FittedHeadWeights
    embed: Embed

    @property
    def own(self) -> NDArray[np.float64]:
        """The weights of the training rows, each from classifiers that have not seen the row: shape (N,)."""
        return self.fitted.own

    @property
    def report(self) -> HeadReport:
        """Calibration and overlap."""
        return self.fitted.report

    def apply(self, table: Table) -> NDArray[np.float64]:
        """Weights of other rows: shape (N,)."""
        return self.fitted.apply(table.columns, _embedded(self.fitted.model, table, self.embed))


def fit_text_weights(model: WeightModel, table: Table, embed: Embed | None) -> TextWeights:
    """Estimate weights of which some factors are probabilities given texts.

    Parameters
    ----------
    model : WeightModel
        With a ``text_ratio``.
    table : Table
        Training rows.
    embed : callable or None
        The base model's embedding of texts.

    Returns
    -------
    TextWeights
        The weights and their report.

    Raises
    ------
    NoValidPlanError
        If a column is as good as a function of a text, by the classifier on embeddings or by one on the text's words
        (what embeddings do not show is not thereby absent), or too few effective rows are left.
    """
    if embed is None or model.text_ratio is None:
        raise ValueError("weights with texts need an embedding and a ratio without text densities")
    for head in model.text_ratio.heads:
        given = [model.columns[node] for node in head.given if node in model.text_ratio.texts]
        if head.kind == "head" and not model.options.accept_poor_overlap:
            shown = ["\n".join(row) for row in zip(*(table.columns[name] for name in given), strict=True)]
            labels = list(zip(*(table.columns[model.columns[node]] for node in head.of), strict=True))
            found = text_overlap(shown, labels)
            if found.rows >= FEW_ROWS and found.readable >= READABLE:
                raise NoValidPlanError(
                    f"positivity fails: {', '.join(head.of)} can be read off the text of {', '.join(given)} (a "
                    f"classifier on its words names it for {found.accuracy:.1%} of held-out rows, "
                    f"{found.base_rate:.1%} by guessing), so no data tell the two apart; adjust for something that "
                    "the text does not show, or write 'accept_poor_overlap: true' under objective to go on"
                )
    return TextWeights(fit_head_weights(model, table.columns, _embedded(model, table, embed)), embed)


def _embedded(model: WeightModel, table: Table, embed: Embed) -> dict[str, NDArray[np.float64]]:
    """The embeddings of the texts that the weights need, by column; equal texts are embedded once."""
    nodes = model.text_ratio.texts if model.text_ratio else ()
    found = {}
    for column in (model.columns[node] for node in nodes):
        texts = sorted(set(table.columns[column]))
        rows, place = np.asarray(embed(texts), dtype=np.float64), {text: i for i, text in enumerate(texts)}
        found[column] = rows[[place[text] for text in table.columns[column]]]
    return found
