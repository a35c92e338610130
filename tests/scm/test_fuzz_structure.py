"""Whatever stands in a world with steps and nested worlds, reading it ends in a world or in an `InputError`."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.scm.damage import damaged, ends_in_a_world_or_an_input_error, fuzzed, parsed

WORLD = parsed("""\
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
WORDS = ["state[-1]", "state[-2]", "style[-1]", "task", "task_cue_0", "letters", "w.yaml", "damaged.yaml"]


@fuzzed(60)
@given(st.data())
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    ends_in_a_world_or_an_input_error(damaged(data, WORLD, WORDS), tmp_path)
