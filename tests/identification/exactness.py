"""One random question put to everything that answers it, each answer held against a truth from outside."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from causal_reasoning.estimand import Expression, Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    Hedge,
    IdentifiedByAdjustment,
    find_adjustment_set,
    identify_effect,
    is_adjustment_set,
    minimal_adjustment_sets,
)
from causal_reasoning.identification.front_door import find_front_door, front_door_formula, front_door_sets
from causal_reasoning.identification.general import General, id_algorithm
from tests.identification.fixing_oracle import identifiable, is_hedge
from tests.identification.front_door_oracle import any_front_door, is_front_door_by_definition, minimal_front_doors
from tests.identification.identification_oracle import BinaryModel, brute_force_sets, minimal_only

Nodes = tuple[str, ...]
EXACT = 1e-9
SHAPES = [(1, 1, 0)] * 6 + [(1, 2, 0), (2, 1, 0), (2, 2, 0), (3, 1, 0)] * 2 + [(1, 1, 1), (1, 1, 2), (2, 1, 1)] * 2


@dataclass(frozen=True)
class Case:
    """A question about a graph.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on, given : tuple of str
        The query.
    seed : int
        Of the model that settles the values.
    """

    graph: CausalGraph
    do: Nodes
    on: Nodes
    given: Nodes
    seed: int

    def reproducer(self) -> str:
        """Python code that asks the same question."""
        graph = self.graph
        return (
            f"graph = CausalGraph({list(graph.nodes)}, {list(graph.directed)}, {list(graph.bidirected)}, "
            f"{list(graph.latent)})\nidentify_effect(graph, {list(self.do)}, {list(self.on)}, {list(self.given)})"
        )


@dataclass
class Finding:
    """What came out for one case.

    Parameters
    ----------
    verdict : str
        The verdict, with the method.
    wrong : list of str
        One sentence for each disagreement.
    compared : Counter of str
        How many comparisons of each kind were made.
    """

    verdict: str
    wrong: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)


FRONT_DOOR = [(0, 1), (1, 2)], [(0, 2)]
NAPKIN = [(0, 1), (1, 2), (2, 3)], [(0, 2), (0, 3)]
SEEN_MEDIATOR = [(0, 1), (1, 2), (0, 2)], [(0, 1)]
"""The effect of the first node on the last is identifiable given the second only."""


def random_case(seed: int, number: int, largest: int = 9) -> Case:
    """A mixed graph of 3 to 9 observed nodes and at most 3 latent ones, and a query that makes sense.

    Every fifth or so is a front door, a napkin or a bow with its end given, with random edges added: these are rare
    in random graphs.
    """
    rng = random.Random(f"{seed} {number}")
    while True:
        observed, latent = rng.randint(3, largest), rng.choice([0, 0, 1, 2, 3])
        nodes = [f"v{i}" for i in range(observed + latent)]
        order = rng.sample(nodes, len(nodes))
        pairs = list(itertools.combinations(order, 2))
        planted = rng.choice([FRONT_DOOR, NAPKIN, SEEN_MEDIATOR]) if observed > 3 and rng.random() < 0.2 else None
        if planted is None:
            arrows = rng.choice([0.2, 0.3, 0.45, 0.7])
            hidden = rng.choice([0.0, 0.1, 0.2, 0.35] if len(nodes) <= 6 else [0.0, 0.06, 0.12, 0.2])
        else:
            arrows, hidden = rng.choice([(0.1, 0.0), (0.2, 0.05), (0.35, 0.1)])
        directed = [pair for pair in pairs if rng.random() < arrows]
        bidirected = [pair for pair in pairs if rng.random() < hidden]
        seen = [name for name in order if name in nodes[:observed]]
        if planted is not None:
            core = sorted(rng.sample(seen, 4 if planted is NAPKIN else 3), key=order.index)
            directed = [pair for pair in directed if not set(pair) <= set(core)]
            directed += [(core[i], core[j]) for i, j in planted[0]]
            bidirected += [(core[i], core[j]) for i, j in planted[1]]
            graph = CausalGraph(nodes, directed, bidirected, nodes[observed:])
            x, y = core[-2 if planted is NAPKIN else 0], core[-1]
            others = [name for name in seen if name not in (x, y)]
            beside = rng.sample(others, rng.choice([0, 0, 1, min(2, len(others))]))
            beside += [core[1]] if planted is SEEN_MEDIATOR and core[1] not in beside else []
            return Case(graph, (x,), (y,), tuple(sorted(beside)), rng.randrange(2**32))
        cuts = rng.choice(SHAPES)
        if sum(cuts) > observed:
            continue
        graph = CausalGraph(nodes, directed, bidirected, nodes[observed:])
        pool = iter(rng.sample(seen, observed))
        do, on, given = (tuple(sorted(itertools.islice(pool, n))) for n in cuts)
        # Most random questions are easy: about a zero effect, or answered by adjustment. Ask fewer of them.
        if rng.random() < 0.9 and not any(set(graph.descendants(name)) & {*on, *given} for name in do):
            continue
        if rng.random() < 0.7 and find_adjustment_set(graph, do, on + given) is not None:
            continue
        return Case(graph, do, on, given, rng.randrange(2**32))


def difference(value: Factor, truth: Factor) -> float:
    """The largest error, over all values of all variables."""
    axes = sorted({*value.axes, *truth.axes})
    return float(np.abs(value.aligned(axes) - truth.aligned(axes)).max())


def examine(case: Case) -> Finding:
    """Ask everything about a case and compare.

    An estimand must give the interventional distribution of a random binary model to 1e-9; what is called
    unidentifiable must be so by fixing, with a hedge; sets must be those that trying all subsets finds.
    """
    query = case.do, case.on, case.given
    answer = identify_effect(case.graph, *query, cap=10_000, advice=False)
    general = id_algorithm(case.graph, *query)
    finding = Finding(f"{answer.verdict} {answer.method or ''}".strip())
    wrong = finding.wrong
    truth = identifiable(case.graph, *query)
    finding.compared["verdicts"] += 1
    for name, identified in (("identify_effect", answer.identified), ("id_algorithm", isinstance(general, General))):
        if identified != truth:
            wrong.append(f"{name} says {'' if identified else 'not '}identified, fixing says the contrary")
    if isinstance(general, Hedge):
        finding.compared["hedges"] += 1
        if not is_hedge(case.graph, general.outer, general.inner, *query):
            wrong.append(f"{general.text()} is no hedge")
    model = BinaryModel(case.graph, case.seed)
    finding.compared["zero or not"] += 1
    moved = difference(model.effect(*query), model.effect((), *query[1:]))
    if (answer.verdict == "zero_effect") != (moved < EXACT):
        wrong.append(f"the verdict is {answer.verdict}, but the intervention changes probabilities by {moved:.2g}")
    for name, estimand in (("identify_effect", _estimand(answer)), ("id_algorithm", _estimand(general))):
        if estimand is None:
            continue
        finding.compared[f"values of {name}"] += 1
        if extra := estimand.free - {*case.do, *case.on, *case.given}:
            wrong.append(f"the estimand of {name} depends on {sorted(extra)}: {estimand.text()}")
        error = difference(estimand.evaluate(model.observed()), model.effect(*query))
        if not error < EXACT:
            wrong.append(f"{name} is wrong by {error:.2g}: {estimand.text()}")
    finding.compared["searches for adjustment sets"] += 1
    wrong += _adjustment(case, answer)
    if not case.given:
        finding.compared["searches for front doors"] += 1
        wrong += _front_door(case, model)
    return finding


def _estimand(answer: object) -> Expression | None:
    return getattr(answer, "estimand", None)


def _adjustment(case: Case, answer: object) -> list[str]:
    """Adjustment sets against all subsets."""
    everything = tuple(sorted(case.on + case.given))
    all_sets = brute_force_sets(case.graph, case.do, everything)
    truth, wrong = sorted(minimal_only(all_sets)), []
    found = sorted(minimal_adjustment_sets(case.graph, case.do, everything))
    if found != truth:
        wrong.append(f"minimal adjustment sets {found}, by trying all {truth}")
    rng = random.Random(case.seed)
    pool = [name for name in case.graph.observed if name not in {*case.do, *everything}]
    for _ in range(5):
        chosen = tuple(sorted(rng.sample(pool, rng.randint(0, len(pool)))))
        if is_adjustment_set(case.graph, case.do, everything, chosen) != (chosen in all_sets):
            wrong.append(f"{chosen} is {'an' if chosen in all_sets else 'no'} adjustment set by definition")
    if isinstance(answer, IdentifiedByAdjustment):
        if answer.treatments != case.do:
            # The effect does not depend on the others, or seeing a condition is setting it: the values confirm it.
            if truth and not case.given:
                wrong.append(f"{truth} serve for all treatments, but only {answer.treatments} are kept")
            asked = tuple(name for name in everything if name not in answer.treatments)
            all_sets = brute_force_sets(case.graph, answer.treatments, asked)
            truth = sorted(minimal_only(all_sets))
        if sorted(answer.sets.minimal) != truth:
            wrong.append(f"the answer lists {answer.sets.minimal}, by trying all {truth}")
        if truth and len(answer.adjustment) != min(map(len, truth)):
            wrong.append(f"{answer.adjustment} is not the smallest of {truth}")
        if answer.optimal.nodes is not None and answer.optimal.nodes not in all_sets:
            wrong.append(f"the optimal set {answer.optimal.nodes} is no adjustment set")
    return wrong


def _front_door(case: Case, model: BinaryModel) -> list[str]:
    """Front doors against all sets of mediators, and all pairs of sets where these are few."""
    graph, do, on = case.graph, case.do, case.on
    truth, wrong = minimal_front_doors(graph, do, on), []
    listed = sorted(door.mediators for door in front_door_sets(graph, do, on))
    if listed != truth:
        wrong.append(f"minimal front doors {listed}, by trying all {truth}")
    found = find_front_door(graph, do, on)
    if found is None:
        few = len(graph.observed) - len(do + on) <= 4
        if truth or (few and len(on) == 1 and any_front_door(graph, do, on)):
            wrong.append(f"no front door is found, but there is one{f': {truth}' if truth else ' with covariates'}")
        return wrong
    if not is_front_door_by_definition(graph, do, on, found.mediators, found.covariates):
        wrong.append(f"{found} is no front door")
    if not found.covariates and found.mediators not in truth:
        wrong.append(f"{found} is not minimal")
    formula = front_door_formula(do, on, found.mediators, found.covariates)
    error = difference(formula.evaluate(model.observed()), model.effect(do, on))
    if not error < EXACT:
        wrong.append(f"the front-door formula is wrong by {error:.2g}: {formula.text()}")
    return wrong
