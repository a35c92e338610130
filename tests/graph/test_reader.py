"""Graph files: what is read, what counts for the digest, and where a fault is said to be."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.graph import graph_schema, load_graph, parse_graph
from causal_reasoning.graph.spec import NodeSpec
from tests.graph_text import GRAPH


def changed(old: str, new: str) -> str:
    assert GRAPH.count(old) == 1, old
    return GRAPH.replace(old, new)


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_graph(text, "g.yaml")
    return str(caught.value).splitlines()


def test_a_graph_is_what_its_file_says() -> None:
    graph = parse_graph(GRAPH, "g.yaml")
    assert set(graph.causal.directed) == {
        ("confounder", "skill"),
        ("skill", "question"),
        ("question", "answer"),
        ("confounder", "question"),
        ("skill", "answer"),
    }
    assert graph.causal.bidirected == ()
    assert graph.causal.latent == ()
    assert (graph.query.do, graph.query.read, graph.query.write) == (("skill",), ("question",), ("answer",))
    assert graph.outcomes == ("answer", "question")
    assert graph.column("confounder") == "style"
    assert graph.is_text("question")
    assert not graph.is_text("skill")
    assert graph.nodes["skill"].role == "skill"
    assert graph.query.policy == "marginal"


def test_a_node_without_binding_is_latent_and_an_arc_is_a_hidden_cause() -> None:
    text = changed("{role: confounder, bind: {column: style}}", "").replace("skill -> answer", "skill <-> answer")
    graph = parse_graph(text)
    assert graph.causal.latent == ("confounder",)
    assert graph.causal.bidirected == (("answer", "skill"),)
    assert graph.nodes["confounder"] == NodeSpec()
    with pytest.raises(ValueError, match="latent"):
        graph.column("confounder")


@pytest.mark.parametrize("path", sorted(shipped_folder("graphs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_graph_is_read_by_name_and_by_path(path: Path) -> None:
    graph = load_graph(path.stem)
    assert graph.name == path.stem
    assert graph.digest == load_graph(path).digest == load_graph(str(path)).digest
    assert graph.text == path.read_text(encoding="utf-8")


def test_comments_descriptions_order_and_layout_do_not_count() -> None:
    block = """\
# The same graph, written by somebody else.
query:
  write: [answer]
  read: [question]
  do: [skill]
edges: ["skill->answer", "confounder->question", "question->answer", "skill  ->  question", "confounder -> skill"]
nodes:
  answer: {bind: {text: answer}, role: answer, description: the end}
  question: {bind: {text: question}, role: question}
  skill: {bind: {column: skill}, role: skill}
  confounder: {bind: {column: style}, role: confounder}
description: words
objective: {estimator: auto}
name: mine
version: 1
"""
    assert parse_graph(block, "other.yaml").digest == parse_graph(GRAPH, "g.yaml").digest


CHANGES = [
    ("name: mine", "name: yours"),
    ("{column: style}", "{column: template}"),
    ("{column: style}", "{text: style}"),
    ("role: confounder", "role: domain"),
    (", bind: {column: style}", ""),
    ("  - confounder -> question\n", ""),
    ("  - skill -> answer", "  - skill <-> answer"),
    ("  - skill -> answer", "  - confounder -> answer"),
    ("  - skill -> answer", "  - skill -> answer\n  - confounder <-> answer"),
    ("do: skill", "do: confounder"),
    ("do: skill", "do: [skill, confounder]"),
    ("write: answer}", "write: answer, policy: uniform}"),
    ("write: answer}", "write: answer, policy: {a: 0.5, b: 0.5}}"),
    ("write: answer}", "write: answer, policy: {a: 0.4, b: 0.6}}"),
    ("query:", "objective: {realisation: loss_weights}\nquery:"),
    ("query:", "objective: {estimator: weighting}\nquery:"),
    ("edges:", "  extra: {}\nedges:"),
]


def test_every_change_of_the_assumptions_changes_the_digest() -> None:
    digests = [parse_graph(changed(old, new)).digest for old, new in CHANGES]
    assert len({parse_graph(GRAPH).digest, *digests}) == len(CHANGES) + 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # The column is that of the step in the chain, not of the chain.
        ("skill -> question -> answer", "skil -> question -> answer", "g.yaml:9:19: there is no node 'skil'; did"),
        (
            "question -> answer\n",
            "question -> anser\n",
            "g.yaml:9:40: there is no node 'anser'; did you mean 'answer'?",
        ),
        ("skill -> answer\n", "skill → answer\n", "g.yaml:11:5: '→' is not an arrow; write 'a -> b' or"),
        ("skill -> answer\n", "skill -- answer\n", "g.yaml:11:5: '--' is not an arrow"),
        ("skill -> answer\n", "answer <- skill\n", "g.yaml:11:5: '<-' is not an arrow"),
        ("skill -> answer\n", "skill answer\n", "g.yaml:11:5: 'skill answer' is not an edge"),
        ("skill -> answer\n", "skill ->\n", "g.yaml:11:13: '' is not a node name in 'skill ->'"),
        ("skill -> answer\n", "skill -> my answer\n", "g.yaml:11:14: 'my answer' is not a node name"),
        ("skill -> answer\n", "confounder -> question\n", "g.yaml:11:5: the edge confounder -> question stands twice"),
        ("skill -> answer\n", "answer <-> skill <-> answer\n", "g.yaml:11:16: the edge skill <-> answer stands twice"),
        ("write: answer", "write: [answer, answer]", "g.yaml:12:52: 'answer' stands twice in 'write'; keep one"),
        ("read: question", "read: confounder", "g.yaml:12:26: 'confounder' is not text; what a model reads needs"),
        ("write: answer", "write: skill", "g.yaml:12:43: 'skill' is both treatment and outcome"),
        ("write: answer}", "write: answer, policy: {}}", "g.yaml:12:59: the probabilities of the policy sum to 0"),
        (
            "do: skill, read: question, write: answer}",
            "do: [skill, confounder], read: question, write: answer, policy: {a: 1}}",
            "g.yaml:12:73: a table needs a single treatment",
        ),
        (
            "do: skill, read: question, write: answer}",
            "do: question, read: question, write: answer, policy: {a: 1}}",
            "g.yaml:12:62: a table needs a categorical treatment, this one is text",
        ),
        ("  answer:  ", "  my answer: {}\n  answer:  ", "g.yaml:7:14: 'my answer' is not a name; use letters"),
    ],
)
def test_a_fault_is_told_at_its_place(old: str, new: str, expected: str) -> None:
    (line,) = faults(changed(old, new))
    assert line.startswith(expected)


def test_all_faults_are_told_at_once_and_in_order() -> None:
    text = changed("skill -> answer\n", "skil -> answr\n").replace("{text: answer}", "{text: question}")
    lines = faults(text.replace("do: skill", "do: skll"))
    assert [line.split(": ")[0] for line in lines] == ["g.yaml:7:40", "g.yaml:11:5", "g.yaml:11:13", "g.yaml:12:13"]


def test_names_may_be_what_other_readers_take_for_booleans() -> None:
    graph = parse_graph(changed("  answer:  ", "  'no': {}\n  answer:  ") + "# end\n")
    assert "no" in graph.causal


def test_the_schema_knows_every_key_of_a_graph_file() -> None:
    schema = graph_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {"version", "name", "description", "nodes", "edges", "query", "objective"}
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"version", "name", "nodes", "query"}


PIECES = [
    *(
        "[",
        "]",
        "{",
        "}",
        ":",
        " ",
        ",",
        "- ",
        "\n",
        "\t",
        "'",
        '"',
        "#",
        "&a",
        "*a",
        "!!int ",
        "|",
        "?",
        "%",
        "@",
        "<<",
    ),
    *("null", "true", "1", "-1.5", ".nan", "x", "->", "<->", "no", "é", "\u2028", "2001-01-01", "{a: 1}", "[1]", "''"),
]


def mutated(seed: int) -> str:
    """The graph with a few characters taken away, put in or overwritten."""
    rng = random.Random(seed)
    text = GRAPH
    for _ in range(rng.choice([1, 1, 2])):
        start = rng.randrange(len(text))
        end = start + rng.choice([0, 0, 1, 4])
        text = text[:start] + rng.choice(["", *PIECES]) + text[end:]
    return text


def test_whatever_is_written_is_read_or_refused_in_sentences_with_a_place() -> None:
    refused = 0
    for seed in range(300):
        text = mutated(seed)
        try:
            parse_graph(text, "g.yaml")
        except InputError as error:
            refused += 1
            for fault in error.faults:
                assert fault.line is not None
                assert 1 <= fault.line <= text.count("\n") + 1
                assert not {"\n", "pydantic", "Input should"} & {*str(fault).split(" "), *str(fault)}
    assert 100 < refused < 300
