"""Causal graphs: the file format, the strict reader, the immutable graph, drawing."""

from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.reader import load_graph, parse_graph
from causal_reasoning.graph.spec import graph_schema

__all__ = ["AssumptionGraph", "CausalGraph", "GraphError", "graph_schema", "load_graph", "parse_graph"]
