"""Nodes bound to hidden states: how they are written, what they mean, and which graphs contradict that."""

from __future__ import annotations

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.files import parse_yaml
from causal_reasoning.graph import graph_schema, load_graph, parse_graph
from causal_reasoning.graph.spec import HiddenState, PenaltySpec
from causal_reasoning.identification import identify
from tests.graph_text import GRAPH

STATE = """\
version: 1
name: mine
nodes:
  skill:    {role: skill, bind: {column: skill}}
  topic:    {}
  question: {role: question, bind: {text: question}}
  state:    {role: skill, bind: {hidden: {layer: -1, pool: prompt}}}
  answer:   {role: answer, bind: {text: answer}}
edges:
  - skill -> question -> answer
  - skill -> state -> answer
  - topic -> question
query: {do: skill, read: question, write: answer}
"""


def changed(old: str, new: str) -> str:
    assert STATE.count(old) == 1, old
    return STATE.replace(old, new)


def asking(penalties: str) -> str:
    return STATE + f"objective: {{penalties: {penalties}}}\n"


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_graph(text, "g.yaml")
    return str(caught.value).splitlines()


def test_a_representation_is_latent_for_identification_and_no_column() -> None:
    graph = parse_graph(STATE)
    assert graph.representations == {"state": HiddenState(layer=-1, pool="prompt")}
    assert graph.causal.latent == ("state", "topic")
    assert graph.causal.observed == ("answer", "question", "skill")
    assert graph.inputs("state") == ("question",)
    assert not graph.is_text("state")
    with pytest.raises(ValueError, match="'state' is a representation that the model computes: no column holds it"):
        graph.column("state")
    assert identify(graph).to_dict()["adjustment"]["chosen"] == []


def test_pooled_over_the_answer_a_state_has_seen_the_answer() -> None:
    graph = parse_graph(changed("layer: -1, pool: prompt", "layer: 2, pool: answer"))
    assert graph.inputs("state") == ("answer", "question")


def test_layer_and_positions_have_defaults() -> None:
    short = parse_graph(changed("{hidden: {layer: -1, pool: prompt}}", "{hidden: {}}"))
    assert short.representations == {"state": HiddenState(layer=-1, pool="prompt")}
    assert short.digest == parse_graph(STATE).digest


def test_what_a_representation_is_counts_for_the_digest() -> None:
    texts = [
        STATE,
        changed("layer: -1", "layer: 2"),
        changed("pool: prompt", "pool: mean"),
        changed(", bind: {hidden: {layer: -1, pool: prompt}}", ""),
        asking("none"),
        asking("{variance: 0.1}"),
        asking("{variance: 0.2}"),
        asking("{variance: {strength: 0.1, floor: 0.2}}"),
        asking("{mine: {kind: variance}}"),
    ]
    assert len({parse_graph(text).digest for text in texts}) == len(texts)


def test_ways_of_writing_the_same_penalties_have_one_digest() -> None:
    assert parse_graph(asking("auto")).digest == parse_graph(STATE).digest
    assert parse_graph(asking("{variance: 0.1}")).digest == parse_graph(asking("{variance: {strength: 0.1}}")).digest
    assert (
        parse_graph(asking("{variance: 0.1, paired: 1}")).digest
        == parse_graph(asking("{paired: 1, variance: 0.1}")).digest
    )
    named = parse_graph(asking("{variance: 0.3}")).objective.named_penalties
    assert named == {"variance": PenaltySpec(strength=0.3)}


def test_a_graph_without_representations_has_the_digest_that_it_always_had() -> None:
    assert "penalties" not in load_graph("reasoning").canonical()["objective"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # 1: it comes after the data.
        (
            "do: skill",
            "do: state",
            "g.yaml:13:13: 'state' is a hidden state of the model; a treatment is a column or a text of the data",
        ),
        ("do: skill", "do: [skill, state]", "g.yaml:13:21: 'state' is a hidden state of the model; a treatment"),
        ("read: question", "read: state", "g.yaml:13:26: 'state' is a hidden state of the model; what a model reads"),
        ("write: answer", "write: state", "g.yaml:13:43: 'state' is a hidden state of the model; what a model writes"),
        (
            "state:    {role: skill,",
            "state:    {role: confounder,",
            "g.yaml:7:20: 'state' is computed by the model after the data are made, so it is no confounder;",
        ),
        # 2: no hidden cause.
        (
            "  - topic -> question",
            "  - topic -> question\n  - state <-> answer",
            "g.yaml:13:5: 'state' is computed by the model and has no hidden cause; let the hidden cause act on",
        ),
        (
            "  - topic -> question",
            "  - topic -> question\n  - answer <-> state",
            "g.yaml:13:5: 'state' is computed by the model and has no hidden cause",
        ),
        # 3: it acts on what the model makes, and not on what it is computed from.
        (
            "topic -> question",
            "topic -> question\n  - state -> question",
            "g.yaml:13:5: 'state' is computed by the model, so it can only be a cause of what the model writes "
            "('answer') or of another representation, not of 'question'; reverse the arrow or drop it",
        ),
        (
            "skill -> question -> answer\n  - skill -> state -> answer",
            "skill -> state -> answer -> question\n  - skill -> question",
            "g.yaml:10:14: 'state' is computed from 'question', so it cannot be a cause of it by way of 'answer'",
        ),
        # 4: its causes must show in what is read. The column is that of the arrow in the chain.
        (
            "  - skill -> state -> answer",
            "  - other -> state -> answer\n  - skill -> answer",
            "g.yaml:12:5: 'other' leaves no trace in 'question', from which 'state' is computed, so 'state' cannot",
        ),
        # 5: a later layer.
        (
            "  - topic -> question",
            "  - topic -> question\n  - state -> early -> answer",
            "g.yaml:14:5: 'state' is the later layer (-1) and cannot act on 'early' (-2); reverse the arrow",
        ),
        # 6: two names for one state.
        (
            "  answer:  ",
            "  twin: {bind: {hidden: {pool: prompt}}}\n  answer:  ",
            "g.yaml:8:16: layer -1 (prompt) is bound to 'state' already; two nodes cannot be the same hidden state",
        ),
        # How it is written.
        ("pool: prompt", "pool: promt", "g.yaml:7:60: unknown pool 'promt'; did you mean 'prompt'?"),
        ("layer: -1", "layers: -1", "g.yaml:7:43: unknown key 'layers'; did you mean 'layer'?"),
        ("layer: -1", "layer: last", "g.yaml:7:50: 'layer' must be a whole number, this is a text ('last')"),
        ("layer: -1", "layer: true", "g.yaml:7:50: 'layer' must be a whole number, this is true or false"),
        (
            "{hidden: {layer: -1, pool: prompt}}",
            "{hiden: {layer: -1}}",
            "g.yaml:7:33: a binding is {text: COLUMN} or {column: COLUMN}, or",
        ),
        ("{hidden: {layer: -1, pool: prompt}}", "{hidden: -1}", "g.yaml:7:42: 'hidden' must be a mapping, this is"),
        (
            "{hidden: {layer: -1, pool: prompt}}",
            "{hidden: {}, column: s}",
            "g.yaml:7:34: the key 'hidden' cannot stand beside 'column'; keep one",
        ),
    ],
)
def test_a_contradiction_is_told_at_its_place(old: str, new: str, expected: str) -> None:
    text = changed(old, new)
    if "other ->" in new:
        text = text.replace("  topic:    {}\n", "  topic:    {}\n  other:    {}\n")
    if "early" in new:
        text = text.replace("  topic:    {}\n", "  topic:    {}\n  early:    {bind: {hidden: {layer: -2}}}\n")
    (line,) = faults(text)
    assert line.startswith(expected)


@pytest.mark.parametrize(
    "edges",
    [
        "[question -> state -> answer]",  # it hears what is read
        "[topic -> question -> answer, topic -> state]",  # a hidden cause of what is read
        "[skill <-> question, skill -> state, question -> answer]",  # a trace by way of a hidden cause
        "[answer -> question, answer -> state]",  # anticausal: the answer shows in the question
        "[question -> answer, state -> answer]",  # nothing: a constant
    ],
)
def test_what_shows_in_what_is_read_may_be_a_cause(edges: str) -> None:
    head, _, tail = STATE.partition("edges:")
    parse_graph(head + f"edges: {edges}\n" + tail[tail.index("query:") :])


@pytest.mark.parametrize(
    ("penalties", "expected"),
    [
        ("[variance]", "g.yaml:14:24: 'penalties' must be 'auto' or 'none' or a mapping, this is a list"),
        ("{variance: {of: []}}", "g.yaml:14:40: 'of' names nothing; name a node, or leave it out"),
        ("{hsic: {of: [state, a, b]}}", "g.yaml:14:36: 'of' names one or two representations, this is 3"),
        ("automatic", "g.yaml:14:24: unknown penalties 'automatic'; did you mean 'auto'?"),
        (
            "{varance: 0.1}",
            "g.yaml:14:25: 'varance' is no kind of penalty and has no key 'kind'; did you mean 'variance'?",
        ),
        ("{mine: {kind: hsik}}", "g.yaml:14:38: unknown kind 'hsik'; did you mean 'hsic'?"),
        ("{variance: 0}", "g.yaml:14:35: 'variance' must be more than 0, this is 0"),
        ("{variance: -1}", "g.yaml:14:35: 'variance' must be more than 0, this is -1"),
        ("{variance: .nan}", "g.yaml:14:35: 'variance' must be"),
        ("{variance: strong}", "g.yaml:14:35: 'variance' must be"),
        ("{variance: {strenght: 1}}", "g.yaml:14:36: unknown key 'strenght'; did you mean 'strength'?"),
        ("{variance: {of: stat}}", "g.yaml:14:40: there is no node 'stat'; did you mean 'state'?"),
        ("{variance: {of: skill}}", "g.yaml:14:40: 'skill' is no representation; known: 'state'"),
        ("{variance: {of: [state, state]}}", "g.yaml:14:40: 'state' stands twice in 'of'; keep one"),
        ("{variance: {of: state, given: topic}}", "g.yaml:14:54: 'topic' is latent: no row has a value of it"),
        ("{variance: {of: state, given: question}}", "g.yaml:14:54: rows cannot be grouped by free text ('question')"),
        ("{variance: {of: state, against: question}}", "g.yaml:14:56: 'variance' is against everything that is read"),
        ("{variance: {given: skill}}", "g.yaml:14:35: 'given' needs 'of': which representation?"),
        ("{hsic: {of: state}}", "g.yaml:14:31: 'hsic' needs something to be independent of"),
        ("{hsic: {of: state, against: question}}", "g.yaml:14:52: 'hsic' cannot be measured against free text"),
        ("{hsic: {of: state, against: skill, given: skill}}", "g.yaml:14:66: 'skill' cannot stand on both sides"),
        ("{lautum: {of: state}}", "g.yaml:14:38: 'lautum' compares two representations; name both"),
        ("{variance: {clamp: 0.1}}", "g.yaml:14:36: 'clamp' is for the kind 'lautum', this is 'variance'"),
    ],
)
def test_a_penalty_that_makes_no_sense_is_told_at_its_place(penalties: str, expected: str) -> None:
    (line,) = faults(asking(penalties))
    assert line.startswith(expected)


def test_penalties_need_a_representation() -> None:
    (line,) = faults(GRAPH + "objective: {penalties: {variance: 0.1}}\n")
    assert line.startswith("g.yaml:13:24: no node is a representation, so there is nothing to penalise; bind a node")


def test_the_schema_accepts_what_the_reader_accepts() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = graph_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for penalties in ("auto", "none", "{variance: 0.1}", "{mine: {kind: hsic, of: state, against: skill}}"):
        validator.validate(parse_yaml(asking(penalties), "g.yaml").data)
    for text in (changed("layer: -1", "layers: -1"), changed("pool: prompt", "pool: all"), asking("{variance: 0}")):
        assert not validator.is_valid(parse_yaml(text, "g.yaml").data)
