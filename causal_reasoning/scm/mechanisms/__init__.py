"""The mechanisms that a world file may name, one file each.

To add one: write a class with a ``kind`` in a file of its own, and add it to `Mechanism` below.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from causal_reasoning.scm.mechanisms.base import MechanismSpec, Scope, Site, TextMechanism, ValueMechanism
from causal_reasoning.scm.mechanisms.categorical import Categorical
from causal_reasoning.scm.mechanisms.letters_of_words import LettersOfWords
from causal_reasoning.scm.mechanisms.noisy_copy import NoisyCopy
from causal_reasoning.scm.mechanisms.pseudoword import Pseudoword
from causal_reasoning.scm.mechanisms.table import Table
from causal_reasoning.scm.mechanisms.template import Template

Mechanism = Annotated[
    Categorical | Table | NoisyCopy | Pseudoword | Template | LettersOfWords,
    Field(discriminator="kind"),
]

#: Every mechanism by the name that files use.
MECHANISMS: dict[str, type[MechanismSpec]] = {
    "categorical": Categorical,
    "table": Table,
    "noisy_copy": NoisyCopy,
    "pseudoword": Pseudoword,
    "template": Template,
    "letters_of_words": LettersOfWords,
}

__all__ = ["MECHANISMS", "Mechanism", "MechanismSpec", "Scope", "Site", "TextMechanism", "ValueMechanism"]
