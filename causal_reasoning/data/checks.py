"""Look at the rows of an experiment before anything is trained on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from causal_reasoning.data.rows import Finding, RunData
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder, prompts
from causal_reasoning.errors import Fault, InputError
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.data_spec import FileData
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification.separation import m_separated

NEARLY_ALL = 0.95
"""Above this share of the rows a value counts as written in the prompt."""

BY_CHANCE = 0.5
"""Below this share of rows the prompt holds the value of another row."""

MOST_ROWS = 2000
FEW_ROWS = 20

_WORD = re.compile(r"[^\W_]+")


def check_data(experiment: Experiment, data: RunData) -> tuple[Finding, ...]:
    """Find what is wrong with rows from files, and what might be.

    Parameters
    ----------
    experiment : Experiment
        The settings, with the graphs.
    data : RunData
        All rows of one seed.

    Returns
    -------
    tuple of Finding
        Duplicates across parts, values of columns or answers that stand in the prompt, columns of one value, and
        categories that are never trained on. Rows of a world have none.
    """
    spec = experiment.spec.data
    if not isinstance(spec, FileData):
        return ()
    found = _duplicates(spec, data)
    graphs = [arm.graph for arm in experiment.arms if arm.graph is not None]
    found += _constant(graphs, data.train)
    found += _unseen(graphs, data)
    found += _leaks(experiment, graphs, data.train)
    return tuple(dict.fromkeys(found))


def _duplicates(spec: FileData, data: RunData) -> list[Finding]:
    found = []
    for twice in data.duplicates:
        if spec.duplicates == "refuse":
            said = (
                f"{twice.sentence}; keep rows of one text together with 'group' or 'split: {{hash: ...}}', or write "
                "'duplicates: drop' (or keep) under data"
            )
        elif spec.duplicates == "drop":
            rows = "1 row is" if twice.dropped == 1 else f"{twice.dropped:,} rows are"
            said = f"{twice.sentence}; {rows} left out of the training part"
        else:
            said = twice.sentence
        found.append(Finding("duplicates", spec.duplicates == "refuse", Fault(data.train.source, None, None, said)))
    return found


def _categorical(graphs: Sequence[AssumptionGraph], table: Table) -> list[str]:
    """The columns that graphs bind as categories, in sorted order."""
    names = {graph.column(node) for graph in graphs for node in graph.causal.observed if not graph.is_text(node)}
    return sorted(name for name in names if name in table.columns)


def _constant(graphs: Sequence[AssumptionGraph], train: Table) -> list[Finding]:
    found = []
    for name in _categorical(graphs, train):
        values = set(train.columns[name])
        if len(values) == 1:
            said = f"the column '{name}' is '{next(iter(values))}' in every training row: nothing can be adjusted for"
            found.append(Finding("constant", False, Fault(train.source, None, None, said)))
    return found


def _unseen(graphs: Sequence[AssumptionGraph], data: RunData) -> list[Finding]:
    found = []
    held_out = [("validation", data.validation), *((split.title, split.table) for split in data.splits)]
    for name in _categorical(graphs, data.train):
        known = set(data.train.columns[name])
        missing: dict[str, list[str]] = {}
        for title, table in held_out:
            counts = Counter(value for value in table.columns.get(name, ()) if value not in known)
            for value, count in sorted(counts.items()):
                missing.setdefault(value, []).append(f"{title}: {count:,}")
        for value, places in list(missing.items())[:3]:
            said = f"no training row has {name} = '{value}', but held-out rows do ({'; '.join(places)})"
            found.append(Finding("unseen", False, Fault(data.train.source, None, None, said)))
        if len(missing) > 3:
            said = f"and {len(missing) - 3:,} more values of '{name}' that no training row has"
            found.append(Finding("unseen", False, Fault(data.train.source, None, None, said)))
    return found


def _leaks(experiment: Experiment, graphs: Sequence[AssumptionGraph], train: Table) -> list[Finding]:
    """Values that stand in the prompt of nearly every row, where another row's value does not."""
    rows = train.rows(np.random.default_rng(0).permutation(len(train))[:MOST_ROWS].tolist())
    if len(rows) < FEW_ROWS:
        return []
    texts = [_plain(text) for text in prompts(rows, experiment.spec.prompt)]
    found = []
    answers = rows.columns[experiment.write[-1]]
    share, chance = _written(texts, answers)
    if share >= NEARLY_ALL and chance < BY_CHANCE:
        pairs = zip(texts, answers, strict=True)
        at_the_end = np.mean([text.rstrip().endswith(_plain(a).rstrip()) for text, a in pairs])
        if at_the_end >= NEARLY_ALL:
            said = (
                f"the prompt ends in the answer in {at_the_end:.0%} of the rows: there is nothing to learn but to copy"
            )
        else:
            said = (
                f"the answer stands in the prompt in {share:.0%} of the rows: usual where it is one of several choices "
                "or a part of the text, wrong otherwise"
            )
        found.append(Finding("leak", False, Fault(train.source, None, None, said)))
    for graph in graphs:
        found += _leaking_nodes(graph, rows.columns, texts, train.source)
    return found


def _leaking_nodes(
    graph: AssumptionGraph, columns: Mapping[str, list[str]], texts: list[str], source: str
) -> list[Finding]:
    found = []
    for node in graph.causal.observed:
        if graph.is_text(node) or node in graph.query.read or node in graph.surrogates:
            continue
        if node in graph.causal.ancestors(*graph.query.read):
            continue  # what is read may well name its cause
        name = graph.column(node)
        share, chance = _written(texts, columns[name])
        if share < NEARLY_ALL or chance >= BY_CHANCE:
            continue
        apart = m_separated(graph.causal, [node], list(graph.query.read))
        read = ", ".join(graph.query.read)
        claim = f"'{node}' and '{read}' are independent" if apart else f"'{node}' is no cause of '{read}'"
        said = (
            f"the value of '{name}' stands in the prompt in {share:.0%} of the rows, but in the graph {graph.name} "
            f"{claim}; draw the arrow, or take the value out of the prompt"
        )
        found.append(Finding("leak", apart, Fault(source, None, None, said)))
    return found


def check_lengths(experiment: Experiment, data: RunData, encoder: Encoder) -> None:
    """See that the model can read every row, and give every answer that is measured.

    Raises
    ------
    InputError
        For a row that is longer than what the model was made for, or, in rows from files, an answer that is longer
        than ``evaluation.max_new_tokens``; with the number of such rows.
    """
    spec = experiment.spec
    most = encoder.tokenizer.model_max_length  # a huge number where the tokenizer knows of none
    if spec.training.max_length > most:
        for table in (data.train, data.validation, *(split.table for split in data.splits)):
            lengths = [len(row.prompt) + len(row.target) for row in encoder(table)]
            if max(lengths) > most:
                first = next(i for i, length in enumerate(lengths) if length > most)
                message = (
                    f"{sum(length > most for length in lengths):,} rows are longer than the {most:,} tokens that the "
                    f"model reads; this one has {lengths[first]:,}; take another model, or filter by length"
                )
                raise InputError([table.fault(first, message)])
    if not isinstance(spec.data, FileData):
        return
    limit = spec.evaluation.max_new_tokens
    for split in data.splits:
        lengths = [len(row.target) - 1 for row in encoder(split.table)]
        longer = [i for i, length in enumerate(lengths) if length > limit]
        if longer:
            first = longer[0]
            rows = "1 answer has" if len(longer) == 1 else f"{len(longer):,} answers have"
            raise experiment.document.error(
                ("evaluation", "max_new_tokens"),
                f"{rows} more than max_new_tokens = {limit} tokens, so no model could give them; the longest has "
                f"{max(lengths):,}, the first ({lengths[first]:,} tokens) stands at {split.table.place(first)}",
            )


def _written(texts: Sequence[str], values: Sequence[str]) -> tuple[float, float]:
    """Share of texts in which the own value stands as a word, and in which that of another row does."""
    plain = [_plain(value) for value in values]
    distinct = sorted(set(plain))
    if len(distinct) < 2:
        return 0.0, 0.0
    following = {value: distinct[(i + 1) % len(distinct)] for i, value in enumerate(distinct)}
    own = np.mean([value in text for value, text in zip(plain, texts, strict=True)])
    other = np.mean([following[value] in text for value, text in zip(plain, texts, strict=True)])
    return float(own), float(other)


def _plain(text: str) -> str:
    """Words and numbers in small letters between single spaces, so that a value is found as whole words only."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "
