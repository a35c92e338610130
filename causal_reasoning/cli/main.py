"""The program ``causal-reasoning``: its commands, and what a failure looks like."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from causal_reasoning.cli import (
    alternatives,
    check,
    convert,
    demo,
    derive,
    diff,
    discover,
    draw,
    edit,
    effects,
    evaluate,
    falsify,
    identify,
    implications,
    preview,
    report,
    sample,
    schema,
    sweep,
    train,
    world,
)
from causal_reasoning.errors import CausalReasoningError

TRACEBACK = "CAUSAL_REASONING_TRACEBACK"
INTERRUPTED = 130  # what typer makes of a keyboard interrupt

app = typer.Typer(
    name="causal-reasoning",
    help="Compile a causal graph of the reasoning process into a deconfounded fine-tuning objective, train it, and "
    "compare graphs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    check,
    identify,
    derive,
    diff,
    edit,
    implications,
    falsify,
    discover,
    alternatives,
    convert,
    draw,
    schema,
    sample,
    world,
    preview,
    train,
    evaluate,
    sweep,
    report,
    effects,
    demo,
):
    app.command(command.NAME)(command.command)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"causal-reasoning {version('causal-reasoning')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the program; errors are printed as sentences, one a line, and set the exit code.

    Exit codes: 0 done, 1 a run failed, 2 bad input, 3 not identified, 4 no valid plan, 5 data contradict a graph.
    """
    try:
        app()
    except CausalReasoningError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            print("interrupted; the same command resumes", file=sys.stderr)
        raise
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"a fault of this program: {reason} ({TRACEBACK}=1 shows where; please report it)", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
