"""The Pyro program of a world, and the intervention handler.

There is one program. Sampling runs it; `do` runs it under `Intervene`, which swaps the distributions of some
sites; evidence is met by rejection. A categorical draw is a race of exponential clocks, which is Gumbel-max
written without logarithms: it uses the same noise whatever the probabilities are, so two runs with one seed and
different interventions are counterfactual twins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyro
import pyro.distributions as dist
import torch
from pyro.poutine.messenger import Messenger
from pyro.poutine.trace_messenger import TraceMessenger
from torch import Tensor

from causal_reasoning.scm.mechanisms import Site
from causal_reasoning.scm.policy import Array, Policy


class RaceCategorical(dist.Categorical):  # type: ignore[misc]
    """A categorical distribution whose draws couple: same noise, other probabilities, the Gumbel-max twin.

    The value is the argmax of p_k / E_k with independent unit exponentials E_k.

    References
    ----------
    M. Oberst and D. Sontag, "Counterfactual off-policy evaluation with Gumbel-max structural causal models" (2019).
    """

    def sample(self, sample_shape: torch.Size | tuple[int, ...] = ()) -> Tensor:
        """Draw indices of shape ``sample_shape + batch_shape``."""
        shape = (*sample_shape, *self._batch_shape, self._num_events)
        clocks = torch.empty(shape, dtype=self.probs.dtype).exponential_()
        winner: Tensor = (self.probs / clocks).argmax(-1)
        return winner


def program(sites: Mapping[str, Site], rows: int) -> dict[str, Tensor]:
    """Draw every site for a number of independent rows.

    Parameters
    ----------
    sites : mapping of str to Site
        Causes first.
    rows : int
        Size of the plate.

    Returns
    -------
    dict of str to Tensor
        Indices of shape (rows, event …) for each site.
    """
    draws: dict[str, Tensor] = {}
    with pyro.plate("rows", rows):
        for name, site in sites.items():
            table = torch.from_numpy(site.table)
            if site.parents:
                probabilities = table[tuple(draws[parent] for parent in site.parents)]
            else:
                probabilities = table.expand(rows, *table.shape)
            distribution = RaceCategorical(probs=probabilities, validate_args=False)
            draws[name] = pyro.sample(name, distribution.to_event(site.event_dimensions))
    return draws


class Intervene(Messenger):  # type: ignore[misc]
    """Swap the distributions of some sites for policies.

    Parameters
    ----------
    policies : mapping of str to (Policy, ndarray)
        For each site the policy and the site's marginal distribution.
    """

    def __init__(self, policies: Mapping[str, tuple[Policy, Array]]) -> None:
        super().__init__()
        self.policies = policies

    def _pyro_sample(self, msg: dict[str, Any]) -> None:
        if msg["name"] not in self.policies:
            return
        policy, marginal = self.policies[msg["name"]]
        own = msg["fn"].probs
        replaced = torch.as_tensor(policy.apply(own.numpy(), marginal), dtype=own.dtype)
        msg["fn"] = RaceCategorical(probs=replaced.expand(own.shape), validate_args=False)


def draw(
    sites: Mapping[str, Site],
    rows: int,
    policies: Mapping[str, tuple[Policy, Array]],
) -> dict[str, Tensor]:
    """Run the program once and read the trace.

    Parameters
    ----------
    sites : mapping of str to Site
        Causes first.
    rows : int
        How many rows.
    policies : mapping of str to (Policy, ndarray)
        Interventions; may be empty.

    Returns
    -------
    dict of str to Tensor
        Indices of shape (rows, event …) for each site.
    """
    with TraceMessenger() as recorder, Intervene(policies):
        program(sites, rows)
    nodes = recorder.trace.nodes
    return {name: nodes[name]["value"] for name in sites}
