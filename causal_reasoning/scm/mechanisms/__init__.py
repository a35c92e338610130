"""The mechanisms that a world file may name, one file each.

To add one: write a class with a ``kind`` in a file of its own, and add it to `Mechanism` below.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Tag

from causal_reasoning.scm.mechanisms.arithmetic import Arithmetic
from causal_reasoning.scm.mechanisms.arithmetic_steps import ArithmeticSteps
from causal_reasoning.scm.mechanisms.base import MechanismSpec, Scope, Site, TextMechanism, ValueMechanism
from causal_reasoning.scm.mechanisms.blicket import Blicket
from causal_reasoning.scm.mechanisms.blicket_scene import BlicketScene
from causal_reasoning.scm.mechanisms.categorical import Categorical
from causal_reasoning.scm.mechanisms.date import Date
from causal_reasoning.scm.mechanisms.date_shift import DateShift
from causal_reasoning.scm.mechanisms.date_steps import DateSteps
from causal_reasoning.scm.mechanisms.integer import Integer
from causal_reasoning.scm.mechanisms.intervention import Intervention
from causal_reasoning.scm.mechanisms.intervention_scene import InterventionScene
from causal_reasoning.scm.mechanisms.letters_of_words import LettersOfWords
from causal_reasoning.scm.mechanisms.letters_steps import LettersSteps
from causal_reasoning.scm.mechanisms.level import Level
from causal_reasoning.scm.mechanisms.linear_threshold import LinearThreshold
from causal_reasoning.scm.mechanisms.list_item import ListItem
from causal_reasoning.scm.mechanisms.nested import NestedWorld
from causal_reasoning.scm.mechanisms.noisy_copy import NoisyCopy
from causal_reasoning.scm.mechanisms.number_list import NumberList
from causal_reasoning.scm.mechanisms.pseudoword import Pseudoword
from causal_reasoning.scm.mechanisms.score_steps import ScoreSteps
from causal_reasoning.scm.mechanisms.step_results import StepResults
from causal_reasoning.scm.mechanisms.switch import Switch, SwitchValues
from causal_reasoning.scm.mechanisms.table import Table
from causal_reasoning.scm.mechanisms.template import Template

Mechanism = Annotated[
    Categorical
    | Table
    | NoisyCopy
    | Pseudoword
    | Template
    | LettersOfWords
    | Level
    | LinearThreshold
    | ScoreSteps
    | Integer
    | LettersSteps
    | Arithmetic
    | ArithmeticSteps
    | Date
    | DateShift
    | DateSteps
    | StepResults
    | BlicketScene
    | Blicket
    | Annotated[NestedWorld, Tag("world")]  # told apart from its key of the same name in messages
    | NumberList
    | ListItem
    | Switch
    | SwitchValues
    | InterventionScene
    | Intervention,
    Field(discriminator="kind"),
]

# A switch holds mechanisms of any kind, so it can be completed only here.
Switch.model_rebuild(_types_namespace={"Mechanism": Mechanism})
SwitchValues.model_rebuild(_types_namespace={"Mechanism": Mechanism})

#: Every mechanism by the name that files use.
MECHANISMS: dict[str, type[MechanismSpec]] = {
    "world": NestedWorld,
    "categorical": Categorical,
    "table": Table,
    "noisy_copy": NoisyCopy,
    "pseudoword": Pseudoword,
    "template": Template,
    "letters_of_words": LettersOfWords,
    "level": Level,
    "linear_threshold": LinearThreshold,
    "score_steps": ScoreSteps,
    "integer": Integer,
    "letters_steps": LettersSteps,
    "arithmetic": Arithmetic,
    "arithmetic_steps": ArithmeticSteps,
    "date": Date,
    "date_shift": DateShift,
    "date_steps": DateSteps,
    "step_results": StepResults,
    "blicket_scene": BlicketScene,
    "blicket": Blicket,
    "number_list": NumberList,
    "list_item": ListItem,
    "switch": Switch,
    "switch_values": SwitchValues,
    "intervention_scene": InterventionScene,
    "intervention": Intervention,
}

__all__ = ["MECHANISMS", "Mechanism", "MechanismSpec", "Scope", "Site", "TextMechanism", "ValueMechanism"]
