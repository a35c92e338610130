"""What the tests of bad input share: files with something wrong, and what must be said about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.program import EXPERIMENT, GRAPH, ROWS, call

Content = str | bytes
SOUND: dict[str, Content] = {"graph.yaml": GRAPH, "experiment.yaml": EXPERIMENT, "rows.jsonl": ROWS}

#: Take the binding of the confounder away: the query is no longer identified.
HIDDEN = ("confounder: {role: confounder, bind: {column: style}}", "confounder: {role: confounder}")


@dataclass(frozen=True)
class Case:
    """A command, the files that are not sound, and the fault that it must tell.

    Parameters
    ----------
    name : str
        What is wrong.
    arguments : tuple of str
        The command.
    starts : str
        How the line of the fault starts.
    phrase : str
        What else it says.
    code : int
        The exit code.
    files : dict of str to str or bytes
        Files in the place of the sound ones.
    """

    name: str
    arguments: tuple[str, ...]
    starts: str
    phrase: str
    code: int = 2
    files: dict[str, Content] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def check(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Run the command on the files: one sentence a fault, nothing else, and nothing is left behind."""
        monkeypatch.chdir(folder)
        for name, content in {**SOUND, **self.files}.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        code, out, err = call(*self.arguments)
        lines = err.splitlines()
        assert out == ""
        assert any(line.startswith(self.starts) and self.phrase in line for line in lines), err
        # Two faults only where a misspelt key is also a missing one, or the whole file is another.
        assert len(lines) == 1 or "unknown key" in err, err
        assert code == self.code
        assert sorted(path.name for path in folder.iterdir()) == sorted(SOUND)


def change(name: str, text: str, old: str, new: str) -> dict[str, Content]:
    """A file with one change."""
    assert text.count(old) == 1, (name, old)
    return {name: text.replace(old, new)}


def placed(file: str, place: str) -> str:
    """``12:3`` as the start of a line, ``file:12:3:``; other starts stay as they are."""
    return f"{file}:{place}: " if place[:1].isdigit() else place
