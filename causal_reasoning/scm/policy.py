"""What an intervention does with a node: a policy for its values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.scm.quantities import TOLERANCE

Array = NDArray[np.float64]


class Policy(ABC):
    """A distribution that replaces a node's own mechanism."""

    @abstractmethod
    def apply(self, own: Array, marginal: Array) -> Array:
        """Return the distribution of the node under the intervention.

        Parameters
        ----------
        own : ndarray of shape (…, values)
            What the node's mechanism says, for every case of its parents.
        marginal : ndarray of shape (values,)
            The node's distribution without any intervention.

        Returns
        -------
        ndarray of shape (values,) or (…, values)
            The first where the node no longer listens to its parents.
        """


@dataclass(frozen=True)
class SetValue(Policy):
    """do(node = value).

    Parameters
    ----------
    index : int
        Position of the value among the node's values.
    """

    index: int

    def apply(self, own: Array, marginal: Array) -> Array:
        """Put all probability on the value."""
        result = np.zeros(own.shape[-1])
        result[self.index] = 1.0
        return result


@dataclass(frozen=True)
class Uniform(Policy):
    """All values equally likely, whatever the node's causes."""

    def apply(self, own: Array, marginal: Array) -> Array:
        """Give every value the same probability."""
        size = own.shape[-1]
        return np.full(size, 1.0 / size)


@dataclass(frozen=True)
class Marginal(Policy):
    """The node's own marginal distribution, drawn independently of its causes."""

    def apply(self, own: Array, marginal: Array) -> Array:
        """Return the marginal."""
        return marginal


@dataclass(frozen=True)
class TablePolicy(Policy):
    """Given probabilities, whatever the node's causes.

    Parameters
    ----------
    probabilities : tuple of float
        One for each value; they sum to one.
    """

    probabilities: tuple[float, ...]

    def apply(self, own: Array, marginal: Array) -> Array:
        """Return the probabilities."""
        return np.array(self.probabilities)


@dataclass(frozen=True)
class Reversed(Policy):
    """The association with the causes turned around: P'(t | parents) = (1 − P(t | parents)) / (K − 1).

    This is no ``do`` in the strict sense, the node still listens to its causes; it is the harshest shift that a
    predictor which relies on the association can meet.
    """

    def apply(self, own: Array, marginal: Array) -> Array:
        """Turn every row around."""
        if own.shape[-1] == 1:
            return own
        result: Array = (1.0 - own) / (own.shape[-1] - 1)
        return result


@dataclass(frozen=True)
class PerRow(Policy):
    """do(node = value) with a value of its own for every row.

    Parameters
    ----------
    indices : tuple of int
        Position of each row's value among the node's values.
    """

    indices: tuple[int, ...]

    def apply(self, own: Array, marginal: Array) -> Array:
        """Put all probability of each row on its value; ``own`` has one row for each of ours."""
        return np.eye(own.shape[-1])[list(self.indices)]

    def placed(self, rows: NDArray[np.int64], start: int, size: int) -> PerRow:
        """Move the values from ``start`` on to some rows of a block of ``size``; the others get the first value."""
        block = np.zeros(size, dtype=np.int64)
        block[rows] = self.indices[start : start + len(rows)]
        return PerRow(tuple(block.tolist()))


WORDS: dict[str, Policy] = {"uniform": Uniform(), "marginal": Marginal(), "reversed": Reversed()}
PolicyLike = Policy | str | Mapping[str, float] | Sequence[str]


def parse_policy(written: PolicyLike, values: tuple[str, ...], where: str = "policy") -> Policy:
    """Turn what a user writes into a policy.

    Parameters
    ----------
    written : Policy, str, mapping or sequence
        ``"uniform"``, ``"marginal"`` or ``"reversed"``; else one of the node's values; or a mapping from values
        to probabilities; or a list with a value for every row.
    values : tuple of str
        The node's values.
    where : str
        Named in messages, for example ``"do skill"``.

    Returns
    -------
    Policy
        A frozen value.

    Raises
    ------
    InputError
        For an unknown value or word, or probabilities that do not sum to one.

    Examples
    --------
    >>> parse_policy("uniform", ("a", "b"))
    Uniform()
    >>> parse_policy("b", ("a", "b"))
    SetValue(index=1)
    >>> parse_policy({"a": 0.25, "b": 0.75}, ("a", "b"))
    TablePolicy(probabilities=(0.25, 0.75))
    """
    if isinstance(written, Policy):
        return _checked(written, values, where)
    if isinstance(written, str):
        if written in WORDS and written in values:
            message = f"'{written}' is a value and a policy; write {{\"{written}\": 1}} for the value"
            raise InputError.at(where, message)
        if written in WORDS:
            return WORDS[written]
        if written in values:
            return SetValue(values.index(written))
        near = did_you_mean(written, [*values, *WORDS])
        raise InputError.at(where, f"'{written}' is neither a value nor a policy; {near}")
    if isinstance(written, list | tuple):
        place = {value: index for index, value in enumerate(values)}
        for row, value in enumerate(written, start=1):
            if value not in place:
                near = did_you_mean(str(value), values)
                raise InputError.at(where, f"'{value}' for row {row} is not one of the values; {near}")
        return PerRow(tuple(place[value] for value in written))
    if not isinstance(written, Mapping):
        kinds = "a value, 'uniform', 'marginal', 'reversed', a table of probabilities or a list of values"
        raise InputError.at(where, f"a policy is {kinds}, this is {written!r}")
    weights = dict.fromkeys(values, 0.0)
    for value, weight in written.items():
        if value not in weights:
            raise InputError.at(where, f"unknown value '{value}'; {did_you_mean(str(value), values)}")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0.0 <= weight <= 1.0:
            raise InputError.at(where, f"{weight!r} is not a probability; '{value}' needs one between 0 and 1")
        weights[value] = float(weight)
    return _checked(TablePolicy(tuple(weights.values())), values, where)


def _checked(policy: Policy, values: tuple[str, ...], where: str) -> Policy:
    """Refuse ready-made policies that do not fit the node; bring a table's sum to exactly one."""
    if isinstance(policy, SetValue) and not 0 <= policy.index < len(values):
        raise InputError.at(where, f"there is no value number {policy.index}; the node has {len(values)}")
    if isinstance(policy, PerRow) and not all(0 <= index < len(values) for index in policy.indices):
        raise InputError.at(where, f"a row has a value number out of range; the node has {len(values)} values")
    if isinstance(policy, TablePolicy):
        if len(policy.probabilities) != len(values):
            given = len(policy.probabilities)
            raise InputError.at(where, f"the table has {given} probabilities; the node has {len(values)} values")
        total = sum(policy.probabilities)
        if not abs(total - 1.0) <= TOLERANCE:
            raise InputError.at(where, f"the probabilities sum to {total:.6g}; they must sum to 1")
        return TablePolicy(tuple(weight / total for weight in policy.probabilities))
    return policy
