"""What a row of the evaluation table holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from causal_reasoning.data.load import Split
from causal_reasoning.data.table import Table
from causal_reasoning.evaluation.accuracy import Measured
from causal_reasoning.evaluation.items import item_rows


def test_a_row_has_every_category_and_no_second_copy_of_the_texts() -> None:
    rows = 40
    table = Table(
        {
            "question": [f"q{i}" for i in range(rows)],
            "answer": [f"a{i}" for i in range(rows)],
            "words": [f"w{i}" for i in range(rows)],
            "cue": ["x", "y"] * 20,
            "nll": ["low", "high"] * 20,
            "topic": [f"t{i}" for i in range(rows)],
        },
        "rows",
    )
    measured = Measured(("a0",) * rows, np.array([True] + [False] * (rows - 1)), np.zeros(rows))
    experiment = cast(Any, SimpleNamespace(read=("question",), write=("answer",), treatment="topic", strata=None))
    found = item_rows(Split("do", "do(cue)", table), measured, table.columns["answer"], experiment)
    assert found[1] == {
        "split": "do",
        "item": 1,
        "question": "q1",
        "reference": "a1",
        "answer": "a0",
        "exact_match": False,
        "nll": 0.0,
        "cue": "y",
        "data.nll": "high",  # a column of the data that is called like one of ours
        "topic": "t1",  # the treatment stays although it has too many values here
    }
