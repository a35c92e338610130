"""From rows to token ids: what the model reads, what it must write, and batches of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    cuts : tuple of int
        Where the second and each further written column begins in the target; empty for a single one. The line break
        between two columns belongs to the first.
    """

    prompt: tuple[int, ...]
    target: tuple[int, ...]
    cuts: tuple[int, ...] = ()

    @property
    def parts(self) -> tuple[int, ...]:
        """Which written column each token of the target belongs to, from 0."""
        return tuple(sum(cut <= i for cut in self.cuts) for i in range(len(self.target)))

    def split(self) -> tuple[Encoded, Encoded]:
        """All written columns but the last as one row, without an end; and the last, read after them."""
        cut = self.cuts[-1]
        before = self.prompt + self.target[:cut]
        return Encoded(self.prompt, self.target[:cut], self.cuts[:-1]), Encoded(before, self.target[cut:])


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
    begun, pieces = _columns(table, tokenizer, prompts, write, end) if len(write) > 1 else ([], [])
    rows = []
    for i, (read, both, alone) in enumerate(zip(read_ids, both_ids, alone_ids, strict=True)):
        read, both = _without_end(read, end), _without_end(both, end)
        target = both[len(read) :] if both[: len(read)] == read and len(both) > len(read) else alone
        cuts: tuple[int, ...] = ()
        if len(write) > 1:
            target, cuts = _in_columns(target, read, [heads[i] for heads in begun], [p[i] for p in pieces])
        if len(read) + len(target) + 1 > max_length:
            fault = table.fault(
                i,
                f"row {i + 1} has {len(read) + len(target) + 1} tokens, more than max_length = {max_length}; "
                "raise training.max_length or leave the row out",
            )
            raise InputError([fault])
        rows.append(Encoded(tuple(read), (*target, end), cuts))
    return rows


def _columns(
    table: Table, tokenizer: Any, prompts: list[str], write: tuple[str, ...], end: int
) -> tuple[list[list[list[int]]], list[list[list[int]]]]:
    """Token ids of the prompt with the first columns, for each border; and of each column alone, for each column."""
    begun, pieces = [], []
    texts = list(prompts)
    for number, name in enumerate(write):
        last = number == len(write) - 1
        column = [value if last else f"{value}\n" for value in table.columns[name]]
        pieces.append([_without_end(ids, end) for ids in tokenizer(column, add_special_tokens=False)["input_ids"]])
        if not last:
            texts = [text + value for text, value in zip(texts, column, strict=True)]
            begun.append([_without_end(ids, end) for ids in tokenizer(texts)["input_ids"]])
    return begun, pieces


def _in_columns(
    target: list[int], read: list[int], begun: list[list[int]], pieces: list[list[int]]
) -> tuple[list[int], tuple[int, ...]]:
    """Find where each written column begins; where a token spans a border, columns are tokenised alone."""
    cuts = []
    for ids in begun:
        head = ids[len(read) :]
        if ids[: len(read)] != read or target[: len(head)] != head:
            lengths = [len(piece) for piece in pieces]
            joined = [token for piece in pieces for token in piece]
            return joined, tuple(sum(lengths[: k + 1]) for k in range(len(pieces) - 1))
        cuts.append(len(head))
    return target, tuple(cuts)


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
    labels : mapping of str to list of int, optional
        Further groupings of the rows, by name.
    share : bool
        Whether to say how many tokens all encodings of a row begin with, so that they are computed once.
    """

    def __init__(
        self,
        rows: list[Encoded],
        weights: list[float],
        groups: list[int] | None = None,
        views: Mapping[str, list[Encoded]] | None = None,
        *,
        labels: Mapping[str, list[int]] | None = None,
        share: bool = False,
    ) -> None:
        self.rows = rows
        self.weights = weights
        self.groups = [0] * len(rows) if groups is None else groups
        self.views = dict(views or {})
        self.labels = dict(labels or {})
        self.shared = beginnings([rows, *self.views.values()]) if share and self.views else None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = {**_tokens(self.rows[index]), "weight": self.weights[index], "group": self.groups[index]}
        if self.views:
            item["views"] = {name: _tokens(rows[index]) for name, rows in self.views.items()}
        if self.labels:
            item["groupings"] = {name: numbers[index] for name, numbers in self.labels.items()}
        if self.shared is not None:
            item["shared"] = self.shared[index]
        return item


def beginnings(encodings: Sequence[list[Encoded]]) -> list[int]:
    """Count the tokens that the prompts of all encodings of a row begin with.

    Parameters
    ----------
    encodings : sequence of list of Encoded
        Each of the same N rows.

    Returns
    -------
    list of int
        N numbers. At least one token of each prompt is left over: the one whose scores predict the answer.

    Examples
    --------
    >>> beginnings([[Encoded((5, 6, 7, 8), (1,))], [Encoded((5, 6, 7), (1,))], [Encoded((5, 6, 9), (1,))]])
    [2]
    """
    found = []
    for rows in zip(*encodings, strict=True):
        most = min(len(row.prompt) for row in rows) - 1
        first = rows[0].prompt
        found.append(next((k for k in range(most) if any(row.prompt[k] != first[k] for row in rows)), max(most, 0)))
    return found


def _tokens(row: Encoded) -> dict[str, list[int]]:
    found = {"input_ids": [*row.prompt, *row.target], "labels": [IGNORED] * len(row.prompt) + list(row.target)}
    return found | ({"parts": [-1] * len(row.prompt) + list(row.parts)} if row.cuts else {})


def collate(pad: int) -> Any:
    """A collator that pads on the right.

    Parameters
    ----------
    pad : int
        Id of the padding token.

    Returns
    -------
    callable
        From a list of B rows to tensors: ``input_ids``, ``attention_mask`` and ``labels`` of shape (B, T), ``parts``
        too where several columns are written (which one each token belongs to, −1 where a token is read),
        ``weight`` and ``group`` of shape (B,), ``groupings``, further ones by name, ``shared`` of shape (B,) where the
        rows say how much of their encodings is common, and ``views``, the first three for each further encoding.
    """

    def encoding(rows: list[dict[str, Any]]) -> dict[str, Any]:
        length = max(len(row["input_ids"]) for row in rows)

        def padded(key: str, filler: int) -> torch.Tensor:
            return torch.tensor([row[key] + [filler] * (length - len(row[key])) for row in rows])

        mask = [[1] * len(row["input_ids"]) + [0] * (length - len(row["input_ids"])) for row in rows]
        found = {
            "input_ids": padded("input_ids", pad),
            "attention_mask": torch.tensor(mask),
            "labels": padded("labels", IGNORED),
        }
        return found | ({"parts": padded("parts", -1)} if "parts" in rows[0] else {})

    def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch = encoding(rows)
        batch["weight"] = torch.tensor([row["weight"] for row in rows], dtype=torch.float32)
        batch["group"] = torch.tensor([row["group"] for row in rows])
        if "groupings" in rows[0]:
            names = rows[0]["groupings"]
            batch["groupings"] = {name: torch.tensor([row["groupings"][name] for row in rows]) for name in names}
        if "shared" in rows[0]:
            batch["shared"] = torch.tensor([row["shared"] for row in rows])
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
