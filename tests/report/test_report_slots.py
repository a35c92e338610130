"""The parts of an adapter on the page: every number that was measured is there, and damaged records do no harm."""

from __future__ import annotations

from typing import Any

import pytest

from causal_reasoning.report.scatter import scatter
from causal_reasoning.report.slots import slots_section

MEASURED: dict[str, Any] = {
    "rows": 80,
    "slots": {
        "skill": {"activity": 0.123, "spread": 0.456, "attention": [[0.1, 0.4], [0.2, 0.3]]},
        "module": {"activity": 0.0, "spread": None},
    },
    "pairs": [{"slots": ["module", "skill"], "cka": 0.12, "hsic": 0.34, "hsic_shuffled": 0.05}],
    "choices": {
        "domain": {
            "by": "router",
            "router": "vq",
            "parts": 2,
            "shares": [0.75, 0.25],
            "effective": 1.755,
            "dead": [1],
            "columns": {
                "style": {"values": ["a", "b"], "counts": [[30, 10], [20, 20]], "matched": 0.625, "information": 0.049}
            },
            "plane": {"points": [[0.5, -0.5], [1.0, 0.0]], "routes": [0, 1], "values": {"style": ["a", "b"]}},
        },
        "place": {"by": "prior", "parts": 2, "prior": [0.6, 0.4]},
    },
    "alone": {
        "right": {"all": 0.9, "none": 0.0, "skill alone": 0.5},
        "right_under_do": {"all": 0.7, "none": 0.0, "skill alone": 0.4375},
        "kappa": [{"parts": ["skill alone", "module 1 alone"], "kappa": 0.25}],
    },
}


def test_every_number_is_on_the_page() -> None:
    shown = slots_section({"slots": MEASURED, "arm": "iclm", "seed": 3})
    for text in (
        *("Parts of the adapter (iclm, seed 3)", "80 validation rows", "12.3", "45.6", "0.34", "0.05", "0.25"),
        *("75.0, 25.0 %", "unused: 2", "62.5 %", "weighed by 60.0, 40.0 %", "skill alone", "0.400", "under do", "43.8"),
    ):
        assert text in shown, text
    assert shown.count("<circle") == 4
    assert shown.count("--share:1.000") == 2  # the largest attention and the largest count


def test_an_adapter_without_slots_shows_nothing() -> None:
    assert slots_section({"slots": None}) == ""
    assert scatter("nothing", [], []) == ""


@pytest.mark.parametrize("key", list(MEASURED))
@pytest.mark.parametrize("damage", [None, [], {}, "?", 3])
def test_a_damaged_record_is_shown_as_far_as_it_goes(key: str, damage: Any) -> None:
    assert "Parts of the adapter" in slots_section({"slots": {**MEASURED, key: damage}})


def test_names_are_escaped() -> None:
    assert "<b>" not in slots_section({"slots": {"slots": {"<b>": {"activity": 1.0}}}})
    assert "<b>" not in scatter("<b>", [(0.0, 0.0)], ["<b>"])
