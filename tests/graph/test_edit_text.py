"""Edits of graph files: what the text becomes, which lines stay, and that it means what the edit means."""

from __future__ import annotations

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.graph.edits import edit_graph, edit_text, neighbours, parse_edit

FILE = """\
# Above everything.
version: 1
name: mine   # the name

nodes:
  # who chose the wording
  confounder: {role: confounder, bind: {column: style}}  # a style
  skill:      {role: skill,      bind: {column: 'skill'}}
  hidden:
  question:
    role: question

    # the column
    bind: {text: question}
    description: |
      What is asked,
      in words.

  answer:     {role: answer,     bind: {text: "answer"}}
edges:
  # the long way
  - confounder -> skill  ->  question->answer   # a chain
  - 'confounder -> question'

  - "hidden -> skill"   # not seen
  - hidden <-> answer
# Below the edges.
query: {do: skill, read: question, write: answer}
"""


def lines_after(*edits: str, text: str = FILE) -> tuple[list[str], list[str]]:
    """The lines that go and the lines that come; all others are the same, in the same order."""
    after = edit_text(text, edits, "g.yaml")
    old, new = text.splitlines(keepends=True), after.splitlines(keepends=True)
    gone = [line for line in old if line not in new]
    come = [line for line in new if line not in old]
    assert [line for line in old if line in new] == [line for line in new if line in old]
    return [line.rstrip("\n") for line in gone], [line.rstrip("\n") for line in come]


CHAIN = "  - confounder -> skill  ->  question->answer   # a chain"
QUERY = "query: {do: skill, read: question, write: answer}"


@pytest.mark.parametrize(
    ("edit", "gone", "come"),
    [
        ("drop confounder -> skill", [CHAIN], ["  - skill  ->  question->answer   # a chain"]),
        ("drop question -> answer", [CHAIN], ["  - confounder -> skill  ->  question   # a chain"]),
        ("drop skill -> question", [CHAIN], ["  - confounder -> skill   # a chain", "  - question->answer"]),
        ("drop confounder -> question", ["  - 'confounder -> question'"], []),
        ("drop hidden -> skill", ['  - "hidden -> skill"   # not seen'], []),
        ("drop answer <-> hidden", ["  - hidden <-> answer"], []),
        (
            "reverse skill -> question",
            [CHAIN],
            ["  - confounder -> skill   # a chain", "  - question  ->  skill", "  - question->answer"],
        ),
        ("reverse hidden -> skill", ['  - "hidden -> skill"   # not seen'], ['  - "skill -> hidden"   # not seen']),
        ("add confounder -> answer", [], ["  - confounder -> answer"]),
        ("add skill <-> answer", [], ["  - answer <-> skill"]),
        ("add n", [], ["  n:          {}"]),
        ("add n as column:my_n", [], ["  n:          {bind: {column: my_n}}"]),
        ('add n as text:"yes"', [], ['  n:          {bind: {text: "yes"}}']),
        (
            "drop confounder",
            [
                "  confounder: {role: confounder, bind: {column: style}}  # a style",
                CHAIN,
                "  - 'confounder -> question'",
            ],
            ["  - skill  ->  question->answer   # a chain"],
        ),
        ("drop hidden", ["  hidden:", '  - "hidden -> skill"   # not seen', "  - hidden <-> answer"], []),
        (
            "hide confounder",
            ["  confounder: {role: confounder, bind: {column: style}}  # a style"],
            ["  confounder: {role: confounder}  # a style"],
        ),
        ("observe hidden", ["  hidden:"], ["  hidden: {bind: {column: hidden}}"]),
        ("observe hidden as text:how", ["  hidden:"], ["  hidden: {bind: {text: how}}"]),
        (
            "merge skill hidden into skill",
            ["  hidden:", '  - "hidden -> skill"   # not seen', "  - hidden <-> answer"],
            ["  - skill <-> answer"],
        ),
    ],
)
def test_only_the_lines_that_an_edit_touches_change(edit: str, gone: list[str], come: list[str]) -> None:
    assert lines_after(edit) == (gone, come)


def test_all_parts_of_a_split_stand_in_for_the_node_also_in_the_query() -> None:
    gone, come = lines_after("split answer into answer, rationale as text:r with rationale -> answer")
    assert (gone, come) == (
        [QUERY],
        [
            "  rationale:  {role: answer, bind: {text: r}}",
            "  - question->rationale",
            "  - hidden <-> rationale",
            "  - rationale -> answer",
            "  - answer <-> rationale",
            "query: {do: skill, read: question, write: [answer, rationale]}",
        ],
    )


def test_a_new_name_replaces_the_old_ones_in_nodes_chains_and_query() -> None:
    gone, come = lines_after("merge skill hidden into s", "add n")
    assert come == [
        "  s:          {role: skill,      bind: {column: 'skill'}}",
        "  n:          {}",
        "  - confounder -> s  ->  question->answer   # a chain",
        "  - s <-> answer",
        "query: {do: s, read: question, write: answer}",
    ]
    assert len(gone) == 6


def test_a_binding_in_a_block_goes_and_comes_back_as_a_line() -> None:
    text = FILE.replace("do: skill, read: question", "do: skill, read: other")
    text = text.replace("edges:", "  other: {bind: {text: other}}\nedges:", 1)
    gone, come = lines_after("hide question", text=text)
    assert (gone, come) == (["    bind: {text: question}"], [])
    hidden = edit_text(text, ["hide question"])
    gone, come = lines_after("observe question as text:question", text=hidden)
    assert (gone, come) == ([], ["    bind: {text: question}"])
    # In its own place it need not be the same place, but it means the same.
    assert parse_graph(edit_text(hidden, ["observe question as text:question"])).digest == parse_graph(text).digest


@pytest.mark.parametrize(
    ("edges", "edit", "expected"),
    [
        ("edges: [skill -> question, question -> answer]", "drop skill -> question", "edges: [question -> answer]"),
        ("edges: [skill -> question, question -> answer]", "drop question -> answer", "edges: [skill -> question]"),
        ("edges: [ skill -> question ]", "drop skill -> question", "edges: []"),
        ("edges: []", "add skill -> answer", "edges: [skill -> answer]"),
        ("edges: [ 'skill -> answer' ]", "add skill -> question", "edges: [ 'skill -> answer', 'skill -> question' ]"),
        ("edges: [skill -> answer,]", "add skill -> question", "edges: [skill -> answer, skill -> question]"),
        ("edges: [skill -> question -> answer]", "drop skill", None),
        (
            "edges: [skill -> question -> answer]",
            "reverse skill -> question",
            "edges: [question -> skill, question -> answer]",
        ),
        ("edges:\n- skill -> answer # why", "drop skill -> answer", "edges: []"),
        ("edges:\n  # none\n  - skill -> answer\n  # more", "drop skill -> answer", "edges: []\n  # none\n  # more"),
        ("edges: # some\n- skill -> answer", "drop skill -> answer", "edges: [] # some"),
        ("edges:\n- skill -> answer", "add skill -> question", "edges:\n- skill -> answer\n- skill -> question"),
        (
            "edges: [\n    skill -> question,  # one\n    question -> answer  # two\n  ]",
            "drop question -> answer",
            "edges: [\n    skill -> question,  # one\n  ]",
        ),
        (
            "edges: [\n    skill -> question,  # one\n    question -> answer  # two\n  ]",
            "drop skill -> question",
            "edges: [\n    question -> answer  # two\n  ]",
        ),
        (
            "edges: [\n    skill -> question,  # one\n    question -> answer  # two\n  ]",
            "add skill -> answer",
            "edges: [\n    skill -> question,  # one\n    question -> answer,  # two\n    skill -> answer\n  ]",
        ),
        (
            "edges: [\n    skill -> question,\n    question -> answer,\n  ]",
            "add skill -> answer",
            "edges: [\n    skill -> question,\n    question -> answer,\n    skill -> answer,\n  ]",
        ),
        ("edges:\n- >-\n  skill ->\n  question -> answer", "drop skill -> question", "edges:\n- question -> answer"),
        ('edges:\n- "skill -> quest\\\n  ion"', "reverse skill -> question", 'edges:\n- "question -> skill"'),
    ],
)
@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_edges_are_edited_in_whatever_way_they_are_written(
    edges: str, edit: str, expected: str | None, end: str, newline: str
) -> None:
    head = """\
version: 1
name: mine
query: {do: skill, read: question, write: answer}
nodes:
  skill:    {bind: {column: skill}}
  question: {bind: {text: question}}
  answer:   {bind: {text: answer}}
"""
    text = (head + edges + end).replace("\n", newline)
    if expected is None:
        with pytest.raises(InputError, match="is in the query"):
            edit_text(text, [edit])
        return
    done = edit_text(text, [edit])
    assert done.removesuffix(newline) == (head + expected).replace("\n", newline)


def test_the_list_of_edges_is_begun_where_there_is_none() -> None:
    head, _, tail = FILE.partition("edges:\n")
    text = head + tail.partition("# Below the edges.\n")[2]
    assert edit_text(text, ["add skill -> answer"]) == text.replace("query:", "edges:\n  - skill -> answer\nquery:")


JSON = """{"version": 1, "name": "mine", "nodes": {
  "skill": {"role": "skill", "bind": {"column": "skill"}},
  "hidden": {},
  "question": {"bind": {"text": "question"}},
  "answer": {"bind": {"text": "answer"}}},
"query": {"do": "skill", "read": ["question"], "write": "answer"}}
"""


def test_a_file_in_json_stays_json() -> None:
    import json

    done = edit_text(
        JSON, ["add hidden -> skill", "observe hidden as column:h", "add n", "add n -> skill", "drop hidden -> skill"]
    )
    assert json.loads(done) == {
        "version": 1,
        "name": "mine",
        "nodes": {
            "skill": {"role": "skill", "bind": {"column": "skill"}},
            "hidden": {"bind": {"column": "h"}},
            "question": {"bind": {"text": "question"}},
            "answer": {"bind": {"text": "answer"}},
            "n": {},
        },
        "query": {"do": "skill", "read": ["question"], "write": "answer"},
        "edges": ["n -> skill"],
    }
    split = json.loads(edit_text(JSON, ["split question into q, p as text:p", "merge skill hidden into s"]))
    assert split["query"] == {"do": "s", "read": ["q", "p"], "write": "answer"}
    assert list(split["nodes"]) == ["s", "q", "p", "answer"]


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        (["drop skill"], "drop skill: 'skill' is in the query (do: skill); change the query before it is dropped"),
        (["hide skill"], "hide skill: 'skill' is in the query (do); a treatment must be observed"),
        (["hide question"], "hide question: 'question' is in the query (read); what a model reads is text"),
        (["hide answer"], "hide answer: 'answer' is in the query (write); what it writes is text"),
        (["hide confounder", "hide confounder"], "hide confounder: 'confounder' is latent already"),
        (["reverse skill -> question", "drop skill -> question"], "drop skill -> question: there is no edge"),
        (
            ["observe hidden as column:style"],
            "g.yaml (edited):9:18: the column 'style' is bound to 'confounder' already",
        ),
        (["merge question answer into text"], "g.yaml (edited):27:39: 'text' is both read and written"),
        (["split skill into a b"], "g.yaml (edited):31:17: the treatment 'b' is latent; give it a binding"),
        (["split answer into a b"], "'b' is not text; what a model writes needs bind: {text: COLUMN}"),
        (["revers a -> b"], "revers a -> b: there is no edit 'revers'; did you mean 'reverse'?"),
        ([""], "edit: there is no edit ''"),
        (["drop\n\na -> b -> c"], "drop a -> b -> c: one edge at a time"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(edits: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        edit_text(FILE, edits, "g.yaml")
    (line,) = str(caught.value).splitlines()
    assert said in line


def test_a_faulty_file_is_told_before_the_edit_is_made() -> None:
    with pytest.raises(InputError, match=r"^g\.yaml:28:13: there is no node 'skil'"):
        edit_text(FILE.replace("do: skill", "do: skil"), ["hide nothing"], "g.yaml")


def test_a_table_of_probabilities_is_not_left_to_another_column() -> None:
    text = FILE.replace("write: answer}", "write: answer, policy: {first: 0.5, last: 0.5}}")
    with pytest.raises(InputError, match="the policy of the query is a table of values of 'skill'"):
        edit_text(text, ["merge confounder skill into confounder"])
    assert "policy: {first: 0.5" in edit_text(text, ["merge skill confounder into skill"])


def test_a_treatment_may_be_rebound_by_hiding_and_observing_it() -> None:
    done = edit_graph(parse_graph(FILE), ["hide skill", "observe skill as column:other"])
    assert done.column("skill") == "other"


@pytest.mark.parametrize("text", [FILE.replace("hidden:\n", "hidden: &h {}\n"), "%YAML 1.2\n---\n" + FILE])
def test_anchors_are_refused_and_directives_are_not(text: str) -> None:
    if "&h" in text:
        with pytest.raises(InputError, match=r"cannot be edited in place: there is an anchor \(&h\) on line 9; write"):
            edit_text(text, ["add n"], "g.yaml")
    else:
        assert "  n: " in edit_text(text, ["add n"])


def test_unusual_layouts_are_edited_or_refused_and_never_broken() -> None:
    explicit = FILE.replace("  hidden:\n", "  ? hidden\n  : {role: other}\n")
    for edit in (
        "drop hidden",
        "observe hidden",
        "add n",
        "merge hidden confounder into confounder",
        "hide confounder",
    ):
        try:
            done = edit_text(explicit, [edit], "g.yaml")
        except InputError as error:
            assert "cannot be edited in place" in str(error)
        else:
            assert parse_graph(done).causal == parse_edit(edit).apply(parse_graph(explicit).causal)


@pytest.mark.parametrize("name", sorted(path.stem for path in shipped_folder("graphs").glob("*.yaml")))
def test_every_neighbour_of_a_shipped_graph_can_be_written(name: str) -> None:
    graph = load_graph(name)
    asked = {*graph.query.do, *graph.query.read, *graph.query.write}
    for edit, near in neighbours(graph.causal):
        if edit.text().removeprefix("hide ") in asked:
            continue
        try:
            done = edit_graph(graph, [edit])
        except InputError as error:
            # A representation does not allow every arrow; nothing else may stand in the way.
            assert graph.representations
            assert all("(edited):" in str(fault) or "is a representation" in str(fault) for fault in error.faults)
            continue
        assert done.causal == near
        untouched(graph.text, done.text)


def untouched(before: str, after: str) -> None:
    """No line moves, and at most two go for a single edge or node."""
    old, new = before.splitlines(), after.splitlines()
    kept = [line for line in old if line in new]
    assert kept == [line for line in new if line in old]
    assert len(old) - len(kept) <= 2


REPRESENTED = """\
version: 1
name: mine
nodes:
  style:    {bind: {column: style}}
  question: {bind: {text: question}}
  answer:   {bind: {text: answer}}
  state:    {bind: {hidden: {layer: -1, pool: prompt}}}
edges:
  - style -> question -> answer
  - question -> state
query: {do: style, read: question, write: answer}
objective: {penalties: {hsic: {of: state, against: style}}}
"""


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("observe state", "'state' is a representation that the model computes; no column of the data holds it"),
        ("hide state", "'state' is latent already"),
        ("drop state", "'state' is named by the penalty 'hsic'; change the objective first"),
        ("merge style question into both", "'style' is named by the penalty 'hsic'"),
        ("split style into a b", "'style' is named by the penalty 'hsic'"),
        ("add n as hidden:state", "there is no binding 'hidden'; known: 'column', 'text'"),
    ],
)
def test_what_a_penalty_or_the_model_needs_is_not_taken_away(edit: str, said: str) -> None:
    graph = parse_graph(REPRESENTED)
    assert graph.causal.latent == ("state",)
    with pytest.raises(InputError) as caught:
        edit_graph(graph, [edit])
    assert said in str(caught.value)
    assert edit_text(REPRESENTED, ["drop style -> question"]) == REPRESENTED.replace(
        "style -> question -> ", "question -> "
    )
