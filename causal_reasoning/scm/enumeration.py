"""All combinations of a world's draws, written out as rows with exact probabilities.

Draws with many values (words, numbers) are *held*: they keep the value that one random content gives them, in every
combination of the others, and each combination is weighted with the probability that it gives to that value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError
from causal_reasoning.scm.interventions import Interventions, SetText
from causal_reasoning.scm.mechanisms import Site
from causal_reasoning.scm.policy import Array
from causal_reasoning.scm.reader import Compiled
from causal_reasoning.scm.sampling import Columns, write_columns

#: Most rows that are written for one content; most numbers in one array.
MAXIMUM_ROWS = 100_000
_NUMBERS = 20_000_000
Indices = NDArray[np.int64]
Draws = dict[str, Indices]


class TooManyError(Exception):
    """There are more combinations than can be written out."""


@dataclass(frozen=True)
class Regime:
    """A world under an intervention, cut down to what some nodes depend on.

    Parameters
    ----------
    compiled : Compiled
        The world.
    sites : mapping of str to Site
        Draws, those of the set nodes replaced.
    texts : mapping of str to str
        Texts that are set.
    nodes : tuple of str
        The nodes that are wanted and their causes, causes first.
    """

    compiled: Compiled
    sites: Mapping[str, Site]
    texts: Mapping[str, str]
    nodes: tuple[str, ...]

    def draws_of(self, node: str) -> tuple[str, ...]:
        """The sites of a node."""
        if node in self.texts:
            return ()
        if node in self.compiled.values:
            return (node,)
        return tuple(f"{node}/{draw}" for draw in self.compiled.draws_of.get(node, ()))

    def branching(self, node: str) -> float:
        """At most how many values a node's draws have together in one row."""
        total = 1.0
        for name in self.draws_of(node):
            table = self.sites[name].table
            events = table.shape[len(self.sites[name].parents) : -1]
            total *= float((table > 0).sum(-1).max()) ** int(np.prod(events))
        return total


@dataclass(frozen=True)
class Rows:
    """Combinations with their probabilities.

    Parameters
    ----------
    content : ndarray of shape (rows,)
        Which content a row was made with.
    log_probability : ndarray of shape (rows,)
        Logarithm of the joint probability of the combination and the values that are held.
    columns : dict of str to list of str
        The wanted nodes.
    """

    content: Indices
    log_probability: Array
    columns: Columns


def regime(compiled: Compiled, interventions: Interventions, wanted: Sequence[str]) -> Regime:
    """Cut a world down to what some nodes depend on.

    Parameters
    ----------
    compiled : Compiled
        The world.
    interventions : Interventions
        Policies, and texts that are the same in all rows.
    wanted : sequence of str
        The nodes of interest.

    Returns
    -------
    Regime
        Ready to be enumerated.

    Raises
    ------
    InputError
        For a node that is set row by row or to the text of another row.
    """
    sites = interventions.sites(compiled)
    texts = {}
    for name, policy in interventions.texts.items():
        if not isinstance(policy, SetText):
            message = f"'{name}' is a text that is set row by row, which cannot be enumerated; give one text"
            raise InputError.at(compiled.file, message)
        texts[name] = policy.text
    needed: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name in needed:
            continue
        needed.add(name)
        if name in compiled.values:
            queue.extend(sites[name].parents)
        elif name not in texts:
            queue.extend(parent for parent, _ in compiled.nodes[name].mechanism.parents())
    return Regime(compiled, sites, texts, tuple(n for n in compiled.graph.topological_order if n in needed))


def held_nodes(world: Regime, most: int) -> frozenset[str]:
    """Choose the nodes whose draws are held, so that few combinations remain.

    Categorical nodes are enumerated first, then texts with few values.

    Parameters
    ----------
    world : Regime
        What is enumerated.
    most : int
        Most combinations.

    Returns
    -------
    frozenset of str
        The nodes that are held.
    """
    left = float(most)
    held = set()
    size = {node: world.branching(node) for node in world.nodes}
    for node in sorted(world.nodes, key=lambda n: (n not in world.compiled.values, size[n], n)):
        if size[node] <= left:
            left /= size[node]
        else:
            held.add(node)
    return frozenset(held)


def draw_contents(world: Regime, contents: int, rng: np.random.Generator) -> Draws:
    """Draw everything, causes first.

    Parameters
    ----------
    world : Regime
        What is drawn from.
    contents : int
        How many independent draws.
    rng : Generator
        Source of randomness.

    Returns
    -------
    dict of str to ndarray of shape (contents, event …)
        For each site of the regime.
    """
    draws: Draws = {}
    for node in world.nodes:
        for name in world.draws_of(node):
            site = world.sites[name]
            shape = site.table.shape[len(site.parents) :]
            table = site.table[tuple(draws[parent] for parent in site.parents)] if site.parents else site.table
            draws[name] = (table / rng.exponential(size=(contents, *shape))).argmax(-1)
    return draws


def draw_alone(world: Regime, node: str, contents: int, rng: np.random.Generator) -> tuple[Draws, Array]:
    """Draw one node without its causes: from the mean of its distributions over all their values.

    Parameters
    ----------
    world : Regime
        What is drawn from.
    node : str
        A node with draws.
    contents : int
        How many independent draws.
    rng : Generator
        Source of randomness.

    Returns
    -------
    draws : dict of str to ndarray of shape (contents, event …)
        For each site of the node.
    log_probability : ndarray of shape (contents,)
        Of what was drawn.
    """
    draws: Draws = {}
    total = np.zeros(contents)
    for name in world.draws_of(node):
        site = world.sites[name]
        alone = Site((), site.table.mean(axis=tuple(range(len(site.parents)))))
        draws[name] = (alone.table / rng.exponential(size=(contents, *alone.table.shape))).argmax(-1)
        total += _log_probability(alone, {}, draws[name])
    return draws, total


def enumerate_rows(world: Regime, held: Mapping[str, Indices], contents: Sequence[int], wanted: Sequence[str]) -> Rows:
    """Write out all combinations for some contents.

    Parameters
    ----------
    world : Regime
        What is enumerated.
    held : mapping of str to ndarray of shape (contents, event …)
        Values of the sites that are held; all others are enumerated.
    contents : sequence of int
        Which of the contents.
    wanted : sequence of str
        The columns to keep.

    Returns
    -------
    Rows
        Those of positive probability.

    Raises
    ------
    TooManyError
        If there are too many combinations.
    """
    content = np.asarray(contents, dtype=np.int64)
    total = np.zeros(len(content))
    draws: Draws = {}
    most = MAXIMUM_ROWS * len(content)
    for node in world.nodes:
        for name in world.draws_of(node):
            site = world.sites[name]
            if name in held:
                value = held[name][content]
                total = total + _log_probability(site, draws, value)
                kept = np.flatnonzero(total > -np.inf)
                content, total = content[kept], total[kept]
                draws = {one: drawn[kept] for one, drawn in draws.items()} | {name: value[kept]}
                continue
            events = site.table.shape[len(site.parents) : -1]
            found: list[Indices] = []
            for event in np.ndindex(*events):
                table = site.table[(*(slice(None),) * len(site.parents), *event)]
                here = tuple(draws[parent] for parent in site.parents)
                kept, value, chance = _split(table, here, len(content), most)
                content, total = content[kept], total[kept] + np.log(chance)
                draws = {one: drawn[kept] for one, drawn in draws.items()}
                found = [*(one[kept] for one in found), value]
            draws[name] = np.stack(found, axis=1).reshape(len(content), *events) if events else found[0]
    texts = {node: [text] * len(content) for node, text in world.texts.items() if node in world.nodes}
    fixed = frozenset(
        node for node in world.nodes if world.draws_of(node) and all(name in held for name in world.draws_of(node))
    )
    columns = write_columns(world.compiled, draws, len(content), texts, world.nodes, contents=content, held=fixed)
    return Rows(content, total, {name: columns[name] for name in wanted})


def _split(table: Array, parents: tuple[Indices, ...], rows: int, most: int) -> tuple[Indices, Indices, Array]:
    """Every row once for each value that it can take: which row, which value, its probability."""
    if rows * table.shape[-1] > _NUMBERS:
        raise TooManyError
    chances = table[parents] if parents else np.broadcast_to(table, (rows, table.shape[-1]))
    kept, value = np.nonzero(chances > 0.0)
    if len(kept) > most:
        raise TooManyError
    return kept, value, chances[kept, value]


def _log_probability(site: Site, draws: Mapping[str, Indices], value: Indices) -> Array:
    """Logarithm of the probability of a site's values, summed over its events."""
    parents = [draws[parent] for parent in site.parents]
    total = np.zeros(len(value))
    for event in np.ndindex(*site.table.shape[len(parents) : -1]):
        with np.errstate(divide="ignore"):
            total += np.log(site.table[(*parents, *event, value[(slice(None), *event)])])
    return total
