"""Baselines: known training objectives, one file each, with what they need and whether a graph licenses them.

`BASELINES` lists them; adding one is a new file and a name in `build`. A baseline can always be trained. Its license
says whether the graph implies that its minimiser is the distribution that the query asks for.
"""

from causal_reasoning.objective.baselines.base import Baseline
from causal_reasoning.objective.baselines.build import BASELINES, plan_baseline
from causal_reasoning.objective.baselines.license import License

__all__ = ["BASELINES", "Baseline", "License", "plan_baseline"]
