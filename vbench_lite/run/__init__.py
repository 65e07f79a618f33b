"""The work of a run: plan, make clips, time generators, score.

plan/ is pure, generate/ makes clips, timing/ times calls in fresh processes, scoring/ turns clips into
values, executors/ say who does the work and where, runner.py brings them together and owns the run
directory while it works. Plug-ins are found by name; nothing here imports one or judges results.
"""
