"""Parts by share, by a column, and by the digest of a column."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.data.duplicates import duplicates, without
from causal_reasoning.data.load import load_data
from causal_reasoning.data.parts import parts_of
from causal_reasoning.data.rows import RunData
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment
from causal_reasoning.experiment.data_spec import FileData
from causal_reasoning.files import parse_yaml

HASH = FileData.model_validate({"train": "r.jsonl", "split": {"hash": "id"}, "test": 0.3, "validation": 0.2})
NOWHERE = parse_yaml("data: {}", "e.yaml")


def by_hash(names: list[str]) -> dict[str, set[str]]:
    parts = parts_of(HASH, Table({"id": names}, "rows"), {}, 0, NOWHERE)
    return {name: set(part.columns["id"]) for name, part in parts.items()}


@given(st.integers(0, 10**6), st.sets(st.text(max_size=5), max_size=30))
def test_a_row_stays_in_its_part_in_any_order_and_company(seed: int, more: set[str]) -> None:
    names = [f"row {i}" for i in range(50)]
    before = by_hash(names)
    changed = [*names, *sorted(more)]
    Random(seed).shuffle(changed)
    after = by_hash(changed)
    assert all(before[part] <= after[part] for part in before)


def test_parts_by_digest_have_their_shares() -> None:
    parts = by_hash([str(i) for i in range(20_000)])
    # Three standard deviations of a binomial count are 194 and 170 rows.
    assert len(parts["test"]) == pytest.approx(6000, abs=194)
    assert len(parts["validation"]) == pytest.approx(4000, abs=170)
    assert sum(map(len, parts.values())) == 20_000


def load(folder: Path, rows: list[dict[str, Any]], data: str, more: str = "", seed: int = 1) -> RunData:
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "e.yaml").write_text(
        f"version: 1\nname: e\nceiling: false\narms: [{{graph: erm}}]\ndata: {{train: r.jsonl, {data}}}\n{more}"
    )
    return load_data(load_experiment(folder / "e.yaml"), seed)


def rows(number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"question": f"q{i}", "answer": f"a{i}", "id": i, "part": "abc"[i % 3], **more} for i in range(number)]


def test_parts_by_digest_are_the_same_for_every_seed(tmp_path: Path) -> None:
    first, other = (load(tmp_path, rows(300), "split: {hash: id}", seed=seed) for seed in (1, 2))
    assert first.train.columns == other.train.columns
    assert sorted(first.splits[0].table.columns["id"]) == sorted(other.splits[0].table.columns["id"])


def test_parts_by_a_column_are_the_rows_with_its_values(tmp_path: Path) -> None:
    data = load(tmp_path, rows(90), "split: {column: part, train: [a], validation: [b], test: [c]}")
    parts = [data.train, data.validation, data.splits[0].table]
    assert [set(part.columns["part"]) for part in parts] == [{"a"}, {"b"}, {"c"}]
    assert [len(part) for part in parts] == [30, 30, 30]


def test_what_the_column_does_not_name_is_a_share_of_the_training_rows(tmp_path: Path) -> None:
    data = load(tmp_path, rows(90), "split: {column: part, train: [a, b], test: [c]}, validation: 0.25")
    assert [len(data.train), len(data.validation), len(data.splits[0].table)] == [45, 15, 30]
    assert set(data.validation.columns["part"]) == {"a", "b"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("split: {column: part, train: [x], test: [c]}", "e.yaml:5:54: no row has part = 'x'; its values are 'a', 'b'"),
        ("split: {column: part, train: [a], test: [a]}", "e.yaml:5:65: 'a' is named for the train part already; keep"),
        ("split: {column: prt, train: [a]}", "r.jsonl:1:1: there is no column 'prt'; did you mean 'part'?"),
        ("split: {hash: idd}", "r.jsonl:1:1: there is no column 'idd'; did you mean 'id'?"),
        ("split: {train: [a]}", "e.yaml:5:31: 'split' needs 'column' (with the values of each part) or 'hash'"),
        ("split: {hash: id}, group: part", "e.yaml:5:7: 'group' is for parts by share; leave it out, or split by"),
        ("split: {column: part, train: [a], test: [b]}, test: r.jsonl", "e.yaml:5:64: 'test' names a file already"),
    ],
)
def test_a_split_that_cannot_be_made_is_told_at_its_place(tmp_path: Path, data: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, rows(30), data)
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"{tmp_path}/{expected}")


TEXTS = ["Who?", "who?", " Who?\n", "What?", "Why?", "Why?"]


def test_duplicates_are_counted_letter_by_letter_and_loosely() -> None:
    train = Table({"q": ["When?", "Who?", "Where?", "Who?"]}, "a.jsonl", (1, 2, 3, 4))
    held = Table({"q": TEXTS}, "b.jsonl", (1, 2, 3, 4, 5, 6))
    found = duplicates(train, "test", held, ["q"])
    assert found is not None
    assert (found.exact, found.loose, found.first) == (1, 3, ("a.jsonl:2", "b.jsonl:1"))
    assert found.sentence == (
        "3 rows of 'test' have their text in the training part too (1 of them letter by letter), the first at "
        "b.jsonl:1 and a.jsonl:2"
    )
    assert duplicates(train, "test", Table({"q": ["Whom?"]}, "b"), ["q"]) is None
    assert without(train, [held], ["q"]).columns["q"] == ["When?", "Where?"]


def twice() -> list[dict[str, Any]]:
    return [{"question": f"q{i % 50}", "answer": "yes", "id": i, "part": "ab"[i // 50]} for i in range(100)]


COLUMN = "split: {column: part, train: [a], test: [b]}, validation: 0.1"


def test_texts_in_two_parts_are_refused_unless_the_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, twice(), COLUMN)
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"{tmp_path}/r.jsonl: 45 rows of 'same distribution' have their text in the training part")
    assert "write 'duplicates: drop' (or keep) under data" in told
    keep = load(tmp_path, twice(), f"{COLUMN}, duplicates: keep")
    assert (len(keep.train), [finding.refuse for finding in keep.findings]) == (45, [False])
    with pytest.raises(InputError, match="no training row is left without those whose text is held out"):
        load(tmp_path, twice(), f"{COLUMN}, duplicates: drop")
    some = [*twice(), *({**row, "question": f"new {i}"} for i, row in enumerate(rows(40, part="a", id="x")))]
    drop = load(tmp_path, some, f"{COLUMN}, duplicates: drop")
    assert len(drop.splits[0].table) == 50
    assert all(text.startswith("new") for text in drop.train.columns["question"])
    assert "are left out of the training part" in drop.findings[0].fault.message


def test_a_split_of_its_own_is_the_test_rows_that_meet_a_filter(tmp_path: Path) -> None:
    more = (
        "evaluation:\n  items: 20\n  splits:\n    b: {filter: [{column: part, equals: b}]}\n"
        "    f: {file: o.jsonl, filter: [{column: n, min: 2}]}\n"
    )
    own = ({"question": f"o{n}", "answer": "x", "n": n} for n in range(5))
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in own))
    data = load(tmp_path, rows(300), "test: 0.5", more)
    same, b, f = (split.table for split in data.splits)
    assert (len(same), len(b), f.columns["question"]) == (20, 20, ["o2", "o3", "o4"])
    assert set(b.columns["part"]) == {"b"}
    assert not set(b.columns["question"]) & {*data.train.columns["question"], *data.validation.columns["question"]}


def test_a_split_of_a_world_may_be_filtered_too(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(
        "version: 1\nname: e\narms: [{graph: reasoning}]\ndata: {world: letters, rows: 50}\n"
        "evaluation: {items: 100, splits: {first: {filter: [{column: skill, equals: first}]}}}\n"
    )
    data = load_data(load_experiment(tmp_path / "e.yaml"), 1)
    first = next(split.table for split in data.splits if split.name == "first")
    assert set(first.columns["skill"]) == {"first"}
    assert len(first) == data.splits[0].table.columns["skill"].count("first")


def test_planted_columns_can_be_filtered_by(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(
        "version: 1\nname: e\narms: [{graph: reasoning}]\n"
        "data: {train: r.jsonl, test: 0.5, plant: {by: skill, strength: 0.8}}\n"
        "evaluation: {items: 30, splits: {terse: {filter: [{column: style, equals: terse}]}}}\n"
    )
    named = [{**row, "skill": "xy"[i % 2]} for i, row in enumerate(rows(400))]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named))
    data = load_data(load_experiment(tmp_path / "e.yaml"), 1)
    terse = data.splits[-1].table
    assert set(terse.columns["style"]) == {"terse"}
    assert all(text.startswith("Q: q") for text in terse.columns["question"])
    assert len(terse) == 30
