"""Step time of compiled objectives against stock LoRA training, on the same batches.

Every objective trains the same rows in the same order with the same optimiser; "stock" computes the model's own loss
as transformers' Trainer does. The objectives take turns, so that a busy machine hits all of them. Prints the ratio
of medians to stock with its range over the rounds, and the peak memory of each in a process of its own, above that of
a process that only holds the model and the rows.

Usage: python -m tests.benchmarks.bench_step_time [--rounds 5] [--steps 20] [--model default]
    [--only distillation,standardization]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from rich.console import Console
from rich.table import Table as Printed

from causal_reasoning.data.encode import EncodedRows, collate
from causal_reasoning.data.load import load_data
from causal_reasoning.data.rendered_views import render_rows
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder, encode_views
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.graph import AssumptionGraph, load_graph
from causal_reasoning.graph.spec import ObjectiveSpec
from causal_reasoning.objective import derive
from causal_reasoning.objective.loss import Loss
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.objective.strata import fit_strata
from causal_reasoning.training.adapters import attach_adapter
from causal_reasoning.training.equip import equip, strip
from causal_reasoning.training.model import load_model
from causal_reasoning.training.step import TorchStep
from causal_reasoning.training.weighting import row_weights
from tests.benchmarks.peak import peak, peak_of

WARM_UP = 3
STRATA = 4
IDLE = "idle"


def changed(graph: AssumptionGraph, **objective: Any) -> AssumptionGraph:
    """The graph with another objective."""
    return replace(graph, objective=ObjectiveSpec.model_validate({**graph.objective.model_dump(), **objective}))


def arms() -> dict[str, AssumptionGraph | None]:
    """What is timed."""
    reasoning, rendered = load_graph("reasoning"), load_graph("rendered_style")
    return {
        "stock": None,
        "weighting": changed(reasoning, realisation="loss_weights"),
        "variance penalty": load_graph("skill_state"),
        "rendering": rendered,
        "matching (pairs)": changed(rendered, estimator="matching"),
        "standardization": load_graph("question_confounded"),
        f"distillation, K = {STRATA}": changed(load_graph("question_confounded"), estimator="distillation"),
        f"distillation, K = {STRATA}, control before": changed(
            load_graph("question_confounded"), estimator="distillation", control_place="before"
        ),
        f"doubly robust, K = {STRATA}": changed(load_graph("question_confounded"), estimator="doubly_robust"),
        "groupdro": changed(reasoning, baseline="groupdro"),
        "irm": changed(reasoning, baseline="irm"),
    }


def prepared(experiment: Experiment, graph: AssumptionGraph | None, data: Any, encoder: Encoder) -> tuple[Any, Any]:
    """The rows of an arm as batches are made of them, and its loss."""
    if graph is None:
        rows = encoder(data.train)
        return EncodedRows(rows, [1.0] * len(rows)), None
    plan = derive(graph).plan
    if plan.strata is None:
        weights = row_weights(plan, data.train, data.validation)
        rendered = render_rows(experiment, plan, data, encoder, 1)
        rows = encoder(rendered.train)
        return EncodedRows(rows, weights.loss.tolist(), weights.groups.tolist(), rendered.views), plan.loss
    # The letters rows with a column of four values: what is timed is the number of passes.
    train = Table({**data.train.columns, "source": [f"s{i % STRATA}" for i in range(len(data.train))]}, "rows")
    strata = fit_strata(plan.strata, train.columns)
    rows = encoder.own(strata.model, train)
    views = encode_views(plan.views, strata, train, encoder)
    # Weights cost nothing in a step; here they are all one.
    numbers = row_weights(replace(plan, weights=None), train, train).groups.tolist()
    return EncodedRows(rows, [1.0] * len(rows), numbers, views, share=True), plan.loss


def measure(loss: Loss | None, rows: Any, tokenizer: Any, experiment: Any, options: Any) -> float:
    """Median seconds of a step."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, _ = load_model(options.model)
    model = attach_adapter(model, experiment.spec.adapter).to(device).train()
    if loss is not None:
        equip(model, loss)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    together = collate(tokenizer.pad_token_id)
    chosen = [rows[i % len(rows)] for i in range((options.steps + WARM_UP) * options.batch_size)]
    batches = [together(chosen[i : i + options.batch_size]) for i in range(0, len(chosen), options.batch_size)]
    memory: dict[str, torch.Tensor] = {LOG_PRIOR: torch.full((STRATA,), 1 / STRATA).log().to(device)}
    times = []
    for number, batch in enumerate(batches):
        inputs = _on(batch, device)
        start = time.perf_counter()
        if loss is None:
            value = model(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], labels=inputs["labels"]
            ).loss
        else:
            groups = int(max(rows.groups)) + 1
            value = loss(TorchStep(model, inputs, groups=groups, number=number, last=options.steps, memory=memory))[
                "loss"
            ]
        value.backward()
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    strip(model)
    return statistics.median(times[WARM_UP:])


def _on(batch: Mapping[str, Any], device: str) -> dict[str, Any]:
    return {k: _on(v, device) if isinstance(v, Mapping) else v.to(device) for k, v in batch.items()}


def memory(name: str, options: Any) -> float:
    """Peak MiB of an objective, or of a process that only holds the model and the rows."""
    arguments = ["--memory-of", name, "--steps", "2"]
    for option in ("batch-size", "model"):
        arguments += [f"--{option}", str(getattr(options, option.replace("-", "_")))]
    return peak_of("tests.benchmarks.bench_step_time", arguments)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--model", default="default")
    parser.add_argument("--only", default="", help="name parts of the objectives beside stock, with commas")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    experiment = load_experiment("letters")
    data = load_data(experiment, 1)
    _, tokenizer = load_model(options.model)
    encoder = Encoder(tokenizer, experiment.spec.prompt, experiment.write, 512)
    if options.memory_of:
        if options.memory_of == IDLE:
            load_model(options.model)[0].to("cuda" if torch.cuda.is_available() else "cpu")
        else:
            rows, loss = prepared(experiment, arms()[options.memory_of], data, encoder)
            measure(loss, rows, tokenizer, experiment, options)
        sys.stdout.write(f"{peak()}\n")
        return
    parts = [part for part in options.only.split(",") if part]
    chosen = {n: g for n, g in arms().items() if not parts or n == "stock" or any(part in n for part in parts)}
    found = {name: prepared(experiment, graph, data, encoder) for name, graph in chosen.items()}
    times: dict[str, list[float]] = {name: [] for name in found}
    for turn in range(options.rounds):
        for name in list(found) if turn % 2 == 0 else list(found)[::-1]:
            rows, loss = found[name]
            times[name].append(measure(loss, rows, tokenizer, experiment, options))
    idle = memory(IDLE, options)
    table = Printed(title=f"Step time, {options.rounds} rounds of {options.steps} steps, batch {options.batch_size}")
    for heading in ("objective", "median ms", "ratio to stock", "range", "peak MiB"):
        table.add_column(heading, justify="left" if heading == "objective" else "right")
    for name, values in times.items():
        ratios = [value / stock for value, stock in zip(values, times["stock"], strict=True)]
        middle = f"{statistics.median(ratios):.2f}"
        table.add_row(
            name,
            f"{1000 * statistics.median(values):.1f}",
            middle,
            f"{min(ratios):.2f} to {max(ratios):.2f}",
            f"{memory(name, options) - idle:.0f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
