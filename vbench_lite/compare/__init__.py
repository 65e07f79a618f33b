"""Is the candidate worse than the baseline? Paired differences, margins and verdicts.

policy.py says what a candidate is held to, differences.py subtracts two arms on one metric,
comparison.py brings the metrics to one verdict.
"""

from vbench_lite.compare.comparison import Comparison, MetricResult, RunArm, compare
from vbench_lite.compare.policy import Policy, load_policy

__all__ = ["Comparison", "MetricResult", "Policy", "RunArm", "compare", "load_policy"]
