"""Step time and memory of adapters with slots against stock adapters, on the same batches.

A step is forward, backward and optimiser. All arms train the same rows in the same order and take turns, so that a busy
machine hits all of them. Prints the ratio of medians to stock LoRA with its range over the rounds; for token
slots also that to peft's AdaptionPrompt; and the peak memory above that of a process which only holds the model, each
measured in a process of its own (of the GPU where there is one, else of the whole process).

Usage: python -m tests.benchmarks.bench_slots [--rounds 5] [--steps 20] [--batch 64] [--model default]
    [--only tokens,hard]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from peft import AdaptionPromptConfig, LoraConfig, get_peft_model
from rich.console import Console
from rich.table import Table as Printed
from torch import Tensor, nn

from causal_reasoning.adapter import LowRankSlot, Slot, SlotsConfig, TokenSlot, slot_to_dict
from causal_reasoning.adapter.combine import Combination
from causal_reasoning.adapter.routing import Chooser
from causal_reasoning.data.encode import IGNORED, EncodedRows, collate
from causal_reasoning.data.load import load_data
from causal_reasoning.data.views import Encoder
from causal_reasoning.experiment import load_experiment
from causal_reasoning.objective.penalties.variance import Variance
from causal_reasoning.training.model import count_parameters, load_model
from tests.benchmarks.peak import peak, peak_of
from tests.benchmarks.separate_copies import SeparateCopies

WARM_UP = 3
MODULES, RANK, TOKENS = 4, 8, 10
GROUPS = (("rule",), ("module",))

Batch = Mapping[str, Tensor]
#: What is trained, and its loss on a batch.
Built = tuple[nn.Module, Callable[[Batch], Tensor]]

LORA, PROMPT, IDLE = "stock LoRA", "peft AdaptionPrompt", "idle"


def arms() -> dict[str, Callable[[Any], Built]]:
    """What is measured, by name: each from a function that loads the base anew."""
    return {
        LORA: lambda load: plain(_lora(load())),
        f"ICLM, {MODULES} modules, hard routing": lambda load: routed(load(), Combination()),
        f"ICLM, mixture of {MODULES}": lambda load: mixed(load()),
        "ICLM, product of experts": lambda load: routed(load(), Combination("experts", "", GROUPS)),
        "ICLM, free head": lambda load: routed(load(), Combination("head", "", GROUPS)),
        f"{MODULES} + 2 copies of the model": lambda load: copies(load),
        PROMPT: lambda load: plain(_adaption_prompt(load())),
        f"DCA, {TOKENS} tokens": lambda load: plain(_dca(load())),
        f"DCA, {TOKENS} tokens, variance penalty": lambda load: penalised(_dca(load())),
    }


def plain(model: Any) -> Built:
    """The model's own loss."""

    def loss(batch: Batch) -> Tensor:
        found: Tensor = model(**batch, use_cache=False).loss
        return found

    return model, loss


def routed(base: Any, combine: Combination) -> Built:
    """An invariant module, and one of several that the router chooses for each row."""
    model = _iclm(base, combine)
    views, loss = model.base_model.views, plain(model)[1]

    def with_route(batch: Batch) -> Tensor:
        views.written(batch["labels"] != IGNORED)
        total: Tensor = loss(batch) + views.routing.loss
        return total

    return model, with_route


def mixed(base: Any) -> Built:
    """All modules on every row, weighted by the router's probabilities."""
    model = _iclm(base, Combination("mixture", "module"))
    views, choices, loss = model.base_model.views, model.base_model.choices, plain(model)[1]
    router = views.routing.routers["module"]

    def with_all(batch: Batch) -> Tensor:
        written = batch["labels"] != IGNORED
        pooled = views.routing.read("embeddings", batch, written)
        router.learn(pooled)
        views.written(written)
        with choices.making({"module": router.probabilities(pooled)}):
            return loss(batch)

    return model, with_all


def copies(load: Callable[[], Any]) -> Built:
    """Each module a complete copy of the model."""
    model = SeparateCopies(lambda: _lora(load()), MODULES)
    return model, model.loss


def penalised(model: Any) -> Built:
    """The loss plus the variance of the slot's contribution over the batch, meaned over the layers."""
    loss, penalty = plain(model)[1], Variance()

    def with_penalty(batch: Batch) -> Tensor:
        value = loss(batch)
        predicts = (batch["labels"][:, 1:] != IGNORED).unsqueeze(-1)  # the state at t predicts token t + 1
        counts = predicts.sum(1).clamp(min=1)
        layers = model.base_model.contributions("skill").values()
        spreads = [penalty((layer[:, :-1].float() * predicts).sum(1) / counts) for layer in layers]
        return value + torch.stack(spreads).mean()

    return model, with_penalty


def _lora(base: Any) -> Any:
    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(base, config)


def _adaption_prompt(base: Any) -> Any:
    layers = base.config.num_hidden_layers
    return get_peft_model(base, AdaptionPromptConfig(adapter_len=TOKENS, adapter_layers=layers, task_type="CAUSAL_LM"))


def _dca(base: Any) -> Any:
    return _slots(base, [TokenSlot("skill", tokens=TOKENS)])


def _iclm(base: Any, combine: Combination) -> Any:
    slots = [LowRankSlot("rule", RANK, 2 * RANK), LowRankSlot("module", RANK, 2 * RANK, parts=MODULES, choose="module")]
    return _slots(base, slots, combine, [Chooser("module", MODULES, "router", router="vq")])


def _slots(
    base: Any, slots: Sequence[Slot], combine: Combination | None = None, choosers: Sequence[Chooser] = ()
) -> Any:
    config = SlotsConfig(
        slots=[slot_to_dict(slot) for slot in slots],
        combine=combine.to_dict() if combine else {},
        choosers=[chooser.to_dict() for chooser in choosers],
        task_type="CAUSAL_LM",
    )
    return get_peft_model(base, config)


def make_batches(options: Any) -> list[dict[str, Tensor]]:
    """The batches of all arms."""
    experiment = load_experiment("letters")
    _, tokenizer = load_model(options.model)
    encoded = Encoder(tokenizer, experiment.spec.prompt, experiment.write, 512)(load_data(experiment, 1).train)
    rows = EncodedRows(encoded, [1.0] * len(encoded))
    together = collate(tokenizer.pad_token_id)
    chosen = [rows[i % len(rows)] for i in range((options.steps + WARM_UP) * options.batch)]
    found = [together(chosen[i : i + options.batch]) for i in range(0, len(chosen), options.batch)]
    return [{name: batch[name] for name in ("input_ids", "attention_mask", "labels")} for batch in found]


def measure(build: Callable[[Any], Built], batches: list[dict[str, Tensor]], name: str) -> tuple[float, int]:
    """Median seconds of a step, and the number of trained parameters."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, loss = build(lambda: load_model(name)[0])
    model.to(device).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-3)
    times = []
    for batch in batches:
        inputs = {key: value.to(device) for key, value in batch.items()}
        start = time.perf_counter()
        torch.autograd.backward(loss(inputs))
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[WARM_UP:]), count_parameters(model)[1]


def memory(name: str, options: Any) -> float:
    """Peak MiB of an arm, or of a process that only holds the model and the batches, in a process of its own."""
    arguments = ["--memory-of", name]
    for option in ("model", "steps", "batch"):
        arguments += [f"--{option}", str(getattr(options, option))]
    return peak_of("tests.benchmarks.bench_slots", arguments)


def in_own_process(options: Any) -> None:
    """Do the work of one arm and print the peak."""
    batches = make_batches(options)
    if options.memory_of == IDLE:
        model = load_model(options.model)[0]
        model.to("cuda" if torch.cuda.is_available() else "cpu")
    else:
        measure(arms()[options.memory_of], batches, options.model)
    sys.stdout.write(f"{peak()}\n")


def ratio(times: list[float], reference: list[float]) -> tuple[str, str]:
    """Median and range over the rounds of the ratio to a reference."""
    ratios = [value / other for value, other in zip(times, reference, strict=True)]
    return f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--model", default="default", help="'default', a folder or a hub id")
    parser.add_argument("--only", default="", help="name parts of the arms beside the references, with commas")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        in_own_process(options)
        return
    parts = [part for part in options.only.split(",") if part]
    chosen = {n: a for n, a in arms().items() if not parts or any(part in n for part in parts)}
    needed = {LORA} | ({PROMPT} if any(name.startswith("DCA") for name in chosen) else set())
    chosen = {name: arm for name, arm in arms().items() if name in chosen or name in needed}
    batches = make_batches(options)
    times: dict[str, list[float]] = {name: [] for name in chosen}
    trained: dict[str, int] = {}
    for turn in range(options.rounds):
        for name in list(chosen) if turn % 2 == 0 else list(chosen)[::-1]:
            step, trained[name] = measure(chosen[name], batches, options.model)
            times[name].append(step)
    idle = memory(IDLE, options)
    table = Printed(title=f"Step time, {options.rounds} rounds of {options.steps} steps, batch {options.batch}")
    for heading in ("", "trained", "median ms", "ratio to LoRA", "range", "to AdaptionPrompt", "range", "peak MiB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, values in times.items():
        own = ratio(values, times[PROMPT]) if name.startswith("DCA") else ("", "")
        table.add_row(
            name,
            f"{trained[name]:,}",
            f"{1000 * statistics.median(values):.1f}",
            *ratio(values, times[LORA]),
            *own,
            f"{memory(name, options) - idle:.0f}",
        )
    console = Console(width=140)
    console.print(table)
    console.print(f"Peak memory is above that of an idle process with the model, {idle:.0f} MiB.")


if __name__ == "__main__":
    main()
