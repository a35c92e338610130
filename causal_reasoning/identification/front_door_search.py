"""The search for front-door sets on bit sets, for fixed covariates: minimal cuts of a directed graph.

Look from the outcomes against the arrows. A mediator is met by an arrow that leaves it, and closes the way; a node
that is no mediator is passed. Two things must not happen: that a causal path is followed back to a treatment (it
avoids the mediators), and that a mediator is reached by an arrowhead (a back-door path from it to an outcome is
open). The second never happens at a mediator that cannot be spared: `network` leads such a way through the node
as if it were passed. What remains is to keep a source from a target by removing nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables
from causal_reasoning.identification.common_separator import Separation, common_separator, without_arrows_out
from causal_reasoning.identification.cuts import Network, all_minimal_cuts, has_cut, nearest_cut
from causal_reasoning.identification.query import Names, disjoint, make_query, observed_nodes
from causal_reasoning.identification.separation import connected


@dataclass(frozen=True, eq=False)
class Setting:
    """A question about front doors as bit sets; see `setting`.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    edges : Tables
        Its edges.
    do, on : int
        Treatments and outcomes.
    required : int
        Nodes that must be mediators.
    excluded : int
        Nodes that must be neither mediators nor covariates.
    """

    graph: CausalGraph
    edges: Tables
    do: int
    on: int
    required: int = 0
    excluded: int = 0

    @cached_property
    def without_effects(self) -> Tables:
        """The graph without arrows out of the treatments."""
        return without_arrows_out(self.edges, self.do)

    @cached_property
    def observed(self) -> int:
        """The nodes that are not latent, without the treatments."""
        return self.graph.mask(self.graph.observed) & ~self.do

    @cached_property
    def reached(self) -> int:
        """The treatments and their descendants."""
        return closure(self.edges.children, self.do)

    @cached_property
    def possible_covariates(self) -> int:
        """What may be adjusted for: observed nodes that no treatment reaches."""
        return self.observed & ~self.reached & ~self.excluded & ~self.required

    def accepts(self, mediators: int, covariates: int) -> bool:
        """Decide whether the criterion of `front_door` holds; nothing is required of the names."""
        edges, rest = self.edges, self.on & ~mediators & ~covariates
        if not rest or covariates & self.reached:
            return False
        causal = closure(edges.parents, rest, ~(mediators | self.do))
        if any(edges.parents[i] & self.do for i in bits(causal)):
            return False
        if connected(self.without_effects, mediators, covariates) & self.do:
            return False
        backdoor = without_arrows_out(edges, mediators)
        return not connected(backdoor, mediators, self.do | covariates) & rest

    def mediators(self, covariates: int, outcomes: bool) -> int | None:
        """Find the minimal set of mediators that is closest to the treatments, for given covariates."""
        network = self._network(covariates, outcomes)
        cut = None if network is None else nearest_cut(network)
        if network is None or cut is None:
            return None
        found = self._read(cut)
        if self.on & ~found & ~covariates:
            return found
        return next((found for found in self.all_mediators(covariates, outcomes)), None)

    def has_mediators(self, covariates: int, outcomes: bool) -> bool:
        """Decide whether there is a set of mediators, for given covariates."""
        network = self._network(covariates, outcomes)
        if network is None or not has_cut(network):
            return False
        # With outcomes among the mediators the cut may be all of them; see `all_mediators`.
        return not outcomes or self.mediators(covariates, outcomes) is not None

    def all_mediators(self, covariates: int, outcomes: bool) -> Iterator[int]:
        """Yield the minimal sets of mediators for given covariates, each once."""
        network = self._network(covariates, outcomes)
        for cut in all_minimal_cuts(network) if network else ():
            found = self._read(cut)
            # At most one set contains all outcomes; it is an adjustment, and no front door.
            if self.on & ~found & ~covariates:
                yield found

    def find(self) -> tuple[int, int] | None:
        """Find one minimal set of mediators, with as few covariates as needed; outcomes in them if it must be.

        Returns
        -------
        (int, int) or None
            Mediators and covariates.

        Notes
        -----
        If covariates help, the ancestors of treatments and outcomes among those that are possible seem always to
        do (see `front_door.find_front_door`). Of these, separators are selected, and left out until each is needed.
        """
        for outcomes in (False, True):
            mediators = self.mediators(0, outcomes)
            if mediators is not None:
                return mediators, 0
            for covariates in self._covariates(outcomes):
                mediators = self.mediators(covariates, outcomes) if covariates else None
                if mediators is not None:
                    needed = self._fewest(mediators, covariates, outcomes)
                    mediators = self.mediators(needed, outcomes)
                    return None if mediators is None else (mediators, needed)
        return None

    def _covariates(self, outcomes: bool) -> Iterator[int]:
        """Yield sets of covariates that help if any does."""
        likely = self.possible_covariates & closure(self.edges.parents, self.do | self.on | self.required)
        beyond = closure(self.edges.children, self.required)
        for names in (likely & ~self.on, likely) if outcomes else (likely & ~self.on,):
            yield names
            if names & beyond:
                # A required mediator that is no descendant of the treatments can be a cause of a covariate.
                yield names & ~beyond

    def _fewest(self, mediators: int, covariates: int, outcomes: bool) -> int:
        """Leave out covariates until none can be left out alone."""
        backdoor = without_arrows_out(self.edges, mediators)
        conditions = [
            Separation(self.without_effects, self.do, mediators),
            Separation(backdoor, mediators, self.on & ~mediators & ~covariates, self.do),
        ]
        kept = common_separator(conditions, covariates) or 0
        if not self.accepts(mediators, kept):
            kept = covariates  # an outcome that was a covariate is an outcome again
        rank = {name: i for i, name in enumerate(self.graph.topological_order)}
        before = -1
        while kept not in (before, 0):
            before = kept
            # Far causes go first, so that what stays is close to the treatments and outcomes.
            for i in sorted(bits(kept), key=lambda i: rank[self.graph.nodes[i]]):
                if self.has_mediators(kept & ~(1 << i), outcomes):
                    kept &= ~(1 << i)
        return kept

    def _read(self, cut: int) -> int:
        return cut >> 3 * self.edges.size | self.required

    def _network(self, covariates: int, outcomes: bool) -> Network | None:
        """Return the graph whose minimal cuts are the minimal sets, or ``None`` where there is no set."""
        start = self.on & ~covariates & ~self.required
        linked = connected(self.without_effects, self.do, covariates)
        candidates = self.observed & ~covariates & ~self.excluded & ~linked
        if not start or self.required & ~candidates:
            return None
        return network(self, candidates if outcomes else candidates & ~self.on | self.required, covariates)


def network(asked: Setting, candidates: int, covariates: int) -> Network:
    """Build the directed graph whose minimal cuts are the minimal sets of mediators.

    Parameters
    ----------
    asked : Setting
        The question.
    candidates : int
        The nodes without an open back-door path from the treatments; the required ones among them.
    covariates : int
        What is given beside the treatments.

    Returns
    -------
    Network
        It has four nodes for each node v of the graph. Position v: entered against an arrow on a causal path
        and passed. n + v: entered against an arrow otherwise and passed. 2 n + v: entered by an arrowhead.
        3 n + v: entered against an arrow, may be cut.

    Notes
    -----
    Why minimal cuts are the minimal sets. (a) What a set of mediators really leaves open is reached here as
    well, as the steps of m-connection are all there; so a cut that reaches none of its own nodes by an arrowhead
    meets the criterion. A minimal cut reaches none: it would be passed there, and need not be cut. (b) A
    set that meets the criterion is a cut. The one step that is more than m-connection is the one from a
    candidate that was entered by an arrowhead to the same candidate passed. That candidate is no mediator then,
    and a directed path leads from it to an outcome or covariate without meeting treatments or covariates before; no
    mediator is on it, as the first would be reached by an arrowhead. So the candidate is entered against an arrow
    too, from the end of that path. (c) Candidates without such a path do not matter: cutting the arrows out
    of them closes no way.
    """
    edges, do = asked.edges, asked.do
    size, given, forced = edges.size, do | covariates, asked.required
    start = asked.on & ~covariates
    causal = closure(edges.parents, start, ~given)
    leading = causal | closure(edges.parents, covariates, ~given)
    gates = candidates & leading & ~forced & ~given
    plain = ~(gates | given | forced)
    source, target = 4 * size, 4 * size + 1
    after = [0] * (4 * size + 2)

    def against(nodes: int, layer: int) -> int:
        return (nodes & plain) << layer | (nodes & gates) << 3 * size

    for v in range(size):
        up, down, beside = edges.parents[v], edges.children[v], edges.siblings[v]
        along = (down | beside) << 2 * size
        after[v] = against(up, 0) | along | (1 << target if up & do else 0)
        after[size + v] = against(up, size) | along
        through = 1 << (v if causal >> v & 1 else size + v)
        if given >> v & 1:
            after[2 * size + v] = against(up, size) | beside << 2 * size
        elif forced >> v & 1:
            after[2 * size + v] = 1 << target
        else:
            after[2 * size + v] = down << 2 * size | (through if gates >> v & 1 else 0)
        after[3 * size + v] = through
    after[source] = against(start, 0)
    return Network(after, source, target, gates << 3 * size)


def setting(graph: CausalGraph, do: Names, on: Names, required: Names = (), excluded: Names = ()) -> Setting:
    """Check the question.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.
    required : str or iterable of str
        Nodes that must be mediators.
    excluded : str or iterable of str
        Nodes that must be neither mediators nor covariates.

    Returns
    -------
    Setting
        As bit sets.

    Raises
    ------
    QueryError
        For an unknown or latent node, a missing treatment or outcome, or a node that is named twice.
    """
    query = make_query(graph, do, on)
    must = observed_nodes(graph, required, "the required node")
    never = observed_nodes(graph, excluded, "the excluded node")
    disjoint(must, "a required mediator", query.do, "the treatment")
    disjoint(must, "a required mediator", never, "excluded")
    masks = (graph.mask(names) for names in (query.do, query.on, must, never))
    return Setting(graph, tables(graph), *masks)


def named(graph: CausalGraph, do: Names, on: Names, mediators: Names, covariates: Names) -> tuple[Setting, int, int]:
    """Check a question about a given set; return it with mediators and covariates as bit sets."""
    asked = setting(graph, do, on)
    through = observed_nodes(graph, mediators, "the mediator")
    beside = observed_nodes(graph, covariates, "the covariate")
    treatments = graph.names(asked.do)
    disjoint(through, "a mediator", treatments, "the treatment")
    disjoint(beside, "a covariate", treatments, "the treatment")
    disjoint(through, "a mediator", beside, "a covariate")
    return asked, graph.mask(through), graph.mask(beside)
