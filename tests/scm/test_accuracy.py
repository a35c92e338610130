"""The accuracy of the best predictor against hand computation and brute force."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.accuracy_table import accuracy_table

# Letters. A pair of positions can hold the same letter only if both are consonants or both vowels. That is so for half
# of the lengths 4 to 7, for every pair but {first, second} and {penultimate, last}; then the letters agree with
# probability (1/18 + 1/5) / 2, as the position holds a consonant or a vowel. Both words must agree.
COINCIDENCE = (0.5 * (1 / 18 + 1 / 5) / 2) ** 2
SAME_AS_OTHER = 2 * COINCIDENCE  # two of the three other skills can give the same answer


def written(tmp_path: Path, nodes: str, query: str = "") -> World:
    file = tmp_path / "world.yaml"
    file.write_text(f"version: 1\nname: w\nnodes:\n{nodes}{query}", encoding="utf-8")
    return load_world(file)


@pytest.fixture(scope="module")
def table() -> dict[str, tuple[float, float, float, float]]:
    found = accuracy_table(load_world("letters"), contents=400, seed=3)
    return {
        name: (best.value, best.standard_error, other.value, other.standard_error)
        for name, (best, other) in found.items()
    }


@pytest.mark.parametrize(
    ("where", "best", "observed"),
    [
        # Observed: the style's skill is right with .85 and beats the cue's where both disagree (.05 · .75 against
        # .85 · .25 / 3). Under do: the cue is right with .75, the style says nothing. Reversed: the style's skill
        # comes with .05, the others with .95 / 3, less telling than the cue (.05 · .75 against .95 / 3 · .25 / 3).
        ("observation", 0.85 + 0.05 * SAME_AS_OTHER, 0.85 + 0.05 * SAME_AS_OTHER),
        ("do", 0.75 + 0.25 / 3 * SAME_AS_OTHER, 0.25 + 0.25 * SAME_AS_OTHER),
        ("reversed", 0.75 + 0.25 / 3 * SAME_AS_OTHER, 0.05 + 0.95 / 3 * SAME_AS_OTHER),
    ],
)
def test_letters_agrees_with_the_computation_by_hand(
    table: dict[str, tuple[float, float, float, float]], where: str, best: float, observed: float
) -> None:
    value, error, other, other_error = table[where]
    assert 0 < error < 0.001
    assert value == pytest.approx(best, abs=4 * error)
    assert other == pytest.approx(observed, abs=4 * other_error)


@pytest.mark.parametrize(("rho", "eta"), [(0.0, 0.25), (0.8, 0.0), (1.0, 0.25), (0.5, 0.4)])
def test_the_cue_alone_is_exact(rho: float, eta: float) -> None:
    world = load_world("letters", {"rho": rho, "eta": eta})
    found = world.optimal_accuracy(["cue"], ["skill"], do={"skill": "uniform"})
    assert found.exact
    assert found.standard_error == 0.0
    assert found.value == pytest.approx(max(1 - eta, eta / 3))


def test_categorical_accuracy_is_that_of_the_joint_distribution() -> None:
    world = load_world("letters")
    joint = world.probability(["style", "cue", "skill"])
    assert world.optimal_accuracy(["style", "cue"], ["skill"]).value == pytest.approx(joint.max(axis=2).sum())
    reversed_ = world.probability(["style", "cue", "skill"], do={"skill": "reversed"})
    shift = world.optimal_accuracy(["style", "cue"], ["skill"], do={"skill": "reversed"}, fitted_under={})
    chosen = joint.argmax(axis=2)
    assert shift.value == pytest.approx(np.take_along_axis(reversed_, chosen[..., None], 2).sum())
    assert shift.unseen == 0.0


def test_ties_are_broken_at_random_and_what_was_never_seen_counts_as_wrong(tmp_path: Path) -> None:
    world = written(
        tmp_path,
        """\
  coin: {role: other, mechanism: {kind: categorical, values: [a, b]}}
  same: {role: other, mechanism: {kind: noisy_copy, of: coin, noise: 0, otherwise: all}}
  both: {role: other, mechanism: {kind: template, text: "{coin}{same}"}}
  free: {role: other, mechanism: {kind: categorical, values: [x, y]}}
""",
    )
    # Nothing read tells anything about the coin that is drawn on its own: either guess is right half of the time.
    fair = world.optimal_accuracy(["free"], ["coin"], fitted_under={}, do={"coin": {"a": 0.9, "b": 0.1}})
    assert fair.value == pytest.approx(0.5)
    # Under do(same = a) the reader also meets "ba", which is never observed.
    moved = world.optimal_accuracy(["both"], ["coin"], do={"same": "a"}, fitted_under={})
    assert [moved.value, moved.unseen] == pytest.approx([0.5, 0.5])
    assert world.optimal_accuracy(["both"], ["coin"], do={"same": "a"}).value == pytest.approx(1.0)


HELD = """\
  style: {role: confounder, mechanism: {kind: categorical, values: [a, b], probabilities: {a: 0.3, b: 0.7}}}
  size:
    role: other
    mechanism:
      kind: table
      given: [style]
      values: [s0, s1, s2, s3]
      rows:
        - {when: {style: a}, then: {s0: 0.4, s1: 0.3, s2: 0.2, s3: 0.1}}
        - {then: {s0: 0.1, s1: 0.2, s2: 0.3, s3: 0.4}}
  word: {role: other, mechanism: {kind: pseudoword, length: [4, 7]}}
  question: {role: question, mechanism: {kind: template, text: ["{word} {size}", "{size}, {word}"]}}
  shown: {role: other, mechanism: {kind: template, text: "size {size}"}}
  answer: {role: answer, mechanism: {kind: template, text: "{style}"}}
"""


def test_a_held_value_keeps_what_it_tells_about_its_causes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from causal_reasoning.scm import accuracy

    world = written(tmp_path, HELD)
    by_hand = sum(map(max, zip((0.12, 0.09, 0.06, 0.03), (0.07, 0.14, 0.21, 0.28), strict=True)))
    assert world.optimal_accuracy(["shown"], ["answer"]).value == pytest.approx(by_hand)
    # With room for a single combination, everything is held; the style is then hidden behind the size.
    for most in (2, 4, 1_000):
        monkeypatch.setattr(accuracy, "_COMBINATIONS", most)
        found = world.optimal_accuracy(["question"], ["answer"], contents=2_000, seed=1)
        assert not found.exact
        slack = 4 * found.standard_error + 1e-9
        assert found.value - slack <= by_hand <= found.upper + slack


def test_what_cannot_be_read_is_not_given_away(tmp_path: Path) -> None:
    world = written(
        tmp_path,
        """\
  word: {role: other, mechanism: {kind: pseudoword, count: 2}}
  place: {role: skill, mechanism: {kind: categorical, values: [first, last]}}
  question: {role: question, mechanism: {kind: template, text: "the {place} letters?"}}
  answer: {role: answer, mechanism: {kind: letters_of_words, words: word, position: place}}
""",
    )
    # First letters: a vowel (1/5) or a consonant (1/18) with equal chance, so any vowel pair has (1/10)². Last letters
    # likewise, whatever the length. No reader of the question can do better than one in a hundred.
    found = world.optimal_accuracy(contents=200, seed=2)
    assert "word cannot be told from what is read" in found.how
    assert found.value - 4 * found.standard_error <= 0.01 <= found.upper + 4 * found.standard_error
    assert found.upper < 0.02


@st.composite
def chains(draw: st.DrawFn) -> str:
    probability = st.integers(1, 9).map(lambda n: n / 10)
    a, b, c = draw(probability), draw(probability), draw(probability)
    return f"""\
  u: {{role: other, mechanism: {{kind: categorical, values: [p, q], probabilities: {{p: {a}, q: {round(1 - a, 1)}}}}}}}
  t: {{role: skill, mechanism: {{kind: noisy_copy, of: u, fidelity: {b}, otherwise: all}}}}
  x:
    role: question
    mechanism: {{kind: template, by: u, texts: {{p: ["1 {{t}}", "2"], q: ["2", "3 {{t}}", "1 {{t}}"]}}}}
  y:
    role: answer
    mechanism:
      kind: table
      given: [u, t]
      values: [m, n]
      rows:
        - {{when: {{u: p, t: q}}, then: {{m: {c}, n: {round(1 - c, 1)}}}}}
        - {{when: {{u: p}}, then: {{m: 1}}}}
        - {{then: {{n: 1}}}}
"""


@settings(max_examples=25)
@given(chains(), st.sampled_from([{}, {"t": "uniform"}, {"t": "p"}]))
def test_exact_enumeration_is_that_of_many_draws(
    tmp_path_factory: pytest.TempPathFactory, nodes: str, do: dict[str, str]
) -> None:
    world = written(tmp_path_factory.mktemp("chain"), nodes)
    exact = world.optimal_accuracy(do=do)
    assert exact.exact
    rows = 4_000
    columns = world.sample(rows, seed=1, do=do)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for x, y in zip(columns["x"], columns["y"], strict=True):
        counts[x][y] += 1
    plug_in = sum(max(row.values()) for row in counts.values()) / rows
    # The plug-in errs upwards by the choice among few cells, and by chance: 5 standard errors.
    assert plug_in == pytest.approx(exact.value, abs=5 * 0.5 / rows**0.5)


def test_a_text_can_be_set_for_all(tmp_path: Path) -> None:
    world = load_world("letters")
    found = world.optimal_accuracy(["question"], ["answer"], do={"words": "abab cdcd", "skill": "uniform"})
    # First and penultimate letters of both words agree, second and last do too: a cue is right or off by a twin.
    assert found.exact
    assert found.value == pytest.approx(0.75 + 0.25 / 3)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"read": ["questoin"]}, "there is no node 'questoin' to read or write; did you mean 'question'?"),
        ({"read": ["answer"]}, "'answer' stands twice among what is read and written"),
        ({"read": []}, "there is nothing to read or nothing to write"),
        ({"do": {"words": "marginal"}}, "'words' is a text that is set row by row, which cannot be enumerated"),
        ({"do": {"skill": ["first"]}}, "'skill' is set row by row, which has no distribution"),
        ({"contents": 1}, "contents must be a whole number from 2"),
    ],
)
def test_wrong_requests_are_one_sentence(arguments: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load_world("letters").optimal_accuracy(**arguments)  # type: ignore[arg-type]
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_same_seed_gives_the_same_number() -> None:
    world = load_world("letters")
    first = world.optimal_accuracy(contents=20, seed=4)
    assert world.optimal_accuracy(contents=20, seed=4) == first
    assert first.text() == f"{first.value:.4f} ± {first.standard_error:.4f}"
