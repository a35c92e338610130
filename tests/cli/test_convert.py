"""The command ``convert``."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_reasoning.graph import load_graph
from causal_reasoning.graph.interchange import read_diagram
from tests.cli.program import GRAPH, call

TEXT = 'dag {\n"my skill" [exposure]\nanswer [outcome]\nz [adjusted]\n"my skill" -> answer\nq <-> answer\nz -> q\n}\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH)
    Path("g.txt").write_text(TEXT)
    return tmp_path


@pytest.mark.parametrize("suffix", ["dagitty", "txt", "dot", "gv", "gml"])
def test_a_graph_file_goes_out_and_comes_back(suffix: str) -> None:
    code, out, err = call("convert", "graph.yaml", "-o", f"there.{suffix}")
    assert (code, out) == (0, "")
    assert err.endswith(f"wrote there.{suffix}\n")
    code, out, _ = call("convert", f"there.{suffix}", "--to", "yaml", "--read", "question", "-o", "back.yaml")
    assert (code, out) == (0, "")
    back, mine = load_graph("back.yaml"), load_graph("graph.yaml")
    assert back.causal == mine.causal
    assert (back.query.do, back.query.read, back.query.write) == (mine.query.do, mine.query.read, mine.query.write)
    assert back.name == "there"


def test_joint_outcomes_are_what_identification_asks_for() -> None:
    code, out, err = call("convert", "graph.yaml", "--to", "dagitty")
    assert (code, "question [outcome]" in out) == (0, False)
    assert err.startswith("note: what the model writes is marked as outcome; identification asks for question too")
    code, out, err = call("convert", "graph.yaml", "--to", "dagitty", "--joint")
    assert (code, err, "question [outcome]" in out, "answer [outcome]" in out) == (0, "", True, True)
    Path("joint.txt").write_text(out)
    code, out, err = call("convert", "joint.txt", "--to", "yaml", "--read", "question")
    assert (code, err) == (0, "")
    assert out.endswith("query: {do: skill, read: question, write: answer}\n")


def test_names_that_do_not_fit_are_renamed_by_the_user_only() -> None:
    arguments = ("convert", "g.txt", "--to", "yaml", "--read", "q")
    assert call(*arguments) == (
        2,
        "",
        "g.txt: 'my skill' cannot be the name of a node in a graph file; add --rename 'my skill=NEW'\n",
    )
    code, out, err = call(*arguments, "--rename", "my skill=skill", "--name", "mine")
    assert code == 0
    assert err == "note: the mark 'adjusted' of z is left out: identification chooses the set\n"
    assert "name: mine" in out and "skill: {bind: {column: skill}}" in out and "answer <-> q" in out


def test_hidden_common_causes_as_edges_come_with_a_note_and_as_nodes_without() -> None:
    code, out, err = call("convert", "g.txt", "--to", "gml")
    assert code == 0 and "bidirected 1" in out
    assert err.startswith("note: a hidden common cause is an edge with bidirected 1")
    code, out, err = call("convert", "g.txt", "--to", "gml", "--hidden-nodes")
    assert (code, err) == (0, "")
    assert "bidirected" not in out and 'label "hidden_answer_q"' in out


def test_marks_can_be_set_and_a_format_can_be_named() -> None:
    code, _, _ = call("convert", "g.txt", "--from", "dagitty", "--do", "z", "--write", "q", "-o", "h.gv")
    assert code == 0
    assert (read_diagram("h.gv").do, read_diagram("h.gv").on) == (("z",), ("q",))


def test_a_shipped_graph_becomes_a_flowchart() -> None:
    code, out, _ = call("convert", "reasoning", "--to", "mermaid")
    assert code == 0 and out.startswith("flowchart LR\n")


BAD = {
    "no target": (("g.txt",), "convert: nothing says which format to write; add --to with one of dagitty, dot, gml"),
    "unknown target": (("g.txt", "--to", "dott"), "--to: there is no format 'dott'; did you mean 'dot'?"),
    "unknown source format": (("g.txt", "--to", "dot", "--from", "x"), "--from: there is no format 'x'; known:"),
    "no file": (("h.txt", "--to", "dot"), "h.txt: no such file"),
    "no graph of the name": (("nosuch", "--to", "dot"), "nosuch: there is no graph file or shipped graph"),
    "no format of the name": (("a.bin", "--to", "dot"), "a.bin: the name does not tell the format; say it with --from"),
    "another format": (("g.txt", "--to", "dot", "--from", "dot"), "g.txt:1:1: this is not Graphviz DOT"),
    "mermaid as a source": (("g.mmd", "--to", "dot"), "g.mmd: mermaid is written only"),
    "yaml to yaml": (("graph.yaml", "--to", "yaml"), "graph.yaml: is a graph file already"),
    "no exposure": (
        ("plain.txt", "--to", "yaml", "--read", "x"),
        "plain.txt: nothing says what is the treatment;",
    ),
    "nothing read": (("g.txt", "--to", "yaml", "--rename", "my skill=s"), "g.txt: nothing says what the model reads"),
    "a name for a picture": (("g.txt", "--to", "dot", "--name", "x"), "convert: --name is for --to yaml"),
    "read for a picture": (("g.txt", "--to", "dot", "--read", "x"), "convert: --read is for --to yaml"),
    "joint without a graph file": (("g.txt", "--to", "dot", "--joint"), "--joint: only a graph file says what"),
    "unknown mark": (("g.txt", "--to", "dot", "--do", "w"), "g.txt: 'w' is marked as exposure and is no node; known:"),
    "treatment and outcome": (
        ("g.txt", "--to", "dot", "--do", "answer"),
        "g.txt: 'answer' is marked as exposure",
    ),
    "no renaming": (("g.txt", "--to", "dot", "--rename", "q"), "--rename: 'q' is not OLD=NEW"),
    "renamed twice": (("g.txt", "--to", "dot", "--rename", "q=a", "--rename", "q=b"), "--rename: 'q' stands twice"),
    "renamed to a node": (("g.txt", "--to", "dot", "--rename", "q=z"), "g.txt: 'q' and 'z' would both be called 'z'"),
    "a node of dagitty's": (
        ("g.txt", "--to", "dagitty", "--rename", "q=node"),
        "g.txt: the node 'node' cannot",
    ),
    "a circle": (("circle.gml", "--to", "dot"), "circle.gml: a -> b and b -> a are a circle"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_exit_code_2(case: str) -> None:
    Path("a.bin").write_text("x")
    Path("g.mmd").write_text("flowchart LR")
    Path("plain.txt").write_text("dag { x -> y [outcome] y [outcome] }")
    nodes = 'node [ id 0 label "a" ] node [ id 1 label "b" ]'
    Path("circle.gml").write_text(f"graph [ directed 1 {nodes} edge [ source 0 target 1 ] edge [ source 1 target 0 ] ]")
    arguments, start = BAD[case]
    code, out, err = call("convert", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(start)
    assert err.count("\n") == 1
