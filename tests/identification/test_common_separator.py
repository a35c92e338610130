"""One set for two separations, against brute force."""

from __future__ import annotations

import random

from causal_reasoning.identification.bitsets import tables
from causal_reasoning.identification.common_separator import Separation, common_separator, without_arrows_out
from tests.identification.identification_oracle import random_graph, subsets


def test_the_set_separates_everywhere_and_has_no_node_too_many() -> None:
    rng = random.Random(2)
    found = empty = 0
    for _ in range(1500):
        graph = random_graph(rng, rng.randint(4, 8))
        edges = tables(graph)
        a, b, c = (1 << i for i in rng.sample(range(len(graph)), 3))
        allowed = rng.getrandbits(len(graph)) & ~(a | b | c)
        asked = [Separation(without_arrows_out(edges, a), a, b), Separation(without_arrows_out(edges, b), b, c, a)]
        chosen = common_separator(asked, allowed)
        everything = all(separation.holds(allowed) for separation in asked)
        assert (chosen is not None) == everything
        if chosen is None:
            continue
        assert chosen & ~allowed == 0
        assert all(separation.holds(chosen) for separation in asked)
        for name in graph.names(chosen):
            fewer = chosen & ~graph.mask([name])
            assert not all(separation.holds(fewer) for separation in asked)
        found += chosen != 0
        empty += chosen == 0
    assert found > 30 and empty > 30


def test_only_arrows_out_are_cut() -> None:
    rng = random.Random(3)
    for _ in range(50):
        graph = random_graph(rng, 6, latent=0)
        names = next(iter(rng.sample(list(subsets(graph.nodes)), 1)))
        assert without_arrows_out(tables(graph), graph.mask(names)) == tables(graph.without_outgoing(*names))
