"""Views of the same rows with another text: a text that is hidden, or a rationale that belongs to another row.

Everything here is free of torch: a plan says which texts are changed, `causal_reasoning.data.text_views` changes
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MASK = "..."
"""What is shown in the place of a text that is hidden."""

HIDDEN = "hidden"
SWAPPED = "swapped"

COUNTERFACTUAL_SUFFIX = "_cf"
"""A column `rationale_cf` holds for each row what the rationale would have been under another treatment."""


@dataclass(frozen=True)
class HiddenTexts:
    """The rows with some of the texts that are read replaced by a mask; what is written stays.

    Parameters
    ----------
    nodes, columns : tuple of str
        The texts, sorted, and their columns.
    mask : str
        What is shown instead.
    name : str
        The view's name for losses.
    """

    nodes: tuple[str, ...]
    columns: tuple[str, ...]
    mask: str = MASK
    name: str = HIDDEN

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"name": self.name, "hides": list(self.nodes), "mask": self.mask}


@dataclass(frozen=True)
class SwappedText:
    """The rows with another written text before the answer: a counterfactual one, or that of another row.

    Parameters
    ----------
    node, column : str
        The text that is swapped, and its column. The column ``COLUMN_cf`` holds counterfactual texts if there is one;
        else each row gets the text of a row with another answer.
    answer_column : str
        The column of what is written last.
    name : str
        The view's name for losses.
    """

    node: str
    column: str
    answer_column: str
    name: str = SWAPPED

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"name": self.name, "swaps": self.node}


TextView = HiddenTexts | SwappedText
