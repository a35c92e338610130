"""Text templates with plain ``{field}`` places, and nothing else: no attributes, no indices, no formats."""

from __future__ import annotations

import re
from collections.abc import Mapping

from causal_reasoning.errors import InputError
from causal_reasoning.files.yaml import Document, Path_

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class TemplateError(ValueError):
    """A template is malformed; ``offset`` is the zero-based place in it."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def fields_of(template: str) -> tuple[str, ...]:
    """Names of the places of a template, each once, in order.

    Parameters
    ----------
    template : str
        Text with ``{name}`` places; ``{{`` and ``}}`` stand for braces.

    Raises
    ------
    TemplateError
        For anything but a plain name between braces.

    Examples
    --------
    >>> fields_of("{question} means {{x}}: {question}{answer}")
    ('question', 'answer')
    """
    found: dict[str, None] = {}
    for match in _PLACE.finditer(template):
        name = match.group(1)
        if name is None:
            if match.group() in "{}":
                raise TemplateError(f"a lone '{match.group()}'; write it twice for a brace in the text", match.start())
            continue
        if not _FIELD.match(name):
            raise TemplateError(
                f"the place '{{{name}}}', which is not a plain field such as {{question}}", match.start()
            )
        found[name] = None
    return tuple(found)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into the places of a template that `fields_of` accepts.

    Examples
    --------
    >>> fill("{a} and {{b}}", {"a": "1"})
    '1 and {b}'
    """

    def put(match: re.Match[str]) -> str:
        name = match.group(1)
        return values[name] if name is not None else match.group()[0]

    return _PLACE.sub(put, template)


def template_fields(template: str, document: Document, path: Path_) -> tuple[str, ...]:
    """`fields_of` for a template in a YAML file: errors carry its place.

    Raises
    ------
    InputError
        At the template's place in the document.
    """
    try:
        return fields_of(template)
    except TemplateError as error:
        raise InputError([document.fault(path, f"the template has {error}")]) from error
