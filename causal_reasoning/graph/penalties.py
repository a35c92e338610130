"""Check the independence penalties that are asked for by name, in a graph file or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.representations import State, states_of
from causal_reasoning.graph.spec import (
    ColumnBinding,
    MediationKind,
    NodeSpec,
    ObjectiveSpec,
    PenaltyKind,
    PenaltySpec,
    QuerySpec,
)
from causal_reasoning.graph.surrogates import SurrogateBinding

_ONE_REPRESENTATION = ("variance", "paired", "released_variance", "released_paired")
EACH_POSITION = ("released_variance", "released_paired")
"""Kinds that take every position by itself."""
_TWO_REPRESENTATIONS = ("lautum",)
_OPTIONS = {"bandwidth": "hsic", "clamp": "lautum", "direction": "lautum", "margin": "sensitivity"}


@dataclass(frozen=True)
class PenaltyProblem:
    """Something wrong with a penalty.

    Parameters
    ----------
    path : tuple of str
        Where, below ``objective: {penalties: …}``.
    message : str
        A sentence.
    key : bool
        Whether it is about the last key of the path and not its value.
    """

    path: tuple[str, ...]
    message: str
    key: bool = False


def penalty_problems(
    objective: ObjectiveSpec, nodes: Mapping[str, NodeSpec], query: QuerySpec
) -> Iterator[PenaltyProblem]:
    """Yield what is wrong with the penalties that an objective names.

    Parameters
    ----------
    objective : ObjectiveSpec
        What is asked for.
    nodes : mapping of str to NodeSpec
        Role and binding of each node.
    query : QuerySpec
        The query, over known nodes.
    """
    named, states = objective.named_penalties, states_of(nodes)
    kinds = {penalty.kind or name for name, penalty in named.items()}
    if kinds - {*get_args(MediationKind)} and kinds & {*get_args(PenaltyKind)} and not states:
        yield PenaltyProblem(
            (),
            "no node is a representation, so there is nothing to penalise; bind a node with "
            "{hidden: {layer: -1, pool: prompt}} or {slot: {kind: tokens}}",
        )
        return
    for name, penalty in named.items():
        kind = penalty.kind or name
        if kind not in (known := (*get_args(PenaltyKind), *get_args(MediationKind))):
            hint = did_you_mean(kind, known)
            yield PenaltyProblem((name,), f"'{name}' is no kind of penalty and has no key 'kind'; {hint}", key=True)
            continue
        for option, owner in _OPTIONS.items():
            if getattr(penalty, option) is not None and kind != owner:
                message = f"'{option}' is for the kind '{owner}', this is '{kind}'"
                yield PenaltyProblem((name, option), message, key=True)
        found = (
            _of_what_is_written(kind, penalty, query, nodes)
            if kind in get_args(MediationKind)
            else _problems(kind, penalty, query, nodes, states)
        )
        problem = next(found, None)
        if problem is not None:
            part, message = problem
            yield PenaltyProblem((name, part) if part else (name,), message)


def _problems(
    kind: str, penalty: PenaltySpec, query: QuerySpec, nodes: Mapping[str, NodeSpec], states: Mapping[str, State]
) -> Iterator[tuple[str, str]]:
    """Yield the key and the sentence of what is wrong with one penalty."""
    of = penalty.of or ()
    for part in ("of", "against"):
        if getattr(penalty, part) == ():
            yield part, f"'{part}' names nothing; name a node, or leave it out"
    if len(of) > 2:
        yield "of", f"'of' names one or two representations, this is {len(of)}"
    for part in ("of", "against", "given"):
        names: tuple[str, ...] = getattr(penalty, part) or ()
        for i, name in enumerate(names):
            if name not in nodes:
                yield part, f"there is no node '{name}'; {did_you_mean(name, states if part == 'of' else nodes)}"
            elif name in names[:i]:
                yield part, f"'{name}' stands twice in '{part}'; keep one"
            elif part == "of" and name not in states:
                yield part, f"'{name}' is no representation; {did_you_mean(name, states)}"
            elif part != "of" and nodes[name].bind is None:
                yield part, f"'{name}' is latent: no row has a value of it"
            elif part == "against" and name in states:
                yield part, f"'{name}' is a representation; name both in 'of'"
            elif part == "given" and name in states:
                yield part, f"'{name}' is a representation, and rows cannot be grouped by it; name a column"
            elif part == "given" and "paired" not in kind and not _label(name, query, nodes):
                yield part, f"rows cannot be grouped by free text ('{name}'); name a column"
            elif part == "against" and kind not in _ONE_REPRESENTATION and not _label(name, query, nodes):
                yield part, f"'{kind}' cannot be measured against free text ('{name}'); name a column, or use 'paired'"
    if clash := {*of, *(penalty.against or ())} & set(penalty.given or ()):
        yield "given", f"'{min(clash)}' cannot stand on both sides of a statement"
    if not of and penalty.given is not None:
        yield "", "'given' needs 'of': which representation?"
    if not of and penalty.against:
        yield "", "'against' needs 'of': which representation?"
    if kind in _ONE_REPRESENTATION and len(of) == 2:
        yield "of", f"'{kind}' is about one representation; for two use 'hsic' or 'cross_covariance'"
    if kind in ("variance", "released_variance") and penalty.against:
        yield "against", f"'{kind}' is against everything that is read; for a part of it use 'paired'"
    if kind not in _ONE_REPRESENTATION:
        if len(of) == 2 and penalty.against:
            yield "against", "two representations are against each other; drop 'against', or name one in 'of'"
        if len(of) == 1 and kind in _TWO_REPRESENTATIONS:
            yield "of", f"'{kind}' compares two representations; name both"
        if len(of) == 1 and not penalty.against:
            yield "", f"'{kind}' needs something to be independent of: another representation in 'of', or 'against'"
        if penalty.against and len(penalty.against) > 1:
            yield "against", f"'{kind}' is against one column at a time; make it two penalties"
    if kind == "released_variance" and penalty.given:
        yield "given", "'released_variance' has no conditional version; use 'variance'"
    for name in of or (states if len(states) == 1 else ()):
        if name in states and (states[name].pool == "each") != (kind in EACH_POSITION):
            wanted, takes = ("each", "takes") if kind in EACH_POSITION else ("answer", "does not take")
            yield "of", f"'{kind}' {takes} every position by itself; give '{name}' the pool '{wanted}'"
    if kind == "lautum" and penalty.given:
        yield "given", "'lautum' has no conditional version; use 'hsic' or 'cross_covariance'"


def _of_what_is_written(
    kind: str, penalty: PenaltySpec, query: QuerySpec, nodes: Mapping[str, NodeSpec]
) -> Iterator[tuple[str, str]]:
    """The same for a penalty on what is written after a rationale."""
    if len(query.write) < 2:
        yield (
            "",
            f"'{kind}' is about what is written after a rationale, and only '{query.write[0]}' is written; write for "
            f"instance [rationale, {query.write[0]}]",
        )
    for part in ("of", "given"):
        if getattr(penalty, part) is not None:
            yield part, f"'{kind}' is about what is written last, given what is written before; leave '{part}' out"
    if kind != "agreement" and penalty.against is not None:
        yield "against", f"'{kind}' swaps what is written before the answer; leave 'against' out"
    for name in penalty.against or ():
        if name not in nodes:
            yield "against", f"there is no node '{name}'; {did_you_mean(name, query.read)}"
        elif name not in query.read:
            yield "against", f"'{name}' is not read, so it cannot be hidden; {did_you_mean(name, query.read)}"


def _label(name: str, query: QuerySpec, nodes: Mapping[str, NodeSpec]) -> bool:
    """Whether rows can be grouped by a node: a column of categories, or the whole answer."""
    return isinstance(nodes[name].bind, (ColumnBinding, SurrogateBinding)) or name in query.write
