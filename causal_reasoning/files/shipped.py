"""Where the graphs and examples that come with the package lie."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from causal_reasoning.errors import InputError, did_you_mean


def shipped_folder(kind: str) -> Path:
    """The folder of shipped files of one kind.

    Parameters
    ----------
    kind : str
        ``"graphs"`` or ``"examples"``.

    Returns
    -------
    Path
        Inside the package when it was installed from a wheel, at the repository's top otherwise.
    """
    package = Path(str(files("causal_reasoning")))
    inside = package / "shipped" / kind
    return inside if inside.is_dir() else package.parent / kind


def find_shipped(source: str | Path, kind: str, what: str) -> Path:
    """Resolve a file path or the bare name of a shipped file.

    Parameters
    ----------
    source : str or path
        A path, or a name without a suffix such as ``"reasoning"``.
    kind : str
        The folder of shipped files.
    what : str
        The word for messages, such as ``"graph"``.

    Returns
    -------
    Path
        An existing file.

    Raises
    ------
    InputError
        If there is none; the message names the nearest shipped one.
    """
    path, text = Path(source), str(source)
    try:
        if path.is_file():
            return path
        folder = path.is_dir()
    except OSError as error:
        raise InputError.at(text, f"cannot be read: {error.strerror or error}") from error
    if folder:
        raise InputError.at(text, f"is a folder; name one {what} file in it")
    if path.suffix in (".yaml", ".yml") or "/" in text or "\\" in text:
        raise InputError.at(text, f"there is no such {what} file")
    shipped = {file.stem: file for file in sorted(shipped_folder(kind).glob("*.yaml"))}
    if text in shipped:
        return shipped[text]
    raise InputError.at(text, f"there is no {what} file or shipped {what} of this name; {did_you_mean(text, shipped)}")
