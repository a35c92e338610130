"""``world``: what a world is, and what the best predictors reach in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal_reasoning.cli.options import JsonOption, emit, emit_json
from causal_reasoning.cli.sample import ParameterOption, WorldArgument, numbers

if TYPE_CHECKING:
    from causal_reasoning.scm import World

NAME = "world"


def command(
    world: WorldArgument,
    set_: ParameterOption = None,
    contents: Annotated[
        int,
        typer.Option(min=0, help="Draws of texts with many values for the accuracies; 0 leaves the accuracies out."),
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the example and of these draws.")] = 0,
    json: JsonOption = False,
) -> None:
    """Show a world: nodes, arrows, parameters, a row, and the best accuracy that its query allows."""
    from causal_reasoning.scm import load_world

    loaded = load_world(world, numbers(set_))
    data = _data(loaded, contents, seed)
    if json:
        emit_json(data)
    else:
        emit("\n".join(_lines(data)))


def _data(world: World, contents: int, seed: int) -> dict[str, Any]:
    from causal_reasoning.scm.accuracy_table import accuracy_table

    query = world.query
    accuracies = accuracy_table(world, contents=max(contents, 2), seed=seed) if contents else {}
    return {
        "name": world.name,
        "file": world.file,
        "digest": world.digest,
        "description": world.description,
        "parameters": dict(world.parameters),
        "nodes": [
            {
                "name": name,
                "role": node.role,
                "mechanism": _kind(node.mechanism),
                "parents": list(world.graph().parents(name)),
                "values": list(world.values(name)) if world.is_categorical(name) else None,
            }
            for name, node in world.nodes.items()
        ],
        "edges": [f"{cause} -> {effect}" for cause, effect in world.graph().directed],
        "query": query.model_dump(mode="json") if query else None,
        "example": {name: column[0] for name, column in world.sample(1, seed).items()},
        "accuracy": {
            name: {"optimal": best.to_dict(), "fitted_under_observation": observed.to_dict()}
            for name, (best, observed) in accuracies.items()
        },
    }


def _kind(mechanism: Any) -> str:
    """The word that files use, also for a mechanism that was written out."""
    return str(getattr(getattr(mechanism, "mechanism", mechanism), "kind", type(mechanism).__name__))


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [f"world {data['name']}, digest {data['digest'][:12]}"]
    if data["description"]:
        lines.append(f"  {data['description']}")
    if data["parameters"]:
        lines.append("  parameters: " + ", ".join(f"{name} = {value:g}" for name, value in data["parameters"].items()))
    rows = [("node", "role", "mechanism", "made from", "values")]
    for node in data["nodes"]:
        values = "text" if node["values"] is None else _short(node["values"])
        rows.append((node["name"], node["role"], node["mechanism"], ", ".join(node["parents"]) or "-", values))
    lines += ["", *_table(rows)]
    lines += ["", "true graph", *(f"  {edge}" for edge in data["edges"])]
    lines += ["", "an example"]
    width = max(len(name) for name in data["example"])
    for name, text in data["example"].items():
        first, *others = text.split("\n")
        lines += [f"  {name:<{width}}  {first}", *(" " * (width + 4) + line for line in others)]
    return [*lines, "", *_accuracy(data)]


def _accuracy(data: dict[str, Any]) -> list[str]:
    query = data["query"]
    if query is None:
        return ["no query: add 'query: {do: …, read: …, write: …}' to see what the best predictors reach"]
    do, read, write = (", ".join(query[key]) for key in ("do", "read", "write"))
    title = f"query: do {do} ({query['policy']}), read {read}, write {write}"
    if not data["accuracy"]:
        return [title]
    titles = {"observation": "as observed", "do": f"do({do})", "reversed": f"{do} reversed"}
    rows = [("where it is measured", "best predictor there", "best one of the observed rows")]
    for name, pair in data["accuracy"].items():
        rows.append((titles[name], _shown(pair["optimal"]), _shown(pair["fitted_under_observation"])))
    ways = dict.fromkeys(pair[key]["how"] for pair in data["accuracy"].values() for key in pair)
    return [title, *_table(rows), *(f"  ({how})" for how in ways)]


def _shown(accuracy: dict[str, Any]) -> str:
    from causal_reasoning.scm import Accuracy

    text = Accuracy(**accuracy).text()
    return text + (f", {accuracy['unseen']:.2f} never seen" if accuracy["unseen"] > 0 else "")


def _short(values: list[str], width: int = 60) -> str:
    text = ", ".join(values)
    if len(text) <= width:
        return text
    kept: list[str] = []
    for value in values:
        if len(", ".join([*kept, value])) > width - 12:
            break
        kept.append(value)
    return ", ".join(kept) + f", … ({len(values)} values)" if kept else f"{len(values)} values"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return [line.rstrip() for line in lines]
