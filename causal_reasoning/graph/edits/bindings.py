"""Bindings inside an edit: ``column:NAME`` and ``text:NAME``."""

from __future__ import annotations

import json
import re

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.edits.base import EditError
from causal_reasoning.graph.spec import ColumnBinding, TextBinding

DataBinding = TextBinding | ColumnBinding
"""A binding to a column of the data; representations are bound in the file, not by edits."""

_PLAIN = re.compile(r"[A-Za-z0-9_.]+\Z")
_KINDS = ("column", "text")


def binding_text(bind: DataBinding) -> str:
    """Print a binding as in an edit; the name is quoted where it needs it.

    Examples
    --------
    >>> binding_text(ColumnBinding(column="my style"))
    'column:"my style"'
    """
    name = bind.column_name
    kind = "text" if isinstance(bind, TextBinding) else "column"
    return f"{kind}:{name if _PLAIN.match(name) else json.dumps(name, ensure_ascii=False)}"


def parse_binding(text: str) -> DataBinding:
    """Read a binding as it is written in an edit.

    Raises
    ------
    EditError
        If it is not ``column:NAME`` or ``text:NAME``.

    Examples
    --------
    >>> parse_binding("text:question")
    TextBinding(text='question', rendered_by=())
    """
    kind, colon, name = text.partition(":")
    if not colon:
        raise EditError(f"'{text}' is not a binding; write 'column:{text}' or 'text:{text}'")
    if kind not in _KINDS:
        raise EditError(f"there is no binding '{kind}'; {did_you_mean(kind, _KINDS)}")
    if name.startswith('"'):
        try:
            name = json.loads(name)
        except ValueError as error:
            raise EditError(f"'{name}' is not a quoted name") from error
    if not name:
        raise EditError(f"a column must be named after '{kind}:'")
    return TextBinding(text=name) if kind == "text" else ColumnBinding(column=name)
