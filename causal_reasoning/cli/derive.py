"""``derive``: from a graph to its loss, explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from causal_reasoning.data.surrogates import Embed
    from causal_reasoning.data.table import Table
    from causal_reasoning.objective import Derivation
    from causal_reasoning.objective.head_report import HeadReport
    from causal_reasoning.objective.overlap import OverlapReport

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
    from causal_reasoning.objective.sensitivity import sensitivity

    if json + markdown + latex > 1:
        raise InputError.at("derive", "choose one of --json, --markdown and --latex")
    derivation = derive(load_graph(graph))
    overlap: OverlapReport | HeadReport | None = None
    if data is not None:
        from causal_reasoning.data.environment import check_policy
        from causal_reasoning.data.surrogates import read_bound
        from causal_reasoning.data.text_weights import fit_text_weights
        from causal_reasoning.objective.weights import fit_weights

        table = read_bound(data, derivation.graph, _embedder(derivation))
        check_policy(derivation.graph, table)
        try:
            weights = derivation.plan.weights
            if weights is not None and weights.text_ratio is not None:
                overlap = fit_text_weights(weights, table, _embedder(derivation)).report
            elif weights is not None:
                overlap = fit_weights(weights, table.columns).report
            if derivation.plan.strata is not None:
                _check_strata(derivation, table)
        except NoValidPlanError as error:
            raise NoValidPlanError(f"{data}: {error}") from error
    curve = sensitivity(derivation)
    proof = None
    if prove:
        from causal_reasoning.objective.proof import prove as prove_objective

        proof = prove_objective(derivation)
    if json:
        found = derivation.to_dict()
        if overlap:
            found["overlap"] = overlap.to_dict()
        if curve:
            found["sensitivity"] = curve.to_dict()
        if proof:
            found["proof_by_numbers"] = proof.to_dict()
        emit_json(found, output)
    elif markdown:
        emit(explain.to_markdown(derivation, overlap, proof, curve), output)
    elif latex:
        emit(explain.to_latex(derivation, overlap, proof, curve), output)
    else:
        emit(explain.to_text(derivation, overlap, proof, curve), output)
    if proof and not proof.proven and not proof.approximate:
        raise RunFailedError(f"{graph}: the compiled objective is not proven: {proof.text()}")


def _check_strata(derivation: Derivation, table: Table) -> None:
    """Count the strata, and refuse where the text of the treatment gives them away."""
    from causal_reasoning.data.text_overlap import text_overlap
    from causal_reasoning.objective.strata import fit_strata

    graph, model = derivation.graph, derivation.plan.strata
    if model is None:
        return
    fitted = fit_strata(model, table.columns)
    read = [table.columns[graph.column(node)] for node in graph.query.read]
    found = text_overlap(["\n".join(texts) for texts in zip(*read, strict=True)], model.rows(table.columns))
    found.require(", ".join(model.nodes), accept=model.accept_poor_overlap)
    for warning in (*fitted.warnings, *found.warnings):
        typer.echo(f"warning: {warning}", err=True)


def _embedder(derivation: Derivation) -> Embed | None:
    """What texts are embedded with: the packaged base model, which is loaded only if a surrogate or a weight asks."""
    weights = derivation.plan.weights
    if not derivation.graph.surrogates and (weights is None or weights.text_ratio is None):
        return None
    from causal_reasoning.training.embeddings import embedder

    return embedder("default")
