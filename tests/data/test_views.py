"""Encodings with control text: which stratum each row is shown, and that the answer's tokens stay the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.encode import Encoded, EncodedRows, beginnings
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder, components, encode_views
from causal_reasoning.errors import InputError
from causal_reasoning.objective.strata import Answer, FittedStrata, StratumModel, View

TABLE = Table(
    {
        "question": ["one?", "two?", "three?"],
        "answer": ["1", "2", "3"],
        "control": list("xyz"),
        "s o": ["c", "a", "{b}"],
    },
    "rows",
)
TOKENIZER = build_tokenizer()
ENCODER = Encoder(TOKENIZER, "{question}\n", ("answer",), 100)


def strata(answer: Answer, draws: int = 0) -> FittedStrata:
    model = StratumModel(("source",), ("s o",), answer, draws=draws)
    return FittedStrata(model, (("a",), ("c",), ("{b}",)), (0.5, 0.3, 0.2))


def shown(rows: list[Encoded]) -> list[str]:
    return [TOKENIZER.decode(row.prompt, skip_special_tokens=True) for row in rows]


def test_each_row_is_shown_its_own_stratum_behind_the_prompt_or_before_it() -> None:
    rows = ENCODER.own(strata("sum").model, TABLE)
    assert shown(rows) == ["one?\n[source: c]\n", "two?\n[source: a]\n", "three?\n[source: {b}]\n"]
    assert [row.target for row in rows] == [row.target for row in ENCODER(TABLE)]
    before = ENCODER.own(replace(strata("sum").model, place="before", control="{value}: "), TABLE)
    assert shown(before) == ["c: one?\n", "a: two?\n", "{b}: three?\n"]


def test_all_strata_of_a_row_begin_with_its_prompt() -> None:
    views = encode_views((View("plain", "nothing"), View("other", "others")), strata("plain"), TABLE, ENCODER)
    found = beginnings([ENCODER.own(strata("plain").model, TABLE), *views.values()])
    # One token of the plain prompt is left over: it predicts the answer.
    assert found == [len(row.prompt) - 1 for row in ENCODER(TABLE)]
    item = EncodedRows(ENCODER.own(strata("plain").model, TABLE), [1.0] * 3, None, views, share=True)[1]
    assert item["shared"] == found[1]


def test_a_stratum_that_training_never_saw_is_named_with_its_row() -> None:
    other = Table({**TABLE.columns, "s o": ["a", "x", "c"]}, "rows")
    with pytest.raises(InputError, match=r"rows: no training row has the stratum \[source: x\] of row 2; merge rare"):
        encode_views((View("plain", "nothing"),), strata("plain"), other, ENCODER)


def test_views_show_nothing_or_every_other_stratum() -> None:
    views = encode_views((View("plain", "nothing"), View("other", "others")), strata("plain"), TABLE, ENCODER)
    assert sorted(views) == ["other 0", "other 1", "plain"]
    assert shown(views["plain"]) == ["one?\n", "two?\n", "three?\n"]
    assert shown(views["other 0"]) == ["one?\n[source: a]\n", "two?\n[source: c]\n", "three?\n[source: a]\n"]
    assert shown(views["other 1"]) == ["one?\n[source: {b}]\n", "two?\n[source: {b}]\n", "three?\n[source: c]\n"]


def test_a_sum_has_every_stratum_with_its_probability() -> None:
    found = components(strata("sum"), TABLE, ENCODER)
    assert found is not None
    assert [shown(rows)[1] for rows in found.rows] == [
        "two?\n[source: a]\n",
        "two?\n[source: c]\n",
        "two?\n[source: {b}]\n",
    ]
    assert np.exp(found.log_weights) == pytest.approx(np.tile([0.5, 0.3, 0.2], (3, 1)))
    assert components(strata("plain"), TABLE, ENCODER) is None


def test_draws_follow_the_marginal_of_the_strata_and_the_seed() -> None:
    many = Table({name: column * 400 for name, column in TABLE.columns.items()}, "rows")
    two = components(strata("draws", 2), many, ENCODER, seed=1)
    again = components(strata("draws", 2), many, ENCODER, seed=1)
    assert two is not None
    assert again is not None
    assert two.rows == again.rows
    assert len(two.rows) == 2
    texts = [text for rows in two.rows for text in shown(rows)]
    share = np.mean(["[source: a]" in text for text in texts])
    assert share == pytest.approx(0.5, abs=0.05)
    # With more draws than strata each stratum is encoded once, with the share of its draws.
    ten = components(strata("draws", 10), many, ENCODER, seed=1)
    assert ten is not None
    assert len(ten.rows) == 3
    assert np.exp(ten.log_weights).sum(axis=1) == pytest.approx(1)
    assert np.exp(ten.log_weights).mean(axis=0) == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_an_answer_whose_tokens_depend_on_the_control_text_is_refused() -> None:
    class Merging:
        """Spells by letters, but takes 'one?' for two tokens and the answer after it for a third."""

        eos_token_id = 0

        def __call__(self, texts: list[str], add_special_tokens: bool = True) -> dict[str, list[list[int]]]:
            known = {"one?": [1, 2], "one?1": [1, 2, 3]}  # with control text in between it is spelt
            return {"input_ids": [known.get(t, [ord(c) for c in t]) for t in texts]}

    encoder = Encoder(Merging(), "{question}", ("answer",), 100)
    with pytest.raises(InputError, match=r"rows: the tokens of the answer in row 1 depend on the control text"):
        encode_views((View("plain", "nothing"),), strata("plain"), TABLE.rows([0]), encoder)
