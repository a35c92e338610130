"""Exact match by greedy generation and likelihood of the reference, over all rows and per stratum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.encode import Encoded, pad_left
from causal_reasoning.data.views import Components
from causal_reasoning.evaluation.greedy import answer_in_batches, write_greedily
from causal_reasoning.evaluation.mixture import generate_mixture, score_mixture
from causal_reasoning.evaluation.written import WrittenRationales, cut
from causal_reasoning.training.likelihood import score


@dataclass(frozen=True)
class Measured:
    """A model's answers to the rows of one split.

    Parameters
    ----------
    answers : tuple of str
        Generated answers of N rows, without special tokens and surrounding white space.
    exact : array of shape (N,)
        Whether an answer equals the reference.
    nll : array of shape (N,)
        −log p(reference | prompt), in nats per answer; with a rationale, of both together.
    rationales : WrittenRationales or None
        What was written before the answers, where something is.
    """

    answers: tuple[str, ...]
    exact: NDArray[np.bool_]
    nll: NDArray[np.float64]
    rationales: WrittenRationales | None = None

    def to_dict(self, strata: Sequence[str] | None = None) -> dict[str, Any]:
        """Means over all rows and per stratum, and the worst stratum.

        Parameters
        ----------
        strata : sequence of str, optional
            The stratum of each row.
        """
        result: dict[str, Any] = _means(self.exact, self.nll)
        if self.rationales is not None:
            result["rationale"] = self.rationales.to_dict()
        if strata is None:
            return result
        labels = np.array(strata)
        parts = {str(name): _means(self.exact[labels == name], self.nll[labels == name]) for name in np.unique(labels)}
        worst = min(parts, key=lambda name: (parts[name]["exact_match"], -parts[name]["nll"], name))
        return {
            **result,
            "strata": parts,
            "worst_stratum": {"name": worst, "exact_match": parts[worst]["exact_match"]},
        }


def measure(
    model: Any,
    tokenizer: Any,
    rows: list[Encoded] | Components,
    references: Sequence[str],
    *,
    max_new_tokens: int,
    batch_size: int,
    same: Callable[[str, str], bool] | None = None,
    rationales: Sequence[str] | None = None,
) -> Measured:
    """Let a model answer, greedily and with its cache, and compare with the references.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    rows : list of Encoded or Components
        N encoded rows; with components they are answered by the mixture.
    references : sequence of str
        N right answers; surrounding white space does not count.
    max_new_tokens : int
        Longest answer in tokens.
    batch_size : int
        Rows generated at once.
    same : callable, optional
        Whether an answer (first) is as good as its reference (second); by default they must be equal.
    rationales : sequence of str, optional
        N right rationales, where one is written before the answer: the answer is then the last line of what is
        written.

    Returns
    -------
    Measured
        One answer a row, in the order of the rows.
    """
    pad = tokenizer.pad_token_id
    if isinstance(rows, Components):
        answers = generate_mixture(model, tokenizer, rows, max_new_tokens=max_new_tokens, batch_size=batch_size)
        nll, _ = score_mixture(model, rows, pad, batch_size)
    else:
        answers = generate(model, tokenizer, rows, max_new_tokens, batch_size)
        nll, _ = score(model, rows, pad, batch_size)
    written = None
    if rationales is not None:
        parts = [cut(answer, reference) for answer, reference in zip(answers, references, strict=True)]
        answers = [last for _, last in parts]
        first, second = _parts(model, rows, pad, batch_size)
        written = WrittenRationales(tuple(text for text, _ in parts), tuple(rationales), first, second)
    right = same if same is not None else lambda answer, reference: answer == reference.strip()
    exact = np.array([right(a, r) for a, r in zip(answers, references, strict=True)], dtype=np.bool_)
    return Measured(tuple(answers), exact, nll, written)


def _parts(
    model: Any, rows: list[Encoded] | Components, pad: int, batch_size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """−log p(rationale | prompt) and −log p(answer | prompt, rationale)."""
    if isinstance(rows, Components):
        nothing = np.full(len(rows), np.nan)
        return nothing, nothing
    split = [row.split() for row in rows]
    first, _ = score(model, [one for one, _ in split], pad, batch_size)
    second, _ = score(model, [other for _, other in split], pad, batch_size)
    return first, second


def generate(model: Any, tokenizer: Any, rows: list[Encoded], max_new_tokens: int, batch_size: int) -> list[str]:
    """Continue the prompts of some rows greedily: one text a row, without special tokens and space around."""
    model.eval()
    device = next(model.parameters()).device

    def answer(chosen: list[int]) -> list[str]:
        ids, mask = pad_left([rows[i].prompt for i in chosen], tokenizer.pad_token_id)
        return write_greedily(
            model, tokenizer, max_new_tokens, input_ids=ids.to(device), attention_mask=mask.to(device)
        )

    return answer_in_batches([len(row.prompt) for row in rows], batch_size, answer)


def _means(exact: NDArray[np.bool_], nll: NDArray[np.float64]) -> dict[str, Any]:
    return {"items": len(exact), "exact_match": float(exact.mean()), "nll": float(nll.mean())}
