"""What the parts of an adapter do: how active and alike they are, who is routed where, what each does alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from causal_reasoning.adapter import SlotsModel
from causal_reasoning.adapter.analysis import (
    error_agreement,
    hsic_correlation,
    linear_cka,
    relative_spread,
    route_alignment,
    usage,
)
from causal_reasoning.adapter.routing import Chooser
from causal_reasoning.adapter.spec import LowRankSlot, TokenSlot
from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.slots import announce, slots_of

_AT_ONCE = 125
_FEW = 24
"""Columns with more values than this are no domains."""


def analyse_slots(
    model: Any,
    rows: list[Encoded],
    pad: int,
    labels: Mapping[str, Sequence[str]],
    *,
    seed: int = 0,
    under_do: list[Encoded] | None = None,
) -> dict[str, Any] | None:
    """Look at the parts of a trained adapter on some rows.

    Parameters
    ----------
    model : PeftModel
        Any model; its training mode is restored afterwards.
    rows : list of Encoded
        N rows, a few hundred.
    pad : int
        Id of the padding token.
    labels : mapping of str to sequence of str
        Columns that routes are compared with, N values each.
    seed : int
        Of the shuffled rows that dependence is compared with.
    under_do : list of Encoded, optional
        Rows in which the treatment was set: a part that serves every domain should be as good there.

    Returns
    -------
    dict or None
        ``None`` for an adapter without slots. Else ``slots``: for each its ``activity`` (squared length of what it
        adds, relative to what the frozen layers add at the same places), its ``spread`` (the share of that length that
        varies with the text), and for tokens ``attention`` (mean weight of each token behind its gate, a list a layer);
        ``pairs``: CKA and HSIC of what two slots add, and HSIC with the rows of one shuffled; ``choices``: usage of the
        parts, agreement of routes with each column, and a plane through what a router reads; ``alone``: the share of
        rows whose answer each part gets right by itself, as observed and with the treatment set, and the agreement of
        their errors as observed (Cohen's kappa).
    """
    adapter = slots_of(model)
    if adapter is None or not rows:
        return None
    training = model.training
    model.eval()
    adapter.choices.recorded = frozenset(s.name for s in adapter.slots() if isinstance(s, LowRankSlot))
    try:
        with torch.no_grad():
            seen = _watch(model, adapter, rows, pad)
            return {
                "rows": len(rows),
                "slots": {name: seen.slot(name) for name in seen.added},
                "pairs": _pairs(seen.added, seed),
                "choices": {c.name: _choice(adapter, c, seen, labels) for c in _choosers(adapter)},
                "alone": _alone(model, adapter, rows, under_do or [], pad),
            }
    finally:
        adapter.choices.recorded = frozenset()
        model.train(training)


class _Seen:
    """What was watched: per slot and row the pooled contribution, and per choice the route of each row."""

    def __init__(self) -> None:
        self.added: dict[str, NDArray[np.float64]] = {}
        self.beside: dict[str, NDArray[np.float64]] = {}
        self.attention: dict[str, NDArray[np.float64]] = {}
        self.routes: dict[str, NDArray[np.int64]] = {}
        self.read: dict[str, NDArray[np.float64]] = {}

    def slot(self, name: str) -> dict[str, Any]:
        """One slot as plain data."""
        ours, theirs = (float(np.square(part[name]).sum(1).mean()) for part in (self.added, self.beside))
        found: dict[str, Any] = {
            "activity": _number(ours / theirs if theirs > 0 else float("nan")),
            "spread": _number(relative_spread(self.added[name])),
        }
        if name in self.attention:
            found["attention"] = np.round(self.attention[name], 5).tolist()
        return found


def _choosers(adapter: SlotsModel) -> tuple[Chooser, ...]:
    return adapter.views.routing.choosers if adapter.views is not None else ()


def _watch(model: Any, adapter: SlotsModel, rows: list[Encoded], pad: int) -> _Seen:
    device, together = next(model.parameters()).device, collate(pad)
    data = EncodedRows(rows, [1.0] * len(rows))
    parts: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
    counted: list[int] = []
    for start in range(0, len(rows), _AT_ONCE):
        batch = together([data[i] for i in range(start, min(start + _AT_ONCE, len(rows)))])
        ids, mask, labels = (batch[name].to(device) for name in ("input_ids", "attention_mask", "labels"))
        # All parts of a mixture run at once; what is watched is the part that is most probable.
        fixed = _routes(adapter, {"input_ids": ids, "attention_mask": mask}, labels != IGNORED)
        predicts = torch.zeros_like(labels, dtype=torch.bool)
        predicts[:, :-1] = labels[:, 1:] != IGNORED
        counted.append(int(predicts.sum()))
        announce(model, labels)
        with adapter.choices.making(fixed):
            model(input_ids=ids, attention_mask=mask, use_cache=False)
        weight = predicts.unsqueeze(-1).float()
        added = adapter.added()
        for slot in adapter.slots():
            try:
                ours, theirs = added.of(slot.name, len(ids))
            except KeyError:  # no layer of it writes to the residual stream
                continue
            for key, values in (("added", ours), ("beside", theirs)):
                pooled = (values * weight).sum(1) / weight.sum(1).clamp(min=1)
                parts.setdefault(key, {}).setdefault(slot.name, []).append(pooled.double().cpu().numpy())
            if isinstance(slot, TokenSlot):
                shown = [
                    (attended[slot.name].gated[: len(ids)].float().abs().mean(1) * weight).sum((0, 1)).double().cpu()
                    for _, attended, _ in added.tokens
                    if slot.name in attended
                ]
                parts.setdefault("attention", {}).setdefault(slot.name, []).append(torch.stack(shown).numpy())
        for name, route in fixed.items():
            parts.setdefault("routes", {}).setdefault(name, []).append(route.double().cpu().numpy())
        for chooser in _choosers(adapter):
            if chooser.by == "router" and adapter.views is not None:
                inputs = {"input_ids": ids, "attention_mask": mask}
                read = adapter.views.routing.read(chooser.reads, inputs, labels != IGNORED)
                parts.setdefault("read", {}).setdefault(chooser.name, []).append(read.double().cpu().numpy())
    seen = _Seen()
    for key in ("added", "beside", "read"):
        getattr(seen, key).update({name: np.concatenate(found) for name, found in parts.get(key, {}).items()})
    seen.routes = {name: np.concatenate(found).astype(int) for name, found in parts.get("routes", {}).items()}
    seen.attention = {
        name: np.sum(np.stack(found), axis=0) / max(sum(counted), 1)
        for name, found in parts.get("attention", {}).items()
    }
    return seen


def _routes(adapter: SlotsModel, inputs: Mapping[str, Any], written: torch.Tensor) -> dict[str, torch.Tensor]:
    """The part that each row would use: a router's nearest, or the most frequent one."""
    found: dict[str, torch.Tensor] = {}
    for chooser in _choosers(adapter):
        if chooser.by == "router" and adapter.views is not None:
            routing = adapter.views.routing
            found[chooser.name] = routing.routers[chooser.name].choose(routing.read(chooser.reads, inputs, written))
        elif chooser.by == "prior":
            best = int(np.argmax(chooser.prior))
            found[chooser.name] = torch.full((len(written),), best, device=written.device)
    return found


def _pairs(added: Mapping[str, NDArray[np.float64]], seed: int) -> list[dict[str, Any]]:
    names, rng = sorted(added), np.random.default_rng(seed)
    found = []
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            a, b = added[one], added[other]
            shuffled = b[rng.permutation(len(b))]
            found.append(
                {
                    "slots": [one, other],
                    "cka": _number(linear_cka(a, b)),
                    "hsic": _number(hsic_correlation(a, b)),
                    "hsic_shuffled": _number(hsic_correlation(a, shuffled)),
                }
            )
    return found


def _choice(adapter: SlotsModel, chooser: Chooser, seen: _Seen, labels: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {"by": chooser.by, "parts": chooser.parts}
    if chooser.by == "prior":
        return {**found, "prior": [round(p, 6) for p in chooser.prior]}
    if chooser.name not in seen.routes:
        return found
    routes = seen.routes[chooser.name].tolist()
    used = usage(routes, chooser.parts)
    found |= {"router": chooser.router, "soft": chooser.soft}
    found |= {"shares": list(used.shares), "effective": used.effective, "dead": list(used.dead)}
    alignments = {}
    for column, values in labels.items():
        if 1 < len(set(values)) <= _FEW:
            table = route_alignment(routes, values, chooser.parts)
            alignments[column] = {
                "values": list(table.domains),
                "counts": [list(row) for row in table.counts],
                "matched": _number(table.matched),
                "information": _number(table.information),
            }
    found["columns"] = alignments
    if chooser.name in seen.read:
        plane = _plane(seen.read[chooser.name])
        found["plane"] = {"points": np.round(plane, 3).tolist(), "routes": routes}
        found["plane"]["values"] = {column: list(labels[column]) for column in alignments}
    return found


def _plane(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The first two principal components of standardised rows; signs are fixed by the largest entry."""
    centred = values - values.mean(0)
    scaled = centred / np.maximum(centred.std(0), 1e-9)
    _, _, axes = np.linalg.svd(scaled, full_matrices=False)
    two = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(1)])[:, None]
    plane: NDArray[np.float64] = scaled @ two.T
    return plane / max(float(np.abs(plane).max()), 1e-9)


def _alone(model: Any, adapter: SlotsModel, rows: list[Encoded], under_do: list[Encoded], pad: int) -> dict[str, Any]:
    """Teacher-forced exactness of parts by themselves, and the agreement of their errors."""
    slots = adapter.slots()
    names = [slot.name for slot in slots]
    variants: dict[str, tuple[list[str], dict[str, int]]] = {"all": ([], {}), "none": (names, {})}
    for slot in slots:
        others = [name for name in names if name != slot.name]
        if slot.parts == 1 and others:
            variants[f"{slot.name} alone"] = (others, {})
        for part in range(slot.parts if slot.parts > 1 else 0):
            variants[f"{slot.name} {part + 1} alone"] = (others, {slot.choose: part})
        if others and slot.parts > 1:
            variants[f"without {slot.name}"] = ([slot.name], {slot.choose: 0})
    right: dict[str, NDArray[np.bool_]] = {}
    there: dict[str, float] = {}
    for name, (muted, fixed) in variants.items():
        with adapter.choices.alone(muted, fixed):
            _, right[name] = score(model, rows, pad, _AT_ONCE)
            if under_do:
                there[name] = round(float(score(model, under_do, pad, _AT_ONCE)[1].mean()), 6)
    single = [name for name in variants if name.endswith(" alone")]
    return {
        "right": {name: round(float(exact.mean()), 6) for name, exact in right.items()},
        "right_under_do": there,
        "kappa": [
            {"parts": [one, other], "kappa": _number(error_agreement(right[one].tolist(), right[other].tolist()))}
            for i, one in enumerate(single)
            for other in single[i + 1 :]
        ],
    }


def _number(value: float) -> float | None:
    """A number that JSON can hold, with six digits; nothing for one that is not defined."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
