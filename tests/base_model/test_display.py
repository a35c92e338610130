"""What a person sees of a run: lines where there is no terminal, a table where there is one."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from causal_reasoning.base_model.display import Display, score_table
from causal_reasoning.base_model.measure import Score


def point(step: int) -> dict[str, Any]:
    return {
        "step": step,
        "loss": 1.5,
        "tokens": 10,
        "worlds": {"dates": {"direct": 2.0, "step by step": 1.0}, "odd": {}},
    }


def shown(terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100)
    with Display(100, console) as display:
        curve: list[dict[str, Any]] = []
        for step in range(1, 51):
            if step % 25 == 0:
                curve.append(point(step))
            display(step, 2.0 * step, curve)
    return out.getvalue()


def test_plain_lines_say_losses_of_each_world_and_the_time_left() -> None:
    assert shown(terminal=False).splitlines() == [
        "step 25/100  loss 1.5000  (dates 2.000/1.000  odd –/–)  0.8 min, 2.5 left",
        "step 50/100  loss 1.5000  (dates 2.000/1.000  odd –/–)  1.7 min, 1.7 left",
    ]


def test_a_terminal_shows_a_bar_and_a_table() -> None:
    text = shown(terminal=True)
    assert "pretraining" in text and "50/100" in text
    assert "loss after 50 steps" in text and "2.0000" in text


def test_figures_are_shown_in_a_table() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(score_table({"dates": Score(1_000, 0.25, None, None, 0.0)}))
    row = next(line for line in out.getvalue().splitlines() if "dates" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == ["dates", "1,000", "0.250", "–", "–", "0.000"]
