"""Search for the graphs that the independences in data suggest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal, cast

from causal_reasoning.cross_check.talk import TIME, talk, worker
from causal_reasoning.data.table import Table, not_categorical
from causal_reasoning.discovery.found import Discovery, Edges, FoundEdge, Kind, count_edges
from causal_reasoning.discovery.independence import codes
from causal_reasoning.discovery.knowledge import Knowledge
from causal_reasoning.errors import Fault, InputError, RunFailedError, did_you_mean

COMMAND = worker("causal_reasoning.discovery.search_worker")
Method = Literal["pc", "fci", "ges"]
DOUBTFUL = 0.2
"""Share of halves from which on a pair without an edge is worth a line."""
FEW_ROWS_PER_CELL = 5


def discover(
    table: Table,
    columns: Sequence[str],
    *,
    method: Method = "pc",
    level: float = 0.01,
    halves: int = 50,
    knowledge: Knowledge | None = None,
    seed: int = 0,
    seconds: float = 120.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Discovery:
    """Search with causal-learn, on all rows and on random halves of them.

    Parameters
    ----------
    table : Table
        The rows.
    columns : sequence of str
        At least two categorical columns; their order does not count.
    method : str
        ``pc``: no hidden common causes; ``fci``: hidden common causes allowed; ``ges``: greedy search by the BDeu
        score, no hidden common causes.
    level : float
        Level of each χ² test of ``pc`` and ``fci``.
    halves : int
        Searches on random halves of the rows. Rows drawn with replacement would repeat, and repeated rows make
        independent columns look dependent.
    knowledge : Knowledge, optional
        ``pc`` takes all of it, ``fci`` takes tiers, ``ges`` takes none.
    seed : int
        Seed of the halves.
    seconds : float
        Time for everything.
    on_progress : callable, optional
        Called with the number of searches done and of all, from another thread.

    Returns
    -------
    Discovery
        The graph of all rows; if the time was over before all halves were searched, with fewer of them.

    Raises
    ------
    InputError
        For a column that is missing, constant or no category, or knowledge that the method cannot use.
    RunFailedError
        If there was no graph in time.

    Notes
    -----
    What comes out is right in the limit of many rows if every independence in the data is one that the graph implies
    (faithfulness), and for ``pc`` and ``ges`` if no two columns share a hidden cause. Arrows that data cannot direct
    stay without direction.

    References
    ----------
    P. Spirtes, C. Glymour and R. Scheines, "Causation, Prediction, and Search" (2nd ed., 2000): PC and FCI. D. M.
    Chickering, "Optimal structure identification with greedy search", JMLR 3 (2002): GES. D. Colombo and M. H.
    Maathuis, "Order-independent constraint-based causal structure learning", JMLR 15 (2014): the stable variant.
    N. Meinshausen and P. Bühlmann, "Stability selection", JRSS B 72 (2010): random halves. Y. Zheng et al.,
    "Causal-learn: causal discovery in Python", JMLR 25 (2024).
    """
    known = knowledge or Knowledge()
    names = tuple(sorted(set(columns)))
    _check(table, names)
    _usable(method, known)
    rows = len(table)
    request = {
        "seconds": seconds,
        "method": method,
        "names": names,
        "columns": [codes([table.columns[name]], rows).tolist() for name in names],
        "level": level,
        "halves": halves,
        "seed": seed,
        "knowledge": known.to_dict(),
    }
    graphs: list[Edges] = []

    def hear(line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if isinstance(said, dict) and "edges" in said:
            graphs.append(_edges(names, said["edges"], known if method == "fci" else Knowledge()))
            if on_progress is not None:
                on_progress(len(graphs), halves + 1)

    heard = talk(COMMAND, json.dumps(request), seconds, "causal-learn", hear)
    if not graphs:
        if heard.failure == TIME:
            raise RunFailedError(
                f"{table.source}: no graph after {seconds:g} seconds; raise --budget, or name fewer columns"
            )
        raise RunFailedError(f"{table.source}: {heard.failure or 'causal-learn gave no answer'}")
    if heard.failure and heard.failure != TIME:
        raise RunFailedError(f"{table.source}: {heard.failure}")
    found = count_edges(names, graphs[0], graphs[1:])
    return Discovery(
        source=table.source,
        method=method,
        nodes=names,
        rows=rows,
        level=level,
        edges=tuple(edge for edge in found if edge.kind),
        doubtful=tuple(edge for edge in found if not edge.kind and (edge.adjacent or 0) >= DOUBTFUL),
        halves=len(graphs) - 1,
        wanted=halves,
        seed=seed,
        knowledge=known,
        notes=tuple(_notes(table, names, known, found)),
    )


def _check(table: Table, names: Sequence[str]) -> None:
    faults = []
    for name in names:
        if name not in table.columns:
            message = (
                f"there is no column '{name}' with a text or a number in every row; {did_you_mean(name, table.columns)}"
            )
            faults.append(Fault(table.source, None, None, message))
            continue
        found = not_categorical(table, name)
        if found:
            faults.append(table.fault(found[0], f"the column '{name}' is no category: it {found[1]}"))
        elif len(set(table.columns[name])) == 1:
            message = f"the column '{name}' has one value in all rows, so nothing depends on it; leave it out"
            faults.append(Fault(table.source, None, None, message))
    if len(names) < 2 and not faults:
        faults.append(Fault("--columns", None, None, "name at least two columns"))
    if faults:
        raise InputError(faults)


def _usable(method: str, known: Knowledge) -> None:
    if method == "ges" and known:
        raise InputError.at(
            "--method", "ges takes no background knowledge; leave --tiers, --forbid and --require out, or take pc"
        )
    if method == "fci" and (known.forbidden or known.required):
        raise InputError.at(
            "--method", "fci takes an order (--tiers) only: with hidden causes a forbidden arrow can still be a <-> b"
        )


def _edges(names: Sequence[str], written: Sequence[tuple[int, int, str]], known: Knowledge) -> Edges:
    found: dict[tuple[str, str], Kind] = {}
    for i, j, kind in written:
        a, b = names[i], names[j]
        # What comes later is no cause of what comes earlier: an arrowhead at the later end.
        if known.later(b, a):
            kind = {"o-o": "o->", "<-o": "<->"}.get(kind, kind)
        elif known.later(a, b):
            kind = {"o-o": "<-o", "o->": "<->"}.get(kind, kind)
        found[a, b] = cast(Kind, kind)
    return found


def _notes(table: Table, names: Sequence[str], known: Knowledge, found: Sequence[FoundEdge]) -> list[str]:
    notes = []
    kinds = {(edge.a, edge.b): edge.kind for edge in found}
    for cause, effect in known.required:
        pair = (min(cause, effect), max(cause, effect))
        wanted = "->" if pair == (cause, effect) else "<-"
        if kinds.get(pair) != wanted:
            notes.append(f"{cause} -> {effect} is required, and the search on the data alone left it out")
    for a in names:
        for b in names:
            if a != b and len(set(zip(table.columns[a], table.columns[b], strict=True))) == len(set(table.columns[a])):
                notes.append(f"{a} determines {b}: tests given {a} cannot see {b}, and edges of {b} may be missing")
    largest = max(len(set(table.columns[name])) for name in names) ** 2
    if len(table) < FEW_ROWS_PER_CELL * largest:
        notes.append(
            f"{len(table):,} rows are few for columns of so many values: χ² tests are rough, and edges are missed"
        )
    return notes
