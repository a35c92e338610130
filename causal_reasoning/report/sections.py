"""The parts of the page that show measurements: results, curves, strata, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from causal_reasoning.graph.markup import escape
from causal_reasoning.report.charts import Dots, Line, curve_chart, dot_chart
from causal_reasoning.report.markup import details, listing, mapping, raw_table, table, tag
from causal_reasoning.report.numbers import MISSING, compact, percent, percent_interval, plain
from causal_reasoning.report.results import Arm, Results, finite
from causal_reasoning.report.tables import best_arm

Records = Sequence[Mapping[str, Any]]
_TONES = 8
_LINES = ("", " dashed", " dotted")
_CURVES = (
    ("do_exact_match", "Exact match under the intervention, %", True),
    ("do_nll", "Negative log-likelihood under the intervention", False),
    ("validation_nll", "Negative log-likelihood on the validation split", False),
    ("train_loss", "Training loss", False),
)


def tones(results: Results) -> dict[str, str]:
    """Give each arm the CSS classes of its colour, the same in all charts; from the ninth on with another line."""
    trained = [arm.name for arm in results.arms if arm.kind == "graph"]
    found = {name: f"arm-{i % _TONES}{_LINES[i // _TONES % len(_LINES)]}" for i, name in enumerate(trained)}
    return {arm.name: found.get(arm.name, f"arm-{arm.kind}") for arm in results.arms}


def results_section(results: Results) -> str:
    """Show the table of arms by splits and one chart a split."""
    if not results.arms:
        return tag("p", "There are no results.", "note")
    best, colour = best_arm(results), tones(results)
    gap = any(arm.gap for arm in results.arms)
    sizes = results.sizes_differ
    heads = ["arm", *(["trained parameters"] * sizes), "seeds", *results.titles.values()] + ["gap closed"] * gap
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    body, before = [], results.arms[0].kind
    for arm in results.arms:
        classes = [arm.kind] + ["apart"] * (arm.kind != before)
        before = arm.kind
        cells = [
            f'<th scope="row"><span class="swatch {colour[arm.name]}"></span>{escape(arm.name)}'
            f'<br><span class="small">{escape(_subtitle(arm, results))}</span></th>',
            *([f"<td>{compact(arm.trainable) if arm.trainable else ''}</td>"] * sizes),
            f"<td>{len(arm.seeds)}</td>",
        ]
        cells += [_cell(arm, split, arm is best and split == results.split) for split in results.titles]
        if gap:
            cells.append(f"<td>{_measured(percent_interval(arm.gap))}</td>")
        body.append(f'<tr class="{" ".join(classes)}">{"".join(cells)}</tr>')
    parts = [raw_table(head, "".join(body), "results"), tag("p", escape(_note(results, gap)), "small")]
    charts = []
    for split, title in results.titles.items():
        rows = [Dots(arm.name, arm.exact(split), colour[arm.name]) for arm in results.arms]
        marks = {}
        if split == results.split:
            for name in (results.floor, results.ceiling):
                reference = results.arm(name)
                number = reference.exact(split) if reference else None
                if name and number:
                    marks[name] = number.mean
        charts.append(f"<figure><figcaption>{escape(title)}</figcaption>{dot_chart(title, rows, marks)}</figure>")
    parts.append(tag("div", "".join(charts), "charts"))
    words = "Each dot is one seed, the upright bar their mean"
    if any(n.half is not None for arm in results.arms for n in map(arm.exact, results.titles) if n):
        words += f", the whisker the {results.interval or 'interval'}"
    parts.append(tag("p", escape(words + "."), "small"))
    return "".join(parts)


def _subtitle(arm: Arm, results: Results) -> str:
    if arm.kind == "base":
        return "untrained base"
    adapter = arm.adapter if results.sizes_differ else None
    if arm.name == results.ceiling or arm.kind == "ceiling":
        return ", ".join(filter(None, ("ceiling: trained on interventional data", adapter)))
    baseline = "" if arm.licensed is not False else "not licensed by the graph"
    parts = [arm.estimator, adapter, baseline] + [f"graph {arm.graph}"] * bool(arm.graph and arm.graph != arm.name)
    return ", ".join(filter(None, parts)) + (" · floor" if arm.name == results.floor else "")


def _cell(arm: Arm, split: str, best: bool) -> str:
    there = arm.splits.get(split)
    if not there or (there.exact is None and there.worst is None):
        return f"<td>{MISSING}</td>"
    worst = f'<br><span class="small">worst {percent(there.worst.mean)}</span>' if there.worst else ""
    start = '<td class="best">' if best else "<td>"
    return f"{start}{_measured(percent_interval(there.exact))}{worst}</td>"


def _measured(text: str) -> str:
    mean, _, half = text.partition(" ± ")
    return f'<span class="mean">{mean}</span>' + (f' <span class="half">± {half}</span>' if half else "")


def _note(results: Results, gap: bool) -> str:
    text = "Exact match in percent, mean over seeds"
    if results.interval:
        text += f", ± half of the {results.interval} where there are several"
    text += ". Worst: the stratum with the lowest exact match."
    if gap:
        title = results.titles.get(results.split or "", "")
        text += f" Gap closed: percent of the way from {results.floor} to {results.ceiling} on {title}."
    return text


def failures_section(results: Results) -> str:
    """List the runs that failed; empty if none did."""
    if not results.failed:
        return ""
    rows = [(f.arm, f.seed, f.error) for f in results.failed]
    return tag("h3", "Failed runs") + table(("arm", "seed", "error"), rows, "failed")


# -- curves ------------------------------------------------------------------------------------------


def curves_section(records: Records, results: Results) -> str:
    """Show how every arm converged; empty if no run recorded a curve."""
    colour = tones(results)
    names = list(dict.fromkeys([a.name for a in results.arms] + [str(r.get("arm")) for r in records]))
    charts = []
    for key, title, share in _CURVES:
        lines = []
        for name in names:
            runs = tuple(_run(r, key) for r in records if str(r.get("arm")) == name)
            if any(runs):
                lines.append(Line(name, colour.get(name, "arm-base"), tuple(run for run in runs if run)))
        chart = curve_chart(title, lines, share=share)
        if chart:
            charts.append(f"<figure><figcaption>{escape(title)}</figcaption>{chart}</figure>")
    if not charts:
        return tag("p", "No curves were recorded.", "note")
    curved = [n for n in names if any(listing(r.get("curve")) for r in records if str(r.get("arm")) == n)]
    legend = "".join(f'<li><span class="swatch {colour.get(n, "arm-base")}"></span>{escape(n)}</li>' for n in curved)
    return f'<ul class="legend">{legend}</ul>{tag("div", "".join(charts), "charts")}' + tag(
        "p",
        "Thin lines are seeds, thick lines their mean. Training losses of different objectives do not compare.",
        "small",
    )


def _run(record: Mapping[str, Any], key: str) -> tuple[tuple[float, float], ...]:
    points = []
    for entry in map(mapping, listing(record.get("curve"))):
        step, value = finite(entry.get("step")), finite(entry.get(key))
        if step is not None and value is not None:
            points.append((step, value))
    return tuple(sorted(points))


# -- strata ------------------------------------------------------------------------------------------


def strata_section(records: Records, results: Results) -> str:
    """Show exact match per stratum and arm as a heat table, one a split; empty without strata."""
    parts: list[str] = []
    order = sorted(results.titles, key=lambda split: split != results.split)
    for split in order:
        shown = _heat(records, results, split)
        if not shown:
            continue
        title = results.titles[split]
        parts.append(tag("h3", escape(title)) + shown if not parts else details(title, shown))
    return "".join(parts)


def _heat(records: Records, results: Results, split: str) -> str:
    names = [arm.name for arm in results.arms]
    values: dict[tuple[str, str], list[float]] = {}
    items: dict[str, int] = {}
    for record in records:
        strata = mapping(mapping(mapping(record.get("splits")).get(split)).get("strata"))
        for stratum, found in strata.items():
            share = finite(mapping(found).get("exact_match"))
            if share is not None:
                values.setdefault((str(record.get("arm")), str(stratum)), []).append(share)
                count = finite(mapping(found).get("items"))
                items[str(stratum)] = int(count) if count is not None else items.get(str(stratum), 0)
    if not values:
        return ""
    strata_names = sorted(items)
    head = '<th scope="col">arm</th>' + "".join(
        f'<th scope="col">{escape(s)}'
        + (f'<br><span class="small">{plain(items[s])} items</span>' * bool(items[s]))
        + "</th>"
        for s in strata_names
    )
    body = []
    for name in [n for n in names if any((n, s) in values for s in strata_names)]:
        cells = []
        for stratum in strata_names:
            found = values.get((name, stratum))
            if not found:
                cells.append(f"<td>{MISSING}</td>")
                continue
            mean = sum(found) / len(found)
            cells.append(f'<td class="heat" style="--share: {mean:.3f}">{percent(mean)}</td>')
        body.append(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    return raw_table(head, "".join(body), "heat")


# -- settings ----------------------------------------------------------------------------------------


def settings_section(records: Records) -> str:
    """Show what was the same in all runs, what differed, the runs themselves and the versions."""
    flat = [_flat(record) for record in records]
    keys = list(dict.fromkeys(key for entry in flat for key in entry))
    shared, differing = [], []
    trained = [entry for record, entry in zip(records, flat, strict=True) if record.get("kind") != "base"]
    for key in keys:
        found = {repr(entry[key]): entry[key] for entry in flat if key in entry}
        everywhere = len(found) == 1 and all(key in entry for entry in trained)
        if everywhere and next(iter(found.values())) is not None:
            shared.append((key, plain(next(iter(found.values())))))
        elif not everywhere:
            differing.append(key)
    parts = [table(("setting", "value"), shared, "settings")] if shared else []
    rows = []
    for record, entry in zip(records, flat, strict=True):
        selection, seconds = mapping(record.get("selection")), mapping(record.get("seconds"))
        rows.append(
            (
                str(record.get("arm", "?")),
                plain(record.get("seed")),
                plain(selection.get("step")),
                str(selection.get("rule") or MISSING),
                plain(finite(seconds.get("train"))),
                plain(finite(seconds.get("evaluate"))),
                *(plain(entry.get(key)) for key in differing),
                str(record.get("digest") or MISSING),
            )
        )
    heads = ("arm", "seed", "step", "chosen by", "training s", "evaluation s", *differing, "digest")
    if rows:
        parts.append(details(f"Runs ({len(rows)})", table(heads, rows, "runs")))
    versions = {k: v for record in records for k, v in mapping(record.get("versions")).items()}
    if versions:
        parts.append(details("Versions", table(("package", "version"), [(k, str(versions[k])) for k in versions])))
    return "".join(parts)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    model, rows = mapping(record.get("model")), mapping(record.get("rows"))
    names = {"name": "base model", "parameters": "parameters", "trainable": "trainable parameters"}
    flat = {names.get(k, f"model {k}"): v for k, v in model.items()}
    flat |= {f"{k} rows": v for k, v in rows.items()}
    return flat | {str(k).replace("_", " "): v for k, v in mapping(record.get("settings")).items()}
