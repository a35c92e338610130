"""Which tokens of a prompt a column of phrases marks, as a view that losses can read."""

from __future__ import annotations

from typing import Any

from causal_reasoning.data.chat import WithoutSpecial, chat_prompts
from causal_reasoning.data.encode import IGNORED, Encoded
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import ChatSpec
from causal_reasoning.files.templates import fill


def marking_view(
    rows: list[Encoded],
    table: Table,
    tokenizer: Any,
    prompt: str,
    columns: tuple[str, ...],
    chat: ChatSpec | None = None,
) -> list[Encoded]:
    """Mark the tokens of each prompt that phrases of the row cover.

    Parameters
    ----------
    rows : list of Encoded
        N encoded rows.
    table : Table
        The N rows they come from.
    tokenizer : PreTrainedTokenizerBase
        The tokenizer that encoded them; it must be a fast one, which knows where tokens stand in a text.
    prompt : str
        The template they were encoded with.
    columns : tuple of str
        Columns of phrases, one a line; each must stand in the row's prompt, and every occurrence is marked.
    chat : ChatSpec, optional
        The chat template that they were encoded with.

    Returns
    -------
    list of Encoded
        The tokens of each row, with -100 in place of those that no phrase touches: for the view ``"causal"``.

    Raises
    ------
    InputError
        For an unknown column, a phrase that is not in its prompt (with the row), or a tokenizer that is not fast.
    """
    for name in columns:
        if name not in table.columns:
            raise InputError.at(table.source, f"there is no column '{name}'; {did_you_mean(name, table.columns)}")
    if not getattr(tokenizer, "is_fast", False):
        raise InputError.at("tokenizer", "does not say where its tokens stand in the text; use a fast tokenizer")
    prompts = [fill(prompt, {n: c[i] for n, c in table.columns.items()}) for i in range(len(table))]
    if chat is not None:
        prompts, tokenizer = chat_prompts(prompts, tokenizer, chat), WithoutSpecial(tokenizer)
    places = tokenizer(prompts, return_offsets_mapping=True)["offset_mapping"]
    views = []
    for i, (row, text) in enumerate(zip(rows, prompts, strict=True)):
        phrases = [p for name in columns for p in table.columns[name][i].split("\n") if p.strip()]
        missing = next((p for p in phrases if p not in text), None)
        if missing is not None:
            fault = table.fault(i, f"the phrase '{missing}' is not in the prompt '{text.strip()}' of row {i + 1}")
            raise InputError([fault])
        spans = [span for phrase in phrases for span in _occurrences(phrase, text)]
        marked = [any(a < end and start < b for start, end in spans) for a, b in places[i][: len(row.prompt)]]
        kept = (token if mark else IGNORED for token, mark in zip(row.prompt, marked, strict=True))
        views.append(Encoded(tuple(kept), (IGNORED,) * len(row.target)))
    return views


def _occurrences(phrase: str, text: str) -> list[tuple[int, int]]:
    found = []
    start = text.find(phrase)
    while start >= 0:
        found.append((start, start + len(phrase)))
        start = text.find(phrase, start + 1)
    return found
