"""``check``: read files strictly and say what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from causal_reasoning.cli.options import JsonOption, emit, emit_json
from causal_reasoning.errors import CausalReasoningError, InputError
from causal_reasoning.files import read_yaml
from causal_reasoning.files.shipped import find_shipped

NAME = "check"


def command(
    files: Annotated[
        list[str], typer.Argument(help="Graph, experiment, world or recipe files, or names of shipped graphs.")
    ],
    json: JsonOption = False,
) -> None:
    """Check graph, experiment, world and recipe files; every fault is a line 'file:line:column: message'."""
    reports: list[dict[str, Any]] = []
    errors: list[CausalReasoningError] = []
    for name in files:
        try:
            reports.append(_check(name))
        except CausalReasoningError as error:
            errors.append(error)
    if json:
        emit_json(reports)
    else:
        for report in reports:
            emit(f"{report['file']}: {report['summary']}")
    if len(errors) == 1:
        raise errors[0]
    if errors:
        worst = max(errors, key=lambda e: e.exit_code == InputError.exit_code)
        worst.args = ("\n".join(str(error) for error in errors),)
        raise worst


def _check(name: str) -> dict[str, Any]:
    path = find_shipped(name, "graphs", "graph")
    document = read_yaml(path)
    keys = document.data if isinstance(document.data, dict) else {}
    nodes = keys.get("nodes")
    if "arms" in keys or "data" in keys:
        return _experiment(path)
    if isinstance(nodes, dict) and any(isinstance(n, dict) and "mechanism" in n for n in nodes.values()):
        return _world(path)
    if "worlds" in keys:
        return _recipe(path)
    return _graph(path)


def _graph(path: Path) -> dict[str, Any]:
    from causal_reasoning.graph import load_graph
    from causal_reasoning.objective import derive

    graph = load_graph(path)
    derivation = derive(graph)
    causal = graph.causal
    edges = len(causal.directed) + len(causal.bidirected)
    return {
        "file": str(path),
        "kind": "graph",
        "name": graph.name,
        "digest": graph.digest,
        "estimator": derivation.plan.estimator,
        "summary": f"graph {graph.name}: {_count(len(causal), 'node')}, {_count(edges, 'edge')}, "
        f"{derivation.identification.verdict.replace('_', ' ')}, objective: {derivation.plan.estimator}",
    }


def _experiment(path: Path) -> dict[str, Any]:
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.objective import derive

    experiment = load_experiment(path)
    for graph in (arm.graph for arm in experiment.arms if arm.graph is not None):
        derive(graph)
    runs = len(experiment.arms) * len(experiment.spec.seeds)
    arms = ", ".join(arm.name for arm in experiment.arms)
    return {
        "file": str(path),
        "kind": "experiment",
        "name": experiment.name,
        "arms": [arm.name for arm in experiment.arms],
        "summary": f"experiment {experiment.name}: {_count(runs, 'run')} ({arms})",
    }


def _world(path: Path) -> dict[str, Any]:
    from causal_reasoning.scm import load_world

    world = load_world(path)
    return {
        "file": str(path),
        "kind": "world",
        "name": world.name,
        "digest": world.digest,
        "summary": f"world {world.name}: {_count(len(world.nodes), 'node')}, "
        f"parameters {', '.join(f'{k} = {v:g}' for k, v in world.parameters.items()) or 'none'}",
    }


def _recipe(path: Path) -> dict[str, Any]:
    from causal_reasoning.base_model.recipe import load_recipe

    recipe = load_recipe(path)
    worlds = [source.world.name for source in recipe.sources]
    return {
        "file": str(path),
        "kind": "recipe",
        "name": recipe.spec.name,
        "digest": recipe.digest,
        "summary": f"recipe {recipe.spec.name}: {_count(recipe.spec.training.steps, 'step')} on {', '.join(worlds)}",
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
