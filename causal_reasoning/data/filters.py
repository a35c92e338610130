"""Which rows are kept: simple conditions on columns, never code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from causal_reasoning.data.readers import Missing, Raw
from causal_reasoning.data.table import is_empty, text_of
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment.data_spec import Condition
from causal_reasoning.files import Document
from causal_reasoning.files.yaml import Path_


def kept(raw: Raw, conditions: Sequence[Condition], document: Document, path: Path_) -> Raw:
    """The rows that meet all conditions.

    Parameters
    ----------
    raw : Raw
        N rows.
    conditions : sequence of Condition
        What must hold. Values are compared as text: ``true`` equals ``"true"`` and 3 equals 3.0.
    document : Document
        The experiment file.
    path : tuple
        Where the conditions stand in it.

    Returns
    -------
    Raw
        The rows in their order, with their places.

    Raises
    ------
    InputError
        For an unknown column, a value that is no number under ``min`` or ``max``, or if no row is left.
    """
    left = list(range(len(raw)))
    for index, condition in enumerate(conditions):
        column = condition.column
        if column not in raw.columns:
            hint = did_you_mean(column, raw.names)
            raise document.error((*path, index, "column"), f"{raw.source} has no column '{column}'; {hint}")
        values = raw.columns[column]
        faults = [raw.fault(i, message) for i in left if (message := _unusable(values[i], condition))]
        if faults:
            raise InputError(faults[:1])
        remaining = [i for i in left if meets(values[i], condition)]
        if left and not remaining:
            raise document.error((*path, index), f"no row of {raw.source} meets this condition{_seen(values, left)}")
        left = remaining
    return raw.rows(left)


def meets(value: Any, condition: Condition) -> bool:
    """Whether a value meets all that a condition says.

    Examples
    --------
    >>> meets(3, Condition(column="n", min=2, max=3)), meets(None, Condition(column="n", present=True))
    (True, False)
    >>> meets(True, Condition(column="n", equals=True)), meets("true", Condition(column="n", equals=True))
    (True, True)
    """
    empty = is_empty(value)
    if condition.present is not None and condition.present == empty:
        return False
    text = None if empty else text_of(value)
    said = condition.model_fields_set
    if "equals" in said and text != _text(condition.equals):
        return False
    if "not_equal" in said and text == _text(condition.not_equal):
        return False
    if condition.one_of is not None and text not in [_text(one) for one in condition.one_of]:
        return False
    if condition.none_of is not None and text in [_text(one) for one in condition.none_of]:
        return False
    if condition.min is not None or condition.max is not None:
        if empty:
            return False
        number = float(value)
        low = -math.inf if condition.min is None else condition.min
        high = math.inf if condition.max is None else condition.max
        if not low <= number <= high:
            return False
    if condition.length is not None:
        length = 0 if text is None else len(text)
        least, most = condition.length.min or 0, condition.length.max
        return least <= length and (most is None or length <= most)
    return True


def _text(value: Any) -> str | None:
    return None if value is None else text_of(value)


def _unusable(value: Any, condition: Condition) -> str | None:
    """Why a condition cannot be decided for a value."""
    column = condition.column
    if isinstance(value, list | dict) and condition.model_fields_set - {"column", "present"}:
        return f"the column '{column}' holds a list or an object, and only 'present' can be asked of it"
    if (condition.min is not None or condition.max is not None) and not is_empty(value):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or math.isnan(number):
            return f"the column '{column}' holds '{value}', which is no number, and the filter asks for min or max"
    return None


def _seen(values: Sequence[Any], rows: Sequence[int]) -> str:
    """A few values of a column, to show what could have been meant."""
    texts = [values[i] for i in rows if not isinstance(values[i], Missing | list | dict | None)]
    distinct = sorted({text_of(value) for value in texts})
    if not distinct or len(distinct) > 12 or any(len(text) > 40 for text in distinct):
        return ""
    return f"; its values are {', '.join(repr(text) for text in distinct)}"
