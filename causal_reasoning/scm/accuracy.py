"""The accuracy of the best predictor that a world allows: E[max_a P(a | what is read)]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.scm.enumeration import (
    Draws,
    Indices,
    Regime,
    TooManyError,
    draw_alone,
    draw_contents,
    enumerate_rows,
    held_nodes,
    regime,
)
from causal_reasoning.scm.interventions import Interventions
from causal_reasoning.scm.policy import Array
from causal_reasoning.scm.reader import Compiled

#: Combinations that are written out for each draw of the texts that are held.
_COMBINATIONS = 1_024
#: Draws of what does not show in what is read, for each draw of what does.
_HIDDEN_DRAWS = 32
_ROWS = 400_000
_BATCH = 40_000
_PROBES = 8
_TIE = 1e-9


@dataclass(frozen=True)
class Accuracy:
    """How often a predictor is right.

    Parameters
    ----------
    value : float
        Its accuracy.
    standard_error : float
        Of the value, over draws of texts; zero if it is exact.
    exact : bool
        Whether all combinations were enumerated.
    upper : float
        Equal to the value, unless something that is drawn does not show in what is read. Then the value is that of
        a predictor fitted on half of the draws and measured on the others, so it errs downwards, and this is the
        same predictor fitted and measured on all of them, which errs upwards.
    unseen : float
        Probability of a text that never occurs where the predictor was fitted; it counts as wrong.
    how : str
        How it was computed, in a sentence.
    """

    value: float
    standard_error: float
    exact: bool
    upper: float
    unseen: float
    how: str

    def text(self) -> str:
        """Print as ``0.7507 (exact)`` or ``0.7509 ± 0.0003``."""
        if self.exact:
            return f"{self.value:.4f} (exact)"
        return f"{self.value:.4f} ± {self.standard_error:.4f}" + (
            f" (at most {self.upper:.4f})" if self.upper > self.value else ""
        )

    def to_dict(self) -> dict[str, float | bool | str]:
        """Return plain data."""
        return {
            "value": self.value,
            "standard_error": self.standard_error,
            "exact": self.exact,
            "upper": self.upper,
            "unseen": self.unseen,
            "how": self.how,
        }


@dataclass(frozen=True)
class _Cases:
    """P(content, read, write); texts as numbers that mean the same in all regimes."""

    content: Indices
    read: Indices
    write: Indices
    probability: Array

    def only(self, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> _Cases:
        share = self.probability[mask].sum()
        scaled = self.probability[mask] / (share if share > 0 else 1.0)
        return _Cases(self.content[mask], self.read[mask], self.write[mask], scaled)


def best_accuracies(
    compiled: Compiled,
    read: tuple[str, ...],
    write: tuple[str, ...],
    measured: Interventions,
    fitted: Sequence[Interventions | None],
    contents: int,
    seed: int,
) -> list[Accuracy]:
    """Compute the accuracy of best predictors; see `World.optimal_accuracy`.

    Parameters
    ----------
    compiled : Compiled
        The world.
    read, write : tuple of str
        What they see, and what they say; one is right if all of it is.
    measured : Interventions
        Where they are measured.
    fitted : sequence of Interventions or None
        Where each is the best one; ``None`` is where it is measured. Ties are broken at random.
    contents, seed : int
        Draws of texts with many values, and their seed.

    Returns
    -------
    list of Accuracy
        One for each of ``fitted``.

    Raises
    ------
    InputError
        For unknown nodes, or a world that is too wide.
    """
    _check(compiled, read, write)
    wanted = (*read, *write)
    regimes = [regime(compiled, measured, wanted)]
    places = []
    for one in fitted:
        places.append(0 if one is None else len(regimes))
        if one is not None:
            regimes.append(regime(compiled, one, wanted))
    try:
        cases = _cases(regimes, _Contents(1, 1, {}, np.zeros(1)), read, write)
    except TooManyError:
        held = frozenset[str]().union(*(held_nodes(one, _COMBINATIONS) for one in regimes))
    else:
        how = f"exact: all {len(cases[0].probability):,} combinations are enumerated"
        scores = [_score(cases[place], cases[0], 1) for place in places]
        return [Accuracy(value, 0.0, True, value, unseen, how) for value, unseen, _ in scores]
    try:
        return _estimated(regimes, places, sorted(held), read, write, contents, seed)
    except TooManyError:
        names = ", ".join(wanted)
        message = f"there are too many combinations to enumerate for {names}; read and write less, or fix nodes with do"
        raise InputError.at(compiled.file, message) from None


@dataclass(frozen=True)
class _Contents:
    """What the held nodes are.

    Parameters
    ----------
    outer, inner : int
        Draws, and for each how many draws of what is hidden; a content is one of outer · inner.
    held : dict of str to ndarray of shape (outer · inner, event …)
        Values of the held sites.
    log_proposal : ndarray of shape (outer · inner,)
        Logarithm of the probability with which the hidden values were drawn.
    """

    outer: int
    inner: int
    held: Draws
    log_proposal: Array


def _estimated(
    regimes: Sequence[Regime],
    places: Sequence[int],
    held: list[str],
    read: tuple[str, ...],
    write: tuple[str, ...],
    contents: int,
    seed: int,
) -> list[Accuracy]:
    """The means over draws of the held nodes."""
    probe = _contents(regimes[0], held, [], _PROBES, 1, seed)
    combinations = max(int(np.bincount(one.content).max()) for one in _cases(regimes, probe, read, write))
    hidden = [node for node in held if _is_hidden(regimes, probe, node, read, write, seed)]
    inner = _HIDDEN_DRAWS if hidden else 1
    outer = max(2, min(contents, _ROWS // (combinations * inner)))
    cases = _cases(regimes, _contents(regimes[0], held, hidden, outer, inner, seed), read, write)
    how = f"mean over {outer} draws of {', '.join(held)}; for each, up to {combinations:,} combinations are enumerated"
    if not hidden:
        found = []
        for place in places:
            value, unseen, by_content = _score(cases[place], cases[0], outer)
            found.append(Accuracy(value, _standard_error(by_content * outer), False, value, unseen, how))
        return found
    how += (
        f"; {', '.join(hidden)} cannot be told from what is read: of {inner} draws for each, half are for fitting and "
        "half for measuring, so the value errs downwards"
    )
    return [_crossed(cases[place], cases[0], outer, inner, how) for place in places]


def _crossed(fit: _Cases, measure: _Cases, outer: int, inner: int, how: str) -> Accuracy:
    """Fit on one half of the inner draws and measure on the other, both ways."""
    contents = outer * inner
    halves = [np.arange(contents) % 2 == half for half in (0, 1)]
    scores = [
        _score(fit.only(halves[i][fit.content]), measure.only(halves[1 - i][measure.content]), contents) for i in (0, 1)
    ]
    value = float(np.mean([one[0] for one in scores]))
    by_content = np.mean([one[2].reshape(outer, inner).sum(1) * outer for one in scores], axis=0)
    upper, unseen, _ = _score(fit, measure, contents)
    return Accuracy(value, _standard_error(by_content), False, max(upper, value), unseen, how)


def _contents(world: Regime, held: list[str], hidden: list[str], outer: int, inner: int, seed: int) -> _Contents:
    """Draw the held nodes; ``inner`` contents in a row differ in the hidden ones only."""
    drawn = draw_contents(world, outer, np.random.default_rng([seed, 0]))
    values = {name: np.repeat(drawn[name], inner, axis=0) for node in held for name in world.draws_of(node)}
    log_proposal = np.zeros(outer * inner)
    for place, node in enumerate(hidden):
        alone, log_probability = draw_alone(world, node, outer * inner, np.random.default_rng([seed, 1, place]))
        values.update(alone)
        log_proposal += log_probability
    return _Contents(outer, inner, values, log_proposal)


def _score(fit: _Cases, measure: _Cases, contents: int) -> tuple[float, float, Array]:
    """Accuracy of the best predictor of some cases on others, the mass of what it never saw, accuracy by content."""
    width = int(max(fit.write.max(initial=0), measure.write.max(initial=0))) + 1
    keys, place = np.unique(fit.read * width + fit.write, return_inverse=True)
    mass = np.bincount(place, fit.probability, minlength=len(keys))
    texts, of_text = np.unique(keys // width, return_inverse=True)
    best = np.zeros(len(texts))
    np.maximum.at(best, of_text, mass)
    chosen = mass >= best[of_text] * (1.0 - _TIE)
    credit = chosen / np.bincount(of_text, chosen, minlength=len(texts))[of_text]
    wanted = measure.read * width + measure.write
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    right = measure.probability * np.where(keys[at] == wanted, credit[at], 0.0)
    unseen = float(measure.probability[~np.isin(measure.read, texts)].sum())
    by_content: Array = np.bincount(measure.content, right, minlength=contents).astype(np.float64)
    return min(round(float(right.sum()), 12), 1.0), round(unseen, 12), by_content


def _cases(
    regimes: Sequence[Regime], contents: _Contents, read: tuple[str, ...], write: tuple[str, ...]
) -> list[_Cases]:
    """Enumerate every regime; the first sums to one for each outer content, the others are weighted alike."""
    numbers: tuple[dict[tuple[str, ...], int], dict[tuple[str, ...], int]] = ({}, {})
    result: list[_Cases] = []
    scale = np.zeros(contents.outer)
    for place, world in enumerate(regimes):
        found: list[tuple[Indices, Array]] = []
        texts: tuple[list[int], list[int]] = ([], [])
        start, step, total = 0, 1, contents.outer * contents.inner
        while start < total:
            rows = enumerate_rows(world, contents.held, range(start, min(start + step, total)), (*read, *write))
            found.append((rows.content, rows.log_probability))
            for nodes, known, ids in zip((read, write), numbers, texts, strict=True):
                cells = zip(*(rows.columns[node] for node in nodes), strict=True)
                ids.extend(known.setdefault(cell, len(known)) for cell in cells)
            start += step
            step = max(1, _BATCH // max(len(rows.content) // step, 1))
        content = np.concatenate([one[0] for one in found])
        weight = np.concatenate([one[1] for one in found]) - contents.log_proposal[content]
        outer = content // contents.inner
        if place == 0:
            scale = _log_sums(weight, outer, contents.outer)
        probability = np.exp(np.minimum(weight - scale[outer], 700.0)) / contents.outer
        result.append(
            _Cases(content, np.array(texts[0], dtype=np.int64), np.array(texts[1], dtype=np.int64), probability)
        )
    return result


def _log_sums(values: Array, group: Indices, groups: int) -> Array:
    """Log Σ exp within each group; zero for an empty one."""
    largest = np.full(groups, -np.inf)
    np.maximum.at(largest, group, values)
    sums = np.bincount(group, np.exp(values - largest[group]), minlength=groups)
    with np.errstate(divide="ignore"):
        return np.where(sums > 0.0, np.where(np.isfinite(largest), largest, 0.0) + np.log(sums), 0.0)


def _is_hidden(
    regimes: Sequence[Regime],
    contents: _Contents,
    node: str,
    read: tuple[str, ...],
    write: tuple[str, ...],
    seed: int,
) -> bool:
    """Whether another draw of a node can leave what is read as it is and change what should be written."""
    if not regimes[0].draws_of(node):
        return False
    count = contents.outer
    other, _ = draw_alone(regimes[0], node, count, np.random.default_rng([seed, 2]))
    both = {name: np.concatenate([value, other.get(name, value)]) for name, value in contents.held.items()}
    for cases in _cases(regimes, _Contents(2 * count, 1, both, np.zeros(2 * count)), read, write):
        found = _conditionals(cases)
        for (content, text), one in found.items():
            two = found.get((content + count, text), one)
            if any(abs(one.get(answer, 0.0) - two.get(answer, 0.0)) > _TIE for answer in {*one, *two}):
                return True
    return False


def _conditionals(cases: _Cases) -> dict[tuple[int, int], dict[int, float]]:
    """P(write | read, content) by content and text."""
    found: dict[tuple[int, int], dict[int, float]] = {}
    for content, read, write, chance in zip(
        cases.content.tolist(), cases.read.tolist(), cases.write.tolist(), cases.probability.tolist(), strict=True
    ):
        row = found.setdefault((content, read), {})
        row[write] = row.get(write, 0.0) + chance
    for row in found.values():
        total = sum(row.values())
        for text in row:
            row[text] /= total
    return found


def _standard_error(values: Array) -> float:
    return round(float(values.std(ddof=1) / np.sqrt(len(values))), 12)


def _check(compiled: Compiled, read: tuple[str, ...], write: tuple[str, ...]) -> None:
    if not read or not write:
        raise InputError.at(compiled.file, "there is nothing to read or nothing to write; add 'query' to the world")
    seen: set[str] = set()
    for node in (*read, *write):
        if node not in compiled.nodes:
            near = did_you_mean(node, compiled.nodes)
            raise InputError.at(compiled.file, f"there is no node '{node}' to read or write; {near}")
        if node in seen:
            raise InputError.at(compiled.file, f"'{node}' stands twice among what is read and written; name it once")
        seen.add(node)
