"""The work of a run: plan, make clips, time generators, score.

Plans are pure; workers make clips in processes of their own; the runner owns the run directory while it
works. Which generators, metrics and suites there are is found by name; nothing here imports one, and
nothing here judges results: comparison, gates and reports read what a run has stored.
"""
