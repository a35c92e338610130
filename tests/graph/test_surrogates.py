"""Surrogates in graph files: observed categories, checked strictly."""

from __future__ import annotations

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.files import parse_yaml
from causal_reasoning.graph import AssumptionGraph, graph_schema, load_graph, parse_graph
from tests.graph_text import GRAPH


def graph_of(surrogate: str, **changes: str) -> AssumptionGraph:
    text = GRAPH.replace("{column: style}", f"{{surrogate: {surrogate}}}")
    for old, new in changes.items():
        text = text.replace(old, new)
    return parse_graph(text, "g.yaml")


def test_a_surrogate_is_an_observed_column_called_like_its_node() -> None:
    graph = graph_of("{kind: length, of: question, edges: [5, 9]}")
    assert "confounder" in graph.causal.observed
    assert graph.column("confounder") == "confounder"
    assert not graph.is_text("confounder")
    assert list(graph.surrogates) == ["confounder"]
    assert load_graph("surrogate_length").surrogates["length"].of == "question"


@pytest.mark.parametrize(
    ("surrogate", "message"),
    [
        ("{kind: lenght, of: question}", "there is no surrogate of kind 'lenght'; did you mean 'length'?"),
        ("{of: question}", "a surrogate needs a 'kind': length, regex, kmeans, mixture"),
        ("5", "a surrogate is a mapping such as {kind: length, of: COLUMN}"),
        ("{kind: length}", "the key 'of' is missing"),
        ("{kind: length, of: question, unit: word}", "unknown unit 'word'; did you mean 'words'?"),
        ("{kind: length, of: question, edges: [3, 2]}", "'edges' must increase"),
        ("{kind: length, of: question, edges: [3], bins: 2}", "keep one"),
        ("{kind: kmeans, of: question, cluster: 3}", "unknown key 'cluster'; did you mean 'clusters'?"),
        ("{kind: kmeans, of: question, clusters: 1}", "'clusters' must be at least 2, this is 1"),
        ("{kind: regex, of: question, patterns: {a: '('}}", "the pattern of 'a' is not a regular expression"),
        ("{kind: regex, of: question, patterns: {a: 3}}", "must map labels to regular expressions"),
        ("{kind: length, of: confounder}", "'confounder' is a surrogate itself"),
    ],
)
def test_faults_are_told_with_place_and_remedy(surrogate: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        graph_of(surrogate)
    assert len(caught.value.faults) == 1
    assert message in str(caught.value)
    assert str(caught.value).startswith("g.yaml:4:")


def test_a_surrogate_can_be_neither_set_nor_read_and_takes_no_other_nodes_column() -> None:
    length = "{kind: length, of: question}"
    with pytest.raises(InputError, match="computed from a text and cannot be set"):
        graph_of(length, **{"do: skill": "do: confounder"})
    with pytest.raises(InputError, match="'confounder' is not text"):
        graph_of(length, **{"read: question": "read: confounder"})
    with pytest.raises(InputError, match="the column 'confounder' is bound to 'confounder' already"):
        graph_of(length, **{"{column: skill}": "{column: confounder}"})


def test_the_order_of_patterns_counts_and_the_order_of_keys_does_not() -> None:
    one = graph_of("{kind: regex, of: question, patterns: {a: x, b: y}}")
    other = graph_of("{kind: regex, of: question, patterns: {b: y, a: x}}")
    same = graph_of("{patterns: {a: x, b: y}, of: question, kind: regex}")
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    ("surrogate", "valid"),
    [
        ("{kind: length, of: q, edges: [5]}", True),
        ("{kind: regex, of: q, patterns: {a: x}}", True),
        ("{kind: kmeans, of: q, clusters: 3}", True),
        ("{kind: mixture, of: q, dimensions: 3}", True),
        ("{kind: mixture, of: q, clusters: 3}", False),
        ("{kind: lenght, of: q}", False),
        ("{kind: regex, of: q}", False),
    ],
)
def test_the_json_schema_agrees(surrogate: str, valid: bool) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    data = parse_yaml(GRAPH.replace("{column: style}", f"{{surrogate: {surrogate}}}"), "g.yaml").data
    validator = jsonschema.Draft202012Validator(graph_schema())
    assert (not list(validator.iter_errors(data))) == valid
