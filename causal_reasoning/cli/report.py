"""``report``: table and page of finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causal_reasoning.cli.options import JsonOption, emit, emit_json
from causal_reasoning.errors import InputError

NAME = "report"


def command(
    runs: Annotated[Path, typer.Argument(help="Folder of the runs of one experiment, such as runs/letters.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page; by default RUNS/report.html.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    json: JsonOption = False,
) -> None:
    """Combine finished runs into a table and one self-contained HTML page."""
    from causal_reasoning.report import markdown_table, terminal_table, write_page
    from causal_reasoning.sweeps.statistics import summary_of
    from causal_reasoning.sweeps.store import find_results
    from causal_reasoning.sweeps.sweep import saved_order

    records = find_results(runs)
    names = sorted({record["experiment"] for record in records})
    if len(names) > 1:
        raise InputError.at(
            str(runs), f"holds runs of several experiments ({', '.join(names)}); name the folder of one"
        )
    order, floor = saved_order(runs)
    summary = summary_of(records, experiment=names[0], order=order, floor=floor)
    page = write_page(records, summary, output or runs / "report.html")
    if json:
        emit_json(summary)
    elif markdown:
        emit(markdown_table(summary))
    else:
        from rich.console import Console

        Console().print(terminal_table(summary))
    typer.echo(f"page: {page}", err=json or markdown)
