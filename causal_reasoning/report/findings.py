"""What the numbers say, in a few plain sentences, good or bad."""

from __future__ import annotations

from causal_reasoning.report.differences import difference, settled
from causal_reasoning.report.numbers import percent, percent_interval
from causal_reasoning.report.results import Arm, Number, Results
from causal_reasoning.report.tables import best_arm

_FEW = 3  # more baselines than this share one sentence, and more graphs than this a sentence for each outcome

_FIXED = "\N{NO-BREAK SPACE}"


def findings(results: Results) -> tuple[list[str], list[str]]:
    """Say what a sweep found.

    Parameters
    ----------
    results : Results
        The results of a sweep.

    Returns
    -------
    tuple of two lists of str
        Sentences of plain text, computed from the numbers only: what matters, and the rest.
    """
    if not results.arms or results.split is None:
        return ["No run has been evaluated yet."], []
    split, title = results.split, f"“{results.titles[results.split]}”"
    floor, ceiling, best = results.arm(results.floor), results.arm(results.ceiling), best_arm(results)
    said: list[str] = []
    low = floor.exact(split) if floor else None
    high = ceiling.exact(split) if ceiling else None
    if floor and low:
        said.append(f"On {title}, {floor.name} answers {_share(low)} of the items exactly.")
    if ceiling and high:
        said.append(
            f"The ceiling, plain likelihood trained on data in which the intervention was made, reaches {_share(high)}."
        )
    elif low:
        said.append("There is no ceiling, so no gap can be measured.")
    if low and high and high.mean <= low.mean:
        said.append("The ceiling is not above the floor: on this data there is no gap to close.")
    if best and best is not floor:
        said.append(_against(best, floor, split, "The best graph"))
    elif best:
        said.append(f"No graph does better on {title} than {best.name}.")
    rest: list[str] = []
    others = [arm for arm in results.arms if arm.kind == "graph" and arm not in (best, floor) and arm.exact(split)]
    known = [arm for arm in others if arm.licensed is False]
    summed = known if len(known) > _FEW else []
    if summed:
        rest.append(_together(summed, floor, split))
    single = [arm for arm in others if arm not in summed]
    if floor and low and len(single) > _FEW:
        rest += _by_outcome(single, floor, split)
    else:
        rest += [
            _against(arm, floor, split, "A baseline" if arm.licensed is False else "Another arm") for arm in single
        ]
    rest += [_untrained(arm, split) for arm in results.arms if arm.kind == "base" and arm.exact(split)]
    said += _cost(results, best, floor)
    seeds = max((len(arm.seeds) for arm in results.arms), default=0)
    if seeds == 1:
        rest.append("Every arm was run with a single seed: there are no intervals, and differences may be chance.")
    if results.failed:
        many = len(results.failed) > 1
        rest.append(f"{len(results.failed)} run{'s' if many else ''} failed and {'are' if many else 'is'} left out.")
    return said, rest


def _together(arms: list[Arm], floor: Arm | None, split: str) -> str:
    """Sum up many arms that their graphs do not license."""
    scores = sorted(((number.mean, arm.name) for arm in arms if (number := arm.exact(split))), reverse=True)
    low, high = percent(scores[-1][0]), f"{percent(scores[0][0])}\N{NO-BREAK SPACE}%"
    text = (
        f"{len(scores)} baselines that their graphs do not license ({', '.join(name for _, name in scores)}) "
        f"reach between {low} and {high}"
    )
    least = floor.exact(split) if floor else None
    if floor and least:
        points = scores[0][0] - least.mean
        way = "more" if points > 0 else "less"
        text += f"; the best of them, {scores[0][1]}, {percent(abs(points))} points {way} than {floor.name}"
    return text + "."


def _by_outcome(arms: list[Arm], floor: Arm, split: str) -> list[str]:
    """One sentence each for the arms above the floor, below it, and those that the seeds do not tell from it."""
    above: list[tuple[float, str]] = []
    below: list[tuple[float, str]] = []
    unsettled: list[tuple[float, str]] = []
    for arm in arms:
        apart, score = difference(arm, floor, split), arm.exact(split)
        if score is None:
            continue
        sure = apart is not None and settled(apart)
        group = unsettled if not sure or apart is None else above if apart.mean > 0 else below
        group.append((score.mean, f"{arm.name}, {_apart(apart)}"))
    outcomes = (
        (above, f"More than {floor.name}, in points"),
        (unsettled, f"Not told from {floor.name} by these seeds"),
        (below, f"Less than {floor.name}"),
    )
    return [
        f"{what}: {'; '.join(text for _, text in sorted(group, key=lambda one: -one[0]))}."
        for group, what in outcomes
        if group
    ]


def _apart(apart: Number | None) -> str:
    if apart is None:
        return "which has no seed in common"
    text = percent_interval(apart).replace(" ", _FIXED)
    return text if apart.mean < 0 else f"+{text}"


def _share(number: Number) -> str:
    return f"{percent_interval(number)} %".replace(" ", "\N{NO-BREAK SPACE}")


def _against(arm: Arm, floor: Arm | None, split: str, what: str) -> str:
    score = arm.exact(split)
    assert score is not None  # noqa: S101 - callers ask for measured arms only
    text = f"{what}, {arm.name} ({arm.estimator or 'trained'}), reaches {_share(score)}"
    low = floor.exact(split) if floor else None
    if not floor or not low:
        return text + "."
    apart = difference(arm, floor, split)
    points = score.mean - low.mean
    if abs(points) < 0.0005:
        text += f", the same as {floor.name}"
    else:
        way = "more" if points > 0 else "less"
        half = None if apart is None or apart.half is None else f" ± {percent(apart.half)}"
        text += f", {percent(abs(points))}{(half or '').replace(' ', _FIXED)} points {way} than {floor.name}"
    if arm.gap:
        text += f", and closes {percent(arm.gap.mean)}\N{NO-BREAK SPACE}% of the gap"
        if arm.gap.mean < 0:
            text += " (a negative share: it is further from the ceiling)"
    text += "."
    if apart is not None and settled(apart) is False and abs(points) >= 0.0005:
        text += " Its interval includes zero: these seeds do not settle the difference."
    return text


def _untrained(arm: Arm, split: str) -> str:
    score = arm.exact(split)
    return f"Without training, {arm.name} answers {percent(score.mean if score else None)}\N{NO-BREAK SPACE}%."


def _cost(results: Results, best: Arm | None, floor: Arm | None) -> list[str]:
    """Compare the best arm with the floor on the training distribution."""
    if not best or not floor or best is floor or "same" not in results.titles:
        return []
    ours, theirs = best.exact("same"), floor.exact("same")
    if not ours or not theirs:
        return []
    points = ours.mean - theirs.mean
    title = f"“{results.titles['same']}”"
    if abs(points) < 0.0005:
        return [f"On {title} the two do not differ."]
    way = "above" if points > 0 else "below"
    return [f"On {title}, {best.name} is {percent(abs(points))} points {way} {floor.name}."]
