"""The difference of two graphs: what changed in the file, and whether the answer did."""

from __future__ import annotations

import json
import random

import pytest

from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.graph.edits import edit_graph, neighbours
from causal_reasoning.identification import identify
from causal_reasoning.identification.difference import compare
from tests.graph_text import GRAPH

BEFORE = parse_graph(GRAPH)


def after(*edits: str) -> AssumptionGraph:
    return edit_graph(BEFORE, edits)


def test_a_graph_does_not_differ_from_itself_however_it_is_written() -> None:
    head, _, tail = GRAPH.partition("edges:\n")
    edges, _, query = tail.partition("query:")
    lines = edges.splitlines(keepends=True)
    for seed in range(5):
        shuffled = "".join(random.Random(seed).sample(lines, len(lines)))
        same = parse_graph(f"{head}# other\nedges:\n{shuffled}query:{query}")
        found = compare(BEFORE, same)
        assert not found.changes
        assert not found.changed
        assert not any(row.changed for row in found.rows)
        assert found.text().endswith("the answer is the same")


@pytest.mark.parametrize(
    ("edits", "lines"),
    [
        (["reverse confounder -> skill"], ["~ confounder -> skill   now   skill -> confounder"]),
        (["drop skill -> answer"], ["- skill -> answer"]),
        (["add skill <-> answer"], ["+ answer <-> skill"]),
        (
            ["drop skill -> answer", "add skill <-> answer"],
            ["+ answer <-> skill", "- skill -> answer"],
        ),
        (["hide confounder"], ["~ confounder is the column 'style'   now   confounder is latent"]),
        (["add n", "add n -> answer"], ["+ n -> answer", "+ n, a node that is latent"]),
        (
            ["drop confounder"],
            [
                "- confounder -> question",
                "- confounder -> skill",
                "- confounder, a node that is the column 'style'",
            ],
        ),
        (
            ["split answer into answer, more as text:more"],
            [
                "+ question -> more",
                "+ skill -> more",
                "+ more, a node that is the text column 'more'",
                "~ write: answer   now   write: answer, more",
            ],
        ),
    ],
)
def test_the_changes_of_the_graph_are_those_that_were_made(edits: list[str], lines: list[str]) -> None:
    assert [change.text() for change in compare(BEFORE, after(*edits)).changes] == lines


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("role: skill", "role: domain", "~ skill is a skill   now   skill is a domain"),
        ("do: skill", "do: confounder", "~ do: skill   now   do: confounder"),
        ("answer}\n", "answer, policy: uniform}\n", "~ policy: marginal   now   policy: uniform"),
        ("answer}\n", "answer, policy: {a: 0.5, b: 0.5}}\n", "~ policy: marginal   now   policy: {a: 0.5, b: 0.5}"),
        ("query:", "objective: {estimator: weighting}\nquery:", "~ estimator: auto   now   estimator: weighting"),
        ("query:", "objective: {penalties: none}\nquery:", "~ penalties: auto   now   penalties: none"),
    ],
)
def test_roles_query_and_objective_are_compared_too(old: str, new: str, line: str) -> None:
    assert old in GRAPH
    head, _, tail = GRAPH.rpartition(old)
    found = compare(BEFORE, parse_graph(head + new + tail))
    assert [change.text() for change in found.changes] == [line]


def test_an_arrow_that_does_not_matter_changes_nothing_and_one_that_does_changes_the_estimand() -> None:
    assert not compare(BEFORE, after("drop skill -> answer")).changed
    found = compare(BEFORE, after("reverse confounder -> skill"))
    changed = {row.label: (row.before, row.after) for row in found.rows if row.changed}
    assert changed == {
        "adjust for": (("{confounder}",), ("{}",)),
        "minimal sets": (("{confounder}",), ("{}",)),
        "least variance": (("{confounder}",), ("{}",)),
        "estimand": (
            ("Σ_{confounder} P(answer, question | skill, confounder) P(confounder)",),
            ("P(answer, question | skill)",),
        ),
    }
    assert found.changed


def test_a_query_that_is_no_longer_identified_comes_with_reason_and_repairs() -> None:
    found = compare(BEFORE, after("hide confounder"))
    rows = {row.label: row for row in found.rows}
    assert rows["verdict"].after == ("not identified",)
    assert rows["estimand"].after == ()
    assert "confounder is latent" in rows["because"].after[0]
    assert "observe confounder" in rows["what would help"].after
    assert found.changed
    back = compare(after("hide confounder"), BEFORE)
    assert {row.label: (row.after, row.before) for row in back.rows} == {
        row.label: (row.before, row.after) for row in found.rows
    }


def test_another_reason_alone_is_no_other_answer() -> None:
    hidden = after("hide confounder")
    more = compare(hidden, edit_graph(hidden, ["add skill <-> question"]))
    assert any(row.changed for row in more.rows)
    assert not more.changed


def test_the_text_is_aligned_and_says_for_each_part_whether_it_is_the_same() -> None:
    text = compare(load_graph("reasoning"), load_graph("reasoning_reversed")).text()
    lines = text.splitlines()
    assert lines[:2] == ["--- reasoning", "+++ reasoning_reversed"]
    rows = lines[lines.index("answer") + 1 : -2]
    assert {line[18] for line in rows} == {"=", "-", "+"}
    assert all(line[17] == line[19] == " " for line in rows)
    assert lines[-1] == "changed: adjust for, minimal sets, least variance, estimand"


def test_plain_data_hold_the_difference_and_both_answers() -> None:
    found = compare(BEFORE, after("hide confounder"))
    data = json.loads(json.dumps(found.to_dict()))
    assert data["changed"] is True
    assert data["graph"] == [
        {"kind": "binding", "before": "confounder is the column 'style'", "after": "confounder is latent"}
    ]
    assert data["answer"]["verdict"] == {"before": ["identified by adjustment"], "after": ["not identified"]}
    assert data["before"] == json.loads(json.dumps(identify(BEFORE).to_dict()))
    assert data["after"]["verdict"] == "not_identified"


def test_whether_the_answer_changed_is_what_identification_says() -> None:
    keys = ("query", "verdict", "method", "adjustment", "frontdoor", "estimand")
    asked = {"skill", "question", "answer"}
    for edit, _ in neighbours(BEFORE.causal):
        if edit.text().removeprefix("hide ") in asked:
            continue
        other = edit_graph(BEFORE, [edit])
        one, two = identify(BEFORE).to_dict(), identify(other).to_dict()
        assert compare(BEFORE, other).changed == any(one[key] != two[key] for key in keys), edit.text()
