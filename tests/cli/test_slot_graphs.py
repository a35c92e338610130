"""Every command that takes a graph, on graphs whose nodes are parts of the adapter, and on changes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from causal_reasoning.errors import CausalReasoningError, InputError
from causal_reasoning.graph import AssumptionGraph, load_graph
from causal_reasoning.graph.edits import edit_graph
from causal_reasoning.graph.slots import SlotBinding
from causal_reasoning.graph.spec import Baselines, Estimator, MediationKind, ObjectiveSpec, PenaltyKind
from causal_reasoning.identification import identify
from causal_reasoning.objective import derive
from tests.cli.program import call

GRAPHS = ("dca", "dca_paired", "dca_released", "iclm", "iclm_adjusted", "iclm_modules")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check",),
    ("identify",),
    ("identify", "--proof"),
    ("identify", "--witness"),
    ("identify", "--json"),
    ("derive",),
    ("derive", "--json"),
    ("derive", "--markdown"),
    ("derive", "--latex"),
    ("implications",),
    ("draw",),
    ("draw", "--mutilated"),
    ("alternatives",),
    ("alternatives", "--equivalent", "--cap", "20"),
    *(("convert", "--to", form) for form in ("dagitty", "dot", "gml", "mermaid")),
    *(("convert", "--to", form, "--joint", "--hidden-nodes") for form in ("dagitty", "dot", "gml", "mermaid")),
)


def answered(*arguments: str) -> int:
    """Run a command: an answer, or one sentence that says why there is none. Returns its exit code."""
    code, out, err = call(*arguments)
    assert "a fault of this program" not in err, (arguments, err)
    assert code in (0, 2, 3, 4), (arguments, err)
    if code == 0:
        assert out, arguments
    else:
        lines = [line for line in err.splitlines() if not line.startswith("note: ")]
        assert len(lines) == (code != 3), (arguments, err)
    return int(code)


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_answers(name: str, command: tuple[str, ...]) -> None:
    first, *rest = command
    assert answered(first, name, *rest) == 0


@pytest.mark.parametrize("name", GRAPHS)
def test_a_proof_by_numbers_is_given_or_refused(name: str) -> None:
    by_construction = name.startswith("dca")
    assert answered("derive", name, "--prove") == (4 if by_construction else 0)


@pytest.mark.parametrize("other", [*GRAPHS, "reasoning"])
def test_graphs_are_compared(other: str) -> None:
    for name in GRAPHS:
        assert answered("diff", name, other) == answered("diff", other, name) == 0


def told(error: CausalReasoningError) -> None:
    """One sentence."""
    assert len(str(error).splitlines()) == 1, error


@pytest.mark.parametrize("name", GRAPHS)
def test_any_query_is_answered(name: str) -> None:
    graph = load_graph(name)
    nodes = (*graph.nodes, "nosuch")
    questions: list[dict[str, Any]] = [{key: node} for key in ("do", "on", "given") for node in nodes]
    questions += [{"do": (one, other), "on": "answer"} for one in nodes for other in nodes]
    for question in questions:
        try:
            assert identify(graph, **question).to_dict()["graph"] == name
        except InputError as error:
            told(error)
    for node in nodes[:3]:
        answered("identify", name, "--through", node, "--on", "answer")


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.slow
def test_any_edit_is_made_or_refused(name: str) -> None:
    graph = load_graph(name)
    nodes = tuple(graph.nodes)
    edits = [f"{verb} {a} -> {b}" for a, b in graph.causal.directed for verb in ("drop", "reverse")]
    edits += [f"add {a} {arrow} {b}" for a in nodes for b in nodes if a != b for arrow in ("->", "<->")]
    for node in nodes:
        edits += [f"drop {node}", f"hide {node}", f"observe {node} as column:c", f"split {node} into first second"]
    edits += [f"merge {a} {b} into both" for a in nodes for b in nodes if a < b]
    made = 0
    for edit in edits:
        try:
            made += edit_graph(graph, [edit]).digest != graph.digest
        except CausalReasoningError as error:
            assert str(error)
    assert 10 < made < len(edits)


def objectives(graph: AssumptionGraph) -> Iterator[dict[str, Any]]:
    """What a file or an arm may ask for, sensible or not."""
    yield from ({"estimator": estimator} for estimator in get_args(Estimator))
    yield from ({"nuisance": kind} for kind in ("logistic", "head"))
    yield {"realisation": "loss_weights"}
    yield from ({"combine": kind} for kind in ("auto", "sum", "mixture", "experts", "head"))
    for baseline in get_args(Baselines):
        yield {"baseline": baseline}
        yield from ({"baseline": baseline, "groups": node} for node in (*graph.nodes, "nosuch"))
        yield from ({"baseline": baseline, "combine": kind} for kind in ("auto", "sum", "mixture", "experts", "head"))
    for kind in (*get_args(PenaltyKind), *get_args(MediationKind)):
        yield {"penalties": {kind: 0.1}}
        yield {"penalties": {kind: {"of": list(graph.slots)}}}
        for slot in graph.slots:
            yield {"penalties": {kind: {"of": slot}}}
            for node in graph.nodes:
                yield {"penalties": {kind: {"of": slot, "against": node}}}
                yield {"penalties": {kind: {"of": slot, "given": node}}}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("pool", ["answer", "each"])
def test_any_objective_is_compiled_or_refused(name: str, pool: str) -> None:
    graph = load_graph(name)
    nodes = {
        node: spec.model_copy(update={"bind": SlotBinding(slot=spec.bind.slot.model_copy(update={"pool": pool}))})
        if isinstance(spec.bind, SlotBinding)
        else spec
        for node, spec in graph.nodes.items()
    }
    compiled = refused = 0
    for wanted in objectives(graph):
        try:
            plan = derive(replace(graph, nodes=nodes, objective=ObjectiveSpec.model_validate(wanted))).plan
            assert plan.layout is not None
            assert [slot for slot, _ in plan.layout.slots] == list(graph.slots)
            compiled += 1
        except CausalReasoningError as error:
            assert error.exit_code in (2, 3, 4)
            told(error)
            refused += 1
    assert compiled > 5
    assert refused > 20


def test_a_computed_node_is_no_group(tmp_path: Path) -> None:
    text = Path(load_graph("iclm_adjusted").source).read_text(encoding="utf-8")
    (tmp_path / "g.yaml").write_text(text + "objective: {baseline: vrex, groups: module}\n", encoding="utf-8")
    code, _, err = call("derive", str(tmp_path / "g.yaml"))
    assert (code, err.endswith("objective.groups: 'module' is not bound to a categorical column\n")) == (2, True)
    # By default it is not taken for one, though its role is that of a domain.
    text = Path(load_graph("iclm").source).read_text(encoding="utf-8")
    (tmp_path / "g.yaml").write_text(text + "objective: {baseline: vrex}\n", encoding="utf-8")
    code, _, err = call("derive", str(tmp_path / "g.yaml"))
    assert (code, "compares groups: name the columns that tell them apart" in err) == (2, True)


def test_a_comparison_says_what_is_left_open() -> None:
    out = call("diff", "dca", "dca_paired").out
    assert "- question <- confounder -> answer" in out
    assert "+ question <- words -> answer" in out
    assert "question is the text column 'question' (rendered_by: style)" in out


def test_rows_are_checked_against_such_a_graph(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    values = [{"question": f"q{i}", "answer": "a", "kind": "xyz"[i % 3]} for i in range(30)]
    rows.write_text("".join(json.dumps(row) + "\n" for row in values), encoding="utf-8")
    assert answered("derive", "dca", "--data", str(rows)) == 0
    text = Path(load_graph("iclm").source).read_text(encoding="utf-8")
    file = tmp_path / "g.yaml"

    def derived(router: str) -> str:
        file.write_text(text.replace("{kind: vq, parts: 4}", router), encoding="utf-8")
        return call("derive", str(file), "--data", str(rows)).err

    assert derived("{kind: label, label: kind, parts: 3}") == ""
    assert derived("{kind: label, label: kind, parts: 4}") == (
        f"{rows}:1: the column 'kind' has 3 different values, and the router 'domain' that learns from it has 4 parts; "
        "it needs one for each value: parts: 3\n"
    )
    assert "there is no column 'knd'; did you mean 'kind'?" in derived("{kind: label, label: knd, parts: 3}")
