"""``diff``: two graphs, or a graph and an edit of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import GRAPH, call


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH)
    return tmp_path


def test_two_graphs_and_an_edit_of_one_differ_alike() -> None:
    code, files, err = call("diff", "reasoning", "reasoning_reversed")
    assert (code, err) == (0, "")
    code, edited, err = call("diff", "reasoning", "--edit", "reverse confounder -> skill")
    assert (code, err) == (0, "")
    assert files.splitlines()[2:] == edited.splitlines()[2:]
    assert edited.startswith("--- reasoning\n+++ reasoning with reverse confounder -> skill\n")
    assert "  ~ confounder -> skill   now   skill -> confounder\n" in edited
    assert "  estimand        - Σ_{confounder} P(answer, question | skill, confounder) P(confounder)\n" in edited
    assert "                  + P(answer, question | skill)\n" in edited
    assert edited.endswith("\nchanged: adjust for, minimal sets, least variance, estimand, loss\n")


@pytest.mark.parametrize(
    ("edits", "differs"),
    [
        (["drop skill -> answer"], False),
        (["add n", "add n -> answer"], False),
        (["drop confounder -> skill"], True),
        (["hide confounder"], True),
        (["reverse confounder -> skill", "reverse skill -> confounder"], False),
    ],
)
def test_the_exit_code_is_that_of_a_difference_if_it_is_asked_for(edits: list[str], differs: bool) -> None:
    options = [word for edit in edits for word in ("--edit", edit)]
    assert call("diff", "graph.yaml", *options).code == 0
    code, out, err = call("diff", "graph.yaml", *options, "--exit-code")
    assert (code, err) == (int(differs), "")
    assert out.splitlines()[-1].startswith("changed: ") == differs
    data = json.loads(call("diff", "graph.yaml", *options, "--json").out)
    assert data["changed"] == differs


def test_another_loss_is_a_difference_even_if_the_estimand_is_the_same() -> None:
    Path("other.yaml").write_text(GRAPH.replace("write: answer}", "write: answer, policy: uniform}"))
    code, out, _ = call("diff", "graph.yaml", "other.yaml", "--exit-code")
    assert code == 1
    assert out.endswith("changed: loss\n")
    Path("other.yaml").write_text(GRAPH.replace("{column: style}", "{text: style}"))
    code, out, _ = call("diff", "graph.yaml", "other.yaml", "--exit-code")
    assert code == 1
    assert "bound to text" in out


def test_json_holds_changes_and_both_answers() -> None:
    code, out, err = call("diff", "graph.yaml", "--edit", "hide confounder", "--json", "--exit-code")
    assert (code, err) == (1, "")
    data = json.loads(out)
    assert set(data) == {"changed", "graph", "answer", "before", "after"}
    assert data["answer"]["verdict"] == {"before": ["identified by adjustment"], "after": ["not identified"]}
    assert data["answer"]["loss"]["after"] == []
    assert (data["before"]["verdict"], data["after"]["verdict"]) == ("identified", "not_identified")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("graph.yaml",), "diff: name a second graph, or say with --edit what to change"),
        (("graph.yaml", "reasoning", "--edit", "hide confounder"), "diff: name a second graph, or say with --edit"),
        (("graph.yaml", "reasonin"), "reasonin: there is no graph file or shipped graph of this name; did you mean"),
        (("graph.yaml", "--edit", "drop x"), "drop x: there is no node 'x'; known: 'answer', 'confounder'"),
        (("graph.yaml", "--edit", "hide skill"), "hide skill: 'skill' is in the query (do); a treatment must be"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call("diff", *arguments, "--exit-code")
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(said)
