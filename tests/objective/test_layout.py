"""What graphs ask of the adapter's structure, what is refused, what it costs, and the loss of rows that are routed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from causal_reasoning.errors import CausalReasoningError, InputError, NoValidPlanError
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.graph.slots import RouterSpec, TokenSlotSpec
from causal_reasoning.objective import compile_objective, derive
from causal_reasoning.objective.baselines.cft import TwoModels
from causal_reasoning.objective.layout import AdapterLayout, ChoicePlan, RoutedLoss
from causal_reasoning.objective.loss import Equipped, Loss, WeightedLikelihood
from causal_reasoning.objective.penalties.loss import PenalisedLoss
from causal_reasoning.objective.plan import ObjectivePlan


def text_of(name: str, *pairs: tuple[str, str], objective: str = "") -> str:
    text = Path(load_graph(name).source).read_text(encoding="utf-8").split("objective:")[0]
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text + (f"objective: {{{objective}}}\n" if objective else "")


def plan_of(name: str, *pairs: tuple[str, str], objective: str = "") -> ObjectivePlan:
    return derive(parse_graph(text_of(name, *pairs, objective=objective), f"{name}.yaml")).plan


def layout_of(name: str, *pairs: tuple[str, str], objective: str = "") -> AdapterLayout:
    layout = plan_of(name, *pairs, objective=objective).layout
    assert layout is not None
    return layout


SOFT = ("parts: 4}", "parts: 4, soft: true}")


# -- layouts -------------------------------------------------------------------------------------------------------


def test_a_graph_without_slots_has_no_layout_and_its_loss_stays() -> None:
    plan = compile_objective(load_graph("reasoning"))
    assert plan.layout is None
    assert isinstance(plan.loss, WeightedLikelihood)
    assert (plan.to_dict()["layout"], plan.to_dict()["slots"]) == (None, [])


def test_the_layout_of_dca_is_one_slot() -> None:
    plan = compile_objective(load_graph("dca"))
    assert plan.layout == AdapterLayout((("skill", TokenSlotSpec(kind="tokens", tokens=10, measured=(0,))),))
    assert isinstance(plan.loss, PenalisedLoss), "nobody chooses, so nothing is routed"
    assert plan.layout.lines() == [("skill: 10 tokens", "learned tokens with gates that start at zero; always on")]


def test_the_layout_of_iclm_has_a_router() -> None:
    plan = compile_objective(load_graph("iclm"))
    layout = plan.layout
    assert layout is not None
    assert layout.choices == (ChoicePlan("domain", RouterSpec(kind="vq", parts=4)),)
    assert (layout.combine, layout.groups) == ("sum", ())
    assert isinstance(plan.loss, RoutedLoss)
    assert plan.labels == (), "a router of this kind learns from what is read alone"
    assert layout.lines() == [
        ("invariant: rank 4", "low-rank updates; always on"),
        ("module: rank 4", "low-rank updates; one of several parts, chosen by domain"),
        ("domain chooses", "a router (vq, 4 parts); the most probable one by p(domain | text)"),
    ]


def test_the_layout_of_the_adjusted_one_averages_over_the_domains_own_probabilities() -> None:
    plan = compile_objective(load_graph("iclm_adjusted"))
    layout = plan.layout
    assert layout is not None
    assert layout.choices == (ChoicePlan("domain", None, "domain"),)
    assert layout.combine == "mixture"
    assert plan.estimator == "standardization"
    assert plan.strata is not None
    assert plan.strata.slots == ("module",)
    # The penalty of the graph groups the batch by the same column; the choice asks for it by name.
    assert plan.groups == ("domain",)
    assert plan.labels == (("domain",),)
    assert layout.lines()[2:] == [
        ("domain chooses", "each training row its own domain; in use all, weighed by P(domain)"),
        ("mixture", "whole answers of the parts are averaged"),
    ]


def test_a_label_is_asked_of_the_rows() -> None:
    plan = plan_of("iclm", ("kind: vq", "kind: label, label: topic_name"))
    assert plan.labels == (("topic_name",),)


def test_chosen_slots_and_the_others_are_the_groups_of_views() -> None:
    for kind in ("experts", "head"):
        assert layout_of("iclm", objective=f"combine: {kind}").groups == (("module",), ("invariant",))
    assert layout_of("iclm", objective="combine: sum").groups == ()
    assert layout_of("iclm", SOFT).combine == "mixture"
    # A soft router may also mix the parts themselves, in one pass.
    assert layout_of("iclm", SOFT, objective="combine: sum").combine == "sum"


def test_a_layout_as_plain_data() -> None:
    whole = compile_objective(load_graph("iclm")).to_dict()
    data = whole["layout"]
    assert whole["slots"] == data["slots"]
    assert [slot["node"] for slot in data["slots"]] == ["invariant", "module"]
    assert data["slots"][1]["choose"] == "domain"
    assert data["choices"] == [
        {
            "node": "domain",
            "router": {"kind": "vq", "parts": 4, "reads": "embeddings", "label": None, "soft": False},
            "column": None,
        }
    ]
    assert (data["combine"], data["groups"]) == ("sum", [])


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pairs", "objective", "expected"),
    [
        ("erm", (), "combine: sum", "objective.combine: 'sum' puts slots together, and no node is one; leave it out"),
        (
            "iclm",
            (),
            "combine: mixture",
            "objective.combine: 'mixture' needs a router with 'soft: true', or a node that is averaged over",
        ),
        (
            "dca",
            (),
            "combine: experts",
            "objective.combine: 'experts' joins slots with parts and slots without; the graph needs both",
        ),
        (
            "iclm_modules",
            (),
            "combine: head",
            "objective.combine: 'head' joins slots with parts and slots without; the graph needs both",
        ),
        (
            "iclm",
            (SOFT,),
            "combine: experts",
            "objective.combine: 'experts' takes one part a row, and domain asks for all of them",
        ),
        (
            "iclm_adjusted",
            (),
            "combine: head",
            "objective.combine: 'head' takes one part a row, and domain asks for all of them",
        ),
        (
            "iclm_adjusted",
            (),
            "combine: sum",
            "objective.combine: answers average over domain: that is a 'mixture'",
        ),
        (
            "iclm",
            (),
            "combine: experts, baseline: cft",
            "objective.combine: 'cft' reads, a hidden state, of which 'experts' has several a row; it needs 'sum'",
        ),
    ],
)
def test_combinations_that_slots_do_not_have_are_refused(
    name: str, pairs: tuple[tuple[str, str], ...], objective: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        plan_of(name, *pairs, objective=objective)
    assert str(caught.value) == f"{name}.yaml: {expected}"


@pytest.mark.parametrize(("kind", "pairs"), [("head", ()), ("experts", ()), ("mixture", (SOFT,))])
def test_hidden_states_are_not_measured_where_a_row_has_several(kind: str, pairs: tuple[tuple[str, str], ...]) -> None:
    hidden = (
        ("  answer: ", "  state:    {bind: {hidden: {}}}\n  answer: "),
        ("  - rule -> invariant", "  - rule -> invariant\n  - rule -> state"),
    )
    assert layout_of("iclm", *hidden).combine == "sum"
    with pytest.raises(InputError, match=rf"penalties measure 'state', a hidden state, of which '{kind}' has several"):
        plan_of("iclm", *hidden, *pairs, objective=f"combine: {kind}")
    assert layout_of("iclm", *hidden, *pairs, objective=f"combine: {kind}, penalties: none").combine == kind


@pytest.mark.parametrize("baseline", ["coral", "cft", "cat"])
def test_known_objectives_that_read_states_are_those_whose_losses_ask_for_them(baseline: str) -> None:
    """A loss that asks a step for states, by what it does; `test_layout` need not know which ones these are."""
    pairs = (("  rule:   ", "  place:     {role: confounder, bind: {column: place}}\n  rule:   "),)
    with pytest.raises(InputError, match="has several a row"):
        plan_of("iclm", *pairs, objective=f"combine: head, baseline: {baseline}")
    assert plan_of("iclm", *pairs, objective=f"combine: sum, baseline: {baseline}").layout is not None


def test_a_part_that_nobody_can_choose_in_use_is_refused() -> None:
    """Only a plan that averages over the column knows what to do with its parts."""
    unconfounded = (("  - domain -> module -> answer\n  - domain -> answer\n", ""),)
    assert "likelihood" in {refusal.estimator for refusal in plan_of("iclm_adjusted").refused}
    with pytest.raises(NoValidPlanError) as caught:
        plan_of("iclm_adjusted", *unconfounded, ("question -> module", "question\n  - domain -> module"))
    assert "domain chooses a part of module, and nobody knows it when the model is used: answers must be averaged" in (
        str(caught.value)
    )
    with pytest.raises(NoValidPlanError, match="'domain' chooses the part of module, and nobody knows it when the mod"):
        plan_of("iclm_adjusted", objective="baseline: erm")


def test_plans_that_show_a_stratum_as_text_are_refused_where_it_has_a_part_of_its_own() -> None:
    refused = {refusal.estimator: refusal.because for refusal in plan_of("iclm_adjusted").refused}
    for estimator in ("distillation", "doubly_robust", "monte_carlo", "nwgm"):
        assert refused[estimator] == (
            "domain chooses a part of module, whose answers are summed; this estimator shows it as a text"
        )
        with pytest.raises(NoValidPlanError, match=f"the estimator '{estimator}' is not valid here"):
            plan_of("iclm_adjusted", objective=f"estimator: {estimator}")
    # Weights for a text are a valid plan of such a confounder, and not of such an adapter.
    assert plan_of("iclm_adjusted", objective="nuisance: head").estimator == "standardization"


def test_a_graph_whose_treatment_the_adapter_sets_has_one_plan() -> None:
    refused = {refusal.estimator: refusal.because for refusal in plan_of("dca").refused}
    assert len(refused) == 10
    assert set(refused.values()) == {"the adapter sets skill: no row has a value of it to be weighed or averaged over"}


def test_answers_average_over_one_node_only() -> None:
    second = (
        ("  module:    ", "  kind:      {bind: {router: {parts: 2, soft: true}}}\n  module:    "),
        ("kind: low_rank, rank: 4}}}\n  kind", "kind: low_rank, rank: 4, choose: kind}}}\n  kind"),
        ("  - rule -> invariant", "  - rule -> kind -> invariant"),
    )
    with pytest.raises(NoValidPlanError, match="averaged over the values of one node, not over those of domain and ki"):
        plan_of("iclm", SOFT, *second)


# -- cost ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pairs", "objective", "train", "inference"),
    [
        ("dca", (), "", 1, 1),
        ("dca_paired", (), "", 2, 1),  # a second rendering of each row
        ("dca_paired", (), "penalties: none", 1, 1),
        ("iclm", (), "", 1, 1),
        ("iclm", (("parts: 4}", "parts: 4, reads: hidden}"),), "", 2, 2),
        ("iclm", (SOFT,), "", 4, 4),
        ("iclm", (("parts: 4}", "parts: 4, soft: true, reads: hidden}"),), "", 5, 5),
        ("iclm", (SOFT,), "combine: sum", 1, 1),
        ("iclm", (), "combine: experts", 3, 3),
        ("iclm", (), "combine: head", 2, 2),
        ("iclm_adjusted", (), "", 1, "K"),
    ],
)
def test_forward_passes(
    name: str, pairs: tuple[tuple[str, str], ...], objective: str, train: object, inference: object
) -> None:
    passes = plan_of(name, *pairs, objective=objective).forward_passes
    assert passes.to_dict() == {"train": train, "inference": inference}


def test_views_multiply_the_passes_of_strata() -> None:
    confounded = (
        ("  topic:   ", "  source:    {role: confounder, bind: {column: source}}\n  topic:   "),
        ("  - topic -> question", "  - topic -> question\n  - source -> question\n  - source -> answer"),
    )
    assert plan_of("iclm", *confounded).forward_passes.to_dict() == {"train": 1, "inference": "K"}
    experts = plan_of("iclm", *confounded, objective="combine: experts, estimator: distillation")
    assert experts.forward_passes.to_dict() == {"train": "3 K + 3", "inference": 3}


# -- formula -------------------------------------------------------------------------------------------------------


def test_a_penalty_stands_in_the_loss_and_not_behind_the_answer() -> None:
    assert plan_of("dca").formula == "L(θ) = E[ −log p_θ(answer | question) ] + 0.1 · variance(skill)"
    assert plan_of("iclm_adjusted").formula == (
        "L(θ) = E[ −log p_θ(answer | question, domain) ] + 0.1 · hsic(invariant, domain),  "
        "answer by Σ_{domain} P(domain) p_θ(answer | question, domain)"
    )
    latex = plan_of("iclm_adjusted").latex
    assert latex.index("hsic") < latex.index(r"\quad")


# -- the loss ------------------------------------------------------------------------------------------------------


class ToyStep:
    """A step that notes what it is told."""

    def __init__(self, router: float | None = None) -> None:
        self.weight = torch.ones(2)
        self.told: list[tuple[str, list[int], bool]] = []
        self.router = None if router is None else torch.tensor(router)

    def nll(self, view: str = "main") -> torch.Tensor:
        self.told.append(("nll", [], False))
        return torch.tensor([1.0, 3.0])

    def label(self, columns: tuple[str, ...]) -> torch.Tensor:
        known: dict[tuple[str, ...], torch.Tensor] = {("domain",): torch.tensor([1, 0])}
        return known[columns]

    def choose(self, name: str, values: torch.Tensor, *, fixed: bool) -> None:
        self.told.append((name, values.tolist(), fixed))

    def router_loss(self) -> torch.Tensor | None:
        return self.router


def called(loss: Loss, router: float | None = None) -> tuple[dict[str, float], list[tuple[str, list[int], bool]]]:
    step: Any = ToyStep(router)
    return {name: float(value) for name, value in loss(step).items()}, step.told


def test_rows_are_chosen_for_before_anything_is_computed() -> None:
    fixed = RoutedLoss(WeightedLikelihood(), (ChoicePlan("domain", None, "domain"),))
    assert called(fixed) == ({"loss": 2.0}, [("domain", [1, 0], True), ("nll", [], False)])
    lesson = RoutedLoss(WeightedLikelihood(), (ChoicePlan("kind", RouterSpec(kind="label", label="domain"), "domain"),))
    assert called(lesson)[1] == [("kind", [1, 0], False), ("nll", [], False)]
    alone = RoutedLoss(WeightedLikelihood(), (ChoicePlan("kind", RouterSpec()),))
    assert called(alone)[1] == [("nll", [], False)]


def test_what_routers_lose_is_added_and_logged() -> None:
    loss = RoutedLoss(WeightedLikelihood(), (ChoicePlan("kind", RouterSpec(kind="gumbel")),))
    assert called(loss, 0.5)[0] == {"unrouted": 2.0, "loss": 2.5, "router": 0.5}
    assert called(loss)[0] == {"loss": 2.0}


def test_a_routed_loss_needs_what_the_objective_needs() -> None:
    penalised = compile_objective(load_graph("iclm")).loss
    assert isinstance(penalised, RoutedLoss)
    assert penalised.needs_whole_batch
    assert [plan.name for plan in penalised.penalties] == ["hsic(invariant, module)"]
    assert not RoutedLoss(WeightedLikelihood(), ()).needs_whole_batch
    cft = plan_of("iclm", objective="baseline: cft, penalties: none").loss
    assert isinstance(cft, RoutedLoss)
    assert isinstance(cft.base, TwoModels)
    assert isinstance(cft, Equipped)
    assert isinstance(cft.base, Equipped)
    assert cft.needs() == cft.base.needs()


def test_whatever_is_refused_is_one_sentence() -> None:
    with pytest.raises(CausalReasoningError) as caught:
        plan_of("iclm_adjusted", objective="baseline: groupdro")
    assert str(caught.value).count("\n") == 0
