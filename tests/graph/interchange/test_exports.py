"""What is only written: Mermaid, the form for dowhy, graph files; and files on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.interchange import (
    FORMATS,
    Diagram,
    format_of,
    from_graph_file,
    parse_diagram,
    read_diagram,
    to_dowhy,
    to_graph_file,
    write_diagram,
)

BOW = CausalGraph("xy", [("x", "y")], [("x", "y")])


def test_mermaid_numbers_nodes_and_escapes_labels() -> None:
    graph = CausalGraph(["end", 'a "b" #1', "u"], [("end", "u")], [("end", "u")], ["u"])
    lines = write_diagram(Diagram(graph, do=("end",)), "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    assert {'  n0["a #34;b#34; #35;1"]', '  n1["end"]', '  n2(["u"])', "  n1 --> n2", "  n1 <-.-> n2"} <= set(lines)
    assert "  class n1 exposure" in lines and "  class n2 latent" in lines


def test_mermaid_is_not_read() -> None:
    with pytest.raises(InputError, match=r"g\.mmd: mermaid is written only"):
        parse_diagram("flowchart LR", "mermaid", "g.mmd")


def test_dowhy_gets_a_plain_dag_in_which_the_hidden_cause_is_not_observed() -> None:
    problem = to_dowhy(BOW, "x", ["y"])
    assert problem.arguments() == {
        "graph": problem.graph,
        "action_nodes": ["x"],
        "outcome_nodes": ["y"],
        "observed_nodes": ["x", "y"],
    }
    assert sorted(nx.parse_gml(problem.gml).edges) == [("hidden_x_y", "x"), ("hidden_x_y", "y"), ("x", "y")]
    # What dowhy does with it: the empty set does not separate, the hidden cause would.
    cut = problem.graph.copy()
    cut.remove_edge("x", "y")
    assert not nx.is_d_separator(cut, {"x"}, {"y"}, set())
    assert nx.is_d_separator(cut, {"x"}, {"y"}, {"hidden_x_y"})


def test_a_name_that_dowhy_takes_for_a_file_is_refused_in_text_only() -> None:
    problem = to_dowhy(CausalGraph(["a.dots", "y"], [("a.dots", "y")]), "a.dots", "y")
    assert problem.observed_nodes == ("a.dots", "y")
    with pytest.raises(GraphError, match=r"because of '\.dot'; rename the node"):
        _ = problem.gml


@pytest.mark.parametrize(
    ("do", "on", "phrase"),
    [
        ("q", "y", "the treatment 'q' is no node of the graph"),
        ("x", "Y", "the outcome 'Y' is no node"),
        ("u", "y", "the treatment 'u' is latent"),
        ("x", "x", "'x' cannot be both the treatment and the outcome"),
        ([], "y", "there is no treatment"),
        ("x", (), "there is no outcome"),
    ],
)
def test_questions_that_dowhy_would_answer_wrongly_are_refused(do: str, on: str, phrase: str) -> None:
    graph = CausalGraph("xyu", [("x", "y"), ("u", "x")], latent="u")
    with pytest.raises(GraphError, match=phrase):
        to_dowhy(graph, do, on)


def test_a_shipped_graph_goes_out_and_comes_back() -> None:
    reasoning = load_graph("reasoning")
    text = write_diagram(from_graph_file(reasoning), "dagitty")
    back = parse_graph(to_graph_file(parse_diagram(text, "dagitty"), "reasoning", ["question"]))
    assert back.causal == reasoning.causal
    assert (back.query.do, back.query.read, back.query.write) == (("skill",), ("question",), ("answer",))
    assert [name for name in back.nodes if back.is_text(name)] == ["answer", "question"]


def test_selection_nodes_are_marked() -> None:
    text = Path(load_graph("erm").source).read_text()
    text = text.replace("nodes:", "nodes:\n  kept: {role: selection, bind: {column: kept}}")
    assert from_graph_file(parse_graph(text)).selected == ("kept",)


@pytest.mark.parametrize(
    ("diagram", "name", "read", "phrase"),
    [
        (Diagram(BOW, ("x",)), "g", ["y"], "nothing says which node the query shall write"),
        (Diagram(BOW, ("x",), ("y",)), "g", [], "nothing says which node the query shall read"),
        (Diagram(BOW, ("x",), ("y",)), "g", ["y"], "'y' cannot be both read and written"),
        (Diagram(BOW, ("x",), ("y",)), "g", ["Y"], "there is no node 'Y' to read; known: 'x', 'y'"),
        (Diagram(BOW, ("x",), ("y",)), "my graph", ["x"], "'my graph' is no name of a graph"),
        (Diagram(CausalGraph(["a b"])), "g", ["a b"], "'a b' is no name in a graph file"),
        (Diagram(CausalGraph("xyu", latent="u"), ("u",), ("y",)), "g", ["x"], "'u' is latent"),
    ],
)
def test_what_a_graph_file_cannot_say_is_refused(diagram: Diagram, name: str, read: list[str], phrase: str) -> None:
    with pytest.raises(GraphError, match=phrase):
        to_graph_file(diagram, name, read)


def test_marks_must_be_nodes_and_exposures_no_outcomes() -> None:
    with pytest.raises(GraphError, match="'z' is marked as exposure and is no node; known: 'x', 'y'"):
        Diagram(BOW, do=("z",))
    with pytest.raises(GraphError, match="'x' is marked as exposure and as outcome"):
        Diagram(BOW, do=("x",), on=("x",))
    with pytest.raises(GraphError, match="'x' and 'y' would both be called 'y'"):
        Diagram(BOW).renamed({"x": "y"})
    with pytest.raises(GraphError, match="there is no node 'q' to rename"):
        Diagram(BOW).renamed({"q": "y"})


def test_formats_are_known_by_the_ends_of_names() -> None:
    names = {
        "a.txt": "dagitty",
        "a.dagitty": "dagitty",
        "a.GV": "dot",
        "a.dot": "dot",
        "a.gml": "gml",
        "a.mmd": "mermaid",
    }
    assert {file: known.name for file in names if (known := format_of(file))} == names
    assert format_of("a.yaml") is None
    assert set(FORMATS) == {"dagitty", "dot", "gml", "mermaid"}


def test_files_are_read_with_care(tmp_path: Path) -> None:
    def fault(name: str, content: bytes | None, format_name: str | None = None) -> str:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_diagram(path, format_name)
        return str(caught.value).removeprefix(f"{tmp_path}/")

    assert fault("a.txt", None) == "a.txt: no such file"
    assert fault("b.txt", b"dag {\n\xff }") == "b.txt:2: is not UTF-8 text: invalid start byte"
    assert fault("c.gml", b" " * (1 << 20) + b"x").startswith("c.gml: is larger than 1 MiB")
    assert fault("d.xyz", b"dag {}").startswith("d.xyz: the name does not tell the format (known: .dagitty, .txt, .dot")
    assert fault("e.txt", b"dag {}", "dagity").endswith("there is no format 'dagity'; did you mean 'dagitty'?")
    (tmp_path / "f.txt").mkdir()
    assert fault("f.txt", None).startswith("f.txt: cannot be read:")
    (tmp_path / "g.txt").write_bytes(b"\xef\xbb\xbfdag { x -> y }")
    assert read_diagram(tmp_path / "g.txt").graph == CausalGraph("xy", [("x", "y")])


def test_an_unknown_format_is_not_written() -> None:
    with pytest.raises(ValueError, match="there is no format 'svg'"):
        write_diagram(Diagram(BOW), "svg")


def test_dowhy_and_pydot_are_not_imported() -> None:
    code = "import sys, causal_reasoning.graph.interchange as i; print({'dowhy', 'pydot', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
