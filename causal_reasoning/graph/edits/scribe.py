"""Write one edit into the text of a graph file."""

from __future__ import annotations

from collections.abc import Sequence

from ruamel.yaml.nodes import CollectionNode, ScalarNode

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit
from causal_reasoning.graph.edits.chains import rewrite_chains
from causal_reasoning.graph.edits.clusters import Merge, Split
from causal_reasoning.graph.edits.nodes import AddNode, DropNode, Hide, Observe
from causal_reasoning.graph.edits.rendered import write_renderers
from causal_reasoning.graph.edits.stand import PARTS, Stand
from causal_reasoning.graph.edits.surgery import Surgery, scalar
from causal_reasoning.graph.spec import Binding, NodeSpec


def write_edit(text: str, edit: Edit, after: Stand) -> str:
    """Write an edit into a file.

    Parameters
    ----------
    text : str
        A checked graph file.
    edit : Edit
        An edit that fits it.
    after : Stand
        What there is after the edit.

    Returns
    -------
    str
        The file with the fewest changes; it has still to be read and checked.

    Raises
    ------
    LayoutError
        If the file is laid out in a way in which it cannot be changed safely.
    """
    text = _edges(text, edit, after.causal)
    text = write_renderers(_nodes(text, edit, after), edit)
    return _query(text, edit) if isinstance(edit, Merge | Split) else text


def write_name(text: str, name: str) -> str:
    """Give the graph of a checked file another name."""
    s = Surgery(text)
    key, value = s.must(s.root, "name")
    s.put(key, value, scalar(name, value))
    return s.result()


# -- edges -----------------------------------------------------------------------------------------------------


def _edges(text: str, edit: Edit, after: CausalGraph) -> str:
    s = Surgery(text)
    found = s.entry(s.root, "edges")
    chains = [item.value for item in found[1].value] if found else []
    new, more = rewrite_chains(chains, edit, after)
    if not more and all(texts is None for texts in new):
        return text
    if found is None:
        _new_edges(s, more)
        return s.result()
    key, value = found
    if not value.flow_style and not more and all(texts == [] for texts in new):
        # An empty list must be written out.
        at = s.behind_colon(key)
        s.replace(at, at, " []")
        for start, end in s.pieces(value):
            s.replace(s.line_start(start), s.line_end(end), "")
        return s.result()
    like = value.value[-1] if value.value else key
    items = [
        None if texts is None else [scalar(chain, item) for chain in texts]
        for texts, item in zip(new, value.value, strict=True)
    ]
    s.rewrite(value, items, [scalar(chain, like) for chain in more])
    return s.result()


def _new_edges(s: Surgery, chains: list[str]) -> None:
    """Begin the list of edges behind the nodes."""
    nodes, value = s.must(s.root, "nodes")
    name, items = scalar("edges", nodes), [scalar(chain, nodes) for chain in chains]
    if s.root.flow_style:
        s.rewrite(s.root, [None] * len(s.root.value), [f"{name}: [{', '.join(items)}]"])
    else:
        lead = s.lead(nodes.start_mark.index)
        s.insert_lines(s.end(value, nodes), [f"{lead}{name}:", *(f"{lead}  - {item}" for item in items)])


# -- nodes -----------------------------------------------------------------------------------------------------


def _nodes(text: str, edit: Edit, after: Stand) -> str:
    match edit:
        case Hide(node) | Observe(node):
            return _bind(text, node, after.nodes[node].bind)
        case AddNode(node):
            return _add_nodes(text, None, [node], after)
        case DropNode(node):
            return _drop_nodes(text, {node})
        case Merge(members, into, bind):
            text = _drop_nodes(text, set(members) - {edit.keeper})
            text = _rename(text, edit.keeper, into)
            return _bind(text, into, bind) if bind else text
        case Split(node, parts):
            others = [name for name in edit.names if name != edit.keeper]
            text = _rename(text, node, edit.keeper)
            text = _add_nodes(text, edit.keeper, others, after)
            own = next(part.bind for part in parts if part.node == edit.keeper)
            return _bind(text, edit.keeper, own) if own else text
    return text


def _drop_nodes(text: str, gone: set[str]) -> str:
    s = Surgery(text)
    _, nodes = s.must(s.root, "nodes")
    s.rewrite(nodes, [[] if key.value in gone else None for key, _ in nodes.value])
    return s.result()


def _add_nodes(text: str, behind: str | None, names: list[str], after: Stand) -> str:
    """Put nodes behind another one, or at the end."""
    s = Surgery(text)
    _, nodes = s.must(s.root, "nodes")
    like, column = nodes.value[0][0], _value_column(nodes)
    lines = [_entry(scalar(name, like), _spec(after.nodes[name], like), column) for name in names]
    s.insert(nodes, [key.value for key, _ in nodes.value].index(behind) if behind else -1, lines)
    return s.result()


def _value_column(nodes: CollectionNode) -> int | None:
    """How far from their names all nodes have their values, if the file aligns them."""
    widths = {len(key.value) for key, _ in nodes.value}
    columns = {
        value.start_mark.column - key.start_mark.column
        for key, value in nodes.value
        if value.start_mark.line == key.start_mark.line
    }
    return columns.pop() if len(columns) == 1 and len(widths) > 1 and not nodes.flow_style else None


def _entry(name: str, value: str, column: int | None) -> str:
    return f"{name}:".ljust((column or 0) - 1) + " " + value


def _spec(spec: NodeSpec, like: ScalarNode) -> str:
    """Write a node as ``{role: r, bind: {column: c}}``."""
    data: dict[str, object] = {"role": spec.role} if spec.role != "other" else {}
    return _flow({**data, "bind": spec.bind.model_dump()} if spec.bind else data, like)


def _flow(data: object, like: ScalarNode) -> str:
    """Write plain data in one line, with quotes where the file has them everywhere."""
    if isinstance(data, dict):
        kept = {key: value for key, value in data.items() if value is not None}
        return "{" + ", ".join(f"{scalar(key, like)}: {_flow(value, like)}" for key, value in kept.items()) + "}"
    if isinstance(data, (list, tuple)):
        return "[" + ", ".join(_flow(value, like) for value in data) + "]"
    if isinstance(data, (bool, int, float)):
        return str(data).lower()
    return scalar(str(data), like)


def _rename(text: str, node: str, name: str) -> str:
    if node == name:
        return text
    s = Surgery(text)
    _, nodes = s.must(s.root, "nodes")
    key, value = s.must(nodes, node)
    column = _value_column(nodes)
    start, end = key.start_mark.index, key.end_mark.index
    new = scalar(name, key)
    if column is not None and value.start_mark.line == key.start_mark.line and not s.empty(value):
        start, end, new = start, value.start_mark.index, _entry(new, "", column)
    s.replace(start, end, new)
    return s.result()


def _bind(text: str, node: str, bind: Binding | None) -> str:
    """Write, change or take away the binding of a node."""
    s = Surgery(text)
    key, value = s.must(s.must(s.root, "nodes")[1], node)
    like = key if s.root.flow_style else ScalarNode("", "")
    fields = [] if isinstance(value, ScalarNode) else value.value
    at = [field.value for field, _ in fields].index("bind") if any(f.value == "bind" for f, _ in fields) else None
    if bind is None:
        s.rewrite(value, [[] if i == at else None for i in range(len(fields))])
        return s.result()
    written = _flow(bind.model_dump(), like)
    entry = f"{scalar('bind', like)}: {written}"
    if at is not None:
        s.put(fields[at][0], fields[at][1], written)
    elif not fields:
        s.put(key, value, "{" + entry + "}")
    else:
        s.rewrite(value, [None] * len(fields), [entry])
    return s.result()


# -- query -----------------------------------------------------------------------------------------------------


def _query(text: str, edit: Edit) -> str:
    s = Surgery(text)
    _, query = s.must(s.root, "query")
    for part in PARTS:
        key, value = s.must(query, part)
        if not isinstance(value, ScalarNode):
            s.rewrite(value, _items(value.value, edit))
        elif (names := edit.new_names(value.value)) != (value.value,):
            items = [scalar(name, value) for name in names]
            s.put(key, value, items[0] if len(items) == 1 else f"[{', '.join(items)}]")
    return s.result()


def _items(items: Sequence[ScalarNode], edit: Edit) -> list[list[str] | None]:
    """What stands in the place of each name of a list; each name once."""
    seen: set[str] = set()
    new: list[list[str] | None] = []
    for item in items:
        names = [name for name in edit.new_names(item.value) if name not in seen]
        seen |= set(names)
        new.append(None if names == [item.value] else [scalar(name, item) for name in names])
    return new
