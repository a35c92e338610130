"""Planted confounders: the frequencies are those of the formulas, and the rows stay what they were."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, chisquare

from causal_reasoning.data.plant import Regime, association, check_plant, complete, plant
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import PlantSpec
from causal_reasoning.experiment.spec import NoiseSpec
from causal_reasoning.files import parse_yaml

SKILLS = ("first", "last", "second")
ROWS = 6000


def spec(strength: float = 0.7, rate: float | None = None, **changed: Any) -> PlantSpec:
    noise = None if rate is None else NoiseSpec(column="cue", of="skill", rate=rate, words={"second": "2nd"})
    settings: dict[str, Any] = {
        "column": "style",
        "by": "skill",
        "pairs": {"plain": "first", "polite": "last", "terse": "second"},
        "strength": strength,
        "noise": noise,
        "templates": {
            "plain": "{name}: {skill}?",
            "polite": ["Please, {skill} of {name}.", "{skill} of {name}, thanks {{}}"],
            "terse": "{skill} {name}",
        },
    }
    return PlantSpec(**{**settings, **changed})


def table(skills: list[str] | None = None) -> Table:
    chosen = skills or [SKILLS[i % 3] for i in range(ROWS)]
    names = [f"name{i}" for i in range(len(chosen))]
    return Table(
        {"skill": chosen, "name": names, "answer": names, "question": names}, "rows", tuple(range(len(chosen)))
    )


def counts(planted: Table) -> NDArray[np.float64]:
    pairs = Counter(zip(planted.columns["skill"], planted.columns["style"], strict=True))
    return np.array([[pairs[t, z] for z in ("plain", "polite", "terse")] for t in SKILLS], dtype=float)


def draw(regime: Regime, strength: float = 0.7, seed: int = 0) -> Table:
    return plant(spec(strength), table(), regime, np.random.default_rng(seed))


def test_the_association_is_pair_with_the_strength_and_chance_with_the_rest() -> None:
    t, z, joint = association(spec(), ["first", "first", "last", "second"])
    assert (t, z) == (["first", "last", "second"], ["plain", "polite", "terse"])
    # P(t) · (.7·[pair] + .3/3): .8 on the pair, .1 off it.
    assert joint == pytest.approx(np.array([[0.4, 0.05, 0.05], [0.025, 0.2, 0.025], [0.025, 0.025, 0.2]]))


def test_a_treatment_with_several_or_no_partners_shares_evenly() -> None:
    pairs = {"plain": "first", "polite": "first", "terse": "last"}
    _, _, joint = association(spec(pairs=pairs), ["first", "last", "second"])
    chance = 0.1
    assert joint * 3 == pytest.approx(
        np.array([[0.35 + chance, 0.35 + chance, chance], [chance, chance, 0.7 + chance], [1 / 3, 1 / 3, 1 / 3]])
    )


def test_the_observed_frequencies_are_those_of_the_association() -> None:
    expected = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    assert chisquare(counts(draw("observational")).ravel(), expected.ravel() * ROWS / 3).pvalue > 0.001


def test_under_do_the_confounder_is_drawn_from_its_marginal_whatever_the_treatment() -> None:
    seen = counts(draw("do"))
    assert chi2_contingency(seen).pvalue > 0.001
    assert chisquare(seen.sum(axis=0)).pvalue > 0.001
    # Against the observed world, in which they are not independent at all.
    assert chi2_contingency(counts(draw("observational"))).pvalue < 1e-100


def test_reversed_turns_the_association_around() -> None:
    # P(t | z) is .8 on the pair and .1 off it; (1 − P)/(K − 1) is .1 on it and .45 off it.
    expected = np.full((3, 3), 0.45) - 0.35 * np.eye(3)
    assert chisquare(counts(draw("reversed")).ravel(), expected.ravel() * ROWS / 3).pvalue > 0.001


def test_reversed_rows_of_unequal_treatments_keep_the_law_of_the_confounder_given_the_treatment() -> None:
    rows = table((["first"] * 4 + ["last"] * 1 + ["second"] * 1) * (ROWS // 6))
    seen = counts(plant(spec(), rows, "reversed", np.random.default_rng(5)))
    # By hand: P(t, z) = P(t)·(.7·[pair] + .1); P'(z | t) ∝ (1 − P(t | z))·P(z).
    p_t = np.array([4, 1, 1]) / 6
    joint = p_t[:, None] * (0.7 * np.eye(3) + 0.1)
    p_z = joint.sum(axis=0)
    law = (1 - joint / p_z) * p_z
    law /= law.sum(axis=1, keepdims=True)
    for row, expected in zip(seen, law, strict=True):
        assert chisquare(row, expected * row.sum()).pvalue > 0.001


@pytest.mark.parametrize("regime", ["observational", "do", "reversed"])
def test_rows_without_one_of_the_paired_values_are_planted_too(regime: Regime) -> None:
    rows = table(["first", "last"] * 50)
    styles = plant(spec(1.0), rows, regime, np.random.default_rng(0)).columns["style"]
    assert set(styles) == {"plain", "polite"}


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_the_ends_of_the_strength(strength: float) -> None:
    seen = counts(draw("observational", strength))
    if strength:
        assert (seen == np.eye(3) * ROWS / 3).all()
        assert (np.diag(counts(draw("reversed", strength))) == 0).all()
    else:
        assert chi2_contingency(seen).pvalue > 0.001


def test_rows_and_answers_stay_and_the_text_is_one_of_the_templates_of_its_style() -> None:
    before = table()
    after = plant(spec(), before, "observational", np.random.default_rng(1))
    for name in ("skill", "name", "answer"):
        assert after.columns[name] == before.columns[name]
    assert (after.source, after.lines) == (before.source, before.lines)
    variants: Counter[tuple[str, int]] = Counter()
    for i, text in enumerate(after.columns["question"]):
        row = {name: column[i] for name, column in after.columns.items()}
        written = spec().templates[row["style"]]
        texts = [t.format(**row) for t in ([written] if isinstance(written, str) else written)]
        assert text in texts
        variants[row["style"], texts.index(text)] += 1
    polite = [variants["polite", 0], variants["polite", 1]]
    assert chisquare(polite).pvalue > 0.001


def test_a_cue_is_wrong_at_its_rate_and_then_names_any_other_value() -> None:
    noisy = spec(rate=0.3, templates=dict.fromkeys(("plain", "polite", "terse"), "{cue}"))
    columns = plant(noisy, table(), "do", np.random.default_rng(2)).columns
    assert columns["question"] == columns["cue"]
    words = {"first": "first", "last": "last", "second": "2nd"}
    pairs = Counter(zip(columns["skill"], columns["cue"], strict=True))
    seen = [pairs[t, words[u]] for t in SKILLS for u in SKILLS]
    expected = [ROWS / 3 * (0.7 if t == u else 0.15) for t in SKILLS for u in SKILLS]
    assert chisquare(seen, expected).pvalue > 0.001
    silent = plant(spec(rate=0.0), table(), "do", np.random.default_rng(2)).columns
    assert silent["cue"] == [words[t] for t in silent["skill"]]


def test_the_same_generator_plants_the_same_rows() -> None:
    assert draw("observational", seed=3).columns == draw("observational", seed=3).columns
    assert draw("observational", seed=3).columns != draw("observational", seed=4).columns


PLANT = """\
data:
  plant:
    column: style
    by: skill
    pairs: {plain: first, polite: last}
    strength: 0.8
    noise: {column: cue, of: skill, rate: 0.1, words: {last: final}}
    templates: {plain: '{cue} of {name}', polite: ['{name}?', '{cue}!']}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("by: skill", "by: skil", "f:4:9: there is no column 'skil'; did you mean 'skill'?"),
        ("of: skill", "of: nam", "f:7:30: there is no column 'nam'; did you mean 'name'?"),
        ("column: style", "column: skill", "f:3:13: the column 'skill' is in use by the plant; take another name"),
        ("column: cue", "column: question", "f:7:21: the column 'question' is in use by the plant"),
        ("strength: 0.8", "into: skill", "f:6:11: the column 'skill' is in use by the plant"),
        ("polite: last}", "polite: lst}", "f:5:35: no row has skill = 'lst'; did you mean 'last'?"),
        (
            "polite: last}",
            "polite: last, terse: last}",
            "f:5:41: there is no template for 'terse'; known: 'plain', 'pol",
        ),
        ("polite: last}", "polit: last}", "f:5:27: there is no template for 'polit'; did you mean 'polite'?"),
        ("plain: '{cue}", "plan: x, plain: '{cue}", "f:8:17: 'plan' has no entry in 'pairs'; did you mean 'plain'?"),
        ("{last: final}", "{lst: final}", "f:7:56: no row has skill = 'lst'; did you mean 'last'?"),
        ("{cue} of", "{cu} of", "f:8:24: there is no column 'cu'; did you mean 'cue'?"),
        ("{cue}!", "{cue.real}!", "f:8:63: the template has the place '{cue.real}', which is not a plain field"),
        ("{cue}!", "{cue!", "f:8:63: the template has a lone '{'; write it twice"),
    ],
)
def test_a_faulty_plant_is_refused_at_its_place(old: str, new: str, expected: str) -> None:
    assert PLANT.count(old) == 1
    document = parse_yaml(PLANT.replace(old, new), "f")
    written = {"strength": 0.5, **document.data["data"]["plant"]}
    rows = Table({"skill": ["first", "last"], "name": ["a", "b"]}, "rows")
    with pytest.raises(InputError) as caught:
        check_plant(PlantSpec(**written), rows, document)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(expected)


def test_a_sound_plant_is_not_refused() -> None:
    document = parse_yaml(PLANT, "f")
    rows = Table({"skill": ["first", "last"], "name": ["a", "b"]}, "rows")
    check_plant(PlantSpec(**document.data["data"]["plant"]), rows, document)


def test_the_short_form_puts_every_text_into_a_style_that_goes_with_the_treatment() -> None:
    table = Table({"skill": ["a", "b"] * 2000, "question": [f"q{i}" for i in range(4000)]}, "rows")
    short = complete(PlantSpec.model_validate({"by": "skill", "strength": 0.9}), table.columns["skill"])
    assert short.pairs == {"plain": "a", "polite": "b", "terse": "a", "story": "b"}
    shown = plant(short, table, "observational", np.random.default_rng(0))
    for i in range(0, 4000, 97):
        assert f"q{i}" in shown.columns["question"][i]
    hits = sum(short.pairs[z] == t for z, t in zip(shown.columns["style"], shown.columns["skill"], strict=True))
    # .9 + .1 / 2 of the rows; three standard deviations are 41 rows.
    assert hits == pytest.approx(3800, abs=41)


def test_pairs_do_not_depend_on_the_order_of_rows_or_on_the_part() -> None:
    short = PlantSpec.model_validate({"by": "skill", "strength": 0.5})
    assert complete(short, ["b", "a", "c"]).pairs == complete(short, ["c", "c", "a", "b"]).pairs
    named = PlantSpec.model_validate({"by": "skill", "strength": 0.5, "pairs": {"plain": "b", "terse": "a"}})
    assert complete(named, ["a", "b"]) is named


def test_the_short_form_writes_into_another_column_if_told() -> None:
    short = PlantSpec.model_validate({"by": "skill", "strength": 0.5, "into": "text"})
    assert all("{text}" in str(template) for template in short.templates.values())
