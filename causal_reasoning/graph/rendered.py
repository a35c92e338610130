"""What ``rendered_by`` on a text means, and which declarations make no sense.

``question: {bind: {text: question, rendered_by: style}}`` says that a mechanism of the text is known: it can be written
anew for another style, with everything else that went into it, hidden causes included, as it was. That is knowledge
about how the text is made and not about what it causes: a node that listens to the text listens to the old one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.spec import NodeSpec, TextBinding


def rendered_by(nodes: Mapping[str, NodeSpec]) -> dict[str, tuple[str, ...]]:
    """The texts that can be written anew, each with the parents that may be changed.

    Parameters
    ----------
    nodes : mapping of str to NodeSpec
        Role and binding of each node.

    Returns
    -------
    dict of str to tuple of str
        Both sorted.

    Examples
    --------
    >>> rendered_by({"q": NodeSpec(bind=TextBinding(text="q", rendered_by=("z",))), "z": NodeSpec()})
    {'q': ('z',)}
    """
    return {
        name: tuple(sorted(node.bind.rendered_by))
        for name, node in sorted(nodes.items())
        if isinstance(node.bind, TextBinding) and node.bind.rendered_by
    }


def rendering_problems(nodes: Mapping[str, NodeSpec]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with declarations, as pairs of a text node and a sentence.

    A declared node need not be a parent: that a template is known is a fact about the text, and graphs that differ in
    their arrows can share it. Nothing is rendered by a node that is no parent.

    Parameters
    ----------
    nodes : mapping of str to NodeSpec
        Role and binding of each node.

    Examples
    --------
    >>> question = NodeSpec(bind=TextBinding(text="q", rendered_by=("styl",)))
    >>> list(rendering_problems({"q": question, "style": NodeSpec()}))
    [('q', "there is no node 'styl' for 'rendered_by'; did you mean 'style'?")]
    """
    for text, names in rendered_by(nodes).items():
        for name in names:
            if names.count(name) > 1:
                yield text, f"'{name}' stands twice in 'rendered_by'; keep one"
            elif name == text:
                yield text, f"'{text}' cannot be rendered by itself; name the parents that a template sets"
            elif name not in nodes:
                yield text, f"there is no node '{name}' for 'rendered_by'; {did_you_mean(name, nodes)}"
