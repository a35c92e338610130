"""What an edit does to the names in ``rendered_by``: they follow the nodes that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruamel.yaml.nodes import MappingNode, ScalarNode

from causal_reasoning.graph.edits.base import Edit
from causal_reasoning.graph.edits.nodes import DropNode
from causal_reasoning.graph.edits.surgery import Surgery, scalar
from causal_reasoning.graph.spec import NodeSpec, TextBinding


def renderers(text: str, names: Sequence[str], edit: Edit) -> tuple[str, ...]:
    """The nodes that a text is rendered by after an edit.

    Parameters
    ----------
    text : str
        The name of the text's node after the edit.
    names : sequence of str
        What it was rendered by.
    edit : Edit
        The edit.

    Returns
    -------
    tuple of str
        New names in the place of old ones, each once; a node that is dropped, or has become the text itself, is left
        out.

    Examples
    --------
    >>> from causal_reasoning.graph.edits.clusters import Merge
    >>> renderers("question", ("style", "tone"), Merge(("style", "tone"), "manner"))
    ('manner',)
    """
    gone = edit.node if isinstance(edit, DropNode) else None
    new = (after for name in names if name != gone for after in edit.new_names(name))
    return tuple(dict.fromkeys(name for name in new if name != text))


def with_renderers(nodes: Mapping[str, NodeSpec], edit: Edit) -> dict[str, NodeSpec]:
    """Nodes after an edit, with the names in their bindings brought up to date."""
    found = {}
    for name, spec in nodes.items():
        if isinstance(spec.bind, TextBinding) and spec.bind.rendered_by:
            after = renderers(name, spec.bind.rendered_by, edit)
            spec = spec.model_copy(update={"bind": spec.bind.model_copy(update={"rendered_by": after})})
        found[name] = spec
    return found


def write_renderers(text: str, edit: Edit) -> str:
    """Bring the names in the bindings of a file up to date, after its nodes were."""
    names = [key.value for key, _ in Surgery(text).must(Surgery(text).root, "nodes")[1].value]
    for name in names:
        text = _write(text, name, edit)
    return text


def _write(text: str, node: str, edit: Edit) -> str:
    s = Surgery(text)
    _, spec = s.must(s.must(s.root, "nodes")[1], node)
    bind = s.entry(spec, "bind") if isinstance(spec, MappingNode) else None
    if bind is None or not isinstance(bind[1], MappingNode) or s.entry(bind[1], "rendered_by") is None:
        return text
    key, value = s.must(bind[1], "rendered_by")
    items = [value] if isinstance(value, ScalarNode) else value.value
    old = [item.value for item in items]
    after = renderers(node, old, edit)
    if list(after) == old:
        return text
    if not after:
        s.rewrite(bind[1], [[] if entry is key else None for entry, _ in bind[1].value])
    elif isinstance(value, ScalarNode):
        names = [scalar(name, value) for name in after]
        s.put(key, value, names[0] if len(names) == 1 else f"[{', '.join(names)}]")
    else:
        left = list(after)
        new: list[list[str] | None] = []
        for item in items:
            mine = [name for name in renderers(node, [item.value], edit) if name in left]
            left = [name for name in left if name not in mine]
            new.append(None if mine == [item.value] else [scalar(name, item) for name in mine])
        s.rewrite(value, new)
    return s.result()
