"""Rows of a world, block by block: several interventions on one noise, evidence by rejection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError
from causal_reasoning.scm.interventions import Interventions, MarginalText, SetText, joint_of
from causal_reasoning.scm.mechanisms import TextMechanism
from causal_reasoning.scm.mechanisms.template import Template
from causal_reasoning.scm.policy import Array, Policy
from causal_reasoning.scm.reader import Compiled

if TYPE_CHECKING:
    from torch import Tensor

#: Evidence is met by rejection: at most this many draws for every row that is asked for …
MAXIMUM_TRIES_PER_ROW = 1_000
#: … so evidence must have at least this probability.
LEAST_EVIDENCE = 2 / MAXIMUM_TRIES_PER_ROW
_BLOCK = 8_192  # rows drawn at once, fewer where a row needs many random numbers
_NUMBERS = 4_000_000

Columns = dict[str, list[str]]


def blocks(
    compiled: Compiled,
    rows: int,
    seed: int,
    worlds: Sequence[Interventions],
    evidence: Mapping[str, int],
) -> Iterator[list[Columns]]:
    """Draw rows under several interventions with the same noise.

    Parameters
    ----------
    compiled : Compiled
        The world.
    rows : int
        How many rows in all.
    seed : int
        Seed of the noise.
    worlds : sequence of Interventions
        At least one. Rows with the same place in two worlds are counterfactual twins.
    evidence : mapping of str to int
        Values that hold in the *first* world.

    Yields
    ------
    list of columns
        For every world the next rows; the caller's random state is never touched.

    Raises
    ------
    InputError
        If the evidence is too rare, or a text that is set cannot be used by a mechanism.
    """
    share = _frequency(compiled, worlds[0], evidence)
    import torch

    from causal_reasoning.scm.program import draw

    block = block_size(compiled)
    if share is not None:
        block = min(block, max(64, math.ceil(1.2 * rows / share)))  # enough for a small sample, and not much more
    with _own_random_state(None):
        torch.default_generator.manual_seed(seed)
        state = torch.get_rng_state()
    tried = kept = number = 0
    while kept < rows:
        if tried >= rows * MAXIMUM_TRIES_PER_ROW:
            raise _too_rare(compiled, evidence, kept / tried)
        size = block if evidence else min(block, rows - kept)
        found: list[Columns] = []
        with _own_random_state(state), torch.no_grad():
            chosen = np.arange(size)
            for place, world in enumerate(worlds):
                torch.set_rng_state(state)
                policies: dict[str, tuple[Policy, Array]] = world.placed(chosen, kept, size)
                draws = {site: value.numpy() for site, value in draw(compiled.sites, size, policies).items()}
                if place == 0:
                    after = torch.get_rng_state()
                    if evidence:
                        fits = np.all([draws[node] == value for node, value in evidence.items()], axis=0)
                        chosen = np.flatnonzero(fits)[: rows - kept]
                if len(chosen):
                    texts = _texts(compiled, world, chosen, kept, size, (seed, number))
                    found.append(write_columns(compiled, {s: v[chosen] for s, v in draws.items()}, len(chosen), texts))
        state = after
        tried, kept, number = tried + size, kept + len(chosen), number + 1
        if found:
            yield found


def block_size(compiled: Compiled) -> int:
    """How many rows are drawn at once, so that memory stays bounded."""
    numbers = sum(int(np.prod(site.table.shape[len(site.parents) :])) for site in compiled.sites.values())
    return max(min(_BLOCK, _NUMBERS // max(numbers, 1)), 1)


def write_columns(
    compiled: Compiled,
    draws: Mapping[str, NDArray[np.int64]],
    rows: int,
    texts: Mapping[str, Sequence[str]],
    nodes: Sequence[str] | None = None,
    *,
    contents: NDArray[np.int64] | None = None,
    held: frozenset[str] = frozenset(),
) -> Columns:
    """Turn draws into texts, causes first.

    Parameters
    ----------
    compiled : Compiled
        The world.
    draws : mapping of str to ndarray of shape (rows, event …)
        Indices for each site.
    rows : int
        How many.
    texts : mapping of str to sequence of str
        Text nodes that are set, each with a text for every row.
    nodes : sequence of str, optional
        The nodes that are wanted, their causes among them; by default all.
    contents : ndarray of shape (rows,), optional
        Given where many rows agree in what a text is made of: each different text is then written once.
    held : frozenset of str
        Nodes whose draws are equal in all rows of equal content.

    Returns
    -------
    dict of str to list of str
        In the order of the file.

    Raises
    ------
    InputError
        If a text that is set cannot be used by a mechanism.
    """
    columns: Columns = {}
    wanted = compiled.nodes.keys() if nodes is None else set(nodes)
    for name in compiled.graph.topological_order:
        if name not in wanted:
            continue
        mechanism = compiled.nodes[name].mechanism
        if name in texts:
            columns[name] = list(texts[name])
        elif isinstance(mechanism, TextMechanism):
            own = {site: draws[f"{name}/{site}"] for site in compiled.draws_of.get(name, ())}
            try:
                if contents is None or isinstance(mechanism, Template):
                    columns[name] = mechanism.write(rows, columns, own)
                else:
                    key = [contents] if name in held else [value.reshape(rows, -1) for value in own.values()]
                    columns[name] = _write_once(mechanism, columns, own, [value.tolist() for value in key], rows)
            except (IndexError, KeyError, ValueError) as error:
                if not texts:
                    raise
                what = ", ".join(f"'{node}'" for node in sorted(texts))
                message = f"'{name}' cannot be made from the text that do gives to {what}; give one of the same form"
                raise InputError.at(compiled.file, message) from error
        else:
            names = compiled.values[name]
            columns[name] = [names[index] for index in draws[name].tolist()]
    return {name: columns[name] for name in compiled.nodes if name in columns}


def _write_once(
    mechanism: TextMechanism,
    columns: Columns,
    draws: Mapping[str, NDArray[np.int64]],
    drawn: Sequence[Sequence[int | list[int]]],
    rows: int,
) -> list[str]:
    """Write one text for all rows that agree in the parents and in what was drawn."""
    parents = sorted({parent for parent, _ in mechanism.parents()})
    keys = (
        tuple(tuple(cell) if isinstance(cell, list) else cell for cell in key)
        for key in zip(*(columns[parent] for parent in parents), *drawn, strict=True)
    )
    first: dict[tuple[object, ...], int] = {}
    kept: list[int] = []
    places = []
    for row, key in enumerate(keys if parents or drawn else [()] * rows):
        place = first.setdefault(key, len(kept))
        if place == len(kept):
            kept.append(row)
        places.append(place)
    fewer = {parent: [columns[parent][row] for row in kept] for parent in parents}
    texts = mechanism.write(len(kept), fewer, {name: value[kept] for name, value in draws.items()})
    return [texts[place] for place in places]


@contextmanager
def _own_random_state(state: Tensor | None) -> Iterator[None]:
    """Leave the caller's random state as it is."""
    import torch

    with torch.random.fork_rng(devices=[]):
        if state is not None:
            torch.set_rng_state(state)
        yield


def _texts(
    compiled: Compiled,
    world: Interventions,
    chosen: NDArray[np.int64],
    start: int,
    size: int,
    stream: tuple[int, int],
) -> dict[str, Sequence[str]]:
    """The texts that are set, for the chosen rows of one block."""
    result: dict[str, Sequence[str]] = {}
    unrelated: Columns | None = None
    for name, policy in world.texts.items():
        if isinstance(policy, SetText):
            result[name] = [policy.text] * len(chosen)
        elif isinstance(policy, MarginalText):
            unrelated = unrelated or _unrelated_rows(compiled, size, stream)
            result[name] = [unrelated[name][row] for row in chosen.tolist()]
        else:
            result[name] = policy.texts[start : start + len(chosen)]
    return result


def _unrelated_rows(compiled: Compiled, size: int, stream: tuple[int, int]) -> Columns:
    """A block of the undisturbed world with noise of its own, the same in every world of a block."""
    import torch

    from causal_reasoning.scm.program import draw

    torch.default_generator.manual_seed(int(np.random.SeedSequence(stream).generate_state(1)[0]))
    draws = {site: value.numpy() for site, value in draw(compiled.sites, size, {}).items()}
    return write_columns(compiled, draws, size, {})


def _frequency(compiled: Compiled, world: Interventions, evidence: Mapping[str, int]) -> float | None:
    """The probability of the evidence where it can be computed; refuse what is impossible or too rare."""
    if not evidence:
        return None
    sites = world.sites(compiled)
    try:
        exact = float(joint_of(compiled, sites, list(evidence))[tuple(evidence.values())])
    except InputError:  # too large to be enumerated: the number of tries will tell
        return None
    if exact < LEAST_EVIDENCE:
        raise _too_rare(compiled, evidence, exact)
    return exact


def _too_rare(compiled: Compiled, evidence: Mapping[str, int], share: float) -> InputError:
    what = ", ".join(f"{node} = {compiled.values[node][index]}" for node, index in evidence.items())
    found = f"its probability is {share:.2g}, at least {LEAST_EVIDENCE:g} is needed"
    message = f"the evidence {what} is too rare: {found}; condition on less, or use do"
    return InputError.at(compiled.file, message)
