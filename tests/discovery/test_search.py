"""Searches with causal-learn: known classes, what knowledge does, and what happens when time runs out."""

from __future__ import annotations

import json
import sys
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.data.table import Table
from causal_reasoning.discovery import search
from causal_reasoning.discovery.found import Discovery
from causal_reasoning.discovery.graph_draft import graph_draft
from causal_reasoning.discovery.independence import independence_test
from causal_reasoning.discovery.knowledge import Knowledge, parse_knowledge
from causal_reasoning.discovery.search import discover
from causal_reasoning.discovery.search_worker import _search, edges_of
from causal_reasoning.errors import InputError, RunFailedError
from causal_reasoning.files import write_jsonl
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import cpdag, m_separated
from causal_reasoning.scm import load_world
from tests.cli.program import call

NO_KNOWLEDGE = Knowledge().to_dict()


def letters(rows: int = 4000) -> Table:
    return Table(load_world("letters").sample(rows, 0), "letters.jsonl")


def random_dag(rng: np.random.Generator, size: int, share: float) -> CausalGraph:
    names = [f"v{i}" for i in range(size)]
    order = rng.permutation(size)
    edges = [(names[order[i]], names[order[j]]) for j in range(size) for i in range(j) if rng.random() < share]
    return CausalGraph(names, edges)


def drawn(graph: CausalGraph, rng: np.random.Generator, rows: int) -> NDArray[np.int64]:
    """Rows of a random model with three values a node and clear effects: every parent shifts the favourite value."""
    columns: dict[str, NDArray[np.int64]] = {}
    for name in graph.topological_order:
        parents = graph.parents(name)
        tables = {key: rng.dirichlet([0.4] * 3) for key in product(range(3), repeat=len(parents))}
        keys = list(zip(*(columns[p].tolist() for p in parents), strict=True)) if parents else [()] * rows
        cumulated = np.array([tables[key] for key in keys]).cumsum(1)
        columns[name] = (rng.random((rows, 1)) > cumulated[:, :2]).sum(1)
    return np.stack([columns[name] for name in graph.nodes], axis=1)


def clearly_faithful(graph: CausalGraph, rows: NDArray[np.int64]) -> bool:
    """Whether every dependence that the graph allows is strong enough to be seen in the rows."""
    column = dict(zip(graph.nodes, rows.T, strict=True))
    for a, b in combinations(graph.nodes, 2):
        others = [name for name in graph.nodes if name not in (a, b)]
        for given in (chosen for size in range(len(others) + 1) for chosen in combinations(others, size)):
            if not m_separated(graph, a, b, given):
                stratum = (
                    np.ravel_multi_index([column[name] for name in given], [3] * len(given))
                    if given
                    else 0 * rows[:, 0]
                )
                if independence_test(column[a], column[b], stratum, permute=False).effect < 0.06:
                    return False
    return True


def test_of_many_rows_the_class_of_the_true_graph_is_found_by_pc_and_by_ges() -> None:
    graphs = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        graph = random_dag(rng, 4, 0.5)
        rows = drawn(graph, rng, 10_000)
        if not clearly_faithful(graph, rows):
            continue
        true = cpdag(graph)
        for method in ("pc", "ges"):
            asked = {"names": graph.nodes, "method": method, "level": 1e-5, "knowledge": NO_KNOWLEDGE}
            edges = [(graph.nodes[i], graph.nodes[j], kind) for i, j, kind in edges_of(_search(asked, rows))]
            directed = [(a, b) if kind == "->" else (b, a) for a, b, kind in edges if kind in ("->", "<-")]
            assert tuple(sorted(directed)) == true.directed
            assert tuple((a, b) for a, b, kind in edges if kind == "--") == true.undirected
        graphs += 1
        if graphs == 6:
            return
    raise AssertionError("too few models whose dependences can be seen")


def test_fci_sees_a_hidden_common_cause_where_pc_cannot() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.integers(2, size=20_000)
    a, b = rng.integers(2, size=20_000), rng.integers(2, size=20_000)

    def noisy(values: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where(rng.random(20_000) < 0.85, values, 1 - values)

    rows = np.stack([a, noisy(a & hidden), noisy(hidden | b), b], axis=1)
    asked = {"names": ["a", "x", "y", "z"], "method": "fci", "level": 1e-4, "knowledge": NO_KNOWLEDGE}
    assert edges_of(_search(asked, rows)) == [(0, 1, "o->"), (1, 2, "<->"), (2, 3, "<-o")]


def test_pc_finds_the_skeleton_of_letters_and_the_same_whatever_the_order_of_columns() -> None:
    first = discover(letters(), ["style", "skill", "cue"], halves=2, seconds=100)
    assert first.skeleton == (("cue", "skill"), ("skill", "style"))
    assert {edge.kind for edge in first.edges} == {"--"}
    assert [edge.adjacent for edge in first.edges] == [1.0, 1.0]
    assert (first.halves, first.rows) == (2, 4000)
    again = discover(letters(), ["cue", "style", "skill"], halves=2, seconds=100)
    assert again == first


def test_tiers_direct_every_edge_of_letters(tmp_path: Path) -> None:
    table, rows, draft = letters(1500), tmp_path / "rows.jsonl", tmp_path / "draft.yaml"
    write_jsonl(rows, [{n: table.columns[n][i] for n in ("style", "skill", "cue")} for i in range(len(table))])
    found = call("discover", str(rows), "--columns", "style,skill,cue", "--tiers", "style<skill<cue", "--bootstrap",
                 "2", "-o", str(draft), "--json")  # fmt: skip
    assert found.code == 0, found.err
    told = json.loads(found.out)
    assert [(e["a"], e["edge"], e["b"]) for e in told["edges"]] == [("cue", "<-", "skill"), ("skill", "<-", "style")]
    assert told["draft"] == draft.read_text(encoding="utf-8")
    assert "  - skill -> cue  # adjacent in 100% of random halves: 100% cue <- skill" in told["draft"]
    assert "open:" not in told["draft"]


def test_what_comes_later_gets_an_arrowhead_in_fci_but_a_hidden_cause_stays_possible() -> None:
    known = parse_knowledge(["a", "b"], ["a<b"])
    assert search._edges(["a", "b"], [(0, 1, "o-o")], known) == {("a", "b"): "o->"}
    assert search._edges(["a", "b"], [(0, 1, "<-o")], known) == {("a", "b"): "<->"}
    assert search._edges(["b", "c"], [(0, 1, "o-o")], known) == {("b", "c"): "o-o"}


def program(*answers: object, then: str = "") -> tuple[str, ...]:
    lines = "".join(f"print({json.dumps(one)!r}, flush=True); " for one in answers)
    return (sys.executable, "-c", f"import time; {lines}{then}")


def some(
    monkeypatch: pytest.MonkeyPatch, *answers: object, then: str = "", known: Knowledge | None = None
) -> Discovery:
    monkeypatch.setattr(search, "COMMAND", program(*answers, then=then))
    return discover(letters(400), ["style", "skill", "cue"], halves=10, seconds=2, knowledge=known)


EDGES = {"edges": [[0, 1, "--"], [1, 2, "--"]]}


def test_when_time_is_over_the_halves_that_were_searched_count(monkeypatch: pytest.MonkeyPatch) -> None:
    found = some(monkeypatch, EDGES, EDGES, {"edges": [[0, 1, "->"], [0, 2, "--"]]}, then="time.sleep(60)")
    assert (found.halves, found.wanted) == (2, 10)
    assert "2 random halves of 10 in time" in found.text()
    assert found.edges[0].shares == {"--": 0.5, "->": 0.5}
    assert [(edge.a, edge.b) for edge in found.doubtful] == [("cue", "style")]


def test_without_a_graph_in_time_there_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunFailedError, match="no graph after 2 seconds; raise --budget"):
        some(monkeypatch, then="time.sleep(60)")
    with pytest.raises(RunFailedError, match="the process with causal-learn ended with 1: ValueError: no"):
        some(monkeypatch, EDGES, then="raise ValueError('no')")


def test_a_required_arrow_that_the_rows_deny_is_kept_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Knowledge(required=(("style", "cue"),))
    found = some(monkeypatch, EDGES, known=known)
    assert found.notes[0] == "style -> cue is required, and the search on the data alone left it out"
    assert "  - style -> cue  # required; the search on the data alone left it out" in graph_draft(found)


def test_a_column_that_determines_another_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COMMAND", program({"edges": []}))
    table = letters(400)
    table = table.with_columns(first=[value[0] for value in table.columns["style"]])
    notes = discover(table, ["style", "first", "cue"], halves=0, seconds=20).notes
    assert [note.split(":")[0] for note in notes] == ["style determines first"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["style", "skil"], "there is no column 'skil' with a text or a number in every row; did you mean 'skill'?"),
        (["style", "words"], "the column 'words' is no category: it has"),
        (["style", "one"], "the column 'one' has one value in all rows"),
        (["style", "style"], "name at least two columns"),
    ],
)
def test_columns_that_cannot_be_searched_are_refused(columns: list[str], message: str) -> None:
    table = letters(400)
    with pytest.raises(InputError) as caught:
        discover(table.with_columns(one=["1"] * 400), columns)
    assert message in str(caught.value)


def test_knowledge_that_a_method_cannot_use_is_refused() -> None:
    for method, known in (("ges", Knowledge(tiers=(("style",),))), ("fci", Knowledge(required=(("style", "cue"),)))):
        with pytest.raises(InputError, match=f"{method} takes"):
            discover(letters(100), ["style", "cue"], method=method, knowledge=known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tiers", "forbid", "require", "message"),
    [
        (["a<d"], [], [], "--tiers: there is no column 'd'"),
        (["a<a"], [], [], "--tiers: 'a' stands in two groups"),
        (["a<"], [], [], "names no column; write 'a,b < c'"),
        ([], ["a - b"], [], "--forbid: 'a - b' is not an arrow; write 'a -> b'"),
        ([], [], ["a -> a"], "--require: 'a -> a': a column cannot cause itself"),
        ([], ["a -> b"], ["a -> b"], "--require: a -> b is forbidden as well"),
        (["a<b"], [], ["b -> a"], "--require: b -> a is against the order of the tiers"),
        ([], [], ["a -> b", "b -> a"], "--require:"),
    ],
)
def test_knowledge_that_contradicts_itself_is_refused(
    tiers: list[str], forbid: list[str], require: list[str], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse_knowledge(["a", "b", "c"], tiers, forbid, require)
    assert message in str(caught.value)
