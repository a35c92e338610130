"""The reference of all mechanisms in Markdown, made of their docstrings.

``python -m causal_reasoning.scm.reference docs/worlds.md`` writes it between two marks of a file.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from causal_reasoning.files import write_atomic
from causal_reasoning.scm.mechanisms import MECHANISMS, ValueMechanism
from causal_reasoning.scm.mechanisms.nested import NestedWorld

BEGIN = "<!-- mechanisms: begin -->"
END = "<!-- mechanisms: end -->"


def mechanism_reference() -> str:
    """Describe every mechanism that a world file may name: what it makes, and its keys.

    Returns
    -------
    str
        Markdown, one section a mechanism, in alphabetical order; mechanisms of values first.

    Examples
    --------
    >>> "| `fidelity` | number, optional |" in mechanism_reference()
    True
    """
    values = sorted(kind for kind, one in MECHANISMS.items() if issubclass(one, ValueMechanism))
    whole = sorted(kind for kind, one in MECHANISMS.items() if issubclass(one, NestedWorld))
    texts = sorted(set(MECHANISMS) - set(values) - set(whole))
    lines = []
    for title, kinds in (("Values", values), ("Texts", texts), ("Worlds", whole)):
        lines += [f"### {title}", ""]
        for kind in kinds:
            lines += [f"#### `{kind}`", "", *_section(inspect.getdoc(MECHANISMS[kind]) or "")]
    return "\n".join(lines).rstrip() + "\n"


def with_reference(text: str) -> str:
    """Put the reference between the marks of a page.

    Parameters
    ----------
    text : str
        A page with the lines `BEGIN` and `END`.

    Returns
    -------
    str
        The page with the reference as it is now.
    """
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{mechanism_reference()}\n{END}{after}"


def _section(documentation: str) -> list[str]:
    """A docstring as prose and a table of keys."""
    prose, _, rest = documentation.partition("\nParameters\n")
    lines = [_code(line) for line in prose.strip().splitlines()]
    keys = _parameters(rest.split("\n", 1)[1].splitlines() if rest else [])
    if keys:
        lines += ["", "| key | | meaning |", "| --- | --- | --- |"]
        for name, kind, text in keys:
            if name != "kind":
                cells = (", ".join(f"`{one}`" for one in name.split(", ")), kind, _code(text))
                lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*lines, ""]


def _parameters(lines: list[str]) -> list[tuple[str, str, str]]:
    """Name, type and description of every parameter of a numpydoc section."""
    found: list[tuple[str, str, str]] = []
    for number, line in enumerate(lines):
        if line and not line.startswith(" "):
            if " : " not in line:  # the title of the next section
                break
            name, _, kind = line.partition(" : ")
            found.append((name.replace("_,", ",").removesuffix("_"), kind, ""))
        elif line.strip() and found:
            name, kind, text = found[-1]
            found[-1] = (name, kind, f"{text} {line.strip()}".strip())
        elif number + 2 < len(lines) and set(lines[number + 2]) == {"-"}:
            break
    return found


def _code(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    write_atomic(page, with_reference(page.read_text(encoding="utf-8")))
