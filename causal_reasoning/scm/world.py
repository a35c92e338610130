"""A world that can be sampled, intervened on, conditioned and enumerated."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.scm.accuracy import Accuracy, best_accuracies
from causal_reasoning.scm.interventions import DoLike, categorical, joint_of, parse_evidence, parse_interventions
from causal_reasoning.scm.nodes import Node
from causal_reasoning.scm.pairs import Pairs, pairs, resliced
from causal_reasoning.scm.reader import Compiled, compile_world, locate
from causal_reasoning.scm.sampling import LEAST_EVIDENCE, MAXIMUM_TRIES_PER_ROW, Columns, blocks
from causal_reasoning.scm.spec import QuerySpec

__all__ = ["LEAST_EVIDENCE", "MAXIMUM_TRIES_PER_ROW", "World", "load_world"]


class World:
    """A structural causal model that generates questions and answers; made by `load_world`.

    Parameters
    ----------
    compiled : Compiled
        What the reader returned.

    Examples
    --------
    >>> world = load_world("letters")
    >>> world.graph().parents("answer")
    ('skill', 'words')
    >>> world.values("skill")
    ('first', 'second', 'penultimate', 'last')
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled  #: graph, tables and draws, for functions that need more than methods give

    @property
    def name(self) -> str:
        """The name that the file gives."""
        return self.compiled.spec.name

    @property
    def description(self) -> str:
        """What the file says for readers."""
        return self.compiled.spec.description

    @property
    def file(self) -> str:
        """The file that the world was read from."""
        return self.compiled.file

    @property
    def nodes(self) -> Mapping[str, Node]:
        """Role and mechanism of every node, in the order of the file, nested worlds and time steps written out."""
        return MappingProxyType(dict(self.compiled.nodes))

    @property
    def parameters(self) -> Mapping[str, float]:
        """Values of the parameters, overrides applied."""
        return MappingProxyType(dict(self.compiled.parameters))

    @property
    def query(self) -> QuerySpec | None:
        """What a model should serve: the file's query, or the one that the roles suggest; else nothing."""
        return self.compiled.query

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content with its parameters, without comments and description; 64 hexadecimal digits."""
        return hashlib.sha256(self.compiled.canonical().encode()).hexdigest()

    def graph(self) -> CausalGraph:
        """Return the true graph: an arrow from every node that a mechanism reads."""
        return self.compiled.graph

    def values(self, node: str) -> tuple[str, ...]:
        """Return the values of a categorical node, in order.

        Parameters
        ----------
        node : str
            Its name.

        Raises
        ------
        InputError
            If there is no such node, or it is a text.
        """
        return self.compiled.values[categorical(self.compiled, node, "values")]

    def is_categorical(self, node: str) -> bool:
        """Whether a node takes one of a few named values; otherwise it is a text."""
        return node in self.compiled.values

    def probability(self, nodes: Sequence[str], do: DoLike | None = None) -> NDArray[np.float64]:
        """Compute the exact joint distribution of some categorical nodes.

        Parameters
        ----------
        nodes : sequence of str
            Categorical nodes, all different.
        do : mapping of str to policy, optional
            Interventions, as in `sample`.

        Returns
        -------
        ndarray
            One axis for each node, in that order; entries follow `values`; sums to one.

        Raises
        ------
        InputError
            For an unknown or text node, or if the graph is too wide to be enumerated.

        Examples
        --------
        >>> world = load_world("letters")
        >>> world.probability(["style", "skill"])[0].round(4).tolist()
        [0.2125, 0.0125, 0.0125, 0.0125]
        >>> world.probability(["style", "skill"], do={"skill": "uniform"})[0].tolist()
        [0.0625, 0.0625, 0.0625, 0.0625]
        """
        wanted = [categorical(self.compiled, node, "probability") for node in nodes]
        if len(set(wanted)) < len(wanted):
            raise InputError.at(self.file, "a node is named twice in 'probability'; name each once")
        sites = parse_interventions(self.compiled, do).sites(self.compiled)
        return joint_of(self.compiled, sites, wanted)

    def sample(
        self, rows: int, seed: int, *, do: DoLike | None = None, given: Mapping[str, str] | None = None
    ) -> Columns:
        """Draw rows from the world.

        The same seed gives the same rows, and the caller's random state stays as it was. Without ``given``, two
        calls with the same seed and number of rows and different interventions are counterfactual twins: same
        noise, other mechanism (Gumbel-max for categories). `counterfactual` draws twins with evidence, too.

        Parameters
        ----------
        rows : int
            How many, at least 1.
        seed : int
            From 0 to 2**63 − 1.
        do : mapping of str to policy, optional
            Interventions. On categorical nodes: a value, ``"uniform"``, ``"marginal"``, ``"reversed"``, a table
            ``{value: probability}``, a list with a value for every row, or a `Policy`. On text nodes: a text, a list
            with a text for every row, or ``"marginal"``, the text of an unrelated row. What depends on the node is
            made anew from what it is set to.
        given : mapping of str to str, optional
            Evidence on categorical nodes, met by rejection after the interventions.

        Returns
        -------
        dict of str to list of str
            One column of ``rows`` texts for every node, in the order of the file.

        Raises
        ------
        InputError
            For unknown nodes or values, a text that a mechanism cannot use, or evidence that is too rare (a
            probability below 0.002; at most 1,000 rows are drawn for every row that is asked for).

        Examples
        --------
        >>> columns = load_world("letters").sample(2, 0, do={"skill": "first", "words": "bomi tedak"})
        >>> columns["answer"]
        ['= b | t =', '= b | t =']
        """
        columns: Columns = {name: [] for name in self.compiled.nodes}
        for part in self.stream(rows, seed, do=do, given=given):
            for name, column in part.items():
                columns[name].extend(column)
        return columns

    def stream(
        self,
        rows: int,
        seed: int,
        *,
        do: DoLike | None = None,
        given: Mapping[str, str] | None = None,
        chunk: int | None = None,
    ) -> Iterator[Columns]:
        """Draw the rows of `sample` a part at a time, in constant memory.

        Parameters
        ----------
        rows, seed, do, given
            As in `sample`; the rows do not depend on ``chunk``.
        chunk : int, optional
            Rows in each part but the last; by default as they are drawn, up to 8,192.

        Returns
        -------
        iterator of dict of str to list of str
            Parts of the columns, in order.

        Examples
        --------
        >>> parts = load_world("letters").stream(10, 0, chunk=4)
        >>> [len(part["answer"]) for part in parts]
        [4, 4, 2]
        """
        self._whole(rows, "rows", 1)
        self._whole(seed, "seed", 0)
        if chunk is not None:
            self._whole(chunk, "chunk", 1)
        world = parse_interventions(self.compiled, do)
        evidence = parse_evidence(self.compiled, given)
        for node, length in world.row_by_row:
            if evidence:
                message = f"'{node}' is set row by row, and 'given' chooses rows afterwards; use a counterfactual"
                raise InputError.at(self.file, message)
            self._fits(node, length, rows)
        drawn = (found[0] for found in blocks(self.compiled, rows, seed, [world], evidence))
        return drawn if chunk is None else resliced(drawn, chunk)

    def counterfactual(
        self,
        rows: int,
        seed: int,
        do: DoLike,
        *,
        given: Mapping[str, str] | None = None,
        under: DoLike | None = None,
    ) -> Pairs:
        """Draw rows with their counterfactual twins: the same noise, had some nodes been set.

        Parameters
        ----------
        rows, seed
            As in `sample`, whose rows the factual ones are.
        do : mapping of str to policy
            What is different in the counterfactual world, as in `sample`; lists follow the factual rows.
        given : mapping of str to str, optional
            Evidence about the *factual* rows.
        under : mapping of str to policy, optional
            Interventions in both worlds; ``do`` comes on top.

        Returns
        -------
        Pairs
            Columns of both worlds.

        References
        ----------
        J. Pearl, *Causality* (2009), section 7.1: abduction, action, prediction.

        Examples
        --------
        >>> found = load_world("letters").counterfactual(1, 0, {"skill": "last"}, given={"skill": "first"})
        >>> found.factual["words"] == found.counterfactual["words"]
        True
        >>> found.changing
        ('skill', 'cue', 'question', 'rationale', 'answer')
        """
        parts = list(self.stream_counterfactual(rows, seed, do, given=given, under=under))
        return Pairs.joined(parts)

    def stream_counterfactual(
        self,
        rows: int,
        seed: int,
        do: DoLike,
        *,
        given: Mapping[str, str] | None = None,
        under: DoLike | None = None,
    ) -> Iterator[Pairs]:
        """Draw the rows of `counterfactual` a part at a time, in constant memory."""
        self._whole(rows, "rows", 1)
        self._whole(seed, "seed", 0)
        if not do:
            raise InputError.at(self.file, "a counterfactual needs a node that is set; name one with 'do'")
        both = parse_interventions(self.compiled, under)
        for node, length in both.row_by_row:
            message = f"'{node}' is set row by row in both worlds; do this in the counterfactual one only"
            raise InputError.at(self.file, message + ("" if length == rows else f" (and for {rows} rows)"))
        other = parse_interventions(self.compiled, {**(under or {}), **do})
        for node, length in other.row_by_row:
            self._fits(node, length, rows)
        evidence = parse_evidence(self.compiled, given)
        return pairs(self.compiled, rows, seed, both, other, sorted(do), evidence)

    def optimal_accuracy(
        self,
        read: Sequence[str] | None = None,
        write: Sequence[str] | None = None,
        *,
        do: DoLike | None = None,
        fitted_under: DoLike | None = None,
        contents: int = 200,
        seed: int = 0,
    ) -> Accuracy:
        """Compute the accuracy of the best predictor of some nodes from others: E[max_a P(a | what is read)].

        Parameters
        ----------
        read, write : sequence of str, optional
            By default those of the query.
        do : mapping of str to policy, optional
            Where the predictor is measured; by default in the undisturbed world.
        fitted_under : mapping of str to policy, optional
            Where the predictor is the best one; by default where it is measured. ``{}`` is the undisturbed world.
        contents : int
            If not all combinations can be enumerated: how many draws of those texts that take too many values.
        seed : int
            Of these draws.

        Returns
        -------
        Accuracy
            The value, its standard error (zero if it is exact) and how it was computed.

        Raises
        ------
        InputError
            For unknown nodes, or nothing to read or to write.

        Examples
        --------
        >>> world = load_world("letters", {"eta": 0.0})
        >>> world.optimal_accuracy(["question"], ["cue"], contents=5).value
        1.0
        """
        query = self.query
        read = read if read is not None else (query.read if query else ())
        write = write if write is not None else (query.write if query else ())
        self._whole(contents, "contents", 2)
        self._whole(seed, "seed", 0)
        measured = parse_interventions(self.compiled, do)
        fitted = None if fitted_under is None else parse_interventions(self.compiled, fitted_under)
        return best_accuracies(self.compiled, tuple(read), tuple(write), measured, [fitted], contents, seed)[0]

    # -- inside ------------------------------------------------------------------------------------------------

    def _fits(self, node: str, length: int, rows: int) -> None:
        if length != rows:
            raise InputError.at(self.file, f"'{node}' is set row by row to {length} values; {rows} rows are asked for")

    def _whole(self, number: object, name: str, least: int) -> None:
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number < 1 << 63:
            raise InputError.at(self.file, f"{name} must be a whole number from {least}, this is {number!r}")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:g}" for name, value in self.compiled.parameters.items())
        return f"World({self.name!r}{', ' + shown if shown else ''})"


def load_world(name_or_path: str | Path, parameters: Mapping[str, float] | None = None) -> World:
    """Read a world by shipped name or from a file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"letters"`` or another shipped name, or a YAML file.
    parameters : mapping of str to float, optional
        New values of parameters that the file declares.

    Returns
    -------
    World
        Checked and ready to sample.

    Raises
    ------
    InputError
        One line for each thing that is wrong: ``file:line:column: message``.

    Examples
    --------
    >>> load_world("letters", {"rho": 0.9})
    World('letters', rho=0.9, eta=0.25)
    """
    return World(compile_world(locate(name_or_path), parameters))
