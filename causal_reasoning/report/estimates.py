"""What an objective estimated from data, on the page: strata with their probabilities, classifiers, approximations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causal_reasoning.graph.markup import escape
from causal_reasoning.report.markup import details, listing, mapping, raw_table, tag
from causal_reasoning.report.numbers import percent, plain

_MANY_STRATA = 24
_ANSWERS = {
    "sum": "the sum over strata of P(z) p(answer | prompt, z)",
    "monte_carlo": "a mean over drawn strata",
    "nwgm": "a geometric mean over strata, normed",
    "plain": "without a stratum: the average was distilled into the model",
}


def estimates(record: Mapping[str, Any]) -> str:
    """Show the strata of a run, how its answers are made of them, and the classifiers that estimated its weights.

    Parameters
    ----------
    record : mapping
        A finished run.

    Returns
    -------
    str
        Markup; empty where nothing of this kind was estimated.

    Examples
    --------
    >>> estimates({"overlap": {"heads": {}}})
    ''
    """
    return _strata(mapping(record.get("strata"))) + _heads(mapping(mapping(record.get("overlap")).get("heads")))


def _strata(strata: Mapping[str, Any]) -> str:
    found = [mapping(one) for one in listing(strata.get("strata"))]
    if not found:
        return ""
    nodes = ", ".join(str(node) for node in listing(strata.get("nodes")))
    answer = str(strata.get("answer") or "")
    words = f"Averaged over {nodes}. An answer is {_ANSWERS.get(answer, answer.replace('_', ' '))}"
    words += f"; shown as {strata['control']!r}." if strata.get("control") and answer != "plain" else "."
    body = "".join(
        f'<tr><th scope="row">{escape(", ".join(map(str, listing(one.get("values")))))}</th>'
        f"<td>{_share(one.get('probability'))}</td></tr>"
        for one in found
    )
    table = raw_table(f'<th scope="col">{escape(nodes)}</th><th scope="col">P(z), %</th>', body, "cells")
    parts = [tag("h4", "Strata"), tag("p", escape(words))]
    parts.append(details(f"Strata ({len(found)})", table) if len(found) > _MANY_STRATA else table)
    gap = mapping(strata.get("against_sum"))
    if gap:
        number = {key: plain(value) for key, value in gap.items()}
        words = (
            f"Beside the exact sum, on {number.get('rows')} rows: {number.get('nll')} and {number.get('exact_nll')} "
            f"nats per answer; the two differ by {number.get('mean_difference')} in the mean and "
            f"{number.get('largest_difference')} at most."
        )
        parts.append(tag("p", escape(words), "small"))
    parts += [tag("p", escape(warning), "note") for warning in listing(strata.get("warnings"))]
    return "".join(parts)


def _heads(heads: Mapping[str, Any]) -> str:
    if not heads:
        return ""
    names = ("log loss", "of the marginal", "right, %", "without looking, %", "calibration error", "temperature")
    head = '<th scope="col">classifier on embeddings</th>' + "".join(f'<th scope="col">{n}</th>' for n in names)
    body = []
    for name, quality in ((name, mapping(value)) for name, value in heads.items()):
        cells = [plain(quality.get("log_loss")), plain(quality.get("marginal_log_loss"))]
        cells += [_share(quality.get("accuracy")), _share(quality.get("base_rate"))]
        cells += [plain(quality.get("calibration_error")), plain(quality.get("temperature"))]
        shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        body.append(f'<tr><th scope="row">{escape(name)}</th>{shown}</tr>')
    note = "On held-out folds, in nats. A classifier that is right no more often than without looking weighs nothing."
    return (
        tag("h4", "Classifiers behind the weights") + raw_table(head, "".join(body), "cells") + tag("p", note, "small")
    )


def _share(value: Any) -> str:
    return percent(value) if isinstance(value, int | float) else "–"
