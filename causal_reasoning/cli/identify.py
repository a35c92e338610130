"""``identify``: whether a query is identified, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, emit, emit_json
from causal_reasoning.errors import InputError

if TYPE_CHECKING:
    from causal_reasoning.graph import AssumptionGraph
    from causal_reasoning.identification import Identification, Witness

NAME = "identify"
Names = Annotated[list[str] | None, typer.Option(help="A node; repeatable. By default the file's query.")]


def command(
    graph: GraphArgument,
    do: Names = None,
    on: Names = None,
    given: Names = None,
    through: Annotated[
        list[str] | None,
        typer.Option(help="A mediator; repeatable. Ask for direct and indirect effects instead."),
    ] = None,
    proof: Annotated[bool, typer.Option("--proof", help="Print every step and its rule.")] = False,
    witness: Annotated[
        bool,
        typer.Option(
            "--witness", help="Where it is not identified, print two models that agree on all that is observed."
        ),
    ] = False,
    cross_check: Annotated[
        Literal["dowhy"] | None, typer.Option("--cross-check", help="Compare with another tool: dowhy.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Most seconds for the cross-check.")] = 30.0,
    cap: Annotated[int, typer.Option(min=1, help="Most minimal adjustment sets to list.")] = 100,
    json: JsonOption = False,
) -> None:
    """Decide whether the query of a graph is identified; exit code 3 if it is not."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.identification import SetByTheAdapter, identify

    loaded = load_graph(graph)
    if through:
        if given or cross_check:
            raise InputError.at("identify", "--through asks another question; leave --given and --cross-check out")
        _mediation(loaded, do, on, through, json)
        return
    verdict = identify(loaded, do or None, on or None, given or (), cap=cap)
    data = verdict.to_dict()
    lines = _lines(data, verdict)
    slots = [name for name in dict.fromkeys(do or loaded.query.do) if name in loaded.slots]
    if slots and not isinstance(verdict, SetByTheAdapter):
        lines.append(f"  {'not asked':<15} {', '.join(slots)}: set by the adapter, and in no row")
    if proof:
        lines += ["", "Proof", *_proof(data)]
    if witness and not verdict.identified:
        found = _witness(loaded, verdict)
        data["witness"] = found.to_dict() if found else None
        lines += ["", found.text() if found else "no witness: the sample is selected, which models do not show"]
    if cross_check:
        if isinstance(verdict, SetByTheAdapter):
            raise InputError.at(
                "--cross-check",
                f"the adapter sets {', '.join(verdict.query.do)}, so there is nothing to identify and nothing to ask "
                "another tool; name another treatment with --do",
            )
        from causal_reasoning.cross_check import cross_check_dowhy

        agreement = cross_check_dowhy(loaded.causal, verdict, seconds=seconds)
        data["cross_check"] = agreement.to_dict()
        lines += ["", agreement.text()]
    if json:
        emit_json(data)
    else:
        emit("\n".join(lines))
    if not verdict.identified:
        raise typer.Exit(3)


def _mediation(
    loaded: AssumptionGraph, do: list[str] | None, on: list[str] | None, through: list[str], json: bool
) -> None:
    from causal_reasoning.identification import QueryError, identify_mediation

    outcomes = on or [name for name in loaded.outcomes if name not in through]
    slots = [name for name in do or loaded.query.do if name in loaded.slots]
    if slots:
        raise InputError.at(
            loaded.source or loaded.name,
            f"the adapter sets {', '.join(slots)}, and no row has a value of it: direct and indirect effects are asked "
            "of treatments in the data; name one with --do",
        )
    try:
        found = identify_mediation(loaded.causal, do or loaded.query.do, outcomes, through)
    except QueryError as error:
        raise InputError.at(loaded.source or loaded.name, str(error)) from error
    if json:
        emit_json(found.to_dict())
    else:
        emit(found.text())


def _witness(loaded: AssumptionGraph, verdict: Identification) -> Witness | None:
    from causal_reasoning.identification import QueryError, witness

    query = verdict.query
    try:
        return witness(loaded.causal, query.do, query.on, query.given)
    except QueryError as error:
        raise InputError.at(loaded.source or loaded.name, str(error)) from error


_METHODS = {
    "adjustment": "by adjustment",
    "construction": "by construction",
    "frontdoor": "by the front door",
    "id": "by the ID algorithm",
    "idc": "by the IDC algorithm",
    None: "",
}


def _lines(data: dict[str, Any], verdict: Identification) -> list[str]:
    title = f"{verdict.query.text()}: {verdict.verdict.replace('_', ' ')} {_METHODS[data['method']]}".rstrip()
    rows: list[tuple[str, str]] = []
    if adjustment := data["adjustment"]:
        rows.append(("adjust for", _set(adjustment["chosen"])))
        sets = ", ".join(_set(z) for z in adjustment["minimal"])
        more = f" … (more than {len(adjustment['minimal'])}; --cap lists more)" if adjustment["capped"] else ""
        rows.append(("minimal sets", sets + more))
        if adjustment["optimal"] is not None:
            rows.append(("least variance", _set(adjustment["optimal"])))
    if door := data["frontdoor"]:
        rows.append(("mediators", _set(door["mediators"])))
        if door["covariates"]:
            rows.append(("covariates", _set(door["covariates"])))
    if data["estimand"]:
        rows.append(("estimand", data["estimand"]["text"]))
    if data.get("open"):
        rows.append(("left open", f"{data['open']}: not blocked by what the adapter sets"))
    if data.get("reason"):
        rows.append(("because", data["reason"]))
    if data["hedge"]:
        rows.append(("hedge", data["hedge"]["text"]))
    rows += [("what would help" if i == 0 else "", repair) for i, repair in enumerate(data["repairs"])]
    for i, instrument in enumerate(data["instruments"]):
        given = f" given {', '.join(instrument['given'])}" if instrument["given"] else ""
        how = " (identifies with an assumption on the form of the effect, such as linearity)" if i == 0 else ""
        rows.append(("instrument" if i == 0 else "", f"{instrument['node']}{given}{how}"))
    return [title, *(f"  {name:<15} {text}" for name, text in rows)]


def _proof(data: dict[str, Any]) -> list[str]:
    steps = data["derivation"]
    if not steps:
        return ["  no step: nothing is identified"]
    lines = []
    for step in steps:
        lines.append(f"  {step['statement']}")
        lines.append(f"      {step['rule']}" + (f": {step['because']}" if step["because"] else ""))
    return lines


def _set(names: list[str]) -> str:
    return "{" + ", ".join(names) + "}"
