"""What is said of an adapter's parts is what a hand computation says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from causal_reasoning.adapter import SlotsModel
from causal_reasoning.data.encode import Encoded
from causal_reasoning.evaluation.slot_analysis import analyse_slots
from causal_reasoning.graph import load_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.model import load_model
from causal_reasoning.training.slots import attach_slots, slots_of
from tests.tiny import make_model

ROWS = [Encoded((1, 5 + i, 9, 30 + i % 7), (40 + i % 5, 2)) for i in range(24)]
LABELS = {"style": ["a", "b"] * 12, "words": [f"w{i}" for i in range(24)], "same": ["x"] * 24}


def made(folder: Path, name: str) -> Any:
    """A tiny model with the adapter of a shipped graph, whose parts were moved away from zero."""
    model, _ = load_model(str(make_model(folder)))
    plan = compile_objective(load_graph(name))
    assert plan.layout is not None
    peft = attach_slots(model, plan.layout)
    torch.manual_seed(3)
    for key, parameter in peft.named_parameters():
        if parameter.requires_grad:
            parameter.data.normal_(std=0.3 if "gates" in key else 0.2)
    return peft


def slots(peft: Any) -> SlotsModel:
    """The slots of a model that has some."""
    found = slots_of(peft)
    assert found is not None
    return found


def test_an_adapter_without_slots_has_no_parts(tmp_path: Path) -> None:
    model, _ = load_model(str(make_model(tmp_path)))
    assert analyse_slots(model, ROWS, 0, LABELS) is None


def test_tokens_are_as_active_as_what_they_add(tmp_path: Path) -> None:
    peft = made(tmp_path, "dca")
    found = analyse_slots(peft, ROWS, 0, LABELS)
    assert found is not None
    ids = torch.tensor([row.prompt + row.target for row in ROWS])
    with torch.no_grad():
        peft(input_ids=ids)
    (ours,) = slots(peft).contributions("skill").values()
    predicting = ours[:, 3:5].mean(1)  # the last position that is read, and the answer's first
    (module,) = [m for m in slots(peft).model.modules() if getattr(m, "beside", None) is not None]
    theirs = module.project(module.beside)[:, 3:5].mean(1)
    told = found["slots"]["skill"]
    assert told["activity"] == pytest.approx(float(ours_over(predicting, theirs)), rel=1e-4)
    spread = float((predicting - predicting.mean(0)).square().sum(1).mean() / predicting.square().sum(1).mean())
    assert told["spread"] == pytest.approx(spread, abs=1e-5)
    gated = module.attended["skill"].gated.abs().mean(1)[:, 3:5].mean((0, 1))
    assert np.allclose(told["attention"], [gated.tolist()], atol=1e-4)


def ours_over(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """Ratio of mean squared lengths."""
    return ours.square().sum(1).mean() / theirs.square().sum(1).mean()


def test_a_slot_that_is_switched_off_is_inactive(tmp_path: Path) -> None:
    peft = made(tmp_path, "dca")
    for key, parameter in peft.named_parameters():
        if "gates" in key:
            parameter.data.zero_()
    found = analyse_slots(peft, ROWS, 0, LABELS)
    assert found is not None
    assert found["slots"]["skill"]["activity"] == 0
    assert found["slots"]["skill"]["spread"] is None
    assert found["alone"]["right"]["all"] == found["alone"]["right"]["none"]


def test_parts_alone_answer_as_a_model_with_the_others_taken_out(tmp_path: Path) -> None:
    peft = made(tmp_path, "iclm")
    few = ROWS[: len(ROWS) // 2]
    found = analyse_slots(peft, ROWS, 0, LABELS, under_do=few)
    assert found is not None
    right, there = found["alone"]["right"], found["alone"]["right_under_do"]
    assert list(there) == list(right)
    assert there["all"] == pytest.approx(score(peft, few, 0)[1].mean(), abs=1e-6)
    assert set(right) == {
        *("all", "none", "invariant alone", "without module"),
        *(f"module {k} alone" for k in (1, 2, 3, 4)),
    }
    ups = {key: p for key, p in peft.named_parameters() if "slots_up" in key}
    kept = {key: p.detach().clone() for key, p in ups.items()}
    for part in range(4):
        for key, parameter in ups.items():
            # Only this part is left, in the place of every part.
            parameter.data.copy_(kept[key][part].expand_as(parameter) if "module" in key else 0 * kept[key])
        _, exact = score(peft, ROWS, 0)
        assert right[f"module {part + 1} alone"] == pytest.approx(exact.mean(), abs=1e-6)
    for key, parameter in ups.items():
        parameter.data.copy_(kept[key] if "invariant" in key else 0 * kept[key])
    assert there["invariant alone"] == pytest.approx(score(peft, few, 0)[1].mean(), abs=1e-6)
    _, exact = score(peft, ROWS, 0)
    assert right["invariant alone"] == right["without module"] == pytest.approx(exact.mean(), abs=1e-6)


def test_routes_are_counted_and_compared_with_columns_of_few_values(tmp_path: Path) -> None:
    peft = made(tmp_path, "iclm")
    routers: Any = slots(peft).slots_routers["default"]
    router = routers["domain"]
    torch.manual_seed(0)
    router.prototypes.normal_()
    found = analyse_slots(peft, ROWS, 0, LABELS)
    assert found is not None
    told = found["choices"]["domain"]
    embedded = peft.get_input_embeddings().weight[torch.tensor([row.prompt for row in ROWS])].mean(1)
    nearest = (embedded[:, None] - router.prototypes[None]).square().sum(-1).argmin(-1)
    counts = torch.bincount(nearest, minlength=4)
    assert told["shares"] == pytest.approx((counts / 24).tolist())
    assert told["plane"]["routes"] == nearest.tolist()
    assert set(told["columns"]) == {"style", "words"}
    assert np.sum(told["columns"]["style"]["counts"]) == 24
    assert np.abs(told["plane"]["points"]).max() == pytest.approx(1, abs=1e-3)
    (pair,) = found["pairs"]
    assert pair["slots"] == ["invariant", "module"]
    assert 0 <= pair["cka"] <= 1


def test_looking_changes_nothing(tmp_path: Path) -> None:
    peft = made(tmp_path, "iclm").train()
    before = {key: value.clone() for key, value in peft.state_dict().items()}
    analyse_slots(peft, ROWS, 0, LABELS)
    assert peft.training
    assert slots(peft).choices.recorded == frozenset()
    assert all(torch.equal(before[key], value) for key, value in peft.state_dict().items())
