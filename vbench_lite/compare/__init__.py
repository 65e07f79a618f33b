"""Is the candidate worse than the baseline? Paired differences, margins and verdicts.

policy.py says what a candidate is held to, differences.py subtracts two arms on one metric, judging.py
decides on each, comparison.py reads the runs and brings it all together. fidelity.py and frame_fidelity.py
compare the clips themselves, environment.py what they were made in.
"""

from vbench_lite.compare.comparison import Comparison, RunArm, compare
from vbench_lite.compare.judging import MetricResult
from vbench_lite.compare.policy import Policy, load_policy

__all__ = ["Comparison", "MetricResult", "Policy", "RunArm", "compare", "load_policy"]
