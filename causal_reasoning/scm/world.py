"""A world that can be sampled, intervened on, conditioned and enumerated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.scm.exact import TooLargeError, joint
from causal_reasoning.scm.mechanisms import Site, TextMechanism
from causal_reasoning.scm.policy import Policy, PolicyLike, parse_policy
from causal_reasoning.scm.reader import Compiled, compile_world, locate
from causal_reasoning.scm.spec import NodeSpec

#: Evidence is met by rejection: at most this many draws for every row that is asked for …
MAXIMUM_TRIES_PER_ROW = 1_000
#: … so evidence must have at least this probability.
LEAST_EVIDENCE = 2 / MAXIMUM_TRIES_PER_ROW
_CHUNK = 8_192  # rows drawn at once, fewer where a row needs many random numbers
_NUMBERS = 4_000_000


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
        self._compiled = compiled

    @property
    def name(self) -> str:
        """The name that the file gives."""
        return self._compiled.spec.name

    @property
    def file(self) -> str:
        """The file that the world was read from."""
        return self._compiled.file

    @property
    def nodes(self) -> Mapping[str, NodeSpec]:
        """Name, role and mechanism of every node, in the order of the file."""
        return MappingProxyType(self._compiled.spec.nodes)

    @property
    def parameters(self) -> Mapping[str, float]:
        """Values of the parameters, overrides applied."""
        return MappingProxyType(dict(self._compiled.parameters))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content with its parameters, without comments and description; 64 hexadecimal digits."""
        return hashlib.sha256(self._compiled.canonical().encode()).hexdigest()

    def graph(self) -> CausalGraph:
        """Return the true graph: an arrow from every node that a mechanism reads."""
        return self._compiled.graph

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
        return self._compiled.values[self._categorical(node, "values")]

    def is_categorical(self, node: str) -> bool:
        """Whether a node takes one of a few named values; otherwise it is a text."""
        return node in self._compiled.values

    def probability(self, nodes: Sequence[str], do: Mapping[str, PolicyLike] | None = None) -> NDArray[np.float64]:
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
        wanted = [self._categorical(node, "probability") for node in nodes]
        if len(set(wanted)) < len(wanted):
            raise InputError.at(self.file, "a node is named twice in 'probability'; name each once")
        sites = {name: self._compiled.sites[name] for name in self._compiled.values}
        for name, (policy, marginal) in self._policies(do).items():
            replaced = policy.apply(sites[name].table, marginal)
            parents = sites[name].parents if replaced.ndim > 1 else ()
            sites[name] = Site(parents, replaced)
        return self._joint(sites, wanted)

    def sample(
        self,
        rows: int,
        seed: int,
        *,
        do: Mapping[str, PolicyLike] | None = None,
        given: Mapping[str, str] | None = None,
    ) -> dict[str, list[str]]:
        """Draw rows from the world.

        The same seed gives the same rows, and the caller's random state stays as it was. Without ``given``, two
        calls with the same seed and number of rows and different interventions are counterfactual twins: same
        noise, other mechanism (Gumbel-max for categories).

        Parameters
        ----------
        rows : int
            How many, at least 1.
        seed : int
            From 0 to 2**63 − 1.
        do : mapping of str to policy, optional
            Interventions on categorical nodes: a value, ``"uniform"``, ``"marginal"``, ``"reversed"``, a table
            ``{value: probability}``, or a `Policy`.
        given : mapping of str to str, optional
            Evidence on categorical nodes, met by rejection after the interventions.

        Returns
        -------
        dict of str to list of str
            One column of ``rows`` texts for every node, in the order of the file.

        Raises
        ------
        InputError
            For unknown nodes or values, text nodes, or evidence that is too rare (a probability below
            0.002; at most 1,000 rows are drawn for every row that is asked for).

        Examples
        --------
        >>> sorted(load_world("letters").sample(2, 0, do={"skill": "first"}, given={"style": "plain"}))
        ['answer', 'cue', 'question', 'skill', 'style', 'words']
        """
        self._whole(rows, "rows", 1)
        self._whole(seed, "seed", 0)
        policies = self._policies(do)
        evidence = self._evidence(given or {}, do)
        import torch

        from causal_reasoning.scm.program import draw

        columns: dict[str, list[str]] = {name: [] for name in self.nodes}
        tried = kept = 0
        chunk = self._chunk()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.default_generator.manual_seed(seed)
            while kept < rows:
                if tried >= rows * MAXIMUM_TRIES_PER_ROW:
                    raise self._too_rare(given or {}, kept / tried)
                size = chunk if evidence else min(chunk, rows - kept)
                draws = {site: value.numpy() for site, value in draw(self._compiled.sites, size, policies).items()}
                tried += size
                if evidence:
                    fits = np.all([draws[node] == value for node, value in evidence.items()], axis=0)
                    chosen = np.flatnonzero(fits)[: rows - kept]
                    draws = {site: value[chosen] for site, value in draws.items()}
                    size = len(chosen)
                if size:
                    for name, column in self._columns(draws, size).items():
                        columns[name].extend(column)
                kept += size
        return columns

    # -- inside ------------------------------------------------------------------------------------------------

    def _chunk(self) -> int:
        """How many rows to draw at once, so that memory stays bounded."""
        widest = max(int(np.prod(site.table.shape[len(site.parents) :])) for site in self._compiled.sites.values())
        return max(min(_CHUNK, _NUMBERS // widest), 1)

    def _columns(self, draws: Mapping[str, NDArray[np.int64]], rows: int) -> dict[str, list[str]]:
        """Turn draws into texts, causes first."""
        columns: dict[str, list[str]] = {}
        for name in self._compiled.graph.topological_order:
            mechanism = self.nodes[name].mechanism
            if isinstance(mechanism, TextMechanism):
                own = {site.partition("/")[2]: v for site, v in draws.items() if site.startswith(f"{name}/")}
                columns[name] = mechanism.write(rows, columns, own)
            else:
                names = self._compiled.values[name]
                columns[name] = [names[index] for index in draws[name].tolist()]
        return columns

    def _policies(self, do: Mapping[str, PolicyLike] | None) -> dict[str, tuple[Policy, NDArray[np.float64]]]:
        result = {}
        tables = {name: self._compiled.sites[name] for name in self._compiled.values}
        for node, written in (do or {}).items():
            self._categorical(node, "do")
            policy = parse_policy(written, self._compiled.values[node], f"{self.file}: do {node}")
            result[node] = (policy, self._joint(tables, [node]))
        return result

    def _joint(self, sites: Mapping[str, Site], wanted: Sequence[str]) -> NDArray[np.float64]:
        try:
            return joint(sites, wanted)
        except TooLargeError:
            names = ", ".join(wanted)
            message = f"the distribution of {names} is too large to be enumerated; ask for fewer nodes"
            raise InputError.at(self.file, message) from None

    def _evidence(self, given: Mapping[str, str], do: Mapping[str, PolicyLike] | None) -> dict[str, int]:
        """Check the evidence and refuse what is impossible or too rare."""
        evidence: dict[str, int] = {}
        for node, value in given.items():
            values = self._compiled.values[self._categorical(node, "given")]
            if value not in values:
                near = did_you_mean(str(value), values)
                raise InputError.at(self.file, f"'{node}' has no value '{value}'; {near}")
            evidence[node] = values.index(value)
        if not evidence:
            return evidence
        try:
            exact = float(self.probability(list(evidence), do)[tuple(evidence.values())])
        except InputError:  # too large to be enumerated: the number of tries will tell
            return evidence
        if exact < LEAST_EVIDENCE:
            raise self._too_rare(given, exact)
        return evidence

    def _too_rare(self, given: Mapping[str, str], share: float) -> InputError:
        what = ", ".join(f"{node} = {value}" for node, value in given.items())
        found = f"its probability is {share:.2g}, at least {LEAST_EVIDENCE:g} is needed"
        message = f"the evidence {what} is too rare: {found}; condition on less, or use do"
        return InputError.at(self.file, message)

    def _categorical(self, node: str, what: str) -> str:
        if node in self._compiled.values:
            return node
        near = did_you_mean(str(node), self._compiled.values)
        if node in self.nodes:
            raise InputError.at(self.file, f"'{node}' is a text; {what} needs a node with a list of values; {near}")
        raise InputError.at(self.file, f"there is no node '{node}' for {what}; {near}")

    def _whole(self, number: object, name: str, least: int) -> None:
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number < 1 << 63:
            raise InputError.at(self.file, f"{name} must be a whole number from {least}, this is {number!r}")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:g}" for name, value in self._compiled.parameters.items())
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
