"""From rows to token ids: what the model reads, what it must write, and batches of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.files.templates import fill

IGNORED = -100


@dataclass(frozen=True)
class Encoded:
    """One row as token ids.

    Parameters
    ----------
    prompt : tuple of int
        What the model reads, with the tokenizer's special tokens.
    target : tuple of int
        What it must write, with the end-of-sequence token.
    """

    prompt: tuple[int, ...]
    target: tuple[int, ...]


def encode(table: Table, tokenizer: Any, prompt: str, write: tuple[str, ...], max_length: int) -> list[Encoded]:
    """Tokenise rows.

    The prompt is tokenised alone, as it is when the model answers. Prompt and answer are then tokenised
    together, and where the prompt's tokens are a prefix of that, the rest is the target; otherwise (a token
    spans the border) the answer is tokenised alone.

    Parameters
    ----------
    table : Table
        N rows.
    tokenizer : PreTrainedTokenizerBase
        The model's tokenizer; it must have an end-of-sequence token.
    prompt : str
        Template of what the model reads, with ``{column}`` fields.
    write : tuple of str
        Columns that it must produce, joined by line breaks.
    max_length : int
        Longest sequence in tokens.

    Returns
    -------
    list of Encoded
        One entry a row.

    Raises
    ------
    InputError
        For a row that is too long (cutting it would cut the answer) or a tokenizer without an end token.
    """
    end = tokenizer.eos_token_id
    if end is None:
        raise InputError.at("tokenizer", "has no end-of-sequence token; set 'eos_token' in its configuration")
    prompts = [fill(prompt, {n: c[i] for n, c in table.columns.items()}) for i in range(len(table))]
    answers = ["\n".join(table.columns[name][i] for name in write) for i in range(len(table))]
    read_ids = tokenizer(prompts)["input_ids"]
    both_ids = tokenizer([p + a for p, a in zip(prompts, answers, strict=True)])["input_ids"]
    alone_ids = tokenizer(answers, add_special_tokens=False)["input_ids"]
    rows = []
    for i, (read, both, alone) in enumerate(zip(read_ids, both_ids, alone_ids, strict=True)):
        read, both = _without_end(read, end), _without_end(both, end)
        target = both[len(read) :] if both[: len(read)] == read and len(both) > len(read) else alone
        if len(read) + len(target) + 1 > max_length:
            fault = table.fault(
                i,
                f"row {i + 1} has {len(read) + len(target) + 1} tokens, more than max_length = {max_length}; "
                "raise training.max_length or leave the row out",
            )
            raise InputError([fault])
        rows.append(Encoded(tuple(read), (*target, end)))
    return rows


def _without_end(ids: list[int], end: int) -> list[int]:
    return ids[:-1] if ids and ids[-1] == end else ids


class EncodedRows(Dataset[dict[str, Any]]):
    """Encoded rows with their weights, as the data set of a Trainer.

    Parameters
    ----------
    rows : list of Encoded
        N rows.
    weights : list of float
        N loss weights, dimensionless.
    groups : list of int, optional
        Index of each row's group; by default all are 0.
    views : mapping of str to list of Encoded, optional
        Further encodings of the same N rows.
    """

    def __init__(
        self,
        rows: list[Encoded],
        weights: list[float],
        groups: list[int] | None = None,
        views: Mapping[str, list[Encoded]] | None = None,
    ) -> None:
        self.rows = rows
        self.weights = weights
        self.groups = [0] * len(rows) if groups is None else groups
        self.views = dict(views or {})

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = {**_tokens(self.rows[index]), "weight": self.weights[index], "group": self.groups[index]}
        if self.views:
            item["views"] = {name: _tokens(rows[index]) for name, rows in self.views.items()}
        return item


def _tokens(row: Encoded) -> dict[str, list[int]]:
    return {"input_ids": [*row.prompt, *row.target], "labels": [IGNORED] * len(row.prompt) + list(row.target)}


def collate(pad: int) -> Any:
    """A collator that pads on the right.

    Parameters
    ----------
    pad : int
        Id of the padding token.

    Returns
    -------
    callable
        From a list of B rows to tensors: ``input_ids``, ``attention_mask`` and ``labels`` of shape (B, T),
        ``weight`` and ``group`` of shape (B,), and ``views``, the same three for each further encoding.
    """

    def encoding(rows: list[dict[str, Any]]) -> dict[str, Any]:
        length = max(len(row["input_ids"]) for row in rows)

        def padded(key: str, filler: int) -> torch.Tensor:
            return torch.tensor([row[key] + [filler] * (length - len(row[key])) for row in rows])

        mask = [[1] * len(row["input_ids"]) + [0] * (length - len(row["input_ids"])) for row in rows]
        return {
            "input_ids": padded("input_ids", pad),
            "attention_mask": torch.tensor(mask),
            "labels": padded("labels", IGNORED),
        }

    def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch = encoding(rows)
        batch["weight"] = torch.tensor([row["weight"] for row in rows], dtype=torch.float32)
        batch["group"] = torch.tensor([row["group"] for row in rows])
        names = rows[0].get("views", {})
        if names:
            batch["views"] = {name: encoding([row["views"][name] for row in rows]) for name in names}
        return batch

    return together


def pad_left(prompts: list[tuple[int, ...]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad prompts on the left, for generation.

    Parameters
    ----------
    prompts : list of tuple of int
        B prompts.
    pad : int
        Id of the padding token.

    Returns
    -------
    (Tensor, Tensor)
        Token ids and attention mask, both of shape (B, T).
    """
    length = max(len(p) for p in prompts)
    ids = torch.tensor([[pad] * (length - len(p)) + list(p) for p in prompts])
    mask = torch.tensor([[0] * (length - len(p)) + [1] * len(p) for p in prompts])
    return ids, mask
