"""The rows of a run: parts that do not overlap, regimes that are what they are called, the same rows again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from scipy.stats import chi2_contingency

from causal_reasoning.data.load import RunData, load_data
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment
from causal_reasoning.files.shipped import find_shipped

BASE = """\
version: 1
name: study
arms:
  - graph: reasoning
"""
PLANTED = """\
data:
  train: rows.jsonl
  validation: 0.2
  test: 0.3
  group: name
  answer: "<{answer}>"
  plant:
    column: style
    by: skill
    pairs: {plain: first, polite: last}
    strength: 0.8
    templates: {plain: "{skill} of {name}", polite: "Please: {skill} of {name}"}
evaluation: {items: 100}
"""
PLAIN = "ceiling: false\ndata: {train: rows.jsonl, validation: 0.2, test: 0.3, group: name}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"name": f"n{i // 4}", "skill": ["first", "last"][i % 2], "style": "sss", "question": f"q{i}", "answer": str(i)}
        for i in range(2000)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def load(folder: Path, data: str, seed: int = 1, *, ceiling: bool = False, base: str = BASE) -> RunData:
    (folder / "e.yaml").write_text(base + data, encoding="utf-8")
    return load_data(load_experiment(folder / "e.yaml"), seed, interventional=ceiling)


def split(data: RunData, name: str) -> Table:
    return next(split.table for split in data.splits if split.name == name)


def association(table: Table, a: str = "skill", b: str = "style") -> float:
    """p-value of independence."""
    pairs = Counter(zip(table.columns[a], table.columns[b], strict=True))
    first, second = sorted(set(table.columns[a])), sorted(set(table.columns[b]))
    return float(chi2_contingency([[pairs[x, y] for y in second] for x in first]).pvalue)


def test_the_parts_of_a_file_have_their_shares_and_nothing_in_common(folder: Path) -> None:
    data = load(folder, PLAIN + "evaluation: {items: 5000}\n")
    parts = [data.train, data.validation, split(data, "same")]
    assert [len(part) for part in parts] == [1000, 400, 600]
    questions = [set(part.columns["question"]) for part in parts]
    assert len(set.union(*questions)) == 2000
    names = [set(part.columns["name"]) for part in parts]
    assert len(set.union(*names)) == sum(len(part) for part in names) == 500
    for part in parts:
        for i in range(0, len(part), 97):
            assert part.columns["question"][i] == f"q{part.lines[i] - 1}"


def test_the_parts_are_the_same_for_one_seed_and_others_for_another(folder: Path) -> None:
    first, again, other = load(folder, PLAIN), load(folder, PLAIN), load(folder, PLAIN, seed=2)
    assert first.train.columns == again.train.columns
    assert split(first, "same").columns == split(again, "same").columns
    assert first.train.columns != other.train.columns


def test_parts_may_be_files_of_their_own(folder: Path) -> None:
    row = {"name": "x", "skill": "first", "style": "s", "question": "only", "answer": "a"}
    (folder / "v.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "t.jsonl").write_text(json.dumps(row) + "\n")
    data = load(folder, "ceiling: false\ndata: {train: rows.jsonl, validation: v.jsonl, test: t.jsonl}\n")
    assert len(data.train) == 2000
    assert data.validation.columns["question"] == split(data, "same").columns["question"] == ["only"]


def test_no_more_rows_are_measured_than_asked_for(folder: Path) -> None:
    own = {"question": "q", "answer": "a"}
    (folder / "own.jsonl").write_text((json.dumps(own) + "\n") * 50)
    data = load(folder, PLAIN + "evaluation: {items: 30, splits: {hard: own.jsonl}}\n")
    assert [(s.name, s.title, len(s.table)) for s in data.splits] == [
        ("same", "same distribution", 30),
        ("hard", "hard", 30),
    ]


def test_a_file_that_is_measured_on_may_have_a_form_of_its_own(folder: Path) -> None:
    (folder / "own.jsonl").write_text(json.dumps({"question": "q", "answer": "05/01/2021", "unit": "d"}) + "\n")
    more = (
        "evaluation: {items: 30, splits: {hard: {file: own.jsonl, answer: '= {answer} {unit} ='}, plain: own.jsonl}}\n"
    )
    for text, plain in (("data: {world: letters, rows: 99}\n", "05/01/2021"), (PLAIN, "05/01/2021")):
        data = load(folder, text + more)
        assert split(data, "hard").columns["answer"] == ["= 05/01/2021 d ="]
        assert split(data, "plain").columns["answer"] == [plain]


def test_a_planted_confounder_goes_with_the_treatment_except_under_do(folder: Path) -> None:
    data = load(folder, PLANTED)
    assert association(data.train) < 1e-20
    assert association(data.validation) < 1e-10
    same, do, reverse = (split(data, name) for name in ("same", "do", "reversed"))
    assert association(same) < 1e-4
    assert association(do) > 0.001
    assert association(reverse) < 1e-4
    pair = {"first": "plain", "last": "polite"}
    hits = [
        sum(pair[t] == z for t, z in zip(x.columns["skill"], x.columns["style"], strict=True)) for x in (same, reverse)
    ]
    # .8 + .2/2 = .9 of the rows, and one in ten of them reversed.
    assert hits == [pytest.approx(90, abs=12), pytest.approx(10, abs=12)]
    # The measured rows are the same questions about the same names in each regime.
    assert same.columns["name"] == do.columns["name"] == reverse.columns["name"]
    assert [split.title for split in data.splits] == ["same distribution", "do(skill)", "reversed"]
    for part in (data.train, same, do):
        assert all(a.startswith("<") and a.endswith(">") for a in part.columns["answer"])
        assert all(skill in text for skill, text in zip(part.columns["skill"], part.columns["question"], strict=True))


def test_only_the_ceiling_trains_on_other_rows_and_all_arms_are_measured_on_the_same(folder: Path) -> None:
    usual, ceiling = load(folder, PLANTED), load(folder, PLANTED, ceiling=True)
    assert association(ceiling.train) > 0.001
    assert association(ceiling.validation) > 0.001
    assert len(ceiling.train) == len(usual.train)
    assert ceiling.train.columns["name"] == usual.train.columns["name"]
    assert [s.table.columns for s in ceiling.splits] == [s.table.columns for s in usual.splits]


WORLD = BASE + "data: {world: letters, set: {rho: 0.8}, rows: 800}\nevaluation: {items: 400}\n"


def test_a_world_gives_all_regimes(folder: Path) -> None:
    data = load(folder, "", base=WORLD)
    assert (len(data.train), len(data.validation)) == (640, 160)
    assert association(data.train) < 1e-20
    assert association(split(data, "same")) < 1e-20
    assert association(split(data, "do")) > 0.001
    assert association(split(data, "reversed")) < 1e-4
    ceiling = load(folder, "", base=WORLD, ceiling=True)
    assert association(ceiling.train) > 0.001
    assert [s.table.columns for s in ceiling.splits] == [s.table.columns for s in data.splits]
    assert load(folder, "", base=WORLD).train.columns == data.train.columns
    assert load(folder, "", base=WORLD, seed=2).train.columns != data.train.columns


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PLAIN.replace("rows.jsonl", "rowz.jsonl"), "{folder}/rowz.jsonl: no such file"),
        (PLAIN.replace("0.2", "none.jsonl"), "{folder}/none.jsonl: no such file"),
        (PLAIN.replace("test: 0.3", "test: 0.9"), "{folder}/e.yaml:6:7: the shares of test and validation sum to 1.1"),
        (PLAIN.replace("0.2", "0.0001"), "{folder}/rows.jsonl: too few rows for a validation part (2000 in all); give"),
        (
            PLAIN.replace("group: name", "group: nane"),
            "{folder}/rows.jsonl:1:1: there is no column 'nane'; did you mean",
        ),
        (PLAIN + "treatment: nope\n", "{folder}/e.yaml:7:12: there is no column 'nope'; known: 'answer', 'name'"),
        (PLAIN + "treatment: answer\n", "{folder}/e.yaml:7:12: the column 'answer' is not categorical: it has 1,000"),
        (PLAIN + "evaluation: {strata: style2}\n", "{folder}/e.yaml:7:22: there is no column 'style2'; did you mean"),
        (PLAIN + "evaluation: {splits: {do: rows.jsonl}}\n", "{folder}/e.yaml:7:23: 'do' is the name of a built-in"),
        (PLAIN + "evaluation: {splits: {ood: none.jsonl}}\n", "{folder}/none.jsonl: no such file"),
        (
            PLAIN + "evaluation: {splits: {ood: {file: rows.jsonl, answer: '{anser}'}}}\n",
            "{folder}/e.yaml:7:55: there is no column 'anser'; did you mean",
        ),
        (
            PLAIN + "evaluation: {splits: {ood: {file: rows.jsonl, answer: '{answer.x}'}}}\n",
            "{folder}/e.yaml:7:55: the template has the place '{answer.x}'",
        ),
        (PLANTED.replace("<{answer}>", "{anser}"), "{folder}/e.yaml:10:11: there is no column 'anser'; did you mean"),
        (PLANTED.replace("<{answer}>", "{answer.x}"), "{folder}/e.yaml:10:11: the template has the place '{answer.x}'"),
        ("data: {world: leters, rows: 9}\n", "{folder}/e.yaml:5:15: leters: there is no shipped world of this name"),
        ("data: {world: none.yaml, rows: 9}\n", "{folder}/e.yaml:5:15: none.yaml: no such file"),
        (
            "data: {world: letters, rows: 9, set: {roh: 0.5}}\n",
            "{folder}/e.yaml:5:38: unknown parameter 'roh'; did you mean 'rho'?",
        ),
        (
            "data: {world: letters, rows: 1}\n",
            "{folder}/e.yaml:5:30: too few rows for a training and a validation part",
        ),
        ("data: {world: letters, rows: 99}\ntreatment: skil\n", "{folder}/e.yaml:6:12: the world letters has no node"),
    ],
)
def test_a_fault_is_told_at_its_place(folder: Path, data: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load(folder, data)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(expected.replace("{folder}", str(folder)))


@pytest.mark.parametrize(
    ("data", "phrase"),
    [
        (PLAIN, "there is no way to draw rows under do(treatment) from files; write 'ceiling: false'"),
        (
            "data: {world: letters, rows: 99}\n",
            "there is no categorical treatment, so no ceiling; write 'ceiling: false'",
        ),
    ],
)
def test_a_ceiling_that_cannot_be_drawn_is_refused(folder: Path, data: str, phrase: str) -> None:
    base = BASE.replace("reasoning", "erm") if "world" in data else BASE
    with pytest.raises(InputError) as caught:
        load(folder, data, ceiling=True, base=base)
    assert phrase in str(caught.value)


def uniform(folder: Path) -> str:
    """A graph beside the rows whose policy is not the marginal, and the arms that name it."""
    graph = find_shipped("reasoning", "graphs", "graph").read_text(encoding="utf-8")
    (folder / "uniform.yaml").write_text(graph.replace("write: answer}", "write: answer, policy: uniform}"))
    return BASE.replace("reasoning", "uniform.yaml")


def test_a_policy_that_planted_rows_cannot_follow_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"e\.yaml:12:5: planted rows keep their treatments"):
        load(folder, PLANTED, base=uniform(folder))
    load(folder, "data: {world: letters, rows: 99}\n", base=uniform(folder))  # a world can follow it


def test_a_confounder_is_planted_on_the_treatment_or_not_at_all(folder: Path) -> None:
    with pytest.raises(InputError, match=r"planted on 'skill', but the treatment is 'style'"):
        load(folder, PLANTED + "treatment: style\n")


def test_a_template_is_of_the_last_text_that_is_written(folder: Path) -> None:
    graph = find_shipped("erm", "graphs", "graph").read_text(encoding="utf-8")
    graph = graph.replace("edges:", "  extra: {role: rationale, bind: {text: name}}\nedges:\n  - question -> extra")
    (folder / "two.yaml").write_text(graph.replace("write: answer", "write: [extra, answer]"))
    data = PLAIN.replace("group: name", "answer: '<{answer}>'")
    train = load(folder, data, base=BASE.replace("reasoning", "two.yaml")).train
    assert all(
        answer == f"<{question[1:]}>"
        for question, answer in zip(train.columns["question"], train.columns["answer"], strict=True)
    )
    assert not any("<" in name for name in train.columns["name"])
