"""What ``do`` does to a world: policies for categorical nodes, other texts for text nodes, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.scm.exact import TooLargeError, joint
from causal_reasoning.scm.mechanisms import Site
from causal_reasoning.scm.policy import Array, PerRow, Policy, PolicyLike, parse_policy
from causal_reasoning.scm.reader import Compiled

DoLike = Mapping[str, PolicyLike]


@dataclass(frozen=True)
class SetText:
    """do(text = this text), in all rows.

    Parameters
    ----------
    text : str
        What the node reads.
    """

    text: str


@dataclass(frozen=True)
class Texts:
    """do(text = …) with a text of its own for every row.

    Parameters
    ----------
    texts : tuple of str
        One a row.
    """

    texts: tuple[str, ...]


@dataclass(frozen=True)
class MarginalText:
    """The text of an unrelated row of the undisturbed world: the node's own marginal, whatever its causes."""


TextPolicy = SetText | Texts | MarginalText


@dataclass(frozen=True)
class Interventions:
    """A ``do`` that has been checked.

    Parameters
    ----------
    policies : mapping of str to (Policy, ndarray)
        For each categorical node what is done, and its marginal distribution in the undisturbed world.
    texts : mapping of str to TextPolicy
        For each text node what is done.
    """

    policies: Mapping[str, tuple[Policy, Array]]
    texts: Mapping[str, TextPolicy]

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that are set, sorted."""
        return tuple(sorted({*self.policies, *self.texts}))

    @property
    def row_by_row(self) -> tuple[tuple[str, int], ...]:
        """The nodes that are set row by row, each with the number of rows that it was given."""
        found = [(name, len(p.indices)) for name, (p, _) in self.policies.items() if isinstance(p, PerRow)]
        return (*found, *((name, len(t.texts)) for name, t in self.texts.items() if isinstance(t, Texts)))

    def placed(self, rows: NDArray[np.int64], start: int, size: int) -> dict[str, tuple[Policy, Array]]:
        """The policies for one block of draws; see `PerRow.placed`."""
        return {
            name: (policy.placed(rows, start, size) if isinstance(policy, PerRow) else policy, marginal)
            for name, (policy, marginal) in self.policies.items()
        }

    def sites(self, compiled: Compiled) -> dict[str, Site]:
        """All sites of the world, those of the set categorical nodes replaced."""
        result = dict(compiled.sites)
        for name, (policy, marginal) in self.policies.items():
            if isinstance(policy, PerRow):
                message = f"'{name}' is set row by row, which has no distribution; give a value or a table"
                raise InputError.at(compiled.file, message)
            own = result[name]
            replaced = policy.apply(own.table, marginal)
            result[name] = Site(own.parents if replaced.ndim > 1 else (), replaced)
        return result


def parse_interventions(compiled: Compiled, written: DoLike | None) -> Interventions:
    """Check what a user wants done.

    Parameters
    ----------
    compiled : Compiled
        The world.
    written : mapping of str to policy, optional
        For categorical nodes as in `parse_policy`. For text nodes a text for all rows, a list with one for every
        row, or ``"marginal"``: the text of an unrelated row.

    Returns
    -------
    Interventions
        Policies and texts.

    Raises
    ------
    InputError
        For unknown nodes, values and words.
    """
    policies: dict[str, tuple[Policy, Array]] = {}
    texts: dict[str, TextPolicy] = {}
    for node, what in (written or {}).items():
        where = f"{compiled.file}: do {node}"
        if node in compiled.values:
            own = joint_of(compiled, compiled.sites, [node])
            policies[node] = (parse_policy(what, compiled.values[node], where), own)
        elif node in compiled.nodes:
            texts[node] = _text_policy(what, where)
        else:
            near = did_you_mean(str(node), compiled.nodes)
            raise InputError.at(compiled.file, f"there is no node '{node}' for do; {near}")
    return Interventions(policies, texts)


def _text_policy(written: PolicyLike, where: str) -> TextPolicy:
    if written == "marginal":
        return MarginalText()
    if written in ("uniform", "reversed"):
        message = f"is a text, which has no list of values for '{written}'; give a text, a list of texts or 'marginal'"
        raise InputError.at(where, message)
    texts = [written] if isinstance(written, str) else written
    if isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts):
        if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
            raise InputError.at(where, "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character")
        return SetText(written) if isinstance(written, str) else Texts(tuple(texts))
    message = f"is a text; it can be set to a text, a list of texts (one a row) or 'marginal', not to {written!r}"
    raise InputError.at(where, message)


def joint_of(compiled: Compiled, sites: Mapping[str, Site], wanted: Sequence[str]) -> Array:
    """`joint` of some categorical nodes; `InputError` if it is too large to be enumerated."""
    try:
        return joint({name: sites[name] for name in compiled.values}, wanted)
    except TooLargeError:
        message = f"the distribution of {', '.join(wanted)} is too large to be enumerated; ask for fewer nodes"
        raise InputError.at(compiled.file, message) from None


def parse_evidence(compiled: Compiled, given: Mapping[str, str] | None) -> dict[str, int]:
    """Turn evidence into the index of each node's value; `InputError` for unknown nodes and values."""
    evidence = {}
    for node, value in (given or {}).items():
        values = compiled.values[categorical(compiled, node, "given")]
        if value not in values:
            near = did_you_mean(str(value), values)
            raise InputError.at(compiled.file, f"'{node}' has no value '{value}'; {near}")
        evidence[node] = values.index(value)
    return evidence


def categorical(compiled: Compiled, node: str, what: str) -> str:
    """Return the node's name; `InputError` unless it is categorical."""
    if node in compiled.values:
        return node
    near = did_you_mean(str(node), compiled.values)
    if node in compiled.nodes:
        message = f"'{node}' is a text; {what} needs a node with a list of values; {near}"
        raise InputError.at(compiled.file, message)
    raise InputError.at(compiled.file, f"there is no node '{node}' for {what}; {near}")
