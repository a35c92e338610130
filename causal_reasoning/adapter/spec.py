"""What a slot is: a part of the adapter that stands for a node of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

ALWAYS = "always"


@dataclass(frozen=True)
class TokenSlot:
    """Learned tokens that every position of some layers attends to, behind a gate that starts at zero.

    Parameters
    ----------
    name : str
        The node that the slot stands for.
    tokens : int
        Tokens in each layer.
    layers : int
        How many of the last layers have them; 0 is all.
    parts : int
        Number of alternatives, such as one for each stratum; a row uses one of them, or a mixture.
    choose : str
        How rows choose among the parts: ``"always"`` for a single part, else the name of a choice; see `Choices`.

    Examples
    --------
    >>> TokenSlot("skill", tokens=10, layers=30).parts
    1
    """

    name: str
    tokens: int = 10
    layers: int = 0
    parts: int = 1
    choose: str = ALWAYS
    kind: Literal["tokens"] = "tokens"


@dataclass(frozen=True)
class LowRankSlot:
    """Low-rank updates of linear layers, W + (alpha / rank) · B A, with B zero at first.

    Parameters
    ----------
    name : str
        The node that the slot stands for.
    rank, alpha : int
        Rank of each update, and its scale times the rank.
    targets : tuple of str
        Ends of names of linear layers; empty: all linear layers but the output embedding.
    parts, choose
        As in `TokenSlot`: with several parts this is a set of modules of which a row uses one, or a mixture.
    """

    name: str
    rank: int = 8
    alpha: int = 16
    targets: tuple[str, ...] = ()
    parts: int = 1
    choose: str = ALWAYS
    kind: Literal["low_rank"] = "low_rank"


Slot = TokenSlot | LowRankSlot


def slot_to_dict(slot: Slot) -> dict[str, Any]:
    """Plain data for ``adapter_config.json``."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(slot).items()}


def slot_from_dict(data: Mapping[str, Any]) -> Slot:
    """Read what `slot_to_dict` wrote.

    Examples
    --------
    >>> slot_from_dict(slot_to_dict(LowRankSlot("topic", rank=4, parts=3, choose="topic")))
    LowRankSlot(name='topic', rank=4, alpha=16, targets=(), parts=3, choose='topic', kind='low_rank')
    """
    kind = data.get("kind")
    if kind == "tokens":
        return TokenSlot(**data)
    if kind == "low_rank":
        return LowRankSlot(**{**data, "targets": tuple(data.get("targets", ()))})
    raise ValueError(f"unknown kind of slot '{kind}'; there are 'tokens' and 'low_rank'")
