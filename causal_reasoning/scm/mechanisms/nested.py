"""``world``: a whole world inside another one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from causal_reasoning.scm.mechanisms.base import MechanismSpec
from causal_reasoning.scm.quantities import Number, Step

Text = Annotated[str, Field(min_length=1, max_length=500)]


class NestedWorld(MechanismSpec):
    """The nodes of another world, of which one is this node and some may be nodes of this world.

    The node X is the inner world's ``output``; every other inner node n becomes the node X_n, which can be read,
    set and asked about as any other.

    Parameters
    ----------
    kind : "world"
        Names the mechanism.
    world : str
        The name of a shipped world, or a file, relative to the folder of this one.
    output : str
        The inner node that this node is.
    set : mapping of str to number, optional
        Values of the inner world's parameters; its own parameters stay hidden otherwise.
    inputs : mapping of str to str, optional
        For inner nodes the nodes of this world that take their place. A node with a list of values must be replaced
        by one with the same values.

    Examples
    --------
    >>> NestedWorld(kind="world", world="letters", output="question", inputs={"style": "author"}).parents()
    (('author', ('inputs', 'style')),)
    """

    kind: Literal["world"]
    world: Text
    output: Text
    set: dict[str, Number] = Field(default_factory=dict)
    inputs: dict[str, Text] = Field(default_factory=dict)

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the nodes that take the place of inner ones."""
        return tuple((outer, ("inputs", inner)) for inner, outer in self.inputs.items())
