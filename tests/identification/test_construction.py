"""Treatments that the adapter sets: identified by construction, and what that leaves open."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from causal_reasoning.cross_check import cross_check_dowhy
from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph, CausalGraph, load_graph, parse_graph
from causal_reasoning.identification import IdentifiedByAdjustment, NotIdentified, SetByTheAdapter, identify
from causal_reasoning.identification.construction import set_by_the_adapter
from tests.cli.program import call

FILE = """\
version: 1
name: g
nodes:
  u:        {}
  style:    {role: confounder, bind: {column: style}}
  label:    {bind: {column: label}}
  question: {role: question, bind: {text: question}}
  skill:    {role: skill, bind: {slot: {kind: tokens, tokens: 2}}}
  answer:   {role: answer, bind: {text: answer}}
edges: [EDGES]
query: {do: DO, read: question, write: answer}
"""


def graph(edges: str, do: str = "skill") -> AssumptionGraph:
    return parse_graph(FILE.replace("EDGES", edges).replace("DO", do), "g.yaml")


def left_open(edges: str) -> str:
    # A part of the adapter cannot act on an answer that acts on what it reads.
    skill = "" if "answer -> " in edges else "skill -> answer"
    verdict = identify(graph(", ".join(filter(None, (edges, skill)))))
    assert isinstance(verdict, SetByTheAdapter)
    return verdict.open


def test_the_verdict_on_a_slot() -> None:
    verdict = identify(load_graph("dca"))
    assert isinstance(verdict, SetByTheAdapter)
    assert verdict.identified
    assert (verdict.verdict, verdict.method) == ("identified", "construction")
    assert verdict.query.text() == "P(answer, question | do(skill))"
    assert verdict.estimand.text() == "P(answer, question)", "what the adapter sets changes no row"
    assert verdict.open == "question <- confounder -> answer"
    assert [(step.rule, step.statement) for step in verdict.steps] == [
        ("set by the adapter", "do(skill)"),
        ("left open", "question <- confounder -> answer"),
    ]
    data = verdict.to_dict()
    assert data["open"] == "question <- confounder -> answer"
    assert data["estimand"]["text"] == "P(answer, question)"
    assert data["adjustment"] is data["frontdoor"] is data["hedge"] is None
    assert data["derivation"][1]["because"] == "do(skill) does not block it: what it confounds stays confounded"


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ("question -> answer", ""),
        ("", ""),
        # A hidden cause, drawn or as an arc; whether or not the question acts on the answer.
        ("u -> question -> answer, u -> answer", "question <- u -> answer"),
        ("u -> question, u -> answer", "question <- u -> answer"),
        ("question -> answer, question <-> answer", "question <-> answer"),
        ("question <-> answer", "question <-> answer"),
        # An observed one is named too: this intervention does not adjust for it.
        ("style -> question -> answer, style -> answer", "question <- style -> answer"),
        ("style -> label -> question -> answer, style -> answer", "question <- label <- style -> answer"),
        ("style <-> question, style -> answer, question -> answer", "question <-> style -> answer"),
        # A mediator, a collider, and a cause of one of the two confound nothing.
        ("question -> label -> answer", ""),
        ("question -> style, answer -> style, question -> answer", ""),
        ("style -> question -> answer, label -> answer", ""),
        # Nor does what is written where it acts on what is read, alone or by way of something else.
        ("answer -> question", ""),
        ("answer -> label -> question", ""),
        ("answer -> question, u -> answer, u -> question", "question <- u -> answer"),
    ],
)
def test_what_is_left_open(edges: str, expected: str) -> None:
    assert left_open(edges) == expected


def test_a_part_of_the_adapter_is_no_common_cause() -> None:
    """Parts are computed after the rows are made: a path over one is none between nodes of the data."""
    assert left_open("question -> answer, style -> question, style -> skill") == ""


def brute_force(causal: CausalGraph) -> bool:
    """Whether some node, or arc, has a directed path to the question and one to the answer that avoid the other one."""
    ends = ("question", "answer")
    ways = {
        end: {*causal.subgraph([m for m in causal.nodes if m != other]).ancestors(end), end}
        for end, other in (ends, ends[::-1])
    }
    forks = (ways["question"] & ways["answer"]) - set(ends)
    arcs = any(
        (a in ways["question"] and b in ways["answer"]) or (b in ways["question"] and a in ways["answer"])
        for a, b in causal.bidirected
    )
    return bool(forks) or arcs


def test_what_is_left_open_by_brute_force() -> None:
    """All graphs of three arrows and an arc among five nodes: a trek with an arrowhead at both ends, or none."""
    nodes = ("u", "style", "label", "question", "answer")
    arrows = [(a, b) for a, b in itertools.permutations(nodes, 2) if b != "u"]
    base, confounded, checked = graph("question -> answer, skill -> answer"), 0, 0
    for i, chosen in enumerate(itertools.combinations(arrows, 3)):
        arcs = [("label", "question")] if i % 3 == 0 else [("answer", "style")] if i % 3 == 1 else []
        try:
            causal = CausalGraph((*nodes, "skill"), [*chosen, ("skill", "answer")], arcs, ["u", "skill"])
        except ValueError:
            continue  # a circle
        verdict = set_by_the_adapter(replace(base, causal=causal), "skill", ["answer"])
        data = causal.subgraph(nodes)
        assert bool(verdict.open) == brute_force(data), (chosen, arcs, verdict.open)
        confounded += bool(verdict.open)
        checked += 1
    assert checked > 200
    assert 40 < confounded < checked


def test_shipped_graphs() -> None:
    assert identify(load_graph("dca_paired")).to_dict()["open"] == "question <- words -> answer"
    for name, chosen in (("iclm", ()), ("iclm_adjusted", ("domain",))):
        verdict = identify(load_graph(name))
        assert isinstance(verdict, IdentifiedByAdjustment)
        assert verdict.adjustment == chosen


def test_a_slot_beside_a_treatment_of_the_data_changes_nothing_about_the_latter() -> None:
    for name in ("iclm", "iclm_adjusted"):
        loaded = load_graph(name)
        alone, both = identify(loaded), identify(loaded, do=["module", "question"])
        assert both.to_dict() == alone.to_dict()
    edges = "style -> label -> question -> answer, style -> question, label -> answer, skill -> answer"
    assert identify(graph(edges, "[label, skill]")).to_dict() | {"digest": ""} == (
        identify(graph(edges, "label")).to_dict() | {"digest": ""}
    )
    hidden = identify(load_graph("dca"), do=["skill", "question"], on="answer")
    assert isinstance(hidden, NotIdentified)


def test_nothing_is_repaired_by_values_of_what_the_model_computes() -> None:
    confounded = graph("u -> question -> answer, u -> skill -> answer", "question")
    verdict = identify(confounded)
    assert isinstance(verdict, NotIdentified)
    assert [repair.text() for repair in verdict.repairs] == [
        "observe u",
        "measure a mediator of all of question -> answer that shares no hidden cause with either",
    ]
    # A latent node of the data in the same place is one to observe.
    latent = parse_graph(confounded_text().replace("bind: {slot: {kind: tokens, tokens: 2}}", "description: a node"))
    found = identify(latent)
    assert isinstance(found, NotIdentified)
    assert "observe skill" in [repair.text() for repair in found.repairs]


def confounded_text() -> str:
    return FILE.replace("EDGES", "u -> question -> answer, u -> skill -> answer").replace("DO", "question")


@pytest.mark.parametrize(
    ("on", "given", "expected"),
    [
        ("nosuch", (), "g.yaml: the outcome 'nosuch' is no node of the graph; known: "),
        ("anwser", (), "g.yaml: the outcome 'anwser' is no node of the graph; did you mean 'answer'?"),
        ("u", (), "g.yaml: the outcome 'u' is latent: nothing about it can be computed from data"),
        ("skill", (), "g.yaml: the outcome 'skill' is latent"),
        ("answer", "skill", "g.yaml: the condition 'skill' is latent"),
        ("answer", "answer", "g.yaml: 'answer' cannot be both the outcome and the condition"),
        ((), (), "g.yaml: there is no outcome; known: "),
    ],
)
def test_questions_that_make_no_sense_are_one_sentence(on: str, given: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        identify(graph("question -> answer, skill -> answer"), do="skill", on=on, given=given)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(expected)


def test_a_condition_is_one_of_the_observed_distribution() -> None:
    verdict = identify(load_graph("dca"), on="answer", given="question")
    assert verdict.query.text() == "P(answer | do(skill), question)"
    assert verdict.to_dict()["estimand"]["text"] == "P(answer | question)"


# -- the command line ----------------------------------------------------------------------------------------------


def test_identify_prints_what_is_left_open_and_what_is_not_asked() -> None:
    out = call("identify", "dca", "--proof").out
    assert "identified by construction" in out
    assert "left open       question <- confounder -> answer: not blocked by what the adapter sets" in out
    assert "set by the adapter: no row has a value of skill" in out
    mixed = call("identify", "iclm", "--do", "module", "--do", "question").out
    assert "not asked       module: set by the adapter, and in no row" in mixed


def test_questions_about_paths_are_not_asked_of_slots() -> None:
    through = call("identify", "dca", "--through", "question")
    assert (through.code, through.out) == (2, "")
    assert re.search(
        r"dca.yaml: the adapter sets skill, and no row has a value of it: direct and indirect", through.err
    )
    crossed = call("identify", "dca", "--cross-check", "dowhy")
    assert (crossed.code, crossed.out) == (2, "")
    assert crossed.err.startswith("--cross-check: the adapter sets skill, so there is nothing to identify")


def test_derive_says_who_sets_what() -> None:
    assert "writes answer; the adapter sets skill\n" in call("derive", "dca").out
    assert "policy" not in call("derive", "dca").out
    refused = call("derive", "dca", "--prove")
    assert (refused.code, refused.out) == (4, "")
    assert "there is nothing to prove by numbers" in refused.err


def test_a_slot_beside_a_treatment_is_derived_proven_and_compared(tmp_path: Path) -> None:
    text = Path(load_graph("reasoning").source).read_text(encoding="utf-8")
    text = text.replace("  answer: ", "  part: {bind: {slot: {kind: tokens}}}\n  answer: ", 1)
    text = text.replace("  - skill -> answer", "  - skill -> answer\n  - part -> answer").replace(
        "do: skill", "do: [part, skill]"
    )
    (tmp_path / "mixed.yaml").write_text(text, encoding="utf-8")
    out = call("derive", str(tmp_path / "mixed.yaml"), "--prove").out
    assert "the adapter sets part; policy for skill: marginal" in out
    assert "minimiser = P_π(write | read) to" in out
    around = call("alternatives", str(tmp_path / "mixed.yaml"), "--json")
    assert around.code == 0
    assert '"summary": "not identified"' in around.out


def test_alternatives_keep_to_what_a_part_of_the_adapter_can_be() -> None:
    out = call("alternatives", "dca").out
    first, *groups = out.split("\n\n")
    assert first.startswith("dca: P(answer, question | do(skill)) is identified by construction, question <- conf")
    found = {title: lines for title, *lines in (group.strip().splitlines() for group in groups)}
    assert "  add skill -> question" in found["nothing that a model computes can be so: 7"]
    assert "  observe skill" in found["nothing that a model computes can be so: 7"]
    assert found["identified by construction: 3"] == [
        "  drop confounder -> answer",
        "  drop confounder -> question",
        "  reverse confounder -> question",
    ]
    assert "no longer a question: 2" in found
    # Of the equivalent graphs, those with a hidden cause of question and answer leave it open.
    equivalent = call("alternatives", "dca", "--equivalent").out
    assert "identified by construction, question <-> answer left open: 2" in equivalent


@pytest.mark.slow
def test_dowhy_still_answers_about_other_treatments() -> None:
    """Slots are latent nodes for another tool."""
    loaded = load_graph("iclm_adjusted")
    assert not cross_check_dowhy(loaded.causal, identify(loaded), seconds=30).contradicted
