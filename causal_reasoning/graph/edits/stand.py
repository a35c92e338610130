"""What an edit does to the nodes and the query of a graph file, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit, EditError
from causal_reasoning.graph.edits.clusters import Merge, Split
from causal_reasoning.graph.edits.nodes import AddNode, DropNode, Hide, Observe
from causal_reasoning.graph.edits.rendered import with_renderers
from causal_reasoning.graph.spec import COMPUTED, NodeSpec, ObjectiveSpec, QuerySpec

PARTS = ("do", "read", "write")
"""The parts of a query that name nodes."""


@dataclass(frozen=True)
class Stand:
    """What an edit changes of a graph file.

    Parameters
    ----------
    causal : CausalGraph
        Nodes and edges.
    nodes : mapping of str to NodeSpec
        Role and binding of each node.
    query : QuerySpec
        The query.
    objective : ObjectiveSpec
        The objective, which may name nodes too; no edit changes it.
    """

    causal: CausalGraph
    nodes: Mapping[str, NodeSpec]
    query: QuerySpec
    objective: ObjectiveSpec

    def asked(self, node: str) -> tuple[str, ...]:
        """The parts of the query that name a node."""
        return tuple(part for part in PARTS if node in getattr(self.query, part))


def revise(stand: Stand, edit: Edit) -> Stand:
    """Make an edit.

    Parameters
    ----------
    stand : Stand
        What there is.
    edit : Edit
        The edit.

    Returns
    -------
    Stand
        What there is after it. Whether the query still makes sense is for the reader of graph files to say.

    Raises
    ------
    EditError
        If the edit does not fit the graph, takes away a node that the query or a penalty names, or leaves a table
        of probabilities behind whose values belonged to another column.
    """
    causal = edit.apply(stand.causal)
    if isinstance(edit, Observe) and isinstance(stand.nodes[edit.node].bind, COMPUTED):
        raise EditError(f"'{edit.node}' is a representation that the model computes; no column of the data holds it")
    if isinstance(edit, DropNode):
        for part in stand.asked(edit.node):
            raise EditError(
                f"'{edit.node}' is in the query ({part}: {', '.join(getattr(stand.query, part))}); "
                "change the query before it is dropped"
            )
    _refuse_named(stand.objective, edit)
    after = Stand(causal, _nodes(stand.nodes, edit), renamed_query(stand.query, edit), stand.objective)
    before_bind = [stand.nodes[name].bind for name in stand.query.do]
    after_bind = [after.nodes[name].bind for name in after.query.do]
    if isinstance(stand.query.policy, dict) and before_bind != after_bind:
        raise EditError(
            f"the policy of the query is a table of values of '{stand.query.do[0]}', and the treatment would be "
            "another column; make it 'marginal' or 'uniform' first"
        )
    return after


def _refuse_named(objective: ObjectiveSpec, edit: Edit) -> None:
    """Leave no penalty behind that names a node which is gone."""
    for penalty, spec in objective.named_penalties.items():
        for node in (*(spec.of or ()), *(spec.against or ()), *(spec.given or ())):
            if edit.new_names(node) != (node,) or (isinstance(edit, DropNode) and node == edit.node):
                raise EditError(f"'{node}' is named by the penalty '{penalty}'; change the objective first")


def renamed(names: tuple[str, ...], edit: Edit) -> tuple[str, ...]:
    """Names in a list of the query after an edit, each once."""
    return tuple(dict.fromkeys(new for name in names for new in edit.new_names(name)))


def renamed_query(query: QuerySpec, edit: Edit) -> QuerySpec:
    """The query after an edit."""
    return query.model_copy(update={part: renamed(getattr(query, part), edit) for part in PARTS})


def with_stand(graph: AssumptionGraph, stand: Stand) -> AssumptionGraph:
    """The assumptions with nodes, edges and query of a stand."""
    # Rows that a policy is taken from were counted for the treatments before the edit.
    return replace(graph, causal=stand.causal, nodes=stand.nodes, query=stand.query, environment=())


def _nodes(nodes: Mapping[str, NodeSpec], edit: Edit) -> dict[str, NodeSpec]:
    result = dict(nodes)
    match edit:
        case AddNode(node, bind):
            result[node] = NodeSpec(bind=bind)
        case DropNode(node):
            del result[node]
        case Hide(node):
            result[node] = nodes[node].model_copy(update={"bind": None})
        case Observe(node):
            result[node] = nodes[node].model_copy(update={"bind": edit.binding})
        case Merge(members, into, bind):
            spec = nodes[edit.keeper]
            for name in members:
                del result[name]
            result[into] = spec.model_copy(update={"bind": bind}) if bind else spec
        case Split(node, parts):
            spec = result.pop(node)
            for part in parts:
                old = spec if part.node == edit.keeper else NodeSpec(role=spec.role)
                result[part.node] = old.model_copy(update={"bind": part.bind}) if part.bind else old
    return with_renderers(result, edit)
