"""Rendering: rows whose text is written anew for other values of a confounder, and when they are the mutilated world.

A row (z, t, x, y) becomes (z', t, x', y): z' is drawn from P(z) for the row, x' is the text x with z' in the place of
z, and everything else stays as recorded, hidden causes included. Draw both in one graph, the *rendered graph*: x' is a
copy of x with the same parents and hidden causes, but with z' for z; nothing listens to x', and z' listens to nothing.
Let O be what is read and written without the treatment t, and O' the same with x' for x. Then P(t, O') of the rendered
rows is P(t) P(O | do(t)), whatever the mechanisms, if

1. t is no cause of z: do(t) leaves P(z) as it is;
2. z ⟂ O' in the rendered graph without the arrows into t. Then O with z set to any value is independent of z, so that
   drawing z' in its place gives P(O | do(t)) = Σ_z' P(z') P(O with z' | do(t));
3. the empty set is an adjustment set for t on O' in the rendered graph: P(O' | do(t)) = P(O' | t).

Condition 2 says that all that z does once t is set, it does through the arrows that rendering rewrites. In particular
the rendered text must not be a cause of the answer, which keeps listening to the text as it was.

References
----------
T. Richardson and J. Robins, "Single world intervention graphs" (2013): reading independences of potential outcomes
off a graph with split nodes. I. Shpitser and E. Tchetgen Tchetgen, "Causal inference with a graphical hierarchy of
interventions" (Annals of Statistics 2016): interventions on edges.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.rendered import rendered_by
from causal_reasoning.graph.spec import ColumnBinding, TextBinding
from causal_reasoning.identification import is_adjustment_set, m_separated
from causal_reasoning.identification.adjustment import pose
from causal_reasoning.identification.bitsets import Tables, tables
from causal_reasoning.identification.paths import ANY, Wanted, shortest_paths
from causal_reasoning.objective.notation import listed

PAIRED = "counterfactual"
"""The view of baselines and penalties that compare each row with a rendering of it."""

MOST_DECLARED = 8
"""Subsets of so many declared parents are tried; of more, only all of them together."""


@dataclass(frozen=True)
class RenderingModel:
    """Nodes that are drawn anew, texts that are written anew for them, and the views in which this is done.

    Parameters
    ----------
    nodes, columns : tuple of str
        The nodes z that are drawn from their joint marginal, sorted, and their columns.
    texts : tuple of str
        The text columns that the graph expects to be written anew; empty where it says nothing about them.
    views : tuple of str
        The views that show such rows, each with draws of its own; the main view is ``"main"``.
    """

    nodes: tuple[str, ...]
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    views: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "nodes": list(self.nodes),
            "columns": list(self.columns),
            "texts": list(self.texts),
            "views": list(self.views),
        }


def rendering_model(graph: AssumptionGraph, drawn: tuple[str, ...], views: tuple[str, ...]) -> RenderingModel:
    """What is rendered when some nodes of a graph are drawn anew.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    drawn : tuple of str
        Nodes bound to categorical columns.
    views : tuple of str
        The views that show the rendered rows.
    """
    nodes = tuple(sorted(drawn))
    return RenderingModel(
        nodes,
        tuple(graph.column(node) for node in nodes),
        tuple(graph.column(text) for text in rewritten(graph, nodes)),
        views,
    )


def counterfactual_rendering(
    graph: AssumptionGraph, drawn: Iterable[tuple[str, ...]], known: tuple[RenderingModel, ...] = (), view: str = PAIRED
) -> tuple[RenderingModel, ...]:
    """What paired penalties add to the renderings of a plan: one view in which the same nodes are drawn anew.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    drawn : iterable of tuple of str
        What each penalty needs drawn anew.
    known : tuple of RenderingModel
        The renderings that the plan has already.
    view : str
        The view's name.

    Returns
    -------
    tuple of RenderingModel
        With those that are known.

    Raises
    ------
    NoValidPlanError
        If there is nothing to draw, or two penalties, or a penalty and the objective, draw different nodes.
    """
    wanted = sorted({tuple(sorted(nodes)) for nodes in drawn})
    if not wanted:
        return known
    where = graph.source or graph.name
    if not wanted[0]:
        raise NoValidPlanError(
            f"{where}: a paired penalty compares two renderings of a row, and no column acts on what changes and not "
            "on what stays; use 'variance' within a label instead"
        )
    have = sorted({model.nodes for model in known if view in model.views})
    if len({*wanted, *have}) > 1:
        shown = " and ".join(f"{{{listed(nodes)}}}" for nodes in sorted({*wanted, *have}))
        raise NoValidPlanError(f"{where}: the second rendering of a row would draw {shown} anew; ask for one of them")
    return known if have else (*known, rendering_model(graph, wanted[0], (view,)))


def declared(graph: AssumptionGraph) -> dict[str, tuple[str, ...]]:
    """The texts that can be written anew, each with the observed parents that may be changed."""
    found = {}
    for text, names in rendered_by(graph.nodes).items():
        parents = set(graph.causal.parents(text))
        kinds = {name: graph.nodes[name].bind for name in names}
        usable = tuple(n for n in names if n in parents and isinstance(kinds[n], ColumnBinding | TextBinding))
        if usable:
            found[text] = usable
    return found


def rewritten(graph: AssumptionGraph, drawn: tuple[str, ...]) -> tuple[str, ...]:
    """The texts that are written anew for other values of some nodes, causes first, texts within texts included."""
    templates = declared(graph)
    changed = set(drawn)
    found = []
    for node in graph.causal.topological_order:
        if node in templates and changed & set(templates[node]):
            changed.add(node)
            found.append(node)
    return tuple(found)


def rendered_graph(graph: AssumptionGraph, drawn: tuple[str, ...]) -> tuple[CausalGraph, dict[str, str]]:
    """Draw the rendered texts beside the recorded ones.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    drawn : tuple of str
        The nodes that are drawn anew.

    Returns
    -------
    (CausalGraph, dict of str to str)
        The graph, and the name of each rendered text's copy. The drawn values themselves are left out: they listen to
        nothing, and only the copies listen to them.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> split, copies = rendered_graph(load_graph("rendered_style"), ("style",))
    >>> copies, split.parents("question'")
    ({'question': "question'"}, ('skill', 'words'))
    """
    causal, templates = graph.causal, declared(graph)
    copies: dict[str, str] = {}
    for text in rewritten(graph, drawn):
        copies[text] = f"{text}'"
        while copies[text] in causal or copies[text] in [n for t, n in copies.items() if t != text]:
            copies[text] += "'"
    directed = list(causal.directed)
    bidirected = list(causal.bidirected)
    latent = list(causal.latent)
    for text, copy in copies.items():
        for parent in causal.parents(text):
            if parent in drawn and parent in templates[text]:
                continue
            directed.append((copies[parent] if parent in copies and parent in templates[text] else parent, copy))
        # What chooses the words of the text is the same for both.
        bidirected.append((text, copy))
        for sibling in causal.siblings(text):
            bidirected.append((sibling, copy))
            if sibling in copies and text < sibling:
                bidirected.append((copies[sibling], copy))
    return CausalGraph((*causal.nodes, *copies.values()), directed, bidirected, latent), copies


def rendering_problem(graph: AssumptionGraph, drawn: tuple[str, ...]) -> str | None:
    """Say why rows with some nodes drawn anew are not rows of the mutilated world; ``None`` if they are.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    drawn : tuple of str
        Nodes that texts of the graph are rendered by.

    Returns
    -------
    str or None
        A sentence. Linear in nodes and edges, but for the path that it names.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> rendering_problem(load_graph("rendered_style"), ("style",)) is None
    True
    """
    causal, do, z = graph.causal, graph.query.do, listed(drawn)
    t = listed(do)
    for node, spec in graph.nodes.items():
        if spec.role == "selection":
            return f"the rows are selected by '{node}', and rendering keeps the selection"
    for node in drawn:
        if graph.is_text(node):
            return f"'{node}' is a text, and texts are not drawn anew"
        if node in do:
            return f"'{node}' is the treatment: drawn anew, it asks for another answer"
    texts = rewritten(graph, drawn)
    if missing := sorted(set(drawn) - {n for text in texts for n in declared(graph)[text]}):
        return f"no text says that it can be written anew for another '{missing[0]}'"
    for text in texts:
        if text in do:
            return f"'{text}' is the treatment: written anew, it is another one"
        if text in graph.query.write:
            return f"'{text}' is what is written, and the answer must stay as it is"
    if caused := sorted(set(drawn) & set(causal.descendants(*do))):
        return f"'{caused[0]}' is caused by {t}: drawn anew, it loses an influence that do({t}) leaves"
    split, copies = rendered_graph(graph, drawn)
    outcomes = tuple(copies.get(node, node) for node in graph.outcomes)
    mutilated = split.without_incoming(*do)
    if not m_separated(mutilated, drawn, outcomes, ()):
        path = _open_path(mutilated, drawn, outcomes, tables(mutilated))
        hint = ""
        if heard := sorted(set(copies) & set(causal.ancestors(*graph.query.write))):
            hint = (
                f"; the answer was given to the old '{heard[0]}': if it listens only to what '{heard[0]}' says and not "
                f"to how, make what it says a node of its own, a cause of both"
            )
        return f"drawing {z} anew leaves a dependence of what is read and written on the old {z}: {path} is open{hint}"
    if not is_adjustment_set(split, do, outcomes, ()):
        path = _open_path(split, do, outcomes, pose(split, do, outcomes).backdoor)
        return f"drawing {z} anew does not turn the rows into those under do({t}): {path} stays open"
    return None


def drawable(graph: AssumptionGraph) -> tuple[str, ...] | str:
    """Find nodes whose redrawing gives the mutilated world, the fewest; or say in a sentence why there are none.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    """
    parents = sorted({node for names in declared(graph).values() for node in names})
    categories = [node for node in parents if not graph.is_text(node)]
    for text, names in rendered_by(graph.nodes).items():
        if not categories:
            return (
                f"'{text}' is rendered by {listed(names)}, but no categorical column of these is a parent of it in "
                "this graph"
            )
    if not categories:
        return (
            "no text says that it can be written anew: name the parents that a template sets, for instance "
            "bind: {text: question, rendered_by: style}"
        )
    sizes = range(1, len(categories) + 1) if len(categories) <= MOST_DECLARED else (len(categories),)
    problem = ""
    for size in sizes:
        for drawn in combinations(categories, size):
            found = rendering_problem(graph, drawn)
            if found is None:
                return drawn
            problem = problem or found
    return problem


def _open_path(graph: CausalGraph, a: tuple[str, ...], b: tuple[str, ...], edges: Tables) -> str:
    """A shortest path between two sets without a collider, as text."""
    wanted = Wanted(ANY, lambda node, kind: kind != "collider")
    found, _ = shortest_paths(graph, edges, graph.mask(a), graph.mask(b), wanted, 1)
    return found[0].text() if found else f"a path between {listed(a)} and {listed(b)}"
