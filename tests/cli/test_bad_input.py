"""Graph files, one thing wrong in each: one clear sentence at its place, the right exit code, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bad_input import HIDDEN, Case, Content, change, placed
from tests.cli.program import GRAPH, call


def graph(name: str, old: str, new: str, place: str, phrase: str, code: int = 2) -> Case:
    """A graph with one change."""
    files = change("graph.yaml", GRAPH, old, new)
    return Case(name, ("derive", "graph.yaml"), placed("graph.yaml", place), phrase, code, files)


def file(name: str, content: Content, place: str, phrase: str) -> Case:
    """Something else in the place of a graph."""
    return Case(name, ("derive", "graph.yaml"), placed("graph.yaml", place), phrase, 2, {"graph.yaml": content})


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)

WRONG = [
    graph("a cycle", "  - skill -> answer\n", "  - answer -> confounder\n", "11:5", "answer -> confounder ->"),
    graph("a cycle of two", "- skill -> answer", "- answer -> question", "11:5", "answer -> question -> answer"),
    graph("an unknown node in an edge", "- skill -> answer", "- skil -> answer", "11:5", "mean 'skill'?"),
    graph("an unknown node in a chain", "-> question -> a", "-> qestion -> a", "9:28", "mean 'question'?"),
    graph("an unknown node in the query", "do: skill", "do: skll", "12:13", "no node 'skll'; did you mean"),
    graph("an arrow to itself", "- skill -> answer", "- skill -> skill", "11:5", "cannot be its own cause"),
    graph("a hidden cause with itself", "- skill -> answer", "- skill <-> skill", "11:5", "with itself"),
    graph("an edge that stands twice", "- skill -> answer", "- question -> answer", "11:5", "first on line 9"),
    graph("no arrow", "- skill -> answer", "- skill => answer", "11:5", "'=>' is not an arrow; write 'a -> b'"),
    graph("a key that stands twice", "edges:", "  skill: {}\nedges:", "8:3", "first on line 5"),
    graph("a key that others read as false", "edges:", "  no: {}\nedges:", "8:3", "in quotes: 'no'"),
    graph("a key that is a number", "edges:", "  1: {}\nedges:", "8:3", "in quotes: '1'"),
    graph("treatment and outcome in one", "do: skill", "do: answer", "12:44", "both treatment and outcome"),
    graph("read and write in one", "read: question", "read: answer", "12:41", "both read and written"),
    graph("a latent treatment", ",      bind: {column: skill}", "", "12:13", "give it a binding"),
    graph("a latent answer", ",     bind: {text: answer}", "", "12:43", "needs bind: {text: COLUMN}"),
    graph("an unknown role", "role: skill", "role: skil", "5:22", "unknown role 'skil'; did you mean 'skill'?"),
    graph("an unknown key", "query:", "querry:", "graph.yaml:", "unknown key 'querry'; did you mean 'query'?"),
    graph("an unknown binding", "{column: skill}", "{colum: skill}", "5:40", "{text: COLUMN} or {column: COL"),
    graph("a column bound twice", "{text: answer}", "{text: question}", "7:40", "bound to 'question' already"),
    graph("a wrong type", "name: mine", "name: [mine]", "2:7", "'name' must be a text, this is a list"),
    graph("another wrong type", "bind: {column: skill}", "bind: {column: 3}", "5:49", "a whole number (3)"),
    graph("another version", "version: 1", "version: 2", "1:10", "unknown version 2; known: '1'"),
    graph("a policy over one", "write: answer", "write: answer, policy: {a: 0.5, b: 0.6}", "12:59", "sum to 1.1;"),
    graph("a policy below zero", "write: answer", "write: answer, policy: {a: -1, b: 1}", "12:63", "at least 0"),
    graph("a policy that is no number", "write: answer", "write: answer, policy: {a: .nan}", "12:63", "finite"),
    graph("an unknown policy", "write: answer", "write: answer, policy: unifrm", "12:59", "mean 'uniform'?"),
    graph("an unknown estimator", "query:", "objective: {estimator: wighting}\nquery:", "12:24", "'weighting'?"),
    # These are right, and cannot be identified or trained.
    graph("a hidden confounder", *HIDDEN, "graph.yaml: ", "what would help: observe confounder", 3),
    graph(
        "an estimator that is not valid",
        "query:",
        "objective: {estimator: likelihood}\nquery:",
        "graph.yaml: ",
        "valid here: weighting",
        4,
    ),
    graph("a treatment of text", "{column: skill}", "{text: skill}", "graph.yaml: ", "'skill' is bound to text", 4),
    graph(
        "a confounder of text", "{column: style}", "{text: style}", "graph.yaml: ", "bound to text ('confounder')", 4
    ),
]

NO_GRAPH = [
    file("a tab", GRAPH.replace("  skill: ", "\tskill: "), "5:1", "'\\t'"),
    file("two documents", GRAPH + "---\n" + GRAPH, "14:1", "more than one document"),
    file("five megabytes", "#" * (5 << 20), "graph.yaml: ", "is 5.0 MiB; files over 1 MiB are not read"),
    file("an alias bomb", BOMB, "graph.yaml:", "expands to more than 20,000 values"),
    file("an alias of itself", "version: &a [*a]\n", "1:10", "an alias contains itself"),
    file("an unknown alias", "version: *a\n", "1:10", "undefined alias 'a'"),
    file("a tag", "version: !!python/object:os.system ls\n", "1:10", "is not allowed; write a plain value"),
    file("deep nesting", "version: " + "[" * 99 + "]" * 99, "1:70", "nested deeper than 60 levels"),
    file("a picture", b"\x89PNG\r\n\x1a\n\x00\xff", "1", "is not UTF-8 text"),
    file("nothing", "", "1:1", "is empty"),
    file("a list", "- a\n", "1:1", "the file must be a mapping, this is a list"),
    file("half a surrogate pair", 'name: "\\ud800"\n', "1:7", "no character"),
]

NAMES_AND_OPTIONS = [
    Case("a missing file", ("derive", "graf.yaml"), "graf.yaml: ", "there is no such graph file"),
    Case("an unknown shipped graph", ("derive", "reasonin"), "reasonin: ", "did you mean 'reasoning'?"),
    Case("an unknown shipped experiment", ("train", "leters"), "leters: ", "did you mean 'letters'?"),
    Case("a folder", ("check", "."), ".: ", "is a folder; name one graph file in it"),
    Case("a name that is too long", ("derive", "g" * 5000), "g", "File name too long"),
    Case("an output that is a folder", ("derive", "graph.yaml", "-o", "."), ".: cannot be written: ", "name a file"),
    Case("an unknown treatment", ("identify", "graph.yaml", "--do", "skil"), "graph.yaml: ", "did you mean 'skill'?"),
    Case("two formats at once", ("derive", "graph.yaml", "--json", "--latex"), "derive: ", "choose one of"),
    Case(
        "an unknown parameter",
        ("sample", "letters", "--set", "roh=1"),
        "",
        "unknown parameter 'roh'; did you mean 'rho'?",
    ),
    Case("an unknown value", ("sample", "letters", "--do", "skill=frist"), "", "did you mean 'first'?"),
    Case("a parameter of text", ("sample", "letters", "--set", "rho=x"), "--set: ", "'x' is not a number for 'rho'"),
    Case(
        "a table that is no JSON", ("sample", "letters", "--do", "skill={x}"), "--do: ", "the table for 'skill' is not"
    ),
    Case("an option twice", ("sample", "letters", "--set", "rho=1", "--set", "rho=0"), "--set: ", "'rho' stands twice"),
    Case("no runs", ("report", "none"), "none: ", "there is no such folder of runs"),
    Case("no adapter", ("evaluate", "experiment.yaml", "--adapter", "none"), "none: ", "is not an adapter folder"),
]

CASES = [*WRONG, *NO_GRAPH, *NAMES_AND_OPTIONS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_one_sentence_at_its_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.check(tmp_path, monkeypatch)


def test_a_quoted_key_is_a_name_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH.replace("edges:", "  'no': {}\nedges:"))
    code, out, _ = call("check", "graph.yaml")
    assert (code, out) == (0, "graph.yaml: graph mine: 5 nodes, 5 edges, identified, objective: weighting\n")


def test_all_faults_of_a_file_and_all_files_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(GRAPH.replace("role: skill", "role: skil").replace("role: answer", "role: anser"))
    Path("two.yaml").write_text(GRAPH.replace("do: skill", "do: skll"))
    Path("three.yaml").write_text(GRAPH)
    Path("four.yaml").write_text(GRAPH.replace(*HIDDEN))
    code, out, err = call("check", "one.yaml", "two.yaml", "three.yaml", "four.yaml")
    assert out == "three.yaml: graph mine: 4 nodes, 5 edges, identified, objective: weighting\n"
    places = ["one.yaml:5:22", "one.yaml:7:22", "two.yaml:12:13", "four.yaml"]
    assert [line.split(": ")[0] for line in err.splitlines()] == places
    assert code == 2


def test_a_query_that_is_not_identified_is_an_answer_with_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH.replace(*HIDDEN))
    code, out, err = call("identify", "graph.yaml")
    assert (code, err) == (3, "")
    assert "not identified" in out
    assert "observe confounder" in out


@pytest.mark.parametrize(
    "arguments",
    [("nope",), ("derive",), ("derive", "reasoning", "--nope"), ("sample", "letters", "-n", "0"), ("schema", "x")],
)
def test_a_command_that_is_misspelt_is_bad_input_too(arguments: tuple[str, ...]) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err
