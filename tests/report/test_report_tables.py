"""The results in the terminal, as Markdown and as a picture."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from causal_reasoning.errors import InputError
from causal_reasoning.report import markdown_table, results_figure, terminal_table
from causal_reasoning.report.results import read_results
from tests.report.synthetic_runs import SCORES, SPLITS, summary


def shown(**arguments: object) -> str:
    console = Console(width=160, file=io.StringIO(), color_system=None)
    console.print(terminal_table(summary(**arguments)))  # type: ignore[arg-type]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_terminal_has_all_arms_and_splits() -> None:
    text = shown()
    for name in (*SCORES, *(title.split()[0] for title in SPLITS.values()), "69.0 ± 7.6", "87.7"):
        assert name in text
    assert text.index("base") < text.index("erm") < text.index("ceiling")
    assert "1 run failed" in " ".join(text.split())


def test_one_seed_has_no_interval() -> None:
    text = shown(seeds=1)
    assert "72.2" in text
    assert "±" not in text
    assert "±" not in markdown_table(summary(1))


def test_markdown_is_a_table_whatever_the_names() -> None:
    made = summary()
    made["arms"][1]["name"] = "a|b\n*c*"
    lines = markdown_table(made).splitlines()
    body = lines[: lines.index("")]
    bars = {line.replace("\\|", "").count("|") for line in body}
    assert len(bars) == 1
    assert r"a\|b \*c\*" in lines[3]
    assert len(body) == 2 + len(SCORES)
    assert "**reasoning**" in "\n".join(body)
    assert any("loss became infinite" in line for line in lines)


def test_names_are_not_read_as_terminal_markup() -> None:
    made = summary()
    made["arms"][1]["name"] = "[red]erm[/red]"
    console = Console(width=160, file=io.StringIO(), color_system=None)
    console.print(terminal_table(made))
    assert isinstance(console.file, io.StringIO)
    assert "[red]erm[/red]" in console.file.getvalue()


def test_missing_pieces() -> None:
    assert "arm" in markdown_table({})
    made = summary()
    del made["arms"][2]["splits"]["do"]
    made["arms"][3]["splits"]["same"]["exact_match"]["mean"] = float("nan")
    made["reference"] = {}
    table = markdown_table(made)
    assert "–" in table
    assert "nan" not in table


def test_floor_above_zero_reads_kind_and_order() -> None:
    made = summary()
    made["arms"].reverse()
    assert [arm.kind for arm in read_results(made).arms] == ["base", *["graph"] * 4, "ceiling"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_figure(tmp_path: Path, suffix: str, dark: bool) -> None:
    first = results_figure(summary(), tmp_path / f"a{suffix}", dark=dark).read_bytes()
    second = results_figure(summary(), tmp_path / f"b{suffix}", dark=dark).read_bytes()
    assert first == second
    assert len(first) > 5000
    if suffix == ".svg":
        assert all(arm in first.decode() for arm in SCORES)


def test_figure_with_one_seed_and_without_any(tmp_path: Path) -> None:
    assert results_figure(summary(1), tmp_path / "one.png").exists()
    with pytest.raises(InputError, match="no results"):
        results_figure({}, tmp_path / "none.png")
    with pytest.raises(InputError, match=r"\.gif"):
        results_figure(summary(), tmp_path / "a.gif")
