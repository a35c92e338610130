"""What the best predictors reach in a world, as observed and under intervention."""

from __future__ import annotations

from causal_reasoning.scm.accuracy import Accuracy, best_accuracies
from causal_reasoning.scm.interventions import DoLike, parse_interventions
from causal_reasoning.scm.world import World


def accuracy_table(world: World, *, contents: int = 200, seed: int = 0) -> dict[str, tuple[Accuracy, Accuracy]]:
    """Compute what the query's best predictors reach, and what the best one of the undisturbed world does elsewhere.

    Parameters
    ----------
    world : World
        The world.
    contents, seed : int
        As in `World.optimal_accuracy`.

    Returns
    -------
    dict of str to (Accuracy, Accuracy)
        For ``"observation"``, and if the treatment is categorical ``"do"`` and ``"reversed"``: the best predictor
        there, and the best one under observation, measured there. Empty without a query.

    Examples
    --------
    >>> from causal_reasoning.scm import load_world
    >>> table = accuracy_table(load_world("letters", {"rho": 1.0, "eta": 0.0}), contents=5)
    >>> table["do"][0].value, round(table["do"][1].unseen, 6)
    (1.0, 0.75)
    """
    query = world.query
    if query is None:
        return {}
    regimes: dict[str, DoLike] = {"observation": {}}
    if all(world.is_categorical(node) for node in query.do):
        regimes["do"] = dict.fromkeys(query.do, query.policy)
        regimes["reversed"] = dict.fromkeys(query.do, "reversed")
    observed = parse_interventions(world.compiled, {})
    found = {}
    for name, do in regimes.items():
        measured = parse_interventions(world.compiled, do)
        fitted = [None, observed] if do else [None]
        best = best_accuracies(world.compiled, query.read, query.write, measured, fitted, contents, seed)
        found[name] = (best[0], best[-1])
    return found
