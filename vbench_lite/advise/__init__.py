"""Which generator to take: requirements, weights and a use turned into an answer with its uncertainty.

profiles.py reads named uses, requirements.py judges limits by interval, quantities.py finds the number that a
limit speaks of, ranking.py weighs the axes, beliefs.py asks what the run says of the families, words.py
writes the answer in sentences, answer.py is its form, and advice.py brings them together. Every number comes
from the board or from `compare`; none is computed here a second time.
"""

from vbench_lite.advise.advice import advise as advise
from vbench_lite.advise.answer import Advice as Advice
from vbench_lite.advise.answer import Standing as Standing
from vbench_lite.advise.answer import Verdict as Verdict
from vbench_lite.advise.profiles import Use as Use
from vbench_lite.advise.profiles import load_use as load_use
from vbench_lite.advise.profiles import use_names as use_names
from vbench_lite.advise.requirements import Requirement as Requirement
from vbench_lite.advise.requirements import parse_requirement as parse_requirement
