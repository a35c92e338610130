"""What holds for every shipped world: draws against exact probabilities, twins, the true graph, the formats."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from causal_reasoning.graph.reader import load_graph
from causal_reasoning.identification import identify
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.reader import SHIPPED
from causal_reasoning.scm.true_graph import true_graph_yaml
from tests.cli.program import call

NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
ROWS = 3_000
LEVEL = 0.001  # of all tests on one world together
MOST_CELLS = 400
CONTENTS = 200


@cache
def shipped(name: str) -> World:
    return load_world(name)


def treatment(world: World) -> dict[str, str]:
    """do(treatment = uniform), or nothing where it is a text."""
    query = world.query
    assert query is not None
    return {node: "uniform" for node in query.do if world.is_categorical(node)}


def families(world: World) -> list[tuple[str, ...]]:
    """Every categorical node with its causes, or alone where that makes too many cells."""
    found: list[tuple[str, ...]] = []
    for node in world.nodes:
        if world.is_categorical(node):
            family = (*world.graph().parents(node), node)
            cells = np.prod([len(world.values(one)) for one in family])
            found.append(family if cells <= MOST_CELLS else (node,))
    return found


def p_value(world: World, columns: dict[str, list[str]], nodes: tuple[str, ...], exact: np.ndarray) -> float:
    """Chi-square test of sampled against exact frequencies; cells that expect fewer than five rows are put together."""
    counts = Counter(zip(*(columns[node] for node in nodes), strict=True))
    observed: list[int] = []
    expected: list[float] = []
    rare = [0.0, 0.0]
    for cell in np.ndindex(*exact.shape):
        count = counts.pop(tuple(world.values(node)[index] for node, index in zip(nodes, cell, strict=True)), 0)
        wanted = float(exact[cell]) * ROWS
        if wanted == 0.0:
            assert count == 0, f"{nodes} takes values of probability zero"
        elif wanted < 5:
            rare = [rare[0] + count, rare[1] + wanted]
        else:
            observed.append(count)
            expected.append(wanted)
    assert not counts
    if rare[1] >= 5 or not observed:
        observed.append(int(rare[0]))
        expected.append(rare[1])
    elif rare[1] > 0:
        expected[-1] += rare[1]
        observed[-1] += int(rare[0])
    return 1.0 if len(observed) == 1 else float(chisquare(observed, expected).pvalue)


@pytest.mark.parametrize("intervened", [False, True], ids=["observed", "do"])
@pytest.mark.parametrize("name", NAMES)
def test_frequencies_agree_with_exact_enumeration(name: str, intervened: bool) -> None:
    world = shipped(name)
    do = treatment(world) if intervened else {}
    columns = world.sample(ROWS, seed=17, do=do)
    tests = families(world)
    for family in tests:
        exact = world.probability(list(family), do=do)
        assert exact.sum() == pytest.approx(1.0)
        assert p_value(world, columns, family, exact) > LEVEL / len(tests), family


@pytest.mark.parametrize("name", NAMES)
def test_setting_a_node_to_what_it_is_changes_nothing(name: str) -> None:
    world = shipped(name)
    factual = world.sample(40, seed=4)
    for node in world.nodes:
        same = world.counterfactual(40, 4, {node: factual[node]})
        assert same.factual == factual, node
        assert same.counterfactual == factual, node


@pytest.mark.parametrize("name", NAMES)
def test_an_intervention_leaves_all_but_its_effects_alone_and_can_be_taken_back(name: str) -> None:
    world = shipped(name)
    query = world.query
    assert query is not None
    factual = world.sample(80, seed=4)
    for node in query.do:
        other = world.counterfactual(80, 4, {node: factual[node][1:] + factual[node][:1]})
        assert other.factual == factual
        first = {node: world.values(node)[0]}
        back = world.counterfactual(80, 4, {node: factual[node]}, under=first)
        assert back.factual == world.counterfactual(80, 4, first).counterfactual
        assert back.counterfactual == factual
        effects = set(world.graph().descendants(node))
        assert set(other.changing) == effects
        for one in set(world.nodes) - effects:
            assert other.counterfactual[one] == factual[one]
        assert any(other.counterfactual[one] != factual[one] for one in effects)


#: For each world what decides on the text that is written and is not shown, and what is shown and tells of it. The rest
#: of what is read is independent of both. Without either, what is written is a function of what is read.
TOLD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "arithmetic": (("skill",), ("style", "cue")),
    "attributes": ((), ()),
    "blicket": ((), ()),
    "dates": (("skill",), ("style", "cue")),
    "domains": (("domain",), ("thing", "place")),
    "interventional": ((), ()),
    "letters": (("skill",), ("style", "cue")),
    "rationale": (("plan", "order"), ("skill",)),
}


def accuracy_by_twins(name: str, fitted: dict[str, str], measured: dict[str, str]) -> tuple[float, float]:
    """Mean and standard error of E[max_a P(a | read)]: what is written, had the hidden nodes each of their values."""
    world, (hidden, shown) = shipped(name), TOLD[name]
    query = world.query
    assert query is not None
    cases = int(np.prod([len(world.values(node)) for node in shown]))
    fit, measure = (world.probability([*shown, *hidden], do=do).reshape(cases, -1) for do in (fitted, measured))
    twins = []
    for values in product(*(world.values(node) for node in hidden)):
        do = {node: {value: 1.0} for node, value in zip(hidden, values, strict=True)}
        columns = world.sample(CONTENTS, seed=8, do=do)
        twins.append(list(zip(*(columns[node] for node in query.write), strict=True)))
    scores = []
    for written in zip(*twins, strict=True):
        answers = sorted(set(written))
        gives = np.array([[text == answer for answer in answers] for text in written], dtype=float)
        believed = fit @ gives
        best = believed > believed.max(axis=1, keepdims=True) - 1e-9  # ties are broken at random
        scores.append(float(((measure @ gives * best).sum(axis=1) / best.sum(axis=1)).sum()))
    return float(np.mean(scores)), float(np.std(scores) / CONTENTS**0.5)


@pytest.mark.parametrize("name", NAMES)
def test_best_predictors_are_those_that_twins_tell_of(name: str) -> None:
    world = shipped(name)
    do = treatment(world)
    found = {}
    for regime, fitted, measured in (("observed", {}, {}), ("do", do, do), ("observed, then do", {}, do)):
        best = world.optimal_accuracy(do=measured, fitted_under=fitted, contents=15, seed=3)
        value, error = accuracy_by_twins(name, fitted, measured)
        assert best.value == pytest.approx(value, abs=4 * np.hypot(error, best.standard_error) + 1e-9), regime
        found[regime] = value
    if TOLD[name] == ((), ()):
        assert found == dict.fromkeys(found, pytest.approx(1.0))
    else:  # there is something to gain by not following the data
        assert found["do"] > found["observed, then do"] + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_a_function_of_its_causes_and_own_draws(name: str) -> None:
    world = shipped(name)
    factual = world.sample(60, seed=9)
    for node in world.nodes:
        if not world.is_categorical(node):
            assert world.sample(60, seed=9, do={node: factual[node]}) == factual


@pytest.mark.parametrize("name", NAMES)
def test_the_true_graph_can_be_used_at_once(name: str, tmp_path: Path) -> None:
    world = shipped(name)
    file = tmp_path / "truth.yaml"
    file.write_text(true_graph_yaml(world), encoding="utf-8")
    graph = load_graph(file)
    assert graph.causal.directed == world.graph().directed
    assert identify(graph).identified
    code, out, err = call("check", str(file))
    assert (code, err) == (0, "")
    assert f"graph {world.name}_truth: {len(world.nodes)} node" in out


@pytest.mark.parametrize("name", NAMES)
def test_texts_keep_the_formats_that_models_are_trained_on(name: str) -> None:
    world = shipped(name)
    assert world.name == name
    columns = world.sample(300, seed=2)
    roles = {node.role for node in world.nodes.values()}
    assert {"question", "answer"} <= roles
    for node, spec in world.nodes.items():
        cells = columns[node]
        assert all(cell.strip() == cell and cell for cell in cells), node
        if spec.role == "answer":
            assert all(cell.startswith("= ") and cell.endswith(" =") and "\n" not in cell for cell in cells)
        elif spec.role == "rationale":
            steps = [step for cell in cells for step in cell.split("\n")]
            assert max(map(len, steps)) <= 60
            assert max(cell.count("\n") for cell in cells) < 8
            assert not any(step.startswith("= ") for step in steps)
        else:
            assert not any("\n" in cell for cell in cells), node


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_follows_every_parameter(name: str) -> None:
    world = shipped(name)
    digests = [world.digest]
    for parameter, value in world.parameters.items():
        digests.append(load_world(name, {parameter: value * 0.9 if value else 0.1}).digest)
    assert len(set(digests)) == len(digests)
    assert load_world(name).digest == world.digest


def test_shipped_worlds_have_names_of_their_own() -> None:
    digests = sorted(shipped(name).digest for name in NAMES)
    assert all(one != other for one, other in pairwise(digests))
