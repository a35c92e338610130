"""Adapters of shipped graphs on every architecture: trained, saved, loaded in a new process, equal to the last bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model
from transformers import AutoModelForCausalLM

from causal_reasoning.adapter import slots_config
from causal_reasoning.graph import load_graph
from causal_reasoning.objective import compile_objective
from tests.adapter.small import base, batch, generated, scores
from tests.shared import shared

ARCHITECTURES = ["llama", "qwen2", "mistral", "gpt2", "gpt neox", "opt", "stories260K"]
GRAPHS = ["dca", "iclm"]

LOAD = """\
import sys, torch, causal_reasoning.adapter
from peft import AutoPeftModelForCausalLM
for folder in sys.argv[1:]:
    model = AutoPeftModelForCausalLM.from_pretrained(folder).eval()
    kept = torch.load(folder + "/kept.pt")
    with torch.no_grad():
        found = model(**kept["inputs"]).logits
    assert torch.equal(found, kept["scores"]), folder
    print("equal")
"""


def trained(model: Any, graph: str, inputs: dict[str, torch.Tensor]) -> Any:
    """Take a few steps of plain likelihood; all that is trained are the parts of the graph."""
    found = load_graph(graph)
    layout = compile_objective(found).layout
    assert layout is not None
    peft = get_peft_model(model, slots_config(layout, graph=found))
    optimizer = torch.optim.Adam([p for p in peft.parameters() if p.requires_grad], lr=0.05)
    labels = inputs["input_ids"].masked_fill(inputs["attention_mask"] == 0, -100)
    peft.train()
    for _ in range(4):
        optimizer.zero_grad()
        torch.autograd.backward(peft(**inputs, labels=labels).loss)
        optimizer.step()
    return peft.eval()


def test_what_shipped_graphs_train_comes_back_in_a_new_process(tmp_path: Path) -> None:
    inputs = batch()
    folders = []
    for architecture in ARCHITECTURES:
        home = tmp_path / architecture
        if architecture == "stories260K":
            home = shared("models/stories260K")
        else:
            base(architecture).save_pretrained(home)
        for graph in GRAPHS:
            model = AutoModelForCausalLM.from_pretrained(home).eval()
            before = scores(model, **inputs)
            peft = trained(model, graph, inputs)
            after = scores(peft, **inputs)
            what = f"{graph} on {architecture}"
            assert not torch.allclose(after, before, atol=1e-3), what
            assert torch.equal(generated(peft, cache=True, **inputs), generated(peft, cache=False, **inputs)), what
            folders.append(tmp_path / what)
            peft.save_pretrained(folders[-1])
            torch.save({"inputs": inputs, "scores": after}, folders[-1] / "kept.pt")
    command = [sys.executable, "-c", LOAD, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["equal"] * len(folders)), done.stderr[-2000:]
