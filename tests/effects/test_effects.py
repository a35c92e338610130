"""From evaluation tables to effects: what is adjusted for, what dowhy says to it, and arms on the same items."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal_reasoning.effects import with_dowhy
from causal_reasoning.effects.estimate import effects
from causal_reasoning.effects.items import read_items, write_items
from causal_reasoning.effects.questions import evaluation_graph, questions, usual_partner
from causal_reasoning.effects.result import ArmEffects, Contrast
from causal_reasoning.errors import InputError
from causal_reasoning.files import write_jsonl
from causal_reasoning.graph import load_graph, parse_graph
from tests.cli.program import call
from tests.effects.rows import DO, OBSERVED, toy_rows, write_run

REASONING = load_graph("reasoning")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of dowhy a program that says nothing."""
    monkeypatch.setattr(with_dowhy, "COMMAND", (sys.executable, "-c", "pass"))


def contrast(arm: ArmEffects, title: str) -> Contrast:
    (found,) = [one for one in arm.answered if one.title == title]
    return found.contrasts[0]


def mixed_rows(split: str, rho: float, reliance: float, seed: int, rows: int = 600) -> list[dict[str, Any]]:
    """Style and skill go together at rate rho; right at rate .8 where they agree, less by the reliance elsewhere."""
    rng = np.random.default_rng([seed, len(split)])
    style = rng.integers(2, size=rows)
    skill = np.where(rng.random(rows) < rho, style, 1 - style)
    luck = rng.random(rows)  # the same for all arms
    right = luck < np.where(style == skill, 0.8, 0.8 - reliance)
    return [
        {"split": split, "item": i, "style": f"s{style[i]}", "skill": f"k{skill[i]}", "exact_match": bool(right[i])}
        for i in range(rows)
    ]


def test_a_right_answer_depends_on_what_is_read_and_what_should_be_written() -> None:
    graph, outcome = evaluation_graph(REASONING, ["style", "skill"])
    assert graph.parents(outcome) == ("answer", "question")
    assert graph.latent == ("answer", "question")
    assert graph.parents("skill") == ("confounder",)


def test_what_is_adjusted_for_depends_on_the_split(tmp_path: Path) -> None:
    (items,) = read_items(write_run(tmp_path, "erm", toy_rows("same") + toy_rows("do")))
    sets = {
        split: {q.node: q.adjust for q in questions(REASONING, items.of_split(split), split)} for split in items.splits
    }
    assert sets["same"] == {"confounder": (), "skill": ("confounder",)}
    assert sets["do"] == {"confounder": (), "skill": ()}


def test_dowhys_estimators_agree_with_ours_and_with_the_known_effect(tmp_path: Path) -> None:
    items = read_items(write_run(tmp_path, "erm", toy_rows()))
    found = effects(items, REASONING, simulations=4, seconds=110)
    assert found.version, found.notes
    (arm,) = found.arms
    skill = contrast(arm, "skill")
    # Adjusted for the style it is the effect of the model, and not the association.
    assert (skill.value, skill.reference) == ("x0", "x1")
    assert skill.strata.value == pytest.approx(-DO)
    for method in ("regression", "weighting", "stratification"):  # additive rates, so the regression is right as well
        assert skill.estimates[method].value == pytest.approx(-DO, abs=1e-6), method
    assert skill.estimates["regression"].low < -DO < skill.estimates["regression"].high
    assert [one.refuter for one in skill.refutations] == ["placebo", "common cause", "subset"]
    assert {one.simulations for one in skill.refutations} == {4}
    assert abs(skill.refutations[0].mean) < 0.1
    assert skill.refutations[1].mean == pytest.approx(-DO, abs=0.01)
    style = contrast(arm, "confounder (style)")
    assert style.estimates.keys() == {"regression"}  # nothing to adjust for, so no propensities
    assert style.estimates["regression"].value == pytest.approx(style.strata.value)
    assert arm.right == pytest.approx(0.46)


@pytest.mark.usefixtures("silent")
def test_under_do_the_association_is_the_effect(tmp_path: Path) -> None:
    items = read_items(write_run(tmp_path, "erm", toy_rows("do")))
    found = effects(items, REASONING, simulations=0)
    assert contrast(found.arms[0], "skill").strata.value == pytest.approx(-OBSERVED)


@pytest.mark.usefixtures("silent")
def test_reliance_on_the_style_is_its_agreement_and_the_pair_of_arms_shows_what_is_gone(tmp_path: Path) -> None:
    for seed in (1, 2):
        for arm, reliance in (("erm", 0.6), ("reasoning", 0.1)):
            rows = mixed_rows("same", 0.9, reliance, seed) + mixed_rows("do", 0.5, reliance, seed)
            write_run(tmp_path, arm, rows, seed=seed, graph="reasoning" if arm == "reasoning" else "erm")
    write_run(tmp_path, "untrained base", [{**r, "exact_match": False} for r in rows], seed=2, kind="base")
    items = read_items(tmp_path)
    found = effects(items, REASONING, simulations=0)
    title = "style that usually goes with the skill"
    by_arm = {arm.arm: arm for arm in found.arms}
    assert contrast(by_arm["erm"], title).strata.value == pytest.approx(0.6, abs=0.06)
    assert contrast(by_arm["reasoning"], title).strata.value == pytest.approx(0.1, abs=0.06)
    assert by_arm["untrained base"].answered == ()
    (gone,) = [one for one in found.differences if one.agreement]
    assert (gone.arm, gone.against, gone.items) == ("reasoning", "erm", 1200)
    assert gone.difference.value == pytest.approx(-0.5, abs=0.05)
    # The same luck in both arms: the difference is known better than either effect.
    own = contrast(by_arm["erm"], title).strata
    assert gone.difference.high - gone.difference.low < own.high - own.low
    assert by_arm["erm"].seeds == (1, 2)
    assert "runs of several seeds are put together" in found.text()
    base = items[1].base
    assert base is not None
    assert np.isnan(base[: len(base) // 2]).all()  # the base was measured with seed 2 only
    assert not base[len(base) // 2 :].any()


def test_the_usual_partner_is_the_most_frequent_one_and_the_first_of_two() -> None:
    assert usual_partner("aab", "yxz") == {"a": "x", "b": "z"}


@pytest.mark.usefixtures("silent")
def test_a_hidden_common_cause_of_treatment_and_question_leaves_no_number(tmp_path: Path) -> None:
    graph = parse_graph(REASONING.text.replace("edges:\n", "edges:\n  - skill <-> question\n"))
    items = read_items(write_run(tmp_path, "erm", toy_rows()))
    (skill,) = [one for one in effects(items, graph, simulations=0).arms[0].answered if one.node == "skill"]
    assert skill.contrasts == ()
    assert skill.refused.startswith("not identified in this graph:")


@pytest.mark.usefixtures("silent")
def test_a_treatment_without_a_way_to_the_answer_has_no_effect_by_the_graph(tmp_path: Path) -> None:
    text = REASONING.text.replace("skill -> question -> answer", "skill").replace("  - skill -> answer\n", "")
    graph = parse_graph(text.replace("- confounder -> question", "- confounder -> question -> answer"))
    items = read_items(write_run(tmp_path, "erm", toy_rows()))
    (skill,) = [one for one in effects(items, graph, simulations=0).arms[0].answered if one.node == "skill"]
    assert skill.refused == "by the graph it has no effect on right answers"


def test_a_dowhy_that_is_late_leaves_our_estimates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps({"problem": 0, "method": "regression", "value": 0.5, "low": 0.4, "high": 0.6})
    code = f"import time; print({said!r}, flush=True); time.sleep(60)"
    monkeypatch.setattr(with_dowhy, "COMMAND", (sys.executable, "-c", code))
    items = read_items(write_run(tmp_path, "erm", toy_rows()))
    found = effects(items, REASONING, seconds=1)
    assert "was over before it had answered everything; raise --budget" in found.notes[0]
    first, skill = contrast(found.arms[0], "confounder (style)"), contrast(found.arms[0], "skill")
    assert first.estimates["regression"].value == 0.5
    assert skill.estimates == {}
    assert skill.strata.value == pytest.approx(-DO)


@pytest.mark.usefixtures("silent")
def test_rows_without_overlap_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = toy_rows() + [
        {"split": "same", "item": 1000 + i, "style": "z2", "skill": "x1", "exact_match": True} for i in range(30)
    ]
    items = read_items(write_run(tmp_path, "erm", rows))
    skill = contrast(effects(items, REASONING, simulations=0).arms[0], "skill")
    assert (skill.rows, skill.left_out) == (1000, 30)
    assert skill.strata.value == pytest.approx(-DO)
    assert "30 of 1,030 rows have nothing to be compared with" in skill.text()


def test_arms_that_were_measured_on_other_items_are_not_compared(tmp_path: Path) -> None:
    write_run(tmp_path, "erm", toy_rows())
    write_run(tmp_path, "reasoning", [{**row, "style": "z0"} for row in toy_rows()])
    with pytest.raises(InputError, match=r"were measured on different items \('style' differs\)"):
        effects(read_items(tmp_path), REASONING, simulations=0, seconds=1)


def test_a_table_that_was_changed_after_the_run_is_refused(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "erm", toy_rows())
    write_jsonl(folder / "answers.jsonl", toy_rows()[:-1])
    with pytest.raises(InputError, match="is not what the run wrote"):
        read_items(folder)


def test_an_exported_table_says_the_same_as_the_runs(tmp_path: Path) -> None:
    write_run(tmp_path, "erm", toy_rows("same") + toy_rows("do"))
    write_run(tmp_path, "untrained base", [{**row, "exact_match": False} for row in toy_rows("same")], kind="base")
    runs = read_items(tmp_path)
    rows = read_items(write_items(tmp_path / "items.jsonl", runs))
    for one, two in zip(runs, rows, strict=True):
        assert (one.arm, one.columns, one.keys) == (two.arm, two.columns, two.keys)
        np.testing.assert_array_equal(one.correct, two.correct)
    assert runs[0].base is not None
    np.testing.assert_array_equal(runs[0].base, rows[0].base)


@pytest.mark.usefixtures("silent")
def test_the_command_reads_runs_and_files(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "runs", "reasoning", toy_rows(), graph="reasoning")
    alone = call("effects", str(folder), "--simulations", "0", "--json")
    assert alone.code == 0, alone.err
    told = json.loads(alone.out)
    assert told["graph"] == "reasoning"
    (skill,) = [one for one in told["arms"][0]["effects"] if one["node"] == "skill"]
    assert skill["contrasts"][0]["strata"]["value"] == pytest.approx(-DO)
    path = write_jsonl(tmp_path / "rows.jsonl", [{**row, "ok": int(row["exact_match"])} for row in toy_rows()])
    file = call("effects", str(path), "--graph", "reasoning", "--outcome", "ok", "--simulations", "0")
    assert "x0 instead of x1: right answers -20.0 points" in file.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ROWS"], "no graph here has a confounder that is a column of the table; name one with --graph"),
        (["ROWS", "--graph", "erm"], "neither a confounder nor a treatment of this graph is a column"),
        (["ROWS", "--graph", "reasoning", "--split", "sane"], "there is no split 'sane'; did you mean 'same'?"),
        (["ROWS", "--graph", "reasoning", "--outcome", "style"], "rows.jsonl:1: 'style' must be true or false"),
        (
            ["ROWS", "--graph", "reasoning", "--outcome", "exact"],
            "there is no column 'exact'; did you mean 'exact_match'?",
        ),
        (["nowhere", "--graph", "reasoning"], "nowhere: there is no such folder of runs"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, arguments: list[str], message: str) -> None:
    path = write_jsonl(tmp_path / "rows.jsonl", toy_rows())
    found = call("effects", *(str(path) if word == "ROWS" else word for word in arguments), "--simulations", "0")
    assert found.code == 2
    assert message in found.err
