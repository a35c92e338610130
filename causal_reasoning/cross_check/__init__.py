"""The same question to another program, and whether its answers contradict ours.

References
----------
A. Sharma and E. Kiciman, "DoWhy: an end-to-end library for causal inference" (2020).
"""

from causal_reasoning.cross_check.agreement import Agreement, Comparison, Status
from causal_reasoning.cross_check.with_dowhy import cross_check_dowhy

__all__ = ["Agreement", "Comparison", "Status", "cross_check_dowhy"]
