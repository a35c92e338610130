"""``edit``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causal_reasoning.graph import load_graph
from tests.cli.program import GRAPH, call


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH)
    return tmp_path


def names_here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


REVERSED = GRAPH.replace(
    "  - confounder -> skill -> question -> answer\n", "  - skill -> confounder\n  - skill -> question -> answer\n"
)


def test_the_edited_file_is_printed_and_the_file_stays() -> None:
    code, out, err = call("edit", "graph.yaml", "reverse confounder -> skill")
    assert (code, out, err) == (0, REVERSED, "")
    assert Path("graph.yaml").read_text() == GRAPH


def test_it_is_written_to_another_file_or_in_place() -> None:
    edits = ("reverse confounder -> skill", "drop confounder -> question", "hide confounder")
    code, out, err = call("edit", "graph.yaml", *edits, "-o", "new/other.yaml", "--name", "other")
    assert (code, out, err) == (0, "", "wrote new/other.yaml\n")
    other = load_graph("new/other.yaml")
    assert other.name == "other"
    assert other.causal.latent == ("confounder",)
    assert Path("graph.yaml").read_text() == GRAPH
    code, out, err = call("edit", "graph.yaml", "reverse confounder -> skill", "--in-place")
    assert (code, out, err) == (0, "", "wrote graph.yaml\n")
    assert Path("graph.yaml").read_text() == REVERSED
    assert call("edit", "graph.yaml", "reverse skill -> confounder", "--in-place").code == 0
    assert load_graph("graph.yaml").causal == load_graph("reasoning").causal
    assert names_here() == ["graph.yaml", "new"]


def test_in_place_keeps_links_line_ends_and_a_missing_last_one(folder: Path) -> None:
    text = GRAPH.removesuffix("\n").replace("\n", "\r\n")
    Path("real.yaml").write_bytes(text.encode())
    Path("link.yaml").symlink_to("real.yaml")
    assert call("edit", "link.yaml", "drop skill -> answer", "--in-place").code == 0
    assert Path("link.yaml").is_symlink()
    assert Path("real.yaml").read_bytes().decode() == text.replace("  - skill -> answer\r\n", "")


def test_a_shipped_graph_can_be_edited_but_not_in_place() -> None:
    code, out, _ = call("edit", "reasoning", "drop skill -> answer")
    assert code == 0
    assert out == load_graph("reasoning").text.replace("  - skill -> answer\n", "")
    code, out, err = call("edit", "reasoning", "drop skill -> answer", "--in-place")
    assert (code, out) == (2, "")
    assert err == "reasoning: only a file can be edited in place; name one with --output instead\n"


def test_json_tells_the_edits_the_digests_and_the_text() -> None:
    code, out, err = call("edit", "graph.yaml", "drop  skill->answer", "merge confounder skill into skill", "--json")
    assert (code, err) == (0, "")
    data = json.loads(out)
    assert data["edits"] == ["drop skill -> answer", "merge confounder skill into skill"]
    assert data["cost"] == 2
    assert data["digest"]["before"] == load_graph("graph.yaml").digest
    Path("new.yaml").write_text(data["text"])
    assert load_graph("new.yaml").digest == data["digest"]["after"]


def test_a_latent_node_is_observed_under_the_name_of_its_column() -> None:
    call("edit", "graph.yaml", "hide confounder", "--in-place")
    for edit, column, text in (
        ("observe confounder", "confounder", False),
        ("observe confounder as column:style", "style", False),
        ('observe confounder as text:"the style"', "the style", True),
    ):
        assert call("edit", "graph.yaml", edit, "-o", "new.yaml").code == 0
        graph = load_graph("new.yaml")
        assert (graph.column("confounder"), graph.is_text("confounder")) == (column, text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("graph.yaml", "revers a -> b"), "revers a -> b: there is no edit 'revers'; did you mean 'reverse'?"),
        (("graph.yaml", "drop skil -> answer"), "drop skil -> answer: there is no node 'skil'; did you mean 'skill'?"),
        (("graph.yaml", "drop answer -> skill"), "drop answer -> skill: there is no edge answer -> skill; there is"),
        (
            ("graph.yaml", "add answer -> skill"),
            "add answer -> skill: there is skill -> answer; to turn it",
        ),
        (("graph.yaml", "add answer -> confounder"), "the arrows would run in a circle: answer -> confounder -> "),
        (("graph.yaml", "hide skill"), "hide skill: 'skill' is in the query (do); a treatment must be observed"),
        (
            ("graph.yaml", "merge question answer into text"),
            "graph.yaml (edited):10:39: 'text' is both read",
        ),
        (
            ("graph.yaml", "drop skill -> answer", "--name", "my name"),
            "graph.yaml (edited):2:7: 'my name' is not a",
        ),
        (
            ("graph.yaml", "hide confounder", "--in-place", "-o", "x.yaml"),
            "edit: choose one of --in-place and",
        ),
        (("nowhere.yaml", "hide confounder"), "nowhere.yaml: there is no such graph file"),
        (
            ("reasonin", "hide confounder"),
            "reasonin: there is no graph file or shipped graph of this name; did you mean",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_writes_nothing(arguments: tuple[str, ...], said: str) -> None:
    for more in ((), ("--in-place",)) if arguments[0] == "graph.yaml" and "-o" not in arguments else ((),):
        code, out, err = call("edit", *arguments, *more)
        assert (code, out) == (2, "")
        (line,) = err.splitlines()
        assert said in line
        assert names_here() == ["graph.yaml"]
        assert Path("graph.yaml").read_text() == GRAPH


def test_without_an_edit_the_usage_is_shown() -> None:
    code, out, err = call("edit", "graph.yaml")
    assert (code, out) == (2, "")
    assert "Missing argument 'EDIT'" in err
