"""``derive``: from a graph to its loss, explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, OutputOption, emit, emit_json
from causal_reasoning.errors import InputError, NoValidPlanError, RunFailedError

NAME = "derive"


def command(
    graph: GraphArgument,
    data: Annotated[
        Path | None, typer.Option(help="JSON Lines file: check it, estimate the weights on it and report the overlap.")
    ] = None,
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Minimise the objective exactly on random models of the graph, and compare."),
    ] = False,
    json: JsonOption = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    output: OutputOption = None,
) -> None:
    """Derive the training objective of a graph: query, proof, estimand, loss, and where each part comes from."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.objective import derive, explain

    if json + markdown + latex > 1:
        raise InputError.at("derive", "choose one of --json, --markdown and --latex")
    derivation = derive(load_graph(graph))
    overlap = None
    if data is not None:
        from causal_reasoning.data.table import check_bindings, read_table
        from causal_reasoning.objective.weights import fit_weights

        columns = [derivation.graph.column(n) for n in derivation.graph.causal.observed]
        table = read_table(data, columns)
        check_bindings(table, derivation.graph)
        try:
            if derivation.plan.weights is not None:
                overlap = fit_weights(derivation.plan.weights, table.columns).report
        except NoValidPlanError as error:
            raise NoValidPlanError(f"{data}: {error}") from error
    proof = None
    if prove:
        from causal_reasoning.objective.proof import prove as prove_objective

        proof = prove_objective(derivation)
    if json:
        found = derivation.to_dict()
        if overlap:
            found["overlap"] = overlap.to_dict()
        if proof:
            found["proof_by_numbers"] = proof.to_dict()
        emit_json(found, output)
    elif markdown:
        emit(explain.to_markdown(derivation, overlap, proof), output)
    elif latex:
        emit(explain.to_latex(derivation, overlap, proof), output)
    else:
        emit(explain.to_text(derivation, overlap, proof), output)
    if proof and not proof.proven and not proof.approximate:
        raise RunFailedError(f"{graph}: the compiled objective is not proven: {proof.text()}")
