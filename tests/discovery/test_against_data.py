"""Graphs held against data of known origin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from causal_reasoning.data.table import Table
from causal_reasoning.discovery import against_data
from causal_reasoning.discovery.against_data import falsify
from causal_reasoning.discovery.columns import categorical_part, read_categorical_part
from causal_reasoning.discovery.falsification import Falsification
from causal_reasoning.errors import InputError
from causal_reasoning.files import write_jsonl
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.scm import load_world
from causal_reasoning.scm.reader import SHIPPED
from causal_reasoning.scm.true_graph import true_graph_yaml
from tests.cli.program import call

WORLDS = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def graph_text(edges: str, nodes: str = "abcd") -> str:
    bound = "".join(f"  {name}: {{bind: {{column: {name}}}}}\n" for name in nodes)
    texts = "  q: {bind: {text: q}}\n  r: {bind: {text: r}}\n"
    listed = "".join(f"  - {edge}\n" for edge in [*edges.split("; "), "q -> r"])
    return f"version: 1\nname: g\nnodes:\n{bound}{texts}edges:\n{listed}query: {{do: a, read: q, write: r}}\n"


def chain(rows: int, seed: int = 0, copies: float = 0.8) -> Table:
    """Rows of a -> b -> c -> d: each a copy of the one before, three values, sometimes any value."""
    rng = np.random.default_rng(seed)
    columns = {"a": rng.integers(3, size=rows)}
    for cause, effect in ("ab", "bc", "cd"):
        columns[effect] = np.where(rng.random(rows) < copies, columns[cause], rng.integers(3, size=rows))
    return Table({name: [str(v) for v in values] for name, values in columns.items()}, "chain.jsonl")


def held(graph: AssumptionGraph, table: Table, permutations: int = 0, seconds: float = 100.0) -> Falsification:
    return falsify(graph, categorical_part(table, graph), permutations=permutations, seconds=seconds)


def worlds_rows(world: str) -> tuple[AssumptionGraph, Table]:
    loaded = load_world(world)
    return parse_graph(true_graph_yaml(loaded)), Table(loaded.sample(800, 0), world)


@pytest.mark.parametrize("world", WORLDS)
def test_the_true_graph_of_a_world_is_not_contradicted(world: str) -> None:
    try:
        graph, table = worlds_rows(world)
    except InputError:
        pytest.skip("this world has no graph with a query")
    try:
        part = categorical_part(table, graph)
    except InputError:
        pytest.skip("fewer than two columns of categories")
    found = falsify(graph, part, permutations=0, level=0.01)
    assert not found.contradicted, found.text()


def test_an_arrow_turned_round_that_implies_the_same_is_told_to_be_beyond_all_data() -> None:
    _, table = worlds_rows("letters")
    found = held(load_graph("reasoning_reversed"), table, permutations=100)
    assert found.tested == ()
    assert found.equivalent == ("confounder -> skill",)
    assert "no data on confounder, skill can contradict the graph" in found.verdict
    assert found.permuted.status == "not asked"
    assert "the data cannot tell it from {confounder -> skill}" in found.text()
    assert found.left_out == {"answer": "text", "question": "text"}


def test_a_collider_where_there_is_a_chain_is_contradicted() -> None:
    found = held(parse_graph(graph_text("a -> b; c -> b", "abc")), chain(1000))
    (one,) = found.contradicted
    assert one.statement.text() == "c ⊥ a"
    assert one.outcome.p_value < 1e-6
    assert one.outcome.effect > 0.3
    assert found.verdict == "the data contradict 1 of 1 statement that the graph implies"


def test_the_right_chain_fits_and_says_what_it_would_have_seen() -> None:
    found = held(parse_graph(graph_text("a -> b -> c -> d")), chain(1000))
    assert [one.statement.text() for one in found.tested] == ["c ⊥ a | b", "d ⊥ a | c", "d ⊥ b | c"]
    assert not found.contradicted
    assert {one.verdict for one in found.tested} == {"fits"}
    assert "would have been found with probability .8" in found.text()
    assert found.equivalent  # the chain can be read from any of its nodes


def test_of_a_weak_effect_only_many_rows_show_that_it_is_missing_in_the_graph() -> None:
    graph = parse_graph(graph_text("a -> b", "abc"))
    few, many = (held(graph, chain(rows, copies=0.15)) for rows in (100, 20_000))
    assert not few.contradicted
    assert [one.statement.text() for one in many.contradicted] == ["c ⊥ a", "c ⊥ b"]


def test_dowhy_rejects_a_wrong_order_of_five_nodes() -> None:
    table = chain(600)
    table = table.with_columns(e=[str((int(v) + (i % 7 == 0)) % 3) for i, v in enumerate(table.columns["d"])])
    wrong = held(parse_graph(graph_text("b -> d -> a -> c; a -> e", "abcde")), table, permutations=40)
    assert wrong.contradicted
    assert wrong.permuted.status == "done", wrong.permuted.because
    assert wrong.permuted.permutations == 40
    assert wrong.permuted.falsified
    assert wrong.permuted.violations == wrong.permuted.tests == 7
    assert "rejects the graph" in wrong.text()


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_late_dowhy_leaves_our_tests_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against_data, "COMMAND", program("import time; time.sleep(60)"))
    found = held(parse_graph(graph_text("a -> b -> c -> d")), chain(300), 50, seconds=1)
    assert found.permuted.status == "timed out"
    assert "no answer after 1 seconds" in found.permuted.because
    assert len(found.tested) == 3


def test_a_dowhy_that_got_through_fewer_permutations_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "version": "0",
        "permutations": 20,
        "violations": 0,
        "tests": 3,
        "p_better": 0.05,
        "p_equivalent": 0.0,
        "falsifiable": True,
        "falsified": False,
    }
    late = f"import time; print({json.dumps(said)!r}, flush=True); time.sleep(60)"
    monkeypatch.setattr(against_data, "COMMAND", program(late))
    found = held(parse_graph(graph_text("a -> b -> c -> d")), chain(300), 500, seconds=2).permuted
    assert (found.status, found.permutations) == ("done", 20)
    assert found.because == "does not reject the graph (cut short: 500 permutations were wanted)"


def test_a_broken_dowhy_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(against_data, "COMMAND", program("raise ImportError('no dowhy here')"))
    found = held(parse_graph(graph_text("a -> b -> c -> d")), chain(300), 50).permuted
    assert found.text() == "failed: the process with dowhy ended with 1: ImportError: no dowhy here"


def test_dowhy_is_not_asked_about_hidden_common_causes() -> None:
    found = held(parse_graph(graph_text("a -> b; c -> d; a <-> b")), chain(300), 50).permuted
    assert found.status == "not asked"
    assert "a <-> b" in found.because


def test_a_node_that_is_left_out_is_projected_away() -> None:
    graph = parse_graph(graph_text("q -> a; q -> b; b -> c", "abc"))
    part = categorical_part(chain(100), graph)
    assert part.graph.bidirected == (("a", "b"),)
    assert part.graph.directed == (("b", "c"),)


def test_text_columns_need_not_be_in_the_file_and_a_column_of_many_values_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, [{"a": "xy"[i % 2], "b": str(i), "c": "uv"[i // 2 % 2]} for i in range(40)])
    part = read_categorical_part(path, parse_graph(graph_text("a -> b -> c", "abc")))
    assert part.graph.directed == (("a", "c"),)
    assert part.left_out == {"b": "the column has 40 different values in 40 rows", "q": "text", "r": "text"}
    with pytest.raises(InputError, match=r"binds 1 column of categories .* \(b: the column has 40 different"):
        read_categorical_part(path, parse_graph(graph_text("a -> b", "ab")))


def test_selected_rows_and_graphs_without_categories_are_refused() -> None:
    selected = graph_text("a -> b; b -> s", "abs").replace("s: {bind", "s: {role: selection, bind")
    with pytest.raises(InputError, match="rows are selected by s"):
        categorical_part(chain(50), parse_graph(selected))
    with pytest.raises(InputError, match="binds 1 column of categories"):
        categorical_part(chain(50), parse_graph(graph_text("a -> q", "a")))


def test_the_command_exits_with_five_if_data_contradict_the_graph(tmp_path: Path) -> None:
    table, rows, graph = chain(1000), tmp_path / "rows.jsonl", tmp_path / "g.yaml"
    write_jsonl(rows, [{name: table.columns[name][i] for name in "abc"} for i in range(len(table))])
    graph.write_text(graph_text("a -> b; c -> b", "abc"), encoding="utf-8")
    wrong = call("falsify", str(graph), str(rows), "--permutations", "0", "--json")
    assert wrong.code == 5
    told = json.loads(wrong.out)
    assert told["contradicted"] is True
    assert told["statements"][0]["verdict"] == "contradicted"
    graph.write_text(graph_text("a -> b -> c", "abc"), encoding="utf-8")
    right = call("falsify", str(graph), str(rows), "--permutations", "0")
    assert right.code == 0
    assert "do not contradict the one statement" in right.out
