"""The ways in which a request can fail, one class and one exit code each.

Every message is one sentence that says where, what, and the nearest right thing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with an input.

    Parameters
    ----------
    file : str
        The file as the user named it.
    line, column : int or None
        One-based place in the file; ``None`` where a file has no such thing.
    message : str
        What is wrong and what would be right.

    Examples
    --------
    >>> str(Fault("g.yaml", 3, 7, "unknown role 'skil'; did you mean 'skill'?"))
    "g.yaml:3:7: unknown role 'skil'; did you mean 'skill'?"
    """

    file: str
    line: int | None
    column: int | None
    message: str

    def __str__(self) -> str:
        place = [self.file]
        if self.line is not None:
            place.append(str(self.line))
            if self.column is not None:
                place.append(str(self.column))
        return ":".join(place) + ": " + self.message


class CausalReasoningError(Exception):
    """Anything that this package refuses to do; ``exit_code`` is what the command line returns."""

    exit_code = 1


class InputError(CausalReasoningError):
    """A file or an argument is wrong (exit code 2).

    Parameters
    ----------
    faults : iterable of Fault
        What is wrong, one entry a fault; at least one.
    """

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        # By default an exception is rebuilt from its text, and this one is made of faults: runs in other
        # processes send their errors home.
        return type(self), (self.faults,)

    @classmethod
    def at(cls, file: str, message: str, line: int | None = None, column: int | None = None) -> InputError:
        """Build the error for a single fault."""
        return cls([Fault(file, line, column, message)])


class NotIdentifiedError(CausalReasoningError):
    """The query is not identified in the graph (exit code 3)."""

    exit_code = 3


class NoValidPlanError(CausalReasoningError):
    """The query is identified but cannot be trained: positivity or bindings stand in the way (exit code 4)."""

    exit_code = 4


class RunFailedError(CausalReasoningError):
    """A training run failed (exit code 1)."""

    exit_code = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the nearest known word, or list the known ones.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been written.

    Returns
    -------
    str
        ``"did you mean 'skill'?"`` when one is near, else ``"known: 'a', 'b'"``.

    Examples
    --------
    >>> did_you_mean("skil", ["skill", "answer"])
    "did you mean 'skill'?"
    >>> did_you_mean("zzz", ["skill", "answer"])
    "known: 'answer', 'skill'"
    """
    choices = sorted(set(known))
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if not choices:
        return "there is none to choose from"
    shown = ", ".join(f"'{choice}'" for choice in choices[:12])
    return f"known: {shown}" + (", …" if len(choices) > 12 else "")
