"""A format with one field, such as ``= {result} =``: what a mechanism has found is put into it."""

from __future__ import annotations

from collections.abc import Callable

from causal_reasoning.scm.mechanisms.template import parse_template
from causal_reasoning.scm.quantities import MechanismError


def check_single_field(text: str, field: str) -> None:
    """Refuse a format without the field, or with another one; `MechanismError` at ``format``."""
    template = parse_template(text, ("format",))
    template.check_fields((field,))
    if not template.fields:
        raise MechanismError(("format",), f"the field {{{field}}} is missing; without it the text says nothing")


def single_field_writer(text: str) -> Callable[[object], str]:
    """Return what puts a value into a format.

    Parameters
    ----------
    text : str
        The format; the field may stand in it several times.

    Examples
    --------
    >>> single_field_writer("= {result} =")(7)
    '= 7 ='
    """
    template = parse_template(text, ("format",))
    repeats = len(template.fields)
    return lambda value: template.pattern % ((value,) * repeats)
