"""Ask the query of a graph file, or any other query of its graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification.construction import set_by_the_adapter
from causal_reasoning.identification.effect import identify_effect
from causal_reasoning.identification.query import QueryError
from causal_reasoning.identification.repair import Repair
from causal_reasoning.identification.result import Identification, NotIdentified

Names = str | Iterable[str]


def identify(
    graph: AssumptionGraph,
    do: Names | None = None,
    on: Names | None = None,
    given: Names = (),
    *,
    cap: int = 100,
) -> Identification:
    """Decide whether a query is identified, and how.

    Parameters
    ----------
    graph : AssumptionGraph
        What `load_graph` returned.
    do : str or iterable of str, optional
        Treatment; by default the file's.
    on : str or iterable of str, optional
        Outcomes, jointly; by default everything that the file's query reads or writes, without the treatment.
    given : str or iterable of str
        Nodes that are observed after the intervention.
    cap : int
        Most minimal adjustment sets to list.

    Returns
    -------
    Identification
        One of distinct frozen classes: an adjustment, a zero effect, or why there is no identification. Treatments
        that are slots are set by the adapter; what is asked of the data is the effect of the others.

    Raises
    ------
    InputError
        If the query names unknown or latent nodes, or treatment and outcome overlap.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> identify(load_graph("reasoning")).adjustment
    ('confounder',)
    """
    selected = [name for name, node in graph.nodes.items() if node.role == "selection"]
    asked = graph.query.do if do is None else (do,) if isinstance(do, str) else tuple(do)
    outcomes = graph.outcomes if on is None else on
    treatments = tuple(name for name in asked if name not in graph.slots)
    try:
        if asked and not treatments:
            return set_by_the_adapter(graph, asked, outcomes, given)
        verdict = identify_effect(
            graph.causal,
            treatments,
            outcomes,
            given,
            name=graph.name,
            digest=graph.digest,
            cap=cap,
            selected=selected,
        )
    except QueryError as error:
        raise InputError.at(graph.source or graph.name, str(error)) from error
    if not isinstance(verdict, NotIdentified) or not graph.computed:
        return verdict
    return replace(verdict, repairs=tuple(repair for repair in verdict.repairs if _possible(repair, graph)))


def _possible(repair: Repair, graph: AssumptionGraph) -> bool:
    """Whether a repair asks for no values of what a model computes: no data hold them."""
    named = {*repair.observe, *(node for arrow in repair.mediate for node in arrow)}
    return not named & set(graph.computed)
