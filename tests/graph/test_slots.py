"""Nodes bound to parts of the adapter: how they are written, what they mean, and which graphs contradict that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph, graph_schema, load_graph, parse_graph
from causal_reasoning.graph.edits import changes
from causal_reasoning.graph.slots import LowRankSlotSpec, RouterSpec, TokenSlotSpec
from tests.graph.test_representations import STATE
from tests.graph_text import GRAPH

SLOTS = """\
version: 1
name: parts
nodes:
  source:   {}
  style:    {role: confounder, bind: {column: style}}
  question: {role: question, bind: {text: question}}
  domain:   {role: domain, bind: {router: {kind: vq, parts: 4}}}
  module:   {role: domain, bind: {slot: {kind: low_rank, rank: 2, choose: domain}}}
  skill:    {role: skill, bind: {slot: {kind: tokens, tokens: 3}}}
  answer:   {role: answer, bind: {text: answer}}
edges:
  - source -> question -> answer
  - source -> domain -> module
  - skill -> answer
  - style -> question
query: {do: [question, skill], read: question, write: answer}
"""


def changed(*pairs: tuple[str, str]) -> str:
    text = SLOTS
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def read(*pairs: tuple[str, str]) -> AssumptionGraph:
    return parse_graph(changed(*pairs), "g.yaml")


def faults(*pairs: tuple[str, str]) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(*pairs)
    return str(caught.value).splitlines()


# -- how they are written ------------------------------------------------------------------------------------------


def test_slots_and_routers_are_latent_and_no_column() -> None:
    graph = read()
    assert graph.slots == {
        "module": LowRankSlotSpec(kind="low_rank", rank=2, choose="domain"),
        "skill": TokenSlotSpec(kind="tokens", tokens=3),
    }
    assert graph.routers == {"domain": RouterSpec(kind="vq", parts=4)}
    assert tuple(graph.representations) == ("module", "skill")
    assert graph.computed == ("domain", "module", "skill")
    assert graph.causal.latent == ("domain", "module", "skill", "source")
    for name in graph.computed:
        assert not graph.is_text(name)
        with pytest.raises(ValueError, match=f"'{name}' is a representation that the model computes: no column holds"):
            graph.column(name)


def test_what_rows_have_values_of_is_what_is_asked_of_the_data() -> None:
    graph = read()
    assert graph.query.do == ("question", "skill")
    assert graph.treatments == ("question",)
    assert graph.asked_of_the_data.query.do == ("question",)
    alone = read(("do: [question, skill]", "do: skill"))
    assert alone.treatments == ()
    assert alone.asked_of_the_data is alone, "with nothing else to ask about, the query stays"
    plain = parse_graph(GRAPH)
    assert plain.asked_of_the_data is plain
    assert plain.treatments == ("skill",)


def test_a_part_is_a_function_of_what_is_read_of_what_it_is_pooled_over_and_of_the_column_that_chooses_it() -> None:
    graph = read()
    assert graph.inputs("skill") == ("answer", "question")
    prompt = read(("tokens: 3", "tokens: 3, pool: prompt"))
    assert prompt.inputs("skill") == ("question",)
    assert load_graph("iclm_adjusted").inputs("module") == ("answer", "domain", "question")
    assert graph.inputs("module") == ("answer", "question"), "a router adds nothing: it reads what is read"


def test_defaults() -> None:
    short = read(("{kind: vq, parts: 4}", "{}"), ("tokens: 3", "layers: 2"), ("rank: 2, ", ""))
    assert short.routers["domain"] == RouterSpec(kind="vq", parts=4, reads="embeddings", label=None, soft=False)
    assert short.slots["skill"] == TokenSlotSpec(kind="tokens", tokens=10, layers=2, measured=(), pool="answer")
    module = short.slots["module"]
    assert isinstance(module, LowRankSlotSpec)
    assert (module.rank, module.alpha, module.targets, module.measured_layers) == (8, 16, (), None)


@pytest.mark.parametrize(("written", "meant"), [("0", (0,)), ("[2, 0]", (2, 0)), ("[]", ())])
def test_measured_tokens_may_be_one_or_many(written: str, meant: tuple[int, ...]) -> None:
    slot = read(("tokens: 3", f"tokens: 3, measured: {written}")).slots["skill"]
    assert isinstance(slot, TokenSlotSpec)
    assert slot.measured == meant


def test_targets_may_be_one_or_many() -> None:
    one, two = (read(("rank: 2", f"targets: {written}")).slots["module"] for written in ("q_proj", "[q_proj, v_proj]"))
    assert isinstance(one, LowRankSlotSpec)
    assert isinstance(two, LowRankSlotSpec)
    assert (one.targets, two.targets) == (("q_proj",), ("q_proj", "v_proj"))


# -- the digest ----------------------------------------------------------------------------------------------------

BEFORE = {
    # Of the same texts, by the program as it was before there were slots.
    GRAPH: "413fe4cc755332b75879d3435a973bbd31f2080f1a5923b9fad0788e90c76110",
    STATE: "75d53a4f9df225eb16c79cbac85cef879e9c13686e8b58d195737d7e96c50013",
    STATE + "objective: {penalties: {variance: 0.2}}\n": (
        "67cc1dccc6c1c329ddf44d1ef5411fe9098a8ad5e19224c7a6250f5c170c0351"
    ),
    STATE.replace("topic:    {}", "topic:    {bind: {surrogate: {kind: length, of: question}}}"): (
        "eead529928ec6d80935f070c653719289717e814001b932e568ed0ab576f39b2"
    ),
}


@pytest.mark.parametrize("text", BEFORE)
def test_a_graph_without_slots_has_the_digest_that_it_always_had(text: str) -> None:
    assert parse_graph(text).digest == BEFORE[text]


def test_every_setting_of_a_part_counts_for_the_digest() -> None:
    texts = [
        SLOTS,
        changed(("tokens: 3", "tokens: 4")),
        changed(("tokens: 3", "tokens: 3, layers: 2")),
        changed(("tokens: 3", "tokens: 3, measured: 1")),
        changed(("tokens: 3", "tokens: 3, measured_layers: 1")),
        changed(("tokens: 3", "tokens: 3, pool: mean")),
        changed(("rank: 2", "rank: 3")),
        changed(("rank: 2", "rank: 2, alpha: 4")),
        changed(("rank: 2", "rank: 2, targets: q_proj")),
        changed(("kind: vq", "kind: gumbel")),
        changed(("parts: 4", "parts: 5")),
        changed(("parts: 4", "parts: 4, reads: hidden")),
        changed(("parts: 4", "parts: 4, soft: true")),
        changed(("kind: vq, parts: 4", "kind: label, parts: 4, label: style")),
        SLOTS + "objective: {combine: experts}\n",
    ]
    assert len({parse_graph(text).digest for text in texts}) == len(texts)
    assert parse_graph(SLOTS + "objective: {combine: auto}\n").digest == parse_graph(SLOTS).digest


def test_a_comparison_of_files_shows_the_setting_that_is_another() -> None:
    def told(*pairs: tuple[str, str]) -> list[str]:
        return [change.text() for change in changes(read(), read(*pairs))]

    assert told(("tokens: 3", "tokens: 3, measured: [0, 1]")) == [
        "~ skill is the slot of 3 tokens (no measured)   now   skill is the slot of 3 tokens (measured: 0, 1)"
    ]
    assert told(("parts: 4", "parts: 4, soft: true")) == [
        "~ domain is the router vq, 4 parts (no soft)   now   domain is the router vq, 4 parts (soft: True)"
    ]
    assert told(("bind: {slot: {kind: tokens, tokens: 3}}", "bind: {column: skill}")) == [
        "~ skill is the slot of 3 tokens   now   skill is the column 'skill'"
    ]


# -- what contradicts their meaning --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # 1: a part of the adapter comes after the data; only a slot can be set.
        (
            "do: [question, skill]",
            "do: [question, domain]",
            "g.yaml:16:24: 'domain' is a part of the adapter; a treatment is a column or a text of the data",
        ),
        ("read: question", "read: skill", "g.yaml:16:38: 'skill' is a part of the adapter; what a model reads needs"),
        ("read: question", "read: domain", "g.yaml:16:38: 'domain' is a part of the adapter; what a model reads needs"),
        ("write: answer", "write: module", "g.yaml:16:55: 'module' is a part of the adapter; what a model writes"),
        (
            "{role: skill, bind: {slot: {kind: tokens",
            "{role: confounder, bind: {slot: {kind: tokens",
            "g.yaml:9:20: 'skill' is computed by the model after the data are made, so it is no confounder;",
        ),
        (
            "domain:   {role: domain,",
            "domain:   {role: instrument,",
            "g.yaml:7:20: 'domain' is computed by the model after the data are made, so it is no instrument;",
        ),
        # 2: no hidden cause.
        (
            "  - style -> question",
            "  - style -> question\n  - skill <-> answer",
            "g.yaml:16:5: 'skill' is computed by the model and has no hidden cause; let the hidden cause act on what "
            "is read ('question') instead",
        ),
        (
            "  - style -> question",
            "  - style -> question\n  - question <-> domain",
            "g.yaml:16:5: 'domain' is computed by the model and has no hidden cause",
        ),
        # 3: it acts on what the model makes, and on nothing else.
        (
            "  - skill -> answer",
            "  - skill -> style",
            "g.yaml:14:5: 'skill' is computed by the model, so it can only be a cause of what the model writes "
            "('answer') or of another representation, not of 'style'; reverse the arrow or drop it",
        ),
        (
            "  - source -> domain -> module",
            "  - source -> domain -> module\n  - domain -> question",
            "g.yaml:14:5: 'domain' is computed by the model, so it can only be a cause of what the model writes",
        ),
        # 4: its causes must show in what is read, unless they choose its part.
        (
            "  - skill -> answer",
            "  - other -> skill -> answer",
            "g.yaml:15:5: 'other' leaves no trace in 'answer', 'question', from which 'skill' is computed, so 'skill' "
            "cannot depend on it; drop this arrow or draw how 'other' shows in 'answer', 'question'",
        ),
        # 7: who chooses is a category and a cause.
        (
            "choose: domain",
            "choose: domian",
            "g.yaml:8:34: there is no node 'domian' to choose a part; did you mean 'domain'?",
        ),
        (
            "domain -> module",
            "domain",
            "g.yaml:8:34: 'domain' chooses the part of 'module', so it is its cause; draw domain -> module",
        ),
        (
            "choose: domain",
            "choose: question",
            "g.yaml:8:34: 'question' is no category, so it cannot choose among the parts of 'module'; name a router, "
            "or a node bound to a column",
        ),
        ("choose: domain", "choose: source", "g.yaml:8:34: 'source' is no category, so it cannot choose"),
        ("choose: domain", "choose: skill", "g.yaml:8:34: 'skill' is no category, so it cannot choose"),
        (
            ", choose: domain",
            "",
            "g.yaml:7:34: the router 'domain' chooses nothing; let a slot name it: slot: {choose: domain}",
        ),
        # How they are written.
        (
            "{kind: tokens, tokens: 3}",
            "{kind: token}",
            "g.yaml:9:40: there is no slot of kind 'token'; did you mean 'tokens'?",
        ),
        ("{kind: tokens, tokens: 3}", "{tokens: 3}", "g.yaml:9:40: a slot needs a kind: tokens (learned tokens"),
        ("tokens: 3", "tokens: 0", "g.yaml:9:63: 'tokens' must be at least 1, this is 0"),
        ("tokens: 3", "tokens: 3, rank: 2", "g.yaml:9:66: unknown key 'rank'"),
        ("tokens: 3", "tokens: 3, pool: promt", "g.yaml:9:72: unknown pool 'promt'; did you mean 'prompt'?"),
        (
            "tokens: 3",
            "tokens: 3, measured: 3",
            "g.yaml:9:40: there is no token 3 to be measured: the slot has tokens 0 to 2",
        ),
        (
            "tokens: 3",
            "tokens: 3, layers: 2, measured_layers: 3",
            "g.yaml:9:40: 'measured_layers' is 3, but the slot is in 2 layers only",
        ),
        ("rank: 2", "rank: 2, layers: 2", "g.yaml:8:67: unknown key 'layers'"),
        ("kind: vq", "kind: nearest", "g.yaml:7:50: unknown kind 'nearest'"),
        ("parts: 4", "parts: 1", "g.yaml:7:61: 'parts' must be at least 2, this is 1"),
        (
            "kind: vq",
            "kind: label",
            "g.yaml:7:43: 'label', the column of true categories, goes with 'kind: label' and with nothing else",
        ),
        (
            "parts: 4",
            "parts: 4, label: style",
            "g.yaml:7:43: 'label', the column of true categories, goes with 'kind: label' and with nothing else",
        ),
        (
            "{slot: {kind: tokens, tokens: 3}}",
            "{slot: {kind: tokens}, column: s}",
            "g.yaml:9:34: the key 'slot' cannot stand beside 'column'; keep one",
        ),
        # The policy.
        (
            "do: [question, skill], read: question, write: answer",
            "do: skill, read: question, write: answer, policy: uniform",
            "g.yaml:16:59: a policy is for treatments that rows have values of; the adapter sets skill: leave the "
            "policy out",
        ),
    ],
)
def test_a_contradiction_is_told_at_its_place(old: str, new: str, expected: str) -> None:
    pairs = [(old, new)]
    if "other" in new:
        pairs.append(("  source:   {}\n", "  source:   {}\n  other:    {}\n"))
    (line,) = faults(*pairs)
    assert line.startswith(expected), line


def test_a_policy_for_a_slot_is_refused_however_it_is_written() -> None:
    alone = ("do: [question, skill]", "do: skill")
    for policy in ("uniform", "{a: 0.5, b: 0.5}", "{like: rows.jsonl}", "{split: other}"):
        (line,) = faults(alone, ("write: answer}", f"write: answer, policy: {policy}}}"))
        assert "the adapter sets skill: leave the policy out" in line
    assert read(alone, ("write: answer}", "write: answer, policy: marginal}")).query.policy == "marginal"


def test_a_table_is_for_the_one_treatment_that_rows_have_values_of() -> None:
    table = ("write: answer}", "write: answer, policy: {plain: 0.5, story: 0.5}}")
    graph = read(("do: [question, skill]", "do: [style, skill]"), table)
    assert graph.treatments == ("style",)
    (line,) = faults(("do: [question, skill]", "do: [style, question, skill]"), table)
    assert line.startswith("g.yaml:16:78: a table needs a single treatment")


def test_several_faults_are_told_together() -> None:
    lines = faults(("choose: domain", "choose: style"), ("  - skill -> answer", "  - skill -> style"))
    assert [line.split(": ")[0] for line in lines] == ["g.yaml:7:34", "g.yaml:8:34", "g.yaml:14:5"]
    # Not both "there is no node" and "chooses nothing": the router may have been meant.
    assert len(faults(("choose: domain", "choose: domian"))) == 1


def test_a_column_may_choose_where_it_is_drawn_as_a_cause() -> None:
    pairs = (
        ("  domain:   {role: domain, bind: {router: {kind: vq, parts: 4}}}\n", ""),
        ("choose: domain", "choose: style"),
        ("source -> domain -> module", "style -> module"),
    )
    assert read(*pairs).inputs("module") == ("answer", "question", "style")


def test_the_page_shows_a_sound_graph() -> None:
    page = (Path(__file__).parents[2] / "docs" / "graphs.md").read_text(encoding="utf-8")
    block = page.split("## Parts of the adapter")[1].split("```yaml\n")[1].split("```")[0]
    shown, shipped = parse_graph(f"version: 1\nname: iclm\n{block}"), load_graph("iclm")
    assert shown.digest == shipped.digest


# -- the schema ----------------------------------------------------------------------------------------------------


def test_the_json_schema_knows_slots_and_routers() -> None:
    found: dict[str, Any] = graph_schema()["$defs"]
    assert found["SlotBinding"]["required"] == ["slot"]
    assert found["RouterBinding"]["required"] == ["router"]
    assert found["TokenSlotSpec"]["required"] == found["LowRankSlotSpec"]["required"] == ["kind"]
    assert found["TokenSlotSpec"]["properties"]["kind"]["const"] == "tokens"
    assert found["LowRankSlotSpec"]["properties"]["kind"]["const"] == "low_rank"
    assert found["RouterSpec"]["properties"]["kind"]["enum"] == ["vq", "kmeans", "gumbel", "label"]
    assert found["ObjectiveSpec"]["properties"]["combine"]["enum"] == ["auto", "sum", "mixture", "experts", "head"]
    for name in ("TokenSlotSpec", "LowRankSlotSpec", "RouterSpec", "SlotBinding", "RouterBinding"):
        assert found[name]["additionalProperties"] is False
        assert all("description" in part for key, part in found[name]["properties"].items() if key != "kind")
