"""Which part of a slot each row of a batch uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class Choices:
    """The parts that the rows of the batch in hand use, by the name of the choice; one object for a whole adapter.

    A choice is either the index of a part for each row, shape (B,) of integers, or a weight for each part, shape
    (B, K) of floats that sum to one. Rows that were repeated for generation, or a batch of the wrong size, are
    refused: a wrong part would answer.
    """

    def __init__(self) -> None:
        self._made: dict[str, Tensor] = {}
        self._routed: dict[str, Tensor] = {}
        self._share: dict[str, Tensor] = {}
        self.off = False
        #: Low-rank slots whose contributions are kept from pass to pass, for losses that measure them.
        self.recorded: frozenset[str] = frozenset()
        self._muted: frozenset[str] = frozenset()
        self._fixed: dict[str, int] = {}

    def get(self, name: str, rows: int, parts: int) -> Tensor:
        """The choice of a batch.

        Parameters
        ----------
        name : str
            Of the choice.
        rows, parts : int
            Size of the batch, B, and number of parts, K.

        Returns
        -------
        Tensor
            Shape (B,), integers, or (B, K), floats.

        Raises
        ------
        RuntimeError
            If nothing was chosen, or for another number of rows or parts.
        """
        if name in self._fixed:
            return torch.full((rows,), self._fixed[name])
        made = self.known(name)
        if made is None:
            raise RuntimeError(f"nothing has chosen among the {parts} parts of '{name}'; choose with `making`")
        if made.shape[0] != rows:
            raise RuntimeError(f"the choice of '{name}' is for {made.shape[0]} rows, the batch has {rows}")
        if made.ndim == 2 and made.shape[1] != parts:
            raise RuntimeError(f"the choice of '{name}' is among {made.shape[1]} parts, the slot has {parts}")
        return made

    def known(self, name: str) -> Tensor | None:
        """The choice that holds, if any: one that was made goes before one that was routed."""
        return self._made.get(name, self._routed.get(name))

    def all(self) -> dict[str, Tensor]:
        """All choices that hold, by name."""
        return {name: made for name, made in {**self._routed, **self._made}.items() if name not in self._fixed}

    def is_made(self, name: str) -> bool:
        """Whether a choice was made, so that no router need be asked."""
        return name in self._made or name in self._fixed

    def route(self, name: str, choice: Tensor) -> None:
        """Note what a router chose for the batch in hand; it holds until it chooses anew."""
        self._routed[name] = choice

    @contextmanager
    def nothing(self) -> Iterator[None]:
        """Switch all slots off within a block: the frozen base."""
        before, self.off = self.off, True
        try:
            yield
        finally:
            self.off = before

    def make(self, choices: Mapping[str, Tensor]) -> None:
        """Choose, until the next choice."""
        for name, made in choices.items():
            fits = (made.ndim == 1 and not made.is_floating_point()) or (made.ndim == 2 and made.is_floating_point())
            if not fits:
                raise ValueError(
                    f"the choice of '{name}' must be integers of shape (rows,) or floats of shape (rows, parts); "
                    f"this is {made.dtype} of shape {tuple(made.shape)}"
                )
        self._made.update(choices)

    def share(self, slot: str, rows: int) -> Tensor | None:
        """How much of a slot each row uses, shape (B,), or nothing where all rows use it in full."""
        if slot in self._muted:
            return torch.zeros(rows)
        share = self._share.get(slot)
        if share is not None and len(share) != rows:
            raise RuntimeError(f"the share of the slot '{slot}' is for {len(share)} rows, the batch has {rows}")
        return share

    def rows(self, rows: int | None, slot: str, choice: str) -> int | None:
        """The size of the batch: as given, or else as known from the share of a slot or from a choice."""
        if rows is None:
            known = [made for made in (self._share.get(slot), self.known(choice)) if made is not None]
            rows = len(known[0]) if known else None
        return rows

    @contextmanager
    def alone(self, muted: Iterable[str] = (), fixed: Mapping[str, int] | None = None) -> Iterator[None]:
        """Take parts of the adapter by themselves within a block.

        Parameters
        ----------
        muted : iterable of str
            Slots that add nothing.
        fixed : mapping of str to int, optional
            The part that all rows use, by the name of the choice, whatever was chosen or would be mixed.
        """
        before = self._muted, self._fixed
        self._muted, self._fixed = self._muted | frozenset(muted), {**self._fixed, **(fixed or {})}
        try:
            yield
        finally:
            self._muted, self._fixed = before

    @contextmanager
    def sharing(self, shares: Mapping[str, Tensor]) -> Iterator[None]:
        """Scale what slots add to each row within a block: 0 is off, 1 is in full; shape (B,)."""
        before = self._share
        self._share = {**before, **shares}
        try:
            yield
        finally:
            self._share = before

    @contextmanager
    def making(self, choices: Mapping[str, Tensor]) -> Iterator[None]:
        """Choose within a block; what was chosen before holds again after it."""
        before = dict(self._made)
        self.make(choices)
        try:
            yield
        finally:
            self._made = before


def pick(parameter: Tensor, choice: Tensor | None) -> Tensor:
    """Take each row's part of a parameter, or the weighted sum of its parts.

    Parameters
    ----------
    parameter : Tensor
        Shape (K, …).
    choice : Tensor or None
        From `Choices.get`; ``None`` if there is one part only.

    Returns
    -------
    Tensor
        Shape (1, …) without a choice, else (B, …).

    Examples
    --------
    >>> pick(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.5, 0.5]])).tolist()
    [[2.0]]
    """
    if choice is None:
        return parameter
    if choice.is_floating_point():
        return torch.einsum("bk,k...->b...", choice.to(parameter.dtype), parameter)
    return parameter[choice]
