"""A derivation told to a person: as plain text, Markdown or LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import (
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    IdentifiedInGeneral,
    SetByTheAdapter,
    ZeroEffect,
)
from causal_reasoning.objective.compile import Derivation
from causal_reasoning.objective.head_report import HeadReport
from causal_reasoning.objective.notation import listed, shown_policy
from causal_reasoning.objective.overlap import OverlapReport
from causal_reasoning.objective.plan import ObjectivePlan, policy_text
from causal_reasoning.objective.proof import Proof
from causal_reasoning.objective.sensitivity import Sensitivity


@dataclass(frozen=True)
class Section:
    """One heading with its lines.

    Parameters
    ----------
    heading : str
        A word or two.
    lines : tuple of (str, str)
        What is said, and a remark on it (often empty).
    formula : bool
        Whether the first part of a line is a formula or a path.
    """

    heading: str
    lines: tuple[tuple[str, str], ...]
    formula: bool = False


def story(
    derivation: Derivation,
    overlap: OverlapReport | HeadReport | None = None,
    proof: Proof | None = None,
    curve: Sensitivity | None = None,
) -> tuple[Section, ...]:
    """The steps from the query to the loss, in order.

    Parameters
    ----------
    derivation : Derivation
        What is told.
    overlap : OverlapReport or HeadReport, optional
        The weights estimated on data.
    proof : Proof, optional
        How far the minimiser is from what the query asks for.
    curve : Sensitivity, optional
        What misclassified strata cost.

    Returns
    -------
    tuple of Section
        Query, verdict, proof, estimand, loss, parts, cost, what was refused, and overlap where it is known.
    """
    graph, verdict, plan = derivation.graph, derivation.identification, derivation.plan
    data = derivation.to_dict()
    shown = shown_policy(graph)
    sections = [
        Section(
            "Query",
            (
                (
                    verdict.query.text(),
                    f"the model reads {listed(graph.query.read)} and writes "
                    f"{listed(graph.query.write)}; {_set_how(graph, shown)}",
                ),
            ),
            formula=True,
        ),
        Section("Verdict", (_verdict(derivation),)),
    ]
    if data["proof"]:
        lines = tuple((step["path"], _remark(step)) for step in data["proof"])
        sections.append(Section("Proof", lines, formula=True))
    if data["estimand"]:
        formula = f"{verdict.query.text()} = {data['estimand']['text']}"
        sections.append(Section("Estimand", ((formula, ""),), formula=True))
    sections.append(Section("Loss", ((plan.formula, ""),), formula=True))
    sections.append(Section("Parts", tuple((f"{t.name} = {t.formula}", t.because) for t in plan.terms), formula=True))
    if plan.weights and plan.weights.policy != "marginal":
        sections.append(Section("Policy", ((policy_text(plan.weights.policy, plan.weights.treatment), shown),), True))
    if plan.baseline:
        title = "licensed by this graph" if plan.licensed else "not licensed by this graph, trained as a baseline"
        sections.append(Section("License", ((f"{plan.estimator}: {title}", plan.license_reason),)))
    if plan.balanced:
        sections.append(Section("Batches", ((f"equally many rows of each {listed(plan.groups)} in every batch", ""),)))
    if plan.strata is not None:
        sections.append(Section("Strata", ((f"{listed(plan.strata.nodes)} is shown as {plan.strata.shown()}", ""),)))
    if plan.layout is not None:
        sections.append(Section("Adapter", tuple(plan.layout.lines())))
    if plan.approximate:
        sections.append(Section("Approximate", ((plan.approximate, ""),)))
    sections.append(Section("Cost", ((plan.forward_passes.text(), ""),)))
    others = [other for other in derivation.valid if other.estimator != plan.estimator]
    if others and not plan.baseline:
        lines = tuple((other.estimator, _offer(other)) for other in others)
        sections.append(Section("Also valid", lines))
    if plan.refused:
        sections.append(Section("Not valid here", tuple((", ".join(n), b) for b, n in same_reasons(plan).items())))
    if proof is not None:
        sections.append(Section("Proof by numbers", ((proof.text(), ""),)))
    if curve is not None:
        sections.append(Section("Sensitivity", tuple((line, "") for line in curve.lines)))
    if overlap is not None:
        sections.append(Section("Overlap", _overlap(overlap)))
    return tuple(sections)


def to_text(
    derivation: Derivation,
    overlap: OverlapReport | HeadReport | None = None,
    proof: Proof | None = None,
    curve: Sensitivity | None = None,
) -> str:
    """Plain text for a terminal, with headings on lines of their own."""
    parts = [f"{derivation.graph.name}: {derivation.graph.description}".rstrip(": ")]
    for section in story(derivation, overlap, proof, curve):
        parts.append("")
        parts.append(section.heading)
        for main, remark in section.lines:
            parts.append(f"  {main}")
            if remark:
                parts.append(f"      {remark}")
    return "\n".join(parts) + "\n"


def to_markdown(
    derivation: Derivation,
    overlap: OverlapReport | HeadReport | None = None,
    proof: Proof | None = None,
    curve: Sensitivity | None = None,
) -> str:
    """Markdown for a document."""
    parts = [f"# {derivation.graph.name}", ""]
    if derivation.graph.description:
        parts += [derivation.graph.description, ""]
    for section in story(derivation, overlap, proof, curve):
        parts += [f"## {section.heading}", ""]
        for main, remark in section.lines:
            shown = f"`{main}`" if section.formula else main
            parts.append(f"- {shown}" + (f": {remark}" if remark else ""))
        parts.append("")
    parts += ["```yaml", derivation.graph.text.strip(), "```"] if derivation.graph.text else []
    return "\n".join(parts).rstrip() + "\n"


_AS_TEXT = ("Verdict", "Proof", "Not valid here", "Approximate", "Proof by numbers", "Sensitivity", "Overlap")
"""Sections that a paper takes as lists; the others are displays, or of no interest to it."""


def to_latex(
    derivation: Derivation,
    overlap: OverlapReport | HeadReport | None = None,
    proof: Proof | None = None,
    curve: Sensitivity | None = None,
) -> str:
    """LaTeX for a paper: the estimand and the loss as displays, the rest as text. Needs amsmath."""
    data = derivation.to_dict()
    plan = derivation.plan
    query = rf"P(\text{{{_tex(derivation.identification.query.text()[2:-1])}}})"
    parts = [
        f"% {derivation.graph.name}, digest {derivation.graph.digest[:12]}; compile with LuaLaTeX or XeLaTeX",
        r"\paragraph{Estimand}",
        r"\begin{equation*}",
        f"  {query} = {data['estimand']['latex'] if data['estimand'] else '?'}",
        r"\end{equation*}",
        r"\paragraph{Loss}",
        r"\begin{equation*}",
        f"  {plan.latex}",
        r"\end{equation*}",
    ]
    for section in story(derivation, overlap, proof, curve):
        if section.heading in (
            "Verdict",
            "Proof",
            "Not valid here",
            "Approximate",
            "Proof by numbers",
            "Sensitivity",
            "Overlap",
        ):
            parts += [rf"\paragraph{{{_tex(section.heading)}}}", r"\begin{itemize}"]
            for main, remark in section.lines:
                shown = rf"\texttt{{{_tex(main)}}}" if section.formula else _tex(main)
                parts.append(rf"  \item {shown}" + (f": {_tex(remark)}" if remark else ""))
            parts.append(r"\end{itemize}")
    return "\n".join(parts) + "\n"


def _offer(plan: ObjectivePlan) -> str:
    return plan.forward_passes.text() + (f"; approximate: {plan.approximate}" if plan.approximate else "")


def same_reasons(plan: ObjectivePlan) -> dict[str, list[str]]:
    """The refused estimators by the reason, which several may share."""
    found: dict[str, list[str]] = {}
    for refusal in plan.refused:
        found.setdefault(refusal.because, []).append(refusal.estimator)
    return found


def _verdict(derivation: Derivation) -> tuple[str, str]:
    verdict = derivation.identification
    if isinstance(verdict, SetByTheAdapter):
        kept = f"; {verdict.open} is left open: this intervention does not block it" if verdict.open else ""
        return "holds by construction", f"the adapter sets {listed(verdict.query.do)}{kept}"
    if isinstance(verdict, ZeroEffect):
        reasons = "; ".join(step.because for step in verdict.steps)
        return "zero effect", reasons
    if isinstance(verdict, IdentifiedByAdjustment):
        sets = verdict.sets
        if not verdict.adjustment:
            return "identified, adjusting for nothing", "no non-causal path is open"
        others = [f"{{{listed(z)}}}" for z in sets.minimal if z != verdict.adjustment]
        more = f"; other minimal sets: {', '.join(others[:5])}" + (" …" if len(others) > 5 else "") if others else ""
        capped = " (the list of sets was capped)" if sets.capped else ""
        optimal = verdict.optimal.nodes
        best = f"; smallest variance: {{{listed(optimal)}}}" if optimal not in (None, verdict.adjustment) else ""
        return f"identified by adjusting for {{{listed(verdict.adjustment)}}}", (more + best + capped).lstrip("; ")
    if isinstance(verdict, IdentifiedByFrontDoor):
        door = verdict.frontdoor
        beside = f", given {{{listed(door.covariates)}}}" if door.covariates else ""
        return f"identified by the front door {{{listed(door.mediators)}}}{beside}", "no adjustment set exists"
    if isinstance(verdict, IdentifiedInGeneral):
        sample = f" from a sample selected on {listed(verdict.selected)}" if verdict.selected else ""
        name = "the IDC algorithm" if verdict.query.given else "the ID algorithm"
        return f"identified by {name}{sample}", "no adjustment set and no front door exists" if not sample else ""
    return "not identified", str(verdict.to_dict().get("reason") or "")


def _set_how(graph: AssumptionGraph, policy: str) -> str:
    """Who sets the treatments: the adapter its parts, the policy all others."""
    slots = tuple(name for name in graph.query.do if name in graph.slots)
    others = tuple(name for name in graph.query.do if name not in graph.slots)
    by_adapter, by_policy = f"the adapter sets {listed(slots)}", f"policy for {listed(others)}: {policy}"
    return "; ".join(part for part, there in ((by_adapter, slots), (by_policy, others)) if there)


def _remark(step: dict[str, str | None]) -> str:
    because = str(step["because"])
    return because.removeprefix(f"{step['path']}: ")


def _overlap(report: OverlapReport | HeadReport) -> tuple[tuple[str, str], ...]:
    if isinstance(report, HeadReport):
        return report.lines()
    lines = [
        (
            f"{report.effective_sample_size:,.0f} effective of {report.rows:,} rows ({report.effective_share:.0%}), "
            f"largest weight {report.largest_weight:.2f}, {len(report.cells)} cells, "
            f"{len(report.empty) or 'none'} empty",
            "",
        )
    ]
    if report.model.stratum and report.model.ratio is None:
        low = ", ".join(f"{share:.0%}: {value:.3f}" for share, value in report.quantiles[:3])
        lines.append(
            (
                f"{listed(report.model.stratum)} is guessed from {listed(report.model.treatment)} in "
                f"{report.predictability:.0%} of the rows ({report.base_rate:.0%} without looking)",
                f"quantiles of P({listed(report.model.stratum)} | {listed(report.model.treatment)}): {low}",
            )
        )
    lines += [(sentence, "") for sentence in report.bias]
    lines += [(f"warning: {warning}", "") for warning in report.warnings]
    return tuple(lines)


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "π": r"$\pi$",
    "θ": r"$\theta$",
    "Σ": r"$\Sigma$",
    "−": r"$-$",
    "·": r"$\cdot$",
}


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(c, c) for c in text)
