"""The difference between two arms' effects, on the same items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.effects.cuts import Cut
from causal_reasoning.effects.items import Items
from causal_reasoning.effects.result import ArmDifference
from causal_reasoning.effects.strata import Numbers, by_strata, resampled
from causal_reasoning.errors import InputError, did_you_mean


def reference_arm(items: Sequence[Items], wanted: str | None) -> Items | None:
    """The arm from which others are told apart.

    Parameters
    ----------
    items : sequence of Items
        All arms.
    wanted : str, optional
        Its name; by default ``erm``, else the first that is trained with a graph, else the first of a file.

    Raises
    ------
    InputError
        If there is no arm of this name.
    """
    if wanted is not None:
        for one in items:
            if one.arm == wanted:
                return one
        raise InputError.at("--against", f"there is no arm '{wanted}'; {did_you_mean(wanted, [o.arm for o in items])}")
    trained = [one for one in items if one.kind in ("graph", "table")]
    return next((one for one in trained if one.arm == "erm"), trained[0] if trained else None)


def arm_differences(first: Items, second: Items, cuts: Sequence[Cut], seed: int) -> Iterator[ArmDifference]:
    """Compare two arms contrast by contrast.

    Parameters
    ----------
    first, second : Items
        The rows of one split; those of items that both have are compared.
    cuts : sequence of Cut
        Contrasts of the second's rows that are identified by adjustment.
    seed : int
        Seed of the intervals.

    Yields
    ------
    ArmDifference
        Effect on the first less effect on the second, with a percentile interval from resampled items: both effects
        are computed on the same draw, so what makes an item easy for both cancels.

    Raises
    ------
    InputError
        If the same item has other values in the two arms: then they are no pair.
    """
    place = {key: i for i, key in enumerate(first.keys)}
    for cut in cuts:
        both = [k for k, row in enumerate(cut.chosen) if second.keys[row] in place]
        if not both:
            continue
        own = cut.chosen[both]
        other = np.array([place[second.keys[row]] for row in own], dtype=np.int64)
        _same_rows(first, second, other, own, cut)
        treated, strata = cut.treated[both], cut.strata[both]
        one, two = first.correct[other], second.correct[own]

        def statistic(
            rows: Numbers,
            treated: Numbers = treated,
            strata: Numbers = strata,
            one: NDArray[np.float64] = one,
            two: NDArray[np.float64] = two,
        ) -> float:
            t, z = treated[rows], strata[rows]
            # The formula is linear in what is right, so the difference of effects is the effect on the difference.
            return by_strata(t, one[rows] - two[rows], z)

        agreeing = cut.question.agreeing is not None
        interval = resampled(statistic, len(both), statistic(np.arange(len(both))), seed)
        yield ArmDifference(
            first.arm, second.arm, cut.question.title, cut.value, cut.reference, interval, len(both), agreeing
        )


def _same_rows(first: Items, second: Items, other: Numbers, own: Numbers, cut: Cut) -> None:
    for column in sorted({cut.question.column, *cut.question.columns.values()}):
        theirs = first.columns.get(column)
        if theirs is None or any(
            theirs[i] != second.columns[column][j] for i, j in zip(other.tolist(), own.tolist(), strict=True)
        ):
            raise InputError.at(
                second.source,
                f"the arms '{first.arm}' and '{second.arm}' were measured on different items ('{column}' differs), so "
                "they cannot be compared item by item; repeat the runs of one of them",
            )
