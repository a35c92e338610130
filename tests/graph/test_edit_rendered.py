"""The names in ``rendered_by`` follow the nodes that they name, in the value and in the text of the file."""

from __future__ import annotations

import pytest

from causal_reasoning.graph import AssumptionGraph, parse_graph
from causal_reasoning.graph.edits import edit_graph
from causal_reasoning.graph.rendered import rendered_by

FILE = """\
version: 1
name: g
nodes:
  style:    {bind: {column: style}}
  tone:     {bind: {column: tone}}
  skill:    {bind: {column: skill}}
  question: {bind: {text: question, rendered_by: style}}  # a comment
  answer:
    bind:
      text: answer
      rendered_by:
        - style  # the first
        - tone
edges: [style -> skill, skill -> question, style -> question, tone -> answer, style -> answer, skill -> answer]
query: {do: skill, read: question, write: answer}
"""
FLOW = FILE.replace("rendered_by: style}}", "rendered_by: [style]}}")


def edited(text: str, edit: str) -> AssumptionGraph:
    return edit_graph(parse_graph(text, "g.yaml"), [edit])


@pytest.mark.parametrize("text", [FILE, FLOW])
@pytest.mark.parametrize(
    ("edit", "question", "answer"),
    [
        ("merge style tone into manner", ("manner",), ("manner",)),
        ("merge tone style into tone", ("tone",), ("tone",)),
        ("split style into a b", ("a", "b"), ("a", "b", "tone")),
        ("split tone into tone pitch", ("style",), ("pitch", "style", "tone")),
        ("drop tone", ("style",), ("style",)),
        ("drop style", (), ("tone",)),
        ("drop style -> question", ("style",), ("style", "tone")),
    ],
)
def test_declarations_name_what_the_nodes_are_called_now(
    text: str, edit: str, question: tuple[str, ...], answer: tuple[str, ...]
) -> None:
    after = edited(text, edit)
    assert rendered_by(after.nodes) == {n: z for n, z in (("answer", answer), ("question", question)) if z}
    # The text says the same as the value.
    assert parse_graph(after.text).canonical() == after.canonical()
    assert "# a comment" in after.text
    assert "# the first" in after.text or "style" not in str(answer)


def test_a_text_that_swallows_what_renders_it_is_not_rendered_by_itself() -> None:
    plain = FILE.replace("style -> skill, skill -> question", "tone -> skill, skill -> question")
    after = edited(plain, "merge question style into question")
    assert rendered_by(after.nodes) == {"answer": ("question", "tone")}
    assert "question: {bind: {text: question}}  # a comment" in after.text
