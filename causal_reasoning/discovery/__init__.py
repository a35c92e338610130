"""What data say about a graph: statements that they contradict, and graphs that they suggest."""

from causal_reasoning.discovery.against_data import falsify
from causal_reasoning.discovery.falsification import Falsification, Tested
from causal_reasoning.discovery.found import Discovery, FoundEdge
from causal_reasoning.discovery.graph_draft import graph_draft
from causal_reasoning.discovery.independence import IndependenceTest, independence_test
from causal_reasoning.discovery.knowledge import Knowledge, parse_knowledge
from causal_reasoning.discovery.search import discover

__all__ = [
    "Discovery",
    "Falsification",
    "FoundEdge",
    "IndependenceTest",
    "Knowledge",
    "Tested",
    "discover",
    "falsify",
    "graph_draft",
    "independence_test",
    "parse_knowledge",
]
