"""What the attributes of a node in a file say of it."""

from __future__ import annotations

from collections.abc import Mapping

from causal_reasoning.graph.causal_graph import GraphError
from causal_reasoning.graph.interchange.diagram import MARKS, WORDS, Diagram

_LATENT = "latent"
#: Attributes, and what they say if their value is yes and if it is no.
_MEANING: dict[str, tuple[str | None, str | None]] = {
    **{word: (word, None) for word in WORDS.values()},
    _LATENT: (_LATENT, None),
    "unobserved": (_LATENT, None),
    "observed": (None, _LATENT),
}
_ANSWERS = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_NOTHING: dict[str, str] = {}


def said_of(name: str, attributes: Mapping[str, object], short: Mapping[str, str] = _NOTHING) -> set[str]:
    """Pick the attributes that mean something.

    Parameters
    ----------
    name : str
        The node, for the message.
    attributes : mapping of str to object
        Its attributes; one without a value has the value ``""``, which means yes.
    short : mapping of str to str
        Abbreviations of the language.

    Returns
    -------
    set of str
        Of ``exposure``, ``outcome``, ``adjusted``, ``selected`` and ``latent``. ``unobserved`` and
        ``observed="no"`` are other ways to say ``latent``.

    Raises
    ------
    GraphError
        For a value that is neither yes nor no.

    Examples
    --------
    >>> sorted(said_of("u", {"observed": "no", "color": "grey", "selected": 1}))
    ['latent', 'selected']
    """
    found = set()
    for key, value in attributes.items():
        if (meaning := _MEANING.get(short.get(key, key))) is None:
            continue
        if said := meaning[0 if is_yes(key, value, f"'{name}'") else 1]:
            found.add(said)
    return found


def is_yes(key: str, value: object, owner: str) -> bool:
    """Read the value of an attribute that is yes or no.

    Parameters
    ----------
    key : str
        The attribute.
    value : object
        ``yes``, ``true``, ``1`` or nothing; ``no``, ``false`` or ``0``.
    owner : str
        What has the attribute, for the message.

    Returns
    -------
    bool
        Whether it is yes.

    Raises
    ------
    GraphError
        For any other value.
    """
    answer = _ANSWERS.get(str(value).lower())
    if answer is None:
        raise GraphError(f"the attribute '{key}' of {owner} is '{value}'; it must be yes or no")
    return answer


def attributes_of(diagram: Diagram, name: str) -> tuple[str, ...]:
    """List what is to be said of a node, in a fixed order; see `said_of`.

    Parameters
    ----------
    diagram : Diagram
        The graph with its marks.
    name : str
        The node.

    Returns
    -------
    tuple of str
        Attributes whose value is yes.
    """
    marks = tuple(WORDS[mark] for mark in MARKS if name in getattr(diagram, mark))
    return (*marks, _LATENT) if name in diagram.graph.latent else marks
