"""A user's assumptions: a causal graph with roles, bindings, a query and an objective."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.representations import State, computed_by_the_model, routers_of, slots_of, states_of
from causal_reasoning.graph.slots import RouterSpec, SlotSpec
from causal_reasoning.graph.spec import (
    COMPUTED,
    Binding,
    EnvironmentPolicy,
    NodeSpec,
    ObjectiveSpec,
    QuerySpec,
    TextBinding,
)
from causal_reasoning.graph.surrogates import AnySurrogate, SurrogateBinding

Environment = tuple[tuple[tuple[str, ...], float], ...]
"""Combinations of values of the treatments with their probabilities, sorted."""


@dataclass(frozen=True)
class AssumptionGraph:
    """A checked graph file.

    Parameters
    ----------
    name : str
        The graph's name.
    causal : CausalGraph
        Its nodes and edges; nodes without a binding and representations are latent.
    nodes : mapping of str to NodeSpec
        Role and binding of each node.
    query : QuerySpec
        Treatment, what is read and what is written; the latter is put in causal order, so that a rationale is
        written before the answer that it leads to.
    objective : ObjectiveSpec
        How the estimand becomes a loss.
    description : str
        For the reader.
    source : str
        The file it came from; not part of the digest.
    text : str
        The file's text, stored with every run; not part of the digest.
    environment : tuple of ((str, ...), float)
        Where the policy is taken from other rows: the combinations of the treatments' values there, treatments sorted,
        with their relative frequencies. Empty before these rows are read.
    """

    name: str
    causal: CausalGraph
    nodes: Mapping[str, NodeSpec]
    query: QuerySpec
    objective: ObjectiveSpec
    description: str = ""
    source: str = ""
    text: str = field(default="", repr=False)
    environment: Environment = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", dict(sorted(self.nodes.items())))
        if (write := _causes_first(self.causal, self.query.write)) != self.query.write:
            object.__setattr__(self, "query", self.query.model_copy(update={"write": write}))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What must be identified jointly: everything read or written, without the treatment (sorted)."""
        return tuple(sorted({*self.query.read, *self.query.write} - set(self.query.do)))

    @cached_property
    def representations(self) -> Mapping[str, State]:
        """The nodes that the model computes, slots included, sorted, and where they are read off it.

        A representation is latent for identification: it is no column of the data, and what it stands for reaches
        the answer only through the model. See `causal_reasoning.graph.representations` for what its arrows mean.
        """
        return states_of(self.nodes)

    @cached_property
    def slots(self) -> Mapping[str, SlotSpec]:
        """The parts of the adapter, sorted."""
        return slots_of(self.nodes)

    @cached_property
    def routers(self) -> Mapping[str, RouterSpec]:
        """The categories that the adapter computes, sorted."""
        return routers_of(self.nodes)

    @property
    def treatments(self) -> tuple[str, ...]:
        """The treatments that rows have values of (sorted): all but those that the adapter sets."""
        return tuple(sorted(name for name in self.query.do if name not in self.slots))

    @property
    def asked_of_the_data(self) -> AssumptionGraph:
        """The same graph, with a query about treatments that rows have values of: the adapter sets its slots itself."""
        treatments = tuple(name for name in self.query.do if name not in self.slots)
        if not treatments or len(treatments) == len(self.query.do):
            return self
        return replace(self, query=self.query.model_copy(update={"do": treatments}))

    @property
    def computed(self) -> tuple[str, ...]:
        """All nodes that the model computes (sorted): representations, slots and routers."""
        return tuple(sorted(computed_by_the_model(self.nodes)))

    def inputs(self, representation: str) -> tuple[str, ...]:
        """What a representation is a function of (sorted).

        That is what is read; pooled over the answer, what is written too, since the state that predicts a token has
        seen the tokens before it; and the column that chooses its part.
        """
        state = self.representations[representation]
        written = self.query.write if state.pool in ("answer", "each") else ()
        chosen = getattr(state, "choose", None)
        by = {chosen} - set(self.computed) if chosen else set()
        return tuple(sorted({*self.query.read, *written, *by}))

    def binding(self, node: str) -> Binding | None:
        """What a node is in a training run; ``None`` for a latent one."""
        return self.nodes[node].bind

    @cached_property
    def surrogates(self) -> Mapping[str, AnySurrogate]:
        """The nodes that are computed from a text column, sorted, and how; each is a column called like its node."""
        return {
            name: node.bind.surrogate for name, node in self.nodes.items() if isinstance(node.bind, SurrogateBinding)
        }

    def column(self, node: str) -> str:
        """The column of the data that holds an observed node; that of a surrogate is computed."""
        bind = self.nodes[node].bind
        if isinstance(bind, SurrogateBinding):
            return node
        if bind is None or isinstance(bind, COMPUTED):
            what = "latent" if bind is None else "a representation that the model computes"
            raise ValueError(f"'{node}' is {what}: no column holds it")
        return bind.column_name

    def is_text(self, node: str) -> bool:
        """Whether a node is bound to free text."""
        return isinstance(self.nodes[node].bind, TextBinding)

    def canonical(self) -> dict[str, object]:
        """Everything that can change a result, as plain sorted data."""
        # Options that are not used do not count, so that a new option leaves old digests alone.
        objective = self.objective.model_dump(exclude_defaults=True)
        objective |= {"estimator": self.objective.estimator, "realisation": self.objective.realisation}
        return {
            "version": 1,
            "name": self.name,
            "nodes": {
                name: {"role": node.role, "bind": node.bind.model_dump() if node.bind else None}
                for name, node in self.nodes.items()
            },
            "directed": [list(e) for e in self.causal.directed],
            "bidirected": [list(e) for e in self.causal.bidirected],
            "query": {
                "do": sorted(self.query.do),
                "read": list(self.query.read),
                "write": list(self.query.write),
                "policy": self._canonical_policy(),
            },
            "objective": objective,
        }

    def _canonical_policy(self) -> object:
        """The policy as plain data: with what was counted in other rows, if they were read."""
        if not isinstance(self.query.policy, EnvironmentPolicy):
            return self.query.policy
        counted = {"counted": [[list(values), share] for values, share in self.environment]} if self.environment else {}
        return {**self.query.policy.model_dump(), **counted}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical form; comments, descriptions and the order of lines do not count."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _causes_first(causal: CausalGraph, names: tuple[str, ...]) -> tuple[str, ...]:
    """Sort nodes so that causes come before effects; what the graph does not order stays as it was."""
    left, found = list(names), []
    while left:
        first = next(name for name in left if not set(causal.ancestors(name)) & (set(left) - {name}))
        left.remove(first)
        found.append(first)
    return tuple(found)
