"""What a look at the rows finds before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.checks import check_lengths
from causal_reasoning.data.load import load_data
from causal_reasoning.data.views import Encoder
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import Experiment, load_experiment

WORDS = ["sun", "moon", "star", "sky", "sea", "tree", "stone", "river"]


def experiment(folder: Path, rows: list[dict[str, Any]], more: str = "", graph: str = "reasoning") -> Experiment:
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "e.yaml"
    path.write_text(
        f"version: 1\nname: e\nceiling: false\narms: [{{graph: {graph}}}]\ndata: {{train: r.jsonl}}\n{more}"
    )
    return load_experiment(path)


def rows(number: int = 200, **made: Any) -> list[dict[str, Any]]:
    """Rows with nothing wrong; ``made`` are functions of a row's number and its words."""
    random = Random(0)
    found = []
    for i in range(number):
        words = random.sample(WORDS, 3)
        row = {
            "question": f"{i}: {' '.join(words)}",
            "answer": random.choice(["yes", "no"]),
            "style": random.choice("xy"),
            "skill": random.choice("pq"),
        }
        found.append({**row, **{name: make(i, words) for name, make in made.items()}})
    return found


def findings(
    folder: Path, listed: list[dict[str, Any]], more: str = "", graph: str = "reasoning"
) -> list[tuple[str, bool, str]]:
    data = load_data(experiment(folder, listed, more, graph), 1, strict=False)
    return [(finding.kind, finding.refuse, finding.fault.message) for finding in data.findings]


def test_rows_with_nothing_wrong_have_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, rows()) == []


def test_a_column_of_one_value_is_told(tmp_path: Path) -> None:
    ((kind, refuse, message),) = findings(tmp_path, rows(style=lambda i, words: "x"))
    assert (kind, refuse) == ("constant", False)
    assert message == "the column 'style' is 'x' in every training row: nothing can be adjusted for"


def test_a_category_that_is_only_held_out_is_told_with_its_rows(tmp_path: Path) -> None:
    own = [{"question": f"own {i}", "answer": "yes", "skill": "rare"} for i in range(7)]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))
    ((kind, refuse, message),) = findings(tmp_path, rows(), "evaluation: {splits: {own: o.jsonl}}\n")
    assert (kind, refuse) == ("unseen", False)
    assert message == "no training row has skill = 'rare', but held-out rows do (own: 7)"


def test_an_answer_in_the_prompt_is_told_and_choices_are_usual(tmp_path: Path) -> None:
    ((kind, refuse, message),) = findings(tmp_path, rows(answer=lambda i, words: words[1]))
    assert (kind, refuse) == ("leak", False)
    assert message.startswith("the answer stands in the prompt in 100% of the rows: usual where it is one of several")
    ((_, _, message),) = findings(tmp_path, rows(answer=lambda i, words: words[2]))
    assert message == "the prompt ends in the answer in 100% of the rows: there is nothing to learn but to copy"


def test_letters_of_choices_stand_in_every_prompt_and_are_no_finding(tmp_path: Path) -> None:
    def question(i: int, words: list[str]) -> str:
        return f"{i}? (A) {words[0]} (B) {words[1]} (C) {words[2]}"

    assert findings(tmp_path, rows(question=question, answer=lambda i, words: "ABC"[i % 3])) == []


def test_a_part_of_a_word_is_not_the_value(tmp_path: Path) -> None:
    listed = rows(question=lambda i, words: f"{i} sunny moonlit", answer=lambda i, words: ["sun", "moon"][i % 2])
    assert findings(tmp_path, listed) == []


GRAPH = """\
version: 1
name: blind
nodes:
  tag:      {bind: {column: tag}}
  skill:    {bind: {column: skill}}
  question: {bind: {text: question}}
  answer:   {bind: {text: answer}}
edges: [skill -> question -> answer, EDGE]
query: {do: skill, read: question, write: answer}
"""


@pytest.mark.parametrize(
    ("edge", "refused", "claim"),
    [
        ("tag -> answer", True, "'tag' and 'question' are independent"),
        ("skill -> tag", False, "'tag' is no cause of 'question'"),
        ("tag -> question", None, ""),
    ],
)
def test_a_value_that_the_prompt_must_not_know_contradicts_the_graph(
    tmp_path: Path, edge: str, refused: bool | None, claim: str
) -> None:
    (tmp_path / "blind.yaml").write_text(GRAPH.replace("EDGE", edge))
    found = findings(tmp_path, rows(tag=lambda i, words: words[0]), graph="blind.yaml")
    if refused is None:
        assert found == []
        return
    ((kind, refuse, message),) = found
    assert (kind, refuse) == ("leak", refused)
    assert message == (
        f"the value of 'tag' stands in the prompt in 100% of the rows, but in the graph blind {claim}; draw the arrow, "
        "or take the value out of the prompt"
    )
    if refused:
        with pytest.raises(InputError, match="the value of 'tag' stands in the prompt"):
            load_data(load_experiment(tmp_path / "e.yaml"), 1)


def encoder(loaded: Experiment) -> Encoder:
    return Encoder.of(loaded, build_tokenizer())


def test_an_answer_that_cannot_be_given_is_refused_before_training(tmp_path: Path) -> None:
    loaded = experiment(
        tmp_path, rows(answer=lambda i, words: " ".join(["sun"] * (1 + i % 4))), "evaluation: {max_new_tokens: 2}\n"
    )
    with pytest.raises(InputError) as caught:
        check_lengths(loaded, load_data(loaded, 1), encoder(loaded))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/e.yaml:6:30: ")
    assert "answers have more than max_new_tokens = 2 tokens, so no model could give them; the longest has 4" in message
    assert f"stands at {tmp_path}/r.jsonl:" in message
    enough = experiment(tmp_path, rows(), "evaluation: {max_new_tokens: 4}\n")
    check_lengths(enough, load_data(enough, 1), encoder(enough))


def test_a_row_that_is_longer_than_the_model_reads_is_refused(tmp_path: Path) -> None:
    loaded = experiment(tmp_path, rows(), "training: {max_length: 300}\n")
    tokenizer = build_tokenizer()
    check_lengths(loaded, load_data(loaded, 1), Encoder.of(loaded, tokenizer))
    tokenizer.model_max_length = 6
    with pytest.raises(InputError, match=r"r\.jsonl:\d+: .* rows are longer than the 6 tokens that the model reads"):
        check_lengths(loaded, load_data(loaded, 1), Encoder.of(loaded, tokenizer))


def test_rows_of_a_world_are_not_looked_at() -> None:
    assert load_data(load_experiment("letters", {"data.rows": "50", "evaluation.items": "5"}), 1).findings == ()
