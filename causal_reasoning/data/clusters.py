"""Groups of embeddings: k-means, and a mixture of normal distributions on their leading components.

k-means is written out here: it must give the same clusters for the same rows on any machine, whatever the number of
threads, and number them in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]

MOST_ROWS = 20_000
"""Rows that a fit looks at; more are thinned out evenly."""

_STARTS = 8
_ROUNDS = 300
_STEPS = 300
_RATE = 0.05
_PATIENCE = 20  # steps between two looks at the loss
_ENOUGH = 1e-3  # nats a row: what these steps must gain


@dataclass(frozen=True, eq=False)
class Clusters:
    """Centres of clusters.

    Parameters
    ----------
    centres : array of shape (K, D)
        From the largest cluster to the smallest.
    """

    centres: Rows

    def assign(self, rows: Rows) -> list[int]:
        """The nearest centre of each row; of two equally near the first."""
        nearest: list[int] = _squared_distances(rows, self.centres).argmin(axis=1).tolist()
        return nearest


@dataclass(frozen=True, eq=False)
class Components:
    """A mixture of normal distributions with diagonal covariances on projected rows.

    Parameters
    ----------
    mean : array of shape (D,)
        Subtracted from a row.
    axes : array of shape (D, d)
        Then projected on these and divided by their standard deviations.
    log_weights : array of shape (K,)
        Logarithms of the components' shares.
    centres, scales : array of shape (K, d)
        Means and standard deviations, from the most frequent component to the rarest.
    doubt : float
        Mean probability, over the fitted rows, that a row comes from another component than the likeliest.
    """

    mean: Rows
    axes: Rows
    log_weights: Rows
    centres: Rows
    scales: Rows
    doubt: float = 0.0

    def posterior(self, rows: Rows) -> Rows:
        """P(component | row), shape (N, K)."""
        return _posterior((rows - self.mean) @ self.axes, self.log_weights, self.centres, self.scales)

    def assign(self, rows: Rows) -> list[int]:
        """The likeliest component of each row."""
        likeliest: list[int] = self.posterior(rows).argmax(axis=1).tolist()
        return likeliest


def fit_kmeans(rows: Rows, clusters: int, seed: int = 0) -> Clusters:
    """Partition rows into clusters of small squared distance from their means.

    Parameters
    ----------
    rows : array of shape (N, D)
        Points.
    clusters : int
        K.
    seed : int
        Seed of the first centres.

    Returns
    -------
    Clusters
        The best of eight starts.

    Raises
    ------
    ValueError
        If there are fewer than K different rows, as a part of a sentence.

    References
    ----------
    S. Lloyd, "Least squares quantization in PCM" (1982); first centres after D. Arthur and S. Vassilvitskii,
    "k-means++: the advantages of careful seeding" (2007).

    Examples
    --------
    >>> found = fit_kmeans(np.array([[0.0], [0.1], [0.2], [9.0], [9.1]]), 2)
    >>> found.centres.round(2).ravel().tolist(), found.assign(np.array([[8.0], [1.0]]))
    ([0.1, 9.05], [1, 0])
    """
    rows = _thinned(rows)
    different = len(np.unique(rows, axis=0))
    if different < clusters:
        raise ValueError(f"wants {clusters} groups, and the training rows have {different} different embeddings")
    rng = np.random.default_rng(seed)
    best: tuple[float, Rows] | None = None
    for _ in range(_STARTS):
        inertia, centres = _lloyd(rows, _first_centres(rows, clusters, rng))
        # A later start must be better by more than rounding.
        if best is None or inertia < best[0] * (1 - 1e-9):
            best = inertia, centres
    assert best is not None  # noqa: S101
    centres = best[1]
    sizes = np.bincount(_squared_distances(rows, centres).argmin(axis=1), minlength=clusters)
    return Clusters(centres[np.lexsort((centres[:, 0], -sizes))])


def fit_mixture(rows: Rows, components: int, dimensions: int, seed: int = 0) -> Components:
    """Fit a mixture of normal distributions to the leading principal components of rows, with Pyro.

    Parameters
    ----------
    rows : array of shape (N, D)
        Points.
    components : int
        K.
    dimensions : int
        Principal components that are kept, at most; each is scaled to unit variance.
    seed : int
        Seed of the first centres.

    Returns
    -------
    Components
        The maximum of the posterior density, with a Dirichlet(2) prior on the shares and weak priors on means and
        deviations; which component a row comes from is summed out.

    Raises
    ------
    ValueError
        If there are fewer than K different rows, as a part of a sentence.

    References
    ----------
    E. Bingham et al., "Pyro: deep universal probabilistic programming" (2019).
    """
    rows = _thinned(rows)
    mean = rows.mean(axis=0)
    centred = rows - mean
    _, values, vectors = np.linalg.svd(centred, full_matrices=False)
    kept = max(1, min(dimensions, int((values > 1e-9 * max(float(values[0]), 1e-300)).sum())))
    # The sign of a principal axis is arbitrary: its largest entry is made positive.
    signs = np.sign(vectors[np.arange(kept), np.abs(vectors[:kept]).argmax(axis=1)])
    axes = (vectors[:kept] * signs[:, None]).T / (values[:kept] / np.sqrt(len(rows)) + 1e-12)
    points = centred @ axes
    start = fit_kmeans(points, components, seed)
    log_weights, centres, scales = _maximum(points, start)
    order = np.lexsort((centres[:, 0], -log_weights))
    log_weights, centres, scales = log_weights[order], centres[order], scales[order]
    doubt = float(1 - _posterior(points, log_weights, centres, scales).max(axis=1).mean())
    return Components(mean, axes, log_weights, centres, scales, doubt)


def _maximum(points: Rows, start: Clusters) -> tuple[Rows, Rows, Rows]:
    """Maximise the posterior density of a mixture from a given start."""
    import pyro
    import pyro.distributions as dist
    import torch
    from pyro.infer import SVI, TraceEnum_ELBO, config_enumerate
    from pyro.infer.autoguide import AutoDelta

    data = torch.tensor(points, dtype=torch.float64)
    count, width = start.centres.shape
    member = np.array(start.assign(points))
    shares = (np.bincount(member, minlength=count) + 1.0) / (len(points) + count)
    spread = np.array(
        [points[member == k].std(axis=0) if (member == k).any() else np.ones(width) for k in range(count)]
    )
    first = {
        "shares": torch.tensor(shares),
        "centres": torch.tensor(start.centres),
        "scales": torch.tensor(np.clip(spread, 0.05, None)),
    }
    zero, one = torch.zeros(width, dtype=torch.float64), torch.ones(width, dtype=torch.float64)

    def mixture() -> None:
        share = pyro.sample("shares", dist.Dirichlet(2 * torch.ones(count, dtype=torch.float64)))
        with pyro.plate("components", count):
            centre = pyro.sample("centres", dist.Normal(zero, 3 * one).to_event(1))
            scale = pyro.sample("scales", dist.LogNormal(zero - 1, one).to_event(1))
        with pyro.plate("rows", len(data)):
            k = pyro.sample("k", dist.Categorical(share))
            pyro.sample("row", dist.Normal(centre[k], scale[k]).to_event(1), obs=data)

    model = config_enumerate(mixture)

    def initial(site: dict[str, Any]) -> Any:
        return first[site["name"]].clone()

    # Nothing else in the process may notice: neither the parameters nor the random numbers that Pyro draws.
    with pyro.get_param_store().scope(), torch.random.fork_rng():
        torch.manual_seed(0)
        guide = AutoDelta(pyro.poutine.block(model, hide=["k"]), init_loc_fn=initial)
        loss = TraceEnum_ELBO(max_plate_nesting=1)
        svi = SVI(model, guide, pyro.optim.Adam({"lr": _RATE}), loss)
        before = float("inf")
        for step in range(_STEPS):
            now = svi.step()
            if step % _PATIENCE == 0:
                if before - now < _ENOUGH * len(data):
                    break
                before = now
        found = {name: value.detach().numpy().copy() for name, value in guide.median().items()}
    return np.log(found["shares"]), found["centres"], found["scales"]


def _posterior(points: Rows, log_weights: Rows, centres: Rows, scales: Rows) -> Rows:
    scaled = (points[:, None, :] - centres[None]) / scales[None]
    joint = log_weights - 0.5 * (scaled**2).sum(axis=2) - np.log(scales).sum(axis=1)
    joint -= joint.max(axis=1, keepdims=True)
    weights = np.exp(joint)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _thinned(rows: Rows) -> Rows:
    if len(rows) <= MOST_ROWS:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(int)])


def _squared_distances(rows: Rows, centres: Rows) -> Rows:
    return np.asarray(np.stack([((rows - centre) ** 2).sum(axis=1) for centre in centres], axis=1))


def _first_centres(rows: Rows, clusters: int, rng: np.random.Generator) -> Rows:
    """Rows drawn one after the other, with probability proportional to the squared distance from those drawn."""
    chosen = [int(rng.integers(len(rows)))]
    nearest = ((rows - rows[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < clusters:
        chosen.append(int(rng.choice(len(rows), p=nearest / nearest.sum())))
        nearest = np.minimum(nearest, ((rows - rows[chosen[-1]]) ** 2).sum(axis=1))
    return np.asarray(rows[chosen])


def _lloyd(rows: Rows, centres: Rows) -> tuple[float, Rows]:
    """Alternate nearest centres and means until nothing changes; the sum of squared distances and the centres."""
    member = np.full(len(rows), -1)
    for _ in range(_ROUNDS):
        distances = _squared_distances(rows, centres)
        now = distances.argmin(axis=1)
        if (now == member).all():
            break
        member = now
        centres = centres.copy()
        far = np.argsort(-distances.min(axis=1), kind="stable").tolist()
        for k in range(len(centres)):
            mine = member == k
            # A cluster that lost all of its rows starts again at the row that is farthest from its centre.
            centres[k] = rows[mine].mean(axis=0) if mine.any() else rows[far.pop(0)]
    return float(_squared_distances(rows, centres).min(axis=1).sum()), centres
