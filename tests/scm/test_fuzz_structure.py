"""Whatever stands in a world with steps and nested worlds, reading it ends in a world or in an `InputError`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from causal_reasoning.errors import InputError
from causal_reasoning.scm import load_world
from causal_reasoning.scm.true_graph import true_graph_yaml
from tests.scm.test_fuzz import HOSTILE, changed, paths

WORLD = YAML(typ="safe", pure=True).load("""\
version: 1
name: mixed
parameters: {p: 0.8}
time: {steps: 2}
nodes:
  style: {role: confounder, mechanism: {kind: categorical, values: [plain, polite, terse, story]}}
  task:
    role: other
    each_step: true
    mechanism: {kind: world, world: letters, set: {rho: $p}, inputs: {style: style}, output: question}
  state:
    role: skill
    initial: {kind: categorical, values: [a, b]}
    mechanism: {kind: noisy_copy, of: "state[-1]", fidelity: 0.5, otherwise: all}
  question: {role: question, mechanism: {kind: template, text: "{task_0} {state[-1]}"}}
  answer: {role: answer, mechanism: {kind: template, by: state_1, texts: {a: "{task_answer_1}", b: "{state_0}"}}}
query: {do: "state[-1]", read: question, write: answer}
""")
WORDS = [*HOSTILE, "state[-1]", "state[-2]", "style[-1]", "task", "task_cue_0", "letters", "w.yaml", "damaged.yaml"]
DAMAGE = st.tuples(st.sampled_from(paths(WORLD)), st.sampled_from(WORDS))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAMAGE, min_size=1, max_size=2))
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, damage: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = WORLD
    for path, value in damage:
        if path in paths(data):
            data = changed(data, path, value)
    file = tmp_path / "damaged.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(data, stream)
    try:
        world = load_world(file)
        columns = world.sample(3, seed=0)
        graph = true_graph_yaml(world)
    except InputError as error:
        assert all(fault.message and "\n" not in str(fault) for fault in error.faults)
    else:
        assert {len(column) for column in columns.values()} == {3}
        assert graph.startswith("# The true graph")
