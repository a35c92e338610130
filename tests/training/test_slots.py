"""Graphs with slots on tiny random models: what is attached, measured and trained, against the formulas by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from causal_reasoning.errors import InputError
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.baselines.cat import CausalAttention
from causal_reasoning.objective.loss import Loss
from causal_reasoning.objective.penalties.paired import Paired
from causal_reasoning.objective.penalties.variance import Variance
from causal_reasoning.training.equip import equip
from causal_reasoning.training.slots import record, slots_of
from causal_reasoning.training.step import TorchStep
from tests.adapter.small import HEADS, LAYERS, WIDTH, base, scores
from tests.training.slotted import (
    OTHERS,
    ROWS,
    attached,
    batch,
    changed,
    gradient,
    parts_in,
    router_of,
    with_part,
)

# -- attaching -----------------------------------------------------------------------------------------------------


def test_what_is_attached_is_what_the_graph_says() -> None:
    dca = attached(load_graph("dca"), scale=0)
    tokens = {name: tuple(p.shape) for name, p in parts_in(dca).items()}
    assert sorted(tokens.values()) == [(1, HEADS)] * LAYERS + [(1, 10, WIDTH)] * LAYERS
    iclm = attached(load_graph("iclm"), scale=0)
    shapes = {name.rsplit(".", 1)[-1]: p.shape for name, p in parts_in(iclm, "slots_down").items()}
    assert shapes["invariant"][0] == 1
    assert shapes["module"][0] == 4, "as many as the router has"
    adjusted = attached(load_graph("iclm_adjusted"), scale=0)
    assert {p.shape[0] for name, p in parts_in(adjusted, "slots_up").items() if "module" in name} == {3}


def test_a_fresh_adapter_changes_nothing_and_carries_its_graph() -> None:
    for name in ("dca", "iclm", "iclm_adjusted"):
        graph, inputs = load_graph(name), {k: v for k, v in batch().items() if k in ("input_ids", "attention_mask")}
        model = attached(graph, scale=0).eval()
        found, frozen = (scores(one, **inputs).log_softmax(-1) for one in (model, base()))
        assert torch.allclose(found, frozen, atol=1e-5)
        config = model.peft_config["default"]
        assert config.graph == {"name": name, "digest": graph.digest, "text": graph.text}
        assert parse_graph(config.graph["text"]).digest == graph.digest


def test_what_a_model_does_not_have_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"^dca.yaml: the slot 'skill' asks for 7 layers, the model has 3$"):
        attached(changed("dca", ("measured: 0", "measured: 0, layers: 7")))
    with pytest.raises(InputError, match=r"^iclm.yaml: no linear layer fits the targets of the slot 'module': nosuch$"):
        attached(changed("iclm", ("rank: 4, choose", "rank: 4, targets: nosuch, choose")))
    with pytest.raises(InputError, match=r"answers are averaged over 'domain', which has 1 value in the training rows"):
        attached(load_graph("iclm_adjusted"), (1.0,))


# -- what slots add ------------------------------------------------------------------------------------------------


class Watched:
    """The inputs and outputs of some modules in the next pass."""

    def __init__(self, modules: dict[str, torch.nn.Module]) -> None:
        self.inputs: dict[str, Tensor] = {}
        self.outputs: dict[str, Tensor] = {}
        self.options: dict[str, Any] = {}
        for name, module in modules.items():
            module.register_forward_hook(self.keep(name), with_kwargs=True)

    def keep(self, name: str) -> Any:
        def hook(module: torch.nn.Module, args: Any, options: Any, output: Any) -> None:
            if name in self.inputs:
                return  # a projection is used again for the part of it that is a slot's
            self.inputs[name] = args[0].detach() if args else options["hidden_states"].detach()
            self.outputs[name] = (output[0] if isinstance(output, tuple) else output).detach()
            self.options[name] = options

        return hook


def pooled(states: Tensor, pool: str) -> Tensor:
    """By hand, row by row: positions that predict the answer, the last one read, or all that is read."""
    found = []
    for row, own in zip(ROWS, states, strict=True):
        p, t = len(row.prompt), len(row.target)
        chosen = {"answer": own[p - 1 : p + t - 1], "prompt": own[p - 1 : p], "mean": own[:p]}
        found.append(chosen[pool].mean(0))
    return torch.stack(found)


@pytest.mark.parametrize("pool", ["answer", "prompt", "mean"])
def test_what_learned_tokens_add_is_the_formula(pool: str) -> None:
    """tanh(g) · softmax(q kᵀ / √d) v, then the output projection, for one of the tokens and for all."""
    model = attached(load_graph("dca")).eval()
    attention = model.base_model.model.model.layers[-1].self_attn
    watched = Watched({"attention": attention, "out": attention.o_proj})
    step = TorchStep(model, batch())
    ours, theirs = step.contribution("skill", (), 1, pool)
    hidden, (cos, sin) = watched.inputs["attention"], watched.options["attention"]["position_embeddings"]
    size, rows, length = WIDTH // HEADS, *hidden.shape[:2]
    q = attention.q_proj(hidden).view(rows, length, HEADS, size).transpose(1, 2)
    half = size // 2
    q = q * cos[:, None] + torch.cat([-q[..., half:], q[..., :half]], dim=-1) * sin[:, None]
    tokens = attention.slots.slots_tokens["default"]["skill"][0]
    gate = attention.slots.slots_gates["default"]["skill"][0]

    def by_hand(chosen: list[int]) -> Tensor:
        heads = []
        for h in range(HEADS):
            at = size * (h // 2)  # two query heads share the keys and values of one
            k = tokens @ attention.k_proj.weight[at : at + size].T
            v = tokens @ attention.v_proj.weight[at : at + size].T
            weights = torch.softmax(q[:, h] @ k.T / size**0.5, dim=-1)
            heads.append(torch.tanh(gate[h]) * weights[..., chosen] @ v[chosen])
        found: Tensor = torch.cat(heads, dim=-1) @ attention.o_proj.weight.T
        return found

    assert torch.allclose(ours, pooled(by_hand(list(range(10))), pool), atol=1e-5)
    assert torch.allclose(ours + theirs, pooled(watched.outputs["out"], pool), atol=1e-5)
    assert not theirs.requires_grad
    first, same = step.contribution("skill", (0,), 1, pool)
    assert torch.allclose(first, pooled(by_hand([0]), pool), atol=1e-5)
    assert torch.equal(same, theirs)
    whole, beside = step.contribution("skill", (), 0, pool)
    assert whole.shape == beside.shape == (3, LAYERS * WIDTH), "layers side by side"
    assert torch.equal(whole[:, -WIDTH:], ours)
    assert step.contribution("skill", (), 2, pool)[0].shape == (3, 2 * WIDTH)


def test_what_low_rank_updates_add_is_the_formula() -> None:
    """(alpha / rank) · B A x, of the layers that write to the residual stream, summed in each layer of the model."""
    model = attached(load_graph("iclm_adjusted")).eval()
    layer = model.base_model.model.model.layers[1]
    writers = {"o_proj": layer.self_attn.o_proj, "down_proj": layer.mlp.down_proj}
    watched = Watched(writers)
    slots = slots_of(model)
    assert slots is not None
    slots.choices.recorded = frozenset({"invariant", "module"})
    step = TorchStep(model, batch())
    step.choose("domain", torch.tensor([0, 2, 0]), fixed=True)
    for name, chosen in (("invariant", [0, 0, 0]), ("module", [0, 2, 0])):
        ours, theirs = step.contribution(name, (), 0, "each")
        assert ours.shape == (3, 6, LAYERS * WIDTH)
        expected: Any = 0
        for kind, linear in writers.items():
            down, up = (m["default"][name] for m in (linear.slots_down, linear.slots_up))
            x = watched.inputs[kind]
            expected = expected + torch.stack([16 / 4 * x[b] @ down[k].T @ up[k].T for b, k in enumerate(chosen)])
        assert torch.allclose(ours[..., WIDTH : 2 * WIDTH], expected, atol=1e-5)
        frozen = sum(watched.inputs[kind] @ linear.base_layer.weight.T for kind, linear in writers.items())
        assert torch.allclose(theirs[..., WIDTH : 2 * WIDTH], torch.as_tensor(frozen), atol=1e-5)


def test_what_a_mixture_of_parts_adds_is_the_mean_over_parts() -> None:
    """Each part adds to a pass of its own; a penalty sees them weighed by p(part | text)."""
    model = attached(changed("iclm", ("parts: 4", "parts: 3, soft: true"))).train()
    slots = slots_of(model)
    assert slots is not None and slots.views is not None
    slots.choices.recorded = frozenset({"module", "invariant"})
    TorchStep(model, batch()).nll()  # the router sees rows
    router_of(model).spread.fill_(40.0)  # and is not so sure of them
    model.eval()
    step = TorchStep(model, batch())
    found = {name: step.contribution(name, (), 0, "answer")[0] for name in ("module", "invariant")}
    weights = slots.choices.known("domain")
    assert weights is not None and weights.shape == (3, 3)
    assert 0 < float(weights.min()) < float(weights.max()) < 1
    for name, value in found.items():
        parts = []
        for part in range(3):
            with with_part(model, part):
                parts.append(TorchStep(model, batch()).contribution(name, (), 0, "answer")[0])
        expected = sum(weights[:, k, None] * parts[k] for k in range(3))
        assert torch.allclose(value, torch.as_tensor(expected), atol=1e-5)


def test_a_slot_that_is_not_there_is_named() -> None:
    step = TorchStep(attached(load_graph("dca")), batch())
    with pytest.raises(InputError, match="it measures what the slot 'skil' adds, and the adapter has no such slot"):
        step.contribution("skil", (), 0, "answer")


def test_measuring_a_slot_of_another_adapter_is_refused_before_training() -> None:
    with pytest.raises(InputError, match="the adapter has no slots, so no invariant, module"):
        record(base(), compile_objective(load_graph("iclm")).loss)


# -- gradients -----------------------------------------------------------------------------------------------------


def test_gradients_reach_the_adapter_and_of_its_parts_those_in_use() -> None:
    graph = load_graph("iclm_adjusted")
    model = attached(graph).train()
    loss = compile_objective(graph).loss
    record(model, loss)
    loss(TorchStep(model, batch(), groups=3))["loss"].backward()
    for name, parameter in model.named_parameters():
        if "slots_" not in name:
            assert parameter.grad is None
            continue
        used = gradient(parameter).flatten(1).sum(1) > 0
        assert used.tolist() == ([True, False, True] if "module" in name else [True]), name


def penalised(name: str, *pairs: tuple[str, str]) -> tuple[Any, Loss]:
    graph = changed(name, *pairs)
    model = attached(graph).train()
    loss = compile_objective(graph).loss
    record(model, loss)
    return model, loss


def test_a_penalty_alone_reaches_gates_and_tokens() -> None:
    model, loss = penalised("dca")
    parts = loss(TorchStep(model, batch()))
    (parts["variance(skill)"] + parts["variance(skill).collapse"]).backward()
    for kind in ("slots_gates", "slots_tokens"):
        # All layers are measured, so each of them is reached.
        assert [float(gradient(p).max()) > 0 for p in parts_in(model, kind).values()] == [True] * LAYERS
    assert all(p.grad is None for n, p in model.named_parameters() if "slots_" not in n)


def test_a_penalty_is_the_measure_of_what_the_slot_adds() -> None:
    model, loss = penalised("dca")
    value = float(loss(TorchStep(model, batch()))["variance(skill)"].detach())
    ours, _ = TorchStep(model, batch()).contribution("skill", (0,), 0, "answer")
    assert value == pytest.approx(Variance()(ours).item(), rel=1e-5)


def test_pairs_are_two_renderings_of_the_same_rows() -> None:
    model, loss = penalised("dca_paired")
    parts = loss(TorchStep(model, batch(counterfactual=OTHERS)))
    first, second = (
        TorchStep(model, batch(rows)).contribution("skill", (0,), 0, "answer")[0] for rows in (ROWS, OTHERS)
    )
    assert parts["paired(skill)"].item() == pytest.approx(Paired()(first, second).item(), rel=1e-4)
    parts["paired(skill)"].backward()
    assert all(float(gradient(p).max()) > 0 for p in parts_in(model, "slots_gates").values())
    with pytest.raises(InputError, match="needs the view 'counterfactual' of every row"):
        loss(TorchStep(model, batch()))


def test_a_router_learns_in_each_pass_and_its_loss_is_part_of_the_step() -> None:
    model, loss = penalised("iclm", ("kind: vq", "kind: gumbel"))
    step = TorchStep(model, batch())
    parts = loss(step)
    assert parts["loss"].item() == pytest.approx((parts["unrouted"] + parts["router"]).item(), rel=1e-5)
    parts["router"].backward()
    (prototypes,) = parts_in(model, "slots_routers").values()
    assert float(gradient(prototypes).max()) > 0


def test_attention_maps_are_those_of_a_model_that_still_has_its_slots() -> None:
    """An objective that needs maps switches the implementation, and must not switch the slots off with it."""
    model = attached(load_graph("dca"))
    before = TorchStep(model, batch()).nll()
    equip(model, CausalAttention("hinge", 1.0, 1.0, 0.5))
    step = TorchStep(model, batch())
    maps = step.attention()
    assert torch.allclose(maps.sum(1), torch.ones(len(maps)), atol=1e-5)
    assert torch.allclose(step.nll(), before, atol=1e-5)
    without = TorchStep(base(attention="eager"), batch())
    assert not torch.allclose(step.nll(), without.nll(), atol=1e-3)
