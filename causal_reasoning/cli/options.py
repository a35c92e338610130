"""Arguments and options that several commands share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from causal_reasoning.errors import InputError
from causal_reasoning.files import write_atomic

GraphArgument = Annotated[
    str,
    typer.Argument(metavar="GRAPH", help="A graph file, or the name of a shipped graph such as 'reasoning'."),
]
ExperimentArgument = Annotated[
    str,
    typer.Argument(metavar="EXPERIMENT", help="An experiment file, or the name of a shipped one such as 'letters'."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder in which runs are kept.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, for instance training.steps=100. Repeatable."),
]


def emit(text: str, output: Path | None = None) -> None:
    """Print text, or write it to a file and say so."""
    if output is None:
        try:
            typer.echo(text, nl=not text.endswith("\n"))
        except BrokenPipeError:
            # The reader (head, less) has seen enough; do not let Python complain while it shuts down.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from None
    else:
        write_atomic(output, text if text.endswith("\n") else text + "\n")
        typer.echo(f"wrote {output}", err=True)


def emit_json(value: Any, output: Path | None = None) -> None:
    """Print plain data as JSON."""
    emit(json.dumps(value, indent=2, ensure_ascii=False), output)


def pairs(written: Iterable[str] | None, option: str) -> dict[str, str]:
    """Split ``KEY=VALUE`` options.

    Raises
    ------
    InputError
        For an option without ``=``, or a key that stands twice.
    """
    found: dict[str, str] = {}
    for text in written or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InputError.at(option, f"'{text}' is not KEY=VALUE")
        if key.strip() in found:
            raise InputError.at(option, f"'{key.strip()}' stands twice; keep one")
        found[key.strip()] = value.strip()
    return found
