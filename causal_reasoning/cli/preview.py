"""``preview``: rows as the model sees them, and what they are like, before anything is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal_reasoning.cli.options import ExperimentArgument, JsonOption, SetOption, emit_json, pairs
from causal_reasoning.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from causal_reasoning.sweeps.preview import Preview

NAME = "preview"
LONGEST_TEXT = 2000  # characters of a text that are printed
_MOST_VALUES = 6


def command(
    experiment: ExperimentArgument,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, help="Rows of the training part that are shown.")] = 3,
    arm: Annotated[str | None, typer.Option(help="Whose rows and weights; by default the last graph's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Which seed; by default the file's first.")] = None,
    set_: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Show a few rows as they are trained on, and a report on the data; train nothing.

    What is read is marked with '|' and takes no loss; what must be written is marked with '>'.
    """
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.sweeps.preview import preview

    loaded = load_experiment(experiment, pairs(set_, "--set"))
    chosen = loaded.arm(arm) if arm else next(a for a in reversed(loaded.arms) if a.kind == "graph")
    found = preview(loaded, chosen, loaded.spec.seeds[0] if seed is None else seed, rows)
    if json:
        emit_json(found.to_dict())
    else:
        from rich.console import Console

        _print(found, Console())
    faults = [finding.fault for finding in found.report.findings if finding.refuse]
    if faults:
        raise InputError(faults)
    if found.refusal is not None:
        raise found.refusal


def _print(found: Preview, console: Console) -> None:
    def say(text: str = "", style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    say(f"{found.experiment}, arm {found.arm}, seed {found.seed}" + (f": {found.formula}" if found.formula else ""))
    for number, example in enumerate(found.examples, start=1):
        weight = "" if example.weight is None else f", weight {example.weight:.2f}"
        tokens = f"{example.read_tokens} tokens read, {example.written_tokens} written"
        say(f"\nrow {number}, {example.place}: {tokens}{weight}")
        if example.values:
            say("    " + ", ".join(f"{name} = {value}" for name, value in example.values.items()))
        _text(say, "  | ", example.read, "dim")
        _text(say, "  > ", example.written, "bold green")
    _report(found, say)


def _text(say: Any, mark: str, text: str, style: str) -> None:
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} characters in all)"
    for line in shown.split("\n"):
        say(mark + line, style)


def _report(found: Preview, say: Any) -> None:
    report = found.report
    width = max(len(part.title) for part in report.parts)
    say(f"\n{'part':<{width}}    rows   read: median (95 %, most)   written                most frequent answer")
    for part in report.parts:
        read = f"{part.read.median:,} ({part.read.p95:,}, {part.read.most:,})"
        written = f"{part.written.median:,} ({part.written.p95:,}, {part.written.most:,})"
        answer = f"{_short(part.majority)} {part.majority_share:.0%} of {part.classes:,}"
        say(f"{part.title:<{width}} {part.rows:>7,}   {read:<25}   {written:<20}   {answer}")
    for column in report.columns:
        counts = [f"{value} {count:,}" for value, count in list(column.counts.items())[:_MOST_VALUES]]
        more = len(column.counts) - _MOST_VALUES
        say(f"\n{column.name}: " + ", ".join(counts) + (f", and {more:,} more values" if more > 0 else ""))
        if column.guess:
            told = ", ".join(f"{title} {share:.0%}" for title, share in column.guess.items())
            say(f"    the answer guessed from it alone is right for: {told}")
    for title, lines in (("overlap", found.overlap), ("warnings", found.warnings)):
        if lines:
            say(f"\n{title}")
        for line in lines:
            say(f"    {line}", "yellow" if title == "warnings" else None)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 24 else f"{line[:23]}…")
